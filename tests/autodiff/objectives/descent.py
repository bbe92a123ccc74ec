"""The gradient descent of `particle` and `saddle`, whose published results depend on its steps.

Barak A. Pearlmutter and Jeffrey Mark Siskind, "Using programming language theory to make automatic
differentiation sound and efficient", Advances in Automatic Differentiation (2008).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import grad

SMALL = 1e-5  # the published first step, and the gradient and the way at which a search ends
LUCK = 10  # steps downwards after which they are doubled


def argmin(f: Callable[[Any], Any], x: Any, small: float = SMALL) -> Any:
    """Return where gradient descent ends, which halves its step wherever f does not fall."""
    step, streak = small, 0
    value, gradient = f(x), grad(f)(x)
    while np.linalg.norm(gradient) > small:
        if streak == LUCK:
            step, streak = 2 * step, 0
        there = x - step * gradient
        if np.linalg.norm(there - x) <= small:
            break
        value_there = f(there)
        if value_there < value:
            x, value, gradient = there, value_there, grad(f)(there)
            streak += 1
        else:
            step, streak = step / 2, 0
    return x
