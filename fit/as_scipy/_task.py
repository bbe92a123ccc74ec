"""What curve_fit is to do, from SciPy's arguments: a model, data, limits and a start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fit.arguments._numbers import Array
from fit.as_scipy._arguments import (
    Limits,
    check_method,
    data,
    limits_of,
    number_of_parameters,
    start_given,
    start_of,
    weights,
)
from fit.problem._chi_squared import weighted_residuals
from fit.problem._sigma import counting

NAMES = ("xdata", "ydata")
UNBOUNDED = (-np.inf, np.inf)


class Task(NamedTuple):
    """What is to be minimised.

    Attributes
    ----------
    f : callable
        Takes x and each parameter.
    x, y : what the model is evaluated at, and what was measured there
    weights : ndarray of shape (), (n,) or (n, n), or None
        What turns differences of y into standard deviations.
    limits : pair of ndarrays, or None
    start : ndarray of shape (number of parameters,)
    of_lm : bool
        Whether SciPy would search by its method "lm".
    """

    f: Callable[..., Any]
    x: Any
    y: Array
    weights: Array | None
    limits: Limits | None
    start: Array
    of_lm: bool

    @property
    def residuals(self) -> Callable[[Any], Any]:
        """The residuals in standard deviations, as a function of the parameters."""
        return weighted_residuals(self.f, self.x, self.y, self.weights, names=NAMES)

    @property
    def freedom(self) -> int:
        """How many degrees of freedom there are: points that count, less parameters."""
        n = self.y.size
        points = n if self.weights is None else int(np.count_nonzero(counting(self.weights, n)))
        return points - self.start.size


def task_of(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any,
    sigma: Any,
    check_finite: bool | None,
    bounds: Any,
    method: str | None,
    nan_policy: str | None,
) -> Task:
    """Return what is to be done, or raise what SciPy raises of arguments that cannot be meant."""
    to_check = nan_policy is None if check_finite is None else check_finite
    x, y, deviations = data(xdata, ydata, sigma, to_check, nan_policy)
    given = None if p0 is None else start_given(p0)
    n = number_of_parameters(f) if given is None else given.size
    limits = None if bounds is UNBOUNDED else limits_of(bounds, n, f)
    check_method(method, limits)
    start = start_of(given, n, limits)
    if y.size == 1:
        y = np.broadcast_to(y.ravel(), np.shape(f(x, *start)) or 1)
    of_lm = method == "lm" or (method is None and limits is None)
    if of_lm and y.size < n:
        raise TypeError(
            f"The number of func parameters={n} must not exceed the number of data points={y.size}"
        )
    scale = None if deviations is None else weights(deviations, y.size)
    return Task(f, x, y, scale, limits, start, of_lm)
