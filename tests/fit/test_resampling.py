"""Bootstrap and jackknife of fits: against formulas of means and lines, and what they must refuse.

For a line, the bootstrap of points has in the limit the covariance of White's sandwich, and the
jackknife a formula: both by plain NumPy here.
"""

from __future__ import annotations

import pickle
import warnings
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fit
from fit import FitResult, Relative
from fit.results._replicates import Replicates

X = np.linspace(0.0, 3.0, 40)
NOISE = np.random.default_rng(1).normal(size=40)
Y = 1.0 + 2.0 * X + 0.3 * (0.3 + X) * NOISE  # whose errors grow along x


def decay(t: Any, a: Any = 2.0, rate: Any = 1.0) -> Any:
    return a * np.exp(-rate * t)


def straight(x: Any, slope: Any = 1.0, offset: Any = 1.0) -> Any:
    return slope * x + offset


def half(a: float) -> float:
    return a / 2


def meets(a: float, rate: float) -> float:
    return a - 2.5 * rate


def running_mean(x: Any, a: Any = 1.0, b: Any = 0.0) -> Any:
    return a * np.cumsum(x) / len(x) + b


def decay_fit(sigma: Any = 0.1, **options: Any) -> FitResult:
    truth = decay(X, 3.0, 1.2)
    scatter = 0.1 * (truth if isinstance(sigma, Relative) else 1.0)
    y = truth + scatter * np.random.default_rng(2).normal(size=40)
    return fit.fit(decay, X, y, sigma, **options)


def design() -> np.ndarray:
    return np.column_stack([X, np.ones(40)])


# -- formulas --------------------------------------------------------------------------------


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    replicates = fit.polynomial(X, Y, degree=0).jackknife()
    assert_allclose(replicates.errors["c0"], np.std(Y, ddof=1) / np.sqrt(40), rtol=1e-10)
    assert_allclose(replicates.bias["c0"], 0.0, atol=1e-12)
    assert_allclose(replicates.p[3], np.mean(np.delete(Y, 3)), rtol=1e-12)


def test_the_jackknife_of_a_line_leaves_out_one_point_at_a_time() -> None:
    replicates = fit.line(X, Y).jackknife()
    without = [
        np.linalg.lstsq(np.delete(design(), i, 0), np.delete(Y, i))[0] for i in range(len(X))
    ]
    assert_allclose(replicates.p, without, rtol=1e-9)
    assert_allclose(replicates.covariance, 39**2 / 40 * np.cov(np.transpose(without)), rtol=1e-8)


def test_the_bootstrap_of_a_mean_has_its_error() -> None:
    replicates = fit.polynomial(X, Y, degree=0).bootstrap(2000, seed=0)
    assert_allclose(replicates.errors["c0"], np.std(Y) / np.sqrt(40), rtol=0.05)
    assert abs(replicates.bias["c0"]) < 4 * replicates.errors["c0"] / np.sqrt(2000)


def test_the_bootstrap_of_points_is_the_sandwich_where_errors_change_along_x() -> None:
    result = fit.line(X, Y)
    bread = np.linalg.inv(design().T @ design())
    sandwich = bread @ (design().T * result.residuals**2) @ design() @ bread
    replicates = result.bootstrap(3000, seed=0)
    found = [replicates.errors[name] for name in replicates.names]
    assert_allclose(found, np.sqrt(np.diag(sandwich)), rtol=0.12)
    assert_allclose(found, np.sqrt(np.diag(replicates.covariance)))
    assert_allclose(replicates.correlation[0, 1], sandwich[0, 1] / np.prod(found), atol=0.1)
    assert abs(result.errors["intercept"] / found[1] - 1) > 0.3  # which takes them equal


def test_the_parametric_bootstrap_of_a_line_has_the_errors_of_the_fit() -> None:
    for options in ({"sigma": 0.3 + 0.1 * X}, {}, {"sigma": 0.2 * np.eye(40) + 0.1}):
        result = fit.line(X, Y, **options)
        replicates = result.bootstrap(2000, kind="parametric", seed=0)
        assert_allclose(replicates.covariance, result.covariance, rtol=0.15)


def test_errors_in_x_scatter_beside_relative_ones() -> None:
    result = fit.fit(
        straight,
        X + 1,
        2 * X + 3 + 0.1 * NOISE,
        Relative(0.01),
        x_sigma=0.2,
        method="effective-variance",
    )
    replicates = result.bootstrap(200, kind="parametric", seed=0)
    for name in ("slope", "offset"):  # five times as large as by the errors of y alone
        assert_allclose(replicates.errors[name], result.errors[name], rtol=0.25)


def test_percentiles_of_the_parametric_bootstrap_cover_the_truth() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(100):
        y = decay(X, 3.0, 1.2) + 0.2 * rng.normal(size=40)
        replicates = fit.fit(decay, X, y, 0.2).bootstrap(60, kind="parametric", seed=0)
        low, high = replicates.interval("rate", level=0.8)
        covered += low < 1.2 < high
    assert abs(covered / 100 - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 100)


def test_points_count_as_often_as_they_are_drawn() -> None:
    result = decay_fit(0.1 + 0.05 * X)
    draw = np.random.default_rng(np.random.SeedSequence(7).spawn(1)[0]).choice(np.arange(40), 40)
    y, sigma = result.problem.y[draw], (0.1 + 0.05 * X)[draw]
    expected = fit.fit(decay, X[draw], y, sigma, p0=result.p)
    assert_allclose(result.bootstrap(2, seed=7).p[0], expected.p, rtol=1e-7)


# -- what a problem may hold -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["points", "parametric"])
@pytest.mark.parametrize(
    "options",
    [
        {"fixed": {"rate": half}, "p0": {"a": 2.4}},
        {"bounds": {"rate": (0, 5)}},
        {"constraints": meets},
        {"loss": "huber"},
        {"loss": "cauchy", "sigma": None},
        {"sigma": Relative(0.1, of="model")},
        {"sigma": Relative(0.1)},
        {"x_sigma": 0.02},
        {"sigma": 0.01 * np.eye(40)},
        {"sigma": None},
    ],
    ids=lambda options: "-".join(options),
)
def test_what_the_fit_holds_the_replicates_hold(kind: str, options: dict[str, Any]) -> None:
    result = decay_fit(**options)
    replicates = result.bootstrap(200, kind=kind, seed=0)
    assert not replicates.failures
    assert replicates.p.shape == (200, len(result.free))
    if "fixed" in options:
        assert_allclose(replicates.values["rate"], replicates.values["a"] / 2)
    if "constraints" in options:
        assert_allclose(replicates.values["a"], 2.5 * replicates.values["rate"], rtol=1e-8)
    for name in result.names:
        ratio = replicates.errors[name] / result.errors[name]
        assert 0.3 < ratio < 2.0 if kind == "points" else 0.6 < ratio < 1.6, name


def test_points_of_infinite_error_are_never_drawn() -> None:
    sigma = np.full(40, 0.1)
    sigma[:10] = np.inf
    y = Y.copy()
    y[:10] = 1e6
    result = fit.line(X, y, sigma)
    assert len(result.jackknife()) == 30
    for kind in ("points", "parametric"):
        assert np.all(np.abs(result.bootstrap(50, kind=kind, seed=0).p) < 100)


def test_a_result_from_json_goes_on_if_it_knows_its_model() -> None:
    result = decay_fit()
    again = FitResult.from_json(result.to_json(), decay)
    assert_array_equal(again.bootstrap(5, seed=0).p, result.bootstrap(5, seed=0).p)
    with pytest.raises(ValueError, match="from_json"):
        FitResult.from_json(result.to_json()).bootstrap(5)


# -- the same, whatever the executor ---------------------------------------------------------


@pytest.mark.parametrize("kind", ["points", "parametric"])
def test_executors_change_no_bit(kind: str) -> None:
    result = decay_fit()
    here = result.bootstrap(40, kind=kind, seed=3)
    for pool in (ThreadPoolExecutor(2), ProcessPoolExecutor(2)):
        with pool:
            there = result.bootstrap(40, kind=kind, seed=3, executor=pool)
            without = result.jackknife(executor=pool)
        assert_array_equal(there.p, here.p)
        assert_array_equal(without.p, result.jackknife().p)


def test_seeds_tell_draws_apart() -> None:
    result = decay_fit()
    one, same, other = (result.bootstrap(5, seed=seed).p for seed in (1, 1, 2))
    assert_array_equal(one, same)
    assert not np.any(one == other)
    assert len(np.unique(one[:, 0])) == 5
    assert_array_equal(result.bootstrap(8, seed=1).p[:5], one)
    for seed in (np.random.default_rng(1), np.random.SeedSequence(1)):
        assert_array_equal(result.bootstrap(5, seed=seed).p, one)
        assert not np.any(result.bootstrap(5, seed=seed).p == one)  # which has gone on


# -- failures --------------------------------------------------------------------------------


def test_draws_of_too_few_points_are_failures_by_index() -> None:
    result = fit.line([0.0, 1.0, 2.0], [0.0, 1.1, 1.9])
    with pytest.warns(RuntimeWarning, match="of 200 fits failed"):
        replicates = result.bootstrap(200, seed=0)
    assert 0.05 < len(replicates.failures) / 200 < 0.2  # 1/9 of the draws are of one point alone
    for index, failure in replicates.failures.items():
        assert "1 distinct points: too few for 2 parameters" in str(failure)
        assert np.isnan(replicates.p[index]).all()
    assert np.isfinite(replicates.covariance).all()
    assert len(replicates.values["slope"]) == 200 - len(replicates.failures)


def test_a_few_failures_are_told_without_a_warning() -> None:
    result = fit.line([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 1.1, 1.9, 3.2, 3.9])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        replicates = result.bootstrap(2000, seed=0)
    assert 0 < len(replicates.failures) < 20
    assert f"{len(replicates.failures)} of which failed" in replicates.report()


def test_a_jackknife_without_a_point_that_decides_knows_no_errors() -> None:
    x, y = np.zeros(40), NOISE.copy()
    x[7] = 1.0  # alone
    with pytest.warns(RuntimeWarning, match="1 of 40 fits failed, so that no errors .* number 7"):
        replicates = fit.line(x, y).jackknife()
    assert list(replicates.failures) == [7]
    assert np.isnan([*replicates.errors.values(), *replicates.bias.values()]).all()
    assert np.isnan(replicates.covariance).all()
    assert np.isnan(replicates.interval("slope")).all()
    assert replicates.values["intercept"].shape == (39,)
    assert "40 fits without one point each, 1 of which failed" in replicates.report()
    slope, intercept = replicates.report().splitlines()[-2:]
    shown = fit.line(x, y).report().splitlines()
    for line, name in ((slope, "slope"), (intercept, "intercept")):
        (own,) = (row for row in shown if row.startswith(name))
        value, _, error = own.split()[1:4]
        assert line.split() == [name, value, "unknown", error, "unknown", "unknown"]


class LostWork:
    """An executor whose tasks all end by an error, as those of processes that cannot begin."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def submit(self, f: Any, /, *arguments: Any) -> Any:
        future: Future[Any] = Future()
        future.set_exception(self.error)
        return future


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BrokenProcessPool("gone"), r"the first of them: no worker did anything of this \(gone\)"),
        (ZeroDivisionError("gone"), "the first of them: lost .ZeroDivisionError: gone."),
        (CancelledError(), "the first of them: lost .CancelledError."),
    ],
)
def test_fits_that_all_failed_are_no_replicates(error: Exception, words: str) -> None:
    result, executor = fit.line(X, Y), LostWork(error)
    with pytest.raises(RuntimeError, match=f"all 50 fits failed, {words}") as refusal:
        result.bootstrap(50, executor=executor)
    cause = refusal.value.__cause__
    assert error in (cause, cause.__cause__)
    with pytest.raises(RuntimeError, match=f"all 40 fits failed, {words}"):
        result.jackknife(executor=executor)


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 0, -3, 10.0, True, "10"])
def test_a_number_of_fits_that_cannot_be_meant_is_refused(n: Any) -> None:
    with pytest.raises(ValueError, match="n as a whole number, 2 or more"):
        decay_fit().bootstrap(n)


@pytest.mark.parametrize("seed", [-1, 1.5, "3", object(), np.random.RandomState(0)])
def test_a_seed_that_cannot_be_meant_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match="expected seed as a whole number, 0 or more, a Generator"):
        decay_fit().bootstrap(seed=seed)


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="points, parametric, got 'residuals'"):
        decay_fit().bootstrap(kind="residuals")


def test_a_fit_without_a_minimum_is_refused() -> None:
    result = decay_fit(max_nfev=1)
    assert not result.success
    for call in (result.bootstrap, result.jackknife):
        with pytest.raises(ValueError, match="no minimum about which fits could scatter"):
            call()


def test_a_model_that_mixes_points_is_not_drawn_from_where_they_are_taken_one_by_one() -> None:
    y = running_mean(X, 1.0, 0.5) + 0.05 * NOISE
    plain = fit.fit(running_mean, X, y, 0.05)
    assert_allclose(plain.bootstrap(200, seed=0).errors["b"], plain.errors["b"], rtol=0.4)
    robust = fit.fit(running_mean, X, y, 0.05, loss="huber")
    with pytest.raises(ValueError, match="depend on the x of other points"):
        robust.bootstrap(10)
    assert not robust.bootstrap(10, kind="parametric", seed=0).failures


@pytest.mark.parametrize(
    "result",
    [
        fit.polynomial([1.0], [2.0], degree=0),
        fit.line([0.0, 1.0], [0.0, 1.0], 0.1),
        fit.line([0.0, 1.0, 2.0], [0.0, 1.0, 7.0], [0.1, 0.1, np.inf]),
    ],
)
def test_as_many_points_as_parameters_say_nothing_when_they_are_drawn(result: FitResult) -> None:
    n = len(result.p)
    for call in (result.bootstrap, result.jackknife):
        with pytest.raises(ValueError, match=f"^{n} points? .* {n} parameters?, .*'parametric'"):
            call()
    if result.problem.weights is not None:
        error = result.bootstrap(2000, kind="parametric", seed=0).errors["slope"]
        assert_allclose(error, 0.1 * np.sqrt(2), rtol=0.1)


def test_errors_that_nothing_tells_are_refused() -> None:
    result = fit.line([0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="nothing tells how large the errors"):
        result.bootstrap(10, kind="parametric")


# -- what is shown ---------------------------------------------------------------------------


def test_intervals_are_percentiles() -> None:
    replicates = decay_fit().bootstrap(100, seed=0)
    low, high = replicates.interval("rate", 0.9)
    assert np.sum(replicates.values["rate"] < low) == np.sum(replicates.values["rate"] > high) == 5
    with pytest.raises(ValueError, match="no parameter 'speed'; there are a, rate"):
        replicates.interval("speed")
    with pytest.raises(ValueError, match="between 0 and 1"):
        replicates.interval("rate", 95)


def test_replicates_show_themselves() -> None:
    replicates = decay_fit(fixed={"rate": 1.2}).bootstrap(20, seed=0)
    assert repr(replicates).startswith("<Replicates: 20 fits to points drawn again; a = ")
    assert "rate" not in replicates.report()
    assert replicates.errors["rate"] == 0.0
    assert "<table" in replicates._repr_html_()
    assert "drawn again" in replicates._repr_html_()


def test_replicates_can_be_pickled() -> None:
    replicates = decay_fit().bootstrap(5, seed=0)
    again = pickle.loads(pickle.dumps(replicates))
    assert isinstance(again, Replicates)
    assert_array_equal(again.covariance, replicates.covariance)
