"""Arrays that a recorded program makes by ``like=``: each replay makes them anew, to be filled."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff._core.hook import recording
from autodiff._core.ndarray import operations
from autodiff._core.tensor import Tensor
from autodiff.compiled import _functions as functions
from autodiff.compiled._traced import Traced

if TYPE_CHECKING:
    from autodiff.compiled._tape import Tape

_OF_CONSTANTS: list[Any] = [np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri, np.arange]
_OF_CONSTANTS += [np.frombuffer, np.fromstring]
_OF_ARRAYS: list[Any] = [np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray]


def creates(function: Any) -> bool:
    """Whether a NumPy function makes an array of what is asked of it."""
    return function in _OF_CONSTANTS or function in _OF_ARRAYS or function in _FORMS


def create(tape: Tape, function: Any, args: Any, kwargs: Any) -> Any:
    """Return the stand-in for an array that a NumPy function makes, which can be written to."""
    if _holds(Tensor, (args, kwargs)):
        return operations[function](*args, **kwargs)
    function = np.zeros if function is np.empty else function
    if function in _OF_CONSTANTS:
        return _writable(tape, function(*args, **kwargs))
    if function in _OF_ARRAYS:
        return _as_array(tape, *args, **kwargs)
    return _FORMS[function](tape, *args, **kwargs)


def _writable(tape: Tape, array: Any) -> Any:
    if array.size > 1 and array.tobytes() == array.size * array.flat[0].tobytes():
        options = {"shape": array.shape, "value": array.flat[0].item(), "dtype": array.dtype}
        return tape.call(functions.full, [], options)
    return tape.call(functions.copy, [array])


def _array(tape: Tape, object: Any, dtype: Any = None, *, copy: Any = True, **kwargs: Any) -> Any:
    ndmin = kwargs.pop("ndmin", 0)
    if not copy:
        return _as_array(tape, object, dtype)
    if not _holds(Traced, object):
        return _writable(tape, np.array(object, dtype, ndmin=ndmin))
    array = recording.get().as_array(object)
    array = array.copy() if dtype is None else array.astype(dtype)
    return array.reshape((1,) * (ndmin - array.ndim) + array.shape) if ndmin > array.ndim else array


def _as_array(tape: Tape, a: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    is_array = isinstance(a, np.ndarray) or (type(a) is Traced and not a.is_number)
    return a if is_array and (dtype is None or a.dtype == dtype) else _array(tape, a, dtype)


def _full(tape: Tape, shape: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    if not _holds(Traced, fill_value):
        return _writable(tape, np.full(shape, fill_value, dtype))
    value = recording.get().as_array(fill_value)
    value = value if dtype is None else value.astype(dtype)
    return np.broadcast_to(value, shape).copy()


def _from_function(tape: Tape, function: Any, shape: Any, *, dtype: Any = float, **k: Any) -> Any:
    return _array(tape, function(*np.indices(shape, dtype=dtype), **k))


def _from_iterable(tape: Tape, iter: Any, dtype: Any, count: int = -1, **kwargs: Any) -> Any:
    return _array(tape, list(iter if count < 0 else islice(iter, count)), dtype)


_FORMS: dict[Any, Any] = {
    np.array: _array,
    np.full: _full,
    np.fromfunction: _from_function,
    np.fromiter: _from_iterable,
    np.require: _as_array,
}


def _holds(kind: type, x: Any) -> bool:
    """Whether something of a kind stands in an argument."""
    if isinstance(x, dict):
        x = list(x.values())
    if isinstance(x, list | tuple):
        return any(_holds(kind, part) for part in x)
    return issubclass(type(x), kind)
