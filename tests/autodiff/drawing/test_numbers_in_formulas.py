"""Numbers, arrays and indices in formulas: what is exact, what has a name, what is code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

from autodiff import Tensor
from autodiff._core.walks import ancestors
from tests.autodiff.drawing.single_derivatives import derivative_text, local_derivative

x: Any = Tensor(3.0)
v: Any = Tensor([1.0, 2.0])
X: Any = Tensor(np.arange(6.0).reshape(2, 3))


def only_text(y: Tensor) -> str:
    """What is said at the edge from the only Tensor, x, to an op; nothing else has a name."""
    (i,) = [i for i, a in enumerate(y.inputs) if type(a) is Tensor]
    return derivative_text(y, i, ["x" if k == i else "" for k in range(len(y.inputs))] + ["out"])


class TestArraysWithoutNames:
    """No formula tells entries that the array does not have."""

    many: Any = Tensor(np.linspace(0.1, 0.9, 9))
    rows: Any = Tensor(np.ones((9, 2)))

    @pytest.mark.parametrize(
        ("f", "expected"),
        [
            (lambda x: np.where(x.data > 0.5, x, 0.0), "(1 if mask else 0)"),
            (lambda x: np.where(x.data > 0.5, 0.0, x), "(0 if mask else 1)"),
            (lambda x: np.where(np.zeros(9, bool), x, 0.0), "(1 if mask else 0)"),
            (lambda x: x * np.arange(9.0), "…"),
            (lambda x: x / np.arange(1.0, 10.0), "1/…"),
            (lambda x: 2 * x ** np.arange(9.0), "2"),
            (lambda x: np.maximum(x, np.arange(9.0)), "(1 if x == out else 0)"),
            (lambda x: x * np.float64(0.25), "0.25"),
            (lambda x: x * np.array(0.25), "0.25"),
            (lambda x: x * np.array([0.25]), "0.25"),
            (lambda x: x ** np.array([4.0]), "4·x³"),
        ],
    )
    def test_beside_many_entries(self, f: Any, expected: str) -> None:
        assert only_text(f(self.many)) == expected

    @pytest.mark.parametrize(
        ("f", "expected"),
        [
            (lambda x: x * np.array([1.0, -2.0]), "[1, −2]"),
            (lambda x: x ** np.array([2.0, 3.0]), "[2, 3]·x^([2, 3] − 1)"),
            (lambda x: np.where([True, False], x, 0.0), "(1 if [True, False] else 0)"),
            (lambda x: np.where([False, False], x, 0.0), "(1 if [False, False] else 0)"),
        ],
    )
    def test_of_few_entries(self, f: Any, expected: str) -> None:
        assert only_text(f(self.rows)) == expected

    def test_of_an_op_that_is_not_elementwise(self) -> None:
        assert derivative_text(self.many @ np.ones(9), 0, ["x", "", "out"]) == "g ↦ g·…"


class TestFractions:
    @pytest.mark.parametrize(
        ("divisor", "expected"),
        [
            (3, "1/3"),
            (7, "1/7"),
            (12, "1/12"),
            (-3, "−1/3"),
            (1.5, "2/3"),
            (4, "0.25"),
            (8, "0.125"),
            (13, "0.076923"),
            (3.0003, "0.3333"),
        ],
    )
    def test_of_small_divisors_are_written_as_such(self, divisor: float, expected: str) -> None:
        assert derivative_text(x / divisor, 0, ["x", "", "v"]) == expected

    def test_are_no_decimals_that_look_alike(self) -> None:
        assert derivative_text(0.33333 * x, 1, ["", "x", "v"]) == "0.33333"

    def test_of_float32(self) -> None:
        single: Any = Tensor(np.float32(2))
        assert derivative_text(single * np.float32(1 / 3), 0, ["x", "", "v"]) == "1/3"

    def test_stand_among_factors_and_exponents(self) -> None:
        assert derivative_text(x ** (1 / 3), 0, ["x", "", "v"]) == "1/3·x^(−2/3) = 0.16025"
        assert derivative_text(np.sin(x) / 3, 0, ["v", "", "u"]) == "1/3"

    def test_are_not_what_a_formula_comes_to(self) -> None:
        assert derivative_text(np.log(x), 0, ["x", "v"]) == "1/x = 0.33333"
        formula = local_derivative(np.log(Tensor([1.0, 3.0])), 0, ["v", "u"])
        assert formula is not None
        assert formula.numbers == "1/[1, 3] = [1, 0.33333]"


class TestBrackets:
    """Numbers of two parts, or with a sign, in products, powers and differences."""

    z: Any = Tensor(1 + 2j)
    w: Any = Tensor(-2j)
    a: Any = Tensor(-3.0)
    b: Any = Tensor(-2e-7)

    @pytest.mark.parametrize(
        ("y", "i", "expected"),
        [
            (z * z, 0, "(1+2j)"),
            (z**w, 0, "−2j·(1+2j)^(−2j − 1) = (−3.3763+7.46j)"),
            (w**z, 0, "(1+2j)·(−2j)^((1+2j) − 1) = (−41.251+31.239j)"),
            (z**w, 1, "(1+2j)^(−2j)·log(1+2j) = (9.8437−7.7533j)"),
            (np.tanh(z), 0, "1 − (1.1667−0.24346j)² = (−0.302+0.5681j)"),
            ((-a) ** b, 0, "−2e−07·3^(−2e−07 − 1) = −6.6667e−08"),
            ((-a) ** -b, 1, "3^(2e−07)·log(3) = 1.0986"),
            (np.arctan2(a, b), 1, "3/((−2e−07)² + (−3)²) = 0.33333"),
            (np.hypot(-0.0, a), 1, "−3/3 = −1"),
            (np.hypot(Tensor(-0.0), a), 0, "−0/3 = 0"),
        ],
    )
    def test_stand_round_them(self, y: Any, i: int, expected: str) -> None:
        formula = local_derivative(
            y, i, ["x" if type(x) is Tensor else "" for x in y.inputs] + ["v"]
        )
        assert formula is not None
        assert formula.numbers == expected


class TestSigns:
    """What is mathematics has a minus, what is code a hyphen."""

    @pytest.mark.parametrize(
        ("f", "expected"),
        [
            (lambda: v[::-1], "g ↦ g at [::-1], else 0"),
            (lambda: X[:, -1], "g ↦ g at [:, -1], else 0"),
            (lambda: X[:, np.array([-1, 0])], "g ↦ g at [:, [-1, 0]], else 0"),
            (lambda: X[..., None, 0], "g ↦ g at [..., :, None, 0], else 0"),
            (lambda: np.flip(X, -1), "g ↦ flip(g, -1)"),
            (lambda: special.jv(0.0, x), "0.5·(jv(−1, x) − jv(1, x)) = −0.33906"),
            (lambda: v * np.array([-1.0, 1.0]), "[−1, 1]"),
        ],
    )
    def test_by_what_is_written(self, f: Any, expected: str) -> None:
        assert only_text(f()) == expected

    def test_of_options(self) -> None:
        [y] = [y for y in ancestors([np.fft.fft(v).real])[0] if y.op and y.op.name == "fft"]
        assert only_text(y) == "g ↦ real(fft(g, axis=-1))"
