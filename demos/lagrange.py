"""Lagrange multipliers: stationary points along a curve.

Where f(x) is stationary among the points with c(x) = 0, walking along the curve changes f to no
first order: the gradient of f has no part along the curve, and is a multiple of the gradient of c,
∇f + λ∇c = 0. With this sign λ > 0 means that the gradients are opposed. The curvature of f + λc
along the curve tells a minimum from a maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autodiff import grad
from demos._plots import BLACK, BLUE, SKY, VERMILION, YELLOW, panels, save
from optim import lagrange

MARKERS = {"minimum": "v", "maximum": "^"}


class Exercise(NamedTuple):
    """A function, a constraint, and searches that find all stationary points between them."""

    f_text: str
    c_text: str
    f: Callable[[Any], Any]
    c: Callable[[Any], Any]
    searches: Sequence[tuple[str, tuple[float, float]]]  # for what, and from where
    window: tuple[tuple[float, float], tuple[float, float]]  # of the picture, in x and y
    levels: np.ndarray  # of the contours of f


def bell(p: Any) -> Any:
    """Return exp(-(2x² + y² - xy)/2)."""
    x, y = p
    return np.exp(-(2 * x**2 + y**2 - x * y) / 2)


def ellipse(p: Any) -> Any:
    """Return what is zero on an ellipse about (0, -1)."""
    x, y = p
    return x**2 + 3 * (y + 1) ** 2 - 1


def trough(p: Any) -> Any:
    """Return -exp(x - y² + xy)."""
    x, y = p
    return -np.exp(x - y**2 + x * y)


def catenary(p: Any) -> Any:
    """Return what is zero on a hanging chain's curve, turned by a right angle."""
    x, y = p
    return np.cosh(y) + x - 2


EXERCISES = (
    Exercise(
        "exp(-(2x² + y² - xy)/2)",
        "x² + 3(y + 1)² = 1",
        bell,
        ellipse,
        [("min", (-1, -1)), ("max", (-1, -2)), ("max", (0, 0)), ("min", (0, 0))],
        ((-2.1, 2.1), (-2.45, 0.45)),
        np.arange(0.05, 1, 0.05),
    ),
    Exercise(
        "-exp(x - y² + xy)",
        "cosh y + x = 2",
        trough,
        catenary,
        [("min", (0, 0)), ("max", (0, 0))],
        ((-2.6, 2.6), (-2.85, 0.75)),
        -np.geomspace(0.01, 40, 19)[::-1],
    ),
)


def solutions(exercise: Exercise) -> list[Any]:
    """Return the results of an exercise's searches."""
    return [lagrange(exercise.f, start, exercise.c, find=find) for find, start in exercise.searches]


def run(gallery: Path) -> None:
    """Print all stationary points, and draw them with the gradients that balance there."""
    print("Stationary points of f where c = 0; the sign of λ is that of ∇f + λ∇c = 0")
    found = [solutions(exercise) for exercise in EXERCISES]
    for exercise, results in zip(EXERCISES, found, strict=True):
        print(f"\nf = {exercise.f_text}  on  {exercise.c_text}")
        print("  start                x           y           f           λ   kind        steps")
        for (_, start), r in zip(exercise.searches, results, strict=True):
            numbers = "".join(f"{number:12.6f}" for number in (*r.x, r.fun, *r.multipliers))
            print(f"  {'({:g}, {:g})'.format(*start):9}{numbers}   {r.kind:9}{r.nit:>8}")
    print(f"\nFrom (-8, -3): {lagrange(trough, (-8, -3), catenary).message}")

    figure, axes = panels(2, width=6.0, height=4.8)
    for axis, exercise, results in zip(axes, EXERCISES, found, strict=True):
        draw_exercise(axis, exercise, results)
    save(figure, gallery / "lagrange.svg")


def draw_exercise(axes: Any, exercise: Exercise, results: list[Any]) -> None:
    """Draw contours, the curve, the stationary points, and both gradients there."""
    xlim, ylim = exercise.window
    p = np.stack(np.meshgrid(np.linspace(*xlim, 200), np.linspace(*ylim, 200)))
    lines = axes.contour(*p, exercise.f(p), exercise.levels, colors="0.75", linewidths=0.9)
    lines.set_linestyle("solid")  # negative levels would be dashed
    axes.clabel(lines, lines.levels[::3], fmt="%.2g", fontsize="x-small")
    axes.contour(*p, exercise.c(p), [0], colors=BLUE, linewidths=2.2)
    axes.plot([], [], color=BLUE, lw=2.2, label=exercise.c_text)
    for r in results:
        along_c, along_f = (direction(g, r.x) for g in (exercise.c, exercise.f))
        draw_arrow(axes, r.x, 0.5 * along_c, SKY, 6)
        draw_arrow(axes, r.x, 0.35 * along_f, VERMILION, 2)
        axes.plot(*r.x, MARKERS[r.kind], color=YELLOW, mec=BLACK, ms=10, zorder=4)
        side = np.sign(np.round(along_c)).astype(int)
        axes.annotate(
            f"{r.kind}\nλ = {r.multipliers[0]:.4f}",
            r.x + 0.55 * along_c,
            ha=("center", "left", "right")[side[0]],
            va=("center", "bottom", "top")[side[1]],
            bbox={"fc": "white", "lw": 0, "alpha": 0.8, "pad": 1},
        )
    axes.plot([], [], color=VERMILION, lw=2, label="direction of ∇f")
    axes.plot([], [], color=SKY, lw=6, label="direction of ∇c")
    axes.set(xlim=xlim, ylim=ylim, aspect="equal", xlabel="x", ylabel="y")
    axes.set_title(f"f = {exercise.f_text}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False)


def direction(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Return the unit vector along a gradient."""
    gradient = grad(function)(x)
    unit: np.ndarray = gradient / np.linalg.norm(gradient)
    return unit


def draw_arrow(axes: Any, x: np.ndarray, arrow: np.ndarray, color: str, width: float) -> None:
    """Draw an arrow from a point, of a width in typographic points."""
    head = {"width": width, "headwidth": width + 6, "headlength": width + 6, "shrink": 0}
    axes.annotate("", x + arrow, x, arrowprops={"color": color, "lw": 0, **head}, zorder=3)
