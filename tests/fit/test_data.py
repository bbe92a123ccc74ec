"""What the data of a fit may be, and how bad data are refused: by name and first bad entry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autodiff import to_numpy
from fit import Cholesky, FitResult, Relative, curve_fit, fit, line
from tests.autodiff.device_arrays import DeviceArray

T = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5])
Y = np.array([2.1, 1.4, 1.1, 0.7, 0.55, 0.4, 0.22, 0.2])
SIGMA = np.array([0.1, 0.1, 0.05, 0.05, 0.04, 0.03, 0.03, 0.02])
COVARIANCE = np.diag(SIGMA**2) + 0.4 * np.outer(SIGMA, SIGMA) * (np.eye(8, k=1) + np.eye(8, k=-1))


def decay(t: Any, amplitude: Any = 1.0, rate: Any = 1.0) -> Any:
    return amplitude * np.exp(-rate * t)


def assert_same_fit(one: FitResult, other: FitResult) -> None:
    assert_allclose(list(one.values.values()), list(other.values.values()), rtol=1e-9)
    assert_allclose(one.covariance, other.covariance, rtol=1e-8)
    assert one.chi_squared == pytest.approx(other.chi_squared, rel=1e-9)
    assert one.dof == other.dof


# -- errors ----------------------------------------------------------------------------------


def test_one_number_is_the_error_of_every_point() -> None:
    assert_same_fit(fit(decay, T, Y, 0.1), fit(decay, T, Y, np.full(8, 0.1)))


def test_relative_errors_are_fractions_of_what_was_measured() -> None:
    assert_same_fit(fit(decay, T, Y, Relative(0.1)), fit(decay, T, Y, 0.1 * Y))
    fractions = np.linspace(0.05, 0.2, 8)
    assert_same_fit(
        fit(lambda t, a=-1.0: a * t, T + 1, -Y, Relative(fractions)),
        fit(lambda t, a=-1.0: a * t, T + 1, -Y, fractions * Y),
    )


# -- points that do not count ----------------------------------------------------------------

OUTLIER = 3
WITHOUT = np.arange(8) != OUTLIER


def spoilt(values: np.ndarray, value: float = np.inf) -> np.ndarray:
    return np.where(WITHOUT, values, value)


@pytest.mark.parametrize(
    ("sigma", "without"),
    [
        (spoilt(SIGMA), SIGMA[WITHOUT]),
        (COVARIANCE + np.diag(spoilt(np.zeros(8))), COVARIANCE[np.ix_(WITHOUT, WITHOUT)]),
        (Relative(spoilt(np.full(8, 0.1))), Relative(0.1)),
    ],
    ids=["deviations", "covariance", "relative"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_point_of_infinite_error_does_not_count(sigma: Any, without: Any, absolute: bool) -> None:
    y = spoilt(Y, 50.0)
    result = fit(decay, T, y, sigma, absolute_sigma=absolute)
    expected = fit(decay, T[WITHOUT], Y[WITHOUT], without, absolute_sigma=absolute)
    assert_same_fit(result, expected)
    for what in ("aic", "bic", "r_squared", "p_value"):
        assert getattr(result, what) == pytest.approx(getattr(expected, what), nan_ok=True)
    assert_allclose(result.interval("rate"), expected.interval("rate"))
    for kind in ("confidence", "prediction"):
        own = None if kind == "confidence" or isinstance(sigma, Relative) else 0.3
        bands = (each.band(T, kind=kind, sigma=own) for each in (result, expected))
        assert_allclose(*bands)
    assert np.flatnonzero(np.isnan(result.pulls)) == np.flatnonzero(y == 50.0)
    assert_allclose(result.pulls[WITHOUT], expected.pulls)
    said = result.report()
    assert "8 points with errors in y" in said
    assert "; 1 of infinite error does not count" in said
    assert FitResult.from_json(result.to_json(), decay).report() == result.report()


def test_a_line_takes_it_too() -> None:
    y = spoilt(Y, 50.0)
    assert_same_fit(line(T, y, spoilt(SIGMA)), line(T[WITHOUT], Y[WITHOUT], SIGMA[WITHOUT]))
    assert np.isfinite(line(T, y, spoilt(SIGMA)).plot().axes[0].get_ylim()).all()


@pytest.mark.parametrize("fitted", [line, lambda x, y, sigma: fit(decay, x, y, sigma)])
def test_too_few_points_that_count(fitted: Any) -> None:
    sigma = np.where(np.arange(8) == 0, 1.0, np.inf)
    with pytest.raises(ValueError, match="1 point of finite error: too few to fit 2 parameters"):
        fitted(T, Y, sigma)


def test_errors_in_x_need_every_point_to_count() -> None:
    with pytest.raises(ValueError, match="x_sigma needs finite errors of y"):
        fit(decay, T, Y, spoilt(SIGMA), x_sigma=0.1)


# -- covariances -----------------------------------------------------------------------------


def test_a_diagonal_covariance_is_that_of_independent_data() -> None:
    assert_same_fit(fit(decay, T, Y, np.diag(SIGMA**2)), fit(decay, T, Y, SIGMA))


def test_a_covariance_is_what_makes_whitened_data_independent() -> None:
    L = np.linalg.cholesky(COVARIANCE)

    def whitened(t: Any, amplitude: Any = 1.0, rate: Any = 1.0) -> Any:
        return np.linalg.solve(L, decay(t, amplitude, rate))

    independent = fit(whitened, T, np.linalg.solve(L, Y), 1.0)
    assert_same_fit(fit(decay, T, Y, COVARIANCE), independent)


def test_a_cholesky_factor_is_its_covariance() -> None:
    factor = Cholesky(np.linalg.cholesky(COVARIANCE))
    assert_same_fit(fit(decay, T, Y, factor), fit(decay, T, Y, COVARIANCE))


def test_small_asymmetries_of_a_covariance_are_rounding() -> None:
    skew = COVARIANCE.copy()
    skew[0, 7] = 1e-15
    assert_same_fit(fit(decay, T, Y, skew), fit(decay, T, Y, COVARIANCE))


def test_lists_and_integers_are_data() -> None:
    counts = [9, 5, 3, 2]
    in_arrays = fit(decay, np.arange(4.0), np.array(counts, float), np.ones(4))
    assert_same_fit(fit(decay, [0, 1, 2, 3], counts, [1, 1, 1, 1]), in_arrays)


def test_x_is_any_object_that_the_model_takes() -> None:
    table = {"time": T}
    assert_same_fit(
        fit(lambda x, a=1.0, r=1.0: decay(x["time"], a, r), table, Y, SIGMA),
        fit(decay, T, Y, SIGMA),
    )


# -- points that were not measured -----------------------------------------------------------


def with_holes(a: np.ndarray, *places: int) -> np.ndarray:
    holed = a.copy()
    holed[..., places] = np.nan
    return holed


def masked(a: np.ndarray, *places: int) -> Any:
    return np.ma.array(a, mask=np.isin(np.arange(a.size), places))


@pytest.mark.parametrize(
    ("x", "y", "sigma", "kept"),
    [
        (T, with_holes(Y, 2, 5), SIGMA, [0, 1, 3, 4, 6, 7]),
        (T, with_holes(Y, 2, 5), None, [0, 1, 3, 4, 6, 7]),
        (with_holes(T, 0), Y, SIGMA, [1, 2, 3, 4, 5, 6, 7]),
        (T, Y, with_holes(SIGMA, 7), [0, 1, 2, 3, 4, 5, 6]),
        (list(T), list(with_holes(Y, 1)), tuple(SIGMA), [0, 2, 3, 4, 5, 6, 7]),
        (T, masked(Y, 2, 5), SIGMA, [0, 1, 3, 4, 6, 7]),
        (masked(T, 0), masked(Y, 7), masked(SIGMA, 3), [1, 2, 4, 5, 6]),
        (T, Y, SIGMA, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_points_with_a_nan_can_be_left_out(x: Any, y: Any, sigma: Any, kept: list[int]) -> None:
    rest = fit(decay, T[kept], Y[kept], None if sigma is None else SIGMA[kept])
    assert_same_fit(fit(decay, x, y, sigma, nan_policy="omit"), rest)


def test_masks_within_a_list_are_seen() -> None:
    def plane(x: Any, a: float = 1.0, b: float = 1.0) -> Any:
        return a * x[0] + b * x[1]

    kept = [0, 1, 3, 4, 6]
    spoilt = np.where(np.isin(np.arange(8), [2, 7]), 1e6, T)
    variables = [masked(spoilt, 2, 7), masked(np.exp(T), 5)]
    found = fit(plane, variables, Y, SIGMA, nan_policy="omit")
    assert_same_fit(found, fit(plane, np.array([T, np.exp(T)])[:, kept], Y[kept], SIGMA[kept]))
    with pytest.raises(ValueError, match="x has masked entries: give nan_policy='omit'"):
        fit(plane, variables, Y)


def test_a_number_may_be_an_array() -> None:
    assert_same_fit(fit(decay, T, Y, np.array(0.1)), fit(decay, T, Y, 0.1))
    with pytest.raises(ValueError, match=r"y has shape \(\), expected \(n,\)"):
        fit(decay, T, np.array(1.0), [0.1, 0.1])


def test_of_a_covariance_rows_and_columns_are_left_out() -> None:
    kept = [0, 1, 3, 4, 6, 7]
    holed = COVARIANCE.copy()
    holed[5] = holed[:, 5] = np.nan
    assert_same_fit(
        fit(decay, T, with_holes(Y, 2), holed, nan_policy="omit"),
        fit(decay, T[kept], Y[kept], COVARIANCE[np.ix_(kept, kept)]),
    )


def test_what_is_masked_may_be_of_whole_numbers_or_a_fraction() -> None:
    counts = (100 * Y).astype(int)
    kept = [0, 1, 3, 4, 5, 7]
    assert_same_fit(
        fit(decay, T, masked(counts, 2), Relative(masked(SIGMA, 6)), nan_policy="omit"),
        fit(decay, T[kept], counts[kept], Relative(SIGMA[kept])),
    )


@pytest.mark.parametrize("fraction", [0.1, np.linspace(0.05, 0.2, 8)])
def test_relative_errors_stay_with_their_points(fraction: Any) -> None:
    kept = [0, 1, 3, 4, 5, 6, 7]
    left = fraction[kept] if np.ndim(fraction) else fraction
    assert_same_fit(
        fit(decay, T, with_holes(Y, 2), Relative(fraction), nan_policy="omit"),
        fit(decay, T[kept], Y[kept], Relative(left)),
    )


def test_rows_of_x_and_their_errors_lose_the_same_points() -> None:
    def plane(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
        return a * x[0] + b * x[1]

    x, kept = np.stack([T, T**2]), [0, 1, 2, 3, 5, 6, 7]
    x_sigma = 0.1 + 0.01 * x
    x_sigma[1, 4] = np.nan
    assert_same_fit(
        fit(plane, x, Y, SIGMA, x_sigma=x_sigma, nan_policy="omit"),
        fit(plane, x[:, kept], Y[kept], SIGMA[kept], x_sigma=x_sigma[:, kept]),
    )


@pytest.mark.parametrize(
    ("x", "sigma", "policy", "message"),
    [
        (T, Cholesky(np.diag(SIGMA)), "omit", "needs the covariance itself"),
        ({"time": T}, SIGMA, "omit", "cannot leave points out of x, which is of type dict"),
        (T, SIGMA, "drop", "nan_policy 'raise' or 'omit', got 'drop'"),
        (T, SIGMA, "raise", r"y\[3\] is nan"),
    ],
)
def test_points_that_cannot_be_left_out(x: Any, sigma: Any, policy: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(decay, x, with_holes(Y, 3), sigma, nan_policy=policy)


def test_what_is_masked_is_not_used_unasked() -> None:
    with pytest.raises(ValueError, match="y has masked entries: give nan_policy='omit' to leave"):
        fit(decay, T, masked(Y, 2))


def test_infinities_are_not_left_out() -> None:
    y = Y.copy()
    y[6] = np.inf
    with pytest.raises(ValueError, match=r"y\[6\] is inf"):
        fit(decay, T, y, nan_policy="omit")


def test_arrays_of_unequal_shapes_are_given_as_a_dict() -> None:
    def two(x: Any, a: Any = 1.0, b: Any = 1.0) -> Any:
        return np.concatenate([decay(x["short"], a, b), decay(x["long"], 2 * a, b)])

    x = {"short": T[:3], "long": T}
    y = np.concatenate([Y[:3], 2 * Y])
    parts = tuple(x.values())
    with pytest.raises(
        ValueError, match=r"x is a tuple of the shapes \(3,\), \(8,\).* give a dict"
    ):
        fit(two, parts, y)
    with pytest.raises(ValueError, match=r"xdata is a list of the shapes .* give a dict of them"):
        curve_fit(two, list(parts), y)
    popt, _ = curve_fit(two, x, y)
    assert_allclose(popt, list(fit(two, x, y).values.values()), rtol=1e-8)


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x", "y", "sigma", "p0"])
def test_arrays_on_a_gpu_are_refused_with_what_to_write(name: str) -> None:
    given: dict[str, Any] = {"x": T, "y": Y, "sigma": SIGMA, "p0": np.ones(2)}
    given[name] = DeviceArray(given[name])
    with pytest.raises(TypeError, match=rf"^{name} is a .* on a GPU.*autodiff.to_numpy\({name}\)"):
        fit(decay, **given)
    assert fit(decay, **(given | {name: to_numpy(given[name])})).success


def changed(a: np.ndarray, place: Any, value: float) -> np.ndarray:
    new = a.copy()
    new[place] = value
    return new


@pytest.mark.parametrize(
    ("x", "y", "sigma", "message"),
    [
        (changed(T, 3, np.nan), Y, SIGMA, r"x\[3\] is nan"),
        (np.stack([T, changed(T, 2, -np.inf)]), Y, SIGMA, r"x\[1, 2\] is -inf"),
        (T, changed(Y, 1, np.nan), SIGMA, r"y\[1\] is nan.*\(1 of 8"),
        (T, changed(Y, 7, np.inf), SIGMA, r"y\[7\] is inf"),
        (T, Y, changed(SIGMA, 4, np.nan), r"sigma\[4\] is nan"),
        (T, Y, changed(SIGMA, 2, 0.0), r"sigma\[2\] is 0.0, expected positive"),
        (T, Y, -0.1, "sigma is -0.1, expected positive"),
        (T, changed(Y, 5, 0.0), Relative(0.1), r"y\[5\] is 0.0, expected no zeros, whose relative"),
        (T, Y, Relative(np.ones(3)), r"sigma has shape \(3,\), but y 8 points.*fractions"),
        (T, Y, Relative(COVARIANCE), r"sigma has shape \(8, 8\).*fractions"),
        (T, Y, SIGMA[:5], r"sigma has shape \(5,\), but y 8 points"),
        (T[:6], Y, SIGMA, "x has 6 points, but y 8"),
        ([], [], None, "y is empty"),
        (T, Y[:, None], None, r"y has shape \(8, 1\)"),
        (T, [[1.0, 2.0], [3.0]], None, "y is no array"),
        (T, Y + 1j, None, "y has dtype complex128"),
        (T, Y, changed(COVARIANCE, (2, 2), np.nan), r"sigma\[2, 2\] is nan"),
        (T, Y, changed(COVARIANCE, (1, 0), 0.0), r"sigma\[0, 1\].*symmetric"),
        (T, Y, changed(COVARIANCE, (4, 4), -1.0), r"must be positive definite.*sigma\[4, 4\] on"),
        (T, Y, np.ones((8, 8)), r"must be positive definite.*sigma\[1, 1\] on"),
        (T, Y, Cholesky(np.eye(7)), r"factor has shape \(7, 7\), but y 8 points"),
        (T, Y, Cholesky(np.ones((8, 8))), r"sigma\[0, 1\] is 1.0.*lower triangular"),
        (T, Y, Cholesky(changed(np.eye(8), (3, 3), 0.0)), r"diagonal\[3\] is 0.0"),
    ],
)
def test_bad_data_are_refused_by_name_and_first_bad_entry(
    x: Any, y: Any, sigma: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fit(decay, x, y, sigma)


def test_fewer_points_than_parameters() -> None:
    with pytest.raises(ValueError, match=r"y has 1 point: too few to fit 2 .*amplitude, rate"):
        fit(decay, [1.0], [2.0])


def test_one_column_of_a_table_is_an_array() -> None:
    class Column:
        def __init__(self, values: Any) -> None:
            self.values = np.asarray(values)

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return self.values.astype(dtype or float)

    result = fit(lambda x, a=1.0: a * x, Column([1, 2, 3]), Column([2, 4, 6]), Column([1, 1, 1]))
    assert result.values["a"] == pytest.approx(2.0)
    assert type(result.problem.x) is np.ndarray
