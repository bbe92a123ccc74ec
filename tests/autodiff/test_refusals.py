"""Every NumPy function that dispatches has a rule, is a constant, or says why it is refused."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.fft
import numpy.lib.recfunctions
import numpy.linalg
import pytest
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.optimize
import scipy.stats
from numpy.testing import overrides
from scipy import special

from autodiff import Tensor, grad
from autodiff._core.arguments import full_name
from autodiff._core.ndarray import operations
from autodiff._core.refusals import NO_RULE, reason_for

OVERRIDABLE = sorted(
    overrides.get_overridable_numpy_ufuncs() | overrides.get_overridable_numpy_array_functions(),
    key=full_name,
)
# Each of these is left out on purpose: nothing but the general reason can be said of it.
LEFT_OUT: set[str] = {"polygrid2d", "polyval2d", "clip"}


@pytest.mark.parametrize("function", OVERRIDABLE, ids=full_name)
def test_every_function_is_decided(function: Callable[..., Any]) -> None:
    public = getattr(np, function.__name__, None)  # of what takes like=, of which NumPy has two
    known = function in operations or public in operations
    decided = known or reason_for(function) != NO_RULE
    assert decided != (function.__name__ in LEFT_OUT) or known


@pytest.mark.parametrize(
    ("call", "replacement"),
    [
        (lambda t: np.array([t[0], t[1]]), r"np\.stack"),
        (lambda t: np.sum([t, t]), r"np\.stack"),
        (lambda t: np.vectorize(lambda x: x * 2)(t), r"np\.stack\("),
        (lambda t: np.full(2, t[0]), r"np\.full\(2, t\[0\], like=t\)"),
        (special.logsumexp, r"scipy\.special\.logsumexp .* use autodiff\.logsumexp"),
        (special.softmax, r"use autodiff\.softmax"),
        (special.log_softmax, r"use autodiff\.log_softmax"),
        (lambda t: special.comb(t, 2), r"use scipy\.special\.binom"),
        (lambda t: scipy.linalg.norm(t), r"scipy\.linalg\.norm .* use numpy\.linalg\.norm"),
        (lambda t: scipy.linalg.inv(t[:, None] * t), r"use numpy\.linalg\.inv"),
        (scipy.stats.norm.pdf, r"use the formula in NumPy and the ufuncs of scipy\.special"),
    ],
)
def test_what_does_not_dispatch_names_its_replacement(
    call: Callable[[Any], Any], replacement: str
) -> None:
    with pytest.raises(TypeError, match=replacement):
        grad(lambda x: np.sum(call(x)))(np.array([1.0, 2.0]))


STEPS, WEIGHTS = "a loop of steps", r"np\.sum of weights times values"
SYSTEM, IMPLICIT = r"np\.linalg\.solve", r"autodiff\.implicit"


@pytest.mark.parametrize(
    ("name", "call", "replacement"),
    [
        ("integrate.solve_ivp", lambda f, t: f(lambda s, y: -y * t[0], (0, 1), [1.0]), STEPS),
        ("integrate.solve_ivp", lambda f, t: f(lambda s, y: -y, (0, 1), t), STEPS),
        ("integrate.odeint", lambda f, t: f(lambda y, s: -y, t, [0.0, 1.0]), STEPS),
        ("integrate.quad", lambda f, t: f(lambda s: t[0] * s, 0, 1), WEIGHTS),
        ("integrate.simpson", lambda f, t: f(t), WEIGHTS),
        ("integrate.trapezoid", lambda f, t: f(t), r"np\.trapezoid"),
        ("interpolate.CubicSpline", lambda f, t: f([0, 1], t), r"np\.linalg\.solve .*spline"),
        ("interpolate.interp1d", lambda f, t: f([0, 1], t), r"np\.interp"),
        ("linalg.expm", lambda f, t: f(t * np.eye(2)), r".*series, or .*np\.linalg\.eig"),
        ("linalg.sqrtm", lambda f, t: f(t * np.eye(2)), "the formula in NumPy"),
        ("linalg.cho_factor", lambda f, t: f(t * np.eye(2)), SYSTEM),
        ("linalg.cho_solve", lambda f, t: f((np.eye(2), True), t), SYSTEM),
        ("linalg.lu_factor", lambda f, t: f(t * np.eye(2)), SYSTEM),
        ("linalg.solve_triangular", lambda f, t: f(np.eye(2), t), SYSTEM),
        ("linalg.solve_banded", lambda f, t: f((0, 0), np.ones((1, 2)), t), SYSTEM),
        ("optimize.minimize", lambda f, t: f(lambda y: np.sum((y - t) ** 2), [0.0, 0.0]), IMPLICIT),
        ("optimize.least_squares", lambda f, t: f(lambda y: y - t, [0.0, 0.0]), IMPLICIT),
        ("optimize.root", lambda f, t: f(lambda y: y, t), IMPLICIT),
        ("optimize.fsolve", lambda f, t: f(lambda y: y, t), IMPLICIT),
    ],
)
def test_functions_of_scipy_are_named_with_what_stands_for_them(
    name: str, call: Callable[..., Any], replacement: str
) -> None:
    function = operator.attrgetter(name)(scipy)
    expected = rf"scipy\.{name} does not dispatch: use {replacement}"
    with pytest.raises(TypeError, match=expected):
        grad(lambda x: call(function, x))(np.array([1.0, 2.0]))


def test_what_a_function_does_that_scipy_calls_is_not_said_to_be_scipys() -> None:
    def residual(y: Any, t: Any) -> Any:
        return y - math.hypot(*t)

    with pytest.raises(TypeError, match="cannot become a float") as caught:
        grad(lambda t: scipy.optimize.brentq(lambda y: residual(y, t), 0, 5))(np.array([1.0, 2.0]))
    assert "does not dispatch" not in str(caught.value)


@pytest.mark.parametrize(
    ("ufunc", "instead"),
    [
        (np.add, "x.at[key].add(v)"),
        (np.subtract, "x.at[key].add(-v)"),
        (np.multiply, "x.at[key].multiply(v)"),
        (np.divide, "x.at[key].multiply(1 / v)"),
        (np.maximum, "x.at[key].set(np.maximum(x[key], v))"),
    ],
)
def test_writing_by_a_ufunc_names_what_writes_into_a_new_tensor(
    ufunc: np.ufunc, instead: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(instead)) as caught:
        ufunc.at(Tensor([1.0, 2.0]), [0, 1], 1.0)
    assert f"numpy.{ufunc.__name__}.at cannot be given a Tensor" in str(caught.value)


def test_writing_by_a_ufunc_of_one_operand() -> None:
    for ufunc, name in ((np.exp, "np.exp"), (special.erf, "special.erf")):
        with pytest.raises(TypeError, match=re.escape(f"x.at[key].set({name}(x[key]))")):
            ufunc.at(Tensor([1.0, 2.0]), 0)


def test_texts_are_no_numbers() -> None:
    with pytest.raises(TypeError, match=r"isalpha cannot .* it is no function of numbers"):
        np.strings.isalpha(Tensor(1.0))


def test_reductions_of_slices_name_the_way_round() -> None:
    with pytest.raises(TypeError, match=r"np\.stack of np\.add\.reduce of each slice"):
        np.add.reduceat(Tensor([1.0, 2.0]), [0, 1])


def test_scipys_functions_are_called_by_their_names() -> None:
    with pytest.raises(TypeError, match=r"scipy\.special\.mathieu_a cannot be given a Tensor"):
        special.mathieu_a(1, Tensor(1.0))
