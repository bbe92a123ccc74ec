"""The standard deviation of a further measurement, as far as a fit knows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fit.arguments._numbers import Array, numbers, refuse
from fit.problem._chunked_problem import ChunkedProblem
from fit.problem._problem import Problem

ALIKE = 1e-9  # relative differences up to here are rounding


def deviations_of_further(problem: Problem, values: Array, sigma: ArrayLike | None) -> Any:
    """Return the standard deviations of measurements where the model has these values.

    They are those of the caller, or follow from an error law that holds at any x: all errors are
    alike, or the same fraction of what is measured.
    """
    if sigma is not None:
        given = numbers("sigma", sigma)
        if given.shape not in ((), values.shape):
            raise ValueError(
                f"sigma has shape {given.shape}, expected a number or {values.shape}: one standard "
                "deviation for each x of the band"
            )
        if (given < 0).any():
            refuse("sigma", given, given < 0, "expected standard deviations")
        return given
    sizes: Array | float = 1.0
    several = 1.0 if problem.sigma is None else problem.sigma
    if problem.relative is not None:
        several, sizes = np.asarray(problem.relative.fraction, float), np.abs(values)
    if isinstance(problem, ChunkedProblem):
        several = several if problem.relative else np.array(problem.known.deviations)
    else:
        several = np.broadcast_to(several, problem.y.shape)[problem.counting]
    if np.ptp(several) > ALIKE * np.max(several):
        raise ValueError(
            "the errors of the data differ from point to point, so that nothing tells that of a "
            "further measurement: give band(x, kind='prediction', sigma=...), its standard "
            "deviation at each x"
        )
    return np.mean(several) * sizes
