"""Constrained test problems of Hock and Schittkowski, with their solutions and multipliers.

W. Hock and K. Schittkowski, "Test Examples for Nonlinear Programming Codes", Lecture Notes in
Economics and Mathematical Systems 187, Springer 1981. Where the book gives a closed form it is
written here; the other digits come from Newton's method on the KKT system at 50 decimal digits, and
agree with those that the book prints, but for HS47: the book's (1, 1, 1, 1, 1) with f = 0 is no
minimum, because (x₂ - x₃)³ goes below zero.

Multipliers have the sign of grad f + Σ λᵢ grad cᵢ = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import asin, pi, sqrt
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """Minimise `f` from `start`, with every one of `constraints` zero.

    `minima` are the known local minima of f, the global one first. `x` and `multipliers` belong to
    the global one, and are None where it is not at one point alone. In the problems of `INEQUALITY`
    every one of `inequalities` is to be at least zero too, and each x within its `bounds`.
    """

    name: str
    f: Callable[[Any], Any]
    constraints: tuple[Callable[[Any], Any], ...]
    start: tuple[float, ...]
    minima: tuple[float, ...]
    x: tuple[float, ...] | None = None
    multipliers: tuple[float, ...] | None = None
    inequalities: tuple[Callable[[Any], Any], ...] = ()
    bounds: tuple[tuple[float | None, float | None], ...] | None = None


ROOT2 = sqrt(2)


def by_name(*problems: Problem) -> dict[str, Problem]:
    return {problem.name: problem for problem in problems}


EQUALITY = by_name(
    Problem(
        "HS6",
        lambda x: (1 - x[0]) ** 2,
        (lambda x: 10 * (x[1] - x[0] ** 2),),
        start=(-1.2, 1.0),
        minima=(0.0,),
        x=(1.0, 1.0),
        multipliers=(0.0,),
    ),
    Problem(
        "HS7",
        lambda x: np.log(1 + x[0] ** 2) - x[1],
        (lambda x: (1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4,),
        start=(2.0, 2.0),
        minima=(-sqrt(3),),
        x=(0.0, sqrt(3)),
        multipliers=(1 / (2 * sqrt(3)),),
    ),
    # A circle and a hyperbola: f is constant, and four points are feasible.
    Problem(
        "HS8",
        lambda x: 0 * x[0] - 1,
        (lambda x: x[0] ** 2 + x[1] ** 2 - 25, lambda x: x[0] * x[1] - 9),
        start=(2.0, 1.0),
        minima=(-1.0,),
    ),
    # Minima at (12k - 3, 16k - 4) for every integer k.
    Problem(
        "HS9",
        lambda x: np.sin(pi * x[0] / 12) * np.cos(pi * x[1] / 16),
        (lambda x: 4 * x[0] - 3 * x[1],),
        start=(0.0, 0.0),
        minima=(-0.5,),
    ),
    # Also at (a, a, a), a = -1.8105...: the other real root of a + a³ + a⁴ = 3.
    Problem(
        "HS26",
        lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4,
        (lambda x: (1 + x[1] ** 2) * x[0] + x[2] ** 4 - 3,),
        start=(-2.6, 2.0, 2.0),
        minima=(0.0,),
    ),
    Problem(
        "HS27",
        lambda x: (x[0] - 1) ** 2 / 100 + (x[1] - x[0] ** 2) ** 2,
        (lambda x: x[0] + x[2] ** 2 + 1,),
        start=(2.0, 2.0, 2.0),
        minima=(0.04,),
        x=(-1.0, 1.0, 0.0),
        multipliers=(0.04,),
    ),
    Problem(
        "HS28",
        lambda x: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2,
        (lambda x: x[0] + 2 * x[1] + 3 * x[2] - 1,),
        start=(-4.0, 1.0, 1.0),
        minima=(0.0,),
        x=(0.5, -0.5, 0.5),
        multipliers=(0.0,),
    ),
    Problem(
        "HS39",
        lambda x: -x[0],
        (lambda x: x[1] - x[0] ** 3 - x[2] ** 2, lambda x: x[0] ** 2 - x[1] - x[3] ** 2),
        start=(2.0, 2.0, 2.0, 2.0),
        minima=(-1.0,),
        x=(1.0, 1.0, 0.0, 0.0),
        multipliers=(-1.0, -1.0),
    ),
    # Also with the signs of x₃ and x₄ both changed.
    Problem(
        "HS40",
        lambda x: -np.prod(x),
        (
            lambda x: x[0] ** 3 + x[1] ** 2 - 1,
            lambda x: x[0] ** 2 * x[3] - x[2],
            lambda x: x[3] ** 2 - x[1],
        ),
        start=(0.8, 0.8, 0.8, 0.8),
        minima=(-0.25,),
        x=(2 ** (-1 / 3), 2 ** (-1 / 2), 2 ** (-11 / 12), 2 ** (-1 / 4)),
        multipliers=(0.5, -(2 ** (-13 / 12)), 2 ** (-3 / 2)),
    ),
    Problem(
        "HS42",
        lambda x: np.sum((x - np.arange(1, 5)) ** 2),
        (lambda x: x[0] - 2, lambda x: x[2] ** 2 + x[3] ** 2 - 2),
        start=(1.0, 1.0, 1.0, 1.0),
        minima=(28 - 10 * ROOT2,),
        x=(2.0, 2.0, 0.6 * ROOT2, 0.8 * ROOT2),
        multipliers=(-2.0, 2.5 * ROOT2 - 1),
    ),
    # The Hessian at the solution is singular along the constraints: convergence is slow.
    Problem(
        "HS46",
        lambda x: (x[0] - x[1]) ** 2 + (x[2] - 1) ** 2 + (x[3] - 1) ** 4 + (x[4] - 1) ** 6,
        (
            lambda x: x[0] ** 2 * x[3] + np.sin(x[3] - x[4]) - 1,
            lambda x: x[1] + x[2] ** 4 * x[3] ** 2 - 2,
        ),
        start=(ROOT2 / 2, 1.75, 0.5, 2.0, 2.0),
        minima=(0.0, 0.0210889286274712),
        x=(1.0, 1.0, 1.0, 1.0, 1.0),
        multipliers=(0.0, 0.0),
    ),
    # (1, 1, 1, 1, 1) with f = 0 is stationary, and all its multipliers are zero.
    Problem(
        "HS47",
        lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 3 + (x[2] - x[3]) ** 4 + (x[3] - x[4]) ** 4,
        (
            lambda x: x[0] + x[1] ** 2 + x[2] ** 3 - 3,
            lambda x: x[1] - x[2] ** 2 + x[3] - 1,
            lambda x: x[0] * x[4] - 1,
        ),
        start=(2.0, ROOT2, -1.0, 2 - ROOT2, 0.5),
        minima=(-0.026714182693940843, 10.0699102841347805),
        x=(
            0.67700439486664022,
            0.72608947265203197,
            1.2154912142370975,
            1.7513294192355416,
            1.4770952856177324,
        ),
        multipliers=(-0.081817013115037343, -0.69789940575694552, 0.12185210421990403),
    ),
    Problem(
        "HS48",
        lambda x: (x[0] - 1) ** 2 + (x[1] - x[2]) ** 2 + (x[3] - x[4]) ** 2,
        (lambda x: np.sum(x) - 5, lambda x: x[2] - 2 * (x[3] + x[4]) + 3),
        start=(3.0, 5.0, -3.0, 2.0, -2.0),
        minima=(0.0,),
        x=(1.0, 1.0, 1.0, 1.0, 1.0),
        multipliers=(0.0, 0.0),
    ),
    Problem(
        "HS49",
        lambda x: (x[0] - x[1]) ** 2 + (x[2] - 1) ** 2 + (x[3] - 1) ** 4 + (x[4] - 1) ** 6,
        (lambda x: x[0] + x[1] + x[2] + 4 * x[3] - 7, lambda x: x[2] + 5 * x[4] - 6),
        start=(10.0, 7.0, 2.0, -3.0, 0.8),
        minima=(0.0,),
        x=(1.0, 1.0, 1.0, 1.0, 1.0),
        multipliers=(0.0, 0.0),
    ),
    Problem(
        "HS50",
        lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 2 + (x[2] - x[3]) ** 4 + (x[3] - x[4]) ** 2,
        (
            lambda x: x[0] + 2 * x[1] + 3 * x[2] - 6,
            lambda x: x[1] + 2 * x[2] + 3 * x[3] - 6,
            lambda x: x[2] + 2 * x[3] + 3 * x[4] - 6,
        ),
        start=(35.0, -31.0, 11.0, 5.0, -5.0),
        minima=(0.0,),
        x=(1.0, 1.0, 1.0, 1.0, 1.0),
        multipliers=(0.0, 0.0, 0.0),
    ),
    Problem(
        "HS51",
        lambda x: (x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2 + (x[3] - 1) ** 2 + (x[4] - 1) ** 2,
        (
            lambda x: x[0] + 3 * x[1] - 4,
            lambda x: x[2] + x[3] - 2 * x[4],
            lambda x: x[1] - x[4],
        ),
        start=(2.5, 0.5, 2.0, -1.0, 0.5),
        minima=(0.0,),
        x=(1.0, 1.0, 1.0, 1.0, 1.0),
        multipliers=(0.0, 0.0, 0.0),
    ),
    Problem(
        "HS52",
        lambda x: (
            (4 * x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2 + (x[3] - 1) ** 2 + (x[4] - 1) ** 2
        ),
        (lambda x: x[0] + 3 * x[1], lambda x: x[2] + x[3] - 2 * x[4], lambda x: x[1] - x[4]),
        start=(2.0, 2.0, 2.0, 2.0, 2.0),
        minima=(1859 / 349,),
        x=(-33 / 349, 11 / 349, 180 / 349, -158 / 349, 11 / 349),
        multipliers=(1144 / 349, 1014 / 349, -2704 / 349),
    ),
    # Also at other angles x₄ to x₇ with the same sines squared.
    Problem(
        "HS56",
        lambda x: -x[0] * x[1] * x[2],
        (
            lambda x: x[0] - 4.2 * np.sin(x[3]) ** 2,
            lambda x: x[1] - 4.2 * np.sin(x[4]) ** 2,
            lambda x: x[2] - 4.2 * np.sin(x[5]) ** 2,
            lambda x: x[0] + 2 * x[1] + 2 * x[2] - 7.2 * np.sin(x[6]) ** 2,
        ),
        start=(1.0, 1.0, 1.0, *3 * (asin(sqrt(1 / 4.2)),), asin(sqrt(5 / 7.2))),
        minima=(-3.456,),
        x=(2.4, 1.2, 1.2, asin(sqrt(4 / 7)), *2 * (asin(sqrt(2 / 7)),), pi / 2),
        multipliers=(0.0, 0.0, 0.0, 1.44),
    ),
    # The constraints' gradients are parallel at the start.
    Problem(
        "HS61",
        lambda x: 4 * x[0] ** 2 + 2 * x[1] ** 2 + 2 * x[2] ** 2 - 33 * x[0] + 16 * x[1] - 24 * x[2],
        (lambda x: 3 * x[0] - 2 * x[1] ** 2 - 7, lambda x: 4 * x[0] - x[2] ** 2 - 11),
        start=(0.0, 0.0, 0.0),
        minima=(-143.646142197780262, -81.9190960946274469),
        x=(5.3267701355639278, -2.1189986322189762, 3.2104642253505507),
        multipliers=(-0.88768408774821814, -1.7377772053166921),
    ),
    Problem(
        "HS77",
        lambda x: (
            (x[0] - 1) ** 2
            + (x[0] - x[1]) ** 2
            + (x[2] - 1) ** 2
            + (x[3] - 1) ** 4
            + (x[4] - 1) ** 6
        ),
        (
            lambda x: x[0] ** 2 * x[3] + np.sin(x[3] - x[4]) - 2 * ROOT2,
            lambda x: x[1] + x[2] ** 4 * x[3] ** 2 - 8 - ROOT2,
        ),
        start=(2.0, 2.0, 2.0, 2.0, 2.0),
        minima=(0.241505128790178697, 5.53335727864070311, 9.9087601966998042),
        x=(
            1.1661721897092985,
            1.1821113888027043,
            1.3802570431454597,
            1.5060362736230457,
            0.61092019604309082,
        ),
        multipliers=(-0.0855395970428199, -0.031878398186811564),
    ),
    # Also with the signs of x₄ and x₅ both changed.
    Problem(
        "HS78",
        lambda x: np.prod(x),
        (
            lambda x: np.sum(x**2) - 10,
            lambda x: x[1] * x[2] - 5 * x[3] * x[4],
            lambda x: x[0] ** 3 + x[1] ** 3 + 1,
        ),
        start=(-2.0, 1.5, 2.0, -1.0, -1.0),
        minima=(-2.91970040896367942, -0.823594830085022419),
        x=(
            -1.7171435703943823,
            1.5957096901835544,
            1.8272457529271946,
            -0.76364307818413038,
            -0.76364307818413038,
        ),
        multipliers=(0.74444593097517983, -0.70357519001731578, 0.096805524895066482),
    ),
    Problem(
        "HS79",
        lambda x: (
            (x[0] - 1) ** 2
            + (x[0] - x[1]) ** 2
            + (x[1] - x[2]) ** 2
            + (x[2] - x[3]) ** 4
            + (x[3] - x[4]) ** 4
        ),
        (
            lambda x: x[0] + x[1] ** 2 + x[2] ** 3 - 2 - 3 * ROOT2,
            lambda x: x[1] - x[2] ** 2 + x[3] + 2 - 2 * ROOT2,
            lambda x: x[0] * x[4] - 2,
        ),
        start=(2.0, 2.0, 2.0, 2.0, 2.0),
        minima=(0.0787768208710569014, 13.9668249003901843, 27.5219614544029764),
        x=(
            1.1911274563110514,
            1.3626031649617421,
            1.4728179315120877,
            1.6350166191679927,
            1.6790814361664076,
        ),
        multipliers=(-0.038821048522653094, -0.016726517032489448, -0.00028732781369410527),
    ),
)

INEQUALITY = by_name(
    Problem(
        "HS21",
        lambda x: x[0] ** 2 / 100 + x[1] ** 2 - 100,
        (),
        start=(-1.0, -1.0),
        minima=(-99.96,),
        x=(2.0, 0.0),
        inequalities=(lambda x: 10 * x[0] - x[1] - 10,),
        bounds=((2.0, 50.0), (-50.0, 50.0)),
    ),
    Problem(
        "HS35",
        lambda x: (
            9
            - (8 * x[0] + 6 * x[1] + 4 * x[2])
            + (2 * x[0] ** 2 + 2 * x[1] ** 2 + x[2] ** 2)
            + (2 * x[0] * x[1] + 2 * x[0] * x[2])
        ),
        (),
        start=(0.5, 0.5, 0.5),
        minima=(1 / 9,),
        x=(4 / 3, 7 / 9, 4 / 9),
        inequalities=(lambda x: 3 - x[0] - x[1] - 2 * x[2],),
        bounds=((0.0, None),) * 3,
    ),
    Problem(
        "HS43",
        lambda x: (
            (x[0] ** 2 + x[1] ** 2 + 2 * x[2] ** 2 + x[3] ** 2)
            - (5 * x[0] + 5 * x[1] + 21 * x[2] - 7 * x[3])
        ),
        (),
        start=(0.0, 0.0, 0.0, 0.0),
        minima=(-44.0,),
        x=(0.0, 1.0, 2.0, -1.0),
        inequalities=(
            lambda x: 8 - np.sum(x**2) - x[0] + x[1] - x[2] + x[3],
            lambda x: 10 - (x[0] ** 2 + 2 * x[1] ** 2 + x[2] ** 2 + 2 * x[3] ** 2) + x[0] + x[3],
            lambda x: 5 - (2 * x[0] ** 2 + x[1] ** 2 + x[2] ** 2) - 2 * x[0] + x[1] + x[3],
        ),
    ),
    Problem(
        "HS71",
        lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2],
        (lambda x: np.sum(x**2) - 40,),
        start=(1.0, 5.0, 5.0, 1.0),
        minima=(17.0140172891563015,),
        x=(1.0, 4.7429996372644171, 3.8211499841848739, 1.3794082931726724),
        inequalities=(lambda x: np.prod(x) - 25,),
        bounds=((1.0, 5.0),) * 4,
    ),
    Problem(
        "HS76",
        lambda x: (
            (x[0] ** 2 + 0.5 * x[1] ** 2 + x[2] ** 2 + 0.5 * x[3] ** 2)
            + (x[2] * x[3] - x[0] * x[2])
            - (x[0] + 3 * x[1] - x[2] + x[3])
        ),
        (),
        start=(0.5, 0.5, 0.5, 0.5),
        minima=(-103 / 22,),
        x=(3 / 11, 23 / 11, 0.0, 6 / 11),
        inequalities=(
            lambda x: 5 - x[0] - 2 * x[1] - x[2] - x[3],
            lambda x: 4 - 3 * x[0] - x[1] - 2 * x[2] + x[3],
            lambda x: x[1] + 4 * x[2] - 1.5,
        ),
        bounds=((0.0, None),) * 4,
    ),
)
