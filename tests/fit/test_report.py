"""The report: the same facts in a terminal and in a notebook, aligned, rounded, in words."""

from __future__ import annotations

import math
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fit import FitResult, Gaussian, Line, Relative, fit, line
from fit.results._facts import value_and_error

T = np.linspace(0.0, 4.0, 9)
Y = np.array([3.04, 2.05, 1.42, 1.02, 0.80, 0.67, 0.61, 0.54, 0.53])


def decay(t: Any, amplitude: float = 2.0, rate: float = 1.0, offset: float = 0.5) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def quiet(result: FitResult, *warnings: str) -> FitResult:
    """Return a result of which only this test decides the words."""
    result = replace(result, message="the minimum", nfev=7)
    vars(result)["warnings"] = list(warnings)
    return result


def texts(page: str) -> list[str]:
    """Return the texts of an HTML page, whose tags must match."""
    found: list[str] = []
    still_open: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            still_open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert still_open.pop() == tag

        def handle_data(self, data: str) -> None:
            found.append(data.strip())

    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not still_open
    return found


# -- the whole text --------------------------------------------------------------------------


def test_a_line_with_known_errors() -> None:
    x = [0.4, 0.5, 0.6, 0.7, 0.8]
    result = quiet(line(x, [0.1, 0.25, 0.55, 0.75, 0.85], sigma=0.05))
    assert (
        str(result)
        == """\
Model   Line
Data    5 points with errors in y
Method  linear least squares
Outcome converged (the minimum)

χ²                      4      AIC             8.00
degrees of freedom      3      BIC             7.22
χ²/dof              1.333      R²           0.97561
p-value             0.261      evaluations        7

parameter   value   error  relative
───────────────────────────────────
slope       2.00  ± 0.16      7.9 %
intercept  -0.700 ± 0.097      14 %

Errors are absolute: they follow from the errors of the data as given.
Strong correlations: slope, intercept −0.97."""
    )


def test_estimated_errors_a_fixed_and_a_tied_parameter_and_warnings() -> None:
    result = fit(decay, T, Y, fixed={"rate": 1.0, "offset": lambda amplitude: amplitude / 5})
    warning = "this is a very long warning, in words that do not fit onto one line of a terminal"
    assert (
        str(quiet(result, warning, "this one is short"))
        == """\
Model   decay
Data    9 points without errors
Method  least squares
Outcome converged (the minimum)

χ²                  0.0084389      AIC           -60.75
degrees of freedom          8      BIC           -60.55
χ²/dof               0.001055      R²           0.99856
p-value                     –      evaluations        7

parameter   value    error  relative
───────────────────────────────────────────
amplitude  2.507  ± 0.019     0.75 %
rate       1                          fixed
offset     0.5014 ± 0.0038    0.75 %  tied

Errors are scaled by √(χ²/dof) = 0.0325, the residual standard deviation: those of the
data are estimated from how they scatter about the model, so there is no p-value.

Warnings
- this is a very long warning, in words that do not fit onto one line of a terminal
- this one is short"""
    )


def test_an_undetermined_parameter() -> None:
    result = fit(lambda x, a=1.0, b=1.0: a * b * x, [1.0, 2.0], [2.0, 4.1], sigma=0.1)
    table = str(result).split("\n\n")[2].splitlines()[2:]
    assert [line.split() for line in table] == [
        ["a", "1.43", "±", "∞", "undetermined"],
        ["b", "1.43", "±", "∞", "undetermined"],
    ]
    assert "UNDETERMINED (" in str(result)
    assert result.warnings
    assert result.warnings[0].split() == str(result).partition("- ")[2].split("\n- ")[0].split()


# -- what is said ----------------------------------------------------------------------------


def outcome(result: FitResult) -> dict[str, str]:
    """Return the report's first lines by their names."""
    first = str(result).split("\n\n")[0].splitlines()
    return {text[:8].strip(): text[8:] for text in first if text[:8].strip()}


def test_the_methods_are_labelled() -> None:
    sigma_y: dict[str, Any] = {"sigma": 0.1}
    sigma = {**sigma_y, "x_sigma": 0.05}
    x, y = [0.0, 1.0, 2.0, 3.0], [1.1, 2.9, 5.2, 6.9]
    for arguments, words in (
        ({}, "least squares"),
        ({"method": "gradient-descent"}, "gradient descent on χ²"),
        ({**sigma_y, "loss": "soft_l1"}, "least squares, robust by the loss 'soft_l1' beyond 1 σ"),
        (
            {"constraints": lambda slope, intercept: slope - 2 * intercept},
            "least squares, with 1 constraint by Lagrange multipliers",
        ),
        (sigma, "orthogonal distance"),
        ({**sigma, "method": "orthogonal-distance"}, "orthogonal distance"),
        ({**sigma, "method": "effective-variance"}, "effective variance"),
    ):
        result = fit(Line(), x, y, **arguments)
        assert outcome(result)["Method"] == words, arguments


def test_a_search_that_stopped_early_says_so() -> None:
    result = replace(fit(decay, T, Y, 0.02), success=False, message="100 steps were not enough")
    assert outcome(result)["Outcome"] == "NOT CONVERGED (100 steps were not enough)"
    assert repr(result).endswith("not converged>")


def test_a_parameter_at_its_bound_is_marked() -> None:
    result = fit(decay, T, Y, 0.02, p0={"rate": 0.8}, bounds={"rate": (None, 0.9)})
    assert result.values["rate"] == 0.9
    assert [text.endswith("at its bound") for text in str(result).splitlines()].count(True) == 1


def test_which_errors_are_believed() -> None:
    for arguments, words in (
        ({"sigma": 0.1}, "Errors are absolute: they follow from the errors of the data as given."),
        ({"absolute_sigma": True}, "Errors are absolute: they follow from errors of 1 of all data"),
        ({"sigma": 0.1, "absolute_sigma": False}, "of the data only the ratios are believed"),
        ({}, "the residual standard deviation"),
    ):
        result = line([0.0, 1.0, 2.0, 3.0], [1.1, 2.9, 5.2, 6.9], **arguments)  # type: ignore[arg-type]
        assert words in " ".join(str(result).split()), arguments


def test_relative_errors_and_points_left_out_are_told() -> None:
    y = Y.copy()
    y[2] = np.nan
    for fraction, words in ((0.2, "20 %"), (np.linspace(0.1, 0.25, len(T)), "10 to 25 %")):
        result = fit(decay, T, y, Relative(fraction, "model"), nan_policy="omit")
        data = f"{len(T) - 1} points with errors in y, {words} of the model; 1 with NaN left out"
        for each in (result, FitResult.from_json(result.to_json())):
            assert " ".join(outcome(each)["Data"].split()) == data
            said = " ".join(str(each).split())
            assert f"absolute: they follow from errors of {words} of the model" in said
    assert outcome(line(T, y, nan_policy="omit"))["Data"].endswith("; 1 with NaN left out")


def test_as_many_points_as_parameters_leave_the_errors_unknown() -> None:
    result = line([0.0, 1.0], [1.0, 3.0])
    assert str(result).count("± unknown") == 2
    assert "Errors are unknown: " in str(result)


def test_an_exact_fit_and_constant_data_have_a_report() -> None:
    assert "slope" in str(line([0.0, 1.0, 2.0], [0.0, 0.0, 0.0]))
    assert "slope" in str(line([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], sigma=0.1))


def test_a_robust_loss_is_not_called_chi_squared() -> None:
    result = fit(decay, T, Y, 0.02, loss="huber")
    assert "χ²" not in str(result).split("\n\n")[1]
    assert "robust loss" in str(result)
    assert np.isnan(result.r_squared)
    beyond = np.sum(np.abs(Y - result.predict(T)) > 0.02)
    assert f"points beyond {beyond}" in " ".join(str(result).split())
    assert "outliers are taken to be alike at all points" in " ".join(str(result).split())


def test_strong_correlations_are_listed_the_strongest_first() -> None:
    x = np.linspace(10.0, 11.0, 6)
    result = fit(lambda x, a=1.0, b=1.0, c=1.0: a + b * x + c * x**2, x, x**2, sigma=0.1)
    said = str(result).partition("Strong correlations: ")[2].partition(".\n")[0]
    found = [
        abs(float(pair.split()[-1].replace("−", "-"))) for pair in " ".join(said.split()).split(";")
    ]
    assert len(found) == 3
    assert found == sorted(found, reverse=True)
    assert max(found) < 1  # shown with the digits that tell it from 1


def test_no_line_is_longer_than_a_terminal() -> None:
    result = quiet(fit(decay, T, Y, 0.02), "word " * 100, "x" * 30)
    assert max(map(len, str(result).splitlines())) <= 88


def test_the_representation_is_one_short_line() -> None:
    model = sum((Gaussian(f"peak{i}_") for i in range(1, 5)), Line())
    x = np.linspace(0.0, 10.0, 60)
    result = fit(model, x, np.cos(x), 0.1, p0=np.linspace(1.0, 2.0, 14), method="gradient-descent")
    assert "\n" not in repr(result)
    assert len(repr(result)) < 120
    assert " more; " in repr(result)
    assert (
        repr(fit(decay, T, Y, 0.02, fixed={"offset": 0.5}))
        == "<FitResult: amplitude = 2.558 ± 0.019, rate = 1.043 ± 0.014, offset = 0.5; converged>"
    )


def test_the_representation_does_not_reassure_where_the_model_is_wrong() -> None:
    wrong = fit(lambda x, a=1.0: a + 0 * x, [0.0, 1.0, 2.0], [0.0, 1.0, 2.0], 0.1)
    # The sum of squares about the mean 1 is 2, in units of 0.1² and for two degrees of freedom 100.
    assert repr(wrong) == "<FitResult: a = 1.000 ± 0.058; converged, but χ²/dof = 100>"
    unknown = fit(lambda x, a=1.0: a + 0 * x, [0.0, 1.0, 2.0], [0.0, 1.0, 2.0])
    assert repr(unknown) == "<FitResult: a = 1.00 ± 0.58; converged>"


# -- rounding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (2.50376, 0.03034, ("2.504", "0.030")),
        (2.50376, 0.0996, ("2.50", "0.10")),
        (0.5, 0.125, ("0.50", "0.12")),
        (-0.001, 0.5, ("0.00", "0.50")),
        (123456.0, 789.0, ("123460", "790")),
        (6.62607015e-34, 1.2e-41, ("6.62607015e-34", "0.00000012e-34")),
        (1.5e9, 2.3e7, ("1.500e+09", "0.023e+09")),
        (0.0, 1e-7, ("0.0e-07", "1.0e-07")),
        (1.0, 1e-20, ("1", "1.0e-20")),
        (1 / 3, math.inf, ("0.333", "∞")),
        (1 / 3, math.nan, ("0.333333333333", "unknown")),
    ],
)
def test_two_digits_of_the_error_decide(value: float, error: float, shown: tuple[str, str]) -> None:
    assert value_and_error(value, error) == shown


@given(
    st.floats(-1e300, 1e300, allow_subnormal=False),
    st.floats(1e-300, 1e300, allow_subnormal=False),
)
def test_rounding_is_right_to_half_a_unit_of_two_digits(value: float, error: float) -> None:
    value_shown, error_shown = map(float, value_and_error(value, error))
    assert error_shown == pytest.approx(error, rel=0.0501)
    assert abs(value_shown - value) <= 0.0501 * error + 1e-14 * abs(value)


def test_decimal_points_are_below_one_another() -> None:
    result = fit(decay, T, Y * [1, 1, 1, 1, 1, 1, 1, 1, 1.02], 0.02)
    rows = str(result).split("\n\n")[2].splitlines()[2:]
    assert len({row.index(".") for row in rows}) == 1
    assert len({row.index("±") for row in rows}) == 1
    assert len({row.rindex("%") for row in rows}) == 1


# -- HTML ------------------------------------------------------------------------------------


def test_html_tells_the_same_as_the_text() -> None:
    result = fit(decay, T, Y, 0.02, p0={"rate": 0.8}, bounds={"rate": (None, 0.9)})
    shown = " ".join(texts(result._repr_html_())).split()
    said = [w for w in str(result).split() if w.strip("─-")]
    assert sorted(shown) == sorted(said)


def test_html_escapes_names_and_words() -> None:
    evil = "<script>alert('&')</script>"
    from fit import Model

    model = Model(lambda x, a, b: a + b * x, names=(evil, "b"), label=evil)
    result = fit(model, [0.0, 1.0, 2.0], [0.0, 1.0, 2.1], 0.1, p0=[1.0, 1.0])
    page = quiet(result, evil)._repr_html_()
    assert "<script" not in page
    assert texts(page).count(evil) == 3


def test_html_has_the_colours_of_its_surroundings() -> None:
    page = fit(decay, T, Y, 0.02)._repr_html_()
    assert "#" not in page
    assert "rgb" not in page
    assert page.count("color: ") == page.count("color: inherit")


# -- what is no number -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (104632.0, 7.3e8, ("1.0e+05", "7.3e+08")),
        (-3.14e-9, 2e-3, ("0.0000", "0.0020")),
        (1e-30, 7.3e8, ("0.0e+08", "7.3e+08")),
        (-2e-9, 1e-5, ("-2.0e-09", "1.0e-05")),
    ],
)
def test_a_value_far_below_its_error_keeps_its_size(
    value: float, error: float, shown: tuple[str, str]
) -> None:
    assert value_and_error(value, error) == shown


@pytest.mark.parametrize("p", [0.99949, 0.9996, 0.99994, 0.999951, 1 - 1e-12])
def test_a_probability_below_1_is_not_reported_as_1(p: float) -> None:
    result = quiet(line(T, Y, 0.1))
    vars(result)["p_value"] = p
    (shown,) = [row for row in result.report().splitlines() if row.startswith("p-value")]
    text = shown.split()[1]
    assert text != "1"
    assert "> 0.9999" in shown if p > 0.9999 else abs(float(text) - p) < 0.001


@pytest.mark.parametrize(
    "model", [Line(), lambda x, slope=1.0, intercept=1.0: slope * x + intercept]
)
@pytest.mark.parametrize("level", [0.0, 1.1, -3e5])
def test_slopes_of_rounding_are_no_discovery(model: Any, level: float) -> None:
    for result in (fit(model, T, np.full(9, level)), line(T, np.full(9, level))):
        report = result.report()
        (row,) = [row for row in report.splitlines() if row.startswith("slope")]
        assert row.split() == ["slope", "0", "±", "0"]
        assert "Errors cannot be estimated: the model meets the data to their last digits" in report


def test_of_good_data_errors_are_estimated_however_small() -> None:
    y = 2 * T + 1 + 1e-13 * np.array([1, -1, 1, -1, 1, -1, 1, -1, 1])
    assert "Errors are scaled by" in line(T, y).report()
