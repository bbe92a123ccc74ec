"""A charged particle that is to hit the origin, of GradBench: derivatives inside of derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import grad

STEP = 0.1


def miss(w: Any) -> Any:
    """Return the square of where the particle meets the x-axis, by w, an array of one number.

    It is driven by the field of two fixed charges, of which w lowers one, and followed by Euler's
    steps; the last goes just as far as the axis.
    """
    charges = np.array([[10.0, 10.0 - w[0]], [10.0, 0.0]], like=w)

    def potential(x: Any) -> Any:
        return np.sum(1 / np.sqrt(np.sum((x - charges) ** 2, axis=1)))

    x, velocity = np.array([0.0, 8.0], like=w), np.array([0.75, 0.0], like=w)
    while x[1] + STEP * velocity[1] > 0:
        force = -grad(potential)(x)
        x += STEP * velocity
        velocity += STEP * force
    x += -x[1] / velocity[1] * velocity
    return x[0] ** 2


def example() -> tuple[Any]:
    """Return where GradBench starts."""
    return (np.array([0.0]),)
