"""The words for a call as far as its op and the inputs tell, after the fact."""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff._core.machine import product
from autodiff._core.op import Each
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff.drawing.reading._words import Words, brackets_around, call_of, infix
from autodiff.rules._products import matvec, vecdot, vecmat

# By what an op computes, for an op of one's own may have any name.
OPERATORS = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.pow: "**",
    np.remainder: "%",
    product: "@",
    matvec: "@",
    vecmat: "@",
    vecdot: "@",
}


def words_of(y: Tensor) -> Words:
    """Return the call that made a Tensor, as far as its op and the inputs tell."""
    op: Any = y.op
    inputs = y.inputs
    if op.compute in OPERATORS:
        return infix(OPERATORS[op.compute], *inputs)
    if is_ours(op) and (line := _LINES.get(op.name)):
        try:
            inspect.signature(line).bind(*inputs)
        except TypeError:
            pass
        else:
            return line(*inputs)
    result = re.fullmatch(r"(\w+)(\[\d+\])", op.name)  # one of several, as airy[0]
    name, which = result.groups() if result else (op.name, "")
    return [*call_of(name, *_arguments(y)), which]


def is_ours(op: Any) -> bool:
    """Whether the rules here state an op, and not the program."""
    module = getattr(op.compute, "__module__", None) or "numpy"
    return module.partition(".")[0] in ("autodiff", "numpy", "scipy", "_operator")


def _arguments(y: Tensor) -> tuple[list[Any], dict[str, Any]]:
    """Return operands, and static arguments with their names."""
    op: Any = y.op
    if isinstance(op.rules, Each):  # any number of operands; a lone integer behind them is an axis
        axes = [x for x in y.inputs if type(x) is int]
        static = {"axis": axes[0]} if axes else {}
        return [x for x in y.inputs if type(x) is not int], static
    try:
        taken = inspect.signature(op.compute).parameters
    except ValueError:  # written in C, without a signature
        return list(y.inputs), {}
    parameters = [name for name, p in taken.items() if p.kind is not p.VAR_POSITIONAL]
    count = len(op.rules)
    named = dict(zip(parameters[count:], y.inputs[count:], strict=False))
    # The rank only says where a batch would begin, and an option left False says nothing.
    static = {k: v for k, v in named.items() if k != "rank" and v is not False and v is not None}
    return [*y.inputs[:count], *y.inputs[max(len(parameters), count) :]], static


def _along(x: Any, axes: Sequence[int], keepdims: bool = False) -> dict[str, Any]:
    """Return the arguments of a reduction; of all axes it needs none."""
    rank = np.ndim(value_of(x))
    positive = tuple(axis % rank for axis in axes)
    axis = {} if len(axes) == rank else {"axis": positive[0] if len(axes) == 1 else positive}
    return axis | ({"keepdims": True} if keepdims else {})


def _reduction(name: str) -> Callable[..., Words]:
    return lambda x, axes, keepdims: call_of(name, [x], _along(x, axes, keepdims))


def _joining(name: str) -> Callable[..., Words]:
    def line(*inputs: Any) -> Words:
        *parts, axis = inputs
        rank = np.ndim(value_of(parts[0])) + (name == "stack")
        return call_of(name, [parts], {"axis": axis % rank} if axis % rank else {})

    return line


def _norm(x: Any, axes: Any, keepdims: bool, order: Any = None) -> Words:
    return call_of("norm", [x, *[order] * (order is not None)], _along(x, axes, keepdims))


def _transpose(x: Any, axes: Any) -> Words:
    order = tuple(axis % len(axes) for axis in axes)
    return call_of("transpose", [x, *[order] * (order != tuple(reversed(range(len(axes)))))])


def _einsum(*inputs: Any) -> Words:
    *arrays, labels, out_labels, _ = inputs
    return call_of("einsum", [f"{','.join(labels)}->{out_labels}", *arrays])


def _convolve(x: Any, y: Any, start: int, length: int) -> Words:
    short, long = sorted([value_of(x).shape[-1], value_of(y).shape[-1]])
    if (start, length) == (0, long + short - 1):
        return call_of("convolve", [x, y])
    same = (start, length) == ((short - 1) // 2, long)
    return call_of("convolve", [x, y], {"mode": "same" if same else "valid"})


def _getitem(x: Any, key: Any) -> Words:
    return [x, brackets_around(_as_written(key))]


def _as_written(key: Any) -> Any:
    """Return a key without the Ellipsis and the full slices that recording it added."""
    own = list(key[1:])
    while len(own) > 1 and isinstance(own[-1], slice) and own[-1] == slice(None):
        own.pop()
    return tuple(own) if len(own) != 1 else own[0]


def _set(x: Any, entries: Any, key: Any) -> Words:
    return [x, ".at", brackets_around(_as_written(key)), ".set(", entries, ")"]


def _gather(*inputs: Any) -> Words:
    """Return what an array that was filled is made of; where that is all in order, as joined."""
    *pieces, key, _ranks, shape = inputs
    shapes = {np.shape(value_of(x)) for x in pieces}
    if len(key) == 1 and shapes == {shape[1:]}:
        return call_of("stack", [pieces])
    if len(key) == 1 and len(shape) == 1 and all(map(len, shapes)):
        return call_of("concatenate", [pieces])
    return ["entries of ", *call_of("", pieces)[1:-1]]


def _scatter(*inputs: Any) -> Words:
    *pieces, _keys, _ranks, shape = inputs
    return call_of("scatter", pieces, {"shape": shape})


def _order_statistics(x: Any, ranks: Any) -> Words:
    """Return the sorted entries of some ranks, which lie along the last axis."""
    rows = np.unique(ranks.reshape(-1, ranks.shape[-1]), axis=0)
    if len(rows) > 1:
        return call_of("take_along_axis", [call_of("sort", [x]), ranks], {"axis": -1})
    along = (Ellipsis, rows[0]) if ranks.ndim > 1 else rows[0]
    return [*call_of("sort", [x]), brackets_around(along)]


def _eigh(name: str) -> Callable[..., Words]:
    return lambda x, uplo: call_of(name, [x], {} if uplo == "L" else {"UPLO": uplo})


def _vectors(packed: Any, name: str, start: int, stop: int) -> Words:
    return [packed, ".eigenvectors" if name != "svd" else ".U" if start == 1 else ".Vh"]


def _transform(name: str) -> Callable[..., Words]:
    def line(x: Any, axis: int, norm: str | None) -> Words:
        along = {} if axis == -1 else {"axis": axis % np.ndim(value_of(x))}
        scaled = {"norm": norm} if norm not in (None, "backward") else {}
        return call_of(name, [x], along | scaled)

    return line


_LINES: dict[str, Callable[..., Words]] = {
    **{name: _reduction(name) for name in ("sum", "mean", "max", "min", "logsumexp")},
    **{name: _joining(name) for name in ("concatenate", "stack")},
    **{name: _transform(name) for name in ("fft", "ifft", "rfft")},
    **{name: _eigh(name) for name in ("eigh", "eigvalsh")},
    "absolute": lambda x: call_of("abs", [x]),
    "convolution": _convolve,
    "flip": lambda x, axis: call_of("flip", [x], _along(x, axis)),
    "cumsum": lambda x, axis: call_of("cumsum", [x], _along(x, [axis])),
    "einsum": _einsum,
    "gather": _gather,
    "getitem": _getitem,
    "log_softmax": lambda x, axes: call_of("log_softmax", [x], _along(x, axes)),
    "negative": lambda x: ["-", x],
    "norm": _norm,
    "of_parts": lambda x, y: [x, " + 1j * ", y],
    "order_statistics": _order_statistics,
    "positive": lambda x: ["+", x],
    "scatter": _scatter,
    "set": _set,
    "transpose": _transpose,
    "vectors": _vectors,
}
