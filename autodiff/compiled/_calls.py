"""What NumPy's functions and methods do with a stand-in: each in the few forms that passes know.

A function that is not named here is noted as it is, as one call.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from autodiff._core.arguments import without_out
from autodiff._core.ndarray import operations
from autodiff._core.place import asked_outside
from autodiff._core.tensor import Tensor
from autodiff.compiled import _functions as functions
from autodiff.compiled import _traced
from autodiff.compiled._creators import create, creates
from autodiff.rules._tails import where_known

if TYPE_CHECKING:
    from autodiff.compiled._tape import Tape

NO_VALUE = np._NoValue
_HERE = str(Path(__file__).parent)
_FOURIER = [f for name, f in vars(np.fft).items() if name.endswith(("fft", "fft2", "fftn"))]

# -- ufuncs ------------------------------------------------------------------------------------


def call_ufunc(tape: Tape, ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    """Note what a ufunc, or a method of it, computes of stand-ins."""
    if method != "at":  # whose key may be a tuple
        inputs = [_operand(x) for x in inputs]
    if kwargs:
        return _ufunc_with(tape, ufunc, method, inputs, dict(kwargs))
    if method == "__call__":
        if ufunc.nout == 1:
            return tape.call(ufunc, inputs)
        return tape.several(ufunc, inputs)
    if method == "reduce":
        return reduction(tape, ufunc, inputs[0], *inputs[1:])
    if method == "at":
        return _at(tape, ufunc, *inputs)
    return tape.opaque(getattr(ufunc, method), tuple(inputs), {}, same_shape=True)


def _operand(x: Any) -> Any:
    """Return a list of numbers, arrays and stand-ins as one of them."""
    if not isinstance(x, list | tuple):
        return x
    parts = [_operand(y) for y in x]
    return np.stack(parts) if any(type(y) is _traced.Traced for y in parts) else np.asarray(x)


def _ufunc_with(tape: Tape, ufunc: Any, method: str, inputs: list[Any], kwargs: Any) -> Any:
    """Note a ufunc with keywords: what it writes to, where, and the rest as it is."""
    out = kwargs.pop("out", None)
    where = kwargs.pop("where", True)
    target = out[0] if isinstance(out, tuple) else out
    several = isinstance(out, tuple) and len(out) > 1
    if several or (target is not None and type(target) is not _traced.Traced):
        raise tape.refuse(
            f"np.{ufunc.__name__} of a compiled function writes by out= into an array that is made "
            "outside of it, or into several: assign what it returns"
        )
    if method == "reduce" and not kwargs.keys() - {"axis", "keepdims", "dtype", "initial"}:
        result = reduction(tape, ufunc, *inputs, **{**kwargs, "where": where})
    elif where is not True and target is None:
        raise tape.refuse(
            f"np.{ufunc.__name__} with where= needs an out=, or its rest is undefined"
        )
    elif kwargs:
        result = tape.opaque(getattr(ufunc, method), tuple(inputs), kwargs, same_shape=True)
    else:
        result = call_ufunc(tape, ufunc, method, inputs, {})
    if target is None:
        return result
    if where is not True and method == "__call__":
        result = tape.call(np.where, [where, result, target])
    target.write(result)
    return target


def reduction(
    tape: Tape,
    ufunc: Any,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = NO_VALUE,
    where: Any = True,
) -> Any:
    """Note the reduction of an array over axes, which are counted from the front."""
    keepdims = bool(keepdims) if keepdims is not NO_VALUE else False
    if initial is NO_VALUE and where is True and dtype is None and x.ndim:
        axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
        result = tape.call(ufunc.reduce, [x], {"axis": axes, "keepdims": keepdims})
    else:
        rest = {"dtype": dtype, "initial": initial, "where": where}
        given = {k: v for k, v in rest.items() if v is not NO_VALUE and v is not None}
        kwargs = {"axis": axis, "keepdims": keepdims, **given}
        result = tape.opaque(ufunc.reduce, (x,), kwargs, same_shape=True)
    if out is None:
        return result
    out.write(result)
    return out


def _at(tape: Tape, ufunc: Any, x: Any, key: Any, *values: Any) -> None:
    """Note what ufunc.at does to an array."""
    if type(x) is not _traced.Traced:
        raise tape.refuse(
            f"np.{ufunc.__name__}.at of a compiled function writes into an array that is made "
            "outside of it: begin with a copy of an argument, or with np.zeros_like of one"
        )
    options, parts, _ = _traced._key(key)
    v = values[0] if values else 0
    x.write(tape.call(functions.add_at, [x, v, *parts], {**options, "ufunc": ufunc}))


# -- functions ---------------------------------------------------------------------------------

_known: dict[Callable[..., Any], Callable[..., Any]] = {}


def call_function(tape: Tape, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Note what a NumPy function computes of stand-ins."""
    kwargs = {k: v for k, v in kwargs.items() if v is not NO_VALUE}
    if function in operations and any(
        issubclass(type(x), Tensor) for x in (*args, *kwargs.values())
    ):
        return operations[function](*args, **kwargs)  # where NumPy does not ask that argument
    args, kwargs, out = without_out(function, args, kwargs)
    if out is not None:
        _require_stand_in(tape, f"{function.__name__} with out=", out)
        out.write(call_function(tape, function, args, kwargs))
        return out
    if kwargs.get("overwrite_input") or (
        function is np.nan_to_num and not kwargs.get("copy", True)
    ):
        raise tape.refuse(f"np.{function.__name__} overwrites its input: leave that option out")
    known = _known.get(function)
    if known is not None:
        return known(tape, *args, **kwargs)
    if creates(function):
        return create(tape, function, args, kwargs)
    same_shape = _has_shape_of_its_own(function, (*args, *kwargs.values()))
    return _perhaps_view(tape, function, args, kwargs, same_shape)


def _perhaps_view(
    tape: Tape, function: Callable[..., Any], args: Any, kwargs: Any, same_shape: bool = True
) -> Any:
    """Note a call as it is; what NumPy makes a view may be read alone, for it is none here."""
    result = tape.opaque(function, args, kwargs, same_shape=same_shape)
    for view in result if isinstance(result, tuple | list) else (result,):
        for x in args:
            if type(view) is type(x) is _traced.Traced:
                x.shown_by(view)
    return result


def _form(*names: Callable[..., Any]) -> Callable[[Any], Any]:
    def register(form: Any) -> Any:
        for name in names:
            _known[name] = form
        return form

    return register


# Functions whose results' shapes depend on values, and those where they do so on whole numbers.
_SHAPED_BY_VALUES = frozenset(
    {
        *(np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.unique_all, np.unique_counts),
        *(np.unique_inverse, np.unique_values, np.union1d, np.intersect1d, np.setdiff1d),
        *(np.setxor1d, np.trim_zeros, np.bincount, np.histogram),
        *(np.histogram_bin_edges, np.histogram2d, np.histogramdd, np.roots, np.poly),
        *(np.polymul, np.polydiv),
    }
)
_SHAPED_BY_NUMBERS = frozenset(
    {
        *(np.repeat, np.extract, np.compress, np.delete, np.insert, np.tile, np.pad, np.resize),
        *(np.linspace, np.logspace, np.geomspace, np.vander),
        *(np.diag, np.diagflat, np.diagonal, np.linalg.diagonal, np.diff, np.polyder, np.polyint),
        *(np.polyfit, np.lib.stride_tricks.sliding_window_view, *_FOURIER),
    }
)


def _has_shape_of_its_own(function: Callable[..., Any], operands: Iterable[Any]) -> bool:
    """Whether the shape of a function's result follows from the shapes of its operands."""
    if function in _SHAPED_BY_VALUES or (function.__module__ or "").partition(".")[0] != "numpy":
        return False
    return function not in _SHAPED_BY_NUMBERS or not any(map(_is_whole, operands))


def _is_whole(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(map(_is_whole, x))
    return type(x) is _traced.Traced and x.dtype.kind in "iub"


def _reducing(ufunc: Any) -> Callable[..., Any]:
    def form(tape: Tape, a: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        names: tuple[str, ...] = ("out", "keepdims", "initial", "where")
        if ufunc in (np.add, np.multiply):
            names = ("dtype", *names)
        given = dict(zip(names, args, strict=False)) | kwargs
        return reduction(tape, ufunc, _operand(a), axis, **given)

    return form


_form(np.sum)(_reducing(np.add))
_form(np.prod)(_reducing(np.multiply))
_form(np.max, np.amax)(_reducing(np.maximum))
_form(np.min, np.amin)(_reducing(np.minimum))
_form(np.any)(_reducing(np.logical_or))
_form(np.all)(_reducing(np.logical_and))


@_form(np.count_nonzero)
def _count_nonzero(tape: Tape, a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    return np.sum(a != 0, axis, keepdims=keepdims)  # NumPy before 2.3 gives a number of Python


@_form(np.mean)
def _mean(
    tape: Tape,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    **kwargs: Any,
) -> Any:
    if out is not None:
        out.write(_mean(tape, a, axis, dtype, None, keepdims, **kwargs))
        return out
    if dtype is not None or kwargs or a.dtype.char not in "fdFD" or not a.ndim:
        given = {"dtype": dtype, "keepdims": keepdims, **kwargs}
        given = {k: v for k, v in given.items() if v is not None and v is not NO_VALUE}
        return tape.opaque(np.mean, (a, axis), given, same_shape=True)
    total = reduction(tape, np.add, a, axis, keepdims=keepdims)
    count = a.size // total.size if total.size else a.size
    return total / count


@_form(np.where)
def _where(tape: Tape, condition: Any, *args: Any) -> Any:
    if not args:
        return tape.opaque(np.where, (condition,), {})
    return tape.call(np.where, [_operand(x) for x in (condition, *args)])


@_form(np.clip)
def _clip(tape: Tape, a: Any, a_min: Any = None, a_max: Any = None, **kwargs: Any) -> Any:
    low, high = kwargs.pop("min", a_min), kwargs.pop("max", a_max)
    if kwargs:
        return tape.opaque(np.clip, (a, low, high), kwargs, same_shape=True)
    a = a if low is None else np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


# -- the same entries in another shape or order --------------------------------------------------


@_form(np.reshape)
def _reshape(tape: Tape, a: Any, /, shape: Any, order: str = "C", **kwargs: Any) -> Any:
    shape = (operator.index(shape),) if not isinstance(shape, tuple | list) else shape
    lengths = tuple(map(operator.index, shape))
    if -1 in lengths:
        rest = -prod(lengths)
        lengths = tuple(a.size // max(rest, 1) if n == -1 else n for n in lengths)
    if order in ("K", "A") and a.ndim > 1:
        raise tape.refuse(f"order={order!r} depends on the memory of an array: write 'C' or 'F'")
    if order == "F":
        return _perhaps_view(tape, np.reshape, (a, lengths), {"order": order})
    return a.view_by(functions.reshape, {"shape": lengths})


@_form(np.ravel)
def _ravel(tape: Tape, a: Any, order: str = "C") -> Any:
    flat = _reshape(tape, a, (a.size,), order)
    value = a.node.value
    in_one_run = not isinstance(value, np.ndarray) or value.flags.c_contiguous
    return flat if in_one_run or order != "C" else np.copy(flat)  # as NumPy has it


@_form(np.transpose, np.permute_dims)
def _transpose(tape: Tape, a: Any, axes: Any = None) -> Any:
    order = range(a.ndim)[::-1] if axes is None else normalize_axis_tuple(axes, a.ndim)
    return a.view_by(functions.transpose, {"axes": tuple(order)})


@_form(np.swapaxes)
def _swapaxes(tape: Tape, a: Any, axis1: int, axis2: int) -> Any:
    order = list(range(a.ndim))
    i, j = normalize_axis_index(axis1, a.ndim), normalize_axis_index(axis2, a.ndim)
    order[i], order[j] = j, i
    return _transpose(tape, a, order)


@_form(np.matrix_transpose)
def _matrix_transpose(tape: Tape, x: Any, /) -> Any:
    return _swapaxes(tape, x, -1, -2)


@_form(np.moveaxis)
def _moveaxis(tape: Tape, a: Any, source: Any, destination: Any) -> Any:
    sources = normalize_axis_tuple(source, a.ndim)
    order = [i for i in range(a.ndim) if i not in sources]
    for to, axis in sorted(zip(normalize_axis_tuple(destination, a.ndim), sources, strict=True)):
        order.insert(to, axis)
    return _transpose(tape, a, order)


@_form(np.expand_dims)
def _expand_dims(tape: Tape, a: Any, axis: Any) -> Any:
    ndim = a.ndim + (len(axis) if isinstance(axis, tuple | list) else 1)
    new = normalize_axis_tuple(axis, ndim)
    lengths = iter(a.shape)
    return _reshape(tape, a, tuple(1 if i in new else next(lengths) for i in range(ndim)))


@_form(np.squeeze)
def _squeeze(tape: Tape, a: Any, axis: Any = None) -> Any:
    gone = range(a.ndim) if axis is None else normalize_axis_tuple(axis, a.ndim)
    if axis is not None and any(a.shape[i] != 1 for i in gone):
        raise ValueError(f"squeeze(axis={axis}) of shape {a.shape}: only axes of length 1 can go")
    return _reshape(tape, a, tuple(n for i, n in enumerate(a.shape) if n != 1 or i not in gone))


@_form(np.flip)
def _flip(tape: Tape, m: Any, axis: Any = None) -> Any:
    axes = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim)
    return m[tuple([slice(None, None, -1 if i in axes else None) for i in range(m.ndim)])]


@_form(np.broadcast_to)
def _broadcast_to(tape: Tape, array: Any, shape: Any, subok: bool = False) -> Any:
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if array.shape == shape:
        return array
    view = tape.call(functions.broadcast_to, [array], {"shape": shape})
    array.shown_by(view)
    return view


@_form(np.broadcast_arrays)
def _broadcast_arrays(tape: Tape, *args: Any, subok: bool = False) -> Any:
    shape = np.broadcast_shapes(*(np.shape(x) for x in args))
    return tuple(np.broadcast_to(x, shape) for x in args)


@_form(np.atleast_1d)
def _atleast_1d(tape: Tape, *arrays: Any) -> Any:
    results = [x if np.ndim(x) else np.reshape(x, (1,)) for x in arrays]
    return results[0] if len(results) == 1 else tuple(results)


@_form(np.copy)
def _copy(tape: Tape, a: Any, *args: Any, **kwargs: Any) -> Any:
    a = a.as_scalar() if a.is_number else a
    return tape.call(functions.copy, [a])


@_form(np.real)
def _real(tape: Tape, val: Any) -> Any:
    return val if val.dtype.kind != "c" else _perhaps_view(tape, np.real, (val,), {})


# -- joining -------------------------------------------------------------------------------------


def _arrays(arrays: Any) -> list[Any]:
    return [x if hasattr(x, "shape") else np.asarray(_operand(x)) for x in arrays]


@_form(np.concatenate, np.concat)
def _concatenate(tape: Tape, arrays: Any, /, axis: Any = 0, out: Any = None, **kwargs: Any) -> Any:
    arrays = _arrays(arrays)
    if axis is None or out is not None or kwargs or not arrays[0].ndim:
        result = tape.opaque(np.concatenate, (arrays, axis), kwargs, same_shape=True)
    else:
        axis = normalize_axis_index(axis, arrays[0].ndim)
        result = tape.call(functions.concatenate, arrays, {"axis": axis})
    if out is None:
        return result
    out.write(result)
    return out


@_form(np.stack)
def _stack(tape: Tape, arrays: Any, axis: int = 0, out: Any = None, **kwargs: Any) -> Any:
    arrays = _arrays(arrays)
    if kwargs or out is not None:
        return tape.opaque(np.stack, (arrays, axis), kwargs, same_shape=True)
    axis = normalize_axis_index(axis, arrays[0].ndim + 1)
    return tape.call(functions.stack, arrays, {"axis": axis})


@_form(np.hstack)
def _hstack(tape: Tape, tup: Any, **kwargs: Any) -> Any:
    arrays = [np.atleast_1d(x) for x in tup]
    return np.concatenate(arrays, 0 if arrays[0].ndim == 1 else 1, **kwargs)


# -- products ------------------------------------------------------------------------------------


@_form(np.dot)
def _dot(tape: Tape, a: Any, b: Any, out: Any = None) -> Any:
    a, b = _arrays((a, b))
    if out is not None:
        out.write(_dot(tape, a, b))
        return out
    if not a.ndim or not b.ndim:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return tape.call(np.matmul, [a, b])
    return tape.opaque(np.dot, (a, b), {}, same_shape=True)


@_form(np.vdot)
def _vdot(tape: Tape, a: Any, b: Any) -> Any:
    a, b = np.ravel(a), np.ravel(b)
    return tape.call(np.matmul, [np.conjugate(a) if a.dtype.kind == "c" else a, b])


@_form(np.linalg.lstsq)
def _lstsq(tape: Tape, a: Any, b: Any, rcond: Any = None) -> Any:
    result = tape.opaque(np.linalg.lstsq, (a, b, rcond), {}, same_shape=True)
    tape.guard_shape(result[1])  # there are no residuals where the rank is not full
    return result


# -- arrays of a shape, which depend on no value -------------------------------------------------


def _full_like(default: Any) -> Any:
    def form(tape: Tape, a: Any, *args: Any, **kwargs: Any) -> Any:
        names = (
            *(() if default is not None else ("fill_value",)),
            "dtype",
            "order",
            "subok",
            "shape",
        )
        given = dict(zip(names, args, strict=False)) | kwargs
        value = given.get("fill_value", default)
        shape = given.get("shape")
        shape = a.shape if shape is None else shape if isinstance(shape, tuple | list) else (shape,)
        shape = tuple(map(operator.index, shape))
        dtype = np.dtype(given.get("dtype") or a.dtype)
        if hasattr(value, "shape") or isinstance(value, list | tuple):
            value = _operand(value)
            cast = tape.call(functions.astype, [value], {"dtype": dtype})
            return np.broadcast_to(cast, shape)
        return tape.call(functions.full, [], {"shape": shape, "value": value, "dtype": dtype})

    return form


_form(np.zeros_like, np.empty_like)(_full_like(0))
_form(np.ones_like)(_full_like(1))
_form(np.full_like)(_full_like(None))

# -- facts, which the call's key fixes ------------------------------------------------------------

_form(np.shape)(lambda tape, a: a.shape)
_form(np.ndim)(lambda tape, a: a.ndim)
_form(np.size)(lambda tape, a, axis=None: a.size if axis is None else a.shape[axis])
_form(np.iscomplexobj)(lambda tape, x: x.dtype.kind == "c")
_form(np.isrealobj)(lambda tape, x: x.dtype.kind != "c")


def _by_types(function: Any, of_memory: bool = False) -> None:
    """State a function whose result depends on the types of arrays alone, or on their memory."""

    def plain(x: Any) -> Any:
        return x.current().value if type(x) is _traced.Traced else x

    def form(tape: Tape, *args: Any, **kwargs: Any) -> Any:
        if of_memory and asked_outside(_HERE):
            raise tape.refuse(
                f"np.{function.__name__} is of memory, which a replay arranges otherwise"
            )
        return function(*map(plain, args), **kwargs)

    _known[function] = form


_by_types(np.result_type)
_by_types(np.can_cast)
_by_types(np.common_type)
_by_types(np.may_share_memory, of_memory=True)
_by_types(np.shares_memory, of_memory=True)

# -- results whose type depends on values, and functions that call functions ----------------------


def _guarding_kind(function: Any) -> None:
    """State a function whose results are complex only if some entry is."""

    def form(tape: Tape, *args: Any, **kwargs: Any) -> Any:
        result = tape.opaque(function, args, kwargs, same_shape=function is not np.roots)
        some = result[0] if isinstance(result, tuple) else result
        tape.guard(tape.node(np.iscomplexobj, [some]))
        return result

    _known[function] = form


for _complex in (np.linalg.eig, np.linalg.eigvals, np.roots, np.real_if_close):
    _guarding_kind(_complex)


def _as_of_tensors(function: Any) -> None:
    """State a function that is computed in the steps in which it is of Tensors."""
    _known[function] = lambda tape, *args, **kwargs: operations[function](*args, **kwargs)


for _stepwise in (
    *(np.select, np.choose, np.piecewise, np.apply_along_axis, np.apply_over_axes),
    *(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, np.rot90, np.flipud, np.fliplr),
    *(np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10, np.emath.logn, np.emath.power),
    *(np.emath.arccos, np.emath.arcsin, np.emath.arctanh),
):
    _as_of_tensors(_stepwise)


@_form(where_known)
def _where_known(tape: Tape, *args: Any) -> Any:
    return tape.opaque(where_known, args, {}, same_shape=True)


# -- writing -------------------------------------------------------------------------------------


@_form(np.copyto)
def _copyto(tape: Tape, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    _require_stand_in(tape, "copyto", dst)
    dst.write(src if where is True else np.where(where, src, dst))


@_form(np.putmask)
def _putmask(tape: Tape, a: Any, /, mask: Any, values: Any) -> None:
    _change(tape, np.putmask, a, mask, values)


@_form(np.fill_diagonal)
def _fill_diagonal(tape: Tape, a: Any, val: Any, wrap: bool = False) -> None:
    _change(tape, np.fill_diagonal, a, val, wrap)


@_form(np.put)
def _put(tape: Tape, a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    _change(tape, np.put, a, ind, v, mode)


@_form(np.place)
def _place(tape: Tape, arr: Any, mask: Any, vals: Any) -> None:
    _change(tape, np.place, arr, mask, vals)


@_form(np.put_along_axis)
def _put_along_axis(tape: Tape, arr: Any, indices: Any, values: Any, axis: Any) -> None:
    _change(tape, np.put_along_axis, arr, indices, values, axis)


def _require_stand_in(tape: Tape, name: str, x: Any) -> None:
    if type(x) is not _traced.Traced:
        raise tape.refuse(
            f"np.{name} of a compiled function writes into an array that is made outside of it: "
            "begin with a copy of an argument, or with np.zeros_like of one"
        )


def _change(tape: Tape, function: Any, x: Any, *args: Any) -> None:
    """Note a function that changes its first argument as one that returns a changed copy."""
    _require_stand_in(tape, function.__name__, x)

    def changed_copy(x: Any, *args: Any) -> Any:
        out = np.array(x)
        function(out, *args)
        return out

    changed_copy.__name__ = function.__name__
    x.write(tape.opaque(changed_copy, (x, *args), {}, same_shape=True))


# -- methods -------------------------------------------------------------------------------------

_METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        *("sum", "prod", "mean", "max", "min", "any", "all", "var", "std", "cumsum", "cumprod"),
        *("argmax", "argmin", "argsort", "argpartition", "searchsorted", "nonzero", "ravel"),
        *("swapaxes", "squeeze", "diagonal", "trace", "dot", "clip", "round", "repeat", "take"),
        *("choose", "conj", "conjugate", "copy"),
    )
}
_METHODS["flatten"] = lambda x, order="C": np.copy(np.ravel(x, order))
_METHODS["compress"] = lambda x, condition, axis=None: np.compress(condition, x, axis)


def _method_reshape(x: Any, *shape: Any, order: str = "C", copy: Any = None) -> Any:
    lengths: Any = shape[0] if len(shape) == 1 else shape
    return np.reshape(x, lengths, order)  # type: ignore[call-overload]


def _method_transpose(x: Any, *axes: Any) -> Any:
    return np.transpose(x, axes[0] if len(axes) == 1 else axes or None)


def _method_astype(x: Any, dtype: Any, *args: Any, copy: bool = True, **kwargs: Any) -> Any:
    dtype = np.dtype(dtype)
    if x.dtype == dtype and not x.is_number:
        return np.copy(x) if copy and x.shape else x
    if x.is_number:
        return x.tape.call(dtype.type, [x])
    return x.tape.call(functions.astype, [x], {"dtype": dtype})


def _method_fill(x: Any, value: Any) -> None:
    x[...] = value


def _method_sort(x: Any, axis: int = -1, **kwargs: Any) -> None:
    x.write(np.sort(x, axis, **kwargs))


_METHODS |= {
    "reshape": _method_reshape,
    "transpose": _method_transpose,
    "astype": _method_astype,
    "fill": _method_fill,
    "sort": _method_sort,
}
_ATTRIBUTES: dict[str, Callable[[Any], Any]] = {
    "T": np.transpose,
    "mT": np.matrix_transpose,
    "real": np.real,
    "imag": np.imag,
    "flat": lambda x: x.view_by(functions.reshape, {"shape": (x.size,)}, through=True),
    "flags": lambda x: _fact_of_memory(x, "flags"),
    "strides": lambda x: _fact_of_memory(x, "strides"),
    "device": lambda x: "cpu",
}


_IN_PLACE = frozenset({"resize", "setflags", "setfield", "byteswap", "partition", "put"})


def _fact_of_memory(x: Any, name: str) -> Any:
    if asked_outside(_HERE):
        raise x.tape.refuse(f"x.{name} is of an array's memory, which a replay arranges otherwise")
    return getattr(x.current().value, name)


def method(x: Any, name: str) -> Any:
    """Return an attribute or a method of an array, of its stand-in."""
    if name in _METHODS:
        return partial(_METHODS[name], x)
    if name in _ATTRIBUTES:
        return _ATTRIBUTES[name](x)
    if name in _IN_PLACE:
        raise x.tape.refuse(f"x.{name}(...) changes an array in place: make a new one")
    value = x.current().value
    if name.startswith("__") or not hasattr(value, name):
        raise AttributeError(f"an array has no attribute {name!r}")
    return getattr(value if x.is_number else np.asarray(x), name)  # which reads the value
