"""minimize: no claim on tails, far out, or where numbers overflow; and what SciPy breaks on."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy
import scipy.optimize

from optim.from_scipy._methods import METHODS
from optim.from_scipy._minimize import minimize

OLDER = np.lib.NumpyVersion(scipy.__version__) < "1.17.0"
EVERY = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            OLDER and name == "trust-exact",
            reason="trust-exact of older SciPy goes round for ever in units far from 1",
        ),
    )
    for name in sorted(METHODS.values())
]


def quiet(*args: Any, **kwargs: Any) -> Any:
    """Minimise without SciPy's warnings about precision and the like."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return minimize(*args, **kwargs)


def rosenbrock(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


# -- tails -----------------------------------------------------------------------------------

# Each falls towards its infimum along the line on which a power is least.
TAILS = {
    "exp": (lambda x: np.exp(2 * x[1] - 2) + 100 * (x[0] + x[1] + 2) ** 8, [0.7, -3.2]),
    "exp of three": (
        lambda x: 0.1 * np.exp(x[0] + 2 * x[1] + x[2] - 1) + 0.01 * (3 * x[2] - 2 * x[1] - 1) ** 4,
        [-0.2, 1.2, 0.3],
    ),
    "softplus": (
        lambda x: (x[1] - 2) ** 4 / 1e3 + 0.1 * np.logaddexp(0, x[0] + 3 * x[1] + 1),
        [0.2, 3.7],
    ),
    "softplus far out": (
        lambda x: 100 * (2 * x[0] - 3 * x[1] - 1) ** 8 + np.logaddexp(0, 2 * x[0] + 2 * x[1] + 2),
        [-3.3, 0.3],
    ),
    "logistic": (
        lambda x: (
            (2 * x[1] - x[0] - 1) ** 4
            + np.logaddexp(0, x[0] + x[1] - 2)
            + 1e-3 / (1 + np.exp(1 - 2 * x[0] - 2 * x[1]))
        ),
        [-0.6, 2.9],
    ),
}


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "SLSQP", "TNC", "trust-exact"])
@pytest.mark.parametrize(("f", "start"), TAILS.values(), ids=TAILS)
def test_a_tail_so_low_that_scipy_is_content_is_no_minimum(
    f: Any, start: list[float], method: str
) -> None:
    result = quiet(f, start, method=method)
    assert not result.success
    assert "its minimum seems to be at infinity" in result.message or "no min" in result.message


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_nor_is_it_one_along_a_constraint(method: str) -> None:
    line = {"type": "eq", "fun": lambda x: x[0] - 2 * x[1]}
    result = quiet(lambda x: np.exp(-x[0] - x[1]), [10.0, 5.0], method=method, constraints=line)
    assert not result.success, result.message


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "SLSQP"])
@pytest.mark.parametrize("power", [2, 4, 6, 8])
def test_a_flat_minimum_is_no_tail(power: int, method: str) -> None:
    result = quiet(lambda x: (x[0] - 1) ** power + (x[1] - x[0]) ** 2, [3.0, 2.0], method=method)
    assert result.success, result.message
    assert result.fun < 1e-5


def test_far_out_where_the_last_digits_of_x_change_f_nothing_is_claimed() -> None:
    """f is linear along the line where the other terms are least."""

    def f(x: Any) -> Any:
        return (
            100 * (3 * x[0] - 2 * x[1] - x[2])
            + 0.01 * (3 * (x[1] + x[2] - x[0]) + 2) ** 8
            + (x[0] - 2 * x[1] + x[2] + 1) ** 4
        )

    for method in ("SLSQP", "L-BFGS-B", "BFGS"):
        assert not quiet(f, [1.0, -2.0, 3.0], method=method).success


def corner_below(x: Any) -> Any:
    return np.abs(x[0] - 1) + (x[1] - 2) ** 2


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("unit", [1e-50, 1e-12, 1e-7])
def test_unknowns_that_are_all_small_have_the_size_of_the_start(method: str, unit: float) -> None:
    for f, start in ((corner_below, [3.0, 1.0]), (rosenbrock, [-1.2, 1.0])):
        result = quiet(lambda x, f=f: unit * f(x / unit), unit * np.array(start), method=method)
        # To SciPy's absolute tolerances every point may be one; it is claimed only if it is.
        assert not result.success or result.fun < 1e-3 * unit, result.message


# -- numbers that overflow -------------------------------------------------------------------


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize(
    ("f", "start"),
    [
        (lambda x: np.sum(np.log(x)), [1e200, 1e-200]),
        (lambda x: np.sum(np.tan(x)), [1e308, 1e308]),
        (lambda x: np.sum(np.abs(x) ** 0.1), [1.0, 2.0]),
        (lambda x: x[0] * 1e300 + x[1], [1e300, 1.0]),
    ],
    ids=["log", "tan", "cusp", "product"],
)
def test_what_overflows_around_the_end_raises_nothing_and_is_no_success(
    f: Any, start: list[float], method: str
) -> None:
    result = quiet(f, start, method=method, options={"maxiter": 50})
    with np.errstate(all="ignore"):
        assert not result.success or result.fun < f(np.array(start)), result.message


def test_what_hessp_and_hess_raise_is_passed_on() -> None:
    def wrong(*arguments: Any) -> Any:
        raise ValueError("mine")

    for method in ("Newton-CG", "trust-ncg", "trust-krylov"):
        with pytest.raises(ValueError, match="mine"):
            minimize(rosenbrock, [-1.2, 1.0], method=method, hessp=wrong)
    with pytest.raises(ValueError, match="mine"):
        minimize(rosenbrock, [-1.2, 1.0], method="trust-exact", hess=wrong)
    constraint = scipy.optimize.NonlinearConstraint(
        lambda x: x[0] ** 2, 0, 1, jac=lambda x: [[2 * x[0], 0 * x[1]]], hess=wrong
    )
    with pytest.raises(ValueError, match="mine"):
        minimize(rosenbrock, [-1.2, 1.0], method="trust-constr", constraints=constraint)


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize(("x_unit", "f_unit"), [(1e-50, 1e-50), (1e100, 1.0), (1.0, 1e200)])
def test_far_from_usual_units_nothing_is_raised(x_unit: float, f_unit: float, method: str) -> None:
    for start in ([-1.2, 1.0], [1.0, 0.0]):
        result = quiet(
            lambda x: f_unit * (x[0] ** 2 - x[1] ** 2 + x[1] ** 4 / 4) / x_unit**2,
            x_unit * np.array(start),
            method=method,
            options={"maxiter": 50},
        )
        assert result.message
