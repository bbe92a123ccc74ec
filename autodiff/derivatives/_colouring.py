"""Few columns from which a symmetric matrix with many zeros can be read.

Columns that have no row in common can be added up and told apart again: they get one colour, and
the product of the matrix with a few vectors of zeros and ones, one for each colour, holds all its
entries (Curtis, Powell and Reid, "On the estimation of sparse Jacobian matrices", 1974). A row that
is nearly full would forbid all sharing. So its column, which by symmetry holds the same, gets a
colour of its own, and the row is not looked at (Powell and Toint, "On the estimation of sparse
Hessian matrices", 1979).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


class Compression(NamedTuple):
    """How a matrix is compressed, and where each entry that is not zero is found again."""

    colours: Indices  # of each column
    rows: Indices  # of the entries
    columns: Indices
    sources: Indices  # where they stand among the sums of columns, which lie one after the other


def compression(pattern: NDArray[np.bool]) -> Compression | None:
    """Return how to compress a symmetric matrix that is zero outside of a pattern.

    None where it would take more than half of the columns.
    """
    pattern = pattern | pattern.T
    full = _full_rows(pattern)
    colours = _colours(pattern, full, len(pattern) // 2)
    if colours is None:
        return None
    rows, columns = pattern.nonzero()
    high, low = np.maximum(rows, columns), np.minimum(rows, columns)
    read_row = np.where(full[high] & ~full[low], low, high)
    read_column = high + low - read_row
    return Compression(colours, rows, columns, colours[read_column] * len(pattern) + read_row)


def _full_rows(pattern: NDArray[np.bool]) -> NDArray[np.bool]:
    """Return which rows are set apart, so that the fewest colours may do.

    These have one each, and the others at least as many as the fullest row of the rest has entries.
    """
    counts = pattern.sum(axis=1)
    fullest = np.argsort(-counts, kind="stable")
    at_least = np.arange(len(counts) + 1) + np.append(counts[fullest], 0)
    full = np.zeros(len(counts), bool)
    full[fullest[: np.argmin(at_least)]] = True
    return full


def _colours(pattern: NDArray[np.bool], full: Any, most: int) -> Indices | None:
    """Return a colour for each column, or None if more than so many would be needed."""
    rest = pattern[~full][:, ~full]
    apart = int(full.sum())
    if apart + rest.sum(axis=1).max(initial=1) > most:
        return None
    own = np.empty(len(rest), np.intp)
    taken = np.zeros((len(rest), most - apart), bool)  # which colours the columns of a row have
    for i, column in enumerate(rest):
        rows = column.nonzero()[0]
        free = ~taken[rows].any(axis=0)
        own[i] = free.argmax()
        if not free[own[i]]:
            return None
        taken[rows, own[i]] = True
    colours = np.empty(len(pattern), np.intp)
    colours[full], colours[~full] = np.arange(apart), apart + own
    return colours
