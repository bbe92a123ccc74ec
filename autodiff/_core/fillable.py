"""Arrays that can be filled: one name for a sequence of Tensors, written to as NumPy's arrays are.

A Tensor never changes. What ``np.zeros(3, like=x)`` makes does: of each entry it knows which of
the Tensors that were written it came from, and where in it. That is one integer, the entry's
origin, and NumPy itself keeps the account whatever the key: to write a Tensor is to write its
numbers, and a view of the array has a view of its origins. What is read is gathered by one op; and
an entry, or a part that was written at once, is the very Tensor that was written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from autodiff._core.array_kinds import refuse_container
from autodiff._core.conversions import Conversions
from autodiff._core.hook import NO_GRAD, PLAIN, recording
from autodiff._core.ndarray import NDArrayInterface, Operand, operations
from autodiff._core.pieces import Origin, Pieces
from autodiff._core.record import NUMBERS, value_of
from autodiff._core.tensor import Tensor, constant, new
from autodiff._core.types import Function

current_hook = recording.get
_BASIC = (int, slice, type(None), type(Ellipsis), np.integer)

# What NumPy's functions do whose first argument is an array that can be filled, where that is more
# than what they do with a Tensor: they write into it, or return it; the rules fill it in.
on_fillable: dict[Function, Function] = {}


class Fillable(Tensor, derives=True):
    """An array that can be written to. In any op it stands for the Tensor that it is then."""

    __slots__ = ("_constants", "_origin", "_part", "_pieces", "_present", "_source", "_writes")

    _pieces: Pieces  # of the whole array
    _origin: Origin  # the part of its origins that is seen here,
    _constants: NDArray[Any]  # and of its constants
    _source: Fillable | None  # what it is a view of,
    _part: Any  # and by which key or function
    _present: Tensor | None  # what it was after so many writes
    _writes: int

    # -- what it is --------------------------------------------------------------------------

    def at_present(self) -> Tensor:
        """Return the Tensor that it is now."""
        pieces, hook = self._pieces, current_hook()
        if hook is not PLAIN and hook is not NO_GRAD:
            hook.on_fillable(pieces.made)
        if not hook.records:
            pieces.settle()
            return pieces.read(self._origin, self._constants)
        if self._present is None or self._writes != pieces.writes:
            self._present, self._writes = self._read(pieces), pieces.writes
        return self._present

    def _read(self, pieces: Pieces) -> Tensor:
        if self._source is None:
            return pieces.read_all()
        pieces.settle()
        if pieces.gathered > pieces.origin.size:  # so often that one piece of all pays
            pieces.read_all()
        if pieces.whole_writes != pieces.writes:
            return pieces.read(self._origin, self._constants)
        source, part = self._source.at_present(), self._part
        return part(source) if callable(part) else source[part]

    def __getitem__(self, key: Any) -> Any:
        pieces, hook = self._pieces, current_hook()
        if hook is not PLAIN and hook is not NO_GRAD:
            hook.on_fillable(pieces.made)
        if type(key) is not int and type(key) is not slice:
            key = _plain_key(key)
        newest = None
        if pieces.newest:
            if self._source is None and (type(key) is int or _are_integers(key)):
                newest = pieces.newest.get(key)
            if newest is None:
                pieces.settle()
            elif newest._value.shape == ():
                return newest
        origin, constants = self._origin[key], self._constants[key]
        if not isinstance(origin, np.ndarray):
            number = origin.item()
            return constant(constants) if number < 0 else pieces.entry(number)
        if not _makes_view(key):
            return pieces.read(origin, constants)
        view = _array(constants, origin, pieces, self, key)
        view._present, view._writes = newest, pieces.writes
        return view

    def viewed_by(self, function: Function) -> Any:
        """Return what a function makes of it that NumPy may answer with views of an array."""
        origins, constants = function(self._origin), function(self._constants)
        if isinstance(origins, np.ndarray):
            if not np.may_share_memory(origins, self._origin):
                return function(self.at_present())
            return _array(constants, origins, self._pieces, self, function)
        return type(origins)(
            [
                _array(constants[i], origin, self._pieces, self, lambda x, i=i: function(x)[i])
                for i, origin in enumerate(origins)
            ]
        )

    # -- writing -----------------------------------------------------------------------------

    def __setitem__(self, key: Any, value: Any) -> None:
        pieces, hook = self._pieces, current_hook()
        if (
            type(value) is Tensor
            and hook is PLAIN
            and self._source is None
            and value.requires_grad
            and value._value.dtype is self._constants.dtype
            and not pieces.shown
            and pieces.hold(key, value)
        ):
            return
        if type(key) is not int and type(key) is not slice:
            key = _plain_key(key)
        if type(value) is not Tensor:
            if type(value) is Fillable and self._is_view_at(key, value):
                return  # of a[key] += v, which has written it by the view
            value = _as_value(value)
        if pieces.shown:
            _require_nothing_shown(pieces)
        if hook is not PLAIN and hook is not NO_GRAD:
            hook.on_fillable(pieces.made)
        elif type(value) is Tensor and not (value.requires_grad and hook.records):
            value = value._value
        pieces.settle()
        if type(value) is Tensor:
            pieces.write(self._origin, key, _cast(value, self._constants.dtype))
        else:
            self._write_constants(key, value)
        pieces.writes += 1

    def _write_constants(self, key: Any, value: Any) -> None:
        if np.iscomplexobj(value) and self._constants.dtype.kind != "c":
            raise _kind_error(np.asarray(value).dtype, self._constants.dtype)
        self._constants[key] = value
        if self._pieces.count:
            self._origin[key] = -1

    def _is_view_at(self, key: Any, value: Fillable) -> bool:
        """Whether a value is the view of this very part."""
        if value._pieces is not self._pieces or not _makes_view(key):
            return False
        own = self._origin[key]
        place = "__array_interface__"
        return isinstance(own, np.ndarray) and getattr(own, place) == getattr(value._origin, place)

    def take_result(self, result: Any) -> Fillable:
        """Become a result, as NumPy has it for ``out=`` and in augmented assignments."""
        result = _as_value(result)
        dtype = np.result_type(value_of(result))
        if not np.can_cast(dtype, self.dtype, "same_kind"):
            raise _kind_error(dtype, self.dtype)
        if len(np.shape(result)) > self.ndim:
            raise ValueError(
                f"a result of shape {np.shape(result)} does not fit into an array of shape "
                f"{self.shape}"
            )
        self[...] = result
        return self

    # -- an array's attributes ---------------------------------------------------------------

    @property
    def flat(self) -> Any:
        """The entries along one axis, which can be written to as those of an array."""
        return Flat(self)

    @flat.setter
    def flat(self, v: Any) -> None:
        Flat(self)[:] = v

    @property
    def real(self) -> Any:
        """The real part."""
        return self._component("real")

    @real.setter
    def real(self, v: Any) -> None:
        self[...] = v + 1j * self.imag if self.dtype.kind == "c" else v

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return self._component("imag")

    @imag.setter
    def imag(self, v: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("an array of real numbers has no imaginary part to write to")
        self[...] = self.real + 1j * v

    def _component(self, name: str) -> Any:
        if self.dtype.kind != "c" and name == "real":
            return self
        part = getattr(self.at_present(), name)
        if self.dtype.kind == "c":
            self._pieces.shown.append(ref(part))
        return part

    def __len__(self) -> int:
        return len(self._constants)

    def __repr__(self) -> str:
        return repr(self.at_present())

    def _plain(self) -> Any:
        return value_of(self.at_present())

    # -- methods that write ------------------------------------------------------------------

    def fill(self, value: Operand) -> None:
        """Write a number to all places."""
        self[...] = value

    def put(self, indices: Any, values: Operand, mode: str = "raise") -> None:
        """Write values to the places of these numbers, counted along one axis."""
        on_fillable[np.put](self, indices, values, mode)

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None) -> None:
        """Bring the entries into order along an axis."""
        self[...] = np.sort(self.at_present(), axis, kind, order)

    def partition(self, kth: Any, axis: int = -1, kind: Any = "introselect") -> None:
        """Bring the entries into order as far as the places ``kth`` are concerned."""
        self[...] = np.partition(self.at_present(), kth, axis, kind)

    # -- NumPy's protocols -------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "at":
            if type(args[0]) is Fillable:
                return on_fillable[np.ufunc.at](ufunc, *args)
        elif "out" in kwargs:
            outs = kwargs.pop("out")
            if any(type(out) is Fillable for out in outs):
                return on_fillable[np.ufunc](ufunc, method, args, kwargs, outs)
            kwargs["out"] = outs
        args = tuple(map(as_present, args))
        return getattr(ufunc, method)(*args, **{k: as_present(v) for k, v in kwargs.items()})

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if args and type(args[0]) is Fillable:
            operation = on_fillable.get(function)
            if operation is not None:
                return operation(*args, **kwargs)
        out = kwargs.get("out")
        if type(out) is Fillable:
            return out.take_result(function(*args, **{**kwargs, "out": None}))
        args, kwargs = as_present(args), as_present(kwargs)
        return super().__array_function__(function, types, args, kwargs)


class Flat:
    """The entries of an array along one axis, which can be written to: what ``a.flat`` is."""

    __slots__ = ("array",)

    def __init__(self, array: Fillable) -> None:
        self.array = array

    def _places(self, key: Any) -> Any:
        """Return the index of each entry that a key names."""
        shape = self.array.shape
        return np.unravel_index(np.arange(self.array.size)[_plain_key(key)], shape)

    def __getitem__(self, key: Any) -> Any:
        return self.array[self._places(key)] if self.array.ndim else self.array.ravel()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        places = self._places(key)
        count = np.shape(places[0]) if places else ()
        value = _as_value(value)
        if count:
            value = np.resize(np.ravel(value), count)
        elif np.size(value) != 1:
            raise ValueError(f"one entry takes one number, not values of shape {np.shape(value)}")
        else:
            value = np.reshape(value, ())
        self.array[places] = value

    def __len__(self) -> int:
        return self.array.size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))


def fillable(constants: NDArray[Any]) -> Fillable:
    """Return an array that can be filled, with constants for a start, which then belong to it."""
    pieces = Pieces(constants)
    return _array(constants, pieces.origin, pieces, None, None)


def as_present(x: Any) -> Any:
    """Return arguments with the Tensors that arrays which can be filled are now."""
    if type(x) is Fillable:
        return x.at_present()
    if type(x) in (list, tuple):
        return type(x)(map(as_present, x))
    if type(x) is dict:
        return {name: as_present(part) for name, part in x.items()}
    return x


def _array(constants: Any, origin: Origin, pieces: Any, source: Any, part: Any) -> Fillable:
    out = new(Fillable)
    out._constants = constants
    out._origin = origin
    out._pieces = pieces
    out._source = source
    out._part = part
    out._present = None
    return out


def _plain_key(key: Any) -> Any:
    """Return a key with plain arrays in the place of Tensors."""
    if type(key) is int or type(key) is slice:
        return key
    if type(key) is tuple:
        return tuple(map(_plain_key, key))
    return np.asarray(key) if isinstance(key, Tensor) else key


def _are_integers(key: Any) -> bool:
    return type(key) is tuple and {int}.issuperset(map(type, key))


def _makes_view(key: Any) -> bool:
    """Whether what NumPy reads at a key is a view."""
    if type(key) is int or type(key) is slice:
        return True
    keys = key if type(key) is tuple else (key,)
    return all(isinstance(k, _BASIC) and type(k) is not bool for k in keys)


def _as_value(value: Any) -> Any:
    """Return what is written as a Tensor, an array or a number."""
    if type(value) in NUMBERS or type(value) is Tensor:
        return value
    if type(value) is Fillable:
        return value.at_present()
    if type(value) in (list, tuple):
        if _holds_tensor(value):
            return operations[np.array](value).at_present()  # type: ignore[attr-defined]
        value = recording.get().as_array(value)
    if type(value) is not np.ndarray:
        refuse_container(value)
    stands_in = hasattr(value, "__array_function__") and not isinstance(value, np.ndarray)
    return constant(value) if stands_in else value


def _holds_tensor(x: Any) -> bool:
    return any(map(_holds_tensor, x)) if type(x) in (list, tuple) else isinstance(x, Tensor)


def _cast(value: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Return a Tensor in the type of the array that it is written to."""
    if value._value.dtype == dtype:
        return value
    kind = value._value.dtype.kind
    if (kind == "c" and dtype.kind != "c") or (value.requires_grad and dtype.kind not in "fc"):
        raise _kind_error(value._value.dtype, dtype)
    return value.astype(dtype)


def _kind_error(given: Any, dtype: Any) -> TypeError:
    return TypeError(
        f"an array of dtype {dtype} cannot hold numbers of dtype {given}: make it of that type, as "
        f"in np.zeros(shape, {given}, like=x)"
    )


def _require_nothing_shown(pieces: Pieces) -> None:
    pieces.shown = [part for part in pieces.shown if part() is not None]
    if pieces.shown:
        raise TypeError(
            "a complex array is written to while a part of it, z.real or z.imag, is held, which in "
            "NumPy would change with it: hold np.real(z) + 0 or np.imag(z) + 0 instead"
        )


# -- all else that an array has, of the Tensor that it is at present ---------------------------

_IN_PLACE = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "matmul": operator.matmul,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
}


def _in_place_by(operation: Function) -> Function:
    def become(self: Fillable, other: Any) -> Fillable:
        return self.take_result(operation(self.at_present(), as_present(other)))

    return become


def _operator(method: Function) -> Function:
    def call(self: Fillable, other: Any) -> Any:
        return method(self.at_present(), other.at_present() if type(other) is Fillable else other)

    return call


def _of_present(method: Function) -> Function:
    def call(self: Fillable, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        result = method(self.at_present(), *map(as_present, args), **as_present(kwargs))
        return result if out is None else out.take_result(result)

    return call


def _view_by(name: str) -> Function:
    def view(self: Fillable, *args: Any, **kwargs: Any) -> Any:
        return self.viewed_by(operator.methodcaller(name, *args, **kwargs))

    return view


def _attribute(self: Fillable, name: str) -> Any:
    return getattr(self.at_present(), name)


for _name, _operation in _IN_PLACE.items():
    setattr(Fillable, f"__i{_name}__", _in_place_by(_operation))
for _name in ("ravel", "reshape", "transpose", "swapaxes", "squeeze", "diagonal"):
    setattr(Fillable, _name, _view_by(_name))
for _name in ("T", "mT"):
    setattr(Fillable, _name, property(partial(Fillable.viewed_by, function=attrgetter(_name))))
for _name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes"):
    setattr(Fillable, _name, property(attrgetter(f"_constants.{_name}")))
for _name in (
    *("data", "requires_grad", "op", "inputs", "at", "grad", "name"),
    *("_value", "_values", "_index", "_grad"),
):
    setattr(Fillable, _name, property(partial(_attribute, name=_name)))
_KEPT = {"__init__", "__init_subclass__", "__iter__", "__contains__", "__array_namespace__"}
for _owner in (NDArrayInterface, Conversions, Tensor):
    for _name, _member in vars(_owner).items():
        if callable(_member) and _name not in _KEPT and _name not in vars(Fillable):
            binary = getattr(_member, "__code__", None) and _member.__code__.co_argcount == 2
            wrap = _operator if binary and _name.startswith("__") else _of_present
            setattr(Fillable, _name, wrap(_member))
