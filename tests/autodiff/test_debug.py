"""debug() names the first op that makes a NaN or an infinity out of finite numbers."""

from __future__ import annotations

import numpy as np
import pytest

from autodiff import Tensor, debug, elementwise, grad, jvp


def test_names_the_op_the_values_and_the_line() -> None:
    x = Tensor([4.0, -1.0, 0.0])
    with (
        debug(),
        pytest.raises(
            FloatingPointError, match=r"sqrt made 1 NaN out of .* from -1 to 4"
        ) as caught,
    ):
        np.exp(np.sqrt(x))
    assert "test_debug.py" in str(caught.value)
    assert "np.exp(np.sqrt(x))" in str(caught.value)


def test_the_first_op_is_blamed_not_those_behind_it() -> None:
    with debug(), pytest.raises(FloatingPointError, match=r"divide made 1 infinity"):
        grad(lambda x: np.sin(1 / (x - 1) * 2))(1.0)


def test_a_rule_is_blamed_in_a_walk() -> None:
    def f(x: object) -> object:
        return np.sqrt(x * 1.0) + 1  # type: ignore[operator]

    with debug(), pytest.raises(FloatingPointError, match="the derivative of sqrt made 1 infinity"):
        grad(f)(0.0)
    with debug(), pytest.raises(FloatingPointError, match=r"np\.sqrt\(x \* 1\.0\)"):
        jvp(f, 0.0, 1.0)


def test_a_wrong_rule_of_ones_own() -> None:
    wrong = elementwise(lambda x: x + 0.0, lambda g, out, x: g * np.nan)
    with debug(), pytest.raises(FloatingPointError, match="made 1 NaN"):
        grad(wrong)(1.0)


def test_a_shape_error_names_the_line() -> None:
    with debug(), pytest.raises(ValueError, match=r"(?s)shape \(2,\) and \(3,\).*np\.ones\(3\)"):
        Tensor([1.0, 2.0]) + np.ones(3)


def test_what_the_walk_mends_is_no_mistake() -> None:
    with debug():
        assert grad(lambda x: np.where(x > 0, np.sqrt(x), 0.0))(0.0) == 0.0


def test_what_was_not_finite_before_is_not_blamed() -> None:
    with debug():
        assert np.isnan(grad(lambda x: x * 2 + np.nan * x)(np.inf))


def test_all_derivatives_work_and_afterwards_nothing_is_watched() -> None:
    with debug():
        assert grad(grad(lambda x: x**3))(2.0) == 12.0
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.sqrt(Tensor(-1.0)).data)
