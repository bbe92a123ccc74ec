"""What products with the Hessian tell: steps by conjugate gradients, and curvatures by Lanczos."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple, TypeAlias

import numpy as np

from optim.search._objective import Array, Iterate, Objective
from optim.search._rounding import EPS

Product: TypeAlias = Callable[[Array], Array]

FIRST_STEP = 1e-3  # of the size of x: a step where no curvature tells its length
ROUNDS = 3  # times the unknowns: products for one step; in exact arithmetic as many as these do
LANCZOS = 32  # products where a minimum of more unknowns than DENSE is to be confirmed


class PointWithProducts(NamedTuple):
    """A point, and the products of the Hessian there."""

    point: Iterate
    product: Product
    image: Array  # of the gradient, shortened to length 1

    @property
    def usable(self) -> bool:
        """Whether all is finite."""
        return bool(np.isfinite(self.image).all())


class ModelStep(NamedTuple):
    """A step in the quadratic model, or on to its rim."""

    move: Array
    slope: float  # of f along it
    change: float  # of the model
    converged: bool  # whether it ends at the model's minimum


def conjugate_gradients(here: PointWithProducts, left: float, radius: float) -> ModelStep:
    """Return the step to where the model's gradient has this part left, or on the way to the rim.

    The way ends at the rim, and goes there along the first direction without positive curvature.
    Where the radius is infinite, it ends where it comes upon one.
    """
    norm = norm_of(here.point.jac)
    if not norm:
        return ModelStep(np.zeros_like(here.image), 0.0, 0.0, True)
    # All for a gradient of norm 1, so that no square of it overflows or vanishes.
    jac, radius = here.point.jac / norm, radius / norm
    move, image = np.zeros_like(jac), np.zeros_like(jac)  # a step, and its product
    residual, direction, bent = jac, -jac, -here.image
    square = 1.0
    converged = False
    for _ in range(ROUNDS * jac.size):
        curvature = float(direction @ bent)
        convex = curvature > EPS * norm_of(direction) * norm_of(bent)
        length = square / curvature if convex else np.inf
        if not convex or not norm_of(move + length * direction) < radius:
            if radius < np.inf:
                length = _to_rim(move, direction, radius)
            elif move.any():
                break
            elif curvature:
                length = square / abs(curvature)
            else:
                length = FIRST_STEP * (float(np.linalg.norm(here.point.x)) or 1.0) / norm
            move, image = move + length * direction, image + length * bent
            break
        move, image = move + length * direction, image + length * bent
        residual = residual + length * bent
        last, square = square, float(residual @ residual)
        converged = square <= left**2
        if converged:
            break
        direction = square / last * direction - residual
        bent = here.product(direction)
    return model_step(here.point.jac, norm * move, norm * image, converged)


def model_step(jac: Array, move: Array, image: Array, converged: bool) -> ModelStep:
    """Return a step of the model, given the product of the Hessian with it."""
    slope = float(jac @ move)
    return ModelStep(move, slope, slope + float(move @ image) / 2, converged)


def within(radius: float, step: ModelStep) -> ModelStep:
    """Return a step, cut off at the rim."""
    part = radius / norm_of(step.move) if step.move.any() else 1.0
    if part >= 1:
        return step
    bend = step.change - step.slope
    slope = part * step.slope
    return ModelStep(part * step.move, slope, slope + part**2 * bend, False)


def _to_rim(move: Array, direction: Array, radius: float) -> float:
    """Return how far it is along a direction from a point within a ball to its rim."""
    norm = norm_of(direction)
    inside = move / radius
    along = float(inside @ direction) / norm
    room = max(1 - float(inside @ inside), 0.0)
    root = sqrt(along**2 + room)
    return radius / norm * (room / (along + root) if along > 0 else root - along)


def with_products(objective: Objective, point: Iterate) -> PointWithProducts:
    """Return a point with the products there, from one recording."""
    product = objective.hessian_product(point.x)
    return PointWithProducts(point, product, product(point.jac / (norm_of(point.jac) or 1.0)))


def lowest_curvature(product: Product, size: int) -> tuple[float, Array, float]:
    """Return the lowest curvature that Lanczos' method finds, its direction, and the largest.

    It starts at random, and so finds the lowest of all where there are no more unknowns than
    products.
    """
    vector = np.random.default_rng(0).normal(size=size)
    basis: list[Array] = []
    images: list[Array] = []
    for _ in range(min(size, LANCZOS)):
        basis.append(vector / np.linalg.norm(vector))
        images.append(product(basis[-1]))
        vector = images[-1]
        for _ in range(2):  # twice is enough against rounding
            vector = vector - np.stack(basis, axis=1) @ (np.stack(basis) @ vector)
        if not np.linalg.norm(vector) > size * EPS * np.linalg.norm(images[-1]):
            break
    frame = np.stack(basis)
    values, vectors = np.linalg.eigh(frame @ np.stack(images, axis=1))
    return float(values[0]), vectors[:, 0] @ frame, float(np.abs(values).max())


def norm_of(v: Array) -> float:
    """Return the norm, of numbers too large or small to be squared as well."""
    largest = float(np.abs(v).max())
    return largest * float(np.linalg.norm(v / largest)) if largest else 0.0
