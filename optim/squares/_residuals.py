"""Residuals of a structure as residuals of one vector, with their exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from autodiff import flatten, hessian, jacobian, replaying
from optim.search._bounds import Bounds
from optim.search._objective import Array, Iterate, Problem
from optim.squares._evaluations import (
    half_cost,
    linear_problem,
    residuals_and_cost,
    residuals_and_jacobian,
    robust_linear_problem,
    values_and_matrix,
)
from optim.squares._residual_point import ResidualPoint
from optim.squares._robust import Loss, check_f_scale


class Residuals(Problem):
    """Residuals of a structure as residuals of one vector, with their exact Jacobian."""

    bounds: Bounds | None = None

    def __init__(
        self,
        f: Callable[..., Any],
        x0: Any,
        args: Any,
        loss: Loss | None,
        f_scale: float,
        jac: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(x0)
        check_f_scale(f_scale)
        residuals = self.on_vectors(f, args)
        self.can_be_recorded = jac is None
        if jac is None:
            both = residuals_and_jacobian(residuals)
            self._half_cost = half_cost(residuals, loss, f_scale)
        else:
            residuals, both = values_and_matrix(residuals, self.on_vectors(jac, args))
        values = residuals_and_cost(residuals, loss, f_scale)
        if loss is None:
            problem = linear_problem(both)
        else:
            problem = robust_linear_problem(both, loss, f_scale)
        # The caller's Jacobian stands where residuals cannot be recorded.
        self._linear_problem = problem if jac else replaying(problem)
        self._values = values if jac else None
        self._unplanned_values = values
        self._hessian: Callable[[Array], Array] | None = None

    def evaluate(self, x: Array) -> ResidualPoint:
        """Return the point at x, with what the linearised problem there needs."""
        self.nfev += 1
        self.njev += 1
        return ResidualPoint(x, *self._linear_problem(x))

    def residuals(self, x: Array) -> Array:
        """Return the residuals at x, without derivatives."""
        return self._residuals_and_cost(x)[0]

    def cost(self, x: Array) -> float:
        """Return twice the cost at x, without derivatives; infinity where it is not finite."""
        return self._residuals_and_cost(x)[1]

    def with_frozen_jacobian(self, point: ResidualPoint, x: Array) -> ResidualPoint:
        """Return the point at x, with the derivatives of another that is next to it."""
        return point.with_residuals(x, *self._residuals_and_cost(x))

    def _residuals_and_cost(self, x: Array) -> tuple[Array, float]:
        self.nfev += 1
        if self._values is None:
            self._values = replaying(self._unplanned_values)
        residuals, cost = self._values(x)
        return residuals, float(cost) if isfinite(cost) else np.inf

    def hessian(self, x: Array) -> Array:
        """Return the Hessian of the cost at x."""
        self.nhev += 1
        if self._hessian is None:
            self._hessian = replaying(hessian(self._half_cost))
        return self._hessian(x)

    def result_fields(self, point: Iterate | ResidualPoint) -> dict[str, Any]:
        """Return what an OptimizeResult says of a point, in the structure of ``x0``."""
        x = self.shaped(point.x)
        fields = {"x": x, "cost": np.nan}
        if isinstance(point, ResidualPoint):
            fields["cost"] = point.cost / 2
            fields["triangle"] = point.triangle[: point.x.size, :-1]
            fields["fun"] = point.residuals.reshape(point.shape)
            fields["jac"] = self._jacobian(point, x)
        active = np.zeros(point.x.size, int)
        if self.bounds is not None:
            lower, upper = self.bounds
            active = (point.x >= upper).astype(int) - (point.x <= lower)
            active[lower == upper] = -1
        fields["active_mask"] = self.shaped(active)
        return fields | {"nfev": self.nfev, "njev": self.njev, "nhev": self.nhev}

    def _jacobian(self, point: ResidualPoint, x: Any) -> Any:
        """Return the Jacobian as `autodiff.jacobian` gives it: a structure of blocks."""
        matrix, shape = point.jacobian, point.shape
        if isinstance(x, np.ndarray | np.generic):
            return matrix.reshape(shape + x.shape)
        # That of the linear map which it is, to whatever structure.
        return jacobian(lambda x: (matrix @ flatten(x)[0]).reshape(shape))(x)
