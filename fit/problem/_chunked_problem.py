"""A fit's problem of data in chunks: sums over them are all that is ever known of all points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff import hessian, replaying
from fit.arguments._numbers import EPS, Array
from fit.problem._chi_squared import weighted_residuals
from fit.problem._chunked_data import Summary
from fit.problem._data import NAMES
from fit.problem._losses import MEDIAN
from fit.problem._problem import TINY, AtStart, Problem
from fit.problem._sigma import counting
from optim import Chunks, tree_sum

BLOCK = 1 << 14  # points of a chunk that are computed at a time, so that they stay in the cache
DIGITS = 12  # binary ones of a number, that one pass finds
FEW = 1 << 16  # numbers that are sorted in one piece


@dataclass(frozen=True, eq=False)
class ChunkedProblem(Problem):
    """A problem whose ``x``, ``y`` and, where each point has its own, ``weights`` are Dask arrays.

    Its ``residuals`` take a chunk of each besides the parameters: see `args`.

    Attributes
    ----------
    summary : Summary
    """

    summary: Summary | None = None

    @property
    def known(self) -> Summary:
        """What one pass over the data has told."""
        assert self.summary is not None
        return self.summary

    @cached_property
    def residuals(self) -> Callable[..., Any]:
        model, every = self.model.function, self.parameters.every

        def residuals(p: Any, x: Any, y: Any, weights: Any) -> Any:
            return weighted_residuals(model, x, y, weights, names=NAMES)(every(p))

        return residuals

    @property
    def args(self) -> tuple[Any, ...]:
        return self.x, self.y, self.weights

    @cached_property
    def sample(self) -> Problem:
        x, y, weights, *_ = self.known.sample
        return replace(_without_data(self), x=x, y=y, weights=weights)

    @cached_property
    def _chunks(self) -> Chunks:
        return Chunks((_without_data(self), *self.args))

    def residuals_at(self, p: Array) -> Any:
        return self._chunks.map(partial(_residuals_of, p), (), ())

    def look_at(self, p: Array) -> AtStart:
        found: AtStart = self._chunks.reduce(
            partial(_model_at_chunk, p), _model_at_all, numbered=True
        )
        return found

    def place_of(self, point: int) -> str:
        return f", entry {self._chunks.place_of(point)},"

    def total(self, f: Callable[..., Any], *arguments: Any) -> Any:
        return self._chunks.reduce(partial(_total_of_blocks, f, arguments), tree_sum)

    def total_of_residuals(self, f: Callable[..., Any], residuals: Any, *arguments: Any) -> Any:
        return _total_of_residuals(f, residuals, self.weights, arguments)

    def hessian(self, p: Array) -> Array:
        self.spend()
        return np.asarray(self.total(_hessian_of_chi_squared, p))

    # -- data ------------------------------------------------------------------------------------

    @cached_property
    def sigma(self) -> Any:
        return None if self.weights is None else self._chunks.map(_sigma_of, (), ())

    @cached_property
    def counting(self) -> Any:
        return self._chunks.map(_counting_of, (), ()).astype(bool)

    @property
    def n(self) -> int:
        return self.known.n

    @property
    def rounding(self) -> float:
        return TINY * self.known.largest

    @property
    def rounding_variance(self) -> float:
        return EPS**2 * self.known.squares / len(self.y)

    @property
    def scatter(self) -> float:
        return self.known.scatter

    def typical_size(self, residuals: Any, dof: int) -> float:
        # Those of points that do not count are 0, and so the least.
        ignored = len(self.y) - self.n
        ranks = ignored + (self.n - 1) // 2, ignored + self.n // 2
        median = np.mean(_sizes_of_ranks(residuals, *ranks))
        return float(median / MEDIAN * np.sqrt(self.n / dof))


def in_chunks(problem: Problem, summary: Summary) -> ChunkedProblem:
    """Return a problem, whose data are in chunks, as one that knows of it."""
    return ChunkedProblem(**_fields_of(problem), summary=summary)


def values_in_chunks(problem: Problem, x: Any, p: Array) -> Any:
    """Return the model at a Dask array, as another."""
    return Chunks((_without_data(problem), x)).map(partial(_values_of_model, p), (), ())


def _without_data(problem: Problem) -> Problem:
    """Return what all chunks share, of which each makes a problem of its own."""
    return Problem(**(_fields_of(problem) | {"x": None, "y": None, "weights": None}))


def _fields_of(problem: Problem) -> dict[str, Any]:
    return {field.name: getattr(problem, field.name) for field in fields(Problem)}


# -- what a task computes of a chunk ---------------------------------------------------------


def _part(problem: Problem, x: Array, y: Array, weights: Array | None) -> Problem:
    return replace(problem, x=x, y=y, weights=weights)


def _total_of_blocks(
    f: Callable[..., Any],
    arguments: tuple[Any, ...],
    problem: Problem,
    x: Array,
    y: Array,
    weights: Array | None,
) -> Any:
    """Return the sum over a chunk of what f says of a problem."""

    def cut(values: Any, entries: slice) -> Any:
        return np.ascontiguousarray(values[..., entries]) if np.ndim(values) else values

    with np.errstate(all="ignore"):
        blocks = [slice(i, i + BLOCK) for i in range(0, len(y), BLOCK)]
        parts = [
            f(_part(problem, *(cut(a, block) for a in (x, y, weights))), *arguments)
            for block in blocks
        ]
    return tree_sum(parts)


def _model_at_chunk(
    p: Array, start: int, problem: Problem, x: Array, y: Array, weights: Array | None
) -> AtStart:
    """Return what is to be known of the model at a chunk."""
    with np.errstate(all="ignore"):
        found = _part(problem, x, y, weights).look_at(p)
    return found._replace(point=start + found.point)


def _model_at_all(parts: list[AtStart]) -> AtStart:
    first = next((part for part in parts if part.bad), parts[0])
    return first._replace(
        chi_squared=sum(part.chi_squared for part in parts), bad=sum(part.bad for part in parts)
    )


def _hessian_of_chi_squared(part: Problem, p: Array) -> Array:
    return np.asarray(replaying(hessian(part.chi_squared))(p))


def _values_of_model(p: Array, problem: Problem, x: Array) -> Array:
    values = problem.model_at(x)(p)
    return np.asarray(values, float) * np.ones(np.shape(x)[-1:])


def _residuals_of(p: Array, problem: Problem, x: Array, y: Array, weights: Array | None) -> Array:
    residuals: Array = _part(problem, x, y, weights).residuals_at(p)
    return residuals


def _sigma_of(problem: Problem, x: Array, y: Array, weights: Array) -> Array:
    sigma = _part(problem, x, y, weights).sigma
    assert sigma is not None
    return sigma


def _counting_of(problem: Problem, x: Array, y: Array, weights: Array | None) -> Array:
    return np.asarray(counting(weights, len(y)), float)


# -- sums over residuals ---------------------------------------------------------------------


def _total_of_residuals(
    f: Callable[..., Any], residuals: Any, weights: Any, arguments: tuple[Any, ...]
) -> Any:
    task = partial(_of_those_that_count, f, arguments)
    return Chunks((residuals, weights)).reduce(task, tree_sum)


def _of_those_that_count(
    f: Callable[..., Any], arguments: tuple[Any, ...], residuals: Array, weights: Array | None
) -> Any:
    return f(residuals[counting(weights, residuals.size)], *arguments)


def _sizes_of_ranks(residuals: Any, first: int, last: int) -> list[float]:
    """Return the sizes that so many residuals lie below, exactly, each pass finding some digits.

    The bits of numbers that are not negative stand in the order of the numbers.
    """
    chunks = Chunks((residuals,))
    low, width = 0, 1 << 63
    while True:
        shift = max(width.bit_length() - 1 - DIGITS, 0)
        counts = chunks.reduce(partial(_counts_of_digits, low, width, shift), _total_of_counts)
        digits = sorted(counts)
        below = np.cumsum([0, *(counts[digit] for digit in digits)])
        begin, end = (int(np.searchsorted(below, rank, side="right")) - 1 for rank in (first, last))
        first, last = first - int(below[begin]), last - int(below[begin])
        low += digits[begin] << shift
        width = (digits[end] - digits[begin] + 1) << shift
        if not shift or below[end + 1] - below[begin] <= FEW:
            break
    sizes = np.sort(chunks.reduce(partial(_sizes_between, low, width), np.concatenate))
    return [float(sizes[first]), float(sizes[last])]


def _bits_between(low: int, width: int, residuals: Array) -> NDArray[np.uint64]:
    """Return the bits of sizes, above a lower bound and within a width from there."""
    bits = np.ascontiguousarray(np.abs(residuals)).view(np.uint64)
    above = bits - np.uint64(low)  # which of those below goes round to the largest numbers
    return above[above < np.uint64(width)]


def _counts_of_digits(low: int, width: int, shift: int, residuals: Array) -> dict[int, int]:
    digits = _bits_between(low, width, residuals) >> np.uint64(shift)
    different, counts = np.unique(digits, return_counts=True)
    return dict(zip(different.tolist(), counts.tolist(), strict=True))


def _total_of_counts(parts: list[dict[int, int]]) -> dict[int, int]:
    """Return how often each digit occurs in all parts."""
    whole: dict[int, int] = {}
    for part in parts:
        for digit, count in part.items():
            whole[digit] = whole.get(digit, 0) + count
    return whole


def _sizes_between(low: int, width: int, residuals: Array) -> Array:
    bits = _bits_between(low, width, residuals) + np.uint64(low)
    return np.asarray(bits.view(float))
