"""The verdict on a fit: what its numbers do not say by themselves, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fit._covariance import from_hessian
from fit._data import Array
from fit._profile import likelihood_interval
from fit._result import UNDETERMINED
from fit._words import counted, listed, signed

if TYPE_CHECKING:
    from fit._result import FitResult

# A correlation of 0.999 makes an error 22 times, 1/√(1 - 0.999²), what it were if the other
# parameter were known: such errors mean something only together.
CORRELATED = 0.999
# One fit in a thousand has so large a χ² by chance, and one in a thousand so small a one.
IMPROBABLE = 0.001
# An error is itself uncertain by 1/√(2 dof), some 10 % with 50 points: it is read to one digit.
CURVED = 0.1
HESSIAN = 0.05  # by how much errors from JᵀJ and from the Hessian may differ
# What an exact null direction changes, by rounding, of what the parameters would change alone.
DIGITS = 1e-10  # an error smaller than this share of its value has lost too many to be compared
UNCHANGED = 1e-7
INVOLVED = 1e-6  # the share of a null direction below which a parameter has no part in it
SHOWN = 3  # directions at most,
LONG = 8  # and of so many parameters in full
MIXED = 4  # parameters of which each is tried in its logarithm and without
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
# So many entries of Jacobians are worth the search for an interval that Newton's method misses.
AFFORDABLE = 10_000


def warnings(result: FitResult) -> list[str]:
    """Return what is to be said of a fit, most serious first; `FitResult.warnings`."""
    said: list[str] = []
    checks: tuple[Callable[[FitResult], Iterator[str]], ...] = (
        _convergence,
        _undetermined,
        _bounds,
        _correlations,
        _goodness,
        _loss,
        _curvature,
        _hessian,
    )
    for check in checks:
        try:
            with np.errstate(all="ignore"):
                said.extend(check(result))
        except (ArithmeticError, ValueError, TypeError, np.linalg.LinAlgError) as error:
            # The model is evaluated off the minimum, where it may refuse.
            said.append(f"the check of the fit's{check.__name__.replace('_', ' ')} failed: {error}")
    return said


def _convergence(result: FitResult) -> Iterator[str]:
    named = result.status == UNDETERMINED and len(result.determined.undetermined)
    if not result.success and not named:
        yield f"not converged: {result.message}"


def _goodness(result: FitResult) -> Iterator[str]:
    if result.dof < 1:
        what = (
            "χ² cannot judge the model"
            if result.absolute
            else "the errors of the data, and so those of the parameters, cannot be estimated"
        )
        yield (
            f"no degrees of freedom: {counted(len(result.problem.y), 'point')} for "
            f"{counted(len(result.free), 'free parameter')}, so that {what}"
        )
    if result.p_value is None:
        return
    from scipy.special import chdtr

    found = f"χ² = {result.chi_squared:.4g} for {counted(result.dof, 'degree')} of freedom"
    if result.p_value < IMPROBABLE:
        yield (
            f"{found} is too large ({_chance(result.p_value)} for one so large): the errors of the "
            "data are too small, or the model is wrong"
        )
    elif result.p_value > 1 - IMPROBABLE:
        yield (
            f"{found} is too small ({_chance(chdtr(result.dof, result.chi_squared))} for one so "
            "small): the errors of the data are too large"
        )


def _chance(p: float) -> str:
    return f"a chance of {p:.1g}" if p > 0 else "a chance below 1e-300"


def _loss(result: FitResult) -> Iterator[str]:
    if result.problem.loss != "linear":
        yield (
            f"the errors are those of plain least squares at this place, where the loss "
            f"{result.problem.loss!r} gives outliers less weight; intervals follow the loss itself"
        )


def _bounds(result: FitResult) -> Iterator[str]:
    parameters = result.problem.parameters
    for name, value, low, high in zip(
        parameters.free, result.p, parameters.lower, parameters.upper, strict=True
    ):
        if value in (low, high):
            yield (
                f"{name} is at its {'lower' if value == low else 'upper'} bound "
                f"{signed(f'{value:g}')}: the errors do not know of the bound; interval() does"
            )


def _correlations(result: FitResult) -> Iterator[str]:
    if result.problem.constraints:
        return  # which may well tie two parameters together
    every = result.names
    free = [every.index(name) for name in result.free]
    correlation = np.triu(result.correlation[np.ix_(free, free)], 1)
    pairs = np.argwhere(np.abs(correlation) > CORRELATED)
    pairs = pairs[np.argsort([-abs(correlation[i, j]) for i, j in pairs])]
    if len(pairs):
        i, j = pairs[0]
        more = f" (and {counted(len(pairs) - 1, 'more pair')} likewise)" if len(pairs) > 1 else ""
        yield (
            f"{result.free[i]} and {result.free[j]} are almost undetermined by themselves: their "
            f"correlation is {signed(_short_of_one(correlation[i, j]))}{more}"
        )


def _curvature(result: FitResult) -> Iterator[str]:
    """Compare errors with the distances at which the least χ² has risen by as much."""
    if not result.success or not result.chi_squared > 0 or result.dof < 1:
        return
    problem, parameters = result.problem, result.problem.parameters
    if problem.loss != "linear":
        return
    affordable = len(problem.y) * len(result.free) <= AFFORDABLE
    confined = (result.p <= parameters.lower) | (result.p >= parameters.upper)
    reason = "a bound confines the fit" if confined.any() else "the model is curved"
    notes: dict[str, None] = {}
    for name in result.free:
        value, error = result.values[name], result.errors[name]
        if not DIGITS * abs(value) < error < np.inf:
            continue
        if not (problem.constraints or confined.any()) and _straight(result, name):
            continue
        low, high, said = likelihood_interval(result, name, search=affordable)
        if np.isnan([low, high]).any():
            yield (
                f"the error of {name}, {error:.3g}, holds for a straight model, but this one is "
                f"much curved: see interval({name!r})"
            )
            continue
        notes.update(dict.fromkeys(said))
        off = max(abs((value - low) / error - 1), abs((high - value) / error - 1))
        if off > CURVED and not any("bound" in note for note in said):
            yield (
                f"the error of {name}, ±{error:.3g}, is off, since {reason}: by the likelihood it "
                f"is {signed(f'{low - value:+.3g} {high - value:+.3g}')}"
            )
    yield from notes


def _straight(result: FitResult, name: str) -> bool:
    """Whether the residuals hardly bend from one end of a linear interval to the other.

    This takes no Jacobians. Where χ² at the ends is what linear theory says, to 10 %, and the bend,
    which the other parameters might follow, no longer than 10 % of the step, an end is off by some
    5 % at most.
    """
    spread = result.determined.spread
    row = spread[result.free.index(name)]
    step = sqrt(result.variance) * spread @ row / np.linalg.norm(row)
    lower, upper = result.problem.parameters.lower, result.problem.parameters.upper
    here = result.weighted_residuals
    ends = []
    for p in (result.p - step, result.p + step):
        if ((p < lower) | (p > upper)).any():
            return False
        ends.append(np.asarray(result.problem.residuals(p), float))
        rise = float((ends[-1] - here) @ (ends[-1] + here))
        if not abs(rise / result.variance - 1) <= CURVED:
            return False
    bend = float(np.linalg.norm(ends[0] + ends[1] - 2 * here)) / 2
    return bend <= CURVED * sqrt(result.variance)


def _hessian(result: FitResult) -> Iterator[str]:
    """Compare errors from JᵀJ with those from the exact Hessian of χ²."""
    problem = result.problem
    if problem.loss != "linear" or not result.success:
        return  # a robust loss has second derivatives of its own
    if len(result.determined.undetermined):
        return  # and this has been said
    if result.hessian_covariance is None:
        gauss_newton = 2 * result.triangle.T @ result.triangle
        if from_hessian(gauss_newton, problem.directions(result.p)) is None:
            return  # Rounding hides it even in JᵀJ.
        yield (
            "the exact Hessian of χ² has a direction in which χ² falls or stays: this is no "
            "ordinary minimum, and the errors from JᵀJ may be too small"
        )
        return
    exact = np.sqrt(np.diag(result.hessian_covariance))
    for name, error, true in zip(result.names, result.errors.values(), exact, strict=True):
        if 0 < error < np.inf and abs(true / error - 1) > HESSIAN:
            yield f"the error of {name} is {error:.3g} from JᵀJ, but {true:.3g} from the Hessian"


def _short_of_one(correlation: float) -> str:
    """Return a correlation with so many digits that it is not rounded to 1."""
    if 1 - abs(correlation) < 1e-15:
        return f"{correlation:.0f}, but for rounding"
    return f"{correlation:.{max(4, int(-np.log10(1 - abs(correlation))) + 2)}f}"


# -- what is undetermined --------------------------------------------------------------------


def _undetermined(result: FitResult) -> Iterator[str]:
    """Name each group of parameters of which the data determine only combinations."""
    steps = _sparse(result.determined.undetermined / result.determined.scale)
    alone: list[int] = []
    for rows in _groups(np.abs(steps) > INVOLVED):
        members = np.flatnonzero((steps[rows] != 0).any(axis=0))
        if len(members) == len(rows):
            alone += members.tolist()
        else:
            yield _group(result, members, steps[rows] * result.determined.scale)
    if alone:
        yield _without_influence(result, sorted(alone))


def _sparse(steps: Array) -> Array:
    """Return a basis of the same space whose vectors share few entries, by elimination."""
    rows = steps.copy()
    for i in range(len(rows)):
        rest = np.abs(rows[i:])
        row, column = divmod(int(np.argmax(rest)), rest.shape[1])
        rows[[i, i + row]] = rows[[i + row, i]]
        rows[i] /= rows[i, column]
        others = np.arange(len(rows)) != i
        rows[others] -= np.outer(rows[others, column], rows[i])
    rows[np.abs(rows) < INVOLVED] = 0.0
    return rows


def _groups(involved: NDArray[np.bool_]) -> list[list[int]]:
    """Return which rows belong together, because they share an entry."""
    groups: list[list[int]] = []
    for i in range(len(involved)):
        joined = [g for g in groups if (involved[g].any(axis=0) & involved[i]).any()]
        groups = [g for g in groups if g not in joined]
        groups.append([j for g in joined for j in g] + [i])
    return groups


def _group(result: FitResult, members: NDArray[np.intp], steps: Array) -> str:
    """Say what is left open by steps that belong together."""
    names = [result.free[i] for i in members]
    opened = f"{listed(names)} are undetermined"
    for in_logarithm in _scales(result.p[members]):
        along = np.zeros_like(steps)
        along[:, members] = steps[:, members] / np.where(in_logarithm, result.p[members], 1.0)
        if _stays(result, [_moved(result, members, in_logarithm, along, t) for t in (0.3, -0.4)]):
            only = _combination(along[:, members], names, in_logarithm)
            if len(along) > SHOWN:
                return f"{opened}: {only}"
            return f"{opened}: {only}; {_direction(result, along)}{_where(names, in_logarithm)}"
    along_what = f"{len(steps)} directions"
    if len(steps) <= SHOWN:
        along_what = f"the {_direction(result, steps)}"
    return f"{opened}: to first order no residual changes along {along_what}"


def _scales(values: Array) -> list[NDArray[np.bool_]]:
    """Return which parameters to take in their logarithms, in the order to try: all, none, some."""
    n = len(values)
    mixed = list(product([True, False], repeat=n))[1:-1] if n <= MIXED else []
    choices = [np.array(choice) for choice in ((True,) * n, (False,) * n, *mixed)]
    return [choice for choice in choices if not (choice & (values == 0)).any()]


def _moved(
    result: FitResult,
    members: NDArray[np.intp],
    in_logarithm: NDArray[np.bool_],
    along: Array,
    t: float,
) -> Array:
    """Return parameters a finite way along the sum of some steps, in logarithms where they are."""
    p = result.p.copy()
    inner, size = along[:, members].sum(axis=0), np.maximum(np.abs(p[members]), 1.0)
    step = t * inner / np.abs(inner / np.where(in_logarithm, 1.0, size)).max()
    p[members] = np.where(in_logarithm, p[members] * np.exp(step), p[members] + step)
    return p


def _without_influence(result: FitResult, members: list[int]) -> str:
    """Say that parameters have no influence at all, or none just here."""
    names = [result.free[i] for i in members]
    moved = []
    for t in (0.3, -0.4):
        p = result.p.copy()
        p[members] += t * np.maximum(np.abs(p[members]), 1.0)
        moved.append(p)
    values = ", ".join(f"{name} = {result.values[name]:g}" for name in names)
    if not _stays(result, moved):
        return (
            f"{listed(names)} cannot be determined here: at {values} no residual changes to first "
            "order; start elsewhere, with p0"
        )
    if len(names) == 1:
        return f"{listed(names)} does not matter: no residual depends on it"
    # Of several it is likelier that what they describe lies outside the data.
    return (
        f"no residual depends on {listed(names)} about {values}: start elsewhere, with p0, or omit "
        "them"
    )


def _stays(result: FitResult, places: Sequence[Array]) -> bool:
    """Whether the residuals stay what they are at some places, but for rounding."""
    here = result.weighted_residuals
    for place in places:
        moved = np.asarray(result.problem.residuals(place), float)
        alone = float(np.linalg.norm((place - result.p) / result.determined.scale))
        size = alone + float(np.linalg.norm(here))
        if not np.linalg.norm(moved - here) <= UNCHANGED * size:
            return False
    return True


def _combination(along: Array, names: list[str], in_logarithm: NDArray[np.bool_]) -> str:
    """Name what stays along the steps, if that is one combination."""
    if len(names) - len(along) > 1:
        return f"only {len(names) - len(along)} combinations of them are"
    fixed = np.linalg.svd(along)[2][-1]
    fixed[np.abs(fixed) < INVOLVED] = 0.0
    leading = fixed[in_logarithm & (fixed != 0)]
    leading = leading if leading.size else fixed[fixed != 0]
    fixed = fixed / np.abs(leading).min() * np.sign(leading[0])
    ratios = [Fraction(float(power)).limit_denominator(12) for power in fixed]
    if all(abs(float(q) - power) < 1e-4 for q, power in zip(ratios, fixed, strict=True)):
        whole = int(np.lcm.reduce([q.denominator for q in ratios]))
        fixed = np.array([float(q * whole) for q in ratios])
    powers, factors = (
        [(name, value) for name, value, own in zip(names, fixed, chosen, strict=True) if own]
        for chosen in (in_logarithm, ~in_logarithm)
    )
    if not powers:
        return f"only {_sum(factors)} is"
    return f"only {_product(powers)}{f'·exp({_sum(factors)})' if factors else ''} is"


def _product(powers: list[tuple[str, float]]) -> str:
    """Write a product of powers."""
    text = ""
    for name, power in powers:
        sign = "·" if power > 0 else "/"
        text += f"{sign if text else '' if power > 0 else '1/'}{name}{_exponent(abs(power))}"
    return text


def _exponent(power: float) -> str:
    if power == 1:
        return ""
    return f"{power:g}".translate(RAISED) if power.is_integer() else f"^{power:.4g}"


def _sum(factors: list[tuple[str, float]]) -> str:
    """Write a sum of multiples."""
    text = ""
    for name, factor in factors:
        sign = (" + " if text else "") if factor > 0 else (" − " if text else "−")
        text += f"{sign}{'' if abs(factor) == 1 else f'{abs(factor):.4g}·'}{name}"
    return text


def _where(names: list[str], in_logarithm: NDArray[np.bool_]) -> str:
    """Say in which coordinates a direction is."""
    if in_logarithm.all():
        return " in their logarithms"
    chosen = [name for name, own in zip(names, in_logarithm, strict=True) if own]
    return f" in the logarithm of {' and '.join(chosen)}" if chosen else ""


def _direction(result: FitResult, steps: Array) -> str:
    """Write unit vectors along the steps."""
    vectors = []
    for step in steps:
        unit = step / np.linalg.norm(step)
        unit = unit * np.sign(unit[np.flatnonzero(np.abs(unit) > INVOLVED)[0]])
        if unit.size > LONG:
            vectors.append(_sum([(k, v) for k, v in zip(result.free, unit, strict=True) if v]))
        else:
            vectors.append(f"({', '.join(map(_entry, unit))})")
    return ("direction " if len(vectors) == 1 else "directions ") + ", ".join(vectors)


def _entry(number: float) -> str:
    """Write an entry of a unit vector, of which only zeros look like 0."""
    if abs(number) < 0.005:
        return signed(f"{number + 0.0:.1g}") if number else "0"
    return signed(f"{number:.2f}".rstrip("0").rstrip("."))
