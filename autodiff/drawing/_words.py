"""The words for a call: a line of code, in which its operands stand to be named later.

A line is a list. What is text in it is shown as it is; all else is an operand, which has a name in
the picture, or a value that is spelling out.
"""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.constant_arrays import read_only
from autodiff._core.machine import SHARED_BYTES, product
from autodiff._core.op import Each
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff.rules._products import matvec, vecdot, vecmat

Words: TypeAlias = list[Any]

MOST_ENTRIES = 6
LONGEST_LINE = 60
# By what an op computes, for an op of one's own may have any name.
OPERATORS = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.pow: "**",
    product: "@",
    matvec: "@",
    vecmat: "@",
    vecdot: "@",
}


# -- operands ----------------------------------------------------------------------------------


def is_operand(x: Any) -> bool:
    """Whether something has a node of its own; numbers, axes and keys stand in the line."""
    if type(x) is Tensor:
        return True
    return not isinstance(x, type) and hasattr(x, "dtype") and getattr(x, "ndim", 0) > 0


def identity(x: Any) -> Any:
    """Return what tells nodes apart: of small arrays their entries, for a graph keeps copies."""
    if isinstance(x, np.ndarray) and x.nbytes < SHARED_BYTES and not x.dtype.hasobject:
        return x.shape, x.dtype.str, x.tobytes()
    return x if type(x) is Tensor else (id(x),)


def operands(words: Words) -> list[Any]:
    """Return the operands in a line, in their order; one that occurs twice is used twice."""
    return [part for part in words if is_operand(part)]


def spelling(words: Words, names: dict[Any, str]) -> str:
    """Return a line with the operands' names in it, cut short where it is long."""
    line = "".join(
        part
        if isinstance(part, str)
        else names[identity(part)]
        if is_operand(part)
        else literal(part)
        for part in words
    )
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


# -- lines of a few forms ----------------------------------------------------------------------


def call_of(function: str, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> Words:
    """Return a call by its arguments."""
    parts = [_argument(x) for x in args]
    parts += [[f"{name}=", *_argument(x)] for name, x in (kwargs or {}).items()]
    return [f"{function}(", *_join(parts), ")"]


def infix(symbol: str, x: Any, y: Any) -> Words:
    """Return two operands with a symbol between them."""
    return [*_argument(x), f" {symbol} ", *_argument(y)]


def brackets_around(key: Any) -> str:
    """Return a key in its brackets."""
    text = literal(key)
    return f"[{text[1:-1].removesuffix(',') if isinstance(key, tuple) and key else text}]"


def _argument(x: Any) -> Words:
    """Return an argument as parts of a line; of a list with operands in it, its entries."""
    if isinstance(x, str):
        return [f'"{x}"' if '"' not in x and x.isprintable() else repr(x)]
    if isinstance(x, list | tuple) and any(map(_holds_operand, x)):
        opening, closing = "[]" if isinstance(x, list) else "()"
        comma = [","] * (len(x) == 1 and isinstance(x, tuple))
        return [opening, *_join([_argument(entry) for entry in x]), *comma, closing]
    return [read_only(x) if isinstance(x, np.ndarray) else x]


def _holds_operand(x: Any) -> bool:
    return is_operand(x) or (isinstance(x, list | tuple) and any(map(_holds_operand, x)))


def _join(parts: Sequence[Words]) -> Words:
    return [piece for i, part in enumerate(parts) for piece in ([", "] * (i > 0) + part)]


def literal(x: Any) -> str:
    """Return numbers and static arguments as a program spells them."""
    x = value_of(x)
    if isinstance(x, np.ndarray) and x.ndim:
        return literal(x.tolist()) if x.size <= MOST_ENTRIES else f"{x.dtype}{x.shape}"
    if isinstance(x, list):
        return f"[{', '.join(map(literal, x))}]"
    if isinstance(x, tuple):
        return f"({', '.join(map(literal, x))}{',' * (len(x) == 1)})"
    if isinstance(x, slice):
        parts = [x.start, x.stop, x.step][: 2 + (x.step is not None)]
        return ":".join("" if part is None else literal(part) for part in parts)
    if isinstance(x, float | complex | np.inexact | np.ndarray):
        return f"{x:.4g}"
    if x is Ellipsis:
        return "..."
    name = getattr(x, "__name__", None)
    return name if isinstance(name, str) else re.sub(r" at 0x[0-9a-f]+", "", str(x))


# -- what an op and its inputs tell --------------------------------------------------------------


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


def result_words(y: Tensor, words: Words, i: int, count: int) -> str:
    """Return what tells one of several results of a call from the others."""
    text = "".join(part for part in words if isinstance(part, str))
    function = text.partition("(")[0]
    vectors = y.op is not None and y.op.name == "vectors"
    if function in ("eigh", "eig"):
        return ".eigenvectors" if vectors else ".eigenvalues"
    if function == "svd" and "compute_uv=" not in text:
        return (".U" if y.inputs[2] == 1 else ".Vh") if vectors else ".S"
    if function == "slogdet":
        return ".logabsdet"
    return f"[{i}]" if count > 1 else ""


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


def _scatter(*inputs: Any) -> Words:
    *pieces, _keys, _ranks, shape = inputs
    return call_of("scatter", pieces, {"shape": shape})


def _eigh(name: str) -> Callable[..., Words]:
    return lambda x, uplo: call_of(name, [x], {} if uplo == "L" else {"UPLO": uplo})


_LINES: dict[str, Callable[..., Words]] = {
    **{name: _reduction(name) for name in ("sum", "mean", "max", "min", "logsumexp")},
    **{name: _joining(name) for name in ("concatenate", "stack")},
    **{name: _eigh(name) for name in ("eigh", "eigvalsh")},
    "absolute": lambda x: call_of("abs", [x]),
    "convolution": _convolve,
    "cumsum": lambda x, axis: call_of("cumsum", [x], _along(x, [axis])),
    "einsum": _einsum,
    "gather": lambda *inputs: call_of("gather", inputs[:-3]),
    "getitem": _getitem,
    "log_softmax": lambda x, axes: call_of("log_softmax", [x], _along(x, axes)),
    "negative": lambda x: ["-", x],
    "norm": _norm,
    "of_parts": lambda x, y: [x, " + 1j * ", y],
    "order_statistics": lambda x, ranks: [*call_of("sort", [x]), f"[{literal(ranks)}]"],
    "positive": lambda x: ["+", x],
    "scatter": _scatter,
    "set": _set,
    "transpose": _transpose,
    "vectors": lambda packed, name, start, stop: [packed, ".vectors"],
}
