"""Residuals of a structure as residuals of one vector, with their exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from autodiff import Tensor, flatten, hessian, jacobian
from optim.search._bounds import Bounds
from optim.search._objective import Array, Iterate, Problem
from optim.squares._gauss_newton_model import ResidualPoint
from optim.squares._robust import Loss, check_f_scale, reweight
from optim.squares._triangle import triangle_and_norms


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
        self.f = self.on_vectors(f, args)
        self.can_be_recorded = jac is None
        if jac is None:
            self.both = residuals_and_jacobian(self.f)
            self.value: Callable[[Any], Array] = lambda x: real(self.f(x))
        else:
            self.value, self.both = values_and_matrix(self.f, self.on_vectors(jac, args))
        self.loss = loss
        self.f_scale = f_scale
        self.shape: tuple[int, ...] = ()

    def evaluate(self, x: Array) -> ResidualPoint:
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
            cost, weighted, rows = reweight(self.loss, self.f_scale, residuals, jacobian)
        triangle, norms = triangle_and_norms(rows, weighted)
        return ResidualPoint(x, residuals, jacobian, cost, triangle, norms)

    def residuals(self, x: Array) -> Array:
        """Return the residuals at x, without derivatives."""
        return self._residuals_and_cost(x)[0]

    def cost(self, x: Array) -> float:
        """Return twice the cost at x, without derivatives; infinity where it is not finite."""
        return self._residuals_and_cost(x)[1]

    def with_frozen_jacobian(self, point: ResidualPoint, x: Array) -> ResidualPoint:
        """Return the point at x, with the derivatives of another that is next to it."""
        residuals, cost = self._residuals_and_cost(x)
        return point._replace(x=x, residuals=residuals, cost=cost)

    def _residuals_and_cost(self, x: Array) -> tuple[Array, float]:
        self.nfev += 1
        residuals = self.value(x).ravel()
        if self.loss is None:
            cost = float(residuals.dot(residuals))
        else:
            z = (residuals / self.f_scale) ** 2
            cost = float(self.f_scale**2 * np.sum(self.loss(z)))
        return residuals, cost if isfinite(cost) else np.inf

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
        return np.sum(self.loss((residuals / self.f_scale) ** 2)) * self.f_scale**2 / 2

    def result_fields(self, point: Iterate) -> dict[str, Any]:
        """Return what an OptimizeResult says of a point, in the structure of ``x0``."""
        x = self.shaped(point.x)
        fields = {"x": x, **point.more}
        if point.jac is not None:
            fields["fun"] = point.fun.reshape(self.shape)
            fields["jac"] = self._jacobian(point.jac, x)
        active = np.zeros(point.x.size, int)
        if self.bounds is not None:
            lower, upper = self.bounds
            active = (point.x >= upper).astype(int) - (point.x <= lower)
            active[lower == upper] = -1
        fields["active_mask"] = self.shaped(active)
        return fields | {"nfev": self.nfev, "njev": self.njev, "nhev": self.nhev}

    def _jacobian(self, matrix: Array, x: Any) -> Any:
        """Return the Jacobian as `autodiff.jacobian` gives it: a structure of blocks."""
        if isinstance(x, np.ndarray | np.generic):
            return matrix.reshape(self.shape + x.shape)
        # That of the linear map which it is, to whatever structure.
        return jacobian(lambda x: (matrix @ flatten(x)[0]).reshape(self.shape))(x)


def residuals_and_jacobian(residuals: Callable[[Any], Any]) -> Callable[[Any], tuple[Array, Array]]:
    """Return the function that gives the residuals at x and their Jacobian, from one recording.

    Examples
    --------
    >>> both = residuals_and_jacobian(lambda x: [x[0] ** 2, x[0] * x[1]])
    >>> values, J = both(np.array([2.0, 3.0]))
    >>> values, J
    (array([4., 6.]), array([[4., 0.], [3., 2.]]))
    """
    value: Any = None

    def keep_value(x: Any) -> Any:
        nonlocal value
        value = residuals(x)
        if isinstance(value, list | tuple):
            value = np.stack(value) if value else np.zeros(0)
        return value

    matrix_at = jacobian(keep_value)

    def both(x: Any) -> tuple[Array, Array]:
        matrix = matrix_at(x)
        return real(value), matrix

    return both


def values_and_matrix(
    residuals: Callable[[Any], Any], jac: Callable[[Any], Any]
) -> tuple[Callable[[Any], Array], Callable[[Any], tuple[Array, Array]]]:
    """Return the functions that give the residuals at x, and those with the caller's Jacobian.

    Neither of the caller's functions is called twice for the same x in turn.
    """
    last: tuple[Any, Array] | None = None

    def values_at(x: Any) -> Array:
        nonlocal last
        if last is None or last[0] is not x:
            last = x, real(residuals(x))
        return last[1]

    def both(x: Any) -> tuple[Array, Array]:
        values = values_at(x)
        matrix = np.asarray(jac(x), float)
        if matrix.shape != (*values.shape, x.size):
            raise ValueError(
                f"the Jacobian has shape {matrix.shape}, expected {(*values.shape, x.size)}: the "
                f"residuals have shape {values.shape}, and there are {x.size} unknowns"
            )
        return values, matrix

    return values_at, both


def real(values: Any) -> Array:
    """Return residuals, which may be a list or recorded, as an array of floats."""
    array = np.asarray(values.data if type(values) is Tensor else values)
    if array.dtype.kind == "c":
        raise TypeError("the residuals are complex: return their real and imaginary parts in turn")
    if not array.size:
        raise ValueError("the residuals are empty: there is nothing to minimise")
    return array.astype(float, copy=False)
