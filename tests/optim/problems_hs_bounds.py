"""More problems of Hock and Schittkowski: those with inequalities and bounds.

The book is the one of `problems_hs`. Minima are closed forms where the book has one, and else the
digits that it prints; then there is no ``x``.
"""

from __future__ import annotations

from math import acos, cos, log, pi, sqrt
from typing import Any

import numpy as np
from problems_hs import Problem, by_name

ROOT3, ROOT7 = sqrt(3), sqrt(7)
FREE = (None, None)
POSITIVE = (0.0, None)


def rosenbrock(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def _hs2() -> tuple[float, float]:
    a = sqrt(598 / 1200)
    return 2 * a * cos(acos(1 / (400 * a**3)) / 3), 1.5


ONE_OR_TWO = by_name(
    Problem(
        "HS1",
        rosenbrock,
        (),
        start=(-2.0, 1.0),
        minima=(0.0,),
        x=(1.0, 1.0),
        bounds=(FREE, (-1.5, None)),
    ),
    Problem(
        "HS2",
        rosenbrock,
        (),
        start=(-2.0, 1.5),
        minima=(rosenbrock(_hs2()), 4.941229318),
        x=_hs2(),
        bounds=(FREE, (1.5, None)),
    ),
    Problem(
        "HS3",
        lambda x: x[1] + 1e-5 * (x[1] - x[0]) ** 2,
        (),
        start=(10.0, 1.0),
        minima=(0.0,),
        x=(0.0, 0.0),
        bounds=(FREE, POSITIVE),
    ),
    Problem(
        "HS4",
        lambda x: (x[0] + 1) ** 3 / 3 + x[1],
        (),
        start=(1.125, 0.125),
        minima=(8 / 3,),
        x=(1.0, 0.0),
        bounds=((1.0, None), POSITIVE),
    ),
    Problem(
        "HS5",
        lambda x: np.sin(x[0] + x[1]) + (x[0] - x[1]) ** 2 - 1.5 * x[0] + 2.5 * x[1] + 1,
        (),
        start=(0.0, 0.0),
        minima=(-ROOT3 / 2 - pi / 3,),
        x=(0.5 - pi / 3, -0.5 - pi / 3),
        bounds=((-1.5, 4.0), (-3.0, 3.0)),
    ),
    Problem(
        "HS10",
        lambda x: x[0] - x[1],
        (),
        start=(-10.0, 10.0),
        minima=(-1.0,),
        x=(0.0, 1.0),
        inequalities=(lambda x: -3 * x[0] ** 2 + 2 * x[0] * x[1] - x[1] ** 2 + 1,),
    ),
    Problem(
        "HS11",
        lambda x: (x[0] - 5) ** 2 + x[1] ** 2 - 25,
        (),
        start=(4.9, 0.1),
        minima=(-8.498464223,),
        inequalities=(lambda x: x[1] - x[0] ** 2,),
    ),
    Problem(
        "HS12",
        lambda x: 0.5 * x[0] ** 2 + x[1] ** 2 - x[0] * x[1] - 7 * x[0] - 7 * x[1],
        (),
        start=(0.0, 0.0),
        minima=(-30.0,),
        x=(2.0, 3.0),
        inequalities=(lambda x: 25 - 4 * x[0] ** 2 - x[1] ** 2,),
    ),
    Problem(
        "HS14",
        lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2,
        (lambda x: x[0] - 2 * x[1] + 1,),
        start=(2.0, 2.0),
        minima=(9 - 2.875 * ROOT7,),
        x=((ROOT7 - 1) / 2, (ROOT7 + 1) / 4),
        inequalities=(lambda x: 1 - x[0] ** 2 / 4 - x[1] ** 2,),
    ),
    # Also (-0.7921, -1.2624), where x₁ is negative.
    Problem(
        "HS15",
        rosenbrock,
        (),
        start=(-2.0, 1.0),
        minima=(306.5, 360.379767),
        x=(0.5, 2.0),
        inequalities=(lambda x: x[0] * x[1] - 1, lambda x: x[0] + x[1] ** 2),
        bounds=((None, 0.5), FREE),
    ),
    Problem(
        "HS16",
        rosenbrock,
        (),
        start=(-2.0, 1.0),
        minima=(0.25, 3.98213347, 23.1446609),
        x=(0.5, 0.25),
        inequalities=(lambda x: x[0] + x[1] ** 2, lambda x: x[0] ** 2 + x[1]),
        bounds=((-0.5, 0.5), (None, 1.0)),
    ),
    Problem(
        "HS17",
        rosenbrock,
        (),
        start=(-2.0, 1.0),
        minima=(1.0,),
        x=(0.0, 0.0),
        inequalities=(lambda x: x[1] ** 2 - x[0], lambda x: x[0] ** 2 - x[1]),
        bounds=((-0.5, 0.5), (None, 1.0)),
    ),
    Problem(
        "HS18",
        lambda x: 0.01 * x[0] ** 2 + x[1] ** 2,
        (),
        start=(2.0, 2.0),
        minima=(5.0,),
        x=(sqrt(250), sqrt(2.5)),
        inequalities=(lambda x: x[0] * x[1] - 25, lambda x: x[0] ** 2 + x[1] ** 2 - 25),
        bounds=((2.0, 50.0), (0.0, 50.0)),
    ),
    Problem(
        "HS19",
        lambda x: (x[0] - 10) ** 3 + (x[1] - 20) ** 3,
        (),
        start=(20.1, 5.84),
        minima=(-6961.81381,),
        inequalities=(
            lambda x: (x[0] - 5) ** 2 + (x[1] - 5) ** 2 - 100,
            lambda x: 82.81 - (x[1] - 5) ** 2 - (x[0] - 6) ** 2,
        ),
        bounds=((13.0, 100.0), (0.0, 100.0)),
    ),
    Problem(
        "HS20",
        rosenbrock,
        (),
        start=(-2.0, 1.0),
        minima=(81.5 - 25 * ROOT3, 40.1987299),
        x=(0.5, ROOT3 / 2),
        inequalities=(
            lambda x: x[0] + x[1] ** 2,
            lambda x: x[0] ** 2 + x[1],
            lambda x: x[0] ** 2 + x[1] ** 2 - 1,
        ),
        bounds=((-0.5, 0.5), FREE),
    ),
    Problem(
        "HS22",
        lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2,
        (),
        start=(2.0, 2.0),
        minima=(1.0,),
        x=(1.0, 1.0),
        inequalities=(lambda x: 2 - x[0] - x[1], lambda x: x[1] - x[0] ** 2),
    ),
    Problem(
        "HS23",
        lambda x: x[0] ** 2 + x[1] ** 2,
        (),
        start=(3.0, 1.0),
        minima=(2.0, 9.4721359),
        x=(1.0, 1.0),
        inequalities=(
            lambda x: x[0] + x[1] - 1,
            lambda x: x[0] ** 2 + x[1] ** 2 - 1,
            lambda x: 9 * x[0] ** 2 + x[1] ** 2 - 9,
            lambda x: x[0] ** 2 - x[1],
            lambda x: x[1] ** 2 - x[0],
        ),
        bounds=((-50.0, 50.0),) * 2,
    ),
    Problem(
        "HS24",
        lambda x: ((x[0] - 3) ** 2 - 9) * x[1] ** 3 / (27 * ROOT3),
        (),
        start=(1.0, 0.5),
        minima=(-1.0, 0.0),
        x=(3.0, ROOT3),
        inequalities=(
            lambda x: x[0] / ROOT3 - x[1],
            lambda x: x[0] + ROOT3 * x[1],
            lambda x: 6 - x[0] - ROOT3 * x[1],
        ),
        bounds=(POSITIVE,) * 2,
    ),
)

MORE = by_name(
    Problem(
        "HS29",
        lambda x: -x[0] * x[1] * x[2],
        (),
        start=(1.0, 1.0, 1.0),
        minima=(-16 * sqrt(2),),
        x=(4.0, 2 * sqrt(2), 2.0),
        inequalities=(lambda x: 48 - x[0] ** 2 - 2 * x[1] ** 2 - 4 * x[2] ** 2,),
    ),
    Problem(
        "HS30",
        lambda x: np.sum(x**2),
        (),
        start=(1.0, 1.0, 1.0),
        minima=(1.0,),
        x=(1.0, 0.0, 0.0),
        inequalities=(lambda x: x[0] ** 2 + x[1] ** 2 - 1,),
        bounds=((1.0, 10.0), (-10.0, 10.0), (-10.0, 10.0)),
    ),
    Problem(
        "HS31",
        lambda x: 9 * x[0] ** 2 + x[1] ** 2 + 9 * x[2] ** 2,
        (),
        start=(1.0, 1.0, 1.0),
        minima=(6.0,),
        x=(1 / ROOT3, ROOT3, 0.0),
        inequalities=(lambda x: x[0] * x[1] - 1,),
        bounds=((-10.0, 10.0), (1.0, 10.0), (-10.0, 1.0)),
    ),
    Problem(
        "HS32",
        lambda x: (x[0] + 3 * x[1] + x[2]) ** 2 + 4 * (x[0] - x[1]) ** 2,
        (lambda x: 1 - np.sum(x),),
        start=(0.1, 0.7, 0.2),
        minima=(1.0,),
        x=(0.0, 0.0, 1.0),
        inequalities=(lambda x: 6 * x[1] + 4 * x[2] - x[0] ** 3 - 3,),
        bounds=(POSITIVE,) * 3,
    ),
    Problem(
        "HS33",
        lambda x: (x[0] - 1) * (x[0] - 2) * (x[0] - 3) + x[2],
        (),
        start=(0.0, 0.0, 3.0),
        minima=(sqrt(2) - 6,),
        x=(0.0, sqrt(2), sqrt(2)),
        inequalities=(
            lambda x: x[2] ** 2 - x[1] ** 2 - x[0] ** 2,
            lambda x: np.sum(x**2) - 4,
        ),
        bounds=(POSITIVE, POSITIVE, (0.0, 5.0)),
    ),
    Problem(
        "HS34",
        lambda x: -x[0],
        (),
        start=(0.0, 1.05, 2.9),
        minima=(-log(log(10)),),
        x=(log(log(10)), log(10), 10.0),
        inequalities=(lambda x: x[1] - np.exp(x[0]), lambda x: x[2] - np.exp(x[1])),
        bounds=((0.0, 100.0), (0.0, 100.0), (0.0, 10.0)),
    ),
    Problem(
        "HS36",
        lambda x: -x[0] * x[1] * x[2],
        (),
        start=(10.0, 10.0, 10.0),
        minima=(-3300.0,),
        x=(20.0, 11.0, 15.0),
        inequalities=(lambda x: 72 - x[0] - 2 * x[1] - 2 * x[2],),
        bounds=((0.0, 20.0), (0.0, 11.0), (0.0, 42.0)),
    ),
    Problem(
        "HS37",
        lambda x: -x[0] * x[1] * x[2],
        (),
        start=(10.0, 10.0, 10.0),
        minima=(-3456.0,),
        x=(24.0, 12.0, 12.0),
        inequalities=(
            lambda x: 72 - x[0] - 2 * x[1] - 2 * x[2],
            lambda x: x[0] + 2 * x[1] + 2 * x[2],
        ),
        bounds=((0.0, 42.0),) * 3,
    ),
    Problem(
        "HS38",
        lambda x: (
            rosenbrock(x[:2])
            + 90 * (x[3] - x[2] ** 2) ** 2
            + (1 - x[2]) ** 2
            + 10.1 * ((x[1] - 1) ** 2 + (x[3] - 1) ** 2)
            + 19.8 * (x[1] - 1) * (x[3] - 1)
        ),
        (),
        start=(-3.0, -1.0, -3.0, -1.0),
        minima=(0.0,),
        x=(1.0, 1.0, 1.0, 1.0),
        bounds=((-10.0, 10.0),) * 4,
    ),
    Problem(
        "HS41",
        lambda x: 2 - x[0] * x[1] * x[2],
        (lambda x: x[0] + 2 * x[1] + 2 * x[2] - x[3],),
        start=(2.0, 2.0, 2.0, 2.0),
        minima=(52 / 27, 2.0),
        x=(2 / 3, 1 / 3, 1 / 3, 2.0),
        bounds=((0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (0.0, 2.0)),
    ),
    Problem(
        "HS44",
        lambda x: x[0] - x[1] - x[2] - x[0] * x[2] + x[0] * x[3] + x[1] * x[2] - x[1] * x[3],
        (),
        start=(0.0, 0.0, 0.0, 0.0),
        minima=(-15.0, -13.0),
        x=(0.0, 3.0, 0.0, 4.0),
        inequalities=(
            lambda x: 8 - x[0] - 2 * x[1],
            lambda x: 12 - 4 * x[0] - x[1],
            lambda x: 12 - 3 * x[0] - 4 * x[1],
            lambda x: 8 - 2 * x[2] - x[3],
            lambda x: 8 - x[2] - 2 * x[3],
            lambda x: 5 - x[2] - x[3],
        ),
        bounds=(POSITIVE,) * 4,
    ),
    Problem(
        "HS45",
        lambda x: 2 - np.prod(x) / 120,
        (),
        start=(2.0, 2.0, 2.0, 2.0, 2.0),
        minima=(1.0,),
        x=(1.0, 2.0, 3.0, 4.0, 5.0),
        bounds=tuple((0.0, float(i)) for i in range(1, 6)),
    ),
    Problem(
        "HS53",
        lambda x: (x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2 + (x[3] - 1) ** 2 + (x[4] - 1) ** 2,
        (lambda x: x[0] + 3 * x[1], lambda x: x[2] + x[3] - 2 * x[4], lambda x: x[1] - x[4]),
        start=(2.0, 2.0, 2.0, 2.0, 2.0),
        minima=(176 / 43,),
        x=(-33 / 43, 11 / 43, 27 / 43, -5 / 43, 11 / 43),
        bounds=((-10.0, 10.0),) * 5,
    ),
    Problem(
        "HS60",
        lambda x: (x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4,
        (lambda x: x[0] * (1 + x[1] ** 2) + x[2] ** 4 - 4 - 3 * sqrt(2),),
        start=(2.0, 2.0, 2.0),
        minima=(0.03256820025,),
        bounds=((-10.0, 10.0),) * 3,
    ),
    Problem(
        "HS63",
        lambda x: 1000 - x[0] ** 2 - 2 * x[1] ** 2 - x[2] ** 2 - x[0] * x[1] - x[0] * x[2],
        (lambda x: 8 * x[0] + 14 * x[1] + 7 * x[2] - 56, lambda x: np.sum(x**2) - 25),
        start=(2.0, 2.0, 2.0),
        minima=(961.7151721,),
        bounds=(POSITIVE,) * 3,
    ),
    Problem(
        "HS65",
        lambda x: (x[0] - x[1]) ** 2 + (x[0] + x[1] - 10) ** 2 / 9 + (x[2] - 5) ** 2,
        (),
        start=(-5.0, 5.0, 0.0),
        minima=(0.9535288567,),
        inequalities=(lambda x: 48 - np.sum(x**2),),
        bounds=((-4.5, 4.5), (-4.5, 4.5), (-5.0, 5.0)),
    ),
    Problem(
        "HS66",
        lambda x: 0.2 * x[2] - 0.8 * x[0],
        (),
        start=(0.0, 1.05, 2.9),
        minima=(0.5181632741,),
        inequalities=(lambda x: x[1] - np.exp(x[0]), lambda x: x[2] - np.exp(x[1])),
        bounds=((0.0, 100.0), (0.0, 100.0), (0.0, 10.0)),
    ),
    # HS78 of an exponential, with bounds.
    Problem(
        "HS80",
        lambda x: np.exp(np.prod(x)),
        (
            lambda x: np.sum(x**2) - 10,
            lambda x: x[1] * x[2] - 5 * x[3] * x[4],
            lambda x: x[0] ** 3 + x[1] ** 3 + 1,
        ),
        start=(-2.0, 2.0, 2.0, -1.0, -1.0),
        minima=(0.0539498478, 0.43885137),
        bounds=(*((-2.3, 2.3),) * 2, *((-3.2, 3.2),) * 3),
    ),
    Problem(
        "HS100",
        lambda x: (
            (x[0] - 10) ** 2
            + 5 * (x[1] - 12) ** 2
            + x[2] ** 4
            + 3 * (x[3] - 11) ** 2
            + 10 * x[4] ** 6
            + (7 * x[5] ** 2 + x[6] ** 4 - 4 * x[5] * x[6] - 10 * x[5] - 8 * x[6])
        ),
        (),
        start=(1.0, 2.0, 0.0, 4.0, 0.0, 1.0, 1.0),
        minima=(680.6300573,),
        inequalities=(
            lambda x: 127 - 2 * x[0] ** 2 - 3 * x[1] ** 4 - x[2] - 4 * x[3] ** 2 - 5 * x[4],
            lambda x: 282 - 7 * x[0] - 3 * x[1] - 10 * x[2] ** 2 - x[3] + x[4],
            lambda x: 196 - 23 * x[0] - x[1] ** 2 - 6 * x[5] ** 2 + 8 * x[6],
            lambda x: (
                -4 * x[0] ** 2 - x[1] ** 2 + 3 * x[0] * x[1] - 2 * x[2] ** 2 - 5 * x[5] + 11 * x[6]
            ),
        ),
    ),
    Problem(
        "HS110",
        lambda x: np.sum(np.log(x - 2) ** 2 + np.log(10 - x) ** 2) - np.prod(x) ** 0.2,
        (),
        start=(9.0,) * 10,
        minima=(-45.77846971,),
        bounds=((2.001, 9.999),) * 10,
    ),
    Problem(
        "HS113",
        lambda x: (
            (x[0] ** 2 + x[1] ** 2 + x[0] * x[1] - 14 * x[0] - 16 * x[1] + 45)
            + ((x[2] - 10) ** 2 + 4 * (x[3] - 5) ** 2 + (x[4] - 3) ** 2 + 2 * (x[5] - 1) ** 2)
            + (5 * x[6] ** 2 + 7 * (x[7] - 11) ** 2 + 2 * (x[8] - 10) ** 2 + (x[9] - 7) ** 2)
        ),
        (),
        start=(2.0, 3.0, 5.0, 5.0, 1.0, 2.0, 7.0, 3.0, 6.0, 10.0),
        minima=(24.3062091,),
        inequalities=(
            lambda x: 105 - 4 * x[0] - 5 * x[1] + 3 * x[6] - 9 * x[7],
            lambda x: -10 * x[0] + 8 * x[1] + 17 * x[6] - 2 * x[7],
            lambda x: 8 * x[0] - 2 * x[1] - 5 * x[8] + 2 * x[9] + 12,
            lambda x: 120 - 3 * (x[0] - 2) ** 2 - 4 * (x[1] - 3) ** 2 - 2 * x[2] ** 2 + 7 * x[3],
            lambda x: 40 - 5 * x[0] ** 2 - 8 * x[1] - (x[2] - 6) ** 2 + 2 * x[3],
            lambda x: 30 - 0.5 * (x[0] - 8) ** 2 - 2 * (x[1] - 4) ** 2 - 3 * x[4] ** 2 + x[5],
            lambda x: 2 * x[0] * x[1] - x[0] ** 2 - 2 * (x[1] - 2) ** 2 - 14 * x[4] + 6 * x[5],
            lambda x: 3 * x[0] - 6 * x[1] - 12 * (x[8] - 8) ** 2 + 7 * x[9],
        ),
    ),
)

# No multipliers exist at the minimum: the gradient of the inequality is that of a bound.
WITHOUT_MULTIPLIERS = by_name(
    Problem(
        "HS13",
        lambda x: (x[0] - 2) ** 2 + x[1] ** 2,
        (),
        start=(-2.0, -2.0),
        minima=(1.0,),
        x=(1.0, 0.0),
        inequalities=(lambda x: (1 - x[0]) ** 3 - x[1],),
        bounds=(POSITIVE,) * 2,
    ),
)

BOUNDED = ONE_OR_TWO | MORE | WITHOUT_MULTIPLIERS
