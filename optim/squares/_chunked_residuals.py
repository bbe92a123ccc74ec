"""Residuals of data in chunks: sums over the chunks are all that a search sees of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isfinite, prod
from typing import Any

import numpy as np

from optim.chunks._chunks import Chunks, hint_at_rule
from optim.chunks._kept import Kept
from optim.search._objective import Array, as_tuple
from optim.squares._chunk_tasks import (
    Look,
    Terms,
    all_sums_and_looks,
    first_of_all,
    jacobian_of_chunk,
    losses,
    not_finite,
    products_and_cost,
    residuals_of_chunk,
    second_derivatives,
    stacked_triangles,
    sums,
    sums_and_looks,
    triangle,
)
from optim.squares._independence import mixes_entries
from optim.squares._residual_point import SAMPLE, ResidualPoint
from optim.squares._residuals import LeastSquaresProblem
from optim.squares._robust import Loss, check_f_scale
from optim.work._tree_sum import tree_sum

CHANGED = 1e-10  # of a cost, by which rounding never changes it


class ChunkedPoint(ResidualPoint):
    """A point that knows sums over the chunks, and computes all else when it is asked for.

    Attributes
    ----------
    derivatives_at : ndarray of shape (n,)
        Where the derivatives were taken: at x, or next to it.
    """

    __slots__ = ("_problem", "derivatives_at")

    def __init__(self, problem: ChunkedResiduals, x: Array, products: Array, losses: float) -> None:
        super().__init__(x, products, problem.size, losses)
        self._problem, self.derivatives_at = problem, x

    @property
    def sample(self) -> Array:
        return self._problem.sampled_rows(self.x)

    def triangle_by_reflections(self) -> Array:
        return self._problem.triangle(self.derivatives_at)

    def not_finite(self) -> str:
        return self._problem.not_finite(self.x)


class ChunkedResiduals(LeastSquaresProblem):
    """Residuals of Dask arrays, computed by a task for each chunk, in one pass an evaluation."""

    def __init__(
        self,
        f: Callable[..., Any],
        x0: Any,
        args: Any,
        loss: Loss | None,
        f_scale: float,
        jac: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(x0)
        check_f_scale(f_scale)
        self.can_be_recorded = jac is None
        self._chunks = Chunks(as_tuple(args))
        if not self._chunks.length:
            raise ValueError("the Dask arrays have no entries: there is nothing to minimise")
        self._terms = Terms(f, self.shaped, loss, f_scale, jac, tuple(self._chunks.lazy))
        self._kept = Kept(self._terms)
        self._lead: tuple[int, ...] | None = None
        self._sample: tuple[Any, ...] = ()

    @property
    def size(self) -> int:
        """How many residuals there are, once they were looked at."""
        return prod(self._lead or ()) * self._chunks.length

    def evaluate(self, x: Array) -> ResidualPoint:
        self.nfev += 1
        self.njev += 1
        if self._lead is None:
            products, losses = self._look(x)
        else:
            products, losses = self._sum(products_and_cost, x)
        return ChunkedPoint(self, x, products, losses)

    def cost(self, x: Array) -> float:
        self.nfev += 1
        unit = 1.0 if self._terms.loss is None else self._terms.f_scale**2
        value = unit * self._chunks.reduce(partial(losses, self._kept, x), tree_sum)
        return value if isfinite(value) else np.inf

    def with_frozen_jacobian(self, point: ChunkedPoint, x: Array) -> ResidualPoint:
        return point.next_to(x, self.cost(x))

    def hessian(self, x: Array) -> Array:
        self.nhev += 1
        matrix: Array = self._sum(second_derivatives, x)
        return matrix

    def sample(self, x: Array) -> Array:
        self.nfev += 1
        values, _ = self._terms.evaluations(self._sample).residuals_and_cost(x)
        residuals: Array = values
        return residuals

    def sampled_rows(self, x: Array) -> Array:
        """Return the rows of the linear problem of some entries."""
        rows: Array = self._terms.evaluations(self._sample).linear_problem(x)[0]
        return rows

    def triangle(self, x: Array) -> Array:
        """Return R of the QR factors of the linear problem at x, from a pass of its own."""
        R: Array = self._chunks.reduce(partial(triangle, self._kept, x), stacked_triangles)
        return R

    def values_and_jacobian(self, point: ChunkedPoint) -> tuple[Any, Any]:
        lead = self._lead or ()
        task = partial(residuals_of_chunk, self._kept, point.x, lead)
        values = self._chunks.map(task, lead, ())
        at = point.derivatives_at
        task = partial(jacobian_of_chunk, self._kept, at, lead)
        matrix = self._chunks.map(task, lead, at.shape)
        return values, self.blocks_of(matrix, values.shape)

    def not_finite(self, x: Array) -> str:
        """Return the first argument, residual or row of the Jacobian that is not finite, if any."""
        task = partial(not_finite, self._kept, x)
        found = self._chunks.reduce(task, first_of_all, numbered=True)
        if not found:
            return ""
        first = found[0]
        place = self._chunks.place_of(first.entry)
        return f"{first.what} is {first.value} at entry {first.entry}, {place}"

    def change_since(self, point: ChunkedPoint) -> str:
        again = self.cost(point.x)
        if abs(again - point.cost) <= CHANGED * point.cost:
            return ""
        now = f"{again / 2:.17g}" if isfinite(again) else f"not finite: {self.not_finite(point.x)}"
        return (
            f". The data differ from one reading to the next: the cost was {point.cost / 2:.17g} "
            f"here, and is now {now}. Write x.persist(), or draw random numbers with a seed"
        )

    def _sum(self, quantity: Callable[..., Any], x: Array) -> Any:
        return self._chunks.reduce(partial(sums, quantity, self._kept, x), tree_sum)

    def _look(self, x: Array) -> Any:
        """Return what `evaluate` needs, and look at what the residuals are in the same pass."""
        every = max(1, self._chunks.length // SAMPLE)
        task = partial(sums_and_looks, self._kept, x, every)
        found, looks = self._chunks.reduce(task, all_sums_and_looks, numbered=True)
        self._refuse(looks)
        self._lead = looks[0].lead
        parts = list(self._chunks.args)
        for place, i in enumerate(self._chunks.lazy):
            several = [look.sample[place] for look in looks]
            parts[i] = np.concatenate(several, axis=-1) if several[0].ndim else several[0]
        self._sample = tuple(parts)
        self._refuse_mixtures(x)
        return found

    def _refuse_mixtures(self, x: Array) -> None:
        try:
            mixed = mixes_entries(self._terms, x, self.bounds, self._sample)
        except Exception as error:
            hint_at_rule(error)
            raise
        if mixed:
            raise ValueError(
                "residuals of a part of the entries differ from those of all: each may depend on "
                "its own entries of the Dask arrays only: compute what mixes them before, a mean "
                "as m = float(x.mean()), and use the number, differences of neighbours as one more "
                "Dask array"
            )

    def _refuse(self, looks: list[Look]) -> None:
        for look in looks:
            chunk, _ = self._chunks.chunk_of(look.start)
            if look.problem:
                raise ValueError(f"chunk {chunk}: {look.problem}")
            if look.lead != looks[0].lead:
                raise ValueError(
                    f"the residuals of chunk {chunk} have the axes {look.lead} before the last, "
                    f"those of the first chunk {looks[0].lead}: expected the same of all"
                )
