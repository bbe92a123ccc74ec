"""Gradient clipping: against single batches whose gradient is far too large."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autodiff import Tensor
from optim.training._optimizer import label


def clip_by_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients by one factor where their joint norm is above a limit; return the norm.

    The direction stays. Parameters without a gradient are left alone.

    Parameters
    ----------
    parameters : iterable of Tensor
    max_norm : float
        The largest 2-norm that all gradients together may have. `math.inf` only measures.

    Returns
    -------
    float
        The norm before.

    Raises
    ------
    FloatingPointError
        When a gradient is not finite, or the norm overflows; no gradient is changed then.
    RuntimeError
        When no parameter has a gradient.
    ValueError
        When the limit is not positive.

    References
    ----------
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
    ICML 2013, algorithm 1.

    Examples
    --------
    >>> x, y = Tensor(3.0), Tensor(4.0)
    >>> ((x * x + y * y) / 2).backward()
    >>> float(clip_by_norm([x, y], max_norm=1.0))
    5.0
    >>> round(float(x.grad), 6), round(float(y.grad), 6)
    (0.6, 0.8)
    """
    _check_limit("max_norm", max_norm)
    trained = _with_gradient(parameters)
    with np.errstate(over="ignore"):
        norm = np.sqrt(sum(_sum_of_squares(p.grad) for p in trained))
    if not np.isfinite(norm):
        for p in trained:
            _check_entries(p, np.isfinite(p.grad))
        raise FloatingPointError("the norm of the gradients overflows, though each is finite")
    if norm > max_norm:
        for p in trained:
            p.grad = p.grad * (max_norm / norm).astype(p.grad.dtype)
    return norm  # type: ignore[no-any-return]  # a float, which np.float64 is


def clip_by_value(parameters: Iterable[Tensor], limit: float) -> None:
    """Bring every entry of all gradients into [-limit, limit], infinite ones included.

    Parameters without a gradient are left alone.

    Parameters
    ----------
    parameters : iterable of Tensor
    limit : float

    Raises
    ------
    FloatingPointError
        When a gradient holds NaN; no gradient is changed then.
    RuntimeError
        When no parameter has a gradient.
    ValueError
        When the limit is not positive.

    Examples
    --------
    >>> x = Tensor([1.0, -5.0])
    >>> np.sum(x * x).backward()
    >>> clip_by_value([x], limit=3.0)
    >>> x.grad
    array([ 2., -3.])
    """
    _check_limit("limit", limit)
    trained = _with_gradient(parameters)
    for p in trained:
        _check_entries(p, ~np.isnan(p.grad))
    for p in trained:
        p.grad = np.clip(p.grad, -limit, limit)


def _sum_of_squares(gradient: Any) -> Any:
    flat = np.ravel(gradient).astype(np.float64, copy=False)  # float32 overflows at 2e19
    return flat.dot(flat)


def _with_gradient(parameters: Iterable[Tensor]) -> list[Tensor]:
    trained = [p for p in parameters if p.grad is not None]
    if not trained:
        raise RuntimeError("no parameter has a gradient: call loss.backward() first")
    return trained


def _check_limit(name: str, limit: float) -> None:
    if not limit > 0:
        raise ValueError(f"expected a {name} above 0, got {limit}")


def _check_entries(p: Tensor, fine: Any) -> None:
    if not np.all(fine):
        first = tuple(map(int, np.argwhere(~fine)[0]))
        raise FloatingPointError(
            f"{np.count_nonzero(~fine)} of the {p.size} entries in the gradient of {label(p)} are "
            f"not finite, the first {f'at {first} ' if first else ''}is {p.grad[first]}"
        )
