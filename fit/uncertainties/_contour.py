"""The contour of χ² in two parameters, all others following: the region that both are in."""

from __future__ import annotations

import warnings
from math import cos, pi, sin, sqrt
from typing import NamedTuple

import numpy as np

from fit.arguments._executor import refuse_executor_in_chunks, shared_out, values_of
from fit.arguments._numbers import Array, check_count, check_level
from fit.arguments._words import quantity, span_in_words
from fit.uncertainties._estimate import Estimate
from fit.uncertainties._one_by_one import BOUND, GIVEN_UP, NEVER, End
from fit.uncertainties._profile import (
    crossing_on,
    free_index,
    is_rounding,
    refuse_violated,
    standard_error,
)
from fit.uncertainties._vicinity import Vicinity, ray_of
from optim import Executor

TIED = 1e-12  # by how little of itself one parameter may vary where another is held
REASONS = {
    BOUND: "at a bound",
    NEVER: "χ² never rises as much",
    GIVEN_UP: "the search was given up: χ² goes up and down on the way",
}


class Contour(NamedTuple):
    """Where the least χ² has risen by as much as a joint region of two parameters takes.

    Attributes
    ----------
    names : tuple of two str
    level : float
        How often the region covers the truth of both.
    chi_squared : float
        By how much χ² has risen.
    x, y : ndarrays of shape (m,)
        Of the two parameters, around the minimum. NaN where χ² never rises as much.
    open : dict of str
        Why, by the number of the point, it does not lie where χ² has risen: a bound came first, or
        χ² never rises.
    """

    names: tuple[str, str]
    level: float
    chi_squared: float
    x: Array
    y: Array
    open: dict[int, str]

    def __repr__(self) -> str:
        ends = [span_in_words(*both) for both in zip(self.names, (self.x, self.y), strict=True)]
        left = f", {len(self.open)} of which are open" if self.open else ""
        points = quantity(len(self.x), "point")
        return f"<Contour: {points}{left}; level {self.level:g}; {'; '.join(ends)}>"


def contour(
    result: Estimate, names: tuple[str, str], level: float, points: int, executor: Executor | None
) -> Contour:
    """Return the contour of χ² in two parameters; `FitResult.contour`."""
    refuse_executor_in_chunks(executor, result.problem.y)
    refuse_violated(result)
    held = [free_index(result, name) for name in names]
    if held[0] == held[1]:
        raise ValueError(f"a contour is of two parameters, got {names[0]} twice")
    check_count("points", points, 3)
    around = Vicinity(result)
    for k in held:
        standard_error(around, k, "it has no contour")
    rise = result.sandwich.rise * joint_quantile(level, result.dof_of_errors)
    rows = around.spread[held] / around.errors[held][:, None]
    if 1 - float(rows[0] @ rows[1]) ** 2 < TIED:
        raise ValueError(f"{names[0]} and {names[1]} determine one another: they have no contour")
    angles = (2 * pi * np.arange(points) / points).tolist()
    found = values_of(shared_out(end_of_ray, angles, (result, held, rise), executor), "ray")
    x, y = np.transpose([place for place, _, _ in found])
    for _, _, lowest in found:
        around.saw(*lowest)
    for note in around.lower_minimum():
        warnings.warn(note, RuntimeWarning, stacklevel=3)
    reasons = {k: REASONS[why] for k, (_, why, _) in enumerate(found) if why}
    return Contour(names, level, rise, x, y, reasons)


def joint_quantile(level: float, dof: int | None) -> float:
    """Return by how much χ² rises to the edge of a joint region of two parameters, in variances."""
    from scipy.special import fdtri

    check_level(level)
    return -2 * float(np.log1p(-level)) if dof is None else 2 * float(fdtri(2, dof, level))


def end_of_ray(
    result: Estimate, held: list[int], rise: float, angle: float
) -> tuple[Array, str, tuple[float, Array]]:
    """Return where the contour crosses a ray from the minimum, or what else ends the ray there.

    And the lowest place that was seen. The angle is in the metric of the covariance, in which the
    contour of a linear model is a circle.
    """
    around = Vicinity(result)
    # Rounded, so that a ray along a bound keeps to it.
    ray = ray_of(around, held, [round(cos(angle), 15), round(sin(angle), 15)])
    if is_rounding(around, rise):
        end = End(sqrt(rise), "", sqrt(rise))
    else:
        end = crossing_on(around, ray, rise, sqrt(rise))
    place = ray.values_at(end.t) if np.isfinite(end.t) else np.full(2, np.nan)
    return place, end.why, (around.lowest, around.lowest_p)
