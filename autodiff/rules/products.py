"""Products of arrays: linear in each operand."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from autodiff._op import Each, multilinear, operation
from autodiff._tensor import Tensor


def product(x: Any, y: Any) -> Any:
    """Return the matrix product, of small plain matrices by ``dot``, which takes less time to call.

    Of large ones it takes more: it fills the result with zeros first.
    """
    if type(x) is np.ndarray and type(y) is np.ndarray and x.ndim <= 2 and y.ndim == 2:
        return x.dot(y) if x.size < 65536 else np.matmul(x, y)
    return np.matmul(x, y)


def flipped(x: Any) -> Any:
    """Return the transposed matrices."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def column(x: Any) -> Any:
    """Return the vectors as matrices of one column."""
    return x[..., None]


def row(x: Any) -> Any:
    """Return the vectors as matrices of one row."""
    return x[..., None, :]


def matvec(x: Any, y: Any) -> Any:
    """Multiply matrices with vectors; a batch of vectors is one product of matrices."""
    if x.ndim == 2:
        return product(y, x.T)
    return np.matmul(x, column(y))[..., 0]


def vecmat(x: Any, y: Any) -> Any:
    """Multiply vectors with matrices."""
    return product(x, y) if y.ndim == 2 else np.matmul(row(x), y)[..., 0, :]


def vecdot(x: Any, y: Any) -> Any:
    """Multiply vectors with vectors."""
    if x.ndim == 1 and y.ndim == 1 and type(x) is np.ndarray:
        return x.dot(y)
    return (x * y).sum(axis=-1)


_matmul = multilinear(
    np.matmul,
    lambda g, out, x, y: product(g, flipped(y)),
    lambda g, out, x, y: product(flipped(x), g),
    core=(2, 2),
    compute=product,
)
_matvec = multilinear(
    matvec,
    lambda g, out, x, y: column(g) * row(y),
    lambda g, out, x, y: vecmat(g, x),
    core=(2, 1),
)
_vecmat = multilinear(
    vecmat,
    lambda g, out, x, y: matvec(y, g),
    lambda g, out, x, y: column(x) * row(g),
    core=(1, 2),
)
_vecdot = multilinear(
    vecdot,
    lambda g, out, x, y: column(g) * y,
    lambda g, out, x, y: column(g) * x,
    core=(1, 1),
)


@operation(np.matmul)
def _matrix_product(x: Any, y: Any) -> Any:
    x, y = _as_array(x), _as_array(y)
    x_rank, y_rank = x.ndim, y.ndim
    if x_rank > 1 and y_rank > 1:
        return _matmul(x, y)
    if not x_rank or not y_rank:
        raise ValueError(
            f"matmul of shapes {x.shape} and {y.shape}: a number has no rows or columns, use *"
        )
    if x_rank == 1:
        return _vecdot(x, y) if y_rank == 1 else _vecmat(x, y)
    return _matvec(x, y)


@operation(np.dot)
def _dot(a: Any, b: Any) -> Any:
    a, b = _as_array(a), _as_array(b)
    if not a.ndim or not b.ndim:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return _matrix_product(a, b)
    first = list(range(a.ndim))
    second = list(range(a.ndim, a.ndim + b.ndim))
    second[max(b.ndim - 2, 0)] = first[-1]
    return _einsum(a, first, b, second, first[:-1] + [i for i in second if i != first[-1]])


@operation(np.outer)
def _outer(a: Any, b: Any) -> Any:
    return column(np.ravel(_as_array(a))) * row(np.ravel(_as_array(b)))


def _as_array(x: Any) -> Any:
    return x if type(x) in (Tensor, np.ndarray) or hasattr(x, "dtype") else np.asarray(x)


# -- einsum ----------------------------------------------------------------------------------
# Recorded with a label for every axis and an ellipsis in front of each, which takes the batch.


def einsum(*arguments: Any) -> Any:
    """Sum products of entries with equal labels; labels come behind the operands."""
    *operands, labels, out_labels = arguments
    return np.einsum(_subscripts(labels, out_labels), *operands)


def _subscripts(labels: tuple[str, ...], out_labels: str) -> str:
    return ",".join("..." + part for part in labels) + "->..." + out_labels


def _einsum_rule(i: int, g: Any, out: Any, *arguments: Any) -> Any:
    *operands, labels, out_labels = arguments
    others = [k for k in range(len(operands)) if k != i]
    subscripts = _subscripts((out_labels, *(labels[k] for k in others)), labels[i])
    return np.einsum(subscripts, g, *(operands[k] for k in others))


_einsummed = multilinear(einsum, Each(_einsum_rule))


@operation(np.einsum)
def _einsum(*arguments: Any, optimize: Any = False) -> Any:
    operands, labels, out_labels = _parsed(arguments)
    for i, own in enumerate(labels):
        elsewhere = set(out_labels).union(*(labels[:i] + labels[i + 1 :]))
        operands[i], labels[i] = _simplified(operands[i], own, elsewhere)
    return _einsummed(*operands, tuple(labels), out_labels)


def _simplified(x: Any, labels: str, elsewhere: set[str]) -> tuple[Any, str]:
    """Take the diagonal of repeated labels and sum labels found nowhere else."""
    unique = "".join(dict.fromkeys(labels))
    if unique != labels:
        lengths = {label: x.shape[labels.index(label)] for label in unique}
        grid = np.ix_(*(np.arange(lengths[label]) for label in unique))
        x = x[tuple(grid[unique.index(label)] for label in labels)]
    lone = tuple(i for i, label in enumerate(unique) if label not in elsewhere)
    if lone:
        x = np.sum(x, axis=lone)
    return x, "".join(label for label in unique if label in elsewhere)


def _parsed(arguments: tuple[Any, ...]) -> tuple[list[Any], list[str], str]:
    """Return operands, their labels and the output's, with a letter for each axis."""
    if isinstance(arguments[0], str):
        inputs, arrow, output = arguments[0].replace(" ", "").partition("->")
        operands = [_as_array(x) for x in arguments[1:]]
        labels = inputs.split(",")
    else:  # operands and lists of axis numbers in turn
        operands = [_as_array(x) for x in arguments[0 : len(arguments) // 2 * 2 : 2]]
        lists = arguments[1::2]
        arrow, output = ("->", _letters(arguments[-1])) if len(arguments) % 2 else ("", "")
        labels = [_letters(numbers) for numbers in lists]
    if len(labels) != len(operands):
        raise ValueError(f"einsum got labels for {len(labels)} operands, but {len(operands)}")
    spare = [c for c in _ALPHABET if c not in "".join(labels)]
    ranks = [x.ndim - len(own.replace("...", "")) for x, own in zip(operands, labels, strict=True)]
    broadcast = "".join(spare[: max(ranks)])
    for i, own in enumerate(labels):
        if ranks[i] < 0 or (ranks[i] and "..." not in own):
            raise ValueError(f"einsum: {own!r} labels an operand of shape {operands[i].shape}")
        labels[i] = own.replace("...", broadcast[len(broadcast) - ranks[i] :])
    if not arrow:
        letters = "".join(labels)
        once = sorted(c for c in set(letters) - set(broadcast) if letters.count(c) == 1)
        return operands, labels, broadcast + "".join(once)
    return operands, labels, output.replace("...", broadcast)


_ALPHABET = string.ascii_letters


def _letters(numbers: Any) -> str:
    return "".join("..." if n is Ellipsis else _ALPHABET[n] for n in numbers)
