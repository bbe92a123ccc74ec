"""Functions that SciPy has but does not dispatch, in forms that neither overflow nor cancel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff._ndarray import Axes, Operand
from autodiff._op import custom, value_of
from autodiff._tensor import Tensor
from autodiff.rules.reductions import expand, spread
from autodiff.rules.shapes import as_array, from_end


def _log_sum_exp(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    top = np.max(x, axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    total = np.log(np.sum(np.exp(x - top), axis=axes, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axes)[()]


def _weights(out: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.exp(x - expand(out, axes, keepdims))


_log_sum_exp.__name__ = "logsumexp"
_logsumexp = custom(
    _log_sum_exp,
    vjp=lambda g, out, x, axes, keepdims: (
        expand(g, axes, keepdims) * _weights(out, x, axes, keepdims)
    ),
    jvp=lambda t, out, x, axes, keepdims: np.sum(
        t * _weights(out, x, axes, keepdims), axis=axes, keepdims=keepdims
    ),
    spread=spread,
)


def logsumexp(x: Operand, axis: Axes = None, *, keepdims: bool = False) -> Any:
    """Return log Σ exp(x) over the axes without overflow.

    Examples
    --------
    >>> float(logsumexp([1000.0, 1000.0]).round(4))
    1000.6931
    """
    array = as_array(x)
    return _logsumexp(array, from_end(axis, array.ndim), keepdims)


def log_softmax(x: Operand, axis: Axes = -1) -> Any:
    """Return log(exp(x) / Σ exp(x)) along the axis without overflow or cancellation."""
    array = as_array(x)
    return array - logsumexp(array, axis, keepdims=True)


def softmax(x: Operand, axis: Axes = -1) -> Any:
    """Return exp(x) / Σ exp(x) along the axis without overflow.

    Examples
    --------
    >>> softmax([0.0, 0.0])
    array([0.5, 0.5])
    """
    return np.exp(log_softmax(x, axis))


def _shifted(x: Any, rows: Any) -> Any:
    """Return each row minus its largest entry."""
    # Along short rows max is slow: 47 µs for (512, 10), where finding them by argmax takes 8.
    return x - x[rows, x.argmax(axis=-1)][:, None]


def _row_sums(x: Any) -> Any:
    return x.dot(np.ones(x.shape[-1], x.dtype))  # by BLAS: 2 µs for (512, 10) instead of 9


def _cross_entropy(x: Any, labels: Any) -> Any:
    rows = np.arange(len(labels))
    shifted = _shifted(x, rows)
    return _sum(np.log(_row_sums(np.exp(shifted))) - shifted[rows, labels]) / len(labels)


def _excess(x: Any, labels: Any) -> Any:
    """Return by how much the probabilities exceed the truth, over the number of rows."""
    truth = labels[:, None] == np.arange(x.shape[-1])
    return (softmax(x) - truth) / len(labels)


def _cross_entropy_rule(g: Any, out: Any, x: Any, labels: Any) -> Any:
    if type(x) is not np.ndarray or g.ndim:
        return expand(g, (-2, -1), False) * _excess(x, labels)
    rows = np.arange(len(labels))
    share = g / len(labels)  # the same in fewer passes
    image = np.exp(_shifted(x, rows))
    image *= (share / _row_sums(image))[:, None]
    image[rows, labels] -= share
    return image


# NumPy's inner functions are twice as fast as np.max and np.sum on small arrays.
_max: Any = np.maximum.reduce
_min: Any = np.minimum.reduce
_sum: Any = np.add.reduce
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
    x = logits if type(logits) is Tensor else np.asarray(logits)
    targets = np.asarray(value_of(labels))
    if x.ndim != 2 or targets.shape != x.shape[:1] or targets.dtype.kind not in "iu":
        raise ValueError(
            "softmax_cross_entropy expects logits (n, classes) and n integer labels, not logits of "
            f"shape {x.shape} and labels of shape {targets.shape} and type {targets.dtype}"
        )
    if targets.size and not (_min(targets) >= 0 and _max(targets) < x.shape[1]):
        raise ValueError(
            f"labels run from {targets.min()} to {targets.max()}, for {x.shape[1]} classes"
        )
    return _softmax_cross_entropy(x, targets)
