"""Weighted products of a matrix with itself, as the Hessians of regressions are.

All columns of such a Hessian go forward at once, from constants: (E @ Xᵀ) · v · w, to which a
column may be added, that of an intercept. What becomes of them, times X or summed over the rows of
X, is a product of E with Xᵀ diag(v w) X and Xᵀ (v w). So the weights of the rows are multiplied
with each other first, and no array is as large as X.

What is not finite in X spreads further then. So this is done only where all that is made of X is
checked, and the call is made as it is written if any of it is not finite.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autodiff._core.machine import LARGE_MATRIX, RANK_UPDATE
from autodiff.compiled import _functions as functions
from autodiff.compiled._program import FINITE, Guard, Node, Program
from autodiff.compiled.passes._finiteness import what_is_needed
from autodiff.compiled.passes._operands import is_node, is_real, shape_of
from autodiff.compiled.passes._rewriting import Rewriting, rewrite
from autodiff.compiled.passes._unused import drop_unused

# Of what these functions give, what is not finite in an operand is not finite either.
_KEEPING = frozenset(
    {
        *(np.add, np.subtract, np.multiply, np.negative, np.add.reduce, functions.copy),
        *(functions.reshape, functions.transpose, functions.concatenate, functions.stack),
        functions.scatter,
    }
)
MOST_TERMS = 4


class Term(NamedTuple):
    """The product of a constant with a transposed matrix, with a weight for each column."""

    left: Any  # None: the identity
    matrix: Any  # None: a row of ones
    weights: Any  # or one for all


ScaledSum: TypeAlias = tuple[Term, ...]  # that are added up


def use_rank_updates(program: Program) -> None:
    """Compute weighted products of a matrix with itself from the matrix and the weights."""
    if any(node.function is np.matmul for node in program.nodes):
        _GramMatrices(program)


class _GramMatrices:
    """A walk that knows which nodes are sums of scaled transposes."""

    def __init__(self, program: Program) -> None:
        self.checked = _what_is_checked(program)
        self.terms: dict[Node, ScaledSum] = {}
        self.constants = _transposed_constants(program)
        self.made: dict[Any, tuple[Any, Any]] = {}
        self.ends: dict[Node, list[Any]] = {}  # what became of sums
        rules: Any = {
            np.matmul: [self.product],
            np.add.reduce: [self.total],
            np.multiply: [self.multiple],
            np.divide: [self.quotient],
            np.negative: [self.negative],
            np.add: [self.sum, self.with_column],
            np.subtract: [self.sum, self.with_column],
        }
        rewrite(program, {}, rules)
        needed = what_is_needed(program, ())
        guards = [new for guard in program.guards for new in self._guards_like(guard, needed)]
        distinct = {g.node if g.expected is FINITE else id(g): g for g in guards}
        program.guards = list(distinct.values())
        drop_unused(program)  # weights of what became no product

    def terms_of(self, x: Any, node: Node | None = None) -> ScaledSum:
        """Return the terms of an operand, none if it is no such sum, or broadcast to a node."""
        if node is not None and shape_of(x) != node.shape:
            return ()
        if type(x) is Node:
            return self.terms.get(x, ())
        return self.constants.get(id(x), ())

    def make(self, walk: Rewriting, function: Any, *inputs: Any, **options: Any) -> Any:
        """Return what a function makes of operands, the same for the same.

        Of Python's numbers it is another one, for NumPy's would not stay in single precision.
        """
        numbers = set(map(type, inputs)) <= {int, float}
        key = (function, *[x if type(x) is float else id(x) for x in inputs], *options.items())
        if key not in self.made:
            value = walk.make(function, *inputs, **options)
            self.made[key] = float(value) if numbers else value, inputs
        return self.made[key][0]

    def _guards_like(self, guard: Guard, needed: set[Any]) -> Iterable[Guard]:
        """Return guards of what became of a sum, in the place of one of what is needed no more."""
        if guard.expected is not FINITE or guard.node in needed:
            return [guard]
        return [Guard(end, FINITE, guard.line) for end in self.ends.get(guard.node, ())] or [guard]

    # -- sums of scaled transposes -------------------------------------------------------------

    def multiple(self, node: Node, walk: Rewriting) -> None:
        """Take note of a sum that is multiplied by a number for each column."""
        for x, y in (node.inputs, node.inputs[::-1]):
            if terms := self.terms_of(x, node):
                factor = self._row(walk, y, node)
                if factor is not None:
                    self.terms[node] = tuple([self._times(walk, t, factor) for t in terms])
                return

    def _row(self, walk: Rewriting, x: Any, node: Node) -> Any:
        """Return the numbers for each column of a matrix, or one for all, that an operand holds."""
        if node.ndim != 2 or min(node.shape) < 2:
            return None
        if shape_of(x) == (1, node.shape[1]):
            x = self.make(walk, functions.reshape, x, shape=node.shape[1:])
        if hasattr(x, "dtype") and x.dtype != node.dtype:  # masks and counts add up as numbers
            x = self.make(walk, functions.astype, x, dtype=node.dtype)
        return x if not shape_of(x) or shape_of(x) == node.shape[1:] else None

    def _times(self, walk: Rewriting, term: Term, factor: Any) -> Term:
        one = type(term.weights) is float and term.weights == 1
        weights = factor if one else self.make(walk, np.multiply, term.weights, factor)
        return term._replace(weights=weights)

    def quotient(self, node: Node, walk: Rewriting) -> None:
        """Take note of a sum that is divided by a number for each column."""
        if terms := self.terms_of(node.inputs[0], node):
            divisor = self._row(walk, node.inputs[1], node)
            if divisor is not None:
                self.terms[node] = tuple(
                    t._replace(weights=self.make(walk, np.divide, t.weights, divisor))
                    for t in terms
                )

    def negative(self, node: Node, walk: Rewriting) -> None:
        """Take note of a sum with another sign."""
        if terms := self.terms_of(node.inputs[0], node):
            self.terms[node] = tuple([self._times(walk, t, -1.0) for t in terms])

    def sum(self, node: Node, walk: Rewriting) -> None:
        """Take note of a sum or difference of sums."""
        first, second = (self.terms_of(x, node) for x in node.inputs)
        if not first or not second:
            return
        if node.function is np.subtract:
            second = tuple([self._times(walk, t, -1.0) for t in second])
        joined = {(id(t.left), id(t.matrix)): t for t in first}
        for t in second:
            known = joined.setdefault((id(t.left), id(t.matrix)), t)
            if known is not t:
                weights = self.make(walk, np.add, known.weights, t.weights)
                joined[id(t.left), id(t.matrix)] = t._replace(weights=weights)
        if len(joined) <= MOST_TERMS:
            self.terms[node] = tuple(joined.values())

    def with_column(self, node: Node, walk: Rewriting) -> None:
        """Take note of a sum and a constant column, one of them perhaps taken from the other."""
        for k, x in enumerate(node.inputs):
            terms, y = self.terms_of(x, node), node.inputs[1 - k]
            constant = type(y) is np.ndarray and y.shape == (*node.shape[:1], 1)
            if constant and 0 < len(terms) < MOST_TERMS:
                column = Term(y, None, 1.0)
                if node.function is np.subtract and k == 0:
                    column = self._times(walk, column, -1.0)
                elif node.function is np.subtract:
                    terms = tuple([self._times(walk, t, -1.0) for t in terms])
                self.terms[node] = (*terms, column)

    # -- what is made of them ------------------------------------------------------------------

    def product(self, node: Node, walk: Rewriting) -> Any:
        """Return the product of a sum with its matrix; take note of new ones."""
        x, y = node.inputs
        if not is_real(node) or node.ndim != 2:
            return None
        if is_node(y, functions.transpose) and type(x) is np.ndarray and 2 * len(x) >= y.shape[0]:
            self.terms[node] = (Term(None if _is_identity(x) else x, y.inputs[0], 1.0),)
            return None
        terms = self.terms_of(x)
        if not any(t.matrix is y for t in terms) or not self._may_be_made(node, terms, y):
            return None
        return self._end(node, self._sum_of(walk, [self._product(walk, t, y) for t in terms]))

    def total(self, node: Node, walk: Rewriting) -> Any:
        """Return a sum's sum over its columns."""
        x = node.inputs[0]
        terms = self.terms_of(x)
        if not is_real(node) or node.options["axis"] != (1,):
            return None
        if not self._may_be_made(node, terms, None):
            return None
        total = self._sum_of(walk, [self._total(walk, t, x.shape[1]) for t in terms])
        return self._end(node, walk.in_shape(total, node.shape))

    def _may_be_made(self, node: Node, terms: ScaledSum, matrix: Any) -> bool:
        """Whether a node that is made of a sum is checked, and of no other matrix."""
        return (
            bool(terms)
            and node in self.checked
            and all(matrix is None or t.matrix is None or t.matrix is matrix for t in terms)
        )

    def _end(self, node: Node, end: Node) -> Node:
        """Take note of what a sum becomes in the place of a node that was made of it."""
        if type(node.inputs[0]) is Node:
            self.ends.setdefault(node.inputs[0], []).append(end)
        return end

    def _sum_of(self, walk: Rewriting, parts: list[Any]) -> Any:
        total = parts[0]
        for part in parts[1:]:
            total = walk.make(np.add, total, part)
        return total

    def _product(self, walk: Rewriting, term: Term, y: Any) -> Any:
        if term.matrix is None:
            return walk.make(np.multiply, term.left, self._row_sums(walk, y, term.weights))
        gram = self._gram(walk, y, term.weights)
        return gram if term.left is None else walk.make(np.matmul, term.left, gram)

    def _total(self, walk: Rewriting, term: Term, columns: int) -> Any:
        if term.matrix is not None:
            sums = self._row_sums(walk, term.matrix, term.weights)
            return sums if term.left is None else walk.make(np.matmul, term.left, sums)
        if not shape_of(term.weights):
            total = self.make(walk, np.multiply, float(columns), term.weights)
        else:
            total = self.make(walk, np.add.reduce, term.weights, axis=(0,), keepdims=False)
        return walk.make(np.multiply, term.left[:, 0].copy(), total)

    def _row_sums(self, walk: Rewriting, y: Any, weights: Any) -> Any:
        """Return the weighted sum of a matrix's rows."""
        if shape_of(weights):
            return self.make(walk, np.matmul, weights, y)
        total = self.make(walk, np.add.reduce, y, axis=(0,), keepdims=False)
        return self.make(walk, np.multiply, weights, total)

    def _gram(self, walk: Rewriting, y: Any, weights: Any) -> Any:
        rows, columns = shape_of(y)
        if shape_of(weights) and rows * columns >= RANK_UPDATE:
            return self.make(walk, functions.weighted_gram, y, weights)
        transposed = self.make(walk, functions.transpose, y, axes=(1, 0))
        if shape_of(weights):
            scaled = self.make(walk, np.multiply, transposed, weights)
            return self.make(walk, np.matmul, scaled, y)
        product = self.make(walk, np.matmul, transposed, y)
        return self.make(walk, np.multiply, weights, product)


def _what_is_checked(program: Program) -> set[Node]:
    """Return the nodes of which each entry has to be finite, or the call is made as written."""
    checked = {guard.node for guard in program.guards if guard.expected is FINITE}
    for node in reversed(program.nodes):
        if node in checked:
            operands = node.inputs[: None if node.function in _KEEPING else 0]
            checked.update([x for x in operands if type(x) is Node])
    sums = [y for y in program.nodes if y.function == np.add.reduce and y.inputs[0] in checked]
    return checked.union(sums)  # whose terms are asked in their place


def _transposed_constants(program: Program) -> dict[int, ScaledSum]:
    """Return constants that are scaled transposes of others, which something is multiplied with."""
    matrices = {
        id(y): y
        for node in program.nodes
        if node.function is np.matmul and type(y := node.inputs[1]) is np.ndarray and y.ndim == 2
        if y.size >= LARGE_MATRIX
    }
    found: dict[int, ScaledSum] = {}
    for node in program.nodes if matrices else ():
        for x in node.inputs:
            if type(x) is np.ndarray and x.ndim == 2 and id(x) not in found:
                for y in matrices.values():
                    weights = _column_weights(x, y)
                    if weights is not None:
                        found[id(x)] = (Term(None, y, weights),)
    return found


def _column_weights(x: Any, y: Any) -> Any:
    """Return what the columns of yᵀ are multiplied by in x, to rounding; None if by no one number.

    It is found where the entries are largest.
    """
    if x.shape != y.T.shape or x.dtype != y.dtype or x.dtype.kind != "f" or not x.size:
        return None
    rows, largest = np.arange(len(y)), np.abs(y).argmax(axis=1)
    divisors = y[rows, largest]
    with np.errstate(all="ignore"):
        weights = np.divide(x[largest, rows], divisors, np.ones_like(divisors), where=divisors != 0)
        if not np.allclose(x, y.T * weights, rtol=4 * np.finfo(x.dtype).eps, atol=0):
            return None
    return 1.0 if np.all(weights == 1) else weights


def _is_identity(x: Any) -> bool:
    """Return whether an operand is the identity matrix."""
    return (
        type(x) is np.ndarray
        and x.ndim == 2
        and x.shape[0] == x.shape[1]
        and np.array_equal(x, np.eye(len(x)))
    )
