"""Pictures of a fit: what they show, for few points and many, and where something is not known."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fit import FitResult, fit, line

pytest.importorskip("matplotlib", reason="Matplotlib is not installed")

import matplotlib.style
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

T = np.linspace(0.0, 4.0, 9)
Y = np.array([3.04, 2.05, 1.42, 1.02, 0.80, 0.67, 0.61, 0.54, 0.53])


def decay(t: Any, amplitude: float = 2.0, rate: float = 1.0, offset: float = 0.5) -> Any:
    return amplitude * np.exp(-rate * t) + offset


def drawn(figure: Figure) -> Figure:
    """Draw for good: what Matplotlib warns of is an error."""
    figure.savefig(BytesIO(), format="png")
    figure.savefig(BytesIO(), format="svg")
    return figure


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def curve(axes: Any, label: str) -> tuple[Any, Any]:
    """Return the coordinates of the line whose label begins so."""
    (found,) = [item for item in axes.lines if str(item.get_label()).startswith(label)]
    return found.get_data()


def points(axes: Any) -> tuple[Any, Any]:
    """Return the coordinates of the round markers that have any."""
    (found,) = [item for item in axes.lines if item.get_marker() == "o" and len(item.get_xdata())]
    return found.get_data()


def bars(axes: Any) -> int:
    return sum(isinstance(item, LineCollection) for item in axes.collections)


def bands(axes: Any) -> list[Any]:
    return [item for item in axes.collections if isinstance(item, PolyCollection)]


# -- data, model, band and pulls -------------------------------------------------------------


def test_data_model_and_pulls_share_x() -> None:
    result = fit(decay, T, Y, 0.02)
    upper, lower = drawn(result.plot()).axes
    assert upper.get_xlim() == lower.get_xlim()
    assert_allclose(points(upper), (T, Y))
    assert_allclose(points(lower), (T, result.pulls))
    x, y = curve(upper, "model")
    assert len(x) >= 100
    assert set(T) <= set(x)
    assert_allclose(y, result.predict(x))


def test_the_legend_names_the_parameters_and_the_title_the_verdict() -> None:
    upper, _ = fit(decay, T, Y, 0.02, fixed={"offset": 0.5}).plot().axes
    assert legend(upper) == [
        "68.3 % band",
        "model\namplitude = 2.558 ± 0.019\nrate = 1.043 ± 0.014\noffset = 0.5",
        "data",
    ]
    assert upper.get_title(loc="left").startswith("decay\nχ²/dof = ")


def test_many_parameters_are_left_to_the_report() -> None:
    def wide(x: Any, a: float = 1, b: float = 1, c: float = 1, d: float = 1, e: float = 1,
             f: float = 1) -> Any:  # fmt: skip
        return a + b * x + c * x**2 + d * x**3 + e * x**4 + f * x**5

    upper, _ = drawn(fit(wide, T, Y, 0.02).plot()).axes
    assert "model" in legend(upper)


def test_the_band_is_that_of_the_level() -> None:
    result = fit(decay, T, Y, 0.2)
    upper, _ = result.plot(level=0.95).axes
    assert legend(upper)[0] == "95 % band"
    low, high = result.band(np.array([0.0]), 0.95)
    (band,) = bands(upper)
    at_start = [y for path in band.get_paths() for x, y in path.vertices if x == 0.0]
    assert min(at_start) == pytest.approx(low[0])
    assert max(at_start) == pytest.approx(high[0])


def test_error_bars_are_those_that_were_given() -> None:
    assert bars(line(T, Y).plot().axes[0]) == 0
    assert bars(line(T, Y, 0.1).plot().axes[0]) == 1
    assert bars(drawn(fit(decay, T, Y, 0.1, x_sigma=0.05).plot()).axes[0]) == 2


def test_of_very_many_points_the_error_bars_are_left_out_and_this_is_said() -> None:
    t = np.linspace(0.0, 4.0, 3000)
    result = fit(decay, t, decay(t) + 0.1 * np.sin(40 * t), 0.1)
    upper, _ = drawn(result.plot()).axes
    assert bars(upper) == 0
    assert "data, error bars left out" in legend(upper)


def test_a_search_that_stopped_early_says_so() -> None:
    result = fit(lambda x, a=1.0, b=1.0: a * b * x, [1.0, 2.0], [2.0, 4.1], 0.1)
    assert drawn(result.plot()).axes[0].get_title(loc="left").endswith("NOT CONVERGED")


def test_the_band_may_be_that_of_a_prediction() -> None:
    result = fit(decay, T, Y, 0.2)
    upper, _ = result.plot(kind="prediction").axes
    assert legend(upper)[0] == "68.3 % prediction"
    (band,) = bands(upper)
    at_start = [y for path in band.get_paths() for x, y in path.vertices if x == 0.0]
    ends = [float(end[0]) for end in result.band([0.0], kind="prediction")]
    assert_allclose([min(at_start), max(at_start)], ends)
    with pytest.raises(ValueError, match="'confidence' or 'prediction', got 'other'"):
        result.plot(kind="other")


def test_points_of_infinite_error_are_open_and_leave_the_axes_to_the_others() -> None:
    sigma, y = np.full(9, 0.05), Y.copy()
    sigma[[2, 5]], y[2], y[5] = np.inf, 40.0, 1.0
    upper, lower = drawn(fit(decay, T, y, sigma).plot()).axes
    assert "2 points of infinite error" in legend(upper)
    closed, unused = (
        line for line in upper.lines if line.get_marker() == "o" and len(line.get_xdata())
    )
    assert_allclose(closed.get_ydata(), np.delete(y, [2, 5]))
    assert_allclose(unused.get_xydata(), [(T[2], 40.0), (T[5], 1.0)])
    assert unused.get_markerfacecolor() == "none"
    assert upper.get_ylim()[1] < 4.0
    assert np.isfinite(lower.lines[-1].get_ydata()).tolist() == np.isfinite(sigma).tolist()


def test_far_outliers_are_at_the_edge_of_the_pulls_and_leave_room_to_the_others() -> None:
    rng = np.random.default_rng(0)
    t = np.linspace(0.0, 4.0, 30)
    y = decay(t) + 0.05 * rng.normal(size=30)
    y[[4, 20]] += [5.0, -3.0]
    result = fit(decay, t, y, loss="cauchy")
    upper, lower = drawn(result.plot()).axes
    far = [line.get_xydata() for line in lower.lines if line.get_marker() in ("^", "v")]
    (above, below), (low, high) = far, lower.get_ylim()
    assert (above[0, 0], below[0, 0]) == (t[4], t[20])
    assert low < below[0, 1] < 0 < above[0, 1] < high < 12
    most = np.delete(result.pulls, [4, 20])
    assert np.all((low < most) & (most < high))
    scale = result.problem.f_scale
    beyond = np.sum(np.abs(result.residuals) > scale)
    expected = f"decay\nloss 'cauchy', {beyond} of 30 points beyond {scale:.3g}"
    assert upper.get_title(loc="left") == expected


# -- what is not as usual --------------------------------------------------------------------


@pytest.mark.parametrize(
    "result",
    [
        line([0.0, 1.0], [1.0, 3.0]),  # no degrees of freedom
        line([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], 0.1),  # constant data
        line([0.0, 1.0, 2.0], [0.0, 0.0, 0.0]),  # all zero
        line([2.0, 2.0, 2.0], [1.0, 1.1, 1.2], 0.1),  # one x
        fit(lambda x, a=1.0, b=1.0: a * b * x, [1.0, 2.0], [2.0, 4.1], 0.1),
        fit(lambda x, a=1.0: a, [1.0, 2.0], [2.0, 4.1], 0.1),
        fit(decay, T, Y, 50.0),
    ],
)
def test_every_fit_has_a_picture_with_finite_limits(result: FitResult) -> None:
    upper, lower = drawn(result.plot()).axes
    limits = (*upper.get_xlim(), *upper.get_ylim(), *lower.get_ylim())
    assert np.isfinite(limits).all()
    low, high = upper.get_ylim()
    assert low < result.problem.y.min()
    assert result.problem.y.max() < high


def test_a_wide_band_leaves_the_data_their_room() -> None:
    x = np.array([0.0, 0.01, 0.02, 10.0])
    result = fit(lambda x, a=1.0, b=1.0, c=1.0: a + b * x + c * x**2, x, [1.0, 1.1, 0.9, 2.0], 0.1)
    low, high = result.plot(level=0.9999).axes[0].get_ylim()
    fine = np.linspace(0.0, 10.0, 50)
    assert np.ptp(result.band(fine, 0.9999)) > 8 * np.ptp(result.predict(fine))
    assert high - low < 2.5 * np.ptp(result.predict(fine))


def test_an_infinite_band_is_not_drawn() -> None:
    # All of it is infinite but where x is 1.
    result = fit(lambda x, a=1.0, b=1.0: (a + b) * x**0 + a * (x - 1), np.ones(5), np.ones(5), 0.1)
    x = np.append(np.ones(5), 2.0)
    assert np.isinf(result.band(x)[1][-1])
    assert not bands(drawn(result.plot()).axes[0])


def test_several_variables_are_drawn_against_the_index() -> None:
    x = np.array([[0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 1.0, 0.0]])
    result = fit(lambda x, a=1.0, b=1.0: a * x[0] + b * x[1], x, [1.1, 1.9, 5.2, 6.0], 0.1)
    upper, lower = drawn(result.plot()).axes
    assert_allclose(points(upper)[0], [0, 1, 2, 3])
    assert_allclose(curve(upper, "model")[1], result.predict(x))
    assert lower.get_xlabel() == "index of the point"


def test_a_model_for_the_measured_x_alone_is_drawn_there() -> None:
    template = np.exp(-T[::-1])
    result = fit(lambda x, a=1.0, b=0.1: a * template + b * x, T[::-1], Y[::-1], 0.1)
    x, y = curve(drawn(result.plot()).axes[0], "model")
    assert_allclose(x, T)
    assert_allclose(y, result.predict(T[::-1])[::-1])


# -- profiles --------------------------------------------------------------------------------


def test_the_profile_and_its_parabola() -> None:
    result = fit(decay, T, Y, 0.05)
    (axes,) = drawn(result.plot_profile("rate")).axes
    values, rises = curve(axes, "profile")
    reach = (values[-1] - result.values["rate"]) / result.errors["rate"]
    assert_allclose(rises, result.profile("rate", len(values), reach).chi_squared, rtol=1e-6)
    assert max(rises[0], rises[-1]) > axes.get_ylim()[1]
    there, parabola = curve(axes, "parabola")
    error = (there - result.values["rate"]) / result.errors["rate"]
    assert_allclose(parabola, error**2)
    assert axes.get_xlabel() == "rate"


@pytest.mark.parametrize("sigma", [0.05, None])
def test_the_profile_crosses_the_levels_at_the_ends_of_the_intervals(sigma: float | None) -> None:
    result = fit(decay, T, Y, sigma)
    (axes,) = result.plot_profile("rate").axes
    for label, level in (("1σ", 0.682689492137), ("2σ", 0.954499736104)):
        ends, height = curve(axes, label)
        assert_allclose(ends, result.interval("rate", level))
        values, rises = curve(axes, "profile")
        assert_allclose(np.interp(ends, values, rises), height, rtol=0.01)


def test_an_end_that_is_a_bound_is_no_crossing() -> None:
    result = fit(decay, T, Y, 0.05, p0={"rate": 0.8}, bounds={"rate": (None, 0.9)})
    (axes,) = drawn(result.plot_profile("rate")).axes
    ends, _ = curve(axes, "1σ")
    assert len(ends) == 1
    assert ends[0] < 0.9


@pytest.mark.parametrize(
    ("name", "message"),
    [("speed", "no parameter 'speed'"), ("offset", "offset is fixed")],
)
def test_only_free_parameters_have_a_profile(name: str, message: str) -> None:
    result = fit(decay, T, Y, 0.05, fixed={"offset": 0.5})
    with pytest.raises(ValueError, match=message):
        result.plot_profile(name)


def test_what_is_undetermined_has_no_profile() -> None:
    result = fit(lambda x, a=1.0, b=1.0: a * b * x, [1.0, 2.0], [2.0, 4.1], 0.1)
    with pytest.raises(ValueError, match="standard error of a is inf"):
        result.plot_profile("a")


# -- Matplotlib ------------------------------------------------------------------------------


def test_a_notebook_shows_the_figure() -> None:
    png = line(T, Y).plot()._repr_png_()  # type: ignore[attr-defined]
    assert png.startswith(b"\x89PNG")


@pytest.mark.parametrize("style", ["default", "dark_background"])
@pytest.mark.parametrize(
    "draw",
    [
        FitResult.plot,
        lambda result: result.plot_profile("rate"),
        lambda result: result.plot_contour("rate", "offset"),
    ],
    ids=["data", "profile", "contour"],
)
def test_everything_stands_out_on_the_paper_of_the_users_style(style: str, draw: Any) -> None:
    with matplotlib.style.context(style):
        figure = draw(fit(decay, T, Y, 0.02))
    assert {to_rgb(axes.get_facecolor()) for axes in figure.axes} == {
        to_rgb(figure.get_facecolor())
    }
    paper = luminance(figure.get_facecolor())
    drawn = [x.get_color() for axes in figure.axes for x in axes.lines]
    drawn += [x.get_color() for axes in figure.axes for x in (axes.title, axes.xaxis.label)]
    for color in drawn:
        brighter, darker = sorted((paper, luminance(color)), reverse=True)
        assert (brighter + 0.05) / (darker + 0.05) >= 2.2


def luminance(color: Any) -> float:
    """Return how bright a colour is, after WCAG 2.2, relative luminance."""
    parts = np.array(to_rgb(color))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_pyplot_is_not_touched() -> None:
    code = (
        "import sys, fit; fit.line([0.0, 1.0, 2.0], [1.0, 2.0, 3.1]).plot()._repr_png_();"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert ran.stdout.strip() == b"False"


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    result = line(T, Y)
    monkeypatch.delitem(sys.modules, "fit.results._plots", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"^drawing .*: pip install 'chainrule\[plots\]'$"):
        result.plot()


# -- from JSON -------------------------------------------------------------------------------


def test_what_came_back_from_json_can_be_drawn() -> None:
    again = FitResult.from_json(fit(decay, T, Y, 0.05).to_json(), decay)
    drawn(again.plot())
    drawn(again.plot_profile("rate"))


@pytest.mark.parametrize("draw", [FitResult.plot, lambda result: result.plot_profile("rate")])
def test_without_its_function_it_cannot(draw: Any) -> None:
    again = FitResult.from_json(fit(decay, T, Y, 0.05).to_json())
    with pytest.raises(ValueError, match="the model decay is a function"):
        draw(again)


# -- room ------------------------------------------------------------------------------------


def test_what_spans_decades_has_a_logarithmic_axis() -> None:
    x = np.geomspace(1e-3, 1e3, 40)
    noise = 1 + 0.1 * np.random.default_rng(0).normal(size=40)
    power = lambda x, a=1.0, n=-1.0: a * x**n  # noqa: E731
    figure = drawn(fit(power, x, 3 * x**-0.7 * noise, 0.3 * x**-0.7).plot())
    upper, lower = figure.axes
    assert [axes.get_xscale() for axes in (upper, lower)] == ["log", "log"]
    assert upper.get_yscale() == "log"
    low, high = upper.get_ylim()
    assert 0 < low < 3 * 1e3**-0.7
    assert high > 3 * 1e3**0.7
    # The curve is drawn as finely in each decade.
    along, _ = curve(upper, "model")
    assert np.histogram(np.log10(along), np.arange(-3, 4))[0].min() > 50


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.linspace(1e-4, 10.0, 40), np.linspace(1e-4, 10.0, 40)),
        (np.linspace(-1.0, 1e4, 40), np.linspace(-1.0, 1e4, 40)),
        (np.linspace(1.0, 2.0, 40), np.linspace(0.0, 10.0, 40)),
    ],
)
def test_other_axes_are_plain(x: Any, y: Any) -> None:
    upper, _ = drawn(fit(lambda x, m=1.0, c=0.1: m * x + c, x, y, 0.1).plot()).axes
    assert (upper.get_xscale(), upper.get_yscale()) == ("linear", "linear")


def test_axes_made_logarithmic_later_find_their_limits() -> None:
    x = np.geomspace(0.01, 10.0, 12)
    y = 0.03 + 5 * np.exp(-x) + 0.01 * np.cos(9 * x)
    upper, _ = (figure := fit(decay, x, y, 0.05).plot()).axes
    assert upper.get_ylim()[0] < y.min() - 0.05 < 0
    upper.set(xscale="log", yscale="log")
    drawn(figure)
    (low, high), (first, last) = upper.get_ylim(), upper.get_xlim()
    assert 0.3 * y.min() < low < y.min()
    assert y.max() < high < 2 * y.max()
    assert 0.5 * x[0] < first < x[0] < x[-1] < last < 2 * x[-1]
    # No corners: from one place of the curve to the next it is 1 % of the picture at the most.
    along = np.log(curve(upper, "model")[0])
    assert np.diff(along).max() < 0.01 * np.log(1000)


def test_where_the_model_is_not_positive_there_are_no_decades() -> None:
    y = np.geomspace(1e-4, 1.0, 20)
    upper, _ = drawn(line(np.linspace(0.0, 1.0, 20), y, 0.1).plot()).axes
    assert upper.get_yscale() == "linear"


def test_the_legend_covers_no_point() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(0.0, 1.0, 500)
    figure = drawn(line(x, rng.uniform(size=500), 0.3).plot())
    figure.draw_without_rendering()
    upper = figure.axes[0]
    covered = upper.get_legend().get_window_extent()
    assert covered.x0 >= upper.get_window_extent().x1
    assert covered.x1 <= figure.bbox.x1


def test_a_probability_below_1_is_not_called_1() -> None:
    result = fit(decay, T, Y, 0.05)
    assert result.p_value == pytest.approx(0.995, abs=4e-4)
    assert ", p = 0.995" in result.plot().axes[0].get_title(loc="left")
    surer = fit(decay, T, Y, 0.1)
    assert 0.9999 < surer.p_value < 1
    assert ", p > 0.9999" in surer.plot().axes[0].get_title(loc="left")
