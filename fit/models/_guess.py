"""Starting values: the best of a grid of shapes, with everything that is linear solved exactly.

A shape is linear in some parameters (a height, the coefficients of a polynomial) once the others
(a centre, a width, a rate) are given. Of a sum of shapes, each takes in turn the candidate that
leaves least, when all linear parameters of all shapes are fitted together.

References
----------
G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares
problems whose variables separate", SIAM Journal on Numerical Analysis 10 (1973).
Y. C. Pati, R. Rezaiifar and P. S. Krishnaprasad, "Orthogonal matching pursuit", Asilomar (1993).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import reduce
from itertools import combinations
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from fit.arguments._numbers import Array
from fit.models._spans import independent_parts, nearly_same, orthonormal_basis, squares_removed
from optim import least_squares

AT_HAND = 10_000  # points, of which a guess is made, and what else needs them in one piece
ROUNDS = 4  # of a product's factors
ENOUGH = 2500  # points among which candidates are compared
BEGINNINGS = 8  # that are followed up
FOLLOWING = 3  # choices of each further shape
PAIRS = 2  # of shapes for each of many, that are chosen again
STEPS = 10  # of least squares, before these are compared


class Term(Protocol):
    """What a search needs of a model."""

    names: tuple[str, ...]

    @property
    def function(self) -> Callable[..., Any]:
        """What a call computes, by a function that holds no model."""

    def __call__(self, x: Any, *parameters: Any) -> Any:
        """Return the values of the model."""

    def explain(self, x: Array, y: Array, scale: Array) -> dict[str, float]:
        """Return starting values for which ``scale`` times the model is close to ``y``."""


@runtime_checkable
class Separable(Protocol):
    """A model that is linear in some parameters once the others are given."""

    local: bool  # whether it fades to both sides, so that it may stand on what does not
    nonlinear: slice  # which of its parameters are the others

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return values, each of shape (m,), of the parameters that are not linear."""

    def basis(self, x: Array, *nonlinear: Any) -> list[Array]:
        """Return the functions whose weighted sum is the model."""

    def parameters(self, weights: Array, *nonlinear: float) -> dict[str, float]:
        """Return all parameters by name."""


def step_at_hand(n: int) -> int:
    """Return by how many points those are apart of which a guess is made."""
    return max(1, -(-n // AT_HAND))


def start_of_sum(
    terms: Sequence[tuple[float, Term]], x: Array, y: Array, scale: Array
) -> dict[str, float]:
    """Return starting values for a sum of models, times ``scale``, that is to be close to ``y``."""
    with np.errstate(all="ignore"):
        search = _Search(terms, x, y, scale)
        shapes = search.shapes
        if len(terms) == 1 and shapes:
            return search.beginnings(shapes, 1)[0].by_name()
        if not shapes:
            return search.by_name()
        branches = search.beginnings(shapes[:2], BEGINNINGS)
        for following in shapes[2:]:
            branches = [c for b in branches for c in b.beginnings([following], FOLLOWING)]
            branches = sorted(branches, key=lambda b: b.squares)[:BEGINNINGS]
        best = _lowest(branches)
        tried: set[tuple[int, int]] = set()
        n = len(shapes)
        while len(tried) < min(n * (n - 1) // 2, PAIRS * n) and n > 2 and best.leaves_shapes():
            pair = best.least_useful(tried)
            tried.add(pair)
            other = _lowest(best.without(pair).beginnings(pair, FOLLOWING))
            best = min(best, other, key=lambda branch: branch.squares)
        return best.by_name()


def start_of_product(
    left: Term, right: Term, quotient: bool, x: Array, y: Array, scale: Array
) -> dict[str, float]:
    """Return starting values for a product or a quotient: of each factor, given the other."""

    def rounds(right_first: bool) -> tuple[float, dict[str, float]]:
        of_left: dict[str, float] = {}
        of_right: dict[str, float] = {}
        a, b = np.ones(x.size), np.ones(x.size)
        a = a if left.names else _values(left, x, {})
        b = b if right.names else _values(right, x, {})
        for turn in range(2 * ROUNDS):
            if (turn + right_first) % 2:
                of_right = (
                    right.explain(x, scale * a, y) if quotient else right.explain(x, y, scale * a)
                )
                b = _values(right, x, of_right)
            else:
                of_left = left.explain(x, y, scale / b if quotient else scale * b)
                a = _values(left, x, of_left)
        squares = float(np.sum((y - scale * (a / b if quotient else a * b)) ** 2))
        return squares if np.isfinite(squares) else np.inf, {**of_left, **of_right}

    with np.errstate(all="ignore"):
        return min(rounds(True), rounds(False), key=lambda found: found[0])[1]


def _lowest(branches: Sequence[_Search]) -> _Search:
    """Return the branch that leaves least after some steps of least squares."""
    return min((branch.after_descent() for branch in branches), key=lambda branch: branch.squares)


Chosen: TypeAlias = tuple[float, ...]


class _Search:
    """A sum of models on its way to the data."""

    def __init__(
        self, terms: Sequence[tuple[float, Term]], x: Array, y: Array, scale: Array
    ) -> None:
        self.terms, self.x, self.y, self.scale = terms, x, y, scale
        self.chosen: dict[int, Chosen] = {}  # what each shape has chosen
        self.columns: dict[int, Array] = {}  # its functions, of shape (k, n)
        self.started: dict[int, dict[str, float]] = {}  # of a term that is no shape
        self.values: dict[int, Array] = {}
        self.few: Any = slice(None)
        if x.size > ENOUGH:
            # at random, so that no period is mistaken for another
            self.few = np.random.default_rng(0).choice(x.size, ENOUGH, replace=False)
        shapes = []
        for i, (_, term) in enumerate(terms):
            if _is_linear(term):
                self.put(i, ())
            elif isinstance(term, Separable):
                shapes.append((term.local, i))
        self.shapes = [i for _, i in sorted(shapes)]
        for i, (_, term) in enumerate(terms):
            if not isinstance(term, Separable):
                self.begin(i, term.explain(x, self.rest(), self.factor(i)))

    def factor(self, i: int) -> Array:
        return self.terms[i][0] * self.scale

    def put(self, i: int, chosen: Chosen) -> None:
        """Fix the parameters of a shape that are not linear."""
        self.chosen[i] = chosen
        self.columns[i] = self.factor(i) * np.stack(self._shape(i).basis(self.x, *chosen))

    def begin(self, i: int, started: dict[str, float]) -> None:
        """Fix the parameters of a term that is no shape."""
        term = self.terms[i][1]
        self.started[i] = started
        if set(started) == set(term.names):
            self.values[i] = self.factor(i) * _values(term, self.x, started)

    def without(self, shapes: Sequence[int]) -> _Search:
        """Return the search with some shapes yet to choose."""
        less = copy(self)
        less.chosen = {i: chosen for i, chosen in self.chosen.items() if i not in shapes}
        less.columns = {i: columns for i, columns in self.columns.items() if i not in shapes}
        return less

    def leaves_shapes(self) -> bool:
        """Whether what is left has any shape, in that neighbours are alike, as noise is not."""
        rest = self.rest()[np.argsort(self.x)]
        alike = 1 - np.sum(np.diff(rest) ** 2) / (2 * np.sum(rest**2))
        return bool(not alike <= 2 / np.sqrt(rest.size))

    def least_useful(self, tried: set[tuple[int, int]]) -> tuple[int, int]:
        """Return the pair of shapes without which least is left, of those not tried yet."""
        pairs = [pair for pair in combinations(self.shapes, 2) if pair not in tried]
        return min(pairs, key=lambda pair: self.without(pair).squares)

    # -- candidates --------------------------------------------------------------------------

    def beginnings(self, shapes: Sequence[int], number: int) -> list[_Search]:
        """Return what comes of the best choices of one or two shapes, each unlike the others."""
        candidates = [
            self._shape(i).candidates(self.x, self.rest() * self.factor(i)) for i in shapes
        ]
        others = orthonormal_basis(self._design_matrix()[self.few])
        new = [
            independent_parts(self._functions(i, c), others)
            for i, c in zip(shapes, candidates, strict=True)
        ]
        removed = squares_removed(new, self.rest()[self.few])
        found: list[_Search] = []
        while len(found) < number:
            at = np.unravel_index(int(np.argmax(removed)), removed.shape)
            if found and removed[at] < 0:
                break
            best = copy(self)
            best.chosen, best.columns = dict(self.chosen), dict(self.columns)
            for i, c, k in zip(shapes, candidates, at, strict=True):
                best.put(i, tuple(float(values[k]) for values in c))
            found.append(best)
            ones = [functions[k] for functions, k in zip(new, at, strict=True)]
            again = reduce(np.multiply.outer, map(nearly_same, new, ones))
            if len(new) == 2:  # a pair the other way round is the same
                again |= np.multiply.outer(*map(nearly_same, new, ones[::-1]))
            again[at] = True
            removed[again] = -1
        return found

    def _functions(self, i: int, candidates: tuple[Array, ...]) -> Array:
        """Return what each candidate is linear in, of shape (m, k, n)."""
        basis = self._shape(i).basis(self.x[self.few], *(c[:, None] for c in candidates))
        functions: Array = np.stack(np.broadcast_arrays(*basis), axis=1)
        functions *= self.factor(i)[self.few]
        return functions

    # -- descent -----------------------------------------------------------------------------

    def after_descent(self) -> _Search:
        """Return where some steps of least squares lead, of the terms that have begun."""
        start = self.by_name()
        begun = [i for i in range(len(self.terms)) if i in self.columns or i in self.values]
        names = [name for i in begun for name in self.terms[i][1].names]
        parts = [(self.terms[i][1], self.factor(i)[self.few]) for i in begun]
        residuals = _residuals_of_sum(parts, self.x[self.few], self.y[self.few])
        result = least_squares(residuals, np.array([start[k] for k in names]), max_nfev=STEPS)
        ended = copy(self)
        ended.chosen, ended.columns = {}, {}
        ended.started, ended.values = dict(self.started), dict(self.values)
        by_name = dict(zip(names, result.x.tolist(), strict=True))
        for i in begun:
            term = self.terms[i][1]
            values = {name: by_name[name] for name in term.names}
            if isinstance(term, Separable):
                ended.put(i, tuple(values.values())[term.nonlinear])
            else:
                ended.begin(i, values)
        return ended if ended.squares < self.squares else self

    # -- what is linear ----------------------------------------------------------------------

    @property
    def weights(self) -> Array:
        """The best weights of all functions."""
        columns, target = self._design_matrix(), self.y - sum(self.values.values())
        norms = np.linalg.norm(columns, axis=0)
        if not np.isfinite(norms).all():
            return np.full(norms.size, np.nan)
        norms = np.where(norms > 0, norms, 1)
        weights: Array = np.linalg.lstsq(columns / norms, target, rcond=1e-13)[0] / norms
        return weights

    def rest(self) -> Array:
        """Return what is left of y."""
        rest: Array = self.y - sum(self.values.values()) - self._design_matrix() @ self.weights
        return rest

    @property
    def squares(self) -> float:
        """The sum of squares that is left."""
        squares = float(np.sum(self.rest() ** 2))
        return squares if np.isfinite(squares) else np.inf

    def by_name(self) -> dict[str, float]:
        """Return the parameters of the terms that have begun."""
        found: dict[str, float] = {}
        first, weights = 0, self.weights
        for i in sorted({*self.columns, *self.started}):
            if i in self.columns:
                last = first + len(self.columns[i])
                found |= self._shape(i).parameters(weights[first:last], *self.chosen[i])
                first = last
            else:
                found |= self.started[i]
        return found

    def _design_matrix(self) -> Array:
        columns = [self.columns[i].T for i in sorted(self.columns)]
        return np.concatenate(columns, axis=1) if columns else np.zeros((self.x.size, 0))

    def _shape(self, i: int) -> Separable:
        shape = self.terms[i][1]
        assert isinstance(shape, Separable)
        return shape


def _residuals_of_sum(
    parts: Sequence[tuple[Term, Array]], x: Array, y: Array
) -> Callable[[Any], Any]:
    """Return the residuals of a sum of models, each times its factor, as a function of all theirs.

    It holds no models, so that one plan serves all sums of such functions.
    """
    ends = np.cumsum([len(term.names) for term, _ in parts]).tolist()
    places = zip([0, *ends[:-1]], ends, strict=True)
    pieces = tuple(
        (term.function, factor, first, last)
        for (term, factor), (first, last) in zip(parts, places, strict=True)
    )
    below = -y

    def residuals(p: Any) -> Any:
        entries, values = list(p), below
        for function, factor, first, last in pieces:
            values = values + factor * function(x, *entries[first:last])
        return values

    return residuals


def _is_linear(term: Term) -> bool:
    return isinstance(term, Separable) and not term.names[term.nonlinear]


def _values(model: Term, x: Array, start: dict[str, float]) -> Array:
    values = model(x, *(start[name] for name in model.names))
    return np.asarray(values, float) * np.ones(x.size)
