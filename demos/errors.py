"""What errors do: pulls that give a model away, errors in x, and outliers.

Anscombe made four sets of data with the same line, the same errors and the same R²: only the pulls
tell them apart. York gave Pearson's points errors in both directions, and the line through them
turns; for a line the effective variance and the orthogonal distance are one and the same. A robust
loss finds the line that all points but one are on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from demos._plots import BLACK, BLUE, SKY, VERMILION, panels, save
from fit import FitResult, Line, fit, line

# F. J. Anscombe, "Graphs in statistical analysis", The American Statistician 27 (1973) 17.
_X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
QUARTET = {
    "I": (_X, [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]),
    "II": (_X, [9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74]),
    "III": (_X, [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73]),
    "IV": (
        [8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8],
        [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89],
    ),
}

# K. Pearson's points (1901) with the weights 1/σ² of D. York, Can. J. Phys. 44 (1966) 1079.
X = np.array([0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
X_SIGMA = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1]) ** -0.5
Y_SIGMA = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500]) ** -0.5
PUBLISHED = (5.4799102240, 0.2949707, -0.4805334074, 0.0579850, 11.8663531941)


def run(gallery: Path) -> None:
    """Fit lines to all of them, print what is found and draw it."""
    quartet = {name: line(x, y) for name, (x, y) in QUARTET.items()}
    print_quartet(quartet)
    figure, axes = panels(4, width=2.9, height=2.9)
    for each, (name, result) in zip(axes, quartet.items(), strict=True):
        draw_pulls(each, f"Anscombe's set {name}", result)
    save(figure, gallery / "errors_quartet.svg")

    york = errors_in_x()
    print_york(york)
    robust = without_outlier()
    print_robust(robust)
    figure, (left, right) = panels(2)
    draw_york(left, york)
    draw_robust(right, robust)
    save(figure, gallery / "errors.svg")


def errors_in_x() -> dict[str, FitResult]:
    """Return the lines through Pearson's points, by what is done about the errors in x."""
    return {
        "errors in x ignored": line(X, Y, Y_SIGMA),
        "effective variance": fit(
            Line(), X, Y, Y_SIGMA, x_sigma=X_SIGMA, method="effective-variance"
        ),
        "orthogonal distance": fit(Line(), X, Y, Y_SIGMA, x_sigma=X_SIGMA),
    }


def without_outlier() -> dict[str, FitResult]:
    """Return the lines through Anscombe's third set, with and without trust in every point."""
    x, y = map(np.array, QUARTET["III"])
    trusted = np.arange(len(x)) != 2
    return {
        "least squares": line(x, y, 0.1),
        "outlier left out": line(x[trusted], y[trusted], 0.1),
        "cauchy loss": fit(Line(), x, y, 0.1, loss="cauchy"),
    }


def numbers(result: FitResult) -> tuple[float, float, float, float]:
    """Return intercept, error, slope and error."""
    value, error = result.values, result.errors
    return value["intercept"], error["intercept"], value["slope"], error["slope"]


def print_quartet(quartet: dict[str, FitResult]) -> None:
    """Print the fits that look the same."""
    print("Anscombe's quartet: four straight lines")
    print(f"  {'set':5}{'intercept':>11}{'error':>11}{'slope':>11}{'error':>11}", end="")
    print(f"{'R²':>11}{'largest pull':>15}")
    for name, result in quartet.items():
        a, da, b, db = numbers(result)
        pull = max(result.pulls, key=abs)
        print(f"  {name:5}{a:11.5f}{da:11.5f}{b:11.6f}{db:11.6f}", end="")
        print(f"{result.r_squared:11.6f}{pull:15.2f}")


def print_york(york: dict[str, FitResult]) -> None:
    """Print the lines through Pearson's points."""
    print("\nPearson's data with York's weights, and 8 degrees of freedom")
    print(f"  {'':21}{'intercept':>13}{'error':>11}{'slope':>15}{'error':>11}{'χ²':>15}")
    found = {label: (*numbers(result), result.chi_squared) for label, result in york.items()}
    for label, (a, da, b, db, least) in {**found, "published": PUBLISHED}.items():
        print(f"  {label:21}{a:13.10f}{da:11.7f}{b:15.10f}{db:11.7f}{least:15.10f}")


def print_robust(robust: dict[str, FitResult]) -> None:
    """Print the lines through Anscombe's third set."""
    print("\nAnscombe's set III, with errors of 0.1")
    print(f"  {'':21}{'intercept':>10}{'error':>8}{'slope':>10}{'error':>8}{'largest pull':>15}")
    for label, result in robust.items():
        a, da, b, db = numbers(result)
        pull = max(result.pulls, key=abs)
        print(f"  {label:21}{a:10.3f}{da:8.3f}{b:10.4f}{db:8.4f}{pull:15.1f}")


def draw_pulls(axes: Any, title: str, result: FitResult) -> None:
    """Draw the residuals in standard deviations, on bands of one and two."""
    for reach, alpha in ((2, 0.2), (1, 0.3)):
        axes.axhspan(-reach, reach, color=SKY, alpha=alpha, lw=0)
    axes.axhline(0, color=BLUE, lw=1)
    axes.plot(result.problem.x, result.pulls, "o", color=BLACK, ms=5)
    axes.set(xlabel="x", ylabel="pull", xlim=(3, 20), ylim=(-3.2, 3.2), title=title)


def draw_york(axes: Any, york: dict[str, FitResult]) -> None:
    """Draw Pearson's points with their errors, and the lines."""
    x = np.array([-0.5, 9])
    axes.errorbar(X, Y, Y_SIGMA, X_SIGMA, fmt="o", color=BLACK, ms=4, elinewidth=0.8, label="data")
    draw_lines(axes, x, york)
    axes.set(xlabel="x", ylabel="y", title="errors in x turn the line")
    axes.legend(frameon=False)


def draw_robust(axes: Any, robust: dict[str, FitResult]) -> None:
    """Draw Anscombe's third set, and the lines."""
    x = np.array([3, 15])
    axes.plot(*QUARTET["III"], "o", color=BLACK, ms=5, label="data")
    draw_lines(axes, x, robust)
    axes.set(xlabel="x", ylabel="y", title="a robust loss gives an outlier less weight")
    axes.legend(frameon=False)


def draw_lines(axes: Any, x: np.ndarray, results: dict[str, FitResult]) -> None:
    """Draw three lines, the second so wide that the third can lie upon it."""
    looks = ((VERMILION, "--", 2), (SKY, "-", 6), (BLUE, "-", 2))
    for (label, result), (color, style, width) in zip(results.items(), looks, strict=True):
        axes.plot(x, result.predict(x), style, color=color, lw=width, zorder=1.5, label=label)
