"""Taylor series: a function near a point, and how far that reaches.

A polynomial that shares the function's value and first n derivatives at x₀. Each further order
helps, but only up to the nearest point where the function is singular, and that may be a complex
one: 1/(1 + x²) is smooth on the whole real line, yet its series about 2 ends at √5, since ±i are
that far away.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autodiff import taylor
from demos._plots import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, panels, save

SERIES: list[tuple[str, Callable[[Any], Any], float, int]] = [
    ("e^(x²)", lambda x: np.exp(x**2), 0.0, 6),
    ("x sin x", lambda x: x * np.sin(x), 0.0, 6),
    ("1/(1 - x)²", lambda x: 1 / (1 - x) ** 2, 0.0, 4),
    ("√(4 - x)", lambda x: np.sqrt(4 - x), 0.0, 2),
    ("1/x", lambda x: 1 / x, 4.0, 2),
    ("2/(x² - x)", lambda x: 2 / (x**2 - x), 0.5, 4),
    ("ln x", np.log, 10.0, 2),
]
CENTER = 2.0
RADIUS = 5**0.5
DISTANCES = (1.0, 1.5, 2.0, 2.5, 3.0)


def witch(x: Any) -> Any:
    """Return 1/(1 + x²), Agnesi's curve."""
    return 1 / (1 + x**2)


def run(gallery: Path) -> None:
    """Print series with their radii of convergence, and draw polynomials where they hold."""
    print("function       x₀    radius   series")
    for label, f, x0, order in SERIES:
        radius = taylor(f, x0, 30).radius()
        reach = f"{radius:.4f}" if np.isfinite(radius) else "∞"
        print(f"{label:10}{x0:7g}{reach:>10}   {taylor(f, x0, order)}")

    estimate = taylor(witch, CENTER, 20).radius()
    print("\n1/(1 + x²) about 2: error of the polynomial of order n, to the left of 2 by")
    print("     n" + "".join(f"{distance:>10g}" for distance in DISTANCES))
    x = CENTER - np.array(DISTANCES)
    for order in (5, 10, 20, 40):
        errors = np.abs(taylor(witch, CENTER, order)(x) - witch(x))
        print(f"{order:>6}" + "".join(f"{error:>10.1e}" for error in errors))
    print(f"radius, estimated by order 20: {estimate:.6f}; distance to ±i: √5 = {RADIUS:.6f}")

    figure, (left, middle, right) = panels(3, width=4.7)
    draw_orders(left)
    draw_failure(middle)
    draw_poles(right)
    save(figure, gallery / "taylor.svg")


def draw_orders(axes: Any) -> None:
    """Draw successive polynomials of x sin x."""
    x = np.linspace(-8, 8, 801)
    axes.plot(x, x * np.sin(x), color="0.75", lw=6, label="x sin x")
    for order, color in ((2, ORANGE), (6, GREEN), (10, VERMILION), (16, BLUE)):
        p = taylor(lambda x: x * np.sin(x), 0.0, order)
        axes.plot(x, p(x), color=color, label=f"order {order}")
    axes.set(xlim=(-8, 8), ylim=(-7, 13), xlabel="x")
    axes.set_title("Each order reaches further")
    add_legend(axes)


def draw_failure(axes: Any) -> None:
    """Draw polynomials of 1/(1 + x²) about 2, and where they stop to mean anything."""
    x = np.linspace(-2, 6, 801)
    axes.axvspan(CENTER - RADIUS, CENTER + RADIUS, color=SKY, alpha=0.2, lw=0)
    axes.plot(x, witch(x), color="0.75", lw=6, label="1/(1 + x²)")
    for order, color in ((4, ORANGE), (12, VERMILION), (40, BLUE)):
        axes.plot(x, taylor(witch, CENTER, order)(x), color=color, label=f"order {order}")
    axes.plot(CENTER, witch(CENTER), "o", color="black", ms=6, zorder=3)
    axes.annotate("|x - 2| < √5", (CENTER, -0.45), ha="center", color=BLUE)
    axes.set(xlim=(-2, 6), ylim=(-0.6, 1.6), xlabel="x")
    axes.set_title("About 2, none reaches beyond √5 …")
    add_legend(axes)


def draw_poles(axes: Any) -> None:
    """Draw the circle of convergence in the complex plane, through the poles ±i."""
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = CENTER + RADIUS * np.cos(angle), RADIUS * np.sin(angle)
    axes.axhline(0, color="0.75", lw=1)
    axes.fill(*circle, color=SKY, alpha=0.2, lw=0)
    axes.plot(*circle, color=SKY)
    axes.plot([CENTER, 0], [0, 1], color="black", lw=1)
    axes.annotate("√5", (1, 0.5), (4, 4), textcoords="offset points")
    axes.annotate("2", (CENTER, 0), (4, -14), textcoords="offset points")
    axes.plot([0, 0], [1, -1], "X", color=PURPLE, ms=9)
    for y, name in ((1, "i"), (-1, "-i")):
        axes.annotate(name, (0, y), (-18, -4), textcoords="offset points")
    axes.plot(CENTER, 0, "o", color="black", ms=6)
    axes.set(xlim=(-1.5, 5.5), ylim=(-2.6, 2.6), aspect="equal", anchor="N")
    axes.set(xlabel="Re x", ylabel="Im x")
    axes.set_title("… for the poles at ±i are that far away")


def add_legend(axes: Any) -> None:
    """Add a legend below the axes, where no curve passes."""
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=5,
        frameon=False,
        fontsize="small",
        handlelength=1.2,
        columnspacing=1.2,
    )
