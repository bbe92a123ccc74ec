"""What makes a Tensor look like an ndarray: NumPy's protocols, operators and methods."""

from __future__ import annotations

import inspect
import operator
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

if TYPE_CHECKING:
    from autodiff._tensor import Tensor

Operand: TypeAlias = "Tensor | ArrayLike"
Axes: TypeAlias = int | tuple[int, ...] | None

# What each NumPy function does when it is given a Tensor; the rules fill it in.
operations: dict[Callable[..., Any], Callable[..., Tensor]] = {}


class NDArrayInterface:
    """The operators, methods and protocols of ndarray, each handed on to its operation."""

    __slots__ = ()
    __pandas_priority__ = 5000  # so that a Series or DataFrame in front leaves the operator to us

    # -- NumPy's protocols -------------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, x: Any, *others: Any, **kwargs: Any
    ) -> Tensor:
        operation = operations.get(ufunc)
        if operation is None or kwargs or method != "__call__":
            return other_ufunc(ufunc, method, (x, *others), kwargs)
        return operation(x, *others) if others else operation(x)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Tensor:
        operation = operations.get(function)
        if operation is None:
            raise refused(function)
        try:
            return operation(*args, **kwargs)
        except TypeError:
            check_arguments(function, operation, args, kwargs)
            raise

    # -- operators ---------------------------------------------------------------------------

    __hash__ = object.__hash__

    def __add__(self, other: Operand) -> Tensor:
        return operations[np.add](self, other)

    def __radd__(self, other: Operand) -> Tensor:
        return operations[np.add](other, self)

    def __sub__(self, other: Operand) -> Tensor:
        return operations[np.subtract](self, other)

    def __rsub__(self, other: Operand) -> Tensor:
        return operations[np.subtract](other, self)

    def __mul__(self, other: Operand) -> Tensor:
        return operations[np.multiply](self, other)

    def __rmul__(self, other: Operand) -> Tensor:
        return operations[np.multiply](other, self)

    def __truediv__(self, other: Operand) -> Tensor:
        return operations[np.divide](self, other)

    def __rtruediv__(self, other: Operand) -> Tensor:
        return operations[np.divide](other, self)

    def __pow__(self, other: Operand) -> Tensor:
        return operations[np.power](self, other)

    def __rpow__(self, other: Operand) -> Tensor:
        return operations[np.power](other, self)

    def __mod__(self, other: Operand) -> Tensor:
        return operations[np.remainder](self, other)

    def __rmod__(self, other: Operand) -> Tensor:
        return operations[np.remainder](other, self)

    def __floordiv__(self, other: Operand) -> Tensor:
        return operations[np.floor_divide](self, other)

    def __rfloordiv__(self, other: Operand) -> Tensor:
        return operations[np.floor_divide](other, self)

    def __matmul__(self, other: Operand) -> Tensor:
        return operations[np.matmul](self, other)

    def __rmatmul__(self, other: Operand) -> Tensor:
        return operations[np.matmul](other, self)

    def __neg__(self) -> Tensor:
        return operations[np.negative](self)

    def __pos__(self) -> Tensor:
        return operations[np.positive](self)

    def __abs__(self) -> Tensor:
        return operations[np.absolute](self)

    def __lt__(self, other: Operand) -> Tensor:
        return operations[np.less](self, other)

    def __le__(self, other: Operand) -> Tensor:
        return operations[np.less_equal](self, other)

    def __gt__(self, other: Operand) -> Tensor:
        return operations[np.greater](self, other)

    def __ge__(self, other: Operand) -> Tensor:
        return operations[np.greater_equal](self, other)

    def __eq__(self, other: Operand) -> Tensor:  # type: ignore[override]  # as ndarray's
        return operations[np.equal](self, other)

    def __ne__(self, other: Operand) -> Tensor:  # type: ignore[override]  # as ndarray's
        return operations[np.not_equal](self, other)

    def __and__(self, other: Operand) -> Tensor:
        return operations[np.bitwise_and](self, other)

    def __or__(self, other: Operand) -> Tensor:
        return operations[np.bitwise_or](self, other)

    def __xor__(self, other: Operand) -> Tensor:
        return operations[np.bitwise_xor](self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Tensor:
        return operations[np.invert](self)

    def __getitem__(self, key: Any) -> Tensor:
        return operations[operator.getitem](self, key)

    # -- attributes and methods ---------------------------------------------------------------

    @property
    def T(self) -> Tensor:  # noqa: N802  # ndarray's name
        """The Tensor with its axes in reverse order."""
        return operations[np.transpose](self)

    @property
    def mT(self) -> Tensor:  # noqa: N802  # ndarray's name
        """The Tensor with its last two axes exchanged."""
        return operations[np.matrix_transpose](self)

    @property
    def real(self) -> Tensor:
        """The real part."""
        return operations[np.real](self)

    @property
    def imag(self) -> Tensor:
        """The imaginary part."""
        return operations[np.imag](self)

    def conj(self) -> Tensor:
        """Return the complex conjugate."""
        return operations[np.conjugate](self)

    def astype(self, dtype: DTypeLike) -> Tensor:
        """Return the entries cast to another type."""
        return operations[np.ndarray.astype](self, dtype)

    def sum(self, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """Return the sum over the axes, all of them if none is named."""
        return operations[np.sum](self, axis, keepdims=keepdims)

    def mean(self, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """Return the mean over the axes, all of them if none is named."""
        return operations[np.mean](self, axis, keepdims=keepdims)

    def prod(self, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """Return the product over the axes, all of them if none is named."""
        return operations[np.prod](self, axis, keepdims=keepdims)

    def var(self, axis: Axes = None, *, ddof: float = 0, keepdims: bool = False) -> Tensor:
        """Return the variance over the axes, all of them if none is named."""
        return operations[np.var](self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axes = None, *, ddof: float = 0, keepdims: bool = False) -> Tensor:
        """Return the standard deviation over the axes; its derivative is 0 where it is 0."""
        return operations[np.std](self, axis, ddof=ddof, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> Tensor:
        """Return the running sums along an axis."""
        return operations[np.cumsum](self, axis)

    def cumprod(self, axis: int | None = None) -> Tensor:
        """Return the running products along an axis."""
        return operations[np.cumprod](self, axis)

    def max(self, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """Return the largest entry along the axes; ties share the derivative equally."""
        return operations[np.max](self, axis, keepdims=keepdims)

    def min(self, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """Return the smallest entry along the axes; ties share the derivative equally."""
        return operations[np.min](self, axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None) -> Tensor:
        """Return the index of the largest entry, a constant."""
        return operations[np.argmax](self, axis)

    def argmin(self, axis: int | None = None) -> Tensor:
        """Return the index of the smallest entry, a constant."""
        return operations[np.argmin](self, axis)

    def argsort(self, axis: int | None = -1) -> Tensor:
        """Return the indices that would sort the entries, a constant."""
        return operations[np.argsort](self, axis)

    def any(self, axis: Axes = None) -> Tensor:
        """Return whether any entry is not zero, a constant."""
        return operations[np.any](self, axis)

    def all(self, axis: Axes = None) -> Tensor:
        """Return whether no entry is zero, a constant."""
        return operations[np.all](self, axis)

    def round(self, decimals: int = 0) -> Tensor:
        """Return the entries rounded, a constant."""
        return operations[np.round](self, decimals)

    def clip(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """Return the entries held between two bounds."""
        return operations[np.clip](self, min, max)

    def dot(self, other: Operand) -> Tensor:
        """Return the inner or matrix product."""
        return operations[np.dot](self, other)

    def reshape(self, *shape: Any) -> Tensor:
        """Return the same entries in another shape."""
        return operations[np.reshape](self, shape[0] if len(shape) == 1 else shape)

    def ravel(self) -> Tensor:
        """Return the entries along one axis."""
        return operations[np.reshape](self, -1)

    flatten = ravel

    def transpose(self, *axes: Any) -> Tensor:
        """Return the Tensor with its axes reordered, reversed if no order is given."""
        order = axes[0] if len(axes) == 1 else axes or None
        return operations[np.transpose](self, order)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Return the Tensor with two axes exchanged."""
        return operations[np.swapaxes](self, axis1, axis2)

    def squeeze(self, axis: Axes = None) -> Tensor:
        """Return the Tensor without its axes of length 1."""
        return operations[np.squeeze](self, axis)

    def copy(self) -> Tensor:
        """Return a Tensor of the same entries."""
        return operations[np.copy](self)

    def take(self, indices: Any, axis: int | None = None) -> Tensor:
        """Return the entries at indices along an axis."""
        return operations[np.take](self, indices, axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        """Return the Tensor with each entry repeated along an axis."""
        return operations[np.repeat](self, repeats, axis)

    def sort(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise, as all that works in place: a Tensor's value never changes."""
        raise _in_place("sort", "x = np.sort(x)")

    def partition(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise, as all that works in place: a Tensor's value never changes."""
        raise _in_place("partition", "x = np.partition(x, k)")

    def fill(self, value: Any) -> NoReturn:
        """Raise, as all that works in place: a Tensor's value never changes."""
        raise _in_place("fill", "x = np.full_like(x, value)")

    def put(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise, as all that works in place: a Tensor's value never changes."""
        raise _in_place("put", "x = x.at[indices].set(values)")

    def resize(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise, as all that works in place: a Tensor's value never changes."""
        raise _in_place("resize", "x = np.resize(x, shape)")

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """Return the diagonal of two axes."""
        return operations[np.diagonal](self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """Return the sum of the diagonal of two axes."""
        return operations[np.trace](self, offset, axis1, axis2)

    def compress(self, condition: Any, axis: int | None = None) -> Tensor:
        """Return the slices along an axis where a condition holds."""
        return operations[np.compress](condition, self, axis)

    def nonzero(self) -> Any:
        """Return the indices of the entries that are not zero, constants."""
        return operations[np.nonzero](self)

    @property
    def at(self) -> Any:
        """The places of the entries: ``x.at[key].set(v)`` stands for ``x[key] = v``.

        ``add`` and ``multiply`` go the same way, and all of them return a new Tensor.
        """
        return import_module("autodiff.rules.indexing").At(self)


def _in_place(method: str, instead: str) -> TypeError:
    """Return the error for a method of ndarray that changes the array itself."""
    return TypeError(
        f"a Tensor's value never changes: instead of x.{method}(...), which works in place, write "
        f"{instead}"
    )


def other_ufunc(
    ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Tensor:
    """Call what the simple case does not cover: a ufunc's methods, and SciPy's functions."""
    if "scipy.special" in sys.modules:
        import_module("autodiff.rules.special")  # only now: SciPy is slow to import

    function = ufunc if method == "__call__" else getattr(ufunc, method)
    operation = operations.get(function)
    if operation is None or "out" in kwargs or (kwargs and method == "__call__"):
        raise refused_ufunc(ufunc, method, kwargs)
    try:
        return operation(*args, **kwargs)
    except TypeError:
        check_arguments(function, operation, args, kwargs)
        raise


def refused_ufunc(ufunc: np.ufunc, method: str, kwargs: dict[str, Any]) -> TypeError:
    """Return the error for a call of a ufunc that a Tensor cannot take part in."""
    name = full_name(ufunc).replace("numpy", "np")
    if "out" in kwargs:
        return TypeError(
            f"{name} of a Tensor cannot write into an array (out= or an operator such as +=), "
            "because the graph may still need it: use the result, as in a = a + t"
        )
    if method != "__call__":
        return TypeError(f"{name}.{method} has no derivative here: use np.sum, np.max and so on")
    if "where" in kwargs:
        return TypeError(f"{name} of a Tensor has no where=: use np.where(condition, {name}(x), x)")
    if kwargs:
        return TypeError(f"{name} of a Tensor takes no {', '.join(kwargs)}=")
    return refused(ufunc)


def refused(function: Callable[..., Any]) -> TypeError:
    """Return the error for a NumPy function without a rule."""
    reason_for = import_module("autodiff.rules.refusals").reason_for
    return TypeError(f"{full_name(function)} cannot be given a Tensor: {reason_for(function)}")


def full_name(function: Callable[..., Any]) -> str:
    """Return a function's name with that of its package."""
    special = sys.modules.get("scipy.special")
    if special is not None and getattr(special, function.__name__, None) is function:
        return f"scipy.special.{function.__name__}"
    return f"{getattr(function, '__module__', None) or 'numpy'}.{function.__name__}"


def check_arguments(
    function: Callable[..., Any], operation: Callable[..., Any], args: Any, kwargs: Any
) -> None:
    """Raise the error for arguments that NumPy's function takes but ours does not."""
    try:
        inspect.signature(operation).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"np.{function.__name__} of a Tensor: {error}") from None
