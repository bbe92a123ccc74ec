"""Where a fit ended, and what follows from there: errors, quality, residuals and predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from autodiff import is_lazy, jacobian, replaying
from fit.arguments._numbers import Array, as_x, check_level
from fit.problem._chunked_problem import values_in_chunks
from fit.problem._problem import Problem
from fit.uncertainties._covariance import (
    Determined,
    correlation_of,
    covariance_of,
    from_hessian,
    from_triangle,
    variance_of,
)
from fit.uncertainties._sandwich import Sandwich, sandwich, sums_of_influence
from optim import Status

LINEAR = "linear-least-squares"  # the method for models that are linear in all parameters
# One fit in a thousand has so large a χ² by chance, and one in a thousand so small a one.
IMPROBABLE = 0.001


class ByName(dict[str, float]):
    """Numbers by the names of parameters, which says so if asked otherwise."""

    def __missing__(self, key: Any) -> float:
        one = next(iter(self))
        also = f"; by its place, result.p[{key}] is a free one" if isinstance(key, int) else ""
        raise KeyError(f"no parameter {key!r}: there are {', '.join(self)}, as in [{one!r}]{also}")


@dataclass(frozen=True, repr=False, eq=False)
class Estimate:
    """The parameters of a problem that were found, and what is known about them.

    All that a verdict, a report or a picture is made of stands here. The fields are described where
    users meet them, at `FitResult`.
    """

    problem: Problem
    p: Array
    triangle: Array
    weighted_residuals: Array
    chi_squared: float
    success: bool
    status: Status
    message: str
    nfev: int
    method: str = "least-squares"
    path: Any = field(default=None, compare=False)
    refined: Determined | None = field(default=None, compare=False)
    starts: tuple[int, int] = (1, 1)

    # -- parameters --------------------------------------------------------------------------

    @cached_property
    def values(self) -> dict[str, float]:
        """All parameters by name."""
        return ByName((k, float(v)) for k, v in self.problem.parameters.by_name(self.p).items())

    @cached_property
    def errors(self) -> dict[str, float]:
        """Their standard errors by name: 0 of what is fixed, inf of what the data leave open.

        NaN where nothing tells how large they are: without sigma, and as many parameters as points.
        """
        errors = np.sqrt(np.diag(self.covariance))
        return ByName(zip(self.values, errors.tolist(), strict=True))

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, in the order of values, errors and covariance."""
        return self.problem.parameters.names

    @property
    def free(self) -> tuple[str, ...]:
        """Those that the fit varied."""
        return self.problem.parameters.free

    @cached_property
    def determined(self) -> Determined:
        """What the weighted residuals' Jacobian says of the free parameters."""
        if self.refined is not None:
            return self.refined
        return from_triangle(self.triangle, self.problem.directions(self.p))

    @cached_property
    def covariance(self) -> Array:
        """The covariance of all parameters, from JᵀJ: exact where the model is linear.

        Where the loss is robust it is Huber's, from what the loss makes of the residuals. It takes
        outliers to be alike at all points, and to both sides: those to one side shift parameters by
        more than the errors tell, "cauchy" and "arctan" the least. Where the scatter changes from
        point to point, give ``sigma``, of which ratios may do. It is an estimate, and rough where
        points are few: with 50, a tenth of them outliers, errors and bands cover 93 % for 95; from
        fewer than some 20 degrees of freedom, without ``sigma``, those by "cauchy" and "arctan" are
        too small.
        """
        return self._scaled_variance(covariance_of(self._every, self.determined))

    @cached_property
    def hessian_covariance(self) -> Array | None:
        """Their covariance from the exact Hessian of χ².

        Where there are constraints, it is that of the Lagrangian along them. None where this is no
        minimum, and for robust losses.
        """
        problem = self.problem
        if problem.loss != "linear":
            return None
        determined = from_hessian(problem.hessian(self.p), problem.directions(self.p))
        if determined is None:
            return None
        return self._scaled_variance(covariance_of(self._every, determined))

    @property
    def _every(self) -> Array:
        """The Jacobian of all parameters by the free ones."""
        every = self.problem.parameters.every
        J: Array = np.eye(self.p.size) if every is list else replaying(jacobian(every))(self.p)
        return J

    def _scaled_variance(self, variance: Array) -> Array:
        """Return (co)variances as they are with the data's errors; what is open stays so."""
        left_open = np.isinf(variance)
        scale = self.sandwich.variance
        return np.where(left_open, np.inf, scale * np.where(left_open, 0.0, variance))

    @cached_property
    def correlation(self) -> Array:
        """The correlations of all parameters; NaN where an error is 0 or inf."""
        return correlation_of(self.covariance)

    # -- quality -----------------------------------------------------------------------------

    @property
    def absolute(self) -> bool:
        """Whether the size of the data's errors was believed."""
        return self.problem.absolute

    @cached_property
    def dof(self) -> int:
        """Degrees of freedom: points less free parameters, and more by each constraint.

        Points of infinite standard deviation do not count.
        """
        return self.problem.n - int(self.problem.directions(self.p).shape[1])

    @property
    def reduced_chi_squared(self) -> float:
        """χ² per degree of freedom; NaN if there are none."""
        return self.chi_squared / self.dof if self.dof > 0 else np.nan

    @property
    def variance(self) -> float:
        """What the variances of the data are multiplied by: 1 where their size is believed.

        Else χ² per degree of freedom, or what the median residual tells where the loss is robust.
        """
        if self.absolute:
            return 1.0
        if self.problem.loss == "linear" or self.dof < 1:
            return self.reduced_chi_squared
        typical = self.problem.typical_size(self.weighted_residuals, self.dof)
        return max(typical, self.problem.rounding) ** 2

    @cached_property
    def sandwich(self) -> Sandwich:
        """What the covariance and the rise of χ² are scaled by: both the variance of the data.

        Where the loss is robust they follow from how its outliers pull.
        """
        problem = self.problem
        if problem.loss == "linear" or self.dof < 1:
            return Sandwich(self.variance, self.variance)
        of = problem.loss, problem.f_scale or 1.0
        sums = problem.total_of_residuals(sums_of_influence, self.weighted_residuals, *of)
        return sandwich(sums, self.dof)

    @property
    def dof_of_errors(self) -> int | None:
        """From how many degrees of freedom the size of errors is estimated; None if it is known."""
        known = self.absolute and (self.problem.loss == "linear" or self.dof < 1)
        return None if known else self.dof

    @cached_property
    def rounding(self) -> dict[str, float] | None:
        """What of each parameter is rounding, where errors would be estimated from nothing else.

        None where they are not, or where the model does not meet the data to their last digits; of
        a robust loss, half of them.
        """
        problem = self.problem
        if self.absolute or self.dof < 1:
            return None
        variance = problem.rounding_variance
        if self.variance > (variance if problem.loss == "linear" else problem.rounding**2):
            return None
        each = np.sqrt(variance * variance_of(self._every, self.determined))
        return dict(zip(self.names, each.tolist(), strict=True))

    @cached_property
    def p_value(self) -> float | None:
        """The chance of a χ² as large as this or larger; None if the errors are not known."""
        if not self.absolute or self.problem.loss != "linear" or self.dof < 1:
            return None
        from scipy.special import chdtrc

        return float(chdtrc(self.dof, self.chi_squared))

    @property
    def _misfit(self) -> float:
        """-2 ln of the largest likelihood, up to a constant."""
        problem, n = self.problem, self.problem.n
        sizes = 0.0
        if problem.follows_model and problem.sigma is not None:
            # These errors are the model's own: larger ones make χ² small and data improbable.
            count = problem.counting
            unit = np.sqrt(np.mean(problem.y[count] ** 2))
            sizes = 2 * float(np.sum(np.log(problem.sigma[count] / unit)))
        if self.absolute:
            return self.chi_squared + sizes
        if problem.loss != "linear":
            return np.nan
        if not self.chi_squared > 0:
            return -np.inf
        return n * float(np.log(self.chi_squared / n)) + sizes

    @property
    def aic(self) -> float:
        """Akaike's criterion; χ² + 2k with known errors, n ln(χ²/n) + 2k with estimated ones.

        Of several models of the same data, with the same ``sigma``, that of the least `aic`
        predicts best; one that is larger by 10 is hardly worth keeping. With errors relative to the
        model 2 Σ ln σ is added, in units of the root mean square of y.

        NaN where the loss is robust and errors are estimated: each fit has a scale of its own then.
        """
        return self._misfit + 2 * (self.problem.n - self.dof)

    @property
    def bic(self) -> float:
        """The Bayesian criterion of Schwarz: as `aic`, with k ln n for 2k."""
        n = self.problem.n
        return self._misfit + float(np.log(n)) * (n - self.dof)

    @cached_property
    def r_squared(self) -> float:
        """The share of the data's weighted variance that the model describes; NaN if there is none.

        The weights are those of the standard deviations, whatever the correlations. NaN where the
        loss is robust, since outliers would count in full.
        """
        if self.problem.loss != "linear":
            return np.nan
        problem, total = self.problem, self.problem.scatter
        left = self.chi_squared
        if not is_lazy(problem.y):
            sigma = 1 if problem.sigma is None else problem.sigma
            left = np.sum((self.residuals / sigma) ** 2)
        return float(1 - left / total) if total > 0 else np.nan

    @cached_property
    def residuals(self) -> Array:
        """The data less the model, in units of y: one for each point that was not left out."""
        problem = self.problem
        if problem.weights is None and problem.x_sigma is None:
            return 0.0 - self.weighted_residuals  # without a zero that has a sign
        residuals: Array = problem.y - self.predict(problem.x)
        return residuals

    @cached_property
    def pulls(self) -> Array:
        """The residuals in standard deviations, estimated ones if none are known.

        NaN for points that do not count.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            pulls = -self.weighted_residuals / self.variance**0.5
        return np.where(self.problem.counting, pulls, np.nan)

    # -- use ---------------------------------------------------------------------------------

    def predict(self, x: Any) -> Array:
        """Return the fitted model at ``x``; of a Dask array as another, to be computed.

        Examples
        --------
        >>> import fit
        >>> fit.line([0.0, 1.0, 2.0], [1.0, 3.0, 5.0]).predict([3.0, 4.0]).round(12)
        array([7., 9.])
        """
        self.problem.spend()
        if is_lazy(x):
            return values_in_chunks(self.problem, x, self.p)  # type: ignore[no-any-return]
        values: Array = np.asarray(self.model_at(as_x(x))(self.p), float)[()]
        return values

    def model_at(self, x: Any) -> Callable[[Any], Any]:
        """Return the model at some x as a function of the free parameters."""
        values_at, alike = self.problem.model_at(x), np.ones(np.shape(x)[-1:])

        def model(p: Any) -> Any:
            values = values_at(p)
            return values if np.ndim(values) else values * alike

        return model


def quantile(level: float, dof: int | None) -> float:
    """Return how many standard errors a two-sided interval of this level reaches to each side."""
    from scipy.special import ndtri, stdtrit

    check_level(level)
    upper = (1 + level) / 2
    return float(ndtri(upper) if dof is None else stdtrit(dof, upper))
