"""Bounds and constraints of a minimum: what they demand, and whether a point meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from autodiff import hessian, jacobian
from optim.chunks._in_memory import in_memory
from optim.from_scipy._differences import differences
from optim.search._bounds import Bounds, bounds_by_key, bounds_of_scipy, refuse_sides
from optim.search._objective import Array, Problem
from optim.search._rounding import TINY

DIFFERENCES = ("2-point", "3-point", "cs")


class Constraint:
    """``lower ≤ c(x) ≤ upper``, entry by entry, with the derivatives of c.

    Attributes
    ----------
    lower, upper : ndarray of shape (m,)
    by_differences : bool
        Whether no derivatives are known, and values have to do.
    keep_feasible, differences : as in SciPy's constraints
        The latter are the options of numerical derivatives.
    matrix : ndarray of shape (m, n), or None
        c(x) is this times x.
    jac, hess : callables of x, and of x and m weights; or what SciPy takes in their place
    """

    by_differences = False
    keep_feasible: Any = False
    matrix: Any = None
    jac: Any = None
    hess: Any = None

    def __init__(self, c: Callable[[Any], Any], start: Array, lower: Any, upper: Any) -> None:
        self.c = c
        self.differences: dict[str, Any] = {}
        self._at = self._jacobian_at = b""
        self._value, self._jacobian = np.zeros(0), np.zeros((0, 0))
        size = self.value(start).shape
        self.lower = np.array(np.broadcast_to(np.asarray(lower, float), size))
        self.upper = np.array(np.broadcast_to(np.asarray(upper, float), size))
        self.typical, self.start = np.abs(self.value(start)), start

    def value(self, x: Array) -> Array:
        """Return c(x), of shape (m,)."""
        at = x.tobytes()
        if at != self._at:
            value = np.array(self.c(x))
            if value.dtype.kind not in "biuf":
                raise TypeError(f"a constraint returned {value.dtype}, expected real numbers")
            self._value = value.astype(float).reshape(-1)
            self._at = at
        return self._value

    def jacobian(self, x: Array) -> Array:
        """Return the matrix of first derivatives, of shape (m, n).

        Where c has none of its own they are recorded, or else taken from differences.
        """
        at = x.tobytes()
        if at != self._jacobian_at:
            matrix = self.jac(x) if callable(self.jac) else self._without_its_own(x)
            self._jacobian = np.array(matrix, float).reshape(-1, x.size)
            self._jacobian_at = at
        return self._jacobian

    def _without_its_own(self, x: Array) -> Any:
        try:
            return self._exact_jacobian(x)
        except Exception:
            self.by_differences = True
            sizes = np.maximum(np.abs(x), np.abs(self.start))
            return differences(self.value, x, np.where(sizes > 0, sizes, sizes.max() or 1.0))

    def _exact_jacobian(self, x: Array) -> Any:
        return in_memory(jacobian(self.c)(x))[0]

    @cached_property
    def rows_at_start(self) -> Array:
        """The sizes of the first derivatives at the start; 0 where they are not known."""
        try:
            rows = np.abs(np.reshape(self._without_its_own(self.start), (-1, self.start.size)))
        except Exception:
            rows = np.zeros((self.lower.size, self.start.size))
        return np.nan_to_num(rows, nan=0.0, posinf=0.0)

    def exact(self) -> None:
        """Take the exact derivatives of c."""
        self.jac = self._exact_jacobian
        self.hess = self.curvature

    def curvature(self, x: Array, weights: Array) -> Array:
        """Return the exact Hessian of ``weights @ c``."""

        def weighted_sum(x: Any) -> Any:
            c = self.c(x)
            c = np.stack(c) if isinstance(c, list | tuple) else c
            return np.sum(np.reshape(c, (-1,)) * weights)

        matrix: Array = in_memory(hessian(weighted_sum)(x))[0]
        return matrix

    def excess(self, x: Array) -> Array:
        """Return by how much each entry leaves its range."""
        value = self.value(x)
        excess: Array = np.maximum(0, np.maximum(self.lower - value, value - self.upper))
        return excess


def constraints_of(constraints: Any, problem: Problem, *, needed: bool) -> list[Constraint]:
    """Return what SciPy takes as constraints, with exact derivatives unless they have their own.

    Unless derivatives are ``needed``, a constraint that cannot be recorded is left without.

    Raises
    ------
    TypeError, ValueError
        When something is no constraint. When the exact derivative is wanted and c cannot be
        recorded, the engine's error, with a note that names the way out.
    """
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    if constraints is None:
        constraints = ()
    if isinstance(constraints, Mapping) or not isinstance(constraints, Iterable):
        constraints = [constraints]
    found = []
    for i, given in enumerate(constraints):
        if isinstance(given, Mapping):
            made = _from_dict(i, given, problem)
        elif isinstance(given, LinearConstraint):
            made = _from_matrix(given, problem)
        elif isinstance(given, NonlinearConstraint):
            made = _from_nonlinear(given, problem)
        else:
            raise TypeError(
                f"constraint {i} is {given!r:.60}, expected a dict with 'type' and 'fun', a "
                "LinearConstraint or a NonlinearConstraint"
            )
        if made.jac is None:
            made.exact()
            try:
                made.jacobian(problem.start)
            except Exception as error:
                if needed:
                    error.add_note(
                        f"constraint {i} cannot be recorded: give it a jac of its own, or "
                        "jac='3-point' for differences"
                    )
                    raise
                made.jac = made.hess = None
        found.append(made)
    return found


def _from_dict(i: int, given: Mapping[str, Any], problem: Problem) -> Constraint:
    kind = str(given.get("type")).lower()
    if kind not in ("eq", "ineq") or "fun" not in given:
        raise ValueError(
            f"constraint {i} has the type {given.get('type')!r}, expected 'eq' (fun is to be zero) "
            "or 'ineq' (fun is not to be negative), and 'fun'"
        )
    args = given.get("args", ())
    c = problem.on_vectors(given["fun"], args)
    made = Constraint(c, problem.start, 0.0, 0.0 if kind == "eq" else np.inf)
    jac = given.get("jac")
    made.jac = problem.on_vectors(jac, args) if callable(jac) else jac
    return made


def _from_matrix(given: Any, problem: Problem) -> Constraint:
    matrix = given.A.toarray() if hasattr(given.A, "toarray") else np.atleast_2d(given.A)
    if matrix.shape[1] != problem.start.size:
        raise ValueError(
            f"a LinearConstraint has a matrix of shape {matrix.shape} for {problem.start.size} "
            "unknowns"
        )
    made = Constraint(lambda x: matrix @ x, problem.start, given.lb, given.ub)
    made.matrix = matrix
    made.keep_feasible = given.keep_feasible
    made.jac = lambda x: matrix
    made.hess = lambda x, weights: np.zeros((x.size, x.size))
    return made


def _from_nonlinear(given: Any, problem: Problem) -> Constraint:
    from scipy.optimize import BFGS

    made = Constraint(problem.on_vectors(given.fun, ()), problem.start, given.lb, given.ub)
    made.keep_feasible = given.keep_feasible
    made.differences = {
        "finite_diff_rel_step": given.finite_diff_rel_step,
        "finite_diff_jac_sparsity": given.finite_diff_jac_sparsity,
    }
    if callable(given.jac) or given.jac in DIFFERENCES[1:]:
        made.jac = problem.on_vectors(given.jac, ()) if callable(given.jac) else given.jac
        made.hess = given.hess
        if callable(given.hess):
            made.hess = lambda x, weights: given.hess(problem.shaped(x), weights)
    elif not isinstance(given.hess, BFGS):  # which are SciPy's defaults, as "2-point" is
        made.hess = given.hess
    return made


def for_scipy(constraints: Sequence[Constraint], method: str) -> list[Any]:
    """Return the constraints in the form that a method works with, with their derivatives."""
    from scipy.optimize import BFGS, LinearConstraint, NonlinearConstraint

    if method not in ("slsqp", "cobyla"):
        return [
            LinearConstraint(c.matrix, c.lower, c.upper, c.keep_feasible)
            if c.matrix is not None
            else NonlinearConstraint(
                c.value,
                c.lower,
                c.upper,
                jac=c.jac or "2-point",
                hess=c.hess or BFGS(),
                keep_feasible=c.keep_feasible,
                **c.differences,
            )
            for c in constraints
        ]
    return [part for c in constraints for part in _as_dicts(c, equalities=method == "slsqp")]


def _as_dicts(c: Constraint, *, equalities: bool) -> list[dict[str, Any]]:
    """Return the equalities among the entries, and the inequalities, each as one dict.

    Without ``equalities`` each becomes two inequalities, which is all that older COBYLAs know.
    """
    equal = (c.lower == c.upper) & equalities
    low = np.flatnonzero(~equal & np.isfinite(c.lower))
    high = np.flatnonzero(~equal & np.isfinite(c.upper))
    parts = []
    if equal.any():
        part: dict[str, Any] = {"type": "eq", "fun": lambda x: (c.value(x) - c.lower)[equal]}
        if callable(c.jac):
            part["jac"] = lambda x: c.jacobian(x)[equal]
        parts.append(part)
    if low.size or high.size:
        part = {
            "type": "ineq",
            "fun": lambda x: np.concatenate(
                [(c.value(x) - c.lower)[low], (c.upper - c.value(x))[high]]
            ),
        }
        if callable(c.jac):
            part["jac"] = lambda x: np.concatenate([c.jacobian(x)[low], -c.jacobian(x)[high]])
        parts.append(part)
    return parts


def bounds_of(bounds: Any, problem: Problem) -> Bounds:
    """Return the lower and the upper bounds of all numbers of ``x0``, in flat order."""
    n = problem.start.size
    x = problem.shaped(problem.start)
    if bounds is None:
        return np.full(n, -np.inf), np.full(n, np.inf)
    if hasattr(bounds, "lb"):
        lower, upper = bounds_of_scipy(bounds, n)
    elif isinstance(bounds, Mapping):
        lower, upper = bounds_by_key(bounds, x, "bounds")
    else:
        refuse_sides(bounds, x, n)
        try:
            pairs = [(-np.inf if a is None else a, np.inf if b is None else b) for a, b in bounds]
            array = np.array(pairs, float).reshape(-1, 2)
        except (TypeError, ValueError):
            raise ValueError(
                f"expected bounds to be pairs (lower, upper) of numbers or None, got {bounds!r:.80}"
            ) from None
        if len(array) != n:
            raise ValueError(f"expected {n} bounds, one pair for each number, got {len(array)}")
        lower, upper = array.T
    if np.isnan(lower).any() or np.isnan(upper).any():
        raise ValueError(f"a bound is nan: expected numbers, infinite ones included, got {bounds}")
    return lower, upper


# -- whether a point meets them -------------------------------------------------------------


class Violation(NamedTuple):
    """The worst of all violations: how large, of what, and that over the size of its terms."""

    size: float
    relative: float
    where: str


def violation(
    x: Array, reach: Array, lower: Array, upper: Array, constraints: Sequence[Constraint]
) -> Violation:
    """Return the worst violation at x; ``reach`` is how large each unknown has been.

    The size of a constraint's terms is its limit's, or Σ |∂c/∂xᵢ| · reachᵢ where that is larger: to
    first order, a relative violation of δ is mended by changing x by δ of its reach. Where c has no
    derivatives of its own, those at the start and the value there serve, which cost once.
    """
    if not np.all(np.isfinite(x)):
        return Violation(np.inf, np.inf, "x is not finite")
    worst = Violation(0.0, 0.0, "")
    if np.any(x < lower) or np.any(x > upper):
        out = np.maximum(0, np.maximum(lower - x, x - upper))
        limit = np.where(x < lower, lower, upper)
        relative = out / np.maximum(np.abs(limit), reach)
        i = int(np.argmax(relative))
        where = f"x[{i}] = {x[i]:.6g} is outside its bounds ({lower[i]:g}, {upper[i]:g})"
        worst = Violation(float(out.max()), float(relative[i]), where)
    for k, c in enumerate(constraints):
        value = c.value(x)
        if not np.all(np.isfinite(value)):
            return Violation(np.inf, np.inf, f"constraint {k} is not finite")
        excess = c.excess(x)
        if not excess.any():
            continue
        limit = np.where(value < c.lower, c.lower, c.upper)
        rows = np.abs(c.jacobian(x)) if callable(c.jac) else c.rows_at_start
        size = np.maximum(np.abs(limit), rows @ reach)
        if not callable(c.jac):
            size = np.maximum(size, c.typical)
        relative = excess / np.maximum(size, TINY)
        i = int(np.argmax(relative))
        where = (
            f"constraint {k}{f'[{i}]' if value.size > 1 else ''} is {value[i]:.6g}, but has to be "
            f"{_range(c.lower[i], c.upper[i])}"
        )
        worst = Violation(
            max(worst.size, float(excess.max())),
            *max((worst.relative, worst.where), (float(relative[i]), where)),
        )
    return worst


def _range(lower: float, upper: float) -> str:
    if lower == upper:
        return f"{lower:g}"
    if np.isinf(upper):
        return f"at least {lower:g}"
    return f"at most {upper:g}" if np.isinf(lower) else f"from {lower:g} to {upper:g}"
