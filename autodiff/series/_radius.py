"""The radius of convergence of a power series, from its first coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def radius_of_convergence(coefficients: NDArray[Any]) -> float:
    """Return an estimate of the radius of convergence."""
    if not np.all(np.isfinite(coefficients)):
        return 0.0
    powers = np.flatnonzero(coefficients)
    gaps = np.diff(powers)
    if not len(gaps) or len(coefficients) - 1 - powers[-1] >= max(gaps):
        return float(np.inf)  # it ends, more zeros than ever before: a polynomial
    stride = int(np.gcd.reduce(gaps))  # 2 for an even or odd function: a series in x²
    c = coefficients[powers[0] :: stride]
    radius = np.array(_radii(c))
    if len(c) >= 12 and np.all(radius > 1.12 * np.array(_radii(c[: 2 * len(c) // 3]))):
        return float(np.inf)  # both still grow with the order
    return float(radius[1] ** (1 / stride))


def _radii(c: NDArray[Any]) -> tuple[float, float]:
    """Return a rough estimate by the slope of the logarithms, and a fine one by a fit."""
    n, half = len(c), len(c) // 2
    head, tail = np.max(np.abs(c[:-half])), np.max(np.abs(c[-half:]))
    if not np.any(c[-min(half, 6) :]):  # as where it vanishes but for a few powers far apart
        return np.inf, np.inf
    rough = float((head / tail) ** (1 / half))
    return rough, rough * _nearest_singularity(c[-8:], rough, n) if n > 4 else rough


def _nearest_singularity(c: NDArray[Any], rough: float, n: int) -> float:
    """Return the distance to the singularity in units of the rough guess, from the last of n terms.

    Fits (1 - p₁x - p₃x²) x f′ = (p₂x + p₄x²) f. A zero of the polynomial on the left is a
    singularity. Where there is but one, the other zero means nothing: the one that is closer to
    the rough guess counts.
    """
    m = len(c)
    k = np.arange(n - m + 2, n)
    scaled = c / np.max(np.abs(c)) * rough ** np.arange(m)
    new, last, older = scaled[2:], scaled[1:-1], scaled[:-2]
    system = np.stack([(k - 1) * last, last, (k - 2) * older, older], axis=1)
    rows = np.any(system != 0, axis=1)
    weight = 1 / np.max(np.abs(system[rows]), axis=1)
    p = np.linalg.lstsq(weight[:, None] * system[rows], weight * (k * new)[rows], rcond=1e-8)[0]
    inverses = np.abs(np.roots([1, -p[0], -p[2]]))
    inverses = inverses[inverses > 1e-3]  # those a thousand times as far are not there at all
    if not len(inverses):
        return float(np.inf)
    return float(1 / inverses[np.argmin(np.abs(np.log(inverses)))])
