"""Functions that SciPy has but does not dispatch, in forms that neither overflow nor cancel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff._core.array_kinds import is_plain
from autodiff._core.constants_like import constants_like, zeros_like
from autodiff._core.machine import row_sums
from autodiff._core.ndarray import Operand
from autodiff._core.record import value_of
from autodiff._core.table import custom
from autodiff._core.types import Axes, Cotangent, Tangent, Value
from autodiff.rules._reductions import add_reduce, expand, expand_cotangent
from autodiff.rules._shapes import as_array, from_end
from autodiff.rules._tails import PLAIN, everywhere

# NumPy's inner functions are twice as fast as np.max and np.sum on small arrays.
_max: Any = np.maximum.reduce
_min: Any = np.minimum.reduce
_sum: Any = np.add.reduce


def _total(x: Value, axes: tuple[int, ...]) -> Value:
    """Return the sum over axes, which it keeps."""
    if axes == (-1,) and type(x) in PLAIN and x.ndim == 2 and x.shape[1] < 100:
        return row_sums(x)[:, None]
    return add_reduce(x, axes, True)


def _below_top(x: Value, axes: tuple[int, ...]) -> tuple[Value, Value, Value]:
    """Return the largest entries, x less these, and the logarithm of the sum of its exponentials.

    Less infinite ones x is 0 where it is equal, and -inf elsewhere.
    """
    largest = _max if type(x) is np.ndarray else np.max
    top = largest(x, axis=axes, keepdims=True) if x.size else _total(x, axes) - np.inf
    with np.errstate(invalid="ignore"):
        below = x - top
    terms = np.exp(below)
    total = _total(terms, axes)
    if everywhere(total > 1.01) or not x.size:
        return top, below, np.log(total if x.size else total + 1)
    infinite = np.isinf(top)
    if not everywhere(~infinite):
        below = np.where(infinite, np.where(x == top, zeros_like(x), -np.inf), below)
        terms = np.exp(below)
        total = _total(terms, axes)
    rest = _total(np.where(below == 0, 0, terms), axes)
    return top, below, np.where(total > 1.01, np.log(total), np.log1p(rest))


def _log_sum_exp(x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    top, _, log_total = _below_top(x, axes)
    total = top + log_total
    return total if keepdims else np.squeeze(total, axis=axes)[()]


def _weights(out: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    """Return exp(x - out), made to add up to 1; where the sum is infinite, equal shares."""
    out = expand(out, axes, keepdims)
    terms = np.exp(x - out)
    total = _total(terms, axes)
    if not everywhere(total > 0):
        infinite = np.isinf(out)
        terms = np.where(infinite, x == out, np.exp(np.where(infinite, 0, x - out)))
        total = _total(terms, axes)
    return terms * (1 / total)


_log_sum_exp.__name__ = "logsumexp"
_logsumexp = custom(
    _log_sum_exp,
    vjp=lambda g, out, x, axes, keepdims: (
        expand(g, axes, keepdims) * _weights(out, x, axes, keepdims)
    ),
    jvp=lambda t, out, x, axes, keepdims: np.sum(
        t * _weights(out, x, axes, keepdims), axis=axes, keepdims=keepdims
    ),
    spread=expand_cotangent,
)


def logsumexp(x: Operand, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return log Σ exp(x) over the axes without overflow.

    Equal infinite entries share its derivative, as they do that of np.logaddexp.

    Examples
    --------
    >>> float(logsumexp([1000.0, 1000.0]).round(4))
    1000.6931
    """
    array = as_array(x)
    return _logsumexp(array, from_end(axis, array.ndim), keepdims)


def _log_soft_max(x: Value, axes: tuple[int, ...]) -> Value:
    _, below, log_total = _below_top(x, axes)
    return below - log_total


# These are projections. Where a probability is nearly 1, the second takes off what rounding left.


def _log_softmax_rule(g: Cotangent, out: Value, x: Value, axes: tuple[int, ...]) -> Cotangent:
    probabilities = np.exp(out)
    image = g - probabilities * _total(g, axes)
    if is_plain(value_of(out)) and everywhere(probabilities < 0.99):
        return image
    return image - probabilities * _total(image, axes)


def _log_softmax_forward(t: Tangent, out: Value, x: Value, axes: tuple[int, ...]) -> Tangent:
    probabilities = np.exp(out)
    image = t - _total(probabilities * t, axes)
    if is_plain(value_of(out)) and everywhere(probabilities < 0.99):
        return image
    return image - _total(probabilities * image, axes)


_log_soft_max.__name__ = "log_softmax"
_log_softmax = custom(_log_soft_max, vjp=_log_softmax_rule, jvp=_log_softmax_forward)


def log_softmax(x: Operand, axis: Axes = -1) -> Any:
    """Return log(exp(x) / Σ exp(x)) along the axis without overflow or cancellation."""
    array = as_array(x)
    return _log_softmax(array, from_end(axis, array.ndim))


def softmax(x: Operand, axis: Axes = -1) -> Any:
    """Return exp(x) / Σ exp(x) along the axis without overflow.

    Examples
    --------
    >>> softmax([0.0, 0.0])
    array([0.5, 0.5])
    """
    return np.exp(log_softmax(x, axis))


def _largest(x: Value, rows: Value) -> tuple[Value, Value]:
    """Return where the largest entry of each row is, and that entry."""
    # Along short rows max is slow: 47 µs for (512, 10), where finding them by argmax takes 8.
    top = x.argmax(axis=-1)
    return top, x[rows, top]


def _cross_entropy(x: Value, labels: Any) -> Value:
    rows = constants_like(x, np.arange(len(labels)))
    top, largest = _largest(x, rows)
    terms = np.exp(x - largest[:, None])
    terms[rows, top] = 0  # for the logarithm of what is nearly 1
    return _sum(np.log1p(row_sums(terms)) + (largest - x[rows, labels])) / len(labels)


def _excess(x: Value, labels: Any) -> Value:
    """Return by how much the probabilities exceed the truth, over the number of rows."""
    truth = labels[:, None] == constants_like(labels, np.arange(x.shape[-1]))
    truth = constants_like(x, truth)
    wrong = np.where(truth, 0, softmax(x))
    return np.where(truth, -np.sum(wrong, axis=-1, keepdims=True), wrong) / len(labels)


def _cross_entropy_rule(g: Cotangent, out: Value, x: Value, labels: Any) -> Cotangent:
    if type(x) not in PLAIN or g.ndim:
        return expand(g, (-2, -1), False) * _excess(x, labels)
    rows = np.arange(len(labels))
    share = g / len(labels)  # the same in fewer passes
    image = np.exp(x - _largest(x, rows)[1][:, None])
    image *= (share / row_sums(image))[:, None]
    image[rows, labels] = 0
    image[rows, labels] = -row_sums(image)
    return image


_cross_entropy.__name__ = "softmax_cross_entropy"
_softmax_cross_entropy = custom(
    _cross_entropy,
    vjp=_cross_entropy_rule,
    jvp=lambda t, out, x, labels: np.sum(t * _excess(x, labels), axis=(-2, -1)),
)


def softmax_cross_entropy(logits: Operand, labels: ArrayLike) -> Any:
    """Return the mean over the rows of -log softmax(logits)[label].

    Parameters
    ----------
    logits : array_like or Tensor, shape (n, classes)
    labels : array_like of int, shape (n,)
        The right class of each row.

    Raises
    ------
    ValueError
        When the shapes do not agree or a label is no class.

    Examples
    --------
    >>> float(softmax_cross_entropy([[0.0, 0.0]], [1]).round(4))
    0.6931
    """
    x, targets = as_array(logits), as_array(value_of(labels))
    if x.ndim != 2 or targets.shape != x.shape[:1] or targets.dtype.kind not in "iu":
        raise ValueError(
            "softmax_cross_entropy expects logits (n, classes) and n integer labels, not logits of "
            f"shape {x.shape} and labels of shape {targets.shape} and type {targets.dtype}"
        )
    least, most = (_min, _max) if type(targets) is np.ndarray else (np.min, np.max)
    if targets.size and not (least(targets) >= 0 and most(targets) < x.shape[1]):
        raise ValueError(
            f"labels run from {targets.min()} to {targets.max()}, for {x.shape[1]} classes"
        )
    return _softmax_cross_entropy(x, targets)
