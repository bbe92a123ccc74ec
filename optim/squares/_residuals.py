"""Residuals of a structure as residuals of one vector, with their exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from autodiff import flatten, hessian, is_lazy, jacobian, replaying
from optim.chunks._in_memory import in_memory
from optim.search._bounds import Bounds
from optim.search._objective import Array, Iterate, Problem
from optim.squares._evaluations import evaluations_of
from optim.squares._lazy_rows import PointWithLazyRows
from optim.squares._residual_point import PointWithRows, ResidualPoint, sample_of
from optim.squares._robust import Loss, check_f_scale


class LeastSquaresProblem(Problem):
    """What is minimised: residuals of a structure as residuals of one vector.

    Attributes
    ----------
    bounds : pair of vectors, or None
    can_be_recorded : bool
        Whether there are second derivatives.
    """

    bounds: Bounds | None = None
    can_be_recorded: bool

    def evaluate(self, x: Array) -> ResidualPoint:
        """Return the point at x, with what the linearised problem there needs."""
        raise NotImplementedError

    def cost(self, x: Array) -> float:
        """Return twice the cost at x, without derivatives; infinity where it is not finite."""
        raise NotImplementedError

    def sample(self, x: Array) -> Array:
        """Return evenly spread residuals at x, without derivatives."""
        raise NotImplementedError

    def with_frozen_jacobian(self, point: Any, x: Array) -> ResidualPoint:
        """Return the point at x, with the derivatives of another that is next to it."""
        raise NotImplementedError

    def hessian(self, x: Array) -> Array:
        """Return the Hessian of half the cost at x."""
        raise NotImplementedError

    def values_and_jacobian(self, point: Any) -> tuple[Any, Any]:
        """Return the residuals and their Jacobian at a point, in the structure of ``x0``."""
        raise NotImplementedError

    def change_since(self, point: Any) -> str:
        """Return a sentence if the cost at a point has become another; "" if it cannot."""
        return ""

    def result_fields(self, point: Iterate | ResidualPoint) -> dict[str, Any]:
        """Return what an OptimizeResult says of a point, in the structure of ``x0``."""
        x = self.shaped(point.x)
        fields = {"x": x, "cost": np.nan}
        if isinstance(point, ResidualPoint):
            fields["cost"] = point.cost / 2
            fields["triangle"] = point.triangle[: point.x.size, :-1]
            fields["fun"], fields["jac"] = self.values_and_jacobian(point)
        active = np.zeros(point.x.size, int)
        if self.bounds is not None:
            lower, upper = self.bounds
            active = (point.x >= upper).astype(int) - (point.x <= lower)
            active[lower == upper] = -1
        fields["active_mask"] = self.shaped(active)
        return fields | {"nfev": self.nfev, "njev": self.njev, "nhev": self.nhev}

    def blocks_of(self, matrix: Any, shape: tuple[int, ...]) -> Any:
        """Return a Jacobian as `autodiff.jacobian` gives it: a structure of blocks."""
        x = self.shaped(self.start)
        if isinstance(x, np.ndarray | np.generic):
            return matrix.reshape(shape + x.shape)
        # That of the linear map which it is, to whatever structure.
        return jacobian(lambda x: (matrix @ flatten(x)[0]).reshape(shape))(x)


class Residuals(LeastSquaresProblem):
    """Residuals in memory, with their exact Jacobian."""

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
        self.can_be_recorded = jac is None
        of_caller = None if jac is None else self.on_vectors(jac, args)
        problem, values, _, self._half_cost = evaluations_of(
            self.on_vectors(f, args), loss, f_scale, of_caller
        )
        # The caller's Jacobian stands where residuals cannot be recorded.
        self._linear_problem = problem if jac else replaying(problem)
        self._values = values if jac else None
        self._unplanned_values = values
        self._hessian: Callable[[Array], Array] | None = None

    def evaluate(self, x: Array) -> ResidualPoint:
        self.nfev += 1
        self.njev += 1
        found = self._linear_problem(x)
        return (PointWithLazyRows if is_lazy(found[0]) else PointWithRows)(x, *found)

    def sample(self, x: Array) -> Array:
        residuals: Array = in_memory(sample_of(self._residuals_and_cost(x)[0]))[0]
        return residuals

    def cost(self, x: Array) -> float:
        return self._residuals_and_cost(x)[1]

    def with_frozen_jacobian(self, point: PointWithRows, x: Array) -> ResidualPoint:
        residuals, cost = self._residuals_and_cost(x)
        moved = point.next_to(x, cost)
        moved.residuals = residuals
        return moved

    def _residuals_and_cost(self, x: Array) -> tuple[Array, float]:
        self.nfev += 1
        if self._values is None:
            self._values = replaying(self._unplanned_values)
        residuals, cost = self._values(x)
        (cost,) = in_memory(cost)
        return residuals, float(cost) if isfinite(cost) else np.inf

    def hessian(self, x: Array) -> Array:
        self.nhev += 1
        if self._hessian is None:
            self._hessian = replaying(hessian(self._half_cost))
        matrix: Array = in_memory(self._hessian(x))[0]
        return matrix

    def values_and_jacobian(self, point: PointWithRows) -> tuple[Any, Any]:
        values = point.residuals.reshape(point.shape)
        return values, self.blocks_of(point.jacobian, point.shape)
