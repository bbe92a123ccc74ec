"""From data to a verdict: two overlapping lines in a spectrum.

The parts of the model find their own starting values, and one call gives parameters, errors and
what is to be said of them: where a standard error misleads, and what the data leave undetermined.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from demos._plots import BLUE, GREEN, ORANGE, VERMILION, panels, save
from fit import FitResult, Gaussian, Line, Lorentzian, fit

LEFT, RIGHT, BACKGROUND = Gaussian("left_"), Lorentzian("right_"), Line()
SPECTRUM = LEFT + RIGHT + BACKGROUND
# Heights in mV, places and widths in GHz; the background in mV/GHz and mV.
TRUTH = (60.0, -0.8, 0.8, 20.0, 1.0, 0.6, -2.0, 30.0)
NOISE = 3.0  # mV
X = np.linspace(-5, 5, 101)  # GHz
Y: np.ndarray = SPECTRUM(X, *TRUTH) + NOISE * np.random.default_rng(0).normal(size=101)
STARTS = ((0.5, 1.0), (1.0, 1.0), (3.5, 2.6), (2.0, 3.5))


def left_area(left_height: Any, left_sigma: Any) -> Any:
    """Return the area under the Gaussian."""
    return np.sqrt(2 * np.pi) * left_height * left_sigma


def right_area(right_height: Any, right_gamma: Any) -> Any:
    """Return the area under the Lorentzian."""
    return np.pi * right_height * right_gamma


def ratio(left_height: Any, left_sigma: Any, right_height: Any, right_gamma: Any) -> Any:
    """Return how strong the right line is, compared with the left one."""
    return right_area(right_height, right_gamma) / left_area(left_height, left_sigma)


def decay(x: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a model of which data can only tell the product of two parameters."""
    return a * b * np.exp(-c * x)


def undetermined(a: float, b: float) -> FitResult:
    """Return the fit of that model to data from 2 exp(-x), from a start."""
    x = np.linspace(0, 4, 41)
    y = 2 * np.exp(-x) + 0.05 * np.random.default_rng(0).normal(size=41)
    return fit(decay, x, y, 0.05, p0={"a": a, "b": b, "c": 1.0})


def run(gallery: Path) -> None:
    """Fit the spectrum and a model that is not determined, and show what is known of both."""
    spectrum = fit(SPECTRUM, X, Y, NOISE)
    print("Two lines on a background, in mV against GHz, without starting values\n")
    print(spectrum.report())
    print_areas(spectrum)
    print_intervals(spectrum, "right_gamma")
    save(draw_spectrum(spectrum), gallery / "peaks.svg")
    profile = spectrum.plot_profile("right_gamma")
    profile.axes[0].set_xlabel("right_gamma (GHz)")
    save(profile, gallery / "peaks_profile.svg")

    fits = [undetermined(*start) for start in STARTS]
    print_undetermined(fits)
    figure, (axes,) = panels()
    draw_valley(axes, fits)
    save(figure, gallery / "peaks_valley.svg")


def print_areas(result: FitResult) -> None:
    """Print what follows from the parameters; its errors know of their correlations."""
    left, right = left_area(TRUTH[0], TRUTH[2]), right_area(TRUTH[3], TRUTH[5])
    print("\nThe areas of the lines, from their heights and widths")
    print(f"  {'':14}{'truth':>9}{'fitted':>9}{'error':>9}")
    for label, area, truth, digits, unit in (
        ("left", left_area, left, 1, "mV GHz"),
        ("right", right_area, right, 1, "mV GHz"),
        ("right / left", ratio, right / left, 3, ""),
    ):
        numbers = (truth, *result.propagate(area))
        columns = "".join(f"{number:9.{digits}f}" for number in numbers)
        print(f"  {label:14}{columns}  {unit}".rstrip())


def print_intervals(result: FitResult, name: str) -> None:
    """Print intervals by the standard error and by the likelihood."""
    value, error = result.values[name], result.errors[name]
    print(f"\nIntervals of {name} in GHz about {value:.3f}")
    print(f"  {'level':12}{'by the standard error':>23}{'by the likelihood':>23}")
    for level, reach in ((0.6827, 1), (0.9545, 2), (0.9973, 3)):
        low, high = result.interval(name, level)
        linear = f"{value - reach * error:.3f} ... {value + reach * error:.3f}"
        print(f"  {100 * level:.2f} %{linear:>28}{f'{low:.3f} ... {high:.3f}':>23}")


def print_undetermined(fits: list[FitResult]) -> None:
    """Print where fits of one model to the same data end, and what these determine."""
    print("\nThe model a b exp(-c x), from several starts")
    print(f"  {'a':>8}{'b':>8}{'a b':>8}{'error':>8}{'c':>8}{'error':>8}{'χ²':>8}")
    for result in fits:
        a, b, c = result.values.values()
        product, error = result.propagate(lambda a, b: a * b)
        print(f"  {a:8.3f}{b:8.3f}{product:8.3f}{error:8.3f}", end="")
        print(f"{c:8.3f}{result.errors['c']:8.3f}{result.chi_squared:8.3f}")
    print(f"  {fits[0].warnings[0]}")


def draw_spectrum(result: FitResult) -> Any:
    """Draw data, model, band and pulls, and the model's parts."""
    figure = result.plot(level=0.9973)
    upper, lower = figure.axes
    x = np.linspace(X[0], X[-1], 400)
    values = list(result.values.values())
    background = BACKGROUND(x, *values[6:])
    upper.plot(x, background + LEFT(x, *values[:3]), "--", color=ORANGE, label="left line")
    upper.plot(x, background + RIGHT(x, *values[3:6]), "-.", color=GREEN, label="right line")
    upper.plot(x, background, ":", color=VERMILION, label="background")
    upper.set_ylabel("signal (mV)")
    lower.set_xlabel("frequency from the middle (GHz)")
    upper.legend(frameon=False)
    return figure


def draw_valley(axes: Any, fits: list[FitResult]) -> None:
    """Draw χ² against a and b, with c at its best, and the fits from their starts to their ends."""
    c, x, y = fits[0].values["c"], fits[0].problem.x, fits[0].problem.y
    a = np.linspace(0.3, 4.2, 200)
    residuals = (y - decay(x, a[:, None], a[:, None, None], c)) / 0.05
    surface = np.sum(residuals**2, axis=-1)
    lines = axes.contour(a, a, surface, [1000, 10000], colors="0.6", linewidths=0.8)
    axes.clabel(lines, fmt="χ² = %g", fontsize="small")
    product, error = fits[0].propagate(lambda a, b: a * b)
    valley = f"a·b = {product:.3f} ± {error:.3f}"
    axes.fill_between(a, (product - error) / a, (product + error) / a, color=BLUE, label=valley)
    ends = [(result.values["a"], result.values["b"]) for result in fits]
    for start, end in zip(STARTS, ends, strict=True):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "->"})
    axes.plot(*np.transpose(STARTS), "o", color=VERMILION, label="start")
    axes.plot(*np.transpose(ends), "s", color=ORANGE, mec="black", label="end")
    axes.set(xlabel="a", ylabel="b", ylim=(0.3, 4.2), title="only a·b is determined")
    axes.legend(frameon=False, loc="upper right")
