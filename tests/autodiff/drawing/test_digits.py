"""Digits: a constant is shown as the program wrote it, and rounding makes no whole number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff import draw, steps, text
from tests.autodiff.drawing.test_calls import formulas


class TestConstantsInCalls:
    @pytest.mark.parametrize(
        ("f", "expected"),
        [
            (lambda x: x * 1.0001, "x * 1.0001"),
            (lambda x: x**1.00005, "x ** 1.00005"),
            (lambda x: 0.99999**x, "0.99999 ** x"),
            (lambda x: x + 2.0, "x + 2"),
            (lambda x: x + 15000.0, "x + 15000"),
            (lambda x: x + 1e-12, "x + 1e-12"),
            (lambda x: x * np.float32(0.1), "x * 0.1"),
            (lambda x: x * np.float64(-1.25), "x * -1.25"),
            (lambda x: np.clip(x, 0.12345678, 0.98765432), "clip(x, 0.12345678, 0.98765432)"),
            (lambda x: np.abs(x * (1.00001 + 2j)), "x * (1.00001+2j)"),
            (lambda x: np.abs(x * -2.00001j), "x * -2.00001j"),
            (lambda x: np.abs(x * 1.00001j), "x * 1.00001j"),
        ],
    )
    def test_are_as_the_program_wrote_them(self, f: Any, expected: str) -> None:
        assert formulas(f, 0.5)[0] == expected

    @pytest.mark.parametrize(
        ("constant", "expected"),
        [
            (np.pi, "3.1415…"),
            (-2 / 3, "-0.6666…"),
            (1e-5 / 3, "3.3333…e-06"),
            (1.00000000012345, "1.0000000001234…"),
            (0.99999999999, "0.9999…"),
            (2.0000000000000004, "2.0000000000000004"),
            (12345678901.0, "12345678901"),
            (np.inf, "inf"),
        ],
    )
    def test_of_many_digits_are_cut_where_they_show_it(
        self, constant: float, expected: str
    ) -> None:
        assert formulas(lambda x: x * constant, 0.5) == [f"x * {expected}"]


class TestNumbersInDerivatives:
    @pytest.mark.parametrize(
        ("f", "expected"),
        [
            (lambda x: x**2.00001, "2.00001·x^1.00001 = "),
            (lambda x: x * 1.000001, "∂output/∂x = 1.000001"),
            (lambda x: x * 1.00000000012345, "∂output/∂x = 1.00000000012345"),
        ],
    )
    def test_are_no_whole_ones_by_rounding(self, f: Any, expected: str) -> None:
        assert expected in text(f, 0.5, derivatives=True)

    def test_put_in_are_no_whole_ones_by_rounding(self) -> None:
        page = steps(lambda x, y: x**y, 3.0, 2.000001).html
        assert "2.000001·3^(2.000001 − 1)" in page
        assert "2·3^(2 − 1)" not in page


class TestNumbersInSteps:
    def test_are_no_whole_ones_by_rounding(self) -> None:
        page = steps(lambda x, y: x - y, 1.0, 0.999999999).html
        assert "1 − 0.999999999" in page.replace(" - ", " − ")
        assert '"1 - 1"' not in page

    def test_of_constants_are_as_the_program_wrote_them(self) -> None:
        assert '"1 - 0.99999"' in steps(lambda x: x - 0.99999, 1.0).html


def test_pictures_have_the_same_words() -> None:
    assert "x * 1.0001" in draw(lambda x: x * 1.0001, 2.0).source
