"""Regression by steepest descent: the heights of people and a Gaussian.

χ² is a function of the mean μ and the standard deviation σ, and so a landscape. Its gradient comes
from the engine; fifty steps against it lead from a poor guess down to the best Gaussian.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from demos._plots import BLUE, ORANGE, panels, save
from fit import chi_squared, curve_fit
from optim import gradient_descent

# The share of people in each bin of 2.5 cm from 50 to 300 cm; all others are empty.
EDGES = np.arange(50, 300, 2.5)
FREQUENCY = np.zeros(100)
FREQUENCY[44:60] = (
    *(0.031, 0.013, 0.023, 0.064, 0.065, 0.126, 0.132, 0.127),
    *(0.113, 0.091, 0.105, 0.050, 0.018, 0.018, 0.018, 0.001),
)
CENTRES = EDGES + 1.25
DENSITY = FREQUENCY / (FREQUENCY.sum() * 2.5)
START = (155.0, 6.0)


def gaussian(x: Any, mu: Any, sigma: Any) -> Any:
    """Return the normal density."""
    return np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


def run(gallery: Path) -> None:
    """Descend, compare with curve_fit, and draw the fit and the way down."""
    f = chi_squared(gaussian, CENTRES, DENSITY)
    path = gradient_descent(f, START, step=2000, maxiter=50, path=True).path
    popt, pcov = curve_fit(gaussian, CENTRES, DENSITY, p0=START)

    print("A Gaussian through the heights, by steepest descent on χ² with a step of 2000")
    print(f"  {'':14}{'μ (cm)':>11}{'σ (cm)':>10}{'χ² (1/cm²)':>15}")
    for label, p in (
        ("start", path[0]),
        ("after 1 step", path[1]),
        ("after 10 steps", path[10]),
        ("after 50 steps", path[50]),
        ("curve_fit", popt),
    ):
        print(f"  {label:14}{p[0]:11.5f}{p[1]:10.5f}{f(p):15.5e}")
    errors = np.sqrt(np.diag(pcov))
    print(f"  {'± its errors':14}{errors[0]:11.5f}{errors[1]:10.5f}")
    figure, (left, right) = panels(2)
    draw_fit(left, path, popt)
    draw_descent(right, f, path)
    save(figure, gallery / "heights.svg")


def draw_fit(axes: Any, path: np.ndarray, popt: np.ndarray) -> None:
    """Draw the data, the model at some steps of the descent, and where curve_fit ends."""
    x = np.linspace(130, 240, 500)
    axes.bar(CENTRES, DENSITY, 2.5, color="0.85", edgecolor="white", label="data")
    for step, style, label in (
        (0, ":", "start"),
        (1, "-.", "after 1 step"),
        (10, "--", "after 10 steps"),
        (50, "-", "after 50 steps"),
    ):
        axes.plot(x, gaussian(x, *path[step]), style, color=BLUE, lw=1.8, label=label)
    axes.plot(x, gaussian(x, *popt), color=ORANGE, lw=7, alpha=0.6, zorder=1.5, label="curve_fit")
    axes.set(xlabel="height (cm)", ylabel="density (1/cm)", xlim=(130, 240), ylim=(0, None))
    axes.set_title("from a poor guess to the best Gaussian")
    axes.legend(frameon=False)


def draw_descent(axes: Any, f: Callable[[Any], Any], path: np.ndarray) -> None:
    """Draw the path on the contours of χ²."""
    from matplotlib.colors import LogNorm

    mu, sigma = np.linspace(150, 190, 81), np.linspace(4, 24, 81)
    surface = np.array([[f((m, s)) for m in mu] for s in sigma])
    levels = np.geomspace(4.3e-4, 4.3e-2, 25)
    norm = LogNorm(levels[0], levels[-1])
    filled = axes.contourf(mu, sigma, surface, levels, cmap="cividis", norm=norm, extend="both")
    axes.contour(mu, sigma, surface, levels, colors="white", linewidths=0.4, alpha=0.6)
    ticks = [5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2]
    bar = axes.figure.colorbar(filled, ax=axes, label="χ² (1/cm²)", ticks=ticks)
    bar.ax.set_yticklabels([f"{tick:g}" for tick in ticks])
    axes.plot(*path.T, color="black", lw=3)
    axes.plot(*path.T, "o-", color="white", ms=4.5, lw=1.5, mec="black")
    for label, p, offset, color in (
        ("start", path[0], (9, -4), "black"),
        ("first step", path[1], (9, -4), "black"),
        ("minimum", path[-1], (9, -12), "white"),
    ):
        axes.annotate(label, p, offset, textcoords="offset points", color=color, weight="bold")
    axes.set(xlabel="mean μ (cm)", ylabel="standard deviation σ (cm)")
    axes.set_title("fifty steps down the landscape of χ²")
