"""Joint regions of two parameters: against ellipses of linear models, SciPy, and counted coverage.

In a linear model the region is an ellipse of the covariance. Elsewhere, on each point of the
contour, SciPy's search for all other parameters finds the same rise of χ².
"""

from __future__ import annotations

import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from matplotlib.path import Path as MatplotlibsPath
from numpy.testing import assert_allclose, assert_array_equal

import fit
from fit import FitResult

T = np.linspace(0.0, 4.0, 50)
NOISE = np.random.default_rng(0).normal(size=50)


def decay(t: Any, amplitude: Any = 2.0, rate: Any = 1.0, offset: Any = 0.2) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def half(amplitude: float) -> float:
    return amplitude / 2


def test_a_contour_is_shown_by_how_far_it_reaches() -> None:
    straight = fit.line([-1.0, 0.0, 1.0], [1.0, 3.1, 4.9], sigma=0.1)
    reach = 0.1 * np.sqrt(scipy.stats.chi2.ppf(0.6827, 2) / [2, 3])
    ends = np.add.outer([-1, 1], [0, 0]) * reach + [1.95, 3.0]
    (left, low), (right, high) = ends
    assert repr(straight.contour("slope", "intercept", points=4)) == (
        f"<Contour: 4 points; level 0.6827; slope from {left:.5g} to {right:.5g}; "
        f"intercept from {low:.5g} to {high:.5g}>"
    )
    bounded = decay_fit(bounds={"rate": (0, 1.3)}).contour("rate", "offset", points=8)
    assert repr(bounded).startswith(f"<Contour: 8 points, {len(bounded.open)} of which are open; ")


def decay_fit(sigma: float | None = 0.25, **options: Any) -> FitResult:
    return fit.fit(decay, T, decay(T, 2.5, 1.3, 0.5) + 0.25 * NOISE, sigma, **options)


def least_rise(result: FitResult, rate: float, offset: float) -> float:
    """Return by how much χ² rises at a rate and an offset, the amplitude following."""
    problem = result.problem
    sigma = 1.0 if problem.sigma is None else problem.sigma
    shape = np.exp(-rate * T)
    amplitude = shape @ (problem.y - offset) / (shape @ shape)
    left = (decay(T, amplitude, rate, offset) - problem.y) / sigma
    return float(left @ left) - result.chi_squared


@pytest.mark.parametrize("sigma", [0.3, None])
@pytest.mark.parametrize("level", [0.6827, 0.95])
def test_the_contour_of_a_linear_model_is_an_ellipse(sigma: float | None, level: float) -> None:
    result = fit.polynomial(T, 1 + T + 0.3 * NOISE, 2, sigma)
    edge = result.contour("c0", "c2", level=level)
    off = np.array([edge.x - result.values["c0"], edge.y - result.values["c2"]])
    covariance = result.covariance[np.ix_([0, 2], [0, 2])]
    quantile = scipy.stats.chi2.ppf(level, 2) if sigma else 2 * scipy.stats.f.ppf(level, 2, 47)
    distance = np.sum(off * np.linalg.solve(covariance, off), axis=0)
    assert_allclose(distance, quantile, rtol=1e-9)
    assert edge.x.shape == edge.y.shape == (40,)
    assert not edge.open
    angles = np.unwrap(np.arctan2(off[1], off[0]))
    assert abs(angles[-1] - angles[0]) > 5  # once around


@pytest.mark.parametrize("sigma", [0.25, None])
def test_at_each_point_the_least_chi_squared_has_risen_by_the_quantile(
    sigma: float | None,
) -> None:
    result = decay_fit(sigma)
    edge = result.contour("rate", "offset", level=0.9, points=12)
    rises = [least_rise(result, *place) for place in zip(edge.x, edge.y, strict=True)]
    assert_allclose(rises, edge.chi_squared, rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"bounds": {"rate": (0.0, 50.0), "offset": (-9, 9)}}, {"bounds": {"amplitude": (0, 2.6)}}],
)
def test_where_bounds_confine_a_fit_searches_find_the_contour(options: dict[str, Any]) -> None:
    result = decay_fit(**options)
    edge = result.contour("rate", "offset", points=8)
    bounds = (result.problem.parameters.lower[0], result.problem.parameters.upper[0])
    for rate, offset in zip(edge.x, edge.y, strict=True):

        def residuals(p: Any, rate: float = rate, offset: float = offset) -> Any:
            return (decay(T, p[0], rate, offset) - result.problem.y) / 0.25

        start = np.clip(2.0, *bounds)
        least = scipy.optimize.least_squares(residuals, start, bounds=bounds, xtol=1e-12)
        assert_allclose(2 * least.cost - result.chi_squared, edge.chi_squared, rtol=1e-5)


def test_a_robust_loss_has_contours() -> None:
    result = decay_fit(loss="soft_l1")
    edge = result.contour("rate", "offset", points=8)
    plain = decay_fit().contour("rate", "offset", points=8)
    assert not edge.open
    assert 0.7 < np.ptp(edge.x) / np.ptp(plain.x) < 1.4


def test_a_region_ends_at_a_bound() -> None:
    free = decay_fit().contour("rate", "offset")
    bound = decay_fit().values["rate"] + 0.5 * (free.x.max() - decay_fit().values["rate"])
    edge = decay_fit(bounds={"rate": (None, bound)}).contour("rate", "offset")
    assert edge.open
    for k in range(40):
        if k in edge.open:
            assert edge.open[k] == "at a bound"
            assert edge.x[k] == bound
        else:
            assert edge.x[k] <= bound
            assert_allclose([edge.x[k], edge.y[k]], [free.x[k], free.y[k]], rtol=1e-5)


def test_a_minimum_at_a_bound_is_the_edge_itself() -> None:
    result = decay_fit(bounds={"rate": (0.0, 1.0)})
    assert result.values["rate"] == 1.0
    edge = result.contour("rate", "offset", points=8)
    assert np.all(edge.x <= 1.0)
    assert edge.x[2] == edge.x[6] == 1.0  # along the bound
    assert edge.y[2] > result.values["offset"] > edge.y[6]
    assert {0, 1, 7} <= edge.open.keys()


def test_where_chi_squared_never_rises_as_much_the_contour_is_open() -> None:
    # However fast a decay is, it may be that only the first point sees it.
    t = np.arange(5.0)
    result = fit.fit(decay, t, decay(t, 2.5, 1.3, 0.5), 0.6)
    edge = result.contour("offset", "rate", level=0.95, points=8)
    assert edge.open == {2: "χ² never rises as much"}
    assert np.isnan([edge.x[2], edge.y[2]]).all()
    assert np.isfinite(np.delete([edge.x, edge.y], 2, axis=1)).all()
    assert result.interval("rate", level=0.95)[1] == np.inf


def test_regions_cover_both_parameters_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        result = fit.fit(decay, T, decay(T, 2.5, 1.3, 0.5) + 0.25 * rng.normal(size=50), 0.25)
        edge = result.contour("rate", "offset", level=0.8, points=24)
        covered += MatplotlibsPath(np.column_stack([edge.x, edge.y])).contains_point([1.3, 0.5])
    # A polygon of 24 corners on the edge leaves out 1 % of what is within.
    assert abs(covered / 200 - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 200)


def test_executors_change_no_bit() -> None:
    result = decay_fit()
    edge, along = result.contour("rate", "offset", points=10), result.profile("rate")
    for pool in (ThreadPoolExecutor(2), ProcessPoolExecutor(2)):
        with pool:
            again = result.contour("rate", "offset", points=10, executor=pool)
            profile = result.profile("rate", executor=pool)
        assert_array_equal([again.x, again.y], [edge.x, edge.y])
        assert_array_equal(profile.chi_squared, along.chi_squared)
        assert_array_equal(profile.parameters, along.parameters)


@pytest.mark.parametrize(
    ("names", "options", "says"),
    [
        (("rate", "rate"), {}, "two parameters, got rate twice"),
        (("rate", "speed"), {}, "no parameter 'speed'"),
        (("rate", "offset"), {"points": 2}, "points as a whole number, 3 or more, got 2"),
        (("rate", "offset"), {"points": 4.0}, "points as a whole number, 3 or more, got 4.0"),
        (("rate", "offset"), {"points": "4"}, "points as a whole number, 3 or more, got '4'"),
        (("rate", "offset"), {"level": "a"}, "level has dtype <U1, expected real numbers"),
        (("rate", "offset"), {"level": None}, "level has dtype object, expected real numbers"),
        (("rate", "offset"), {"level": 68}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    names: tuple[str, str], options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        decay_fit().contour(*names, **options)


def test_only_free_parameters_have_a_contour() -> None:
    with pytest.raises(ValueError, match="offset is fixed"):
        decay_fit(fixed=["offset"]).contour("rate", "offset")
    with pytest.raises(ValueError, match="rate is tied"):
        decay_fit(fixed={"rate": half}).contour("rate", "offset")


def test_parameters_that_determine_one_another_have_no_contour() -> None:
    def tied(amplitude: float, rate: float) -> float:
        return amplitude - 2 * rate

    result = decay_fit(constraints=tied)
    with pytest.raises(ValueError, match="amplitude and rate determine one another"):
        result.contour("amplitude", "rate")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        edge = result.contour("rate", "offset", points=6)
    assert not edge.open


@pytest.mark.parametrize("y", [0 * T, 1 + 2 * T, 1e-200 * NOISE])
def test_errors_that_are_rounding_have_no_contour(y: Any) -> None:
    result = fit.line(T, y)
    for call in (result.contour, result.plot_contour):
        with pytest.raises(ValueError, match=r"no more than the rounding of .*: it has no contour"):
            call("slope", "intercept")
    with pytest.raises(ValueError, match=r"no more than the rounding of .*: it has no profile"):
        result.profile("slope")


def test_errors_that_nothing_tells_have_none_either() -> None:
    result = fit.line(T[:2], [1.0, 2.0])
    with pytest.raises(ValueError, match="nothing tells how large the errors of the data are"):
        result.contour("slope", "intercept")
    with pytest.raises(ValueError, match="nothing tells how large the errors of the data are"):
        result.profile("slope")


def test_the_contour_is_drawn() -> None:
    figure = decay_fit().plot_contour("rate", "offset")
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rate", "offset")
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[0] == "68.27 %: both at once"
    outer = axes.lines[2].get_xydata()
    assert np.array_equal(outer[0], outer[-1])
    figure._repr_png_()
    assert legend.get_window_extent().y1 <= axes.get_tightbbox().y0  # and covers nothing


def test_one_level_is_drawn_by_workers() -> None:
    result = decay_fit()
    with ThreadPoolExecutor(2) as executor:
        figure = result.plot_contour("rate", "offset", 0.9, executor=executor)
    edge, _, _ = figure.axes[0].lines
    assert edge.get_label() == "90 %: both at once"
    expected = result.contour("rate", "offset", 0.9, len(edge.get_xdata()) - 1)
    assert np.array_equal(edge.get_xdata()[:-1], expected.x)
