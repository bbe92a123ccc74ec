"""What an array that can be filled has of ndarray beside its entries: attributes and methods."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from functools import partial
from math import prod
from operator import attrgetter
from typing import Any

import numpy as np

from autodiff._core.conversions import Conversions
from autodiff._core.fillable import (
    Fillable,
    as_present,
    as_value,
    blank,
    kind_error,
    on_fillable,
    plain_key,
)
from autodiff._core.ndarray import NDArrayInterface, Operand
from autodiff._core.table import elementwise
from autodiff._core.tensor import Tensor
from autodiff._core.types import Function, Shape


def of_parts(real: Any, imag: Any) -> Any:
    """Return complex numbers of their parts: in ``real + 1j * imag`` infinity would make NaN."""
    shape = np.broadcast_shapes(np.shape(real), np.shape(imag))
    z = np.empty(shape, np.result_type(real, imag, np.complex64))
    z.real, z.imag = real, imag
    return z if shape else z[()]


_of_parts_op = elementwise(of_parts, lambda g, out, x, y: g, lambda g, out, x, y: 1j * g)


class Component(Fillable, derives=True):
    """The real or imaginary part of a complex array, by which that can be written to."""

    __slots__ = ()

    _source: Fillable
    _part: str

    def at_present(self) -> Tensor:
        """Return the Tensor that it is now."""
        part: Tensor = getattr(self._source.at_present(), self._part)
        return part

    def __getitem__(self, key: Any) -> Any:
        entries = self._source[key]
        if isinstance(entries, Fillable):
            return _component(entries, self._part)
        return getattr(entries, self._part)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, Component):
            value = value.at_present()
        value = as_value(value)
        if np.iscomplexobj(value):
            raise kind_error(np.result_type(value), self.dtype)
        entries = as_present(self._source[key])
        real, imag = entries.real, entries.imag
        written = (value, imag) if self._part == "real" else (real, value)
        self._source[key] = _of_parts_op(*written)

    def viewed_by(self, function: Function) -> Any:
        """Return what a function makes of it that NumPy may answer with views of an array."""
        seen = function(self._constants)
        if isinstance(seen, np.ndarray) and not np.may_share_memory(seen, self._constants):
            return np.copy(function(self.at_present()))
        views = self._source.viewed_by(function)
        if isinstance(views, list | tuple):
            return type(views)([_component(view, self._part) for view in views])
        return _component(views, self._part)


def _component(x: Any, name: str) -> Any:
    """Return the real or imaginary part of an array."""
    if not isinstance(x, Fillable):
        return getattr(x, name)
    if x.dtype.kind != "c":
        return x if name == "real" else getattr(x.at_present(), name)
    return blank(Component, getattr(x._constants, name), x._origin, x._pieces, x, name)


def _write_component(x: Fillable, v: Any, name: str) -> None:
    if x.dtype.kind != "c" and name == "imag":
        raise TypeError("an array of real numbers has no imaginary part to write to")
    _component(x, name)[...] = v


def places_at(shape: Shape, key: Any) -> Any:
    """Return the numbers, along one axis, of the entries at a key of an array of this shape."""
    keys = key if type(key) is tuple else (key,)
    if len(keys) == len(shape) and all(map(_is_integer, keys)):
        try:
            return np.ravel_multi_index(
                tuple(
                    np.where(np.asarray(k) < 0, k + n, k) for k, n in zip(keys, shape, strict=True)
                ),
                shape,
            )
        except ValueError:
            pass  # NumPy's own indexing says which is outside
    return np.arange(prod(shape)).reshape(shape)[key]


def _is_integer(key: Any) -> bool:
    return type(key) is int or (isinstance(key, np.ndarray | np.integer) and key.dtype.kind in "iu")


class Flat:
    """The entries of an array along one axis, which can be written to: what ``a.flat`` is."""

    __slots__ = ("array",)

    def __init__(self, array: Fillable) -> None:
        self.array = array if array.ndim else array.reshape(1)

    def _places(self, key: Any) -> Any:
        """Return the index of each entry that a key names."""
        return np.unravel_index(places_at((self.array.size,), plain_key(key)), self.array.shape)

    def __getitem__(self, key: Any) -> Any:
        return self.array[self._places(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        places = self._places(key)
        count = np.shape(places[0]) if places else ()
        value = as_value(value)
        if not np.size(value):
            return
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


def _write_flat(x: Fillable, v: Any) -> None:
    Flat(x)[:] = v


# -- methods that write ------------------------------------------------------------------------


def _fill(x: Fillable, value: Operand) -> None:
    """Write a number to all places."""
    if np.ndim(value):
        raise ValueError(f"fill takes one number, not values of shape {np.shape(value)}")
    x[...] = value


def _put(x: Fillable, indices: Any, values: Operand, mode: str = "raise") -> None:
    """Write values to the places of these numbers, counted along one axis."""
    on_fillable[np.put](x, indices, values, mode)


def _sort(x: Fillable, axis: int = -1, kind: Any = None, order: Any = None) -> None:
    """Bring the entries into order along an axis."""
    x[...] = np.sort(x.at_present(), axis, kind, order)


def _partition(x: Fillable, kth: Any, axis: int = -1, kind: Any = "introselect") -> None:
    """Bring the entries into order as far as the places ``kth`` are concerned."""
    x[...] = np.partition(x.at_present(), kth, axis, kind)


# -- methods that return an array itself, or one that can be filled as well ---------------------


def _plain_array(x: Fillable, dtype: Any = None, copy: bool | None = None) -> Any:
    """Return the entries as a plain array; one that nobody asked a copy of cannot be written to."""
    array = np.array(np.asarray(x.at_present(), dtype))
    array.flags.writeable = bool(copy)
    return array


def _length(x: Fillable) -> int:
    return len(x._constants)


def _copy(x: Fillable, memo: Any = None) -> Any:
    return np.copy(x.at_present())


def _flatten(x: Fillable, order: Any = "C") -> Any:
    """Return a copy of the entries along one axis."""
    return np.copy(np.ravel(x.at_present(), order))


def _astype(x: Fillable, dtype: Any, *args: Any, copy: bool = True, **kwargs: Any) -> Any:
    """Return a copy of the entries cast to another type, or the array itself if it may be."""
    if not copy and x.dtype == dtype:
        return x
    return np.copy(x.at_present().astype(dtype, *args, **kwargs))


def _conjugate(x: Fillable) -> Any:
    """Return the complex conjugate, of real numbers the array itself."""
    return x.at_present().conj() if x.dtype.kind == "c" else x


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
        return self.take_result(operation(self.at_present(), as_value(other)))

    return become


def _operator(method: Function) -> Function:
    def call(self: Fillable, other: Any) -> Any:
        return method(
            self.at_present(), other.at_present() if isinstance(other, Fillable) else other
        )

    return call


def _of_present(method: Function) -> Function:
    def call(self: Fillable, *args: Any, **kwargs: Any) -> Any:
        return method(self.at_present(), *args, **kwargs)

    return call


def _view_by(name: str) -> Function:
    def view(self: Fillable, *args: Any, **kwargs: Any) -> Any:
        return self.viewed_by(operator.methodcaller(name, *args, **kwargs))

    return view


def _view(self: Fillable, function: Function) -> Any:
    return self.viewed_by(function)


def _attribute(self: Fillable, name: str) -> Any:
    return getattr(self.at_present(), name)


for _name, _operation in _IN_PLACE.items():
    setattr(Fillable, f"__i{_name}__", _in_place_by(_operation))
for _name in ("ravel", "reshape", "transpose", "swapaxes", "squeeze", "diagonal"):
    setattr(Fillable, _name, _view_by(_name))
for _name in ("T", "mT"):
    setattr(Fillable, _name, property(partial(_view, function=attrgetter(_name))))
for _name in ("real", "imag"):
    _write = partial(_write_component, name=_name)
    setattr(Fillable, _name, property(partial(_component, name=_name), _write))
for _name, _member in {
    "fill": _fill,
    "put": _put,
    "sort": _sort,
    "partition": _partition,
    "__len__": _length,
    "__array__": _plain_array,
    "__copy__": _copy,
    "__deepcopy__": _copy,
    "flatten": _flatten,
    "astype": _astype,
    "conj": _conjugate,
    "conjugate": _conjugate,
    "flat": property(Flat, _write_flat),
}.items():
    setattr(Fillable, _name, _member)
for _name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes"):
    _refuse = getattr(NDArrayInterface, _name).fset
    setattr(Fillable, _name, property(attrgetter(f"_constants.{_name}"), _refuse))
for _name in (
    *("data", "requires_grad", "op", "inputs", "at", "grad", "name"),
    *("_value", "_values", "_index", "_grad"),
):
    setattr(Fillable, _name, property(partial(_attribute, name=_name)))
_KEPT = {
    "__hash__",
    "__init__",
    "__init_subclass__",
    "__iter__",
    "__contains__",
    "__array_namespace__",
}
for _owner in (NDArrayInterface, Conversions, Tensor):
    for _name, _member in vars(_owner).items():
        if callable(_member) and _name not in _KEPT and _name not in vars(Fillable):
            binary = getattr(_member, "__code__", None) and _member.__code__.co_argcount == 2
            wrap = _operator if binary and _name.startswith("__") else _of_present
            setattr(Fillable, _name, wrap(_member))
