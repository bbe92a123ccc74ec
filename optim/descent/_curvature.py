"""What f's exact second derivatives say of a point: all of them, or some products with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from optim.descent._quadratic_model import QuadraticModel
from optim.search._objective import Array, Objective
from optim.search._rounding import EPS

DENSE = 128  # unknowns up to which a Hessian costs no more than a few products with it
PRODUCTS = 6  # with the Hessian, where there are more unknowns
SINGULAR = 1e-10  # of the largest curvature: what is below may be rounding


class Curvature(NamedTuple):
    """What the exact second derivatives say of a point."""

    step: Array  # of Newton's method, with curvatures taken as positive
    slope: float  # of f along it
    lowest: float  # the lowest curvature that was found
    largest: float
    solve: Callable[[Array], Array]  # what turns a gradient nearby into minus a step
    noise: Array | float = 0.0  # of the gradient, from the rounding of x alone
    model: QuadraticModel | None = None  # where all second derivatives are known

    @property
    def flat(self) -> bool:
        """Whether f has no curvature at all."""
        return self.largest == 0

    @property
    def bends_down(self) -> bool:
        """Whether f is curved downwards along some direction."""
        return self.lowest < -SINGULAR * self.largest


def curvature_at(
    objective: Objective, x: Array, jac: Array, precondition: Callable[[Array], Array]
) -> Curvature:
    """Look at f's exact second derivatives: all of them, or, of many unknowns, some products."""
    if x.size <= DENSE:
        return _by_hessian(objective.hessian(x), x, jac)
    return _by_products(objective.hessian_product(x), jac, precondition)


def _by_hessian(matrix: Array, x: Array, jac: Array) -> Curvature:
    # In units in which all diagonal entries are alike, so that the unknowns' own do not matter.
    scale = np.sqrt(np.abs(matrix.diagonal()))
    scale[~(scale > SINGULAR * scale.max())] = scale.max() or 1.0
    if not (np.isfinite(matrix).all() and np.isfinite(scale).all()):
        nothing = np.full_like(jac, np.nan)
        return Curvature(nothing, np.nan, np.nan, np.nan, lambda g: nothing)
    model = QuadraticModel(x, jac, matrix, scale)
    lowest, largest = float(model.curvatures[0]), float(np.abs(model.curvatures).max())
    least = np.where(model.curved, 0.0, SINGULAR * largest or 1.0)
    positive = np.maximum(np.abs(model.curvatures), least)

    def solve(g: Array) -> Array:
        solution: Array = model.axes.dot(g.dot(model.axes) / positive)
        return solution

    step = -solve(jac)
    noise = 10 * EPS * np.abs(matrix) @ np.abs(x)
    return Curvature(step, float(jac.dot(step)), lowest, largest, solve, noise, model)


def _by_products(
    product: Callable[[Array], Array], jac: Array, precondition: Callable[[Array], Array]
) -> Curvature:
    """Take Newton's step by conjugate gradients, and probe for downward curvature at random."""
    step, lowest, largest = _conjugate_gradients(product, jac, precondition, PRODUCTS, 0.1)
    if lowest > 0 or not jac.any():
        probe = np.random.default_rng(0).normal(size=jac.size)
        _, low, high = _conjugate_gradients(product, probe, precondition, PRODUCTS // 2, 1e-10)
        lowest, largest = (min(lowest, low) if jac.any() else low), max(largest, high)
    return Curvature(step, float(jac.dot(step)), lowest, largest, precondition)


def _conjugate_gradients(
    product: Callable[[Array], Array],
    jac: Array,
    precondition: Callable[[Array], Array],
    limit: int,
    share: float,
) -> tuple[Array, float, float]:
    """Return a step to where a share of the gradient is left, and the extreme curvatures."""
    step = np.zeros_like(jac)
    residual = jac
    image = precondition(residual)
    size = first = float(residual.dot(image))
    direction = -image
    lowest, largest = np.inf, 0.0
    for _ in range(limit):
        if not size > share * first:
            break
        bent = product(direction)
        curvature = float(direction.dot(bent))
        relative = curvature / float(direction.dot(direction))
        lowest, largest = min(lowest, relative), max(largest, abs(relative))
        if not curvature > 0:
            if not step.any() and curvature:
                step = size / -curvature * direction
            break
        length = size / curvature
        step = step + length * direction
        residual = residual + length * bent
        image = precondition(residual)
        before, size = size, float(residual.dot(image))
        direction = size / before * direction - image
    return step, lowest, largest
