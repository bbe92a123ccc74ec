"""What lagrange claims is so, however f is composed: by derivatives in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compositions import CORNERS, TERMS, Composition

from optim.multipliers._lagrange import lagrange
from optim.search._run import Status

SMOOTH = [name for name in TERMS if name not in CORNERS]


def on_a_sphere(seed: int) -> tuple[Composition, Any, float]:
    """Return f, and the centre and radius of the sphere on which its stationary points are."""
    draw = np.random.default_rng(seed)
    f = Composition(seed)
    f.names = list(draw.choice(SMOOTH, len(f.names)))
    f.weights = np.clip(f.weights, -10, 10)
    return f, np.round(draw.normal(0, 1, f.start.size), 1), float(draw.choice([0.5, 1, 2, 5]))


@pytest.mark.parametrize("find", ["min", "max", "stationary"])
@pytest.mark.parametrize("seeds", [range(12), range(12, 24)])
def test_a_success_on_a_sphere_is_of_its_kind(find: str, seeds: range) -> None:
    successes = 0
    for seed in seeds:
        f, center, radius = on_a_sphere(seed)
        result = lagrange(
            f, f.start, lambda x, c=center, r=radius: np.sum((x - c) ** 2) - r**2, find=find
        )
        if not result.success:
            continue
        successes += 1
        out = (result.x - center) / radius
        assert np.sum(out**2) == pytest.approx(1, abs=1e-10)
        gradient = f.forms.T @ f.derivative(result.x, 1)
        terms = np.abs(f.forms.T) @ np.abs(f.derivative(result.x, 1))
        terms += np.abs(f.forms.T) @ np.abs(f.derivative(f.start, 1)) * 1e-3
        multiplier = -(gradient @ out) / (2 * radius)
        left = gradient + multiplier * 2 * radius * out
        assert np.linalg.norm(left) <= 1e-6 * np.linalg.norm(terms), (seed, result.message)
        hessian = f.forms.T * f.derivative(result.x, 2) @ f.forms
        axes = np.linalg.svd(out[None])[2][1:].T
        bend = axes.T @ (hessian + 2 * multiplier * np.eye(out.size)) @ axes
        size = 1e-6 * (np.linalg.norm(hessian) + abs(2 * multiplier))
        curvatures = np.linalg.eigvalsh(bend)
        up, down = bool(np.any(curvatures > size)), bool(np.any(curvatures < -size))
        assert not (result.kind == "minimum" and down), (seed, curvatures)
        assert not (result.kind == "maximum" and up), (seed, curvatures)
        assert result.kind != "saddle" or (find == "stationary" and up and down), seed
    assert successes >= 0.5 * len(seeds)


# -- kinds of what is no minimum --------------------------------------------------------------


def staircase(t: Any) -> Any:
    return t - np.sin(t)


def waves(x: Any) -> Any:
    ripples = 0.01 * np.cos(-2 * x[0] + x[2] - 2 * x[3])
    return ripples - 100 * np.cos(-x[0] + 3 * x[1] + 2 * x[2] + 2 * x[3]) + x[1] + 2 * x[2] - x[3]


@pytest.mark.parametrize(
    ("f", "constraint", "start"),
    [
        (
            waves,
            lambda x: np.sqrt(1 + (x[0] - 3 * x[1] - 3 * x[2] + 1) ** 2) - 20,
            [1.1, -2.6, -1.8, 1.9],
        ),
        (
            lambda x: x[0] - 100 * np.cos(x[0] + x[1]),
            lambda x: x[2] ** 2 + x[2] - 1,
            [1.1, -2.6, 1.8],
        ),
    ],
)
def test_far_out_a_slope_is_one_however_stiff_other_directions_are(
    f: Any, constraint: Any, start: list[float]
) -> None:
    result = lagrange(f, start, constraint)
    assert not result.success
    assert "loses rank" not in result.message


def test_a_cube_falls_without_end_beyond_its_point_of_inflection() -> None:
    result = lagrange(
        lambda x: 10 * (x[1] - 3 * x[3] + 2) ** 3,
        [3.8, -0.9, -2.7, -1.7],
        lambda x: 100 * np.logaddexp(0, 2 * x[0] - 3 * x[2] - 3 * x[3] - 2) - 1,
    )
    assert result.status == Status.UNBOUNDED


def test_where_no_step_can_be_seen_to_lower_f_all_directions_are_looked_along() -> None:
    def f(x: Any) -> Any:
        return staircase(-x[0] + x[1] + 2 * x[2] + 1) + 100 * (3 * x[0] - x[1] + 2 * x[2] + 2) ** 8

    def ellipsoid(x: Any) -> Any:
        return (x[0] + 1) ** 2 + (x[1] + 2) ** 2 + 10 * (x[2] - 2) ** 2 - 4

    result = lagrange(f, [-1.7, -1.2, 2.0], ellipsoid)
    assert result.success
    assert result.kind == "minimum"
    assert result.fun < 2 * np.pi - 1  # the level of a step of the staircase


@pytest.mark.parametrize(
    ("f", "constraint", "start"),
    [
        (lambda x: (x[0] - 1) ** 3, lambda x: x[0] * x[1] - 3, [3.0, 2.0]),
        (lambda x: -((x[0] - 1) ** 3), lambda x: x[0] * x[1] - 3, [3.0, 2.0]),
        (lambda x: (x[0] - 1) ** 5, lambda x: x[0] * x[1] - 3, [3.0, 2.0]),
        (lambda x: staircase(x[0] + x[1]), lambda x: x[0] ** 2 + x[1] ** 2 - 30, [1.0, 4.0]),
    ],
)
def test_a_curvature_that_vanishes_with_the_slope_has_no_sign(
    f: Any, constraint: Any, start: list[float]
) -> None:
    result = lagrange(f, start, constraint, find="stationary")
    assert result.success
    assert result.kind == "degenerate"


def test_a_search_for_any_stationary_point_ends_where_it_only_creeps() -> None:
    def f(x: Any) -> Any:
        fall = np.exp(3 * x[0] + 2 * x[1] + 3 * x[2] + 3 * x[3] - 1)
        return 0.1 * staircase(-3 * x[0] + 2 * x[2] - 1) - fall

    def constraint(x: Any) -> Any:
        root = np.sqrt(1 + (x[3] + x[2] - 2 * x[1] - 2) ** 2)
        bowl = 0.01 * (3 * x[0] + 3 * x[1] + 2 * x[3] + 2) ** 2
        return root + bowl - 10 * np.cos(x[0] - 2 * x[1] + x[2] + 2) + 1

    result = lagrange(f, [0.7, 2.6, 0.6, 0.1], constraint, find="stationary")
    assert result.status == Status.STALLED
    assert result.nit < 400
