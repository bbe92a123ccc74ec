"""A fit's problem: the model, its data and its parameters, and χ² as what they make together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodiff import grad, hessian, jacobian, replaying
from fit.arguments._numbers import EPS, Array
from fit.models._model import Model
from fit.problem._chi_squared import sum_of_squares, weighted_residuals
from fit.problem._data import NAMES
from fit.problem._errors_in_x import DISTANCES
from fit.problem._losses import Loss, typical_size
from fit.problem._parameters import Parameters
from fit.problem._sigma import Relative, counting, deviations_of

TINY = 1e-14  # of the largest y: what residuals are by rounding alone


class SpentError(Exception):
    """A problem has been evaluated as often as it may be."""


class AtStart(NamedTuple):
    """What is to be known of a model where a search is to start.

    Attributes
    ----------
    chi_squared : float
    bad : int
        At how many points the model is not finite.
    point, value : int and float
        The first of these, and the model there.
    """

    chi_squared: float
    bad: int
    point: int
    value: float


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be fitted, and to what.

    Attributes
    ----------
    model : Model
    x, y : what the model is evaluated at, and what was measured there
    weights : ndarray of shape (), (n,) or (n, n), or None
        What turns differences of ``y`` into standard deviations, if any errors were given: factors,
        or a matrix.
    x_sigma : ndarray of the shape of x, or None
        Those of ``x``.
    relative : Relative or None
        The standard deviations as fractions, of the data or of the model's values.
    left_out : int
        How many points there were besides, with a NaN.
    parameters : Parameters
    constraints : tuple of callables
        Each takes all parameters by name; the fit makes it zero.
    loss : str or callable
        What takes the place of the square, as in `optim.least_squares`.
    f_scale : float or None
        The size of a residual from which on it counts as an outlier; None to find it.
    absolute : bool
        Whether the size of ``sigma`` is believed.
    distance : {"orthogonal-distance", "effective-variance"}
        What a residual is where there are errors in x.
    """

    model: Model
    x: Any
    y: Array
    weights: Array | None
    x_sigma: Array | None
    relative: Relative | None
    left_out: int
    parameters: Parameters
    constraints: tuple[Callable[[dict[str, Any]], Any], ...] = ()
    loss: Loss = "linear"
    f_scale: float | None = 1.0
    absolute: bool = False
    distance: str = "orthogonal-distance"

    # -- functions of the free parameters, which hold no problem: see `Parameters` ----------------

    @cached_property
    def residuals(self) -> Callable[[Any], Any]:
        """The residuals in standard deviations, of shape (n,), as a function of the parameters."""
        model = self.model.function
        if self.x_sigma is None:
            weighted = weighted_residuals(model, self.x, self.y, self.weights, names=NAMES)
        else:
            assert self.sigma is not None
            distances = DISTANCES[self.distance]
            weighted = distances(model, self.x, self.y, self.sigma, self.x_sigma)
        every = self.parameters.every
        return weighted if every is list else lambda p: weighted(every(p))

    @cached_property
    def chi_squared(self) -> Callable[[Any], Any]:
        """The sum of their squares."""
        return sum_of_squares(self.residuals)

    def model_at(self, x: Any) -> Callable[[Any], Any]:
        """Return the model at some x, as a function of the parameters."""
        model, every = self.model.function, self.parameters.every

        def values_at(p: Any) -> Any:
            values = model(x, *every(p))
            return np.stack(values) if isinstance(values, list | tuple) else values

        return values_at

    @cached_property
    def constraint(self) -> Callable[[Any], Any]:
        """The values that the constraints are to make zero, as one vector."""
        constraints, by_name = self.constraints, self.parameters.by_name

        def values_of(p: Any) -> Any:
            here = by_name(p)
            values = [c(here) for c in constraints]
            arrays = [
                np.stack(v) if isinstance(v, list | tuple) else np.atleast_1d(v) for v in values
            ]
            return np.concatenate([np.zeros(0), *map(np.ravel, arrays)])

        return values_of

    evaluations_left: ClassVar[int | None] = None  # None for as many as may be

    def spend(self, evaluations: int = 1) -> None:
        """Say that the residuals, or the model, are evaluated beside a search, or were in one.

        Raises
        ------
        SpentError
            When that is more often than they may be.
        """
        if self.evaluations_left is None:
            return
        if evaluations > self.evaluations_left:
            raise SpentError
        vars(self)["evaluations_left"] = self.evaluations_left - evaluations

    def __getstate__(self) -> dict[str, Any]:
        # Functions within functions cannot be pickled, but made again.
        return {field.name: vars(self)[field.name] for field in fields(self)}

    # -- all data, which may be in chunks: see `ChunkedProblem` ------------------------------------

    @property
    def args(self) -> tuple[Any, ...]:
        """What the residuals take besides the parameters."""
        return ()

    @property
    def sample(self) -> Problem:
        """The problem of evenly spread points, in memory: of all, if these are."""
        return self

    def residuals_at(self, p: Array) -> Any:
        """Return the residuals there, as an array."""
        return np.asarray(self.residuals(p), float)

    def look_at(self, p: Array) -> AtStart:
        """Return what is to be known of the model there, of all data."""
        differences = weighted_residuals(self.model, self.x, self.y, None, names=NAMES)
        values = self.y + np.asarray(differences(self.parameters.every(p)), float)
        chi_squared = float(self.chi_squared(p))
        bad = np.flatnonzero(~np.isfinite(values))
        first = int(bad[0]) if bad.size else 0
        return AtStart(chi_squared, bad.size, first, float(values[first]))

    def place_of(self, point: int) -> str:
        """Return where else a point stands, in words."""
        return ""

    def total(self, f: Callable[..., Any], *arguments: Any) -> Any:
        """Return the sum over the data of what f says of a problem and other arguments."""
        return f(self, *arguments)

    def total_of_residuals(self, f: Callable[..., Any], residuals: Any, *arguments: Any) -> Any:
        """Return the sum of what f says of the residuals of points that count, and arguments."""
        return f(residuals[self.counting], *arguments)

    # -- data ------------------------------------------------------------------------------------

    @cached_property
    def sigma(self) -> Array | None:
        """The standard deviations of ``y``, if any were given."""
        return deviations_of(self.weights, len(self.y))

    @cached_property
    def counting(self) -> NDArray[np.bool_]:
        """Which points count: those whose standard deviation is finite."""
        return counting(self.weights, len(self.y))

    @cached_property
    def n(self) -> int:
        """How many points count."""
        return int(np.count_nonzero(self.counting))

    @cached_property
    def rounding(self) -> float:
        """The size of a residual that rounding may make, in standard deviations."""
        terms = self.y if self.sigma is None else self.y / self.sigma
        return TINY * float(np.max(np.abs(terms)))

    @property
    def rounding_variance(self) -> float:
        """The mean square of what rounding makes of y, in standard deviations."""
        weights = 1.0 if self.sigma is None else 1 / self.sigma
        return float(np.mean((EPS * weights * self.y) ** 2))

    @property
    def scatter(self) -> float:
        """The sum of squares of y about its weighted mean, whatever the correlations."""
        weights = np.ones(len(self.y)) if self.sigma is None else 1 / self.sigma
        # By the largest, so that their squares are numbers, whatever the units of sigma.
        mean = np.average(self.y, weights=(weights / weights.max()) ** 2)
        return float(np.sum((weights * (self.y - mean)) ** 2))

    def typical_size(self, residuals: Any, dof: int) -> float:
        """Return the standard deviation that half of the residuals tell."""
        return typical_size(residuals[self.counting], dof)

    @property
    def follows_model(self) -> bool:
        """Whether the standard deviations are fractions of the model's values."""
        return self.relative is not None and self.relative.of == "model"

    # -- about a minimum -------------------------------------------------------------------------

    def directions(self, p: Array) -> Array:
        """Return a basis, in columns, of the steps that the constraints leave free."""
        if not self.constraints:
            return np.eye(p.size)
        # In units of each parameter's size, so that none is lost in the rounding of another.
        scale = np.where(p != 0, np.abs(p), 1.0)
        normals = replaying(jacobian(self.constraint))(p) * scale
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        _, s, Vt = np.linalg.svd(normals / np.where(lengths > 0, lengths, 1.0))
        rank = int(np.sum(s > 1e-12 * s[0]))
        basis: Array = scale[:, None] * Vt[rank:].T
        return basis

    def hessian(self, p: Array) -> Array:
        """Return the Hessian of χ²; where there are constraints, that of the Lagrangian."""
        self.spend()
        if not self.constraints:
            return np.asarray(replaying(hessian(self.chi_squared))(p))
        normals = replaying(jacobian(self.constraint))(p)
        multipliers = np.linalg.lstsq(normals.T, -replaying(grad(self.chi_squared))(p))[0]
        lagrangian = _lagrangian(self.chi_squared, self.constraint, multipliers)
        return np.asarray(replaying(hessian(lagrangian))(p))


def _lagrangian(
    f: Callable[[Any], Any], constraint: Callable[[Any], Any], multipliers: Array
) -> Callable[[Any], Any]:
    return lambda p: f(p) + np.sum(multipliers * constraint(p))
