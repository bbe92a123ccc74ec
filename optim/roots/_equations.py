"""Equations f(x) = 0 as functions of one vector, with exact derivatives, each counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodiff import Tensor, flatten, jacobian, jvp, linearize, replaying, to_numpy
from optim.chunks._in_memory import in_memory
from optim.search._objective import Array, Iterate, ObjectiveError, Problem


class EquationPoint(NamedTuple):
    """A place, the equations' values there, their Jacobian, and f'' of a single equation."""

    x: Array
    f: Array  # (n,)
    J: Array  # (n, n)
    second: float | None = None

    @property
    def usable(self) -> bool:
        """Whether a search can go on, or end, here."""
        return bool(np.isfinite(self.f).all() and (np.isfinite(self.J).all() or not self.f.any()))

    @property
    def size(self) -> float:
        """The largest |f|."""
        return float(np.max(np.abs(self.f)))

    @property
    def iterate(self) -> Iterate:
        more = {} if self.second is None else {"hess": self.second}
        return Iterate(self.x, self.f, self.J, more)


class Equations(Problem):
    """As many equations as unknowns, with exact derivatives, each counted."""

    def __init__(self, f: Callable[..., Any], x0: Any, args: Any = ()) -> None:
        super().__init__(x0)
        self.f = self.on_vectors(f, args)
        self._value_and_jacobian = replaying(value_and_jacobian(self.f))
        self.shape: tuple[int, ...] = ()  # of what f returns
        self.highest = np.zeros(self.start.size)  # |f| that each equation has had, in any search

    def value(self, x: Array) -> Array:
        """Return the values of all equations, as one vector."""
        self.nfev += 1
        return self._as_vector(self.f(x)).ravel()

    def at(self, x: Array) -> EquationPoint:
        """Return the point with values and Jacobian, from one recording."""
        self.nfev += 1
        self.njev += 1
        try:
            value, matrix = in_memory(*self._value_and_jacobian(x))
        except (TypeError, ValueError):
            self._as_vector(self.f(x))  # what f returns is told apart from errors within f
            raise
        values = self._as_vector(value)
        self.shape = values.shape
        return EquationPoint(x, values.ravel(), matrix.reshape(values.size, x.size))

    def with_second(self, x: Array) -> EquationPoint:
        """Return the point of one equation with its first two derivatives, from one recording."""

        def value_and_slope(x: Any) -> Any:
            return np.stack(jvp(single, x, np.ones(1)))

        def single(x: Any) -> Any:
            value = self.f(x)
            value = np.stack(value) if isinstance(value, list | tuple) else value
            if np.iscomplexobj(value.data if isinstance(value, Tensor) else value):
                self._as_vector(value)
            return np.reshape(value, ())

        self.nfev += 1
        self.njev += 1
        self.nhev += 1
        try:
            (value, slope), push = linearize(value_and_slope, x)
        except (TypeError, ValueError):
            self._as_vector(self.f(x))
            raise
        value, slope, bend = in_memory(value, slope, push(np.ones(1))[1])
        return EquationPoint(x, np.array([value]), np.array([[slope]]), float(bend))

    def result_fields(self, point: Iterate) -> dict[str, Any]:
        """Return what an OptimizeResult says of a point, the Jacobian in the structure of ``x0``.

        The blocks are those of the linear map that the Jacobian is.
        """
        if point.jac is None:
            return super().result_fields(point)
        J = point.jac.reshape((*self.shape, self.start.size))
        with np.errstate(all="ignore"):  # where the Jacobian is infinite
            blocks = jacobian(lambda x: J @ flatten(x)[0])(self.shaped(point.x))
        fun = point.fun.reshape(self.shape)[()]
        return super().result_fields(Iterate(point.x, fun)) | {"jac": blocks} | dict(point.more)

    def spread(self, point: EquationPoint, shifts: NDArray[Any]) -> Array:
        """Return by how much each equation differs between a point and places close to it."""
        values = np.array([point.f, *(self.value(point.x + shift) for shift in shifts)])
        size: Array = np.ptp(values, axis=0)
        return size

    def _as_vector(self, value: Any) -> Array:
        """Return the equations' values as an array of as many numbers as there are unknowns."""
        n = self.start.size
        if isinstance(value, list | tuple):
            try:
                value = np.stack([v.data if isinstance(v, Tensor) else v for v in value])
            except (TypeError, ValueError):
                raise ObjectiveError(
                    f"f returned a {type(value).__name__} of unlike parts"
                ) from None
        value = to_numpy(value)
        if value.dtype.kind not in "biuf":
            raise ObjectiveError(f"f returned {value.dtype}, expected {n} real numbers")
        if value.size != n:
            raise ObjectiveError(
                f"f returned shape {value.shape}, expected {n} equations for {n} unknowns"
                + (": least_squares solves more" if value.size > n else "")
            )
        numbers: Array = value.astype(float, copy=False)
        return numbers


def value_and_jacobian(f: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, Any]]:
    """Return the function that computes what f returns and its Jacobian, from one recording."""

    def both(x: Any) -> tuple[Any, Any]:
        value: Any = None

        def keep_value(x: Any) -> Any:
            nonlocal value
            value = f(x)
            return value

        matrix = jacobian(keep_value)(x)
        return value, matrix

    return both


def digits(x: Array) -> str:
    """Return a point in digits, for a message."""
    return f"{x[0]:.6g}" if x.size == 1 else np.array2string(x, precision=6, threshold=8)
