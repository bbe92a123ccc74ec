"""What a task computes of a chunk: sums over its residuals, a block in the cache at a time.

Each is a function of a module, so that a task is small and finds the plans of the task before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from autodiff import hessian, is_lazy, replaying
from optim.chunks._kept import Kept
from optim.search._objective import Array, on_vector
from optim.squares._evaluations import Evaluations, evaluations_of
from optim.squares._robust import Loss
from optim.squares._triangle import triangle_by_reflections, triangle_of_rows
from optim.work._tree_sum import tree_sum

ENTRIES_AT_ONCE = 1 << 14  # entries of a chunk that are computed at a time


class Terms(NamedTuple):
    """What the residuals of a chunk are made of, but for its arguments."""

    f: Callable[..., Any]
    shaped: Callable[[Any], Any]
    loss: Loss | None
    f_scale: float
    jac: Callable[..., Any] | None
    lazy: tuple[int, ...]  # the places of the arguments that are cut along their last axes

    def residuals(self, args: tuple[Any, ...]) -> Callable[[Any], Any]:
        """Return the residuals of a block as a function of a vector."""
        return on_vector(self.f, self.shaped, args)

    def evaluations(self, args: tuple[Any, ...]) -> Evaluations:
        """Return what is computed of a block."""
        jac = None if self.jac is None else on_vector(self.jac, self.shaped, args)
        return evaluations_of(self.residuals(args), self.loss, self.f_scale, jac)

    def plan(self, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a function that is replayed, unless the caller's Jacobian is in it."""
        return replaying(f) if self.jac is None else f

    def length(self, args: tuple[Any, ...]) -> int:
        """Return how many entries a chunk has."""
        return next(int(np.shape(args[i])[-1]) for i in self.lazy if np.ndim(args[i]))

    def part(self, args: tuple[Any, ...], entries: Any) -> tuple[Any, ...]:
        """Return the arguments with some entries of the chunk."""
        parts = list(args)
        for i in self.lazy:
            if np.ndim(args[i]):
                parts[i] = np.ascontiguousarray(args[i][..., entries])
        return tuple(parts)

    def blocks(self, args: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """Return the arguments of one block after the other."""
        n = self.length(args)
        for i in range(0, n, ENTRIES_AT_ONCE):
            yield self.part(args, slice(i, i + ENTRIES_AT_ONCE))


# -- sums ------------------------------------------------------------------------------------


def sums(
    quantity: Callable[[Evaluations], Callable[[Any], Any]], terms: Kept, x: Array, *args: Any
) -> Any:
    """Return the sum over a chunk of what a quantity says of residuals."""
    known: Terms = terms.value
    with np.errstate(all="ignore"):
        parts = [known.plan(quantity(known.evaluations(block)))(x) for block in known.blocks(args)]
    return tree_sum(parts)


def products_and_cost(evaluations: Evaluations) -> Callable[[Any], Any]:
    """Return the function that gives the products of the linear problem, and twice the cost."""

    problem = evaluations.linear_problem  # alone, for plans are found by what a function captures

    def products_and_cost_at(x: Any) -> tuple[Any, Any]:
        _, products, _, *robust = problem(x)
        return products, robust[0] if robust else products[-1, -1]

    return products_and_cost_at


def second_derivatives(evaluations: Evaluations) -> Callable[[Any], Any]:
    """Return the function that gives the Hessian of half the cost."""
    return hessian(evaluations.half_cost)


def losses(terms: Kept, x: Array, *args: Any) -> Any:
    """Return the sum of what the residuals of a chunk cost.

    It is a sum of an array: a plan would take the dot product, on several threads where the block
    is long, and its digits depend on their number.
    """
    known: Terms = terms.value
    with np.errstate(all="ignore"):
        parts = [
            float(np.sum(known.plan(known.evaluations(block).losses)(x)))
            for block in known.blocks(args)
        ]
    return tree_sum(parts)


def triangle(terms: Kept, x: Array, *args: Any) -> Array:
    """Return R of the QR factors of a chunk's linear problem."""
    known: Terms = terms.value
    with np.errstate(all="ignore"):
        parts = [
            triangle_by_reflections(weighted_rows(known.plan(linear_problem)(x)))
            for linear_problem, *_ in map(known.evaluations, known.blocks(args))
        ]
    return stacked_triangles(parts)


def stacked_triangles(parts: list[Array]) -> Array:
    """Return R of the QR factors of matrices one above the other, whose own R are given."""
    return parts[0] if len(parts) == 1 else triangle_of_rows(np.concatenate(parts))


def weighted_rows(found: tuple[Any, ...]) -> Array:
    """Return the rows of a linear problem, weighted by the loss."""
    rows, _, _, *robust = found
    weighted: Array = robust[1] if robust else rows
    return weighted


# -- one by one ------------------------------------------------------------------------------


def residuals_of_chunk(terms: Kept, x: Array, lead: tuple[int, ...], *args: Any) -> Array:
    """Return all residuals of a chunk, of shape ``(*lead, entries)``."""
    known: Terms = terms.value
    if not known.length(args):
        return np.zeros((*lead, 0))
    values: Array = _values(known.residuals(args)(x))
    return values


def jacobian_of_chunk(terms: Kept, x: Array, lead: tuple[int, ...], *args: Any) -> Array:
    """Return the Jacobian of a chunk's residuals, of their shape and an axis for x."""
    known: Terms = terms.value
    if not known.length(args):
        return np.zeros((*lead, 0, x.size))
    rows, _, shape, *_ = known.evaluations(args).linear_problem(x)
    matrix: Array = rows[:-1].T.reshape(*shape, x.size)
    return matrix


# -- the look at the start -------------------------------------------------------------------


class Look(NamedTuple):
    """What the first pass tells of a chunk beside its sums: where it starts, and a sample of it.

    Attributes
    ----------
    start : int
    lead : tuple of int
        The axes of the residuals before that of the entries.
    sample : list of arrays
        Some entries of each argument that is cut.
    problem : str
        What is wrong with the residuals.
    """

    start: int
    lead: tuple[int, ...]
    sample: list[Array]
    problem: str


def sums_and_looks(
    terms: Kept, x: Array, every: int, start: int, *args: Any
) -> tuple[Any, list[Look]]:
    """Return the products and the cost of a chunk, and a look at it."""
    known: Terms = terms.value
    with np.errstate(all="ignore"):
        block = known.part(args, slice(0, ENTRIES_AT_ONCE))
        values = known.residuals(block)(x)
    problem = _mistaken(values, known.length(block))
    lead = () if problem else _values(values).shape[:-1]
    sample = known.part(args, slice(-start % every, None, every))
    copies = [np.array(sample[i]) for i in known.lazy]  # for a view of one entry holds the chunk
    look = Look(start, lead, copies, problem)
    empty = np.zeros((x.size + 1, x.size + 1)), np.nan
    return empty if problem else sums(products_and_cost, terms, x, *args), [look]


def all_sums_and_looks(parts: list[Any]) -> tuple[Any, list[Look]]:
    """Return the sums of several chunks, and the looks at all that are worth keeping."""
    looks = [look for _, several in parts for look in several]
    return tree_sum([part for part, _ in parts]), looks


def _values(values: Any) -> Any:
    return np.stack(values) if isinstance(values, list | tuple) else np.asarray(values)


def _mistaken(values: Any, n: int) -> str:
    """Return what is wrong with what the residuals' function returned for n entries."""
    if any(map(is_lazy, values if isinstance(values, list | tuple) else [values])):
        return (
            "residuals returned a Dask array for NumPy chunks: give every Dask array that it uses "
            "in args"
        )
    array = _values(values)
    if array.dtype.kind not in "biufc":
        return f"residuals returned {values!r:.60}, expected numbers"
    shape = array.shape
    if not shape or shape[-1] != n:
        return (
            f"residuals returned shape {shape} for chunks of {n} entries: expected those of each "
            f"entry along the last axis, as in (..., {n})"
        )
    return ""


# -- what is not finite ----------------------------------------------------------------------


class NotFinite(NamedTuple):
    """What is not finite in a chunk: the argument, if it is one, else a word, and where."""

    argument: int | None
    what: str
    entry: int
    value: float


def not_finite(terms: Kept, x: Array, start: int, *args: Any) -> list[NotFinite]:
    """Return the first that is not finite in a chunk, if anything, by its entry in all data."""
    known: Terms = terms.value
    with np.errstate(all="ignore"):
        given = ((i, f"args[{i}]", args[i]) for i in known.lazy)
        found = [_first(i, what, np.asarray(values), start) for i, what, values in given]
        if not any(found):
            found = [_first(None, "a residual", residuals_of_chunk(terms, x, (), *args), start)]
        if not any(found):
            matrix = np.moveaxis(jacobian_of_chunk(terms, x, (), *args), -1, 0)
            found = [_first(None, "the Jacobian's row", matrix, start)]
    return [one for one in found if one is not None][:1]


def first_of_rows(start: int, rows: Array) -> list[NotFinite]:
    """Return the first that is not finite of rows of derivatives, and residuals below them."""
    found = _first(None, "a residual", rows[-1], start)
    found = found or _first(None, "the Jacobian's row", rows[:-1], start)
    return [] if found is None else [found]


def first_of_all(parts: list[list[NotFinite]]) -> list[NotFinite]:
    """Return what comes first."""
    return next((part for part in parts if part), [])


def _first(argument: int | None, what: str, values: Array, start: int) -> NotFinite | None:
    bad = ~np.isfinite(values)
    if not bad.any():
        return None
    last = int(np.flatnonzero(bad.reshape(-1, bad.shape[-1]).any(0))[0]) if bad.ndim else 0
    return NotFinite(argument, what, start + last, float(values[bad].flat[0]))
