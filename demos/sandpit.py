"""The sandpit: how to walk downhill when one can feel only where one stands.

The gradient J points uphill, and -γJ goes down, but how far is a guess; the Hessian H knows, and
-H⁻¹J goes to where the slope would vanish, be it a minimum, a maximum or a saddle. A rule that uses
each where it is good finds the deepest point of a pit on [0, 6]² in a few steps. Rosenbrock's
valley is bent, and at its bottom 2500 times as curved across as along: it shows what line searches,
an inverse Hessian learnt on the way (BFGS) and the exact Hessian (Newton) are worth.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from autodiff import grad, hessian
from demos._plots import BLUE, ORANGE, PURPLE, VERMILION, panels, save
from optim import bfgs, gradient_descent, newton

Surface: TypeAlias = Callable[[Any], Any]
Rule: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]

SIDE = 6.0
SEED = 9
STEPS = 5
REACH = 0.15  # how near to the deepest point it counts as found
GAMMA = 0.5

# -- the pits --------------------------------------------------------------------------------


def single_well(p: Any) -> Any:
    """Return the height of a hill with one well in its side."""
    x, y = p
    hill = -((x - 4.1) ** 2) - (y - 0.9) ** 2
    return hill - 30 * np.exp(-((x - 1.5) ** 2 + (y - 3.7) ** 2) / 2.8)


def random_surface(seed: int) -> Surface:
    """Return a sum of waves with random heights and phases, with a wall around the pit."""
    rng = np.random.default_rng(seed)
    n = np.arange(4)
    a = rng.uniform(size=(4, 4)) / np.multiply.outer(n + 1, n + 1) ** 2
    phase_x, phase_y = rng.uniform(0, 2 * np.pi, size=2)

    def surface(p: Any) -> Any:
        x, y = p
        waves_x = [np.cos(np.pi * k * x / SIDE + phase_x) for k in n]
        waves_y = [np.cos(np.pi * k * y / SIDE + phase_y) for k in n]
        waves = sum(a[i, j] * waves_x[i] * waves_y[j] for i in n for j in n)
        return waves + (1 - x * (x - SIDE) * y * (y - SIDE) / 81) ** 7 / 9

    return surface


def grid(points: int = 241) -> np.ndarray:
    """Return points all over the pit, of shape (2, points, points)."""
    ticks = np.linspace(0, SIDE, points)
    return np.stack(np.meshgrid(ticks, ticks))


def depth(surface: Surface) -> Surface:
    """Return a surface rescaled so that it goes from -1 down to -9 in the pit."""
    heights = surface(grid())
    low, high = heights.min(), heights.max()
    return lambda p: 8 * (surface(p) - high) / (high - low) - 1


def deepest(f: Surface) -> np.ndarray:
    """Return the deepest point of a pit: of a grid, and from there by Newton's method."""
    points = grid().reshape(2, -1)
    x: np.ndarray = newton(f, points[:, np.argmin(f(points))]).x
    return x


# -- the rules -------------------------------------------------------------------------------


def constant_step(J: np.ndarray, H: np.ndarray) -> np.ndarray:
    """Return (1, 0), whatever the slope."""
    return np.array([1.0, 0.0])


def downhill_step(J: np.ndarray, H: np.ndarray) -> np.ndarray:
    """Return -γJ."""
    return -GAMMA * J


def newton_step(J: np.ndarray, H: np.ndarray) -> np.ndarray:
    """Return -H⁻¹J."""
    return -np.linalg.solve(H, J)


def hybrid_step(J: np.ndarray, H: np.ndarray) -> np.ndarray:
    """Return -H⁻¹J, unless that points uphill or is longer than 2: then -γJ."""
    step = newton_step(J, H)
    good = J @ step < 0 and np.linalg.norm(step) <= 2
    return step if good else downhill_step(J, H)


RULES: dict[str, tuple[Rule, str, str, float]] = {
    "(1, 0)": (constant_step, ORANGE, "s", 3),
    f"-γJ, γ = {GAMMA:g}": (downhill_step, PURPLE, "o", 8),
    "-H⁻¹J": (newton_step, VERMILION, "D", 3),
    "hybrid": (hybrid_step, BLUE, "^", 2),
}


def walk(f: Surface, rule: Rule, start: tuple[float, float]) -> np.ndarray:
    """Return the points that a rule leads through."""
    slope, curvature = grad(f), hessian(f)
    path = [np.array(start)]
    for _ in range(STEPS):
        path.append(path[-1] + rule(slope(path[-1]), curvature(path[-1])))
    return np.array(path)


# -- the valley ------------------------------------------------------------------------------

LOW = 1e-10  # where a search in the valley may stop
LIMIT = 1000  # and when it must
VALLEY_START = (-1.2, 1.0)

METHODS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "gradient descent, step 0.001": (gradient_descent, {"step": 1e-3}),
    "  and momentum 0.9": (gradient_descent, {"step": 1e-3, "momentum": 0.9}),
    "  exact line search": (gradient_descent, {"line_search": "exact"}),
    "  Armijo's line search": (gradient_descent, {"line_search": "armijo"}),
    "  Wolfe's line search": (gradient_descent, {"line_search": "wolfe"}),
    "BFGS": (bfgs, {}),
    "Newton": (newton, {}),
}

PANELS = {
    "Fixed steps creep along the valley": list(METHODS)[:2],
    "Line searches choose each step's length": list(METHODS)[2:5],
    "Second derivatives know the way": list(METHODS)[5:],
}


def rosenbrock(p: Any) -> Any:
    """Return the height of a bent valley with its lowest point, 0, at (1, 1)."""
    x, y = p
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def search(method: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Return the result of a method in the valley, stopped where f is low enough."""

    def stop(intermediate_result: Any) -> None:
        if intermediate_result.fun <= LOW:
            raise StopIteration

    return method(rosenbrock, VALLEY_START, maxiter=LIMIT, callback=stop, path=True, **options)


# -- what is shown ---------------------------------------------------------------------------


def run(gallery: Path) -> None:
    """Walk down two pits by four rules and Rosenbrock's valley by seven methods."""
    pits = {
        "single well": (depth(single_well), (3.0, 3.0)),
        f"random waves, seed {SEED}": (depth(random_surface(SEED)), (2.5, 2.0)),
    }
    figure, axes = panels(2, width=5.4, height=4.5)
    for axis, (name, (f, start)) in zip(axes, pits.items(), strict=True):
        bottom = deepest(f)
        paths = {label: walk(f, rule, start) for label, (rule, *_) in RULES.items()}
        print_walks(name, bottom, f, paths)
        draw_walks(axis, name, bottom, f, paths)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False
    )
    save(figure, gallery / "sandpit.svg")

    results = {name: search(*method) for name, method in METHODS.items()}
    print_searches(results)
    figure, axes = panels(3, width=4.7)
    for axis, (title, names) in zip(axes, PANELS.items(), strict=True):
        draw_valley(axis, title, {name.strip(): results[name].path for name in names})
    save(figure, gallery / "sandpit_valley.svg")


def print_walks(name: str, bottom: np.ndarray, f: Surface, paths: dict[str, np.ndarray]) -> None:
    """Print where each rule goes, and whether that is the deepest point."""
    print(f"{name}: deepest at ({bottom[0]:.4f}, {bottom[1]:.4f}), depth {f(bottom):.2f}")
    print("  step " + "".join(f"{label:>17}" for label in paths))
    for step in range(STEPS + 1):
        points = (path[step] for path in paths.values())
        print(f"{step:>6} " + "".join(f"{f'({x:.2f}, {y:.2f})':>17}" for x, y in points))
    ends = [path[-1] for path in paths.values()]
    inside = [np.all((end >= 0) & (end <= SIDE)) for end in ends]
    depths = [
        f"{f(end):.2f}" if is_in else "outside" for end, is_in in zip(ends, inside, strict=True)
    ]
    print("  depth" + "".join(f"{number:>17}" for number in depths))
    found = ["yes" if np.linalg.norm(end - bottom) <= REACH else "no" for end in ends]
    print("  found" + "".join(f"{answer:>17}" for answer in found) + f"   (within {REACH:g})\n")


def print_searches(results: dict[str, Any]) -> None:
    """Print what each method needed in the valley."""
    print(f"Rosenbrock's valley from {VALLEY_START}, until f ≤ {LOW:g}, {LIMIT} steps at the most")
    print(f"  {'':30}{'':6}   evaluations of")
    print(f"  {'':30}{'steps':>6}   f, ∇f     ∇²f    lowest f")
    for name, r in results.items():
        print(f"  {name:30}{r.nit:>6}{r.nfev:>8}{r.nhev:>8}{r.fun:12.1e}")


def draw_walks(
    axes: Any, name: str, bottom: np.ndarray, f: Surface, paths: dict[str, np.ndarray]
) -> None:
    """Draw the walks on the contours of the pit."""
    points = grid(81)
    levels = np.linspace(-9, -1, 17)
    # Only light greys, on which all colours of the walks can be seen.
    filled = axes.contourf(*points, f(points), levels, cmap="gray", vmin=-21, vmax=-1)
    lines = axes.contour(*points, f(points), levels, colors="white", linewidths=0.6)
    lines.set_linestyle("solid")  # negative levels would be dashed
    axes.figure.colorbar(filled, ax=axes, label="depth", ticks=np.arange(-9, 0, 2))
    for label, path in paths.items():
        _, color, marker, width = RULES[label]
        style = {"color": color, "mec": "white", "ms": 6 + width / 2, "lw": width}
        axes.plot(*path.T, f"{marker}-", **style, label=label)
        start = path[0]
    axes.plot(*start, "o", color="black", ms=8, zorder=3)
    axes.annotate("start", start, (8, 8), textcoords="offset points", weight="bold")
    axes.plot(*bottom, "*", color="black", mec="white", ms=15, zorder=3, label="deepest")
    axes.set(xlim=(0, SIDE), ylim=(0, SIDE), aspect="equal", xlabel="x", ylabel="y")
    axes.set_title(f"{name}: {STEPS} steps by each rule")


def draw_valley(axes: Any, title: str, paths: dict[str, np.ndarray]) -> None:
    """Draw ways down the valley on its contours."""
    p = np.stack(np.meshgrid(np.linspace(-1.6, 1.6, 300), np.linspace(-0.8, 2.2, 300)))
    axes.contour(*p, rosenbrock(p), np.geomspace(0.1, 1000, 13), colors="0.8", linewidths=0.9)
    looks = ((BLUE, "o", 6), (ORANGE, "s", 4), (VERMILION, "^", 3))
    for (label, path), (color, marker, size) in zip(paths.items(), looks, strict=False):
        axes.plot(*path.T, f"{marker}-", color=color, ms=size, lw=1.2, label=label)
    axes.plot(1, 1, "*", color="black", ms=14, zorder=3, label="minimum")
    axes.set(xlim=(-1.6, 1.6), ylim=(-0.8, 2.2), xlabel="x", ylabel="y", title=title)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=2,
        frameon=False,
        fontsize="small",
    )
