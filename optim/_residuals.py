"""Residuals of a structure as residuals of one vector, with their exact derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import Tensor, flatten, hessian, jacobian
from optim._bounds import Bounds
from optim._linearised import Point, triangle_of
from optim._objective import Array, Iterate, Problem
from optim._robust import Loss, reweighted


class Residuals(Problem):
    """Residuals of a structure as residuals of one vector, with their exact Jacobian."""

    bounds: Bounds | None = None

    def __init__(
        self,
        f: Callable[..., Any],
        x0: Any,
        args: Sequence[Any],
        loss: Loss | None,
        loss_scale: float,
    ) -> None:
        super().__init__(x0)
        if not loss_scale > 0:
            raise ValueError(f"expected loss_scale to be positive, got {loss_scale}")
        self.f = self.on_vectors(f, args)
        self.both = residuals_and_jacobian(self.f)
        self.loss = loss
        self.loss_scale = loss_scale
        self.shape: tuple[int, ...] = ()

    def evaluate(self, x: Array) -> Point:
        """Return the point at x, with what the linearised problem there needs."""
        self.nfev += 1
        self.njev += 1
        values, matrix = self.both(x)
        self.shape = values.shape
        residuals = weighted = values.ravel()
        jacobian = rows = matrix.reshape(residuals.size, x.size)
        if self.loss is None:
            cost = float(residuals.dot(residuals))
        else:
            cost, weighted, rows = reweighted(self.loss, self.loss_scale, residuals, jacobian)
        triangle = triangle_of(rows, weighted)
        columns = triangle[:, :-1]
        norms = np.sqrt(np.einsum("ij,ij->j", columns, columns))
        return Point(x, residuals, jacobian, cost, triangle, norms)

    def hessian(self, x: Array) -> Array:
        """Return the Hessian of the cost at x."""
        self.nhev += 1
        matrix: Array = hessian(self._cost)(x)
        return matrix

    def _cost(self, x: Any) -> Any:
        residuals = self.f(x)
        if isinstance(residuals, list | tuple):
            residuals = np.stack(residuals)
        if self.loss is None:
            return np.sum(residuals**2) / 2
        return np.sum(self.loss((residuals / self.loss_scale) ** 2)) * self.loss_scale**2 / 2

    def told(self, point: Iterate) -> dict[str, Any]:
        """Return what an OptimizeResult says of a point, in the structure of ``x0``."""
        x = self.shaped(point.x)
        told = {"x": x, **point.more}
        if point.jac is not None:
            told["fun"] = point.fun.reshape(self.shape)
            told["jac"] = self._jacobian(point.jac, x)
        active = np.zeros(point.x.size, int)
        if self.bounds is not None:
            lower, upper = self.bounds
            active = (point.x >= upper).astype(int) - (point.x <= lower)
            active[lower == upper] = -1
        told["active_mask"] = self.shaped(active)
        return told | {"nfev": self.nfev, "njev": self.njev, "nhev": self.nhev}

    def _jacobian(self, matrix: Array, x: Any) -> Any:
        """Return the Jacobian as `autodiff.jacobian` gives it: a structure of blocks."""
        if isinstance(x, np.ndarray | np.generic):
            return matrix.reshape(self.shape + x.shape)
        # That of the linear map which it is, to whatever structure.
        return jacobian(lambda x: (matrix @ flatten(x)[0]).reshape(self.shape))(x)


def residuals_and_jacobian(residuals: Callable[[Any], Any]) -> Callable[[Any], tuple[Array, Array]]:
    """Return the function that gives the residuals at x and their Jacobian, from one recording."""
    value: Any = None

    def remembered(x: Any) -> Any:
        nonlocal value
        value = residuals(x)
        if isinstance(value, list | tuple):
            value = np.stack(value)
        return value

    matrix_at = jacobian(remembered)

    def both(x: Any) -> tuple[Array, Array]:
        matrix = matrix_at(x)
        values = np.asarray(value.data if type(value) is Tensor else value)
        if values.dtype.kind == "c":
            raise TypeError(
                "the residuals are complex: return their real and imaginary parts in turn"
            )
        if not values.size:
            raise ValueError("the residuals are empty: there is nothing to minimise")
        return values.astype(float, copy=False), matrix

    return both
