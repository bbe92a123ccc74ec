"""Many starts of one fit, and many fits of one model: each against single fits and known minima."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fit
from fit import FitResult, Relative

T = np.linspace(0.0, 10.0, 60)
NOISE = np.random.default_rng(0).normal(size=60)
BOUNDS = {"frequency": (0.1, 12.0), "phase": (-np.pi, np.pi)}


def wave(t: Any, amplitude: Any = 1.0, frequency: Any = 1.0, phase: Any = 0.0) -> Any:
    return amplitude * np.sin(frequency * t + phase)


def decay(t: Any, a: Any = 2.0, rate: Any = 1.0) -> Any:
    return a * np.exp(-rate * t)


def root(x: Any, a: Any = 1.0, shift: Any = 0.0) -> Any:
    return a * np.sqrt(x - shift)


def bump(x: Any, height: Any = 1.0, center: Any = 1.0) -> Any:
    return height * np.exp(-((x - center) ** 2) / 0.5)


def wave_fit(**options: Any) -> FitResult:
    y = wave(T, 2.0, 7.3, 0.4) + 0.2 * NOISE
    return fit.fit(wave, T, y, 0.2, bounds=BOUNDS, **options)


# -- many starts -----------------------------------------------------------------------------


def test_many_starts_find_the_minimum_that_one_misses() -> None:
    grid = np.linspace(0.1, 12.0, 4000)
    y = wave(T, 2.0, 7.3, 0.4) + 0.2 * NOISE

    def left(frequency: float) -> float:
        columns = np.column_stack([np.sin(frequency * T), np.cos(frequency * T)])
        return float(np.linalg.lstsq(columns, y)[1][0])

    best = grid[np.argmin([left(frequency) for frequency in grid])]
    assert abs(wave_fit().values["frequency"] - best) > 1
    result = wave_fit(starts=60, seed=0)
    assert result.success
    assert_allclose(result.values["frequency"], best, atol=0.005)
    assert abs(result.values["amplitude"]) == pytest.approx(2.0, abs=0.2)
    assert "of 60 starts led here" in result.message
    assert result.nfev > 60
    assert_allclose(result.chi_squared, np.sum(result.weighted_residuals**2))


def test_the_first_start_is_the_usual_one() -> None:
    right = {"amplitude": 2.0, "frequency": 7.3, "phase": 0.4}
    one = wave_fit(p0=right)
    several = wave_fit(p0=right, starts=5, seed=3)
    assert_allclose(several.p, one.p, rtol=1e-8)
    assert several.p.size == one.p.size
    assert_allclose(several.covariance, one.covariance, rtol=1e-6)


def test_a_minimum_to_which_one_start_led_is_not_taken_for_the_lowest() -> None:
    lucky = wave_fit(p0=[2.0, 7.3, 0.4], starts=4, seed=5)
    assert (lucky.starts, lucky.success) == ((1, 4), True)
    said = [one for one in lucky.warnings if "starts" in one]
    assert said == [
        "only 1 of 4 starts led here, so that there may be lower minima: give more starts, or "
        "bounds that say where to look"
    ]
    assert "only 1 of 4 starts" in fit.FitResult.from_json(lucky.to_json()).report()
    known = wave_fit(starts=60, seed=0)
    assert known.starts[0] > 1
    assert not [one for one in known.warnings if "starts" in one]


def test_starts_are_the_same_whatever_the_executor() -> None:
    here = wave_fit(starts=20, seed=1)
    for pool in (ThreadPoolExecutor(2), ProcessPoolExecutor(2)):
        with pool:
            there = wave_fit(starts=20, seed=1, executor=pool)
        assert_array_equal(there.p, here.p)
        assert_array_equal(there.covariance, here.covariance)
        assert (there.message, there.nfev) == (here.message, here.nfev)


def test_starts_stay_within_bounds_and_fill_them() -> None:
    from fit.by_search._starts import drawn_starts

    limits = {"amplitude": (0, None), "frequency": (1, 5), "phase": (None, 0)}
    y = wave(T, 1.0, 3.0, -1.0)
    problem = fit.fit(wave, T, y, bounds=limits, p0=[1.0, 3.0, -1.0]).problem
    drawn = np.array(drawn_starts(problem, 40, 0))
    assert np.all(drawn[:, 0] >= 0)
    assert np.all(drawn[:, 2] <= 0)
    quarters, _ = np.histogram(drawn[:, 1], np.linspace(1, 5, 41))
    assert_array_equal(quarters, 1)  # one in each stratum
    assert np.std(drawn[:, 0]) > 0.3
    assert_array_equal(drawn, drawn_starts(problem, 40, 0))
    assert not np.any(drawn == drawn_starts(problem, 40, 1))


def test_a_parameter_that_starts_at_zero_moves_by_what_the_residuals_say() -> None:
    from fit.by_search._starts import drawn_starts

    x = np.linspace(0.0, 1e-6, 20)
    problem = fit.fit(lambda x, m=0.0: m * x, x, 5e6 * x).problem
    assert 1e6 < np.std(drawn_starts(problem, 40, 0)) < 1e8


def test_starts_where_the_model_is_not_finite_are_left_out() -> None:
    x = np.linspace(1.0, 4.0, 30)
    y = root(x, 2.0, 0.5)
    result = fit.fit(root, x, y, bounds={"shift": (-3, 6)}, starts=12, seed=0)
    assert_allclose(result.p, [2.0, 0.5], rtol=1e-6)
    with pytest.raises(ValueError, match="the model is nan at point 0"):
        fit.fit(root, x, y, bounds={"shift": (4.5, 9)}, p0=[1, 5], starts=5, seed=0)


@pytest.mark.parametrize(
    "options", [{"loss": "huber"}, {"loss": "cauchy"}, {"sigma": Relative(0.05, of="model")}]
)
def test_other_losses_and_errors_take_several_starts(options: dict[str, Any]) -> None:
    x = np.linspace(0.0, 10.0, 80)
    y = bump(x, 3.0, 7.0) + 0.5 * bump(x, 3.0, 2.0) + 1.0
    y = y * (1 + 0.05 * np.random.default_rng(0).normal(size=80))

    result = fit.fit(raised_bump, x, y, bounds={"center": (0, 10)}, starts=20, seed=0, **options)
    assert_allclose(result.values["center"], 7.0, atol=0.3)


def raised_bump(x: Any, height: Any = 1.0, center: Any = 1.0, base: Any = 0.5) -> Any:
    return bump(x, height, center) + base


@pytest.mark.parametrize("starts", [0, -1, 2.0, True, "3"])
def test_a_number_of_starts_that_cannot_be_meant_is_refused(starts: Any) -> None:
    with pytest.raises(ValueError, match="whole number, 1 or more"):
        wave_fit(starts=starts)


@pytest.mark.parametrize("options", [{"callback": print}, {"progress": True}])
def test_several_starts_are_not_told_step_by_step(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is told of one search"):
        wave_fit(starts=3, **options)


@pytest.mark.parametrize("seed", [-1, 1.5, "3", np.random.RandomState(0)])
def test_a_seed_that_cannot_be_meant_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match="expected seed as a whole number, 0 or more, a Generator"):
        wave_fit(starts=2, seed=seed)
    with pytest.raises(ValueError, match="expected seed as a whole number, 0 or more, a Generator"):
        fit.fit_many(decay, X, ROWS, starts=2, seed=seed)


def test_generators_are_seeds() -> None:
    expected = wave_fit(starts=20, seed=1)
    several = fit.fit_many(decay, X, ROWS, starts=5, seed=1).values
    for make in (np.random.default_rng, np.random.SeedSequence):
        assert_array_equal(wave_fit(starts=20, seed=make(1)).p, expected.p)
        for found, one in zip(
            fit.fit_many(decay, X, ROWS, starts=5, seed=make(1)).values, several, strict=True
        ):
            assert_array_equal(found.p, one.p)


def test_what_is_for_several_starts_is_refused_for_one() -> None:
    with pytest.raises(ValueError, match=r"seed is of several starts: write starts=n beside it"):
        wave_fit(seed=0)
    with pytest.raises(ValueError, match=r"seed is of several starts: write starts=n beside it"):
        fit.fit_many(decay, X, ROWS, seed=0)
    with (
        ThreadPoolExecutor(2) as pool,
        pytest.raises(ValueError, match=r"executor is of several starts: write starts=n beside it"),
    ):
        wave_fit(executor=pool)


# -- many data sets --------------------------------------------------------------------------

RATES = np.array([0.5, 1.0, 1.5, 2.0])
X = np.linspace(0.0, 3.0, 25)
ROWS = decay(X, 3.0, RATES[:, None]) + 0.05 * np.random.default_rng(1).normal(size=(4, 25))


@pytest.mark.parametrize(
    ("x", "sigma"),
    [
        (X, 0.05),
        (X, 0.05 + 0.01 * X),
        ([X, X + 0.1, X + 0.2, X + 0.3], np.tile(0.05 + 0.01 * X, (4, 1))),
        (tuple(X.tolist() for _ in range(4)), np.tile(0.05 + 0.01 * X, (4, 1))),
        (X, None),
        (X, np.array(0.05)),
        (X, [0.05 + 0.01 * X] * 4),
        (X, (0.05 + 0.01 * X,) * 4),
        (X, 0.0025 * np.eye(25)),
        (X, np.tile(0.0025 * np.eye(25), (4, 1, 1))),
    ],
)
def test_many_fits_are_what_single_fits_are(x: Any, sigma: Any) -> None:
    results, failures = fit.fit_many(decay, x, ROWS, sigma, bounds={"rate": (0, None)})
    assert failures == {}
    for k, result in enumerate(results):
        own_x = x if isinstance(x, np.ndarray) else x[k]
        own = sigma[k] if np.shape(sigma)[:1] == (4,) else sigma
        single = fit.fit(decay, own_x, ROWS[k], own, bounds={"rate": (0, None)})
        assert_allclose(result.p, single.p, rtol=1e-8)
        assert_allclose(result.covariance, single.covariance, rtol=1e-6)
        assert result.report().splitlines()[:2] == single.report().splitlines()[:2]


def test_a_plane_for_each_data_set_has_rows_of_variables() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 2, 25))
    y = RATES[:, None] * x[:, 0] - x[:, 1]
    results, _ = fit.fit_many(lambda x, a=1.0, b=1.0: a * x[0] + b * x[1], x, y)
    assert_allclose([result.p for result in results], [[rate, -1] for rate in RATES])


def test_an_array_of_variables_is_of_all_data_sets_however_many_there_are() -> None:
    x = np.random.default_rng(0).normal(size=(2, 25))

    def plane(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
        return a * x[0] + b * x[1]

    for m in (2, 3):
        results, _ = fit.fit_many(plane, x, RATES[:m, None] * x[0] - x[1])
        assert_allclose([result.p for result in results], [[rate, -1] for rate in RATES[:m]])


def test_an_x_for_each_data_set_may_be_what_only_the_model_knows() -> None:
    def cooling(x: Any, a: Any = 2.0, rate: Any = 1.0) -> Any:
        return a * np.exp(-rate * x["t"]) + x["room"]

    rooms = [{"t": X + k / 10, "room": 20.0 + k} for k in range(4)]
    results, failures = fit.fit_many(cooling, rooms, ROWS + 20 + np.arange(4)[:, None], 0.05)
    assert failures == {}
    for k, result in enumerate(results):
        assert_allclose(result.p, fit.fit(decay, X + k / 10, ROWS[k], 0.05).p, rtol=1e-7)


def test_an_x_of_another_length_is_told_by_its_number() -> None:
    with pytest.warns(RuntimeWarning, match="1 of 4 fits failed"):
        results, failures = fit.fit_many(decay, [X, X[:5], X, X], ROWS)
    assert [result is None for result in results] == [False, True, False, False]
    assert str(failures[1]) == "x has 5 points, but y 25"


def test_lists_of_another_number_of_x_are_refused() -> None:
    message = (
        r"x is a list of 3 arrays, but y has 4 rows: give one for each .* or, for variables "
        r"that all data sets share, np.array\(x\)"
    )
    with pytest.raises(ValueError, match=message):
        fit.fit_many(decay, [X, X, X], ROWS)
    with pytest.raises(ValueError, match="x_sigma is a tuple of 2 arrays, but y has 4 rows"):
        fit.fit_many(decay, X, ROWS, 0.05, x_sigma=(X, X))


def test_rows_of_an_array_as_x_are_told_how_to_be_given_one_by_one() -> None:
    with pytest.raises(ValueError, match=r"shape \(4, 25\)") as caught:
        fit.fit_many(decay, np.tile(X, (4, 1)), ROWS)
    note = "x of shape (4, 25) is one x for all data sets: for a row for each, give list(x)"
    assert caught.value.__notes__ == [note]


def test_fits_are_the_same_whatever_the_executor() -> None:
    here, _ = fit.fit_many(decay, X, ROWS, 0.05)
    for pool in (ThreadPoolExecutor(2), ProcessPoolExecutor(2)):
        with pool:
            there, failures = fit.fit_many(decay, X, ROWS, 0.05, executor=pool)
        assert failures == {}
        for one, other in zip(here, there, strict=True):
            assert_array_equal(one.p, other.p)
            assert_array_equal(one.covariance, other.covariance)
            assert one.report() == other.report()


def test_data_sets_have_starts_of_their_own() -> None:
    y = np.stack([wave(T, 2.0, 7.3, 0.4), wave(T, 2.0, 3.1, -0.4)])
    results, _ = fit.fit_many(wave, T, y, bounds=BOUNDS, starts=60, seed=0)
    assert_allclose([result.values["frequency"] for result in results], [7.3, 3.1])


def test_what_cannot_be_fitted_is_told_by_its_number() -> None:
    rows = ROWS.copy()
    rows[2, 5] = np.nan
    words = "1 of 4 fits failed, and values hold None .*first is number 2: .*is nan"
    with pytest.warns(RuntimeWarning, match=words) as caught:
        results, failures = fit.fit_many(decay, X, rows, 0.05)
    assert caught[0].filename == __file__
    assert results[2] is None
    assert list(failures) == [2]
    assert "y[5] is nan" in str(failures[2])
    assert [result.success for k, result in enumerate(results) if k != 2] == [True] * 3
    results, failures = fit.fit_many(decay, X, rows, 0.05, nan_policy="omit")
    assert failures == {}
    assert results[2].dof == 22


def test_fits_that_determine_nothing_are_told_of_by_their_number() -> None:
    rows = np.vstack([ROWS[:3], np.zeros(25)])  # of which no rate can be told
    words = "^1 of 4 fits ended without success, of which the first is number 3: "
    with pytest.warns(RuntimeWarning, match=words):
        results, failures = fit.fit_many(decay, X, rows, 0.05)
    assert [result.success for result in results] == [True, True, True, False]
    assert failures == {}


@pytest.mark.parametrize("kind", [np.ma.stack, list])
def test_masked_points_are_left_out_of_their_own_data_set(kind: Any) -> None:
    masked = np.ma.masked_array(ROWS.copy(), np.zeros((4, 25), bool))
    masked[2, [5, 9]] = 1e6, -1e6
    masked.mask[2, [5, 9]] = True
    rows = kind([*masked])
    with pytest.warns(RuntimeWarning, match="1 of 4 fits failed"):
        results, failures = fit.fit_many(decay, X, rows, 0.05)
    assert list(failures) == [2]
    assert "nan_policy='omit'" in str(failures[2])
    results, failures = fit.fit_many(decay, X, rows, 0.05, nan_policy="omit")
    assert failures == {}
    for k, result in enumerate(results):
        kept = np.arange(25)[~masked.mask[k]]
        assert_allclose(result.p, fit.fit(decay, X[kept], ROWS[k, kept], 0.05).p, rtol=1e-8)
        assert result.problem.left_out == 25 - len(kept)


def test_rows_of_errors_may_be_of_a_table() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pandas.DataFrame(np.tile(0.05 + 0.01 * X, (4, 1)))
    results, _ = fit.fit_many(decay, X, pandas.DataFrame(ROWS), table)
    for result, y in zip(results, ROWS, strict=True):
        assert_allclose(result.errors["a"], fit.fit(decay, X, y, 0.05 + 0.01 * X).errors["a"])


def test_rows_are_filled_up_by_points_that_do_not_count() -> None:
    filled, sigma = ROWS[:2].copy(), np.full((2, 25), 0.05)
    filled[1, 20:], sigma[1, 20:] = 0.0, np.inf
    whole, shorter = fit.fit_many(decay, X, filled, sigma).values
    assert_allclose(whole.p, fit.fit(decay, X, ROWS[0], 0.05).p, rtol=1e-9)
    assert_allclose(shorter.p, fit.fit(decay, X[:20], ROWS[1, :20], 0.05).p, rtol=1e-9)
    assert shorter.dof == 18


def test_what_all_fits_refuse_is_raised() -> None:
    with pytest.raises(ValueError, match="p0: no parameter 'speed'"):
        fit.fit_many(decay, X, ROWS, p0={"speed": 1.0})


def test_data_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(ValueError, match=r"y has shape \(25,\), expected \(m, n\)"):
        fit.fit_many(decay, X, ROWS[0])
    with pytest.raises(ValueError, match=r"y has shape \(25, 4\), but x 25 .* write y.T$"):
        fit.fit_many(decay, X, ROWS.T)
    ragged = [ROWS[0], ROWS[1, :-1]]
    words = r"y is a list of the shapes \(25,\), \(24,\).*each row; fill .* sigma=inf there"
    with pytest.raises(ValueError, match=words):
        fit.fit_many(decay, [X, X[:-1]], ragged)
    square = np.tile(X[:4], (4, 1)) + np.tile(X[:4], (4, 1)).T + 0.1
    with pytest.raises(ValueError, match="may be the covariance of all data sets"):
        fit.fit_many(decay, X[:4], ROWS[:, :4], square)
    with pytest.raises(TypeError, match="write sigma"):
        fit.fit_many(decay, X, ROWS, yerr=0.1)
