"""Single precision, chunks, workers and plans; and the derivative of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

Run = Any


def test_exact_derivatives_keep_the_digits_that_differences_lose(run: Run) -> None:
    names = run("float32")
    # (exp(sin 3x) / (1 + x²))' at 1, by mpmath
    assert names["by_hand"](1.0) == pytest.approx(-2.28583926952724, rel=1e-14)
    assert names["exact"]["float64"] < 1e-15
    assert names["exact"]["float32"] < 2e-7
    assert names["errors"]["float32"].min() > 10 * names["exact"]["float32"]
    assert names["errors"]["float32"][0] == 1  # a difference of nothing
    assert names["errors"]["float64"].min() < 1e-10
    at = list(names["steps"]).index(pytest.approx(1e-8))
    assert names["errors"]["float32"][at] == 1
    assert names["errors"]["float64"][at] < 1e-8


@pytest.mark.parametrize("number", ["float64", "float32"])
def test_the_best_step_is_near_the_cube_root_of_the_rounding(run: Run, number: str) -> None:
    names = run("float32")
    epsilon = np.finfo(number).eps
    assert 0.1 < names["best"][number] / epsilon ** (1 / 3) < 10
    assert 0.1 < names["errors"][number].min() / epsilon ** (2 / 3) < 10


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
    parts = np.array(names["parts"])
    assert parts.sum() == pytest.approx(names["found"][1], rel=1e-10)
    assert parts[:2].min() > 5 * np.abs(parts[2:]).max()  # as the picture's words say
    assert np.all(parts[3:] < 0)
    assert np.all(np.diff(parts[4:]) > 0)


def test_newtons_steps_fit_in_chunks(run: Run) -> None:
    pytest.importorskip("dask.array", reason="Dask is not installed")
    names = run("chunks")
    assert names["p"] == pytest.approx((1.5, 1.8, 0.4), abs=0.02)
    assert names["size"] < 1e-6
    assert names["result"].p == pytest.approx(names["p"], rel=1e-9)


@pytest.fixture(name="shared")
def lesson_of_two_workers(run: Run) -> dict[str, Any]:
    pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    names: dict[str, Any] = run("cluster")
    return names


def test_workers_change_no_digit(run: Run, shared: dict[str, Any]) -> None:
    assert run.printed("cluster").count(": True") == 2
    assert np.array_equal(shared["alone"].p, shared["shared"].p)
    assert shared["shared"].p.shape == (300, 3)
    by_workers, by_one = shared["by_workers"], shared["by_one"]
    assert np.array_equal(by_workers.covariance, by_one.covariance)
    assert by_one.p == pytest.approx((2, 1.5, 0.5), abs=0.01)


def test_the_bootstrap_sees_what_standard_errors_do_not(shared: dict[str, Any]) -> None:
    standard = np.array(list(shared["result"].errors.values()))
    drawn = np.array(list(shared["shared"].errors.values()))
    share = standard[:2] / shared["true_errors"][:2]
    assert share == pytest.approx([0.4, 0.6], abs=0.05)  # as the words say
    assert standard[2] > 1.1 * shared["true_errors"][2]
    assert drawn == pytest.approx(shared["true_errors"], rel=0.2)


def test_a_plan_trains_as_the_step_that_was_written(run: Run) -> None:
    names = run("plans")
    assert names["difference"] < 1e-12
    assert names["plan"].runs == 200 - 4 - 2
    assert names["losses"][0][-1] < names["losses"][0][0]
    for line in ("tanh(b0, b2)", "divide(b4, b0, b4)", "subtract(m0, b5, m0)"):
        assert line in run.printed("plans")


def test_a_planned_step_takes_less_time(run: Run) -> None:
    as_written, planned = run("plans")["times"][4]
    assert as_written > 1.5 * planned


def test_each_way_through_a_function_has_its_plan(run: Run) -> None:
    names = run("plans")
    assert len(names["clipped"].plans) == 2
    printed = run.printed("plans")
    assert "for short vectors, replayed 2 times" in printed
    assert "for long vectors, replayed 6 times" in printed
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
