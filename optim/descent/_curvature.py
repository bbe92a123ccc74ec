"""What f's exact second derivatives say of a point: all of them, or some products with them."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

import numpy as np

from optim.descent._quadratic_model import QuadraticModel, is_surely_positive
from optim.search._objective import Array, Objective
from optim.search._rounding import EPS

DENSE = 128  # unknowns up to which a Hessian costs no more than a few products with it
PRODUCTS = 6  # with the Hessian, where there are more unknowns
SINGULAR = 1e-10  # of the largest curvature: what is below may be rounding


class Curvature(NamedTuple):
    """What the exact second derivatives say of a point."""

    step: Array  # of Newton's method, with curvatures taken as positive
    slope: float  # of f along it
    solve: Callable[[Array], Array]  # what turns a gradient nearby into minus a step
    flat: bool = False  # whether f has no curvature at all
    bends_down: bool = False  # whether it is curved downwards along some direction
    x: Array | None = None  # where all second derivatives are known
    hess: Array | None = None  # and these
    noise: Array | float = 0.0  # of the gradient, from the rounding of x alone
    model: QuadraticModel | None = None  # where a curvature is none, or may be negative


def curvature_at(
    objective: Objective, x: Array, jac: Array, precondition: Callable[[Array], Array]
) -> Curvature:
    """Look at f's exact second derivatives: all of them, or, of many unknowns, some products."""
    if x.size <= DENSE:
        return _by_hessian(objective.hessian(x), x, jac)
    return _by_products(objective.hessian_product(x), jac, precondition)


def _by_hessian(hess: Array, x: Array, jac: Array) -> Curvature:
    # In units in which all diagonal entries are alike, so that the unknowns' own do not matter.
    scale = np.sqrt(np.abs(hess.diagonal()))
    largest = float(scale.max())
    scale[~(scale > SINGULAR * largest)] = largest or 1.0
    if not (isfinite(largest) and np.isfinite(hess).all()):
        nothing = np.full_like(jac, np.nan)
        return Curvature(nothing, np.nan, lambda g: nothing)
    noise = 10 * EPS * np.abs(hess).dot(np.abs(x))
    scaled = hess / scale / scale[:, None]
    if not is_surely_positive(scaled):
        return _by_model(QuadraticModel(x, jac, hess, scale), jac, noise)

    def solve(g: Array) -> Array:
        solution: Array = np.linalg.solve(scaled, g / scale) / scale
        return solution

    step = -solve(jac)
    return Curvature(step, float(jac.dot(step)), solve, x=x, hess=hess, noise=noise)


def _by_model(model: QuadraticModel, jac: Array, noise: Array) -> Curvature:
    """Take all curvatures as positive, and none as less than what may be rounding."""
    lowest, largest = float(model.curvatures[0]), float(np.abs(model.curvatures).max())
    least = np.where(model.curved, 0.0, SINGULAR * largest or 1.0)
    positive = np.maximum(np.abs(model.curvatures), least)

    def solve(g: Array) -> Array:
        solution: Array = model.axes.dot(g.dot(model.axes) / positive)
        return solution

    step = -solve(jac)
    bends_down = lowest < -SINGULAR * largest
    slope = float(jac.dot(step))
    flat = largest == 0
    return Curvature(step, slope, solve, flat, bends_down, model.x, model.hess, noise, model)


def _by_products(
    product: Callable[[Array], Array], jac: Array, precondition: Callable[[Array], Array]
) -> Curvature:
    """Take Newton's step by conjugate gradients, and probe for downward curvature at random."""
    step, lowest, largest = _conjugate_gradients(product, jac, precondition, PRODUCTS, 0.1)
    if lowest > 0 or not jac.any():
        probe = np.random.default_rng(0).normal(size=jac.size)
        _, low, high = _conjugate_gradients(product, probe, precondition, PRODUCTS // 2, 1e-10)
        lowest, largest = (min(lowest, low) if jac.any() else low), max(largest, high)
    bends_down = lowest < -SINGULAR * largest
    return Curvature(step, float(jac.dot(step)), precondition, largest == 0, bends_down)


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
