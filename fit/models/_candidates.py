"""Where the parameters of shapes may lie, to judge by the data: places, widths, frequencies."""

from __future__ import annotations

import numpy as np

from fit.arguments._numbers import Array

CENTRES = 150  # how many are tried for the narrowest peaks


def distinct_points(x: Array) -> tuple[Array, float]:
    """Return the distinct values of x in order, and how far they reach."""
    points = np.unique(x)
    return points, float(np.ptp(points)) or max(abs(float(points[0])), 1.0)


def places(x: Array, y: Array) -> tuple[Array, Array]:
    """Return places and widths, as many of each size as it takes to cover x.

    Sizes are counted in points, so that they adapt to uneven spacing. The places of the largest
    and the smallest y are among them, for peaks narrower than what covers x.
    """
    points, spread = distinct_points(x)
    n = points.size
    if n < 3:
        return np.full(4, points.mean()), spread * np.array([0.25, 0.5, 1.0, 2.0])
    every = max(1.0, n / CENTRES)
    indices, reaches = [], []
    reach = every
    while reach < 2 * n:
        at = np.arange(0, n - 1 + 1e-9, max(every, reach / 2))
        indices.append(at)
        reaches.append(np.full(at.size, reach))
        reach *= 1.6
    sizes = np.geomspace(1, max(every, 1) * 4, 8)
    extreme = np.searchsorted(points, x[np.argsort(y)[[0, 1, -2, -1]]])
    at = np.concatenate([*indices, np.repeat(extreme, sizes.size)])
    reach_of = np.concatenate([*reaches, np.tile(sizes, extreme.size)])
    index = np.arange(n)
    # Beyond its ends, x goes on as it does on average.
    mean = spread / (n - 1)
    index = np.concatenate([[-4.0 * n], index, [5.0 * n]])
    points = np.concatenate([[points[0] - 4 * n * mean], points, [points[-1] + (4 * n + 1) * mean]])
    right, left = (np.interp(at + side * reach_of, index, points) for side in (0.5, -0.5))
    return np.interp(at, index, points), right - left


def frequencies(x: Array, y: Array) -> Array:
    """Return frequencies about the highest peaks of the least-squares periodogram.

    References
    ----------
    W. H. Press and G. B. Rybicki, "Fast algorithm for spectral analysis of unevenly sampled data",
    Astrophysical Journal 338 (1989).
    """
    points, spread = distinct_points(x)
    n = points.size
    # 8 cells between neighbours, and 8 frequencies for each that the data tell apart
    cell = spread / max(8 * (n - 1), 1)
    size = 1 << int(np.ceil(np.log2(64 * n)))
    at = np.round((x - points[0]) / cell).astype(int)
    sums = np.fft.rfft(np.bincount(at, weights=y, minlength=size))
    counts = np.fft.rfft(np.bincount(at, minlength=size))
    last = int(0.5 * size / 8) + 1  # at the Nyquist frequency of the mean spacing
    k = np.arange(1, last)
    # normal equations of cos and sin at each frequency
    cc, ss = (x.size + counts[2 * k].real) / 2, (x.size - counts[2 * k].real) / 2
    cs = -counts[2 * k].imag / 2
    c, s = sums[k].real, -sums[k].imag
    determinant = cc * ss - cs**2
    power = (c**2 * ss + s**2 * cc - 2 * c * s * cs) / determinant
    power = np.where(determinant > 1e-6 * cc * ss, power, 0.0)
    before, after = np.append(-1.0, power[:-1]), np.append(power[1:], -1.0)
    peaks = k[(power >= before) & (power >= after)]
    highest = peaks[np.argsort(power[peaks - 1])[-6:]]
    near = highest[:, None] + np.array([-0.5, 0.0, 0.5])
    slow = np.array([0.25, 0.5])  # of less than a whole period
    return np.asarray(np.append(near, slow) / (size * cell), float)
