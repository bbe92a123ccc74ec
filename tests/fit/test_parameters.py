"""Parameters by name: where they start, their bounds, and those that are held or tied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose

from fit import FitResult, Model, curve_fit, fit

T = np.linspace(0, 4, 12)
Y = np.array([3.02, 2.31, 1.66, 1.37, 1.10, 0.83, 0.76, 0.62, 0.57, 0.45, 0.51, 0.46])


def decay(t: Any, amplitude: Any = 2.0, rate: Any = 1.0, offset: Any = 0.3) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def without_defaults(t: Any, amplitude: Any, rate: Any) -> Any:
    return amplitude * np.exp(-rate * t)


def fitted(**how: Any) -> FitResult:
    return fit(decay, T, Y, 0.05, **how)


# -- where they start ------------------------------------------------------------------------


def test_the_signature_names_them() -> None:
    assert fitted().names == fitted().free == ("amplitude", "rate", "offset")


def test_they_start_at_the_defaults_of_the_signature() -> None:
    assert_allclose(fitted().problem.parameters.start, [2.0, 1.0, 0.3])


@pytest.mark.parametrize(
    ("p0", "start"),
    [
        ({"rate": 0.7}, [2.0, 0.7, 0.3]),
        ([3.0, 0.5, 0.1], [3.0, 0.5, 0.1]),
        ({"rate": 1, "offset": np.float32(0.5)}, [2.0, 1.0, 0.5]),
    ],
)
def test_p0_overrides_the_defaults(p0: Any, start: list[float]) -> None:
    assert_allclose(fitted(p0=p0).problem.parameters.start, start)


def test_names_of_a_model_without_a_signature() -> None:
    model = Model(lambda t, *p: decay(t, *p), names=("a", "b", "c"))
    assert fit(model, T, Y, p0=[2.0, 1.0, 0.3]).names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("p0", "message"),
    [
        (None, r"no starting value for amplitude, rate: give p0=\{'amplitude': ..., 'rate': ...\}"),
        ({"amplitude": 1.0}, "no starting value for rate"),
        ({"amplitude": 1.0, "speed": 2.0}, "p0: no parameter 'speed'; there are amplitude, rate"),
        ({"amplitude": 1.0, "rate": np.nan}, r"p0\['rate'\] is nan"),
        ({"amplitude": 1.0, "rate": [1.0, 2.0]}, r"p0\['rate'\] has shape \(2,\)"),
        ([1.0, np.inf], r"p0\[1\] is inf"),
        ([1.0, 2.0, 3.0], r"p0 has shape \(3,\), expected \(2,\) for amplitude, rate"),
        (1.0, r"p0 has shape \(1,\)"),
    ],
)
def test_starts_that_cannot_be_meant(p0: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(without_defaults, T, Y, p0=p0)


def test_a_default_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="a starts at nan: give it another start in p0"):
        fit(lambda t, a=np.nan: a * t, T, Y)


# -- bounds ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bounds",
    [
        {"rate": (None, 0.8), "offset": (0.0, None)},
        {"rate": [-np.inf, 0.8], "offset": np.array([0.0, np.inf])},
        ([-np.inf, -np.inf, 0.0], [np.inf, 0.8, np.inf]),
        (-np.inf, [np.inf, 0.8, np.inf]),
        scipy.optimize.Bounds(-np.inf, [np.inf, 0.8, np.inf]),
    ],
)
def test_bounds_are_kept(bounds: Any) -> None:
    result = fitted(bounds=bounds, p0={"rate": 0.5})
    assert result.values["rate"] == 0.8
    assert result.success
    held = fitted(fixed={"rate": 0.8})
    assert result.values["offset"] == pytest.approx(held.values["offset"], rel=1e-8)


def test_bounds_that_do_not_bind_change_nothing() -> None:
    free, bounded = fitted(), fitted(bounds={"rate": (0, 5), "amplitude": (0, 10)})
    assert_allclose(bounded.p, free.p, rtol=1e-8)
    assert_allclose(bounded.covariance, free.covariance, rtol=1e-6)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"rate": (2, 3)}, r"rate starts at 1, outside its bounds 2 ... 3"),
        ({"speed": (0, 1)}, "bounds: no parameter 'speed'; there are amplitude, rate, offset"),
        ({"rate": (3, 2)}, r"bounds\['rate'\] is \(3, 2\), expected the lower one first"),
        ({"rate": (1, 1)}, "use fixed"),
        ({"rate": (np.nan, 1)}, r"bounds\['rate'\] is \(nan, 1\): write None or inf"),
        ({"rate": 3.0}, r"bounds\['rate'\] is 3.0, expected a pair"),
        ({"rate": (1, 2, 3)}, "expected a pair"),
        (
            ([0, 0], [1, 1]),
            r"entries of shape \(2,\), \(2,\).*lower and upper bounds, each of shape \(3,\)",
        ),
        (([-np.inf, 0, 0], [1, -1, 1]), r"bounds\['rate'\] is \(0.0, -1.0\), expected the lower"),
        ([0, 1, 2], "expected a dict of pairs by name, such as"),
    ],
)
def test_bounds_that_cannot_be_meant(bounds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted(bounds=bounds)


def proportion(t: Any, a: Any = 1.0, b: Any = 0.5) -> Any:
    return a * t + b


@pytest.mark.parametrize(
    ("bounds", "by_name", "sides"),
    [
        ([(-5, 5), (0, 10)], "{'a': (-5, 5), 'b': (0, 10)}", "([-5, 0], [5, 10])"),
        ([(None, 5), (0, np.inf)], "{'a': (-np.inf, 5), 'b': (0, np.inf)}", "([-np.inf, 0], [5,"),
        (3 * [[0, 1]], "{'a': (0, 1), 'b': (0, 1)}", "([0, 0, 0], [1, 1, 1])"),
        (4 * [(0, 1)], "{'a': (0, 1), 'b': (0, 1), ...}", "([0, 0, 0, ...], [1, 1, 1, ...])"),
        (np.array([[0, 1]]), "{'a': (0, 1)}", "([0], [1])"),
    ],
)
@pytest.mark.parametrize("function", [fit, curve_fit])
def test_a_list_of_pairs_is_answered_with_both_spellings(
    function: Any, bounds: Any, by_name: str, sides: str
) -> None:
    with pytest.raises(ValueError, match="bounds is a list of pairs: write pairs by name") as said:
        function(proportion, T, Y, bounds=bounds)
    assert f"bounds={by_name}" in str(said.value)
    assert f"bounds={sides}" in str(said.value)


@pytest.mark.parametrize(
    "bounds",
    [
        {"a": (-5, 5), "b": (0, 10)},
        {"b": (0, None)},
        {"a": None, "b": (0, None)},
        ([-5, 0], [5, 10]),
        [[-5, 0], [5, 10]],
        ((-5, 0), (5, 10)),
        ([None, 0], None),
        scipy.optimize.Bounds([-5, 0], [5, 10]),
    ],
)
def test_curve_fit_reads_bounds_alike(bounds: Any) -> None:
    y = 2 * T - 3
    popt, _ = curve_fit(proportion, T, y, bounds=bounds)
    assert_allclose(popt, fit(proportion, T, y, bounds=bounds).p, rtol=1e-6, atol=1e-12)
    assert popt[1] == 0


@pytest.mark.parametrize(
    "bounds",
    [([-5, 0], [5, 10]), [[-5, 0], [5, 10]], scipy.optimize.Bounds([-5, 0], [5, 10])],
)
def test_bounds_of_two_parameters_that_are_lower_and_upper_ones(bounds: Any) -> None:
    parameters = fit(proportion, T, Y, bounds=bounds).problem.parameters
    assert (parameters.lower.tolist(), parameters.upper.tolist()) == ([-5, 0], [5, 10])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bounds": {"c": (0, 1)}}, "bounds: no parameter 'c'; there are a, b"),
        ({"bounds": {"a": (2, 1)}}, r"bounds\['a'\] is \(2, 1\), expected the lower one first"),
        ({"bounds": {"a": 3}}, r"bounds\['a'\] is 3, expected a pair"),
        ({"bounds": {"a": (3, 4)}, "p0": [1, 1]}, r"p0\[0\] is 1.0, expected between 3.0 and 4.0"),
    ],
)
def test_bounds_by_name_that_curve_fit_refuses(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        curve_fit(proportion, T, Y, **options)


@pytest.mark.parametrize("function", [fit, curve_fit])
@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (({"a": 0}, {"a": 2}), r"bounds by name are pairs, such as bounds=\{'a': \(0, None\)\}"),
        (("0", "2"), "bounds has dtype <U1, expected real numbers"),
        ((np.nan, 2), "write None or inf where there is none"),
        (([0, np.nan], [2, 3]), "write None or inf where there is none"),
    ],
)
def test_bounds_that_are_no_numbers_are_refused_alike(
    function: Any, bounds: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        function(proportion, T, Y, bounds=bounds)


def test_pairs_that_come_one_by_one_are_no_sides() -> None:
    with pytest.raises(ValueError, match="expected a dict of pairs by name"):
        fit(proportion, T, Y, bounds=zip([0, 0], [2, 3], strict=True))  # type: ignore[arg-type]


def test_bounds_by_name_need_names() -> None:
    with pytest.raises(ValueError, match=r"names its 2 parameters, but its signature is .*\*p"):
        curve_fit(several, T, Y, [1, 1], bounds={"a": (0, 1)})


def several(t: Any, *p: Any) -> Any:
    return p[0] * t + p[1]


# -- fixed and tied --------------------------------------------------------------------------


def test_a_fixed_parameter_is_a_constant_of_the_model() -> None:
    result = fitted(fixed={"offset": 0.4})
    written_out = fit(lambda t, a=2.0, r=1.0: decay(t, a, r, 0.4), T, Y, 0.05)
    assert_allclose(result.p, written_out.p, rtol=1e-9)
    assert_allclose(result.covariance[:2, :2], written_out.covariance, rtol=1e-8)
    assert (result.values["offset"], result.errors["offset"]) == (0.4, 0.0)
    assert (result.free, result.dof) == (("amplitude", "rate"), 10)


@pytest.mark.parametrize("fixed", ["offset", ["offset"], ("offset",)])
def test_names_are_fixed_where_they_start(fixed: Any) -> None:
    assert fitted(fixed=fixed, p0={"offset": 0.35}).values["offset"] == 0.35


def test_a_tied_parameter_is_a_function_of_others() -> None:
    result = fitted(fixed={"offset": lambda amplitude: amplitude / 8})
    written_out = fit(lambda t, a=2.0, r=1.0: decay(t, a, r, a / 8), T, Y, 0.05)
    assert_allclose(result.p, written_out.p, rtol=1e-9)
    assert result.values["offset"] == pytest.approx(result.values["amplitude"] / 8)
    assert result.errors["offset"] == pytest.approx(result.errors["amplitude"] / 8)
    assert result.correlation[0, 2] == pytest.approx(1.0)
    assert result.dof == 10


def test_ties_are_chained_in_whatever_order() -> None:
    def three(t: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        return a * np.exp(-b * t) + c + d * t

    result = fit(
        three,
        T,
        Y,
        0.05,
        p0={"a": 2.0},
        fixed={"b": lambda c, d: c / 2 + d, "c": lambda d, a: a / 4 + d, "d": 0.01},
    )
    a = result.values["a"]
    assert result.free == ("a",)
    assert result.values["c"] == pytest.approx(a / 4 + 0.01)
    assert result.values["b"] == pytest.approx((a / 4 + 0.01) / 2 + 0.01)
    assert result.errors["b"] == pytest.approx(result.errors["a"] / 8)


def test_bounds_of_a_fixed_parameter_that_it_keeps() -> None:
    assert fitted(fixed={"offset": 0.4}, bounds={"offset": (0, 1)}).values["offset"] == 0.4


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"fixed": {"speed": 1.0}}, "fixed: no parameter 'speed'"),
        ({"fixed": "speed"}, "fixed: no parameter 'speed'"),
        ({"fixed": {"rate": np.nan}}, r"fixed\['rate'\] is nan"),
        ({"fixed": {"rate": "a/2"}}, r"fixed\['rate'\] is 'a/2', expected a number or a function"),
        ({"fixed": {"rate": None}}, r"fixed\['rate'\] is None, expected a number or a function"),
        ({"fixed": {"rate": True}}, r"is True, .* where it starts write fixed=\['rate'\]"),
        ({"fixed": {"rate": False}}, r"is False, .* to vary it leave it out"),
        ({"fixed": {"rate": lambda speed: speed}}, "the tie of rate: no parameter 'speed'"),
        ({"fixed": {"rate": lambda rate: rate}}, "the ties go round: rate → rate"),
        (
            {"fixed": {"rate": lambda offset: offset, "offset": lambda rate: rate}},
            "the ties go round: (rate → offset → rate|offset → rate → offset)",
        ),
        ({"fixed": ["amplitude", "rate", "offset"]}, "all parameters are fixed"),
        (
            {"fixed": {"rate": lambda offset: offset}, "bounds": {"rate": (0, 1)}},
            r"bounds\['rate'\]: rate is tied to others",
        ),
        (
            {"fixed": {"rate": 2.0}, "bounds": {"rate": (0, 1)}},
            r"rate is fixed at 2, outside bounds\['rate'\]",
        ),
        ({"constraints": lambda speed: speed}, "constraints: no parameter 'speed'"),
    ],
)
def test_what_cannot_be_held(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted(**how)


def test_names_cannot_be_fixed_without_a_start() -> None:
    with pytest.raises(ValueError, match=r"no value for rate: give fixed=\{'rate': ...\}"):
        fit(without_defaults, T, Y, p0={"amplitude": 1.0}, fixed=["rate"])


# -- starting values -------------------------------------------------------------------------


def test_guesses_are_not_made_where_all_starting_values_are_given() -> None:
    def guess(x: Any, y: Any) -> dict[str, float]:
        raise AssertionError("not needed")

    model = Model(lambda t, a, b: a * t + b, guess=guess)
    assert fit(model, T, Y, p0={"a": 0.0, "b": 0.0}).success
    assert fit(model, T, Y, p0={"a": 0.0}, fixed={"b": 1.0}).success
    with pytest.raises(AssertionError, match="not needed"):
        fit(model, T, Y, p0={"a": 0.0})


def test_guesses_yield_to_bounds() -> None:
    model = Model(lambda t, a, b: a * t + b, guess=lambda t, y: {"a": -7.0, "b": 0.0})
    result = fit(model, T, Y, bounds={"a": (-5.0, 5.0)})
    assert result.problem.parameters.start.tolist() == [-5.0, 0.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bounds": 3}, "bounds is 3, expected a dict of pairs by name"),
        ({"bounds": {"a": ("low", 3)}}, r"bounds\['a'\] has dtype <U3, expected real numbers"),
        ({"fixed": 3}, "fixed is 3, expected a dict by name, or names"),
        ({"fixed": {"a": lambda b: b * np.ones(3)}}, r"the tie of a returned shape \(3,\)"),
        ({"constraints": 3}, "expected functions of parameters as constraints, got 3"),
        ({"constraints": lambda a: None}, r"the constraints are \[None\], expected real numbers"),
        ({"loss": 3}, "expected loss to be one of 'linear', .* or a function of z, got 3"),
    ],
)
def test_arguments_of_the_wrong_kind(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(lambda t, a=1.0, b=1.0: a * t + b, T, Y, **options)
