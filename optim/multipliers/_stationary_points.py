"""Points of a problem with equality constraints: what holds there to second order.

All is measured in units of the problem's own, so that no test depends on the user's: each unknown
by the largest size that it has had, each constraint by the norm of its gradient in these units. A
constraint's value is then about the distance to where it holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optim.multipliers._constrained_objective import ConstrainedObjective
from optim.search._objective import Array, Iterate

SLOW = 0.01  # of the KKT residual before: Newton's steps leave less of it
ROUNDED = 1e-12  # the KKT residual below which it is rounding that makes steps slow
STATIONARY = 1e-8  # the KKT residual that counts as zero where rounding lets no step lower it
RANK = 1e-8  # of the largest: a singular value of the constraints' Jacobian below is zero
LEVEL_OUT = 1e-13  # of the Hessian's norm: a smaller curvature is zero
CURVATURE = 1e-8  # of the Hessian's norm: a smaller curvature has no sign
SHORT = 1e-4  # of the size of x: a step so short leaves a curvature as it is, or it has no sign
SHRUNK = 0.1  # of the largest that it has been: a gradient that may be on its way to zero
ADJACENT = 1e-7  # of the size of x: where gradients add up to zero nearby, at the least
RESOLVED = 1e-7  # of the size of x: a curvature has no sign where Newton's step is longer still


@dataclass(frozen=True)
class ConstrainedPoint:
    """A place, and all that was evaluated there, in the problem's own units.

    Attributes
    ----------
    scale, rows : ndarray
        The units of x, and those of the constraints.
    c, g, A, H : ndarray
        The constraints, the gradient of f, the constraints' Jacobian, and the Hessian of the
        Lagrangian with the multipliers y (all in these units; ``fun`` is ``sign`` f).
    violation : float
        The largest distance, to first order, to where a constraint holds.
    """

    x: Array
    fun: float
    scale: Array
    rows: Array
    steepest: Array  # the largest norm that each constraint's gradient has had
    greatest: float  # the largest `terms` on the way
    greatest_slopes: float  # and the largest `slopes`
    c: Array
    g: Array
    A: Array
    y: Array
    H: Array
    violation: float
    turn: Array  # by how much H has changed with the last step, if that was short

    @classmethod
    def at(
        cls,
        system: ConstrainedObjective,
        x: Array,
        before: ConstrainedPoint | None = None,
        y: Any = None,
    ) -> ConstrainedPoint:
        """Evaluate all there is; by default with the multipliers that fit the gradient best."""
        fun, c = system.values(x)
        return cls.of(system, x, fun, c, before, y)

    @classmethod
    def of(
        cls,
        system: ConstrainedObjective,
        x: Array,
        fun: float,
        c: Array,
        before: ConstrainedPoint | None,
        y: Any = None,
    ) -> ConstrainedPoint:
        """Evaluate the derivatives where the values are known; ``y`` in the user's units."""
        return cls.to_first_order(system, x, fun, c, before, y).to_second_order(system, before)

    @classmethod
    def to_first_order(
        cls,
        system: ConstrainedObjective,
        x: Array,
        fun: float,
        c: Array,
        before: ConstrainedPoint | None,
        y: Any = None,
    ) -> ConstrainedPoint:
        """Evaluate the first derivatives only; H is not a number."""
        g, J = system.derivatives(x)
        scale = np.abs(x)
        if before is not None:
            # An excursion is forgotten in time, but what tends to zero is not measured by itself.
            scale = np.maximum(scale, np.maximum(before.scale / 2, 0.1 * np.abs(system.start)))
        scale = np.where(scale > 0, scale, 1.0)
        norms = np.linalg.norm(J * scale, axis=1)
        steepest = norms if before is None else np.maximum(norms, before.steepest)
        # A gradient that vanishes at once must not lend its constraint an endless weight.
        rows = norms if before is None else np.maximum(norms, before.rows / 10)
        rows = np.where(rows > 0, rows, 1.0)
        distances = np.divide(np.abs(c), norms, where=norms > 0, out=np.where(c == 0, 0.0, np.inf))
        point = cls(
            x=x,
            fun=fun,
            scale=scale,
            rows=rows,
            steepest=steepest,
            greatest=0.0,
            greatest_slopes=0.0,
            c=c / rows,
            g=scale * g,
            A=J * scale / rows[:, None],
            y=np.full(c.size, np.nan) if y is None else y * rows,
            H=np.full((x.size, x.size), np.nan),
            violation=float(np.max(distances, initial=0.0)),
            turn=np.zeros((x.size, x.size)),
        )
        if not all(np.isfinite(v).all() for v in (fun, point.c, point.g, point.A)):
            return point
        return replace(point, y=point.least_squares_multipliers(-point.g)) if y is None else point

    def to_second_order(
        self, system: ConstrainedObjective, before: ConstrainedPoint | None
    ) -> ConstrainedPoint:
        """Evaluate the Hessian of the Lagrangian as well, if all else is finite."""
        x, scale = self.x, self.scale
        if not all(np.isfinite(v).all() for v in (self.fun, self.c, self.g, self.A, self.y)):
            return self
        H = scale[:, None] * system.curvature(x, self.y / self.rows) * scale
        turn = self.turn
        if before is not None and np.linalg.norm((x - before.x) / scale) <= SHORT:
            turn = H - before.H
        point = replace(self, H=H, turn=turn)
        return replace(
            point,
            greatest=max(point.terms, before.greatest if before else 0.0),
            greatest_slopes=max(point.slopes, before.greatest_slopes if before else 0.0),
        )

    @property
    def finite(self) -> bool:
        parts = (self.fun, self.c, self.g, self.A, self.y, self.H)
        return all(np.isfinite(v).all() for v in parts) and bool(np.isfinite(self.terms))

    @cached_property
    def factors(self) -> tuple[Array, Array, Array, Array]:
        """U, s and V of the constraints' Jacobian, up to its rank; and Z, where it is zero."""
        U, s, Vt = np.linalg.svd(self.A)
        rank = int(np.sum(s > RANK * s.max(initial=1.0)))
        return U[:, :rank], s[:rank], Vt[:rank].T, Vt[rank:].T

    @property
    def rank(self) -> int:
        return int(self.factors[1].size)

    def least_squares_multipliers(self, force: Array) -> Array:
        """Return the multipliers y with Aᵀ y nearest to a vector, of all such the shortest."""
        U, s, V, _ = self.factors
        y: Array = U @ (V.T @ force / s)
        return y

    def back(self, c: Array) -> Array:
        """Return the shortest step that takes the linearised constraints from ``c`` to zero."""
        U, s, V, _ = self.factors
        step: Array = -V @ (U.T @ c / s)
        return step

    @cached_property
    def tangential(self) -> tuple[Array, Array]:
        """The principal curvatures of the Lagrangian along the constraints, and their axes."""
        Z = self.factors[3]
        curvatures, axes = np.linalg.eigh(Z.T @ self.H @ Z)
        curvatures[np.abs(curvatures) <= LEVEL_OUT * np.linalg.norm(self.H)] = 0.0
        return curvatures, Z @ axes

    @cached_property
    def slopes(self) -> float:
        """How large the terms of the gradient of the Lagrangian are."""
        forces = np.abs(self.y) * np.linalg.norm(self.A, axis=1)
        return float(np.linalg.norm(self.g) + np.sum(forces))

    @cached_property
    def terms(self) -> float:
        """How large the terms are that make up a gradient of the Lagrangian hereabouts."""
        return self.slopes + float(np.linalg.norm(self.H))

    @cached_property
    def imbalance(self) -> Array:
        """The gradient of the Lagrangian."""
        total: Array = self.g + self.A.T @ self.y
        return total

    @cached_property
    def stationarity(self) -> float:
        """The norm of the Lagrangian's gradient, relative to its terms.

        Along the constraints each principal axis has terms of its own: however stiff others are,
        far out, where that is most of the terms, a slope along a level axis is none the less one.
        """
        if not self.terms:
            return 0.0
        axes = self.tangential[1]
        along = axes.T @ self.imbalance
        across = float(np.linalg.norm(self.imbalance - axes @ along))
        stiff = np.maximum(np.linalg.norm(self.H @ axes, axis=0), self.greatest_slopes)
        terms = self.slopes + np.minimum(np.linalg.norm(self.H), stiff)
        shares = np.divide(along, terms, out=np.zeros_like(along), where=terms > 0)
        return float(np.linalg.norm(np.append(shares, across / self.terms)))

    @property
    def residual(self) -> float:
        """How far the KKT conditions are from being met; no units."""
        return max(self.stationarity, self.violation)

    def is_stationary(self, kkt_tol: float, slow: bool) -> bool:
        """Whether the residual is down to the tolerance, or as far as rounding lets it."""
        return self.residual <= kkt_tol or (slow and self.residual <= ROUNDED)

    @cached_property
    def signless(self) -> NDArray[np.bool_]:
        """Which of the principal curvatures are too small to have a sign."""
        curvatures, axes = self.tangential
        size = np.abs(curvatures)
        slopes = np.abs(axes.T @ self.g)
        flat: NDArray[np.bool_] = size <= CURVATURE * np.linalg.norm(self.H)
        flat |= slopes > RESOLVED * size
        flat |= np.abs(np.sum(axes * (self.turn @ axes), axis=0)) > size / 4
        return flat

    def vanishing(self, system: ConstrainedObjective) -> Array | None:
        """Return weights with which the constraints' gradients add up to zero nearby, if they do.

        It is so where Newton's method on that sum is as far from zero as its gradient is. Far out
        all is near beside x, and so the gradients must have been larger before.
        """
        U, s, _, _ = self.factors
        if not s.size:
            return None
        u = U[:, -1]
        if np.linalg.norm((u * self.rows / self.steepest) @ self.A) > SHRUNK:
            return None
        bend = self.scale[:, None] * system.curvature_of_constraints(self.x, u / self.rows)
        curvature = float(np.linalg.norm(bend * self.scale))
        near = max(ADJACENT, 8 * abs(float(u @ self.c)) / s[-1])
        return u if s[-1] <= near * curvature else None

    @property
    def bends(self) -> tuple[bool, bool, bool]:
        """Whether f bends up, bends down, is flat to second order, in some direction each."""
        curvatures, flat = self.tangential[0], self.signless
        return (
            bool(np.any(~flat & (curvatures > 0))),
            bool(np.any(~flat & (curvatures < 0))),
            bool(np.any(flat)),
        )

    def kind(self, sign: float) -> str:
        """Return the kind of this stationary point, for f itself."""
        up, down, flat = self.bends
        if up and down:
            return "saddle"
        if flat:
            return "degenerate"
        return "minimum" if (sign < 0) == down else "maximum"


def as_iterate(system: ConstrainedObjective, point: ConstrainedPoint) -> Iterate:
    """Return what the result says of a point, in the user's units."""
    sign = system.sign
    multipliers = sign * point.y / point.rows
    more: dict[str, Any] = {
        "multipliers": multipliers,
        "constraints": point.c * point.rows,
        "stationarity": point.stationarity,
        "violation": point.violation,
        "kkt": point.residual,
        "curvatures": np.sort(sign * point.tangential[0]),
        "kind": point.kind(sign) if point.residual <= STATIONARY else "not stationary",
    }
    if len(system.sizes) > 1:
        ends = np.cumsum(system.sizes)[:-1]
        more["multipliers_by_constraint"] = np.split(multipliers, ends)
    return Iterate(point.x, sign * point.fun, sign * point.g / point.scale, more)
