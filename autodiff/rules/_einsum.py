"""np.einsum: sums of products by the labels of their axes.

Recorded with a label for every axis and an ellipsis in front of each, which takes the batch.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff._core.array_kinds import refuse_lazy
from autodiff._core.op import Each
from autodiff._core.record import value_of
from autodiff._core.table import multilinear, operation, without_derivative
from autodiff._core.types import Cotangent, Value
from autodiff.rules._shapes import as_array


def einsum(*arguments: Any) -> Any:
    """Sum products of entries with equal labels; labels come behind the operands."""
    *operands, labels, out_labels, optimize = arguments
    return np.einsum(_subscripts(labels, out_labels), *operands, optimize=optimize)


def _subscripts(labels: tuple[str, ...], out_labels: str) -> str:
    return ",".join("..." + part for part in labels) + "->..." + out_labels


def _einsum_rule(i: int, g: Cotangent, out: Value, *arguments: Any) -> Cotangent:
    *operands, labels, out_labels, optimize = arguments
    others = [k for k in range(len(operands)) if k != i]
    subscripts = _subscripts((out_labels, *(labels[k] for k in others)), labels[i])
    # A path was made for the operands: here it might first multiply two that share no label.
    again = optimize if isinstance(optimize, bool | str) else True
    return np.einsum(subscripts, g, *(operands[k] for k in others), optimize=again)


_einsum_op = multilinear(einsum, Each(_einsum_rule))
without_derivative(np.einsum_path)


@operation(np.einsum)
def _einsum(
    *operands: Any, dtype: DTypeLike | None = None, casting: Any = "safe", optimize: Any = False
) -> Any:
    arrays, labels, out_labels = _parse_subscripts(operands)
    if dtype is not None:
        arrays = [a.astype(dtype, casting=casting) for a in arrays]
    for i, own in enumerate(labels):
        elsewhere = set(out_labels).union(*(labels[:i] + labels[i + 1 :]))
        arrays[i], labels[i] = _simplify(arrays[i], own, elsewhere)
    return _einsum_op(*arrays, tuple(labels), out_labels, optimize)


def _simplify(x: Value, labels: str, elsewhere: set[str]) -> tuple[Any, str]:
    """Take the diagonal of repeated labels and sum labels found nowhere else."""
    unique = "".join(dict.fromkeys(labels))
    if unique != labels:
        lengths = dict(zip(labels, x.shape, strict=True))
        if tuple(lengths[label] for label in labels) != x.shape:
            raise ValueError(f"einsum: {labels!r} asks for a diagonal of shape {x.shape}")
        instead = "write np.diagonal or np.trace"
        refuse_lazy("labels that stand twice in one operand of np.einsum are", instead, value_of(x))
        grid = np.ix_(*(np.arange(lengths[label]) for label in unique))
        x = x[tuple(grid[unique.index(label)] for label in labels)]
    lone = tuple(i for i, label in enumerate(unique) if label not in elsewhere)
    if lone:
        x = np.sum(x, axis=lone)
    return x, "".join(label for label in unique if label in elsewhere)


def _parse_subscripts(arguments: tuple[Any, ...]) -> tuple[list[Value], list[str], str]:
    """Return operands, their labels and the output's, with a letter for each axis."""
    operands, labels, output = _operands_and_labels(arguments)
    if len(labels) != len(operands):
        raise ValueError(f"einsum got labels for {len(labels)} operands, but {len(operands)}")
    broadcast = _label_ellipses(operands, labels)
    if output is None:
        letters = "".join(labels)
        once = sorted(c for c in set(letters) - set(broadcast) if letters.count(c) == 1)
        return operands, labels, broadcast + "".join(once)
    if broadcast and "..." not in output:
        raise ValueError(f"einsum: '->{output}' has no ellipsis for the axes that broadcast")
    return operands, labels, output.replace("...", broadcast)


def _operands_and_labels(arguments: tuple[Any, ...]) -> tuple[list[Value], list[str], str | None]:
    """Return operands, their labels and, if they are given, the output's, of either form."""
    if isinstance(arguments[0], str):
        inputs, arrow, output = arguments[0].replace(" ", "").partition("->")
        return [as_array(x) for x in arguments[1:]], inputs.split(","), output if arrow else None
    # Operands and lists of axis numbers in turn.
    operands = [as_array(x) for x in arguments[0 : len(arguments) // 2 * 2 : 2]]
    labels = [_letters(numbers) for numbers in arguments[1::2]]
    return operands, labels, _letters(arguments[-1]) if len(arguments) % 2 else None


def _label_ellipses(operands: list[Value], labels: list[str]) -> str:
    """Write letters in the place of each ellipsis, and return all those letters."""
    spare = [c for c in _ALPHABET if c not in "".join(labels)]
    ranks = [x.ndim - len(own.replace("...", "")) for x, own in zip(operands, labels, strict=True)]
    broadcast = "".join(spare[: max(ranks)])
    for i, own in enumerate(labels):
        if ranks[i] < 0 or (ranks[i] and "..." not in own):
            raise ValueError(f"einsum: {own!r} labels an operand of shape {operands[i].shape}")
        labels[i] = own.replace("...", broadcast[len(broadcast) - ranks[i] :])
    return broadcast


_ALPHABET = string.ascii_uppercase + string.ascii_lowercase  # in the order of numbers, and sorted


def _letters(numbers: Value) -> str:
    return "".join("..." if n is Ellipsis else _ALPHABET[n] for n in numbers)
