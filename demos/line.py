"""Regression by χ²: the straight line through five points.

Where the gradient of χ² vanishes the sums over the data give the slope and the intercept at once.
Steepest descent and Levenberg-Marquardt know nothing of that, and end at the same line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from autodiff import hessian
from demos._plots import BLUE, VERMILION, panels, save
from fit import chi_squared, curve_fit
from optim import gradient_descent

X = np.array([0.4, 0.5, 0.6, 0.7, 0.8])
Y = np.array([0.1, 0.25, 0.55, 0.75, 0.85])


def line(x: Any, m: Any, c: Any) -> Any:
    """Return a straight line of slope m and intercept c."""
    return m * x + c


def closed_form() -> tuple[float, float]:
    """Return the slope and the intercept at which ∂χ²/∂m = ∂χ²/∂c = 0."""
    m = np.sum((X - X.mean()) * Y) / np.sum((X - X.mean()) ** 2)
    return m, Y.mean() - m * X.mean()


def run(gallery: Path) -> None:
    """Find the line in three ways and draw it with its residuals."""
    f = chi_squared(line, X, Y)
    # Beyond 2 over the largest curvature the steps would grow instead of shrink.
    steepest = float(np.linalg.eigvalsh(hessian(f)([0.0, 0.0]))[-1])
    descent = gradient_descent(f, [0.0, 0.0], step=1.8 / steepest, maxiter=5000, gtol=1e-9)
    popt, pcov = curve_fit(line, X, Y)

    print("The straight line y = m x + c through five points")
    print(f"  {'':28}{'m':>10}{'c':>11}{'χ²':>11}")
    for label, p in (
        ("closed form", closed_form()),
        (f"gradient descent, {descent.nit} steps", descent.x),
        ("curve_fit", popt),
    ):
        print(f"  {label:28}{p[0]:10.6f}{p[1]:11.6f}{f(p):11.6f}")
    errors = np.sqrt(np.diag(pcov))
    print(f"  {'± its errors':28}{errors[0]:10.6f}{errors[1]:11.6f}")
    figure, (left, right) = panels(2)
    draw_fit(left, popt, pcov)
    draw_residuals(right, popt)
    save(figure, gallery / "line.svg")


def draw_fit(axes: Any, popt: np.ndarray, pcov: np.ndarray) -> None:
    """Draw the points, and the line with the band of its standard error."""
    x = np.linspace(0.35, 0.85, 100)
    design = np.stack([x, np.ones_like(x)])
    error = np.sqrt(np.sum(design * (pcov @ design), axis=0))
    y = line(x, *popt)
    axes.plot(X, Y, "o", color=VERMILION, ms=7, label="data")
    axes.plot(x, y, color=BLUE, lw=2, zorder=1.5, label=f"y = {popt[0]:.3g} x - {-popt[1]:.3g}")
    axes.fill_between(x, y - error, y + error, color=BLUE, alpha=0.2, lw=0, label="standard error")
    axes.set(xlabel="x", ylabel="y", xlim=(0.35, 0.85), title="the line of least χ²")
    axes.legend(frameon=False)


def draw_residuals(axes: Any, popt: np.ndarray) -> None:
    """Draw what the line leaves unexplained."""
    residuals = Y - line(X, *popt)
    axes.axhline(0, color=BLUE, lw=2)
    axes.vlines(X, 0, residuals, color=VERMILION, lw=1.5)
    axes.plot(X, residuals, "o", color=VERMILION, ms=7)
    axes.set(xlabel="x", ylabel="y - (m x + c)", xlim=(0.35, 0.85), ylim=(-0.09, 0.09))
    axes.set_title(f"the residuals; their squares sum to χ² = {residuals @ residuals:.2g}")
