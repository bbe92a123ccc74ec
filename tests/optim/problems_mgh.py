"""The test problems of Moré, Garbow and Hillstrom, their standard starts and their known minima.

J. J. Moré, B. S. Garbow and K. E. Hillstrom, "Testing unconstrained optimization software", ACM
Transactions on Mathematical Software 7 (1981), 17-41. The order is the paper's. Where the number of
residuals is free it is 10 for Box and for Jennrich and Sampson, 13 for Biggs EXP6, 20 for Brown and
Dennis and for the linear functions.

The paper prints its minima to six digits. The digits here come from Newton's method at 50 decimal
digits, started from the best of many runs, and agree with all that are printed. But:

- The residual of Gulf research and development is printed with y m i x₂, a misprint of y - x₂. Here
  are 99 residuals, because the hundredth has no derivative at the minimiser.
- For Chebyquad with n = 10 the paper prints 6.50395e-3, a local minimum; a lower one exists.
- For Brown almost-linear it prints a minimum of 1 at (0, ..., 0, n + 1), a saddle point when n is
  even.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """Minimise the sum of squares of `residuals`, from `start`.

    `minima` are local minima of the sum of squares, the global one first. `x` is where that one is,
    up to an exchange of like unknowns, or None if it is at several points. `at_infinity` are limits
    that the sum of squares falls to as some of x grow without bound.
    """

    name: str
    residuals: Callable[[Any], Any]
    start: tuple[float, ...]
    minima: tuple[float, ...]
    x: tuple[float, ...] | None
    at_infinity: tuple[float, ...] = ()


def rosenbrock(x: Any) -> Any:
    return np.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def freudenstein_roth(x: Any) -> Any:
    return np.stack(
        [
            -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
            -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
        ]
    )


def powell_badly_scaled(x: Any) -> Any:
    return np.stack([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def brown_badly_scaled(x: Any) -> Any:
    return np.stack([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])


def beale(x: Any) -> Any:
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** np.arange(1, 4))


def jennrich_sampson(x: Any) -> Any:
    i = np.arange(1.0, 11.0)
    return 2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley(x: Any) -> Any:
    # The angle in turns, from -1/4 to 3/4: its jump is where x₁ = 0 and x₂ < 0.
    turn = np.arctan2(-x[0], x[1]) / (2 * np.pi) + 0.25
    return np.stack([10 * (x[2] - 10 * turn), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


# fmt: off
BARD = np.array([
    0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39,
])
GAUSSIAN = np.array([
    0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989,
    0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044, 0.0009,
])
MEYER = np.array([
    34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
    8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872,
])
KOWALIK_OSBORNE = np.array([
    [4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625],
    [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246],
])
OSBORNE_1 = np.array([
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751,
    0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490,
    0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406,
])
OSBORNE_2 = np.array([
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
    0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
    0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
    0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
    0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
])
# fmt: on


def bard(x: Any) -> Any:
    u = np.arange(1.0, 16.0)
    v = 16 - u
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def gaussian(x: Any) -> Any:
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - GAUSSIAN


def meyer(x: Any) -> Any:
    t = 45 + 5 * np.arange(1, 17)
    return x[0] * np.exp(x[1] / (t + x[2])) - MEYER


def gulf(x: Any) -> Any:
    t = np.arange(1, 100) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t


def box(x: Any) -> Any:
    t = np.arange(1, 11) / 10
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x: Any) -> Any:
    a, b, c, d = x.reshape(-1, 4).T
    blocks = [a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2]
    return np.concatenate(blocks)


def wood(x: Any) -> Any:
    return np.stack(
        [
            10 * (x[1] - x[0] ** 2),
            1 - x[0],
            np.sqrt(90) * (x[3] - x[2] ** 2),
            1 - x[2],
            np.sqrt(10) * (x[1] + x[3] - 2),
            (x[1] - x[3]) / np.sqrt(10),
        ]
    )


def kowalik_osborne(x: Any) -> Any:
    u, y = KOWALIK_OSBORNE
    return y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x: Any) -> Any:
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def osborne_1(x: Any) -> Any:
    t = 10 * np.arange(33)
    return OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs(x: Any) -> Any:
    t = np.arange(1, 14) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def osborne_2(x: Any) -> Any:
    t = np.arange(65)[:, None] / 10
    peaks = np.exp(-((t - x[8:11]) ** 2) * x[5:8]) @ x[1:4]
    return OSBORNE_2 - (x[0] * np.exp(-t[:, 0] * x[4]) + peaks)


def watson(x: Any) -> Any:
    powers = (np.arange(1, 30)[:, None] / 29) ** np.arange(len(x))
    slope = (powers[:, :-1] * np.arange(1, len(x))) @ x[1:]
    inner = slope - (powers @ x) ** 2 - 1
    return np.concatenate([inner, np.stack([x[0], x[1] - x[0] ** 2 - 1])])


def extended_rosenbrock(x: Any) -> Any:
    a, b = x.reshape(-1, 2).T
    return np.concatenate([10 * (b - a**2), 1 - a])


def penalty_1(x: Any) -> Any:
    return np.concatenate([np.sqrt(1e-5) * (x - 1), np.sum(x**2, keepdims=True) - 0.25])


def penalty_2(x: Any) -> Any:
    n = len(x)
    i = np.arange(1, n + 1)
    y = np.exp(i[1:] / 10) + np.exp(i[:-1] / 10)
    e = np.exp(x / 10)
    return np.concatenate(
        [
            x[:1] - 0.2,
            np.sqrt(1e-5) * (e[1:] + e[:-1] - y),
            np.sqrt(1e-5) * (e[1:] - np.exp(-0.1)),
            np.sum((n - i + 1) * x**2, keepdims=True) - 1,
        ]
    )


def variably_dimensioned(x: Any) -> Any:
    total = np.sum(np.arange(1, len(x) + 1) * (x - 1), keepdims=True)
    return np.concatenate([x - 1, total, total**2])


def trigonometric(x: Any) -> Any:
    n = len(x)
    return n - np.sum(np.cos(x)) + np.arange(1, n + 1) * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x: Any) -> Any:
    linear = x[:-1] + np.sum(x) - (len(x) + 1)
    return np.concatenate([linear, np.prod(x, keepdims=True) - 1])


def between(x: Any) -> Any:
    """Return the neighbours of each x[i], with zeros beyond the ends."""
    zero = np.zeros(1)
    return np.concatenate([zero, x[:-1]]), np.concatenate([x[1:], zero])


def discrete_boundary_value(x: Any) -> Any:
    h = 1 / (len(x) + 1)
    t = h * np.arange(1, len(x) + 1)
    before, after = between(x)
    return 2 * x - before - after + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral_equation(x: Any) -> Any:
    h = 1 / (len(x) + 1)
    t = h * np.arange(1, len(x) + 1)
    kernel = np.minimum.outer(t, t) * (1 - np.maximum.outer(t, t))
    return x + h / 2 * (kernel @ (x + t + 1) ** 3)


def broyden_tridiagonal(x: Any) -> Any:
    before, after = between(x)
    return (3 - 2 * x) * x - before - 2 * after + 1


def broyden_banded(x: Any) -> Any:
    i = np.arange(len(x))
    offset = i - i[:, None]
    band = ((offset >= -5) & (offset <= 1) & (offset != 0)).astype(float)
    return x * (2 + 5 * x**2) + 1 - band @ (x * (1 + x))


def linear_full_rank(x: Any) -> Any:
    return np.concatenate([x, np.zeros(20 - len(x))]) - 2 / 20 * np.sum(x) - 1


def linear_rank_1(x: Any) -> Any:
    return np.arange(1, 21) * np.sum(np.arange(1, len(x) + 1) * x) - 1


def linear_rank_1_with_zeros(x: Any) -> Any:
    rows = np.concatenate([np.arange(19), np.zeros(1)])
    return rows * np.sum(np.arange(2, len(x)) * x[1:-1]) - 1


def chebyquad(x: Any) -> Any:
    n = len(x)
    y = 2 * x - 1
    polynomials = [np.ones(n), y]
    for _ in range(n - 1):
        polynomials.append(2 * y * polynomials[-1] - polynomials[-2])
    i = np.arange(1, n + 1)
    integrals = np.where(i % 2 == 0, -1 / np.maximum(i**2 - 1, 1), 0.0)
    return np.mean(np.stack(polynomials[1:]), axis=1) - integrals


# fmt: off
GRID_10 = tuple(j / 11 for j in range(1, 11))
BOUNDARY_VALUE = (
    -0.043164982518764871, -0.081577156535386883, -0.11448571438052928, -0.14097357686259668,
    -0.15990869618198313, -0.16987720231277491, -0.16908998378120834, -0.1552495352218318,
    -0.12535589167893496, -0.075416533685892029,
)

PROBLEMS = {problem.name: problem for problem in [
    Problem("Rosenbrock", rosenbrock, (-1.2, 1.0), (0.0,), (1.0, 1.0)),
    Problem(
        "Freudenstein and Roth", freudenstein_roth,
        (0.5, -2.0),
        (0.0, 48.984253679240021),
        (5.0, 4.0),
    ),
    Problem(
        "Powell, badly scaled", powell_badly_scaled,
        (0.0, 1.0),
        (0.0, 1.0402940039616394),
        (1.0981593296998054e-5, 9.1061467398666243),
    ),
    Problem("Brown, badly scaled", brown_badly_scaled, (1.0, 1.0), (0.0,), (1e6, 2e-6)),
    Problem(
        "Beale", beale,
        (1.0, 1.0),
        (0.0,),
        (3.0, 0.5),
        at_infinity=(14.203125 - 13.875**2 / 14,),
    ),
    Problem(
        "Jennrich and Sampson", jennrich_sampson,
        (0.3, 0.4),
        (124.36218235561485,),
        (0.25782521367036408, 0.25782521367036408),
        at_infinity=(259.58019013425328,),
    ),
    Problem("Helical valley", helical_valley, (-1.0, 0.0, 0.0), (0.0,), (1.0, 0.0, 0.0)),
    # The minima but the first lie between poles of the residuals.
    Problem(
        "Bard", bard,
        (1.0, 1.0, 1.0),
        (
            0.0082148773065789798, 0.93277524389830065, 1.0038205868219475, 1.8862748135913526,
            2.3629162971918464,
        ),
        (0.082410559749788983, 1.1330360920297225, 2.3436951786425364),
        at_infinity=(17.428693333333335,),
    ),
    Problem(
        "Gaussian", gaussian,
        (0.4, 1.0, 0.0),
        (1.1279327696190113e-8,),
        (0.39895613783875668, 1.0000190844878057, 0.0),
    ),
    Problem(
        "Meyer", meyer,
        (0.02, 4000.0, 250.0),
        (87.945855170851121,),
        (0.0056096364710280525, 6181.3463462863723, 345.2236346241365),
    ),
    Problem(
        "Gulf", gulf,
        (5.0, 2.5, 0.15),
        (0.0,),
        (50.0, 25.0, 1.5),
        at_infinity=(0.28444560219929, 32.835),
    ),
    # Zero at (1, 10, 1), at (10, 1, -1), and wherever x₁ = x₂ and x₃ = 0.
    Problem("Box", box, (0.0, 10.0, 20.0), (0.0,), None, at_infinity=(0.075588740754997435,)),
    Problem(
        "Powell, singular", powell_singular,
        (3.0, -1.0, 0.0, 1.0),
        (0.0,),
        (0.0, 0.0, 0.0, 0.0),
    ),
    Problem("Wood", wood, (-3.0, -1.0, -3.0, -1.0), (0.0,), (1.0, 1.0, 1.0, 1.0)),
    # The minima but the first lie between poles of the residuals.
    Problem(
        "Kowalik and Osborne", kowalik_osborne,
        (0.25, 0.39, 0.415, 0.39),
        (
            0.00030750560384923778, 0.00042367462646983419, 0.0015943520260219621,
            0.0016229555150643939, 0.0016272854211609374, 0.095322383792792428,
        ),
        (0.19280693457903788, 0.19128232873436678, 0.12305650692632074, 0.13606233068379475),
        at_infinity=(0.0010273430486954559,),
    ),
    Problem(
        "Brown and Dennis", brown_dennis,
        (25.0, 5.0, -5.0, -1.0),
        (85822.201626356309,),
        (-11.594439904762164, 13.203630051207203, -0.4034394881768595, 0.23677877445573627),
    ),
    Problem(
        "Osborne 1", osborne_1,
        (0.5, 1.5, -1.0, 0.01, 0.02),
        (5.4648946974829118e-5,),
        (
            0.37541005210695195, 1.9358469127123558, -1.4646871366134115, 0.012867534640057266,
            0.02212269966167266,
        ),
        at_infinity=(1.10603621875,),
    ),
    # Zero at (1, 10, 1, 5, 4, 3) and where the two terms of one sign change places.
    Problem(
        "Biggs EXP6", biggs,
        (1.0, 2.0, 1.0, 1.0, 1.0, 1.0),
        (0.0, 0.0056556499254999487),
        None,
        at_infinity=(0.3063667726247897,),
    ),
    Problem(
        "Osborne 2", osborne_2,
        (1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5),
        (0.040137736293547758, 0.08759472409341583, 0.12409793786113832),
        (
            1.3099771546273006, 0.43155379460298897, 0.63366169896072404, 0.59943053478591621,
            0.75418322632801139, 0.90428857985963366, 1.3658118352370279, 4.8236988172271574,
            2.3986848661317545, 4.5688745976676717, 5.6753414705806413,
        ),
    ),
    Problem(
        "Watson, n = 6", watson,
        (0.0,) * 6,
        (0.0022876700535524287,),
        (
            -0.015725086401458402, 1.0124348693691098, -0.23299162595673686, 1.2604300877996054,
            -1.5137289227222755, 0.99299643243113285,
        ),
    ),
    Problem(
        "Watson, n = 9", watson,
        (0.0,) * 9,
        (1.3997601380987233e-6,),
        (
            -1.5307036521390485e-5, 0.99978970393194834, 0.014763963693558536,
            0.14634232829934773, 1.0008211030047713, -2.6177311405191575, 4.1044031644790361,
            -3.1436122785565595, 1.0526264080101978,
        ),
    ),
    Problem(
        "Watson, n = 12", watson,
        (0.0,) * 12,
        (4.7223811072933857e-10,),
        (
            -6.6380604664816678e-9, 1.0000016441178619, -0.00056393221033112077,
            0.34782054050385017, -0.15673150409478411, 1.0528151772019689, -3.2472711534483414,
            7.2884348979232916, -10.271848241310054, 9.074113647069744, -4.541375466690908,
            1.0120118885525601,
        ),
    ),
    Problem(
        "Extended Rosenbrock, n = 10", extended_rosenbrock,
        (-1.2, 1.0) * 5,
        (0.0,),
        (1.0,) * 10,
    ),
    Problem(
        "Extended Powell, singular, n = 12", powell_singular,
        (3.0, -1.0, 0.0, 1.0) * 3,
        (0.0,),
        (0.0,) * 12,
    ),
    Problem(
        "Penalty I, n = 4", penalty_1,
        (1.0, 2.0, 3.0, 4.0),
        (2.2499775008999371e-5,),
        (0.25000749958753787,) * 4,
    ),
    Problem(
        "Penalty I, n = 10", penalty_1,
        (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0),
        (7.0876514670903697e-5,),
        (0.15812230111311636,) * 10,
    ),
    Problem(
        "Penalty II, n = 4", penalty_2,
        (0.5,) * 4,
        (9.3762930073554466e-6,),
        (0.1999993333503804, 0.19131670099277244, 0.48010148533262321, 0.51884540439020051),
    ),
    Problem(
        "Penalty II, n = 10", penalty_2,
        (0.5,) * 10,
        (0.00029366053745674595,),
        (
            0.19998360519782362, 0.0103506484712923, 0.019604934480438406, 0.032089067220685653,
            0.049932677399641302, 0.076513995153993607, 0.11862407286950419, 0.19214487233557669,
            0.34732058694184361, 0.36916437415935078,
        ),
    ),
    Problem(
        "Variably dimensioned, n = 10", variably_dimensioned,
        tuple(1 - j / 10 for j in range(1, 11)),
        (0.0,),
        (1.0,) * 10,
    ),
    # Zero at 0 too.
    Problem(
        "Trigonometric, n = 10", trigonometric,
        (0.1,) * 10,
        (
            0.0, 4.4735658128062946e-7, 2.7950561218794563e-5, 4.2186338879237259e-5,
            0.00087882252182189827,
        ),
        None,
    ),
    # Zero at (1, ..., 1) and at (α, ..., α, α⁻⁹) with α = 0.979...
    Problem("Brown, almost linear, n = 10", brown_almost_linear, (0.5,) * 10, (0.0,), None),
    Problem(
        "Discrete boundary value, n = 10", discrete_boundary_value,
        tuple(t * (t - 1) for t in GRID_10),
        (0.0,),
        BOUNDARY_VALUE,
    ),
    Problem(
        "Discrete integral equation, n = 10", discrete_integral_equation,
        tuple(t * (t - 1) for t in GRID_10),
        (0.0,),
        BOUNDARY_VALUE,
    ),
    # There are many more local minima, from 0.397 up.
    Problem(
        "Broyden, tridiagonal, n = 10", broyden_tridiagonal,
        (-1.0,) * 10,
        (0.0,),
        (
            -0.57072213201122479, -0.68180694998427509, -0.70221007601766003,
            -0.70551062989508039, -0.70490615572874367, -0.70149660702985113,
            -0.69188932235479825, -0.66579651440585375, -0.59603510902636571,
            -0.41641225752869335,
        ),
    ),
    # There are local minima too, from 2.68 up.
    Problem(
        "Broyden, banded, n = 10", broyden_banded,
        (-1.0,) * 10,
        (0.0,),
        (
            -0.42830286358725027, -0.47659642435629024, -0.51965246364686173, -0.5580993248321809,
            -0.59250615682945735, -0.62450368219946792, -0.62323947144059109, -0.6213938417965735,
            -0.62045359665908736, -0.58646927072043507,
        ),
    ),
    Problem("Linear, full rank", linear_full_rank, (1.0,) * 10, (10.0,), (-1.0,) * 10),
    Problem("Linear, rank 1", linear_rank_1, (1.0,) * 10, (20 * 19 / (2 * 41),), None),
    Problem(
        "Linear, rank 1 with zero columns and rows", linear_rank_1_with_zeros,
        (1.0,) * 10,
        ((20**2 + 3 * 20 - 6) / (2 * 37),),
        None,
    ),
    # The minimisers of Chebyquad are sets: every order of the xᵢ serves.
    Problem("Chebyquad, n = 7", chebyquad, tuple(j / 8 for j in range(1, 8)), (0.0,), None),
    Problem(
        "Chebyquad, n = 8", chebyquad,
        tuple(j / 9 for j in range(1, 9)),
        (0.00351687372567793,),
        None,
    ),
    Problem("Chebyquad, n = 9", chebyquad, tuple(j / 10 for j in range(1, 10)), (0.0,), None),
    Problem(
        "Chebyquad, n = 10", chebyquad,
        tuple(j / 11 for j in range(1, 11)),
        (0.0047727136963753498, 0.0065039548008823077),
        None,
    ),
]}
# fmt: on
