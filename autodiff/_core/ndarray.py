"""What makes a Tensor look like an ndarray: NumPy's protocols, operators and methods."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from autodiff._core.arguments import (
    argument_refusal,
    call,
    call_by_name,
    call_ufunc,
    fit,
    function_refusal,
)
from autodiff._core.conversions import Conversions, assignment_error
from autodiff._core.refusals import ATTRIBUTES
from autodiff._core.types import Shape

if TYPE_CHECKING:
    from autodiff._core.tensor import Tensor

Operand: TypeAlias = "Tensor | ArrayLike"

# What each NumPy function does when it is given a Tensor; the rules fill it in.
operations: dict[Callable[..., Any], Callable[..., Tensor]] = {}


def _method(function: Callable[..., Any], result: str) -> Callable[..., Tensor]:
    """Return the method that hands all its arguments on to NumPy's function of the same meaning."""

    @wraps(function, assigned=("__name__",), updated=())
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        operation = operations[function]
        try:
            return operation(self, *args, **kwargs)
        except TypeError:
            if fit(operation, (self, *args), kwargs):
                raise
        return call_by_name(function, operation, (self, *args), kwargs)

    method.__doc__ = f"Return {result}."
    return method


def _in_place(name: str, new: str) -> Callable[..., Any]:
    """Return the method that would change the Tensor itself, which raises."""

    def refuse(self: Tensor, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            f"a Tensor's value never changes: instead of x.{name}(...), which works in place, "
            f"write x = {new}"
        )

    return refuse


# What loads the rules for a module's functions once that module has been imported, by its name: for
# modules that take long to import.
awaited: dict[str, Callable[[], Any]] = {}


class NDArrayInterface(Conversions):
    """The operators, methods and protocols of ndarray, each handed on to its operation."""

    __slots__ = ()

    __pandas_priority__ = 5000  # so that a Series or DataFrame in front leaves the operator to us

    # -- NumPy's protocols -------------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, x: Any, *others: Any, **kwargs: Any
    ) -> Any:
        operation = operations.get(ufunc)
        if operation is None or kwargs or method != "__call__":
            return other_ufunc(ufunc, method, (x, *others), kwargs)
        return operation(x, *others) if others else operation(x)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        operation = operations.get(function)
        if operation is None:
            raise function_refusal(function)
        for value in kwargs.values():
            if value is np._NoValue:
                return call_by_name(function, operation, args, kwargs)
        try:
            return operation(*args, **kwargs)
        except TypeError:
            if fit(operation, args, kwargs):
                raise
        return call_by_name(function, operation, args, kwargs)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return np

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

    def __divmod__(self, other: Operand) -> Any:
        return operations[np.divmod](self, other)

    def __rdivmod__(self, other: Operand) -> Any:
        return operations[np.divmod](other, self)

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

    def __round__(self, decimals: int | None = None) -> Tensor:
        return operations[np.round](self, decimals or 0)

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

    def __lshift__(self, other: Operand) -> Tensor:
        return operations[np.left_shift](self, other)

    def __rlshift__(self, other: Operand) -> Tensor:
        return operations[np.left_shift](other, self)

    def __rshift__(self, other: Operand) -> Tensor:
        return operations[np.right_shift](self, other)

    def __rrshift__(self, other: Operand) -> Tensor:
        return operations[np.right_shift](other, self)

    def __invert__(self) -> Tensor:
        return operations[np.invert](self)

    def __contains__(self, entry: Any) -> bool:
        return bool(operations[np.any](self == entry))

    def __getitem__(self, key: Any) -> Tensor:
        return operations[operator.getitem](self, key)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __delitem__(self, key: Any) -> NoReturn:
        raise TypeError("a Tensor's value never changes: instead of del x[i] write np.delete(x, i)")

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

    @real.setter
    def real(self, v: Any) -> NoReturn:
        raise assignment_error("real", "x = v + 1j * x.imag")

    @property
    def imag(self) -> Tensor:
        """The imaginary part."""
        return operations[np.imag](self)

    @imag.setter
    def imag(self, v: Any) -> NoReturn:
        raise assignment_error("imag", "x = x.real + 1j * v")

    @property
    def flat(self) -> Tensor:
        """The entries along one axis."""
        return operations[np.ravel](self)

    @flat.setter
    def flat(self, v: Any) -> NoReturn:
        raise assignment_error("flat", "x = np.reshape(np.resize(v, x.size), x.shape)")

    @property
    def shape(self) -> Shape:
        """The lengths of the axes."""
        return self._value.shape

    @shape.setter
    def shape(self, v: Any) -> NoReturn:
        raise assignment_error("shape", "x = x.reshape(v)")

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._value.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return self._value.dtype

    @dtype.setter
    def dtype(self, v: Any) -> NoReturn:
        raise assignment_error("dtype", "x = x.astype(v)")

    @property
    def itemsize(self) -> int:
        """The number of bytes of an entry."""
        return int(self._value.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """The number of bytes of all entries."""
        return self.itemsize * int(self._value.size)

    @property
    def at(self) -> At:
        """The places of the entries: ``x.at[key].set(v)`` stands for ``x[key] = v``.

        ``add`` and ``multiply`` go the same way, and all of them return a new Tensor.
        """
        return At(self)

    sum = _method(np.sum, "the sum over the axes, all of them if none is named")
    mean = _method(np.mean, "the mean over the axes, all of them if none is named")
    prod = _method(np.prod, "the product over the axes, all of them if none is named")
    var = _method(np.var, "the variance over the axes, all of them if none is named")
    std = _method(np.std, "the standard deviation over the axes; its derivative is 0 where it is 0")
    max = _method(np.max, "the largest entry along the axes; ties share the derivative equally")
    min = _method(np.min, "the smallest entry along the axes; ties share the derivative equally")
    cumsum = _method(np.cumsum, "the running sums along an axis")
    cumprod = _method(np.cumprod, "the running products along an axis")
    trace = _method(np.trace, "the sum of the diagonal of two axes")
    dot = _method(np.dot, "the inner or matrix product")
    clip = _method(np.clip, "the entries held between two bounds")
    astype = _method(np.ndarray.astype, "the entries cast to another type")

    ravel = _method(np.ravel, "the entries along one axis")
    flatten = _method(np.ravel, "the entries along one axis")
    swapaxes = _method(np.swapaxes, "the Tensor with two axes exchanged")
    squeeze = _method(np.squeeze, "the Tensor without its axes of length 1")
    diagonal = _method(np.diagonal, "the diagonal of two axes")
    take = _method(np.take, "the entries at indices along an axis")
    repeat = _method(np.repeat, "the Tensor with each entry repeated along an axis")
    choose = _method(np.choose, "the entries of the arrays that these numbers choose")

    argmax = _method(np.argmax, "the index of the largest entry, a constant")
    argmin = _method(np.argmin, "the index of the smallest entry, a constant")
    argsort = _method(np.argsort, "the indices that would sort the entries, a constant")
    argpartition = _method(np.argpartition, "the indices that would partition them, a constant")
    searchsorted = _method(np.searchsorted, "the places among these sorted entries, constants")
    any = _method(np.any, "whether any entry is not zero, a constant")
    all = _method(np.all, "whether no entry is zero, a constant")
    round = _method(np.round, "the entries rounded, a constant")

    fill = _in_place("fill", "np.full_like(x, value)")
    itemset = _in_place("itemset", "x.at[key].set(v)")
    partition = _in_place("partition", "np.partition(x, k)")
    put = _in_place("put", "np.ravel(x).at[indices].set(v).reshape(x.shape)")
    resize = _in_place("resize", "np.resize(x, shape)")
    setfield = _in_place("setfield", "x.at[key].set(v)")
    sort = _in_place("sort", "np.sort(x)")

    def copy(self, order: Any = "C") -> Any:
        """Return an array of the same entries, which can be filled."""
        return operations[np.copy](self, order)

    def conj(self) -> Tensor:
        """Return the complex conjugate."""
        return operations[np.conjugate](self)

    conjugate = conj

    def nonzero(self) -> Any:
        """Return the indices of the entries that are not zero, constants."""
        return operations[np.nonzero](self)

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Tensor:
        """Return the same entries in another shape."""
        return operations[np.reshape](self, shape[0] if len(shape) == 1 else shape, order)

    def transpose(self, *axes: Any) -> Tensor:
        """Return the Tensor with its axes reordered, reversed if no order is given."""
        order = axes[0] if len(axes) == 1 else axes or None
        return operations[np.transpose](self, order)

    def compress(self, condition: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the slices along an axis where a condition holds."""
        return call(np.compress, operations[np.compress], (condition, self, *args), kwargs)

    @property
    def device(self) -> Any:
        """Where the entries lie: "cpu" for NumPy's arrays."""
        return getattr(self._value, "device", "cpu")

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """Return the Tensor itself, which is on the only device that it can be on."""
        if device != self.device:
            raise ValueError(f"a Tensor of NumPy's arrays is on {self.device!r}, not {device!r}")
        return self


class At:
    """The places of a Tensor: ``x.at[key].set(v)`` stands for ``x[key] = v``."""

    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x

    def __getitem__(self, key: Any) -> Entries:
        return Entries(self.x, key)


class Entries:
    """The entries at a key, of which a new Tensor is made; repeated indices count each time."""

    __slots__ = ("key", "x")

    def __init__(self, x: Any, key: Any) -> None:
        self.x = x
        self.key = key

    def set(self, v: Operand) -> Tensor:
        """Return the Tensor with ``v`` in these places; where one is repeated, the last counts."""
        return operations[Entries.set](self, v)

    def add(self, v: Operand) -> Tensor:
        """Return the Tensor with ``v`` added in these places."""
        return operations[Entries.add](self, v)

    def multiply(self, v: Operand) -> Tensor:
        """Return the Tensor multiplied by ``v`` in these places."""
        return operations[Entries.multiply](self, v)


class _Absent:
    """An attribute of other arrays that a Tensor does not have, which says what to write."""

    def __init__(self, name: str, instead: str) -> None:
        self.name = name
        self.instead = instead

    def __get__(self, tensor: Any, owner: Any) -> NoReturn:
        raise AttributeError(f"a Tensor has no attribute {self.name!r}: write {self.instead}")


for _name, _instead in ATTRIBUTES.items():
    setattr(NDArrayInterface, _name, _Absent(_name, _instead))


def other_ufunc(ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call what the simple case does not cover: a ufunc's methods, and SciPy's functions."""
    for module, load_rules in awaited.items():
        if module in sys.modules:
            load_rules()
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    operation = operations.get(function)
    if operation is None:
        raise function_refusal(function)
    if "out" in kwargs:
        raise argument_refusal(function, "out")
    kwargs = {name: value for name, value in kwargs.items() if value is not np._NoValue}
    if method == "__call__":
        return call_ufunc(ufunc, operation, args, kwargs)
    return call(function, operation, args, kwargs)
