"""Fits to Dask arrays: what NumPy's arrays give, from sums over chunks, and never in one piece."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest

import autodiff
import fit
from fit.problem import _chunked_data
from tests.autodiff.device_arrays import DeviceArray

da = pytest.importorskip("dask.array", reason="Dask is not installed")
dask = pytest.importorskip("dask", reason="Dask is not installed")

N = 20_003
RNG = np.random.default_rng(7)
X = np.linspace(0, 4, N)
NOISE = RNG.normal(size=N)
SIGMA = 0.1 * (1 + RNG.random(N))


def decay(x: Any, a: Any = 1.0, b: Any = 2.0, c: Any = 0.5) -> Any:
    return a * np.exp(-b * x) + c


Y = decay(X, 1.5, 1.8, 0.4) + SIGMA * NOISE


def in_chunks(values: Any, size: Any = 5_000) -> Any:
    return da.from_array(values, chunks=(-1,) * (values.ndim - 1) + (size,))


def lazy(*arguments: Any) -> list[Any]:
    """Return arguments with Dask arrays in the place of NumPy's."""
    return [in_chunks(a) if isinstance(a, np.ndarray) else a for a in arguments]


def assert_same(found: fit.FitResult, whole: fit.FitResult) -> None:
    """Compare all that a result says."""
    np.testing.assert_allclose(found.p, whole.p, rtol=1e-11)
    np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-8, atol=1e-22)
    for name in ("chi_squared", "aic", "bic", "r_squared", "variance"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-10)
    assert (found.dof, found.p_value is None) == (whole.dof, whole.p_value is None)
    np.testing.assert_allclose(
        found.weighted_residuals.compute(), whole.weighted_residuals, atol=1e-9
    )
    np.testing.assert_allclose(found.residuals.compute(), whole.residuals, atol=1e-9)
    np.testing.assert_allclose(found.pulls.compute(), whole.pulls, atol=1e-9)
    assert without_evaluations(found.warnings) == without_evaluations(whole.warnings)
    assert facts_of(found) == facts_of(whole)
    assert repr(found) == repr(whole)


def without_evaluations(said: list[str]) -> list[str]:
    """Return what is not said of evaluations, whose number may differ by rounding."""
    return [one for one in said if "evaluations" not in one]


def facts_of(result: fit.FitResult) -> list[str]:
    """Return the lines of a report but for those that tell of the way to the minimum."""
    lines = result.report().partition("Warnings")[0].splitlines()
    return [line for line in without_evaluations(lines) if "Outcome" not in line]


with_zeros = np.where(np.arange(N) % 7, SIGMA, np.inf)


@pytest.mark.parametrize(
    ("y", "sigma", "options"),
    [
        (Y, None, {}),
        (Y, 0.15, {}),
        (Y, SIGMA, {}),
        (Y, with_zeros, {}),
        (Y, SIGMA, {"absolute_sigma": False}),
        (2 + np.abs(Y), fit.Relative(0.2), {}),
        (Y, SIGMA, {"bounds": {"b": (0, 2)}}),
        (Y, SIGMA, {"p0": {"b": 1.0}, "bounds": {"b": (0, 1.5)}}),
        (Y, SIGMA, {"fixed": {"c": lambda a: a / 4}}),
        (Y, SIGMA, {"fixed": ["c"]}),
        (Y, None, {"loss": "soft_l1"}),
        (Y + 5 * (np.arange(N) % 50 == 0), None, {"loss": "cauchy"}),
        (Y, with_zeros, {"loss": "huber"}),
        (Y, with_zeros, {"loss": "huber", "absolute_sigma": False}),
    ],
)
def test_chunks_give_what_the_whole_gives(y: Any, sigma: Any, options: dict[str, Any]) -> None:
    assert_same(
        fit.fit(decay, *lazy(X, y, sigma), **options), fit.fit(decay, X, y, sigma, **options)
    )


@pytest.mark.parametrize("size", [N, 17_000, (1, 2, N - 3), (0, 10_000, 0, N - 10_000)], ids=str)
def test_any_chunks_do(size: Any) -> None:
    arrays = [in_chunks(values, size) for values in (X, Y, SIGMA)]
    assert_same(fit.fit(decay, *arrays), fit.fit(decay, X, Y, SIGMA))


def test_a_guess_is_made_of_a_sample() -> None:
    y = 3 * np.exp(-(((X - 2.5) / 0.3) ** 2) / 2) + 0.2 * NOISE
    model = fit.Gaussian() + fit.Line()
    found, whole = fit.fit(model, *lazy(X, y)), fit.fit(model, X, y)
    np.testing.assert_allclose(found.p, whole.p, rtol=1e-8)
    assert found.success


@pytest.mark.parametrize("left", [0, 1, 4])
def test_a_sample_is_of_points_that_count(left: int) -> None:
    entries = np.arange(N)
    counting = (entries % 3 != 0) | (entries < 3 * left)  # the sample has each third
    y = 3 * np.exp(-(((X - 2.5) / 0.3) ** 2) / 2) + 0.2 * NOISE
    sigma = np.where(counting, 0.2, np.inf)
    chunks = [in_chunks(values, 6_000) for values in (X, y, sigma)]
    found, whole = fit.fit(fit.Gaussian(), *chunks), fit.fit(fit.Gaussian(), X, y, sigma)
    np.testing.assert_allclose(found.p, whole.p, rtol=1e-8)
    assert found.success
    assert found.warnings == whole.warnings


def test_a_width_comes_out_positive() -> None:
    def peak(x: Any, height: Any = 1.0, width: Any = -0.5) -> Any:
        return height * np.exp(-(((x - 2) / width) ** 2))

    y = peak(X, 2.0, 0.4) + 0.1 * NOISE
    found = fit.fit(peak, *lazy(X, y))
    assert found.values["width"] > 0
    assert_same(found, fit.fit(peak, X, y))


def test_parameters_that_data_leave_open_are_named() -> None:
    def product(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
        return a * b * np.exp(-x)

    found, whole = fit.fit(product, *lazy(X, Y)), fit.fit(product, X, Y)
    assert "a and b are undetermined: only a·b is" in whole.warnings[0]
    assert found.warnings == whole.warnings


def test_a_fit_that_is_worse_than_a_constant_says_so() -> None:
    def slope(x: Any, a: Any = 1.0) -> Any:
        return a * x

    found, whole = fit.fit(slope, *lazy(X, Y + 10)), fit.fit(slope, X, Y + 10)
    assert any("worse than a constant" in warning for warning in whole.warnings)
    assert found.warnings == whole.warnings


@pytest.mark.parametrize("sigma", [None, 0.1, SIGMA, fit.Relative(0.1)])
@pytest.mark.parametrize(
    "by",
    [
        fit.line,
        lambda x, y, sigma: fit.polynomial(x, y, 3, sigma),
        lambda x, y, sigma: fit.linear({"a": np.sin, "b": lambda x: 1.0}, x, y, sigma),
    ],
    ids=["line", "polynomial", "linear"],
)
def test_linear_models_in_chunks(by: Callable[..., fit.FitResult], sigma: Any) -> None:
    y = 1.5 + 2 * X + 0.1 * NOISE
    found, whole = by(*lazy(X, y, sigma)), by(X, y, sigma)
    assert_same(found, whole)
    assert found.message == whole.message


@pytest.mark.parametrize("other", [np.sin, lambda x: 0 * x])
def test_columns_that_depend_on_one_another_are_told_of(other: Callable[..., Any]) -> None:
    basis = {"a": np.sin, "b": other}
    found, whole = fit.linear(basis, *lazy(X, Y)), fit.linear(basis, X, Y)
    assert "(rank 1 of 2)" in whole.message
    assert found.message.partition(" along ")[0] == whole.message.partition(" along ")[0]
    assert found.warnings == whole.warnings


def test_several_variables() -> None:
    both = np.stack([X, np.sin(3 * X)])

    def plane(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
        return a * x[0] + b * np.exp(x[1])

    y = plane(both, 2.0, 0.5) + 0.1 * NOISE
    assert_same(fit.fit(plane, *lazy(both, y)), fit.fit(plane, both, y))


def test_what_is_not_lazy_is_cut_like_what_is() -> None:
    whole = fit.fit(decay, X, Y, SIGMA)
    assert_same(fit.fit(decay, in_chunks(X), Y, SIGMA), whole)
    assert_same(fit.fit(decay, X, in_chunks(Y), SIGMA), whole)


def test_errors_of_counts_are_told_of() -> None:
    counts = RNG.poisson(decay(X, 30.0, 1.0, 5.0)).astype(float) + 1
    found, whole = (
        fit.fit(decay, x, y, s, p0=[30.0, 1.0, 5.0])
        for x, y, s in (lazy(X, counts, np.sqrt(counts)), (X, counts, np.sqrt(counts)))
    )
    assert any("the roots of the counts" in warning for warning in whole.warnings)
    assert found.warnings == whole.warnings


# -- what follows from a result --------------------------------------------------------------


@pytest.fixture(scope="module", name="both")
def both_results() -> tuple[fit.FitResult, fit.FitResult]:
    return fit.fit(decay, *lazy(X, Y, SIGMA)), fit.fit(decay, X, Y, SIGMA)


def test_intervals_and_profiles(both: tuple[fit.FitResult, fit.FitResult]) -> None:
    found, whole = both
    np.testing.assert_allclose(found.interval("b"), whole.interval("b"), rtol=1e-8)
    one, other = found.profile("b", points=3), whole.profile("b", points=3)
    np.testing.assert_allclose(one.chi_squared, other.chi_squared, atol=1e-6)
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-6)
    curve, expected = (result.contour("a", "b", points=4) for result in both)
    np.testing.assert_allclose([curve.x, curve.y], [expected.x, expected.y], rtol=1e-6)


def test_an_interval_that_is_searched_for() -> None:
    options: dict[str, Any] = {"p0": {"b": 1.5}, "bounds": {"b": (0.0, 1.9)}, "loss": "huber"}
    found, whole = (fit.fit(decay, *data, **options) for data in (lazy(X, Y, SIGMA), (X, Y, SIGMA)))
    np.testing.assert_allclose(found.interval("b"), whole.interval("b"), rtol=1e-6)


def test_bands_predictions_and_what_follows(both: tuple[fit.FitResult, fit.FitResult]) -> None:
    found, whole = both
    few = np.array([0.5, 1.0, 7.0])
    np.testing.assert_allclose(found.band(few), whole.band(few), rtol=1e-8)
    np.testing.assert_allclose(
        found.band(few, kind="prediction", sigma=0.1), whole.band(few, kind="prediction", sigma=0.1)
    )
    np.testing.assert_allclose(found.predict(few), whole.predict(few))
    np.testing.assert_allclose(
        found.propagate(lambda a, b: a / b), whole.propagate(lambda a, b: a / b)
    )
    np.testing.assert_allclose(found.hessian_covariance, whole.hessian_covariance, rtol=1e-8)
    predicted = found.predict(in_chunks(X))
    assert isinstance(predicted, da.Array)
    np.testing.assert_allclose(predicted.compute(), whole.predict(X))
    with pytest.raises(ValueError, match="differ from point to point"):
        found.band(few, kind="prediction")


def test_a_prediction_knows_errors_that_are_alike() -> None:
    few = np.array([0.5, 1.0])
    found, whole = (
        fit.fit(decay, *data).band(few, kind="prediction")
        for data in (lazy(X, Y, np.full(N, 0.1)), (X, Y, np.full(N, 0.1)))
    )
    np.testing.assert_allclose(found, whole, rtol=1e-8)


def test_a_result_is_pickled(both: tuple[fit.FitResult, fit.FitResult]) -> None:
    again = pickle.loads(pickle.dumps(both[0]))
    assert again.report() == both[0].report()


def test_what_needs_all_points_says_what_to_write(
    both: tuple[fit.FitResult, fit.FitResult],
) -> None:
    with pytest.raises(TypeError, match="JSON would hold all data"):
        both[0].to_json()
    measured_again = partial(both[0].bootstrap, kind="parametric")
    with pytest.raises(ValueError, match=r"x\[::1000\]\.compute\(\)"):
        both[0].plot()
    for refused in (both[0].bootstrap, measured_again, both[0].jackknife):
        with pytest.raises(
            ValueError, match=r"made again .*x\[::1000\]\.compute\(\).* √1000 times"
        ):
            refused()
    with pytest.raises(ValueError, match=r"x is a lazy Array.*x\[::1000\]\.compute\(\)"):
        both[0].band(in_chunks(X))
    with pytest.raises(ValueError, match=r"f\(...\) is a lazy Array.*compute\(\)"):
        both[0].propagate(lambda a, b, c: decay(in_chunks(X), a, b, c))
    with pytest.raises(ValueError, match=r"lazy Array"):
        fit.chi_squared(decay, in_chunks(X), in_chunks(Y))
    refused_by = "is in Dask arrays, and {} takes numbers in memory: write fit.fit"
    for x, y in (lazy(X, Y), (X, in_chunks(Y))):
        with pytest.raises(ValueError, match=refused_by.format("curve_fit")):
            fit.curve_fit(decay, x, y)
        with pytest.raises(ValueError, match=refused_by.format("fit_many")):
            fit.fit_many(decay, x, [y, y])


class NeverAsked:
    """An executor that is to get no work."""

    def submit(self, f: Any, /, *arguments: Any) -> Any:
        raise AssertionError("work was handed out")


@pytest.mark.parametrize(
    "by",
    [
        lambda result, executor: result.contour("a", "b", executor=executor),
        lambda result, executor: result.plot_contour("a", "b", executor=executor),
        lambda result, executor: result.profile("a", executor=executor),
        lambda _, executor: fit.fit(decay, *lazy(X, Y), executor=executor),
    ],
)
def test_no_executor_is_given_what_dask_shares_out(
    both: tuple[fit.FitResult, fit.FitResult], by: Callable[..., Any]
) -> None:
    with pytest.raises(ValueError, match=r"Dask shares out each .* already: leave executor out"):
        by(both[0], NeverAsked())


# -- bad input -------------------------------------------------------------------------------


def model_that_is_never_called(x: Any, a: Any = 1.0) -> Any:
    raise AssertionError("the model was called before the data were looked at")


BAD_Y = np.where(np.arange(N) == 12_345, np.nan, Y)
BAD_SIGMA = np.where(np.arange(N) == 5_000, -1.0, SIGMA)
UNKNOWN = in_chunks(Y)[in_chunks(Y) > -np.inf]


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((in_chunks(X), in_chunks(BAD_Y)), {}, r"y\[12345\] is nan, entry 2345 of chunk 2"),
        (
            (in_chunks(X), in_chunks(Y), in_chunks(BAD_SIGMA)),
            {},
            r"sigma\[5000\] is -1.0, entry 0 of chunk 1, expected positive",
        ),
        (
            (in_chunks(X), in_chunks(Y, 4_000)),
            {},
            r"x has \(5000, .*y has \(4000, .*y\.rechunk\(\{-1: x\.chunks\[-1\]\}\)",
        ),
        (
            (in_chunks(X), in_chunks(Y), in_chunks(np.where(X == 0, np.nan, SIGMA))),
            {},
            r"sigma\[0\] is nan.*good = da.isfinite\(sigma\), then",
        ),
        (
            (in_chunks(np.stack([X, np.where(X == 0, np.inf, X)])), in_chunks(Y)),
            {},
            r"x\[1, 0\] is inf.*good = da.isfinite\(x\).all\(0\), then x\[..., good\]",
        ),
        ((in_chunks(X), da.asarray(1.0)), {}, "y is a Dask array without an axis"),
        (
            (da.from_array(np.stack([X, X], -1), chunks=(5_000, 2)), in_chunks(Y)),
            {},
            rf"x has shape \({N}, 2\), expected a row for each variable: write x.T",
        ),
        (((in_chunks(X), in_chunks(X)), in_chunks(Y)), {}, r"write da.stack\(x\)"),
        (
            (in_chunks(X), da.ma.masked_less(in_chunks(Y), 1)),
            {},
            r"y is masked.* write good = ~da.ma.getmaskarray\(y\), in its place "
            r"da.ma.getdata\(y\)\[..., good\].compute_chunk_sizes\(\), and in that of each other "
            r"array x\[..., good\].compute_chunk_sizes\(\)$",
        ),
        ((in_chunks(X), in_chunks(Y), da.ma.masked_less(in_chunks(Y), 1)), {}, "sigma is masked"),
        ((in_chunks(X), in_chunks(Y[:-1])), {}, rf"x has {N} entries.*y has {N - 1}"),
        ((in_chunks(X), Y[:-1]), {}, rf"y has shape \({N - 1},\), but the others {N}"),
        (
            (in_chunks(X), UNKNOWN),
            {},
            r"y has chunks of unknown sizes: write y.compute_chunk_sizes\(\)",
        ),
        ((in_chunks(X), in_chunks(np.stack([Y, Y]))), {}, r"y has shape \(2, .*expected \(n,\)"),
        ((in_chunks(X), in_chunks(Y), -1.0), {}, "sigma is -1.0, expected positive"),
        ((in_chunks(X), in_chunks(Y), np.inf), {}, "none would count"),
        ((in_chunks(X), in_chunks(Y), np.eye(3)), {}, "the covariance of Dask arrays"),
        ((in_chunks(X), in_chunks(Y), fit.Relative(2.0)), {}, "20 % are"),
        (
            (in_chunks(X), in_chunks(Y), fit.Relative(da.asarray(0.1))),
            {},
            r"one fraction for Dask arrays.*sigma=fraction \* abs\(y\)",
        ),
        (
            (in_chunks(X), in_chunks(Y), in_chunks(Y).std()),
            {},
            r"sigma is.*write sigma.compute\(\)",
        ),
        ((X, Y, in_chunks(Y).std()), {}, r"sigma is.*write sigma.compute\(\)"),
        ((in_chunks(X), in_chunks(X), fit.Relative(0.2)), {}, r"y\[0\] is 0.0.*no zeros"),
        ((in_chunks(X), in_chunks(Y), fit.Relative(0.2, "model")), {}, "relative to the model"),
        ((in_chunks(X), in_chunks(Y)), {"x_sigma": 0.1}, "x_sigma is not for Dask"),
        ((in_chunks(X), in_chunks(Y)), {"nan_policy": "omit"}, "compute_chunk_sizes"),
        ((in_chunks(X), in_chunks(Y)), {"constraints": lambda a: a - 1}, "constraints cannot"),
        ((in_chunks(X), in_chunks(Y)), {"starts": 3}, "starts=3 cannot"),
        ((in_chunks(X), in_chunks(Y)), {"seed": 3}, "seed=3 cannot"),
        ((in_chunks(X), in_chunks(Y)), {"method": "gradient-descent"}, "gradient-descent' cannot"),
        ((object(), in_chunks(Y)), {}, "x is a object, expected a Dask array"),
    ],
)
def test_what_cannot_be_meant(arguments: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit.fit(model_that_is_never_called, *arguments, **options)


@pytest.mark.parametrize("loss", ["linear", "huber"])
def test_a_start_where_the_model_is_not_finite(loss: Any) -> None:
    def root(x: Any, a: Any = 1.0, b: Any = X[12_345]) -> Any:
        return a * np.sqrt(b - x)

    first = "nan at point 12346, entry 2346 of chunk 2, for the starting values a = 1, b = "
    with pytest.raises(ValueError, match=rf"{first}.*\({N - 12_346} of {N} points\)"):
        fit.fit(root, *lazy(X, Y), loss=loss)


@pytest.mark.parametrize("unit", [1e-200, 1e160, 1e200])
@pytest.mark.parametrize("size", [1, 5_000])
def test_squares_of_weights_out_of_range_leave_what_has_no_units(unit: float, size: int) -> None:
    x, y, sigma = X[::2000], Y[::2000], np.where(np.arange(11) == 4, np.inf, SIGMA[::2000])
    expected = fit.linear({"a": np.ones_like, "b": np.abs}, x, y, sigma)

    def scaled(x: Any, a: Any = 0.0, b: Any = 0.0) -> Any:
        return (a + b * x) * unit

    for cut in (np.asarray, lambda values: in_chunks(values, size)):
        found = fit.fit(scaled, *map(cut, (x, y * unit, sigma * unit)))
        np.testing.assert_allclose(found.r_squared, expected.r_squared, rtol=1e-9)
        np.testing.assert_allclose(found.p, expected.p, rtol=1e-9)
        assert f"R²           {found.r_squared:.6g}" in found.report()


@pytest.mark.parametrize("x", [X, in_chunks(X)])
def test_a_column_that_is_not_finite_is_told_of_where_no_start_is_given(x: Any) -> None:
    basis = {"pole": lambda x: 1 / (x - X[12_345]), "a": np.ones_like}
    entry = "2345" if x is not X else "12345"
    with pytest.raises(ValueError, match=rf"^the basis function pole\[{entry}\] is inf") as caught:
        fit.linear(basis, x, in_chunks(Y))
    assert ("counted from point 10000" in str(caught.value)) == (x is not X)
    with pytest.raises(ValueError, match="x are too large: c2 would be multiplied by inf"):
        fit.polynomial(x * 1e200, in_chunks(Y), 2)


def test_a_line_of_numbers_whose_squares_overflow_names_no_start() -> None:
    for x, y in (X * 1e300, Y * 1e300), lazy(X * 1e300, Y * 1e300):
        with pytest.raises(ValueError, match=r"^squares of x and y, .* count them in other units$"):
            fit.line(x, y)


@pytest.mark.parametrize("scale", [1e160, 1e300])
def test_squares_that_overflow_are_refused_as_those_in_memory(scale: float) -> None:
    p0 = [1.5 * scale, 2.0, 0.5 * scale]
    for data in (X, Y * scale), lazy(X, Y * scale):
        with pytest.raises(ValueError, match=r"^χ² is inf for the starting values a = 1.5e"):
            fit.fit(decay, *data, p0=p0)


@pytest.mark.parametrize("n", [900, N])
@pytest.mark.parametrize("captured", [np.asarray, in_chunks])
def test_a_model_that_captures_all_points_is_told_what_to_write(n: int, captured: Any) -> None:
    other = captured(np.sin(X[:n]))
    by: list[Callable[..., Any]] = [
        lambda x, y: fit.fit(lambda x, a=1.0, b=1.0: a * x + b * other, x, y),
        lambda x, y: fit.fit(lambda x, a=1.0, b=1.0: a * x + b * other, x, y, loss="huber"),
        lambda x, y: fit.linear([np.ones_like, lambda x: other], x, y),
    ]
    for fit_of in by:
        with pytest.raises(ValueError, match=r"write x=da.stack\(\[x, other\]\)"):
            fit_of(in_chunks(X[:n], 400), in_chunks(Y[:n], 400))
    x = da.stack([in_chunks(X[:n]), in_chunks(np.sin(X[:n]))]).rechunk((2, 400))
    found = fit.fit(lambda x, a=1.0, b=1.0: a * x[0] + b * x[1], x, in_chunks(Y[:n], 400))
    expected = np.linalg.lstsq(np.stack([X[:n], np.sin(X[:n])], axis=1), Y[:n])[0]
    np.testing.assert_allclose(found.p, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "by",
    [
        lambda x, y: fit.fit(lambda x, a=1.0: a * (x - np.mean(x)), x, y),
        lambda x, y: fit.fit(lambda x, a=1.0, b=0.0: a * x + b * x.mean(), x, y),
        lambda x, y: fit.fit(decay, x, y, p0=[1, 0, 1]) and fit.fit(centred, x, y, p0=[1, 0, 1]),
        lambda x, y: fit.linear([lambda x: x - x.mean(), np.ones_like], x, y),
        lambda x, y: fit.linear([np.cumsum, np.ones_like], x, y),
    ],
)
def test_a_model_that_mixes_points_is_refused(by: Callable[..., Any]) -> None:
    words = r"own entries of the Dask arrays only: compute .* m = float\(x.mean\(\)\), and use"
    with pytest.raises(ValueError, match=words):
        by(*lazy(X, Y))


def centred(x: Any, a: Any, b: Any, c: Any) -> Any:
    return a * np.exp(-b * (x - x.mean())) + c


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (decay, {"method": "newton"}, "expected a method out of"),
        (decay, {"p0": {"height": 1.0}}, "no parameter 'height'"),
        (decay, {"bounds": {"a": (2, 1)}}, "expected the lower one first"),
        (decay, {"p0": [9, 1, 1], "bounds": {"a": (0, 2)}}, "outside its bounds"),
        (decay, {"fixed": ["height"]}, "no parameter 'height'"),
        (decay, {"callback": 3}, "expected callback to be a function"),
        (decay, {"offset_tol": -1}, "expected offset_tol"),
        (decay, {"max_nfev": 1.5}, "expected max_nfev"),
        (decay, {"sigma": [1.0, 2.0, 0.5]}, "starting values are p0="),
        (lambda x, a: a * x, {}, "no starting value for a"),
        (fit.Sine() + fit.Line(), {}, r"from all points.*p0.*x\[:10000\].compute\(\)"),
        (fit.Model(lambda x, a: a * x, guess=lambda x, y: {"a": 1.0}), {}, "from all points"),
    ],
)
def test_arguments_are_looked_at_before_data_are_read(
    model: Callable[..., Any], options: dict[str, Any], said: str
) -> None:
    def refuse(block: Any) -> Any:
        raise AssertionError("the data were read")

    y = in_chunks(Y).map_blocks(refuse, meta=np.empty(0))
    with pytest.raises((ValueError, TypeError), match=said):
        fit.fit(model, in_chunks(X), y, **options)


def test_a_guess_that_needs_all_points_has_them_where_they_are_few() -> None:
    x = X[:9_000]
    y = 2 * np.sin(2 * np.pi * 900 * x + 0.4) + 0.1 * NOISE[:9_000]
    found, whole = fit.fit(fit.Sine(), *lazy(x, y)), fit.fit(fit.Sine(), x, y)
    np.testing.assert_allclose(found.p, whole.p, rtol=1e-9)
    assert abs(found.values["frequency"] - 900) < 0.01


def test_chunks_on_a_gpu_are_refused_with_what_to_write() -> None:
    device = in_chunks(Y).map_blocks(DeviceArray, meta=DeviceArray(np.empty(0)))
    with pytest.raises(
        TypeError, match=r"y has chunks on a GPU.*y\.map_blocks\(autodiff\.to_numpy"
    ):
        fit.fit(decay, in_chunks(X), device)
    back = device.map_blocks(autodiff.to_numpy, meta=np.empty(0))
    np.testing.assert_array_equal(
        fit.fit(decay, in_chunks(X), back).p, fit.fit(decay, *lazy(X, Y)).p
    )


def test_a_model_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="must return one value for each entry of y"):
        fit.fit(lambda x, a=1.0: a * x[:-1], *lazy(X, Y))


# -- where chunks come from, and what computes them --------------------------------------------


@pytest.fixture(name="never_whole")
def arrays_that_are_never_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no array of Dask become one of NumPy, except what a chunk's task is given."""

    def refuse(self: Any, *arguments: Any, **options: Any) -> Any:
        raise AssertionError(f"{self!r} would come into memory in one piece")

    for name in ("__array__", "compute", "__bool__", "__float__", "__int__", "__iter__"):
        monkeypatch.setattr(da.Array, name, refuse)


@pytest.mark.parametrize("loss", ["linear", "cauchy"])
@pytest.mark.parametrize("sigma", [None, SIGMA])
def test_nothing_comes_into_memory_in_one_piece(never_whole: None, loss: str, sigma: Any) -> None:
    result = fit.fit(decay, *lazy(X, Y, sigma), loss=loss)
    few = np.array([1.0, 2.0])
    assert all([result.report(), repr(result), result._repr_html_()])
    assert all([result.interval("a"), result.profile("a", points=3)])
    assert all([result.band(few), result.propagate(lambda a: a)])
    assert all(isinstance(a, da.Array) for a in (result.residuals, result.pulls))
    assert fit.line(*lazy(X, Y, sigma)).report()


def test_schedulers_give_the_same_bits() -> None:
    def everything() -> list[Any]:
        result = fit.fit(decay, *lazy(X, Y, SIGMA), loss="soft_l1")
        return [result.p.tolist(), result.covariance.tolist(), result.report()]

    with dask.config.set(scheduler="synchronous"):
        expected = everything()
    with dask.config.set(scheduler="threads", num_workers=4):
        assert everything() == expected


def test_a_cluster_gives_the_same_bits() -> None:
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")

    def everything() -> list[Any]:
        result = fit.fit(decay, *lazy(X, Y, SIGMA))
        return [result.p.tolist(), result.covariance.tolist(), result.report()]

    with dask.config.set(scheduler="synchronous"):
        expected = everything()
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        assert everything() == expected


def test_a_model_that_cannot_travel_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    lock = Lock()

    def model(x: Any, a: Any = 1.0) -> Any:
        with lock:
            return a * x

    assert fit.fit(model, *lazy(X, Y)).success  # in threads
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(processes=False, **options) as cluster,
        distributed.Client(cluster),
        pytest.raises(TypeError, match=r"^what the chunks' tasks call cannot be pickled"),
    ):
        fit.fit(model, *lazy(X, Y))
    assert "Failed to" not in caplog.text


def from_zarr(path: Path) -> list[Any]:
    zarr = pytest.importorskip("zarr", reason="Zarr is not installed")
    group = zarr.open_group(str(path / "points.zarr"), mode="w")
    for name, values in (("x", X), ("y", Y)):
        group.create_array(name, shape=(N,), chunks=(5_000,), dtype="f8")[:] = values
    return [da.from_zarr(str(path / "points.zarr"), component=name) for name in ("x", "y")]


def from_hdf5(path: Path) -> list[Any]:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(path / "points.h5", "w") as file:
        file["x"], file["y"] = X, Y
    file = h5py.File(path / "points.h5")
    return [da.from_array(file[name], chunks=5_000) for name in ("x", "y")]


def from_stack(path: Path) -> list[Any]:
    for name, values in (("x", X), ("y", Y)):
        da.to_npy_stack(str(path / name), in_chunks(values))
    return [da.from_npy_stack(str(path / name)) for name in ("x", "y")]


@pytest.mark.parametrize("read", [from_zarr, from_hdf5, from_stack])
def test_data_on_disk(read: Callable[[Path], list[Any]], tmp_path: Path) -> None:
    assert_same(fit.fit(decay, *read(tmp_path)), fit.fit(decay, X, Y))


def test_many_small_chunks_are_told_of_before_the_data_are_read() -> None:
    def unread(size: Any) -> Any:
        raise AssertionError

    x = da.map_blocks(unread, chunks=((100,) * 1001,), dtype=float, meta=np.empty(0))
    with pytest.raises(RuntimeWarning, match=r"1001 chunks of 100 points .* write x\.rechunk\("):
        fit.line(x, x)


def test_many_small_chunks_are_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fit.problem._chunked_data.MANY", 3)
    with pytest.warns(RuntimeWarning, match="5 chunks of 4001 points on average") as told:
        fit.fit(decay, *lazy(X, Y, SIGMA), p0={"b": 1.5})
    assert [Path(warning.filename).name for warning in told] == [Path(__file__).name]


def test_a_search_begins_where_one_on_a_sample_ends() -> None:
    rng = np.random.default_rng(5)
    x = np.linspace(0, 10, 100_000)
    y = 3 * np.exp(-(((x - 4) / 0.5) ** 2)) + 0.5 + 0.1 * rng.normal(size=x.size)
    p0 = {"height": 1.0, "centre": 4.7, "width": 1.0, "offset": 0.0}

    def peak(x: Any, height: Any, centre: Any, width: Any, offset: Any) -> Any:
        return height * np.exp(-(((x - centre) / width) ** 2)) + offset

    whole = fit.fit(peak, x, y, 0.1, p0=p0)
    chunked = fit.fit(peak, in_chunks(x, 20_000), in_chunks(y, 20_000), 0.1, p0=p0)
    assert chunked.nfev < whole.nfev
    np.testing.assert_allclose(chunked.p, whole.p, rtol=1e-9)


def test_a_sample_that_misses_a_peak_does_not_begin_the_search() -> None:
    x = np.linspace(0, 10, 200_001)

    def peak(x: Any, height: Any, centre: Any) -> Any:
        return height * np.exp(-(((x - centre) / 1e-4) ** 2))

    y = peak(x, 50.0, 5.0007) + 0.01 * np.random.default_rng(6).normal(size=x.size)
    p0 = {"height": 20.0, "centre": 5.00068}
    whole = fit.fit(peak, x, y, 0.01, p0=p0)
    chunked = fit.fit(peak, in_chunks(x, 50_000), in_chunks(y, 50_000), 0.01, p0=p0)
    np.testing.assert_allclose(chunked.p, whole.p, rtol=1e-9)
    assert abs(chunked.values["height"] - 50) < 1


def test_a_sample_that_does_not_speak_for_all_points_does_not_begin_the_search() -> None:
    x = np.linspace(0, 10, 200_001)  # the sample has each 21st of them
    y = 2 * x + 1 + np.where(np.arange(x.size) % 21, 3.0, 0.0)
    y += 0.01 * np.random.default_rng(7).normal(size=x.size)
    line, p0 = lambda x, slope, offset: slope * x + offset, [1.5, 0.0]
    whole = fit.fit(line, x, y, 0.01, p0=p0)
    chunked = fit.fit(line, in_chunks(x, 50_000), in_chunks(y, 50_000), 0.01, p0=p0)
    np.testing.assert_allclose(chunked.p, whole.p, rtol=1e-9)
    assert chunked.problem.parameters.start.tolist() == p0


@pytest.mark.parametrize("first", [0, 7, 13])
@pytest.mark.parametrize("size", [20, 50, 400])
def test_a_sample_has_its_share_of_points_that_count_in_chunks_of_any_size(
    first: int, size: int
) -> None:
    n, every, apart = 80_000, 40, 20  # every 20th point counts
    x = np.arange(float(n))
    deviations = np.where(np.arange(n) % apart == 0, 1.0, np.inf)
    ends = [0, *range(first or size, n, size), n]
    taken = [
        _chunked_data._look_at(None, every, i, x[i:j], x[i:j], deviations[i:j]).sample[0].size
        for i, j in pairwise(ends)
    ]
    counting, wanted = n // apart, n // every
    assert 0.9 * wanted < sum(taken) <= 1.1 * counting


def test_what_a_model_raises_is_left_alone_where_it_is_not_of_shapes() -> None:
    def model(x: Any, a: Any = 1.0) -> Any:
        raise ValueError("x is below the threshold")

    with pytest.raises(ValueError, match="threshold") as raised:
        fit.fit(model, *lazy(X, Y))
    assert not any("captures" in note for note in getattr(raised.value, "__notes__", []))


def test_what_a_model_raises_in_a_chunk_ends_the_fit_at_once() -> None:
    calls = []

    def model(x: Any, a: Any = 1.0) -> Any:
        inside = np.any((x > 3.0) & (x < 3.0 + 1.5 * 4 / N))  # one of two points that follow
        if inside and len(x) > 1000:
            calls.append(1)
            raise RuntimeError("a gap in the table")
        return a * x

    with (
        dask.config.set(scheduler="synchronous"),
        pytest.raises(RuntimeError, match="a gap in the table"),
    ):
        fit.fit(model, *lazy(X, Y))
    assert len(calls) == 1
