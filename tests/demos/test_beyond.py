"""The same code in single precision, in chunks, as a plan; and the derivative of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

Run = Any


def test_exact_derivatives_keep_the_digits_that_differences_lose(run: Run) -> None:
    names = run("float32")
    # (exp(sin 3x) / (1 + x²))' at 1, by mpmath
    assert names["truth"] == pytest.approx(-2.28583926952724, rel=1e-14)
    assert names["exact"]["float64"] < 1e-15
    assert names["exact"]["float32"] < 2e-7
    assert names["errors"]["float32"].min() > 10 * names["exact"]["float32"]
    assert names["errors"]["float32"][0] == 1  # a difference of nothing
    assert names["errors"]["float64"].min() < 1e-10


def test_a_network_in_float32_has_gradients_in_float32(run: Run) -> None:
    names = run("float32")
    assert names["narrow"].dtype == np.float32
    assert names["wide"].dtype == np.float64
    assert 1e-9 < names["network_error"] < 1e-6


def test_only_another_formula_mends_a_cancellation(run: Run) -> None:
    mended = run("float32")["mended"]
    value, slope = 0.5 - 1e-6 / 24, -1e-3 / 12
    assert mended["by_sinc"] == pytest.approx((value, slope), rel=1e-6)
    assert mended["half_angle"][0] == pytest.approx(value, rel=1e-6)
    assert mended["half_angle"][1] != pytest.approx(slope, rel=0.1)
    assert mended["cancels"][0] != pytest.approx(value, rel=0.01)
    assert abs(mended["cancels"][1]) > 1


def test_the_gradient_of_chunks_is_lazy_and_numpys(run: Run) -> None:
    pytest.importorskip("dask.array", reason="Dask is not installed")
    names = run("chunks")
    assert "worked on so far: 0 of 10" in run.printed("chunks")
    assert names["worked_on"] == 10
    assert names["found"] == pytest.approx(names["plain"], rel=1e-12)
    assert sum(names["parts"]) == pytest.approx(names["found"][1], rel=1e-10)


def test_newtons_steps_fit_in_chunks(run: Run) -> None:
    pytest.importorskip("dask.array", reason="Dask is not installed")
    names = run("chunks")
    assert names["p"] == pytest.approx((1.5, 1.8, 0.4), abs=0.02)
    assert names["size"] < 1e-6


def test_a_plan_trains_as_the_step_that_was_written(run: Run) -> None:
    names = run("plans")
    assert names["difference"] < 1e-12
    assert names["plan"].runs > 190
    assert names["losses"][0][-1] < names["losses"][0][0]
    assert "tanh(b0, b2)" in run.printed("plans")


def test_plans_take_less_time_for_small_networks(run: Run) -> None:
    assert run("plans")["ratios"][4] > 1.5


def test_each_way_through_a_function_has_its_plan(run: Run) -> None:
    names = run("plans")
    assert len(names["clipped"].plans) == 2
    assert names["clipped"](np.full(2, 2.0)) == pytest.approx(np.sqrt([0.5, 0.5]))
    assert names["clipped"](np.full(2, 0.1)) == pytest.approx([0.1, 0.1])
    assert "/home" not in run.printed("plans")


def test_the_derivative_of_a_fit_is_that_of_refits(run: Run) -> None:
    names = run("derivative_of_a_fit")
    assert names["derivative"].shape == (2, 12)
    assert names["derivative"] == pytest.approx(names["refits"], abs=1e-7)


def test_influences_add_up_to_the_errors(run: Run) -> None:
    names = run("derivative_of_a_fit")
    assert names["added_there"] == pytest.approx(names["by_fit"], rel=1e-6)
    assert names["added"] == pytest.approx(names["by_fit"], rel=0.1)
    rate = np.abs(names["influence"][1])
    assert rate.argmax() == 0
    assert rate[-1] < rate[4] / 3
