"""The facts of a fit in words and rounded numbers: what reports and pictures show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from fit.arguments._numbers import Array
from fit.arguments._words import in_prose, probability, quantity
from fit.problem._losses import loss_in_words
from fit.problem._problem import Problem
from fit.uncertainties._estimate import LINEAR, Estimate
from optim import Status

STRONG = 0.9  # correlations from here on are reported,
MOST = 8  # but at most this many
NOTHING = 1e-9  # of its error: what of a value is rounding
METHODS = {
    "least-squares": "least squares",
    LINEAR: "linear least squares",
    "gradient-descent": "gradient descent on χ²",
    "effective-variance": "effective variance",
    "orthogonal-distance": "orthogonal distance",
}


class Row(NamedTuple):
    """What is shown of a parameter."""

    name: str
    value: str
    sign: str
    error: str
    relative: str
    note: str

    @property
    def in_words(self) -> str:
        """Name, value and error without alignment."""
        return f"{self.name} = {self.value} {self.sign} {self.error}".rstrip()


def facts(result: Estimate) -> list[tuple[str, str]]:
    """Return what was fitted to what, how, and how that ended."""
    problem = result.problem
    known = [name for name in ("x", "y") if _errors_known(result, name)]
    errors = f"with errors in {' and '.join(known)}" if known else "without errors"
    errors += f", {of}" if (of := _fraction(problem)) else ""
    return [
        ("Model", str(problem.model)),
        ("Data", f"{quantity(len(problem.y), 'point')} {errors}{_left_out(problem)}"),
        ("Method", _method(result)),
        ("Outcome", outcome(result)),
    ]


def _left_out(problem: Problem) -> str:
    """Say how many points do not count, and how many were not even fitted to."""
    infinite = len(problem.y) - problem.n
    verb = "does" if infinite == 1 else "do"
    return (f"; {infinite} of infinite error {verb} not count" if infinite else "") + (
        f"; {problem.left_out} with NaN left out" if problem.left_out else ""
    )


def _fraction(problem: Problem) -> str:
    """Return what errors are relative to, and by how much: 20 % of the model."""
    if problem.relative is None:
        return ""
    fractions = np.asarray(problem.relative.fraction, float)
    least, most = (
        f"{100 * end:.3g}" for end in (fractions.min(), fractions[np.isfinite(fractions)].max())
    )
    return f"{least if least == most else f'{least} to {most}'} % of the {problem.relative.of}"


def outcome(result: Estimate) -> str:
    """Return how the search ended."""
    if result.success:
        return f"converged ({result.message})"
    if result.status is Status.SINGULAR and result.determined.undetermined.size:
        return "UNDETERMINED (other parameters fit as well, though none better: see the warnings)"
    return f"NOT CONVERGED ({result.message})"


def quality(result: Estimate) -> list[tuple[str, str]]:
    """Return how well the model describes the data, as pairs of a name and a number."""
    robust = result.problem.loss != "linear"
    p = result.p_value
    # Over the degrees of freedom only χ² says how well the model describes the data.
    if robust:
        of_size = ("points beyond", str(beyond(result)))
    else:
        of_size = ("χ²/dof", _or_dash(result.reduced_chi_squared, ".4g"))
    return [
        ("robust loss" if robust else "χ²", f"{result.chi_squared:.5g}"),
        ("degrees of freedom", str(result.dof)),
        of_size,
        ("p-value", "–" if p is None else probability(p, 3)),
        ("AIC", _or_dash(result.aic, ".2f" if abs(result.aic) < 1e7 else ".8g")),
        ("BIC", _or_dash(result.bic, ".2f" if abs(result.bic) < 1e7 else ".8g")),
        ("R²", _or_dash(result.r_squared, ".6g")),
        ("evaluations", str(result.nfev)),
    ]


def beyond(result: Estimate) -> int:
    """Return how many residuals are so large that a robust loss counts them less."""
    problem = result.problem
    scale = problem.f_scale or 1.0
    return int(problem.total_of_residuals(_count_beyond, result.weighted_residuals, scale))


def _count_beyond(residuals: Array, scale: float) -> int:
    return int(np.count_nonzero(np.abs(residuals) > scale))


def rows(result: Estimate) -> list[Row]:
    """Return each parameter with its error, rounded to two digits of the error."""
    held, lines = result.problem.parameters, []
    at_bounds = _at_bounds(result)
    for name, value in result.values.items():
        error = result.errors[name]
        if name in held.fixed:
            lines.append(Row(name, f"{value:.12g}", "", "", "", "fixed"))
            continue
        notes = [
            note
            for note, true in (
                ("tied", name in held.ties),
                ("at its bound", name in at_bounds),
                ("undetermined", math.isinf(error)),
            )
            if true
        ]
        if result.rounding and math.isfinite(error):
            nothing = abs(value) <= 3 * result.rounding[name]
            shown = "0" if nothing else f"{value:.12g}"
            lines.append(Row(name, shown, "±", "0", "", ", ".join(notes)))
            continue
        shown, error_shown = value_and_error(value, error)
        lines.append(Row(name, shown, "±", error_shown, _relative(value, error), ", ".join(notes)))
    return lines


def remarks(result: Estimate) -> list[str]:
    """Return how the errors are meant, and which parameters hang together."""
    return [_about_errors(result), *_about_correlations(result)]


def value_and_error(value: float, error: float) -> tuple[str, str]:
    """Return a value and its error, both rounded to two digits of the error.

    Examples
    --------
    >>> value_and_error(2.50376, 0.03034)
    ('2.504', '0.030')
    >>> value_and_error(1234567.0, 4321.0)
    ('1234600', '4300')
    >>> value_and_error(-6.62607e-34, 1.5e-38)
    ('-6.62607e-34', '0.00015e-34')
    >>> value_and_error(104632.0, 7.3e8)
    ('1.0e+05', '7.3e+08')
    """
    if math.isinf(error):
        return f"{value:.3g}", "∞"
    if not error > 0:
        return f"{value:.12g}", "unknown" if math.isnan(error) else "0"
    if error < 1e-14 * abs(value):
        return f"{value:.15g}", f"{error:.1e}"
    last = int(f"{error:.1e}".partition("e")[2]) - 1
    e = Decimal(error).quantize(Decimal(1).scaleb(last))
    if error > 1e14 * abs(value):
        v = Decimal(0).quantize(e)
    else:
        v = Decimal(value).quantize(e)
    v = v or abs(v)  # -0 is 0
    top = max(v.adjusted(), e.adjusted())
    if -4 <= top < 7:
        return f"{v:f}", f"{e:f}"
    if not v and abs(value) > NOTHING * error:
        return f"{value:.1e}", f"{error:.1e}"
    return f"{v.scaleb(-top):f}e{top:+03d}", f"{e.scaleb(-top):f}e{top:+03d}"


def _relative(value: float, error: float) -> str:
    """Return an error in percent of its value."""
    if not value or not math.isfinite(error):
        return ""
    percent = 100 * error / abs(value)
    if percent >= 1e4:
        return "> 9999 %"
    return f"{percent:.0f} %" if percent >= 99.5 else f"{percent:#.2g}".rstrip(".") + " %"


def _or_dash(value: float, digits: str) -> str:
    return format(value, digits) if math.isfinite(value) else "–"


def _at_bounds(result: Estimate) -> set[str]:
    held = result.problem.parameters
    there = (result.p <= held.lower) | (result.p >= held.upper)
    return {name for name, true in zip(held.free, there.tolist(), strict=True) if true}


def _errors_known(result: Estimate, name: str) -> bool:
    problem = result.problem
    return (problem.sigma if name == "y" else problem.x_sigma) is not None


def _method(result: Estimate) -> str:
    problem, words = result.problem, METHODS.get(result.method, result.method)
    if problem.loss != "linear":
        words += f", robust by the loss {loss_in_words(problem.loss)} beyond {problem.f_scale:.3g}"
        words += " σ" if problem.sigma is not None else ""
    if problem.constraints:
        constraints = quantity(len(problem.constraints), "constraint")
        words += f", with {constraints} by Lagrange multipliers"
    return words


def _about_errors(result: Estimate) -> str:
    if result.rounding:
        most = "" if result.problem.loss == "linear" else "half or more of "
        return (
            f"Errors cannot be estimated: the model meets {most}the data to their last digits, and "
            "what is left is rounding. Give sigma to have any."
        )
    if result.problem.loss != "linear" and result.dof > 0:
        return (
            "Errors follow from how the residuals scatter and the loss counts them: outliers are "
            "taken to be alike at all points and to both sides. Those to one side shift the "
            "parameters by more than that."
        )
    if result.absolute:
        if result.problem.follows_model:
            of = _fraction(result.problem)
            return f"Errors are absolute: they follow from errors of {of}, as it was fitted."
        return (
            "Errors are absolute: they follow from the errors of the data as given."
            if result.problem.sigma is not None
            else "Errors are absolute: they follow from errors of 1 of all data."
        )
    if result.dof < 1:
        return (
            "Errors are unknown: they would follow from how the data scatter about the model, but "
            "there are no degrees of freedom."
        )
    factor = f"√(χ²/dof) = {result.variance**0.5:.3g}"
    if result.problem.sigma is not None:
        return (
            f"Errors are scaled by {factor}: of the errors of the data only the ratios are "
            "believed, so there is no p-value."
        )
    return (
        f"Errors are scaled by {factor}, the residual standard deviation: those of the data are "
        "estimated from how they scatter about the model, so there is no p-value."
    )


def _about_correlations(result: Estimate) -> Iterator[str]:
    names, free = result.names, set(result.free)
    correlation = result.correlation
    pairs = [
        (float(correlation[i, j]), f"{names[i]}, {names[j]}")
        for i, j in np.argwhere(np.triu(np.abs(correlation) >= STRONG, 1)).tolist()
        if names[i] in free and names[j] in free
    ]
    if not pairs:
        return
    pairs.sort(key=lambda pair: -abs(pair[0]))
    shown = "; ".join(
        f"{pair} {in_prose(f'{value:+.{_digits(value)}f}')}" for value, pair in pairs[:MOST]
    )
    more = f"; and {len(pairs) - MOST} more" if len(pairs) > MOST else ""
    yield f"Strong correlations: {shown}{more}."


def _digits(correlation: float) -> int:
    """Return how many digits tell a correlation from 1, if six can."""
    distance = 1 - abs(correlation)
    return max(2, math.ceil(-math.log10(distance))) if distance > 1e-6 else 0
