"""A point whose residuals are a lazy array that the caller's function returned."""

from __future__ import annotations

from typing import Any

import numpy as np

from optim.chunks._chunks import Chunks
from optim.chunks._in_memory import in_memory
from optim.search._objective import Array
from optim.squares._chunk_tasks import first_of_all, first_of_rows, stacked_triangles
from optim.squares._residual_point import PointWithRows, sample_of
from optim.squares._triangle import triangle_by_reflections
from optim.work._tree_sum import tree_sum

NAME = ("the residuals' array",)


class PointWithLazyRows(PointWithRows):
    """A point whose rows stay lazy: the products and the cost are computed, in one pass."""

    __slots__ = ()

    def __init__(
        self,
        x: Array,
        rows: Any,
        products: Any,
        shape: tuple[int, ...],
        losses: Any = None,
        weighted: Any = None,
    ) -> None:
        if len(shape) != 1:
            raise ValueError(
                f"residuals returned a Dask array of shape {shape}, expected one axis: give the "
                "Dask arrays in args, and residuals may have any shape"
            )
        if np.isnan(shape[0]):
            raise ValueError(
                "residuals returned a Dask array with chunks of unknown sizes: write "
                "x = x.compute_chunk_sizes() of the arrays that it uses, before"
            )
        rows = rows.rechunk({0: -1})
        weighted = rows if weighted is None else weighted.rechunk({0: -1})
        chunks = Chunks((weighted,), NAME)
        products, losses = chunks.in_memory(chunks.reduction(_products, tree_sum), losses)
        super().__init__(x, rows, products, shape, losses, weighted)

    @property
    def sample(self) -> Array:
        rows: Array = in_memory(sample_of(self.rows))[0]
        return rows

    def triangle_by_reflections(self) -> Array:
        R: Array = Chunks((self.weighted,), NAME).reduce(triangle_by_reflections, stacked_triangles)
        return R

    def not_finite(self) -> str:
        chunks = Chunks((self.rows,), NAME)
        found = chunks.reduce(first_of_rows, first_of_all, numbered=True)
        if not found:
            return ""
        first = found[0]
        place = chunks.place_of(first.entry)
        return f"{first.what} is {first.value} at entry {first.entry}, {place}"


def _products(rows: Array) -> Array:
    products: Array = rows.dot(rows.T)
    return products
