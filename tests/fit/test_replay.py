"""Fits that are made again and again are replayed, and find what they find without plans."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autodiff import eager, forget_plans, hessian, jacobian, replaying
from fit import Exponential, FitResult, Gaussian, Line, Model, curve_fit, fit

T = np.linspace(0.0, 4.0, 50)
NOISE = 0.05 * np.random.default_rng(0).normal(size=50)
OFTEN = 60  # calls, after which functions of few numbers are replayed


def decay(t: Any, a: Any = 2.0, b: Any = 1.0, c: Any = 0.0) -> Any:
    return a * np.exp(-b * t) + c


Y = decay(T, 2.5, 1.3, 0.5) + NOISE


@pytest.fixture(autouse=True)
def cold() -> Iterator[None]:
    """Begin, and end, without plans."""
    forget_plans()
    yield
    forget_plans()


# -- which fits share a plan -------------------------------------------------------------------


def bell(t: Any, height: Any = 1.0, center: Any = 2.0, sigma: Any = 1.0) -> Any:
    return Gaussian()(t, height, center, sigma)


def correlated(scale: float) -> np.ndarray:
    return scale * (0.01 * np.eye(50) + 0.001)


KINDS: dict[str, Callable[[float], FitResult]] = {
    "without errors": lambda s: fit(decay, T, s * Y),
    "errors": lambda s: fit(decay, T, s * Y, 0.05 * s + 0.001 * T),
    "one error": lambda s: fit(decay, T, s * Y, 0.05 * s),
    "a covariance": lambda s: fit(decay, T, s * Y, correlated(s)),
    "a fixed number": lambda s: fit(decay, T, s * Y, fixed={"c": 0.5 * s}),
    "a tie": lambda s: fit(decay, T, s * Y, fixed={"c": fifth_of}),
    "a lambda": lambda s: fit(scaled_decay(np.full(50, s)), T, Y - 0.5),
    "a built-in model": lambda s: fit(Exponential(prefix=f"p{s}_") + Line(), T, s * Y),
    "a combination": lambda s: fit(Model(decay) + 0 * Model(slope), T, s * Y),
    "effective variance": lambda s: fit(
        decay, T, s * Y, 0.05, x_sigma=0.01 * s, method="effective-variance"
    ),
}


def scaled_decay(scales: np.ndarray) -> Callable[..., Any]:
    return lambda t, a=2.0, b=1.0: scales * a * np.exp(-b * t)


def fifth_of(a: Any) -> Any:
    return a / 5


def slope(t: Any, m: Any = 1.0) -> Any:
    return m * t


@pytest.mark.parametrize("kind", KINDS)
def test_one_plan_serves_many_data(kind: str) -> None:
    one, other = (KINDS[kind](s).problem for s in (1.0, 1.1))
    p = np.array(one.parameters.start)
    for f in (
        lambda f: f.residuals,
        lambda f: jacobian(f.residuals),
        lambda f: hessian(f.chi_squared),
    ):
        repeated = replaying(f(one))
        for _ in range(OFTEN):
            repeated(p)
        again = replaying(f(other))
        plans = again.plans  # type: ignore[attr-defined]
        assert len(plans) == 1
        before = plans[0].runs
        found = again(p)
        assert plans[0].runs == before + 1
        assert_allclose(found, f(other)(p), rtol=1e-10, atol=1e-10)


def test_one_plan_serves_constraints_of_many_numbers() -> None:
    def constrained(s: float) -> FitResult:
        return fit(decay, T, Y, constraints=lambda a, c: a - 5 * c)

    one, other = (constrained(s).problem for s in (1.0, 2.0))
    repeated = replaying(jacobian(one.constraint))
    for _ in range(OFTEN):
        repeated(one.parameters.start)
    assert replaying(jacobian(other.constraint)).plans  # type: ignore[attr-defined]


def calls_of(f: Any, use: Callable[[], Any]) -> int:
    """Return how often a function is called while another runs, without its knowing."""
    calls = 0

    def tell(frame: Any, event: str, _: Any) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code is f.__code__

    before = sys.getprofile()
    sys.setprofile(tell)
    try:
        use()
    finally:
        sys.setprofile(before)
    return calls


REPLAYED: dict[str, Callable[[FitResult], Any]] = {
    "an interval": lambda result: result.interval("b", level=0.95),
    "a profile": lambda result: result.profile("c"),
    "the Hessian": lambda result: result.problem.hessian(result.p),
    "a report": lambda result: replace(result).report(),
}


@pytest.mark.parametrize("use", REPLAYED)
def test_what_is_replayed_does_not_call_the_model(use: str) -> None:
    result = fit(decay, T, Y)
    assert calls_of(decay, lambda: REPLAYED[use](result)) > 0
    for _ in range(OFTEN):
        REPLAYED[use](result)
    others = fit(decay, T, Y + NOISE[::-1])
    assert calls_of(decay, lambda: REPLAYED[use](others)) <= (6 if use == "a report" else 0)


# -- the same, to rounding, without plans ------------------------------------------------------


def by_fit() -> FitResult:
    return fit(decay, T, Y, 0.05)


def by_interval() -> Any:
    result = by_fit()
    return [result.interval(name) for name in result.names]


def by_profile() -> Any:
    profile = by_fit().profile("b")
    return [*profile.chi_squared, *profile.parameters.ravel()]


USES: dict[str, Callable[[], Any]] = {
    "curve_fit": lambda: np.concatenate([x.ravel() for x in curve_fit(decay, T, Y)]),
    "fit": lambda: [*by_fit().values.values(), *by_fit().errors.values()],
    "a robust fit": lambda: [*fit(decay, T, Y, loss="huber").values.values()],
    "a guess": lambda: [*fit(Gaussian() + Line(), T, bell(T) + T).values.values()],
    "errors in x": lambda: [*fit(decay, T, Y, 0.05, x_sigma=0.02).values.values()],
    "intervals": by_interval,
    "a profile": by_profile,
    "a band": lambda: by_fit().band([0.5, 5.0], level=0.95),
    "propagation": lambda: by_fit().propagate(lambda a, b: a / b),
    "the Hessian": lambda: by_fit().hessian_covariance,
}


@pytest.mark.parametrize("use", USES)
def test_eager_gives_the_same_to_rounding(use: str) -> None:
    with eager():
        expected = USES[use]()
    for _ in range(12):
        found = USES[use]()
        assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


# -- models as people write them ---------------------------------------------------------------

TRUE = (2.5, 1.3, 0.5)


def data_sets() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what models in a loop capture, and times that differ from one to the next."""
    rng = np.random.default_rng(1)
    for _ in range(30):
        yield rng.uniform(0.5, 2.0, size=50), T + rng.uniform(0.0, 0.1, size=50)


CAPTURING: dict[str, Callable[[np.ndarray], Callable[..., Any]]] = {
    "an array": lambda w: lambda t, a, b, c: w * decay(t, a, b, c),
    "two of it": lambda w: lambda t, a, b, c: 2 * w * decay(t, a, b, c),
    "twice": lambda w: lambda t, a, b, c: decay(t, a, b, c) * (2 * w),
    "its largest": lambda w: lambda t, a, b, c: decay(t, a, b, c) / float(w.max()) * w,
    "its sum": lambda w: lambda t, a, b, c: decay(t * w.sum() / 50, a, b, c),
    "a number": lambda w: (lambda s: lambda t, a, b, c: decay(s * t, a, b, c))(float(w[0])),
    "which are large": lambda w: lambda t, a, b, c: decay(t, a, b, c) * np.where(w > 1, w, 1.0),
}


@pytest.mark.parametrize("what", CAPTURING)
def test_a_lambda_made_anew_for_each_data_set_is_fitted_to_its_own(what: str) -> None:
    for w, t in data_sets():
        model = CAPTURING[what](w)
        y = model(t, *TRUE)
        popt, _ = curve_fit(model, t, y, [2.0, 1.0, 0.3])
        assert_allclose(popt, TRUE, rtol=1e-7)
        result = fit(model, t, y, 0.1, p0=[2.0, 1.0, 0.3])
        assert_allclose(result.p, TRUE, rtol=1e-7)
        # Of a model without noise the error is that of the Jacobian alone.
        half = result.interval("a")[1] - TRUE[0]
        assert half == pytest.approx(result.errors["a"], rel=0.2)


def test_a_captured_array_that_is_filled_anew_is_fitted_as_it_is() -> None:
    w = np.ones(50)

    def model(t: Any, a: Any, b: Any, c: Any) -> Any:
        return decay(t, a, b, c) * (2 * w)

    for values, t in data_sets():
        w[:] = values
        popt, _ = curve_fit(model, t, model(t, *TRUE), [2.0, 1.0, 0.3])
        assert_allclose(popt, TRUE, rtol=1e-7)


def test_a_model_that_cannot_be_recorded_is_told_each_time() -> None:
    def model(t: Any, a: Any, b: Any) -> Any:
        return np.array([a * math.exp(-b * time) for time in t])

    y = model(T, 2.5, 1.3)
    for _ in range(OFTEN // 6):
        with pytest.warns(UserWarning, match="f cannot be recorded"):
            popt, _ = curve_fit(model, T, y)
        assert_allclose(popt, [2.5, 1.3], rtol=1e-6)
        with pytest.raises(TypeError, match="the model cannot be recorded"):
            fit(model, T, y, p0=[1.0, 1.0])


def test_a_model_that_cannot_be_recorded_only_where_the_search_leads_is_differenced() -> None:
    def model(t: Any, a: Any) -> Any:
        return a * t if a < 2 else np.array([float(a) * time for time in t])

    with pytest.warns(UserWarning, match="f cannot be recorded"):
        popt, _ = curve_fit(model, T, 5 * T, [1.0])
    assert popt == pytest.approx([5.0])


def test_what_the_search_refuses_is_not_blamed_on_the_model() -> None:
    def model(t: Any, a: Any) -> Any:
        return math.exp(a) * t

    with pytest.raises(TypeError, match="max_nfev"):  # without a warning, which is an error here
        curve_fit(model, T, T, max_nfev=1.5)


def test_a_model_that_counts_is_called_as_often_in_each_fit() -> None:
    count = [0]

    def model(t: Any, a: Any, b: Any, c: Any) -> Any:
        count[0] += 1
        return decay(t, a, b, c)

    counts = []
    for _ in range(40):
        count[0] = 0
        curve_fit(model, T, Y, [2.0, 1.0, 0.3])
        counts.append(count[0])
    # Recordings, which find out that it counts, call it more often for once.
    assert counts[0] == counts[-1] > 0
    assert sum(n > counts[0] for n in counts) <= 3


def test_what_a_model_prints_is_printed_in_each_fit(capsys: pytest.CaptureFixture[str]) -> None:
    def model(t: Any, a: Any, b: Any) -> Any:
        print("here")
        return a * np.exp(-b * t)

    printed = []
    for _ in range(20):
        curve_fit(model, T, Y - 0.5, [2.0, 1.0])
        printed.append(capsys.readouterr().out.count("here"))
    assert len(set(printed)) == 1
    assert printed[0] > 0


def test_fits_in_two_threads_at_once_find_the_same() -> None:
    scales = np.linspace(0.5, 2.0, 60)

    def one(scale: float) -> Any:
        result = fit(decay, T, scale * Y, 0.05)
        return [*result.p, *result.interval("b"), *curve_fit(decay, T, scale * Y)[0]]

    with eager():
        expected = [one(scale) for scale in scales]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(one, scales))
    assert_allclose(found, expected, rtol=1e-8)


# -- what is not looked at twice ---------------------------------------------------------------


def test_the_model_is_called_no_more_often_than_it_is_evaluated() -> None:
    count = [0]

    def model(t: Any, a: Any, b: Any, c: Any) -> Any:
        count[0] += 1
        return decay(t, a, b, c)

    result = fit(model, T, Y, p0=[2.0, 1.0, 0.3])
    assert count[0] == result.nfev
    result.residuals  # noqa: B018
    assert count[0] == result.nfev
    assert_allclose(result.residuals, Y - decay(T, *result.p), rtol=1e-12)


def test_a_problem_without_its_functions_is_what_is_pickled() -> None:
    problem = by_fit().problem
    problem.chi_squared(problem.parameters.start)
    held = problem.__getstate__()
    assert not any(map(callable, {k: v for k, v in held.items() if k != "model"}.values()))
    assert replace(problem).residuals is not problem.residuals
