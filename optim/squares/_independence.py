"""Whether each residual depends on its own entries of the data alone, tried on a sample of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import reproducible
from optim.search._objective import Array
from optim.squares._chunk_tasks import Terms

AGREEING = 1e-8  # of the largest, by which numbers may differ
OF_LARGEST = 1e-14  # of the largest term, by which a derivative may be nothing but rounding
CUTS = (1 / 16, 1 / 3)  # where a sample is cut: in unlike parts, the first of few entries


def mixes_entries(terms: Terms, x: Array, bounds: Any, args: tuple[Any, ...]) -> bool:
    """Whether residuals, or their derivatives, of some entries depend on other entries.

    Those of all are compared with those of parts, and with those in another order, beside the
    start, so that no 0 hides a term. What depends on the data by a branch alone, as one on the
    largest entry, may not show.
    """
    n = terms.length(args)
    if n < 2:
        return False
    there = _beside(x, bounds)
    try:
        whole = _rows(terms, there, args)
    except Exception:  # of a function that is not meant for such values
        there, whole = x, _rows(terms, x, args)
    cuts = sorted({max(1, int(cut * n)) for cut in CUTS})
    parts = [
        _rows(terms, there, terms.part(args, slice(i, j)))
        for i, j in zip([0, *cuts], [*cuts, n], strict=True)
    ]
    order = np.random.default_rng(0).permutation(n)
    shuffled = _rows(terms, there, terms.part(args, order))
    tolerance = _tolerance(whole, there)
    return not (
        _agree(np.concatenate(parts, axis=-1), whole, tolerance)
        and _agree(shuffled, whole[..., order], tolerance)
    )


def _beside(x: Array, bounds: Any) -> Array:
    """Return a point near x where no unknown is 0, within the bounds."""
    steps = 0.01 * (1 + np.arange(x.size) * 0.618 % 1) * np.where(x == 0, 1.0, np.abs(x))
    if bounds is None:
        return x + steps
    lower, upper = bounds
    return np.asarray(np.clip(np.where(x + steps <= upper, x + steps, x - steps), lower, upper))


def _rows(terms: Terms, x: Array, args: tuple[Any, ...]) -> Array:
    """Return a row of derivatives for each unknown, and of residuals, of the residuals' shape."""
    with reproducible(), np.errstate(all="ignore"):
        rows, _, shape, *_ = terms.evaluations(args).linear_problem(x)
    return np.asarray(rows).reshape(-1, *shape)


def _tolerance(rows: Array, x: Array) -> Array:
    """Return by how much each row may differ: by rounding that grows with the largest terms."""
    sizes = np.array([np.max(np.abs(row), where=np.isfinite(row), initial=0.0) for row in rows])
    factors = np.append(np.abs(x), 1.0)
    largest = np.max(sizes * factors)
    rounding = np.divide(OF_LARGEST * largest, factors, out=np.zeros_like(sizes), where=factors > 0)
    return np.asarray(AGREEING * sizes + rounding)


def _agree(rows: Array, others: Array, tolerance: Array) -> bool:
    if rows.shape != others.shape:
        return False
    return all(
        np.allclose(a, b, rtol=AGREEING, atol=t, equal_nan=True)
        for a, b, t in zip(rows, others, tolerance, strict=True)
    )
