"""Newton-Raphson: to a root along tangents, and what can go wrong.

Each step goes to where the tangent crosses zero, x ← x - f(x)/f'(x). Next to a root this doubles
the right digits; Halley's method bends the tangent by the exact second derivative and triples them.
Where the slope is small the tangent leads far away, and where |f| has a minimum that is no root the
steps wander about it: here about 3, which lies between the complex roots 3.06 ± 0.33i.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from demos._plots import BLUE, GREEN, ORANGE, PURPLE, VERMILION, panels, save
from optim import halley, newton_raphson

STARTS = (1.0, -4.0, 1.99, 3.1)
METHODS = {"Newton": newton_raphson, "Halley": halley}


def sextic(x: Any) -> Any:
    """Return a polynomial of slope (x - 3)(x + 3)(x - 2)(x + 1)²."""
    return x**6 / 6 - 3 * x**4 - 2 * x**3 / 3 + 27 * x**2 / 2 + 18 * x - 30


def right_digits(path: np.ndarray) -> np.ndarray:
    """Return how many digits of each point are those of the last, as far as floats tell."""
    error = np.abs(path / path[-1] - 1)
    digits: np.ndarray = -np.log10(np.maximum(error, np.finfo(float).eps / 2))
    return digits


def run(gallery: Path) -> None:
    """Print the steps from four starts, and draw tangents and how fast they converge."""
    paths = {
        name: {start: method(sextic, start, path=True).path for start in STARTS}
        for name, method in METHODS.items()
    }
    print_steps(paths["Newton"])
    print_roots()
    print("\nRight digits, from -4")
    for name, path in paths.items():
        digits = right_digits(path[-4.0])
        print(f"  {name} " + "".join(f"{number:6.1f}" for number in digits))

    figure, (left, middle, right) = panels(3, width=4.7)
    draw_tangents(left, paths["Newton"])
    draw_wandering(middle, paths["Newton"][3.1])
    draw_digits(right, {name: path[-4.0] for name, path in paths.items()})
    save(figure, gallery / "newton_raphson.svg")


def print_steps(paths: dict[float, np.ndarray]) -> None:
    """Print Newton's steps, one column for each start."""
    print("x⁶/6 - 3x⁴ - 2x³/3 + 27x²/2 + 18x - 30 = 0: Newton's steps")
    print("  step" + "".join(f"{f'from {start:g}':>13}" for start in paths))
    for step in range(max(len(path) for path in paths.values())):
        cells = (f"{path[step]:13.5f}" if step < len(path) else " " * 13 for path in paths.values())
        print((f"{step:>6}" + "".join(cells)).rstrip())


def print_roots() -> None:
    """Print where each method ends, and what it says of that."""
    print("\n  start   method   steps           x        f(x)   message")
    for start in STARTS:
        for name, method in METHODS.items():
            r = method(sextic, start)
            print(f"{start:>7g}   {name:6}{r.nit:>8}{r.x:12.6f}{r.fun:12.1e}   {r.message}")
    print(f"3 is no root: f(3) = {sextic(3.0):g}, the least that f is nearby")


def draw_tangents(axes: Any, paths: dict[float, np.ndarray]) -> None:
    """Draw f, and the tangents from the starts that lead to a root and from the one that jumps."""
    zoom = axes.inset_axes([0.33, 0.6, 0.38, 0.37])
    for each in (axes, zoom):
        draw_sextic(each, -5, 4.5)
        draw_path(each, paths[-4.0], ORANGE, "s", "from -4")
    draw_path(axes, paths[1.0], BLUE, "o", "from 1")
    x0, x1, y0 = 1.99, paths[1.99][1], sextic(1.99)
    axes.plot([x1, x0], [0, y0], "--", color=VERMILION)
    axes.plot(x0, y0, "D", color=VERMILION, ms=6, label="from 1.99")
    axes.annotate(f"to {x1:.2f}", (-2.9, 22), color=VERMILION, ha="center")
    zoom.set(xlim=(-4.03, -3.72), ylim=(-10, 80), xticks=[-4, -3.8], yticks=[0, 50])
    zoom.tick_params(labelsize="small")
    axes.set(xlim=(-5, 4.5), ylim=(-75, 150), xlabel="x", ylabel="f(x)")
    axes.set_title("Along tangents: a flat one leads far away")
    axes.legend(loc="lower right", frameon=False)


def draw_wandering(axes: Any, path: np.ndarray) -> None:
    """Draw the first steps from 3.1, about a minimum that is no root."""
    draw_sextic(axes, 2.3, 4.3)
    draw_path(axes, path[:9], PURPLE, "o", "from 3.1, eight steps")
    axes.plot(3, sextic(3.0), "*", color=GREEN, ms=13, zorder=4, label="f(3) = 6, no root")
    axes.set(xlim=(2.3, 4.15), ylim=(-8, 70), xlabel="x", ylabel="f(x)")
    axes.set_title("Where |f| has a minimum, they wander")
    axes.legend(loc="upper left", frameon=False)


def draw_sextic(axes: Any, left: float, right: float) -> None:
    """Draw f and zero."""
    x = np.linspace(left, right, 600)
    axes.axhline(0, color="0.6", lw=1)
    axes.plot(x, sextic(x), color="0.75", lw=5)


def draw_path(axes: Any, path: np.ndarray, color: str, marker: str, label: str) -> None:
    """Draw tangents down to zero, and back up to f."""
    for x, following in pairwise(path):
        axes.plot([x, following], [sextic(x), 0], color=color, lw=1.4)
        axes.plot([following] * 2, [0, sextic(following)], ":", color=color, lw=1.4)
    axes.plot(path, sextic(path), marker, color=color, ms=6, zorder=3, label=label)


def draw_digits(axes: Any, paths: dict[str, np.ndarray]) -> None:
    """Draw how many digits of the root are right after each step."""
    for (name, path), color, marker in zip(paths.items(), (BLUE, VERMILION), "os", strict=True):
        digits = right_digits(path)
        axes.plot(digits, f"{marker}-", color=color, lw=2, ms=7, label=name)
    axes.set(xlabel="step, from -4", ylabel="right digits", xlim=(0, None), ylim=(0, 17))
    axes.set_title("Newton doubles the digits, Halley triples them")
    axes.legend(loc="upper left", frameon=False)
