"""An objective and its equality constraints, with exact derivatives, each counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from autodiff import hessian, jacobian, replaying, to_numpy
from optim.chunks._in_memory import in_memory
from optim.search._objective import Array, Objective, ObjectiveError

Function: TypeAlias = Callable[..., Any]


class ConstrainedObjective(Objective):
    """An objective and its constraints; where a maximum is asked for, ``sign`` turns f over."""

    def __init__(
        self,
        f: Callable[..., Any],
        constraints: Sequence[Callable[..., Any]],
        x0: Any,
        args: Any,
        asked: str,
    ) -> None:
        super().__init__(f, x0, args)
        self.asked = asked
        self.sign = -1.0 if asked == "maximum" else 1.0
        self._constraints = tuple([self.on_vectors(c, ()) for c in constraints])
        self._jacobian = replaying(jacobian(_all_in_a_row(self.f, self._constraints)))
        self._curvature = replaying(_curvature(self.f, self._constraints, self.sign))
        self.sizes: list[int] = []  # how many constraints each function returns

    def constraints(self, x: Any) -> Any:
        """Return all constraints in their order, as one vector."""
        return _in_a_row(self._constraints, x)

    def values(self, x: Array) -> tuple[float, Array]:
        """Return ``sign`` f and the constraints."""
        parts = list(map(to_numpy, in_memory(*[_entries(c(x)) for c in self._constraints])))
        if any(part.dtype.kind not in "biuf" for part in parts):
            kinds = ", ".join(str(part.dtype) for part in parts)
            raise ObjectiveError(f"the constraints returned {kinds}, expected real numbers")
        sizes = [part.size for part in parts]
        self.sizes = self.sizes or sizes
        if sizes != self.sizes:
            raise ObjectiveError(f"the constraints returned {sizes} values, before {self.sizes}")
        return self.sign * self.value(x), np.concatenate(parts).astype(float)

    def derivatives(self, x: Array) -> tuple[Array, Array]:
        """Return the gradient of ``sign`` f and the constraints' Jacobian, from one recording."""
        self.njev += 1
        (both,) = in_memory(self._jacobian(x))
        return self.sign * both[0], both[1:]

    def curvature(self, x: Array, multipliers: Array) -> Array:
        """Return the Hessian of the Lagrangian, ``sign`` f + Σ λᵢ cᵢ."""
        self.nhev += 1
        matrix: Array = in_memory(self._curvature(x, multipliers))[0]
        return matrix

    def curvature_of_constraints(self, x: Array, weights: Array) -> Array:
        """Return the Hessian of a weighted sum of the constraints."""
        self.nhev += 1
        matrix = hessian(lambda x: np.sum(weights * self.constraints(x)))(x)
        found: Array = in_memory(matrix)[0]
        return found


# What plans are kept of holds no more than the caller's functions.


def _all_in_a_row(f: Function, constraints: tuple[Function, ...]) -> Function:
    """Return the function of f and all constraints, as one vector."""
    return lambda x: np.concatenate([_entries(f(x)), _in_a_row(constraints, x)])


def _curvature(f: Function, constraints: tuple[Function, ...], sign: float) -> Function:
    """Return the Hessian of the Lagrangian as a function of x and the multipliers."""

    def curvature(x: Any, multipliers: Any) -> Any:
        return hessian(
            lambda x: sign * np.sum(_entries(f(x))) + multipliers @ _in_a_row(constraints, x)
        )(x)

    return curvature


def _in_a_row(constraints: tuple[Function, ...], x: Any) -> Any:
    """Return all constraints in their order, as one vector."""
    return np.concatenate([_entries(c(x)) for c in constraints])


def _entries(value: Any) -> Any:
    """Return what a constraint function returned as one vector."""
    if isinstance(value, list | tuple):
        return np.concatenate([_entries(part) for part in value]) if value else np.zeros(0)
    return np.ravel(value if hasattr(value, "__array_ufunc__") else to_numpy(value))
