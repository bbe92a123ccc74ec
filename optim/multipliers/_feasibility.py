"""Towards the constraints: whether they come nearer to zero, and where they are nearest."""

from __future__ import annotations

import numpy as np

from optim.multipliers._constrained_objective import ConstrainedObjective
from optim.multipliers._stationary_points import STATIONARY, ConstrainedPoint
from optim.squares._least_squares import least_squares

BLOCKED = 1e-8  # of the constraints: where no step changes more of them, none brings them nearer
PATIENCE = 25  # steps in which the constraints are to come nearer to zero by half


def is_blocked(point: ConstrainedPoint) -> bool:
    """Whether no small step brings the constraints nearer to zero."""
    left = np.linalg.norm(point.factors[0].T @ point.c)
    return bool(point.violation > STATIONARY and left <= BLOCKED * np.linalg.norm(point.c))


def is_nearer(trial: ConstrainedPoint, point: ConstrainedPoint, share: float) -> bool:
    """Whether the constraints are nearer to zero at a trial point, by this share at least."""
    left = np.linalg.norm(trial.c * trial.rows / point.rows)
    return trial.finite and bool(left < share * np.linalg.norm(point.c))


def restore_feasibility(system: ConstrainedObjective, point: ConstrainedPoint) -> ConstrainedPoint:
    """Return a point where the constraints are nearest to zero, whatever f is there."""
    # A little off, lest symmetry keep the search where it is.
    nudge = 1e-2 * np.cos(np.arange(1.0, 1.0 + point.x.size))
    x = least_squares(lambda x: system.constraints(x) / point.rows, point.x + point.scale * nudge).x
    return ConstrainedPoint.at(system, x, point)
