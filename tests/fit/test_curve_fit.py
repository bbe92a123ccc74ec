"""curve_fit: SciPy's answers where SciPy has them, and a word where there is no answer."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose

from autodiff import jacobian
from fit import chi_squared, curve_fit
from fit.as_scipy._derivatives import differences

RNG = np.random.default_rng(3)
X = np.linspace(0, 4, 30)
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + RNG.normal(0, 0.05, 30)
SIGMA = np.linspace(0.03, 0.08, 30)
COVARIANCE = 0.05**2 * 0.6 ** np.abs(np.subtract.outer(np.arange(30), np.arange(30)))


def decay(x: Any, a: Any, b: Any, c: Any) -> Any:
    return a * np.exp(-b * x) + c


def line(x: Any, m: Any, c: Any) -> Any:
    return m * x + c


def by_scipy(**options: Any) -> tuple[Any, ...]:
    tight = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
    return scipy.optimize.curve_fit(decay, X, Y, **tight, **options)


# -- the same answers as SciPy's --------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"p0": [3, 1, 1]},
        {"sigma": SIGMA},
        {"sigma": SIGMA, "absolute_sigma": True},
        {"sigma": COVARIANCE},
        {"sigma": COVARIANCE, "absolute_sigma": True},
        {"sigma": 0.05, "absolute_sigma": True},
    ],
)
def test_parameters_and_covariance_agree_with_scipy(options: Any) -> None:
    popt, pcov = curve_fit(decay, X, Y, **options)
    expected, expected_covariance = by_scipy(**options)
    assert_allclose(popt, expected, rtol=1e-6)
    assert_allclose(pcov, expected_covariance, rtol=1e-4, atol=1e-12)


def test_a_line_has_the_errors_of_the_textbook() -> None:
    x, y = np.array([0.4, 0.5, 0.6, 0.7, 0.8]), np.array([0.1, 0.25, 0.55, 0.75, 0.85])
    popt, pcov = curve_fit(line, x, y)
    assert_allclose(popt, [2.0, -0.7])
    variance = 0.01 / 3  # χ² over the degrees of freedom
    assert_allclose(pcov[0, 0], variance / np.sum((x - 0.6) ** 2))
    assert_allclose(pcov[1, 1], variance * np.mean(x**2) / np.sum((x - 0.6) ** 2))


def test_it_minimises_chi_squared() -> None:
    *_, info, _, _ = curve_fit(decay, X, Y, sigma=COVARIANCE, full_output=True)
    popt, _ = curve_fit(decay, X, Y, sigma=COVARIANCE)
    assert np.sum(info["fvec"] ** 2) == pytest.approx(chi_squared(decay, X, Y, COVARIANCE)(popt))


def test_the_covariance_is_that_at_the_minimum() -> None:
    # To its last digits SciPy's is that of another iterate, but by "trf" with all digits asked for.
    def jac(x: Any, a: Any, b: Any, c: Any) -> Any:
        e = np.exp(-b * x)
        return np.stack([e, -a * x * e, np.ones_like(x)], axis=1)

    _, expected = by_scipy(method="trf", jac=jac)
    assert_allclose(curve_fit(decay, X, Y)[1], expected, rtol=1e-7)


@pytest.mark.parametrize("bounds", [(0, np.inf), (0, [2.0, 3.0, np.inf])])
@pytest.mark.parametrize("method", [None, "trf", "dogbox"])
def test_bounds_agree_with_scipy(bounds: Any, method: Any) -> None:
    popt, _ = curve_fit(decay, X, Y, bounds=bounds, method=method)
    expected, _ = by_scipy(bounds=bounds, method="dogbox")
    assert_allclose(popt, expected, rtol=1e-6)
    as_object = scipy.optimize.Bounds(*bounds)
    assert_allclose(curve_fit(decay, X, Y, bounds=as_object)[0], popt)


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_losses_agree_with_scipy(loss: str) -> None:
    popt, pcov = curve_fit(decay, X, Y, loss=loss, f_scale=0.2)
    expected, covariance = by_scipy(loss=loss, f_scale=0.2, method="trf")
    assert_allclose(popt, expected, rtol=1e-6)
    assert_allclose(pcov, covariance, rtol=1e-3)


def test_options_of_the_search_are_scipys() -> None:
    expected, _ = curve_fit(decay, X, Y)
    of_lm = {"ftol": 1e-3, "xtol": None, "gtol": 0.0, "epsfcn": 1e-8, "factor": 10, "diag": None}
    of_trf = {"x_scale": "jac", "tr_solver": "exact", "diff_step": 1e-3, "max_nfev": None}
    assert_allclose(curve_fit(decay, X, Y, maxfev=0, **of_lm)[0], expected)
    assert_allclose(curve_fit(decay, X, Y, method="trf", **of_trf)[0], expected)


def test_a_loss_with_derivatives_in_rows_is_left_to_scipy() -> None:
    def square(z: Any) -> Any:
        return np.stack([z, np.ones_like(z), np.zeros_like(z)])

    popt, _ = curve_fit(decay, X, Y, loss=square, f_scale=0.3, maxfev=100)
    assert_allclose(popt, by_scipy()[0], rtol=1e-4)


def test_a_function_as_loss_is_that_of_its_name() -> None:
    popt, pcov = curve_fit(decay, X, Y, loss=lambda z: np.log(1 + z), f_scale=0.2)
    expected, covariance = by_scipy(loss="cauchy", f_scale=0.2, method="trf")
    assert_allclose(popt, expected, rtol=1e-6)
    assert_allclose(pcov, covariance, rtol=1e-3)


# -- callback and progress -------------------------------------------------------------------


def test_a_callback_is_told_what_its_signature_asks_for() -> None:
    results: list[Any] = []
    points: list[Any] = []

    def callback(intermediate_result: Any) -> None:
        results.append(intermediate_result)

    popt, _ = curve_fit(decay, X, Y, callback=callback)
    assert_allclose(curve_fit(decay, X, Y, callback=lambda x: points.append(x))[0], popt)
    assert [result.nit for result in results] == list(range(1, len(points) + 1))
    assert_allclose([result.x for result in results], points)
    assert_allclose(points[-1], popt)
    assert results[-1].jac.shape == (30, 3)


def test_a_callback_can_stop_the_search() -> None:
    calls = []

    def stop(x: Any) -> None:
        calls.append(x)
        raise StopIteration

    with pytest.raises(RuntimeError, match="Optimal parameters not found: the callback stopped"):
        curve_fit(decay, X, Y, callback=stop)
    assert len(calls) == 1


@pytest.mark.parametrize("kind", [TypeError, ValueError, KeyError])
def test_what_a_callback_raises_is_its_own(kind: type[Exception]) -> None:
    def callback(x: Any) -> None:
        raise kind("of the callback")

    with pytest.raises(kind, match="of the callback"):
        curve_fit(decay, X, Y, callback=callback)


@pytest.mark.parametrize("option", [{"progress": True}, {"verbose": 2}])
def test_the_progress_is_shown(option: Any, capsys: pytest.CaptureFixture[str]) -> None:
    curve_fit(decay, X, Y, **option)
    assert "step" in capsys.readouterr().err


# -- what is returned ------------------------------------------------------------------------


def test_full_output_is_that_of_scipy() -> None:
    popt, _, info, message, status = curve_fit(decay, X, Y, full_output=True)
    expected = by_scipy(full_output=True)[2]
    assert info.keys() == expected.keys()
    assert_allclose(info["fvec"], expected["fvec"], atol=1e-8)
    assert info["fjac"].shape == expected["fjac"].shape
    triangle = np.triu(info["fjac"].T[:3])
    J = jacobian(lambda p: decay(X, *p))(popt)[:, info["ipvt"]]
    assert_allclose(triangle.T @ triangle, J.T @ J)
    assert_allclose(info["qtf"], 0, atol=1e-8)
    assert "minimum" in message
    assert status in (1, 2, 3, 4)
    trf = curve_fit(decay, X, Y, method="trf", full_output=True)[2]
    assert trf.keys() == by_scipy(method="trf", full_output=True)[2].keys()


def test_x_may_have_several_rows_or_be_any_object() -> None:
    expected, _ = curve_fit(line, X, Y)
    of_rows, _ = curve_fit(lambda x, m, c: m * x[0] + c * x[1], np.stack([X, np.ones(30)]), Y)
    of_columns, _ = curve_fit(lambda x, m, c: m * x["x"] + c, {"x": X}, Y)
    assert_allclose(of_rows, expected)
    assert_allclose(of_columns, expected)


def test_integers_and_lists_are_data_too() -> None:
    popt, _ = curve_fit(lambda x, a, b: a * x**b, [1, 2, 3, 4], [2, 8, 18, 32])
    assert_allclose(popt, [2.0, 2.0])


def test_a_method_does_not_count_its_self() -> None:
    class Line:
        def evaluate(self, x: Any, m: Any, c: Any) -> Any:
            return m * x + c

    popt, _ = curve_fit(Line().evaluate, X, Y)
    assert_allclose(popt, np.polyfit(X, Y, 1))


def test_the_parameters_do_not_depend_on_the_units() -> None:
    popt, pcov = curve_fit(decay, X, Y)
    units = np.array([1e-12, 1e9, 1e-12])
    scaled, covariance = curve_fit(decay, X * 1e-9, Y * 1e-12, p0=units)
    assert_allclose(scaled, popt * units, rtol=1e-8)
    assert_allclose(covariance, pcov * np.outer(units, units), rtol=1e-7)


def test_a_number_is_measured_everywhere() -> None:
    popt, pcov = curve_fit(lambda x, m, c: m * x + c - Y, X, 0)
    expected, covariance = curve_fit(line, X, Y)
    assert_allclose(popt, expected)
    assert_allclose(pcov, covariance)


def test_x_may_be_nothing_or_hold_numbers_in_any_dtype() -> None:
    assert_allclose(curve_fit(lambda _, a: a * X, None, 2 * X)[0], [2.0])
    expected, _ = curve_fit(line, X, Y)
    of_objects, _ = curve_fit(line, X.astype(object), Y.astype(object))
    assert_allclose(of_objects, expected)


def test_x_may_be_a_column_of_a_table() -> None:
    class Column:
        """Takes part in arithmetic, as a pandas Series does, and no Tensor knows it."""

        ndim = 1

        def __init__(self, values: Any) -> None:
            self.values = values

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.asarray(self.values, dtype)

    expected, _ = curve_fit(line, X, Y)
    assert_allclose(curve_fit(line, Column(X), Y)[0], expected)
    with pytest.warns(UserWarning, match=r"no attribute 'values'"):
        popt, _ = curve_fit(lambda x, m, c: m * x.values + c, Column(X), Y)
    assert_allclose(popt, expected, rtol=1e-6)


@pytest.mark.parametrize("as_covariance", [False, True])
def test_points_of_infinite_error_do_not_count(as_covariance: bool) -> None:
    sigma = np.where(X > 2, np.inf, 1.0)
    popt, pcov = curve_fit(line, X, Y, sigma=np.diag(sigma**2) if as_covariance else sigma)
    expected = np.polyfit(X[X <= 2], Y[X <= 2], 1, cov=True)
    assert_allclose(popt, expected[0])
    assert_allclose(pcov, expected[1])


def test_points_with_nan_are_left_out_on_request() -> None:
    y = np.where(X > 3, np.nan, Y)
    popt, pcov = curve_fit(decay, X, y, sigma=SIGMA, nan_policy="omit")
    expected = curve_fit(decay, X[X <= 3], Y[X <= 3], sigma=SIGMA[X <= 3])
    assert_allclose(popt, expected[0])
    assert_allclose(pcov, expected[1])


def test_masked_points_are_left_out_on_request() -> None:
    bad = (X > 3) | (X < 0.2) | (np.arange(30) == 9)
    popt, pcov = curve_fit(
        decay,
        np.ma.array(X, mask=X < 0.2),
        np.ma.array(Y, mask=X > 3),
        sigma=np.ma.array(SIGMA, mask=np.arange(30) == 9),
        nan_policy="omit",
    )
    expected = curve_fit(decay, X[~bad], Y[~bad], sigma=SIGMA[~bad])
    assert_allclose(popt, expected[0])
    assert_allclose(pcov, expected[1])


def test_partial_and_keywords_set_constants() -> None:
    def shifted(x: Any, a: Any, b: Any, *, c: Any = 0.5) -> Any:
        return decay(x, a, b, c)

    expected = curve_fit(lambda x, a, b: decay(x, a, b, 0.5), X, Y)[0]
    assert_allclose(curve_fit(shifted, X, Y)[0], expected)
    assert_allclose(curve_fit(partial(decay, c=0.5), X, Y)[0], expected)


def test_defaults_in_the_signature_count_as_parameters() -> None:
    popt, _ = curve_fit(lambda x, m, c=5.0: m * x + c, X, Y)
    assert_allclose(popt, np.polyfit(X, Y, 1))


# -- derivatives -----------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [None, 0.05, SIGMA, COVARIANCE])
def test_the_callers_derivatives_are_used(sigma: Any) -> None:
    calls = []

    def jac(x: Any, m: Any, c: Any) -> Any:
        calls.append((m, c))
        return np.stack([x, np.ones_like(x)], axis=1)

    def opaque(x: Any, m: Any, c: Any) -> Any:
        return float(m) * x + float(c)

    popt, pcov = curve_fit(opaque, X, Y, sigma=sigma, jac=jac)
    expected = curve_fit(line, X, Y, sigma=sigma)
    assert_allclose(popt, expected[0])
    assert_allclose(pcov, expected[1])
    assert calls
    transposed, _ = curve_fit(
        opaque, X, Y, sigma=sigma, jac=lambda x, m, c: jac(x, m, c).T, col_deriv=True
    )
    assert_allclose(transposed, popt)


def by_float(x: Any, a: Any, b: Any, c: Any) -> Any:
    return float(a) * np.exp(-b * x) + c


def by_math(x: Any, a: Any, b: Any, c: Any) -> Any:
    return np.array([a * math.exp(-b * v) for v in x]) + c


def by_assignment(x: Any, a: Any, b: Any, c: Any) -> Any:
    values = np.empty(len(x))
    values[:] = a * np.exp(-b * x) + c
    return values


@pytest.mark.parametrize("model", [by_float, by_math, by_assignment])
def test_a_model_that_cannot_be_recorded_is_fitted_by_differences(model: Any) -> None:
    with pytest.warns(
        UserWarning, match=r"cannot be recorded.*plain NumPy.*jac=.*reason.*LostGraphError"
    ) as caught:
        popt, pcov = curve_fit(model, X, Y, sigma=SIGMA)
    expected, covariance = curve_fit(decay, X, Y, sigma=SIGMA)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert_allclose(popt, expected, rtol=1e-8)
    assert_allclose(pcov, covariance, rtol=1e-7)


@pytest.mark.parametrize(("name", "off"), [("2-point", 1e-6), ("3-point", 1e-9), ("cs", 1e-14)])
@pytest.mark.parametrize(
    "limits",
    [
        None,
        ([0, 0, -1], [9, 9, 9]),
        ([2, -9, 0.4], [9, 0.7, 9]),
        ([2, 0.7, 0.4], [9, 0.7 + 1e-9, 1]),
    ],
    ids=["free", "inside", "at bounds", "between narrow ones"],
)
def test_differences_stay_within_bounds(name: str, off: float, limits: Any) -> None:
    p = np.array([2.0, 0.7, 0.4])
    seen: list[Any] = []
    lower, upper = map(np.array, limits or (np.full(3, -np.inf), np.full(3, np.inf)))

    def residuals(p: Any) -> Any:
        seen.append(np.real(p))
        return decay(X, *p)

    J = differences(residuals, name, None if limits is None else (lower, upper))(p)
    narrow = limits is not None and upper[1] - lower[1] < 1e-6
    expected = np.stack([np.exp(-0.7 * X), -2.0 * X * np.exp(-0.7 * X), np.ones(X.size)], axis=-1)
    assert_allclose(J[:, ::2], expected[:, ::2], atol=off)
    assert_allclose(J[:, 1], expected[:, 1], atol=1e-5 if narrow and name != "cs" else 10 * off)
    assert (lower <= seen).all()
    assert (seen <= upper).all()


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
def test_differences_by_name_need_no_warning(jac: str) -> None:
    model = decay if jac == "cs" else by_float
    assert_allclose(curve_fit(model, X, Y, jac=jac)[0], curve_fit(decay, X, Y)[0], rtol=1e-5)


def test_differences_stay_in_the_bounds() -> None:
    def model(x: Any, a: Any, b: Any, c: Any) -> Any:
        return a * np.exp(-b * x) + math.sqrt(0.6 - c)

    with pytest.warns(UserWarning, match="cannot be recorded"):
        popt, _ = curve_fit(model, X, Y, bounds=(-np.inf, [np.inf, np.inf, 0.6]))
    assert_allclose(popt[:2], curve_fit(decay, X, Y)[0][:2], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:f cannot be recorded")
def test_differences_do_not_hide_what_is_undetermined() -> None:
    with pytest.warns(scipy.optimize.OptimizeWarning, match="singular"):
        _, pcov = curve_fit(lambda x, a, b, c: float(a) * b * np.exp(-c * x), X, Y - 0.5)
    assert np.all(np.isinf(pcov))


def test_an_error_of_the_model_itself_is_raised_as_it_is() -> None:
    def model(x: Any, a: Any) -> Any:
        raise KeyError("a")

    with pytest.raises(KeyError, match="a"):
        curve_fit(model, X, Y)


# -- no answer is a quiet one -----------------------------------------------------------------


def test_parameters_of_which_only_the_product_counts() -> None:
    with pytest.warns(scipy.optimize.OptimizeWarning, match=r"rank 2 of 3.*along") as caught:
        popt, pcov = curve_fit(lambda x, a, b, c: a * b * np.exp(-c * x), X, Y - 0.5)
    expected, _ = curve_fit(lambda x, a, c: a * np.exp(-c * x), X, Y - 0.5)
    assert caught[0].filename == __file__
    assert_allclose([popt[0] * popt[1], popt[2]], expected, rtol=1e-6)
    assert np.all(np.isinf(pcov))


def test_a_start_too_far_off_for_the_data_to_tell() -> None:
    x = np.linspace(490, 510, 40)

    def peak(x: Any, height: Any, centre: Any, width: Any) -> Any:
        return height * np.exp(-((x - centre) ** 2) / (2 * width**2))

    with pytest.warns(scipy.optimize.OptimizeWarning, match="p0 may be too far off"):
        curve_fit(peak, x, peak(x, 3.0, 500.0, 2.0))


def test_as_many_parameters_as_points_leave_no_errors() -> None:
    with pytest.warns(scipy.optimize.OptimizeWarning, match="as many parameters as points"):
        popt, pcov = curve_fit(line, [1.0, 2.0], [3.0, 5.0])
    assert_allclose(popt, [2.0, 1.0])
    assert np.all(np.isinf(pcov))


def test_as_many_parameters_as_points_with_known_errors() -> None:
    _, pcov = curve_fit(line, [0.0, 1.0], [3.0, 5.0], sigma=[0.1, 0.1], absolute_sigma=True)
    assert_allclose(pcov, [[0.02, -0.01], [-0.01, 0.01]])


def test_the_errors_do_not_depend_on_a_parameter_being_zero() -> None:
    # SciPy's "lm" fails here: https://github.com/scipy/scipy/issues/21995
    x = np.linspace(-1, 1, 20)
    covariances = [
        curve_fit(lambda x, a, b: a + b * x**2, x, a + b * x**2 + 1e-3 * x**3)[1]
        for a, b in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    ]
    assert_allclose(covariances[0], covariances[2], rtol=1e-9)
    assert_allclose(covariances[1], covariances[2], rtol=1e-9)


def test_a_minimum_at_a_corner_is_returned_with_a_warning() -> None:
    with pytest.warns(scipy.optimize.OptimizeWarning, match=r"best that were found.*no minimum"):
        popt, *_, ier = curve_fit(lambda x, a: np.abs(a - 0.3) * x, X, -0.2 * X, full_output=True)
    assert_allclose(popt, [0.3])
    assert ier == 3


@pytest.mark.parametrize("name", ["maxfev", "max_nfev"])
def test_too_few_evaluations_raise(name: str) -> None:
    with pytest.raises(RuntimeError, match=r"Optimal parameters not found.*max_nfev"):
        curve_fit(decay, X, Y, **{name: 2})


def test_no_evaluations_raise_too() -> None:
    with pytest.raises(RuntimeError, match=r"not found: 0 evaluations \(max_nfev\)"):
        curve_fit(decay, X, Y, max_nfev=0)


@pytest.mark.parametrize("name", ["maxfev", "max_nfev"])
def test_a_number_of_evaluations_is_whole(name: str) -> None:
    with pytest.raises(TypeError, match=r"max_nfev to be a whole number of 0 or more, got 2.5"):
        curve_fit(decay, X, Y, **{name: 2.5})


@pytest.mark.parametrize("level", [2.0, 2.1])
def test_a_rate_that_runs_off_to_infinity(level: float) -> None:
    # The data jump to their mean, or above it, at once: the faster, the better.
    x, y = np.arange(1.0, 7.0), np.array([level, 2.0, 2.1, 1.9, 2.05, 1.95])
    with pytest.raises((RuntimeError, scipy.optimize.OptimizeWarning), match=r"nothing|singular"):
        curve_fit(lambda x, a, b: a * (1 - np.exp(-b * x)), x, y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((line, [], []), "`ydata` must not be empty"),
        ((line, X, np.where(X > 3.9, np.nan, Y)), r"ydata\[29\] is nan"),
        ((line, np.where(X > 3.9, np.inf, X), Y), r"xdata\[29\] is inf"),
        ((line, X, Y[:7]), r"ydata has shape \(7,\), but for xdata of shape \(30,\)"),
        ((line, X, Y.reshape(5, 6)), r"ydata has shape \(5, 6\)"),
        ((line, X, Y * 1j), "ydata is complex"),
        ((line, X, np.ma.masked_less(Y, 1.0)), "ydata has masked entries"),
        ((line, X, Y, [1, np.nan]), r"p0\[1\] is nan"),
        ((line, X, Y, ["m", "c"]), "p0 has dtype"),
        ((line, X, Y, None, np.zeros(30)), r"sigma\[0\] is 0.0"),
        ((line, X, Y, None, np.full(30, np.nan)), r"sigma\[0\] is nan"),
        (
            (line, X, Y, None, [1.0, 2.0]),
            r"`sigma` has incorrect shape. It is \(2,\), expected \(30",
        ),
        ((line, X, Y, None, -COVARIANCE), "`sigma` must be positive definite.*eigenvalue"),
        ((line, X, Y, None, np.tril(COVARIANCE)), r"sigma\[0, 1\] is 0.0, expected a symmetric"),
        (
            (lambda x, *p: p[0] * x, X, Y),
            "Unable to determine number of fit parameters. p0 is needed",
        ),
        ((lambda x, a: np.log(a * x), X, Y), r"p0.* f\(xdata, \*p0\)\[0\] is -inf"),
        ((lambda x, a: np.sqrt(a) * x, [1.0, 2.0], [1.0, 2.0], 0.0), "Jacobian's row 0 of 2"),
        ((lambda x, a: a * x[:5], X, Y), r"returned shape \(5,\)"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        curve_fit(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "newton"}, "`method` must be 'trf', 'dogbox' or 'lm', got 'newton'"),
        ({"method": "lm", "bounds": (0, 9)}, "Method 'lm' only works for unconstrained"),
        ({"bounds": (0, 9), "p0": [1, -1]}, r"Initial guess is outside.*p0\[1\] is -1.0"),
        ({"bounds": ([0, 2], 2)}, "Each lower bound must be strictly less.*parameter 1"),
        ({"bounds": ([0, 1, 2], 5)}, "3 lower bounds, but 2 parameters"),
        ({"bounds": 3}, r"`bounds` must contain 2 elements"),
        ({"jac": "4-point"}, "`jac` must be '2-point', '3-point', 'cs' or callable"),
        ({"jac": lambda x, m, c: np.ones((30, 3))}, r"Jacobian has shape \(30, 3\).*\(30, 2\)"),
        ({"args": (1,)}, "'args' is not a supported keyword argument"),
        ({"loss": "biweight"}, "expected loss to be one of"),
        ({"nan_policy": "skip"}, "nan_policy must be one of"),
    ],
)
def test_bad_options_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        curve_fit(line, X, Y, **options)


def test_fewer_points_than_parameters_and_unknown_options_are_type_errors() -> None:
    with pytest.raises(TypeError, match=r"func parameters=3 must not exceed.* points=2"):
        curve_fit(decay, X[:2], Y[:2])
    with pytest.raises(TypeError, match="has no keyword 'tolerance'"):
        curve_fit(decay, X, Y, tolerance=1e-3)


def test_the_index_of_a_bad_value_is_right_with_a_covariance_too() -> None:
    with pytest.raises(ValueError, match=r"f\(xdata, \*p0\)\[3\] is nan"):
        curve_fit(lambda x, a: a * np.where(x == x[3], np.nan, x), X, Y, sigma=COVARIANCE)


def test_unchecked_data_are_refused_at_the_start_of_the_fit() -> None:
    with pytest.raises(ValueError, match="residual 4 of 30 is nan"):
        curve_fit(line, X, np.where(np.arange(30) == 4, np.nan, Y), check_finite=False)
