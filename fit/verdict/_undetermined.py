"""What the data leave undetermined: the combinations of parameters, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fit.arguments._numbers import Array
from fit.arguments._words import enumeration, from_the_middle, in_prose
from fit.problem._problem import Problem
from fit.uncertainties._estimate import Estimate

# What an exact null direction changes, by rounding, of what the parameters would change alone.
UNCHANGED = 1e-7
INVOLVED = 1e-6  # the share of a null direction below which a parameter has no part in it
SHOWN = 3  # directions at most,
LONG = 8  # and of so many parameters in full
MIXED = 4  # parameters of which each is tried in its logarithm and without
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def undetermined_parameters(result: Estimate) -> Iterator[str]:
    """Name each group of parameters of which the data determine only combinations."""
    steps = _sparse_basis(result.determined.undetermined / result.determined.scale)
    alone: list[int] = []
    for rows in _groups(np.abs(steps) > INVOLVED):
        members = np.flatnonzero((steps[rows] != 0).any(axis=0))
        if len(members) == len(rows):
            alone += members.tolist()
        else:
            yield _group(result, members, steps[rows] * result.determined.scale)
    if alone:
        yield _without_influence(result, sorted(alone))


def _sparse_basis(steps: Array) -> Array:
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


def _group(result: Estimate, members: NDArray[np.intp], steps: Array) -> str:
    """Say what is left open by steps that belong together."""
    names = [result.free[i] for i in members]
    opened = f"{enumeration(names)} are undetermined"
    for in_logarithm in _scales(result.p[members]):
        along = np.zeros_like(steps)
        along[:, members] = steps[:, members] / np.where(in_logarithm, result.p[members], 1.0)
        if _stays(
            result, [_place_along(result, members, in_logarithm, along, t) for t in (0.3, -0.4)]
        ):
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


def _place_along(
    result: Estimate,
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


def _without_influence(result: Estimate, members: list[int]) -> str:
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
            f"{enumeration(names)} cannot be determined here: at {values} no residual changes to "
            "first order; start elsewhere, with p0"
        )
    if len(names) == 1:
        return f"{enumeration(names)} does not matter: no residual depends on it"
    # Of several it is likelier that what they describe lies outside the data.
    shift = from_the_middle(result.problem.sample.x)
    return (
        f"no residual depends on {enumeration(names)} about {values}: start elsewhere, with p0, or "
        + (f"write the model with {shift}" if shift else "omit them")
    )


def _stays(result: Estimate, places: Sequence[Array]) -> bool:
    """Whether the residuals stay what they are at some places, but for rounding."""
    for place in places:
        result.problem.spend()
        changes, squares = result.problem.total(_squares_of_changes, result.p, place)
        alone = float(np.linalg.norm((place - result.p) / result.determined.scale))
        if not changes**0.5 <= UNCHANGED * (alone + squares**0.5):
            return False
    return True


def _squares_of_changes(part: Problem, p: Array, place: Array) -> tuple[float, float]:
    """Return the sum of squares by which residuals change from p to a place, and that at p."""
    here = part.residuals_at(p)
    changes = part.residuals_at(place) - here
    return float(changes @ changes), float(here @ here)


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


def _direction(result: Estimate, steps: Array) -> str:
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
        return in_prose(f"{number + 0.0:.1g}") if number else "0"
    return in_prose(f"{number:.2f}".rstrip("0").rstrip("."))
