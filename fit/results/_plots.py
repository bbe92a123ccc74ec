"""Pictures of a fit: data, model, band and pulls; profiles and contours of χ²."""

from __future__ import annotations

from io import BytesIO
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import is_lazy
from fit.arguments._numbers import Array
from fit.arguments._words import probability, quantity
from fit.problem._losses import loss_in_words
from fit.results._facts import beyond, rows, value_and_error
from fit.uncertainties._band import band
from fit.uncertainties._contour import contour
from fit.uncertainties._estimate import Estimate, quantile
from fit.uncertainties._profile import interval, profile
from optim import Executor

if TYPE_CHECKING:
    from matplotlib.axes import Axes


try:
    from matplotlib import rcParams
    from matplotlib.figure import Figure
    from matplotlib.patheffects import withStroke
except ImportError:
    raise ImportError("drawing needs Matplotlib: pip install 'chainrule[plots]'") from None

# Okabe and Ito, "Color universal design" (2008).
BLUE, SKY, VERMILION = "#0072B2", "#56B4E9", "#D55E00"
GREY = "#8A8A8A"
FINE = 400  # how many places a curve is drawn at, at least
CROWDED = 200  # points, from which on the model is drawn over them, and they are fainter
MANY = 2000  # points, from which on not each is drawn exactly
RAYS = 60  # of a contour
LEVELS = {"1σ": 0.682689492137, "2σ": 0.954499736104}
ROOM = 0.07  # of the axis, beyond what is drawn
DECADES = 1e3  # over which an axis is logarithmic
LEAST_PULL = 2.7  # to which an axis of pulls reaches
OUTLYING = 9.0  # times the median pull, some 6 standard deviations: farther ones are at the edge
LISTED = 5  # parameters, up to which they are in the legend


class Picture(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        written = BytesIO()
        self.savefig(written, format="png", dpi=110)
        return written.getvalue()


def plot(result: Estimate, level: float, kind: str) -> Figure:
    """Draw data, model, band and pulls; `FitResult.plot`."""
    if is_lazy(result.problem.y):
        raise ValueError(
            "a plot would hold all data, which are in chunks: select a part, as "
            "x[::1000].compute(), and draw it beside result.predict(...) and result.band(...)"
        )
    figure = Picture(figsize=(8.0, 5.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    measured = result.problem.x
    along = isinstance(measured, np.ndarray) and measured.shape == result.problem.y.shape
    x = measured if along else np.arange(len(result.problem.y), dtype=float)
    with np.errstate(all="ignore"):
        as_curve = along and np.ptp(x) > 0
        shown = (
            _draw_curve(upper, result, level, kind) if as_curve else _draw_dashes(upper, x, result)
        )
        _draw_data(upper, x, result, result.problem.x_sigma if along else None)
        _draw_pulls(lower, x, result)
        if along and spans_decades(x):
            upper.set_xscale("log")
        if spans_decades(result.problem.y) and (shown[0] > 0).all():
            upper.set_yscale("log")
            _show(upper, x, result, shown[0])
        else:
            _show(upper, x, result, shown[0], *_reach(result, *shown))
        upper.set_title(_verdict(result), loc="left", fontsize="medium")
    upper.set_ylabel("y")
    # Beside the axes, where it covers no point.
    upper.legend(edgecolor="none", fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    lower.set_xlabel("x" if along else "index of the point")
    lower.set_ylabel("pull")
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    figure.align_ylabels()
    return figure


def plot_profile(result: Estimate, name: str) -> Figure:
    """Draw the profile of χ² along one parameter; `FitResult.plot_profile`."""
    intervals = {label: interval(result, name, level) for label, level in LEVELS.items()}
    value, error = result.values[name], result.errors[name]
    ends = np.array(list(intervals.values()))
    farthest = np.max(np.abs(ends - value), initial=0.0, where=np.isfinite(ends))
    reach = float(np.clip(1.5 * farthest / error, 3.0, 12.0)) if 0 < error < np.inf else 3.0
    places, rises, _ = profile(result, name, 61, reach, None)[1:]
    figure = Picture(figsize=(6.0, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.plot(places, rises / result.sandwich.rise, color=BLUE, label="profile")
    parabola = ((places - value) / error) ** 2
    axes.plot(places, parabola, "--", color=VERMILION, label="parabola of the standard error")
    heights = {label: quantile(level, result.dof_of_errors) ** 2 for label, level in LEVELS.items()}
    for (label, pair), marker in zip(intervals.items(), "os", strict=True):
        # Where a bound ends an interval, χ² has not risen to its level.
        crossings = [end for end in pair if np.isfinite(end) and end not in _bounds(result, name)]
        at = [heights[label]] * len(crossings)
        words = f"{label}: {' … '.join(_end(end, error) for end in pair)}"
        axes.axhline(heights[label], color=GREY, linewidth=0.8, zorder=0)
        axes.plot(crossings, at, marker, color=BLUE, label=words)
    top = 1.8 * heights["2σ"]
    inside = places[rises <= top * result.sandwich.rise]
    axes.set(xlim=(inside[0], inside[-1]), ylim=(0, top))
    axes.set_xlabel(name)
    axes.set_ylabel(_rise(result))
    axes.legend(edgecolor="none", framealpha=0.8, fontsize="small", loc="upper center")
    return figure


def plot_contour(
    result: Estimate, x: str, y: str, level: float | None, executor: Executor | None
) -> Figure:
    """Draw the joint regions of two parameters; `FitResult.plot_contour`."""
    levels = LEVELS.values() if level is None else [level]
    edges = [contour(result, (x, y), each, RAYS, executor) for each in levels]
    figure = Picture(figsize=(5.6, 4.8), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    middle = np.array([result.values[x], result.values[y]])
    which = [result.names.index(name) for name in (x, y)]
    factor = np.linalg.cholesky(result.covariance[np.ix_(which, which)])
    around = 2 * np.pi * np.arange(RAYS + 1) / RAYS
    circle = factor @ np.array([np.cos(around), np.sin(around)])
    for edge in edges:
        # A closed line, with gaps where the region is open.
        strong = edge is edges[0]
        color, words = (BLUE, SKY)[not strong], f"{100 * edge.level:.4g} %: both at once"
        axes.plot(np.append(edge.x, edge.x[0]), np.append(edge.y, edge.y[0]), "-", c=color)
        axes.lines[-1].set_label(words)
        reach = (edge.chi_squared / result.sandwich.rise) ** 0.5
        ellipse = middle[:, None] + reach * circle
        axes.plot(*ellipse, "--", color=VERMILION, linewidth=0.8)
        if strong:
            axes.lines[-1].set_label("ellipses of the covariance")
    axes.plot(*middle, "+", color=_ink(), markersize=8, label="minimum")
    axes.set(xlabel=x, ylabel=y)
    # Below, as there is room for it inside of no contour.
    figure.legend(loc="outside lower center", ncols=2, edgecolor="none", fontsize="small")
    return figure


# -- parts -----------------------------------------------------------------------------------


def _draw_data(axes: Axes, x: Array, result: Estimate, x_sigma: Array | None) -> None:
    """Draw the points with the errors that were given, as far as these can be told apart."""
    problem, label = result.problem, "data"
    y, sigma, count = problem.y, problem.sigma, problem.counting
    if len(x) > MANY:
        if sigma is not None:
            label = "data, error bars left out"
        sigma = x_sigma = None
    _draw_points(axes, x[count], y[count])
    axes.errorbar(
        x[count],
        y[count],
        None if sigma is None else sigma[count],
        None if x_sigma is None else x_sigma[count],
        fmt="none",
        ecolor=_ink(),
        elinewidth=0.8,
        alpha=_opacity(len(x)),
    )
    axes.plot([], [], "o", color=_ink(), markersize=4, markeredgewidth=0, label=label)
    if not count.all():
        _draw_points(axes, x[~count], y[~count], markerfacecolor="none", markeredgewidth=0.8)
        axes.lines[-1].set_label(f"{quantity(int(np.sum(~count)), 'point')} of infinite error")


def _draw_points(axes: Axes, x: Array, y: Array, **look: Any) -> None:
    """Draw points, the smaller and fainter the more there are."""
    n = len(x)
    usual: dict[str, Any] = {"color": _ink(), "markersize": _marker_size(n), "markeredgewidth": 0}
    axes.plot(x, y, "o", **usual | {"alpha": _opacity(n), "rasterized": n > MANY} | look)


def _draw_curve(axes: Axes, result: Estimate, level: float, kind: str) -> tuple[Array, Array]:
    """Draw the model and its band as functions of x; return both."""
    x = _fine(result.problem.x)
    try:
        middle, (low, high) = result.predict(x), band(result, x, level, kind)
        fits = middle.shape == x.shape
    except (ValueError, IndexError):
        fits = False
    if not fits:  # A model can be made for the measured x alone.
        x = result.problem.x
        middle, (low, high) = result.predict(x), band(result, x, level, kind)
        order = np.argsort(x, kind="stable")
        x, middle, low, high = (values[order] for values in (x, middle, low, high))
    known = np.isfinite(high - low)
    if known.any():
        label = f"{100 * level:.3g} % {'band' if kind == 'confidence' else 'prediction'}"
        axes.fill_between(x, low, high, where=known, color=SKY, alpha=0.45, lw=0, label=label)
    (line,) = axes.plot(x, middle, color=BLUE, label=_model(result), zorder=1.5)
    if len(result.problem.y) > CROWDED:
        line.set(
            zorder=3,
            path_effects=[withStroke(linewidth=3.5, foreground=rcParams["axes.facecolor"])],
        )
    return middle, np.concatenate([low, high])


def _draw_dashes(axes: Axes, x: Array, result: Estimate) -> tuple[Array, Array]:
    """Draw the model as a dash at each point; return it, and no band."""
    middle = result.problem.y - result.residuals
    size = 2.5 * _marker_size(len(x))
    axes.plot(x, middle, "_", color=BLUE, markersize=size, label=_model(result), zorder=3)
    return middle, np.zeros(0)


def _draw_pulls(axes: Axes, x: Array, result: Estimate) -> None:
    """Draw the residuals in standard deviations, on bands of one and two."""
    pulls = result.pulls
    sizes = np.abs(pulls[np.isfinite(pulls)])
    # One far outlier must not press all others flat.
    most = max(LEAST_PULL, OUTLYING * float(np.median(sizes))) if sizes.size else LEAST_PULL
    farthest = float(np.clip(np.max(sizes, initial=LEAST_PULL), LEAST_PULL, most))
    for reach, alpha in ((2, 0.2), (1, 0.3)):
        axes.axhspan(-reach, reach, color=SKY, alpha=alpha, lw=0)
    axes.axhline(0, color=BLUE, linewidth=1)
    _draw_points(axes, x, pulls)
    for marker, sign in (("^", 1), ("v", -1)):
        outside = sign * pulls > farthest
        if outside.any():
            at_the_edge = np.full(int(np.sum(outside)), sign * farthest)
            axes.plot(x[outside], at_the_edge, marker, color=VERMILION, markersize=5)
    axes.set_ylim(-1.1 * farthest, 1.1 * farthest)


def _show(axes: Axes, x: Array, result: Estimate, model: Array, *more: float) -> None:
    """Let Matplotlib find limits that show the points that count, the model, and some more of y.

    They are no fixed limits, so that a logarithmic axis, if set later, finds its own.
    """
    y = np.concatenate([result.problem.y[result.problem.counting], model[np.isfinite(model)], more])
    along = np.resize(x, y.size)
    seen = np.column_stack([np.append(along, x), np.append(y, np.resize(y, x.size))])
    axes.dataLim.update_from_data_xy(seen, ignore=True)
    axes.margins(y=ROOM)
    axes.autoscale_view()


def _reach(result: Estimate, model: Array, band: Array) -> tuple[float, float]:
    """Return how far errors and model reach, and as much of the band as leaves these large."""
    count, sigma = result.problem.counting, result.problem.sigma
    y, errors = result.problem.y[count], 0.0 if sigma is None else sigma[count]
    reached = np.concatenate([y - errors, y + errors, model[np.isfinite(model)]])
    low, high = float(reached.min()), float(reached.max())
    room = high - low or abs(high) or 1.0
    band = np.clip(band[np.isfinite(band)], low - room / 2, high + room / 2)
    return float(band.min(initial=low)), float(band.max(initial=high))


def spans_decades(values: Array) -> bool:
    """Whether values are spread over decades, so that most would be at the foot of a plain axis."""
    least, most = values.min(), values.max()
    return bool(least > 0 and most > DECADES * least and most > DECADES**0.5 * np.median(values))


def _fine(x: Array) -> Array:
    """Return places from end to end, the measured ones among them if there are not too many."""
    points = np.unique(x)
    points = points[:: 1 + len(points) // MANY]
    ends = x.min(), x.max()
    spread = np.geomspace(*ends, FINE)[1:-1] if spans_decades(x) else np.linspace(*ends, FINE)
    # Also as the points are spread themselves: the axis may become a logarithmic one.
    between = np.interp(np.linspace(0, points.size - 1, FINE), np.arange(points.size), points)
    return np.unique(np.concatenate([points, spread, between]))


def _ink() -> Any:
    """Return the colour of text in the user's style, which stands out on its paper."""
    return rcParams["text.color"]


def _marker_size(n: int) -> float:
    return float(np.clip(60 / np.sqrt(n), 1.5, 5.0))


def _opacity(n: int) -> float:
    return float(np.clip(np.sqrt(CROWDED / n), 0.1, 1.0))


def _bounds(result: Estimate, name: str) -> tuple[float, float]:
    parameters = result.problem.parameters
    k = parameters.free.index(name)
    return float(parameters.lower[k]), float(parameters.upper[k])


# -- words -----------------------------------------------------------------------------------


def _model(result: Estimate) -> str:
    """Return what the model's line is called, with the parameters if they are few."""
    lines = [row.in_words for row in rows(result)]
    return "\n".join(["model", *(lines if len(lines) <= LISTED else ())])


def _verdict(result: Estimate) -> str:
    p = result.p_value
    words = f"{shorten(str(result.problem.model), 60, placeholder=' …')}\n"
    problem = result.problem
    if problem.loss == "linear":
        words += f"χ²/dof = {result.chi_squared:.4g}/{result.dof}"
    else:
        count = f"{beyond(result)} of {quantity(problem.n, 'point')}"
        words += f"loss {loss_in_words(problem.loss)}, {count} beyond {problem.f_scale:.3g}"
    if p is not None:
        found = probability(p, 2)
        words += f", p {found}" if found[0] in "<>" else f", p = {found}"
    return words if result.success else f"{words}, NOT CONVERGED"


def _rise(result: Estimate) -> str:
    if result.problem.loss != "linear":
        return "rise of the robust loss, scaled"
    return "Δχ²" if result.absolute else "Δχ² / (χ²/dof)"


def _end(end: float, error: float) -> str:
    return value_and_error(end, error)[0] if np.isfinite(end) else f"{end:+.0f}".replace("inf", "∞")
