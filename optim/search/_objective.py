"""What a method minimises: a function of one vector, with exact derivatives, each counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autodiff import grad, hessian, hvp, linearize, replaying, to_numpy, value_and_grad
from optim.chunks._in_memory import in_memory
from optim.search._start import is_identity, vector_and_way_back

Array: TypeAlias = NDArray[np.float64]

ORDER = "the function comes first, and then the start, as in bfgs(f, x0)"
RECENT = 10  # points with their gradients that an objective remembers


class Iterate(NamedTuple):
    """A point on the way, what is known there, and what else a method has to tell of it."""

    x: Array
    fun: Any
    jac: Any = None
    more: Mapping[str, Any] = {}  # never written to


class ObjectiveError(TypeError):
    """The objective returned something else than one real number."""


class Problem:
    """A start as one vector, the way back to its structure, and counts of evaluations.

    Attributes
    ----------
    start : ndarray of shape (n,)
        The numbers of ``x0``, as floats.
    shaped : callable
        Turns such a vector, an array or a Tensor, into the structure of ``x0``.
    nfev, njev, nhev : int
        How many values, first derivatives, and Hessians or products with one were computed.
    """

    def __init__(self, x0: Any) -> None:
        try:
            start, self.shaped = vector_and_way_back(x0)
        except TypeError as error:
            if any(map(callable, x0 if isinstance(x0, list | tuple) else [x0])):
                raise TypeError(f"expected numbers as x0, got a function: {ORDER}") from error
            raise TypeError(
                f"expected x0 to hold real numbers only, got {x0!r:.60}: give what else f takes in "
                f"args ({error})"
            ) from error
        except ValueError as error:
            raise ValueError(f"x0 is empty: {error}") from error
        if start.dtype.kind == "c":
            raise TypeError("x0 is complex: vary its real and imaginary parts")
        if not start.size:
            raise ValueError("x0 is empty: there is nothing to vary")
        self.start: Array = start.astype(float)
        self.nfev = self.njev = self.nhev = 0

    def on_vectors(self, f: Callable[..., Any], args: Any) -> Callable[[Any], Any]:
        """Return a function of the structure and ``args`` as one of a vector.

        What is no tuple, be it a list, counts as the one further argument.
        """
        if not callable(f):
            raise TypeError(f"expected a function, got {f!r:.60}: {ORDER}")
        return on_vector(f, self.shaped, as_tuple(args))

    def result_fields(self, point: Iterate) -> dict[str, Any]:
        """Return what an OptimizeResult says of a point, in the structure of ``x0``."""
        fields = {"x": self.shaped(point.x), "fun": point.fun, "jac": point.jac, **point.more}
        if np.shape(point.jac) == self.start.shape:
            fields["jac"] = self.shaped(point.jac)
        counts = {"nfev": self.nfev, "njev": self.njev, "nhev": self.nhev}
        return {k: v for k, v in fields.items() if v is not None} | counts


class Objective(Problem):
    """A function of a structure as one of a vector, with its exact derivatives.

    Attributes
    ----------
    escapes : int
        How often a search has found a lower point beside what seemed to be a minimum.
    recent : deque of pairs
        The last points with the gradients there.
    """

    escapes = 0

    def __init__(self, f: Callable[..., Any], x0: Any, args: Any = ()) -> None:
        super().__init__(x0)
        self.f = self.on_vectors(f, args)
        self._value_and_grad = replaying(value_and_grad(self.f))
        self.recent: deque[tuple[Array, Array]] = deque(maxlen=RECENT)

    def value(self, x: Array) -> float:
        """Return f(x)."""
        self.nfev += 1
        return one_real_number(self.f(x))

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """Return f(x) and ∇f(x), from one recording."""
        self.nfev += 1
        self.njev += 1
        try:
            value, gradient = self._value_and_grad(x)
        except (TypeError, ValueError):
            one_real_number(self.f(x))  # what f returns is told apart from errors within f
            raise
        if type(value) is not np.float64:
            value, gradient = in_memory(value, gradient)
        self.recent.append((x, gradient))
        return float(value) if type(value) is np.float64 else one_real_number(value), gradient

    def hessian(self, x: Array) -> Array:
        """Return the matrix of second derivatives at x."""
        self.nhev += 1
        (matrix,) = in_memory(self._hessian(x))
        square: Array = matrix.reshape(x.size, x.size)
        return square

    def hessian_product(self, x: Array) -> Callable[[Array], Array]:
        """Return the function v ↦ ∇²f(x) v; each call counts."""
        times = self._products(x)

        def product(v: Array) -> Array:
            self.nhev += 1
            return times(v)

        return product

    @cached_property
    def _hessian(self) -> Callable[[Array], Array]:
        return replaying(hessian(self.f))

    @cached_property
    def _products(self) -> Callable[[Array], Callable[[Array], Array]]:
        return hessian_products(self.f)


def as_tuple(args: Any) -> tuple[Any, ...]:
    """Return further arguments as a tuple: what is none, be it a list, is the only one."""
    return args if isinstance(args, tuple) else (args,)


def on_vector(
    f: Callable[..., Any], shaped: Callable[[Any], Any], args: tuple[Any, ...]
) -> Callable[[Any], Any]:
    """Return a function of a structure and ``args`` as one of a vector."""
    same = is_identity(shaped)
    if not args:
        return f if same else lambda x: f(shaped(x))
    # Plans of the derivatives are found again by what such a function holds.
    return (lambda x: f(x, *args)) if same else lambda x: f(shaped(x), *args)


def hessian_products(f: Callable[[Any], Any]) -> Callable[[Array], Callable[[Array], Array]]:
    """Return the function of x that returns v ↦ ∇²f(x) v.

    A plan computes each product from x and v. Where there is none, f is recorded once for all
    products at x after the first, which is one of the calls after which there may be a plan.
    """
    planned: Any = replaying(lambda x, v: hvp(f, x, v))

    def at(x: Array) -> Callable[[Array], Array]:
        is_planned, is_first = bool(planned.plans), True
        push: Any = None

        def product(v: Array) -> Array:
            nonlocal is_first, push
            if is_planned or is_first:
                is_first = False
                image = planned(x, v)
            else:
                if push is None:
                    _, push = linearize(grad(f), x)
                image = push(v)
            found: Array = in_memory(image)[0]
            return found

        return product

    return at


def one_real_number(value: Any) -> float:
    """Return the value of an objective as a float, or raise ObjectiveError."""
    if type(value) is np.float64:
        return float(value)
    (value,) = in_memory(value)  # which raises what its chunks do
    try:
        array = to_numpy(value)
    except ValueError:  # a list of unlike parts
        array = np.array(None)
    if array.size == 1 and array.dtype.kind in "biuf":
        return float(array.reshape(()))
    what = f"shape {array.shape} of {array.dtype}"
    if array.dtype.kind not in "biufc":
        what = f"{value!r:.60}"
    raise ObjectiveError(
        f"f returned {what}, expected one real number: sum it, or give residuals to least_squares"
    )
