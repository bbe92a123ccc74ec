"""How each kind of call is written: into an array that is there, as an expression, as a number."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff._core.machine import LARGE, SMALL_PRODUCT
from autodiff.compiled import _functions as functions
from autodiff.compiled._forms import (
    CHANGING,
    JOINING,
    Kind,
    is_reduction,
    is_static,
    is_ufunc,
    pieces_of,
    render_key,
)
from autodiff.compiled._functions import Opaque, Part
from autodiff.compiled._operands import is_uniform, kind_of_operand, operands, shape_of, value_of
from autodiff.compiled._places import OUTSIDE, Place
from autodiff.compiled._program import Node

if TYPE_CHECKING:
    from autodiff.compiled._writer import Writer

_UFUNCS = [
    *(np.add, np.subtract, np.multiply, np.divide, np.less, np.less_equal, np.greater),
    *(np.greater_equal, np.equal, np.not_equal),
]
INFIX: dict[Any, str] = dict(
    zip(_UFUNCS, ["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="], strict=True)
)
_OPERATORS = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.lt, operator.le),
    *(operator.gt, operator.ge, operator.eq, operator.ne, operator.floordiv, operator.mod),
    *(operator.pow, operator.and_, operator.or_, operator.xor),
]
_SIGNS = [*INFIX.values(), "//", "%", "**", "&", "|", "^"]
OPERATORS: dict[Any, str] = dict(zip(_OPERATORS, _SIGNS, strict=True))
# Functions of two that take out= by keyword alone.
_KEYWORD_OUT = frozenset({np.maximum, np.minimum})


def write_node(w: Writer, node: Node) -> None:
    """Write the statements that compute a node."""
    kind = w.plan.kinds[node]
    if kind is Kind.VIEW:
        _write_view(w, node)
        return
    if kind is Kind.OUT and node.function is functions.full and node not in w.plan.owned:
        return  # a constant
    if kind is Kind.OUT:
        write_out(w, node, w.plan.places[node])
    elif kind is Kind.NUMBER:
        w.assign(w.new_number(node), number(w, node))
    else:
        name = w.local(node)
        w.assign(name, expression(w, node), node)


def _write_view(w: Writer, node: Node) -> None:
    """Write a view that has to be computed; others are made at their first use."""
    place, x = w.plan.places.get(node), node.inputs[0]
    if place is None:
        return
    if place.storage.kind == OUTSIDE and place.parent is None and not place.name:  # of a constant
        made = expression(w, node)  # which may name the constant by this very place
        if not place.name:
            place.name = w.fresh("a")
            w.assign(place.name, made)
    elif node.function is functions.reshape and w.plan.places[x].storage is not place.storage:
        # of entries that do not lie in order, which are copied
        whole = place.in_shape(x.shape)
        assert whole is not None
        w.call(f"{w.name(whole)}[...] = {w.text(x)}", place)


# -- into an array -------------------------------------------------------------------------------


def write_out(w: Writer, node: Node, place: Place) -> None:
    """Write what computes a node into its place."""
    function = node.function
    if not place.name and place.parent is None and not place.storage.strict:
        value = expression(w, node)
        place.name = w.fresh("r")
        w.assign(place.name, value, node)
    elif type(function) is np.ufunc and function is not np.matmul:
        args = ", ".join(operands(w, node))
        by_keyword = "out=" if function in _KEYWORD_OUT else ""
        w.call(f"{w.function(function)}({args}, {by_keyword}{w.name(place)})", node)
    elif function in CHANGING:
        _write_change(w, node, place)
    elif function in JOINING:
        for x, key in pieces_of(node):
            _write_piece(w, x, place, key)
    elif function is functions.scatter:
        _write_scatter(w, node, place)
    elif function is np.where:
        _write_choice(w, node, place)
    elif function in (functions.astype, functions.copy, functions.reshape):
        copy_into(w, place, node.inputs[0])
    elif function is np.matmul:
        x, y = (w.text(x) for x in node.inputs)
        if _is_small_product(node) and place.contiguous:
            w.call(f"{x}.dot({y}, {w.name(place)})", node)
        else:
            w.call(f"{w.bind(np.matmul, 'matmul')}({x}, {y}, {w.name(place)})", node)
    else:
        f, x = w.reduction(function), w.text(node.inputs[0])
        rest = ", True" if node.options["keepdims"] else ""
        w.call(f"{f}({x}, {_axes(node)}, None, {w.name(place)}{rest})", node)


def copy_into(w: Writer, place: Place, x: Any) -> None:
    """Write the entries of an array or number into a place."""
    if type(x) is Node and w.plan.places.get(x) is place:
        return
    target = w.name(place)
    if is_uniform(w, x):
        x = x.options["value"]
    if isinstance(value_of(x), np.ndarray):
        w.call(f"{target}[...] = {w.text(x)}", place)
    else:
        w.call(f"{target}.fill({w.text(x)})", place)


def _write_piece(w: Writer, x: Any, place: Place, key: Any) -> None:
    """Write a piece where it belongs, if it was not computed there."""
    view = w.view(place, key)
    if view is None:
        w.call(f"{w.name(place)}[{render_key(key)}] = {w.text(x)}", 1)
    else:
        copy_into(w, view, x)


def _write_change(w: Writer, node: Node, place: Place) -> None:
    x, v, *parts = node.inputs
    key = node.options["key"]
    copy_into(w, place, x)
    if node.function is functions.add_at:
        at = w.at(node.options.get("ufunc", np.add))
        text = w.render(key, [_apart_from(w, p, place) for p in parts])
        w.call(f"{at}({w.name(place)}, {text}, {_apart_from(w, v, place)})", node)
    elif is_static(key):
        _write_piece(w, v, place, key)
    else:
        text = render_key(key, [_apart_from(w, p, place) for p in parts])
        w.call(f"{w.name(place)}[{text}] = {_apart_from(w, v, place)}", node)


def _apart_from(w: Writer, x: Any, place: Place) -> str:
    """Return the text of an operand: of one that shares memory with a place, of a copy."""
    text = w.text(x)
    own = w.plan.places.get(x) if type(x) is Node else None
    shared = own is not None and own.storage is place.storage and isinstance(x.value, np.ndarray)
    return f"{text}.copy()" if shared else text


def _write_scatter(w: Writer, node: Node, place: Place) -> None:
    scattering = w.plan.scatterings[node]
    parts = node.inputs[len(node.options["keys"]) :]
    for key in scattering.zeros:
        view = w.view(place, key)
        assert view is not None
        w.call(f"{w.name(view)}.fill(0)", view)
    for x, key in scattering.assigned:
        _write_piece(w, x, place, key)
    for x, key in scattering.added:
        if is_static(key):
            view = w.view(place, key)
            if view is None:
                w.call(f"{w.name(place)}[{render_key(key)}] += {w.text(x)}", 1)
            else:
                target = w.name(view)
                add = w.bind(np.add, "add")
                w.call(f"{add}({target}, {w.operand(x, view_dtype(place))}, {target})", view)
        elif any(isinstance(value_of(p), np.ndarray) for p in parts):
            text = w.render(key, [w.text(p) for p in parts])
            w.call(f"{w.at(np.add)}({w.name(place)}, {text}, {w.text(x)})", node)
        else:
            text = render_key(key, [w.text(p) for p in parts])
            w.call(f"{w.name(place)}[{text}] += {w.text(x)}", node)


def view_dtype(place: Place) -> Any:
    """Return the type of the entries of a place."""
    return place.storage.dtype


def _write_choice(w: Writer, node: Node, place: Place) -> None:
    """Write np.where: everywhere the one, then the other where the condition holds."""
    condition, x, y = node.inputs
    copy_into(w, place, y)
    copyto = w.bind(np.copyto, "copyto")
    mask = w.text(condition.options["value"] if is_uniform(w, condition) else condition)
    if not _is_mask(condition) or is_uniform(w, condition):
        mask = f"{w.bind(np.asarray, 'asarray')}({mask}, bool)"
    x_text = w.operand(x.options["value"] if is_uniform(w, x) else x, node.dtype)
    w.call(f"{copyto}({w.name(place)}, {x_text}, where={mask})", node)


def _is_mask(x: Any) -> bool:
    value = value_of(x)
    return isinstance(value, np.ndarray) and value.dtype == bool


def _is_small_product(node: Node) -> bool:
    """Return whether dot takes less time than matmul, as of BLAS's types it does."""
    x, y = node.inputs
    alike = all(shape_of(v) and getattr(v, "dtype", None) == node.dtype for v in (x, y))
    flat = len(shape_of(x)) <= 2 and len(shape_of(y)) <= 2
    known = node.dtype is not None and node.dtype.char in "fdFD"
    return known and alike and flat and prod(shape_of(x)) < SMALL_PRODUCT


def _axes(node: Node) -> str:
    axes = node.options["axis"]
    x = node.inputs[0]
    if len(axes) == len(shape_of(x)):
        return "None"
    return str(axes[0]) if len(axes) == 1 else str(axes)


# -- as an expression ----------------------------------------------------------------------------


def expression(w: Writer, node: Node) -> str:
    """Return the expression that computes a node, whatever it gives."""
    function = node.function
    if is_reduction(function):
        f, x = w.reduction(function), w.text(node.inputs[0])
        rest = ", keepdims=True" if node.options["keepdims"] else ""
        return f"{f}({x}, {_axes(node)}{rest})"
    texts = [w.text(x) for x in node.inputs]
    if is_ufunc(function):
        if function is np.matmul and _is_small_product(node):
            return f"{texts[0]}.dot({texts[1]})"
        return f"{w.function(function)}({', '.join(operands(w, node))})"
    form = _EXPRESSIONS.get(function)
    if form is not None:
        return form(w, node, texts)
    if type(function) is Opaque:
        if function.function in _METHODS and _is_of_array(node):
            function = Opaque(_METHODS[function.function], function.args, function.kwargs)
        args = [w.render(x, texts) for x in function.args]
        args += [f"{k}={w.render(x, texts)}" for k, x in function.kwargs.items()]
        return f"{w.function(function.function)}({', '.join(args)})"
    args = texts + [f"{k}={w.literal(x)}" for k, x in node.options.items()]
    return f"{w.function(function)}({', '.join(args)})"


# Methods that do what functions do, whose way there takes a microsecond.
_METHODS: dict[Any, Any] = {np.argmax: np.ndarray.argmax, np.argmin: np.ndarray.argmin}


def _is_of_array(node: Node) -> bool:
    """Return whether the first argument of an opaque call is one plain array."""
    args = node.function.args
    return (
        bool(args)
        and type(args[0]) is Part
        and isinstance(value_of(node.inputs[args[0].number]), np.ndarray)
    )


def _getitem(w: Writer, node: Node, texts: list[str]) -> str:
    return f"{texts[0]}[{render_key(node.options['key'], texts[1:])}]"


def _full(w: Writer, node: Node, texts: list[str]) -> str:
    shape, value, dtype = (node.options[k] for k in ("shape", "value", "dtype"))
    return f"{w.bind(np.full, 'full')}({shape}, {w.text(value)}, {w.dtype(dtype)})"


_EXPRESSIONS: dict[Any, Callable[[Writer, Node, list[str]], str]] = {
    functions.getitem: _getitem,
    functions.full: _full,
    functions.item: lambda w, node, texts: f"{texts[0]}[{node.options['number']}]",
    functions.astype: lambda w, node, texts: f"{texts[0]}.astype({w.dtype(node.options['dtype'])})",
    functions.copy: lambda w, node, texts: f"{texts[0]}.copy()",
    functions.shape_of: lambda w, node, texts: f"{texts[0]}.shape",
    functions.reshape: lambda w, node, texts: f"{texts[0]}.reshape({node.options['shape']})",
}


# -- as a number -----------------------------------------------------------------------------------


def number(w: Writer, node: Node) -> str:
    """Return the expression of a number: by Python's operators where they give the same."""
    function = node.function
    if is_ufunc(function) and function is not np.matmul:
        texts = [w.number(x) for x in node.inputs]
        if _is_real_arithmetic(node):
            if function in INFIX:
                return f"{texts[0]} {INFIX[function]} {texts[1]}"
            if function is np.negative:
                return f"-{texts[0]}"
            if function is np.square:
                return f"{texts[0]} * {texts[0]}"
        return f"{w.function(function)}({', '.join(texts)})"
    if function in OPERATORS:
        x, y = (w.text(x) for x in node.inputs)
        return f"{x} {OPERATORS[function]} {y}"
    if function is operator.neg:
        return f"-{w.text(node.inputs[0])}"
    if is_reduction(function):
        return _reduction(w, node)
    if function is np.matmul and _is_small_product(node):
        x, y = (w.text(x) for x in node.inputs)
        return f"{x}.dot({y})"
    return expression(w, node)


def _reduction(w: Writer, node: Node) -> str:
    """Return the expression of an array reduced to a number.

    A reduction takes .7 µs for 64 entries, a product with ones .23, reading the entry where the
    least or greatest stands .16.
    """
    reduce, x = node.function.__self__, node.inputs[0]
    place = w.plan.places.get(x) if type(x) is Node else None
    if place is None or _axes(node) != "None" or not 0 < x.size <= LARGE:
        return expression(w, node)
    real = x.dtype == node.dtype and x.dtype.char in "fd"
    if reduce is np.add and real and node not in w.plan.exact:
        flat = place.in_shape((x.size,)) if place.contiguous else None
        if flat is not None and not is_uniform(w, x):
            return f"{w.repetition((x.size,), 1, x.dtype)}.dot({w.name(flat)})"
    if x.ndim == 1 and x.dtype.kind in "iu" and reduce in _EXTREMES:
        text = w.name(place)
        return f"{text}[{text}.{_EXTREMES[reduce]}()]"
    return expression(w, node)


_EXTREMES = {np.minimum: "argmin", np.maximum: "argmax"}


def _is_real_arithmetic(node: Node) -> bool:
    """Return whether a ufunc of numbers is what Python's operator computes."""
    kinds = [kind_of_operand(x) for x in node.inputs]
    if node.function in _COMPARISONS and all(k is int or k in _INTEGERS for k in kinds):
        return True
    return any(k in _FLOATS for k in kinds) and all(
        k in _FLOATS or k in (float, int) for k in kinds
    )


_COMPARISONS = frozenset(_UFUNCS[4:])
_INTEGERS = (np.dtype(np.int64), np.dtype(np.int32))
_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
