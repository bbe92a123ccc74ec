"""Arrays that can be filled: one name for a sequence of Tensors, written to as NumPy's arrays are.

A Tensor never changes. What ``np.zeros(3, like=x)`` makes does: of each entry it knows which of
the Tensors that were written it came from, and where in it. That is one integer, the entry's
origin, and NumPy itself keeps the account whatever the key: to write a Tensor is to write its
numbers, and a view of the array has a view of its origins. What is read is gathered by one op; and
an entry, or a part that was written at once, is the very Tensor that was written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff._core.arguments import first_argument, without_out
from autodiff._core.array_kinds import dispatches, refuse_container
from autodiff._core.corrections.corrections import type_correction
from autodiff._core.hook import NO_GRAD, PLAIN, recording
from autodiff._core.ndarray import operations
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
            return _as_constant(pieces.read(self._origin, self._constants))
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
            key = plain_key(key)
        if pieces.newest:
            newest = None
            if self._source is None and (type(key) is int or _are_integers(key)):
                newest = pieces.newest.get(key)
            if newest is not None:
                if newest._value.shape == ():
                    return newest if hook.records else _as_constant(newest)
                view = blank(Fillable, self._constants[key], self._origin[key], pieces, self, key)
                view._present, view._writes = newest, pieces.writes
                return view
            pieces.settle()
        origin, constants = self._origin[key], self._constants[key]
        if not isinstance(origin, np.ndarray):
            return self._entry(origin.item(), constants)
        if not makes_view(key):
            read = pieces.read(origin, constants)
            return read if hook.records else _as_constant(read)
        return blank(Fillable, constants, origin, pieces, self, key)

    def _entry(self, number: int, value: Any) -> Tensor:
        """Return the entry of an origin, or a constant."""
        if number < 0:
            return constant(value)
        entry = self._pieces.entry(number)
        return entry if current_hook().records else _as_constant(entry)

    def viewed_by(self, function: Function) -> Any:
        """Return what a function makes of it that NumPy may answer with views of an array."""
        origins, constants = function(self._origin), function(self._constants)
        if isinstance(origins, np.ndarray):
            if origins.size and not np.may_share_memory(origins, self._origin):
                return operations[np.copy](function(self.at_present()))
            return blank(Fillable, constants, origins, self._pieces, self, function)

        if not isinstance(origins, list | tuple):
            return function(self.at_present())

        def part(i: int) -> Any:
            if not isinstance(origins[i], np.ndarray):
                return self._entry(origins[i].item(), constants[i])
            view = partial(_nth, function, i)
            return blank(Fillable, constants[i], origins[i], self._pieces, self, view)

        self._pieces.settle()
        return type(origins)(map(part, range(len(origins))))

    # -- writing -----------------------------------------------------------------------------

    def __setitem__(self, key: Any, value: Any) -> None:
        pieces, hook = self._pieces, current_hook()
        if (
            type(value) is Tensor
            and hook is PLAIN
            and self._source is None
            and value.requires_grad
            and value._value.dtype is self._constants.dtype
            and pieces.hold(key, value)
        ):
            return
        if type(key) is not int and type(key) is not slice:
            key = plain_key(key)
        if type(value) is not Tensor:
            if isinstance(value, Fillable) and self._is_view_at(key, value):
                return  # of a[key] += v, which has written it by the view
            value = as_value(value)
        if hook is not PLAIN and hook is not NO_GRAD:
            hook.on_fillable(pieces.made)
        elif type(value) is Tensor and not (value.requires_grad and hook.records):
            value = value._value
        pieces.require_open()
        pieces.settle()
        if type(value) is Tensor:
            pieces.write(self._origin, key, _cast(value, self._constants.dtype))
        else:
            self._write_constants(key, value)
        pieces.writes += 1

    def _write_constants(self, key: Any, value: Any) -> None:
        if np.iscomplexobj(value) and self._constants.dtype.kind != "c":
            raise kind_error(np.asarray(value).dtype, self._constants.dtype)
        self._constants[key] = value
        if self._pieces.count:
            self._origin[key] = -1

    def _is_view_at(self, key: Any, value: Fillable) -> bool:
        """Whether a value is the view of this very part."""
        if type(value) is not type(self) or value._pieces is not self._pieces:
            return False
        if not makes_view(key):
            return False
        own = self._origin[key]
        place = "__array_interface__"
        return isinstance(own, np.ndarray) and getattr(own, place) == getattr(value._origin, place)

    def take_result(self, result: Any) -> Fillable:
        """Become a result, as NumPy has it for ``out=`` and in augmented assignments."""
        self[...] = self.fitting(result)
        return self

    def fitting(self, result: Any) -> Any:
        """Return a result as it can take the place of all entries, if it can."""
        result = as_value(result)
        dtype = np.result_type(value_of(result))
        if not np.can_cast(dtype, self.dtype, "same_kind"):
            raise kind_error(dtype, self.dtype)
        if np.shape(result) != self.shape:
            raise ValueError(
                f"a result of shape {np.shape(result)} does not fit into an array of shape "
                f"{self.shape}"
            )
        return result

    # -- NumPy's protocols -------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "at":
            if isinstance(args[0], Fillable):
                return on_fillable[np.ufunc.at](ufunc, *args)
        elif any(isinstance(out, Fillable) for out in kwargs.get("out", ())):
            return on_fillable[np.ufunc](ufunc, method, args, kwargs)
        return getattr(ufunc, method)(*as_present(args), **as_present(kwargs))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        operation = on_fillable.get(function)
        if operation is not None and isinstance(first_argument(function, args, kwargs), Fillable):
            return operation(*args, **kwargs)
        args, kwargs, out = without_out(function, args, kwargs)
        if isinstance(out, Fillable):
            out.take_result(function(*args, **kwargs))
            return out
        return super().__array_function__(function, types, as_present(args), as_present(kwargs))


def fillable(constants: NDArray[Any]) -> Fillable:
    """Return an array that can be filled, with constants for a start, which then belong to it."""
    pieces = Pieces(constants)
    out: Fillable = blank(Fillable, constants, pieces.origin, pieces, None, None)
    return out


def as_present(x: Any) -> Any:
    """Return arguments with the Tensors that arrays which can be filled are now."""
    if isinstance(x, Fillable):
        return x.at_present()
    if type(x) in (list, tuple):
        return type(x)(map(as_present, x))
    if type(x) is dict:
        return {name: as_present(part) for name, part in x.items()}
    return x


def blank(
    kind: type[Fillable], constants: Any, origin: Origin, pieces: Pieces, source: Any, part: Any
) -> Any:
    """Return an array that sees these constants and origins, a view if it has a source."""
    out = new(kind)
    out._constants = constants
    out._origin = origin
    out._pieces = pieces
    out._source = source
    out._part = part
    out._present = None
    return out


def _nth(function: Function, i: int, x: Any) -> Any:
    return function(x)[i]


def _as_constant(x: Tensor) -> Tensor:
    return constant(value_of(x)) if x.requires_grad else x


def plain_key(key: Any) -> Any:
    """Return a key with plain arrays in the place of Tensors."""
    if type(key) is int or type(key) is slice:
        return key
    if type(key) is tuple:
        return tuple(map(plain_key, key))
    return np.asarray(key) if isinstance(key, Tensor) else key


def _are_integers(key: Any) -> bool:
    return type(key) is tuple and {int}.issuperset(map(type, key))


def makes_view(key: Any) -> bool:
    """Whether what NumPy reads at a key is a view."""
    if type(key) is int or type(key) is slice:
        return True
    keys = key if type(key) is tuple else (key,)
    return all(isinstance(k, _BASIC) and type(k) is not bool for k in keys)


def as_value(value: Any) -> Any:
    """Return what is written as a Tensor, an array or a number."""
    if type(value) in NUMBERS or type(value) is Tensor:
        return value
    if isinstance(value, Fillable):
        return value.at_present()
    if type(value) in (list, tuple):
        if _holds_tensor(value):
            return as_present(operations[np.array](value))
        value = recording.get().as_array(value)
    if type(value) is not np.ndarray:
        refuse_container(value)
    return constant(value) if dispatches(value) else value


def _holds_tensor(x: Any) -> bool:
    return any(map(_holds_tensor, x)) if type(x) in (list, tuple) else isinstance(x, Tensor)


def _cast(value: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Return a Tensor in the type of the array that it is written to."""
    if value._value.dtype == dtype:
        return value
    kind = value._value.dtype.kind
    if (kind == "c" and dtype.kind != "c") or (value.requires_grad and dtype.kind not in "fc"):
        raise kind_error(value._value.dtype, dtype)
    return value.astype(dtype)


def kind_error(given: Any, dtype: Any) -> TypeError:
    """Return the error for numbers that do not fit into an array of another kind."""
    correction = type_correction(given)
    return TypeError(
        f"an array of dtype {dtype} cannot hold numbers of dtype {given}: "
        + (correction or f"make it of that type, as in np.zeros(shape, np.{given}, like=x)")
    )
