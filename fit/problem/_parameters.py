"""The parameters of a fit: which are free, and how all of them follow from those."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from fit.arguments._numbers import Array, number, numbers

if TYPE_CHECKING:
    from scipy.optimize import Bounds as ScipysBounds

Fixed: TypeAlias = Mapping[str, "float | Callable[..., Any]"]
Bounds: TypeAlias = Mapping[str, tuple[float | None, float | None]]

ENDS = (-np.inf, np.inf)
SHOWN = 3  # pairs, at most, that a message spells out


@dataclass(frozen=True, eq=False)
class Parameters:
    """Named parameters, of which some are free, some fixed and some tied to others.

    Attributes
    ----------
    names : tuple of str
        All of them, in the order in which the model takes them.
    free : tuple of str
        Those that the fit varies.
    start, lower, upper : ndarray of shape (number of free ones,)
    fixed : dict
        The numbers of those that are fixed.
    ties : dict
        The functions of those that are tied, with the names they take, each after those it needs.
    """

    names: tuple[str, ...]
    free: tuple[str, ...]
    start: Array
    lower: Array
    upper: Array
    fixed: dict[str, float]
    ties: dict[str, tuple[Callable[..., Any], tuple[str, ...]]]

    # What is evaluated again and again holds no object, but what it needs of it: so a plan of it
    # serves all fits that differ in numbers only.

    @cached_property
    def every(self) -> Callable[[Any], list[Any]]:
        """All parameters in their order, as a function of the free ones."""
        names, free = self.names, self.free
        if len(free) == len(names):
            return list
        held, at = tuple(self.fixed), np.array([*self.fixed.values()], float)
        ties = tuple((name, tie, needed) for name, (tie, needed) in self.ties.items())

        def every(p: Any) -> list[Any]:
            values = {**dict(zip(free, p, strict=True)), **dict(zip(held, at, strict=True))}
            for name, tie, needed in ties:
                values[name] = tie(*(values[other] for other in needed))
            return [values[name] for name in names]

        return every

    @cached_property
    def by_name(self) -> Callable[[Any], dict[str, Any]]:
        """All parameters by name, as a function of the free ones."""
        names, every = self.names, self.every
        return lambda p: dict(zip(names, every(p), strict=True))

    def __getstate__(self) -> dict[str, Any]:
        # Functions within functions cannot be pickled, but made again.
        return {field.name: vars(self)[field.name] for field in fields(self)}

    @property
    def bounded(self) -> bool:
        """Whether any free parameter has a bound."""
        return any(map(isfinite, [*self.lower.tolist(), *self.upper.tolist()]))


def parameters_of(
    names: tuple[str, ...],
    known: Mapping[str, float],
    p0: ArrayLike | Mapping[str, float] | None,
    bounds: Bounds | tuple[ArrayLike, ArrayLike] | ScipysBounds | None,
    fixed: Fixed | Sequence[str] | None,
    guess: Callable[[], Mapping[str, float]] | None = None,
) -> Parameters:
    """Return the parameters of a fit from what its caller said of them.

    A guess is made where starting values are missing, and yields to bounds.

    Raises
    ------
    ValueError
        When a name does not exist, a starting value is missing or out of bounds, or ties go round.
    """
    start = {**known, **_by_name("p0", p0, names)}
    settled = {*start, *(fixed if isinstance(fixed, Mapping) else ())}
    guessed = guess() if guess is not None and not settled.issuperset(names) else {}
    guessed = {name: value for name, value in guessed.items() if name not in start}
    start = {**guessed, **start}
    held = _values_of_fixed(names, start, fixed)
    free = tuple(name for name in names if name not in held)
    if not free:
        raise ValueError("all parameters are fixed: there is nothing to fit")
    missing = [name for name in free if name not in start]
    if missing:
        example = ", ".join(f"{name!r}: ..." for name in missing)
        raise ValueError(
            f"no starting value for {', '.join(missing)}: give p0={{{example}}}, or defaults in "
            "the signature of the model"
        )
    values = np.array([start[name] for name in free], float)
    lower, upper = bounds_of(bounds, names, held)
    if guessed:
        yielding = [name in guessed for name in free]
        values = np.where(yielding, np.clip(values, lower, upper), values)
    for name, value, low, high in zip(
        free, values.tolist(), lower.tolist(), upper.tolist(), strict=True
    ):
        if not isfinite(value):
            raise ValueError(f"{name} starts at {value:g}: give it another start in p0")
        if not low <= value <= high:
            raise ValueError(f"{name} starts at {value:g}, outside its bounds {low:g} ... {high:g}")
    fixed_numbers = {k: v for k, v in held.items() if not callable(v)}
    return Parameters(names, free, values, lower, upper, fixed_numbers, _ties(names, held))


def names_of_arguments(f: Callable[..., Any], names: tuple[str, ...], role: str) -> tuple[str, ...]:
    """Return which parameters a function of some of them takes, by its signature."""
    needed = tuple(inspect.signature(f).parameters)
    _refuse_unknown(needed, names, role)
    return needed


def _refuse_unknown(given: Sequence[str], names: tuple[str, ...], role: str) -> None:
    for name in given:
        if name not in names:
            raise ValueError(f"{role}: no parameter {name!r}; there are {', '.join(names)}")


def _by_name(
    role: str, values: ArrayLike | Mapping[str, float] | None, names: tuple[str, ...]
) -> dict[str, float]:
    if values is None:
        return {}
    if isinstance(values, Mapping):
        _refuse_unknown(list(values), names, role)
        return {name: number(f"{role}[{name!r}]", value) for name, value in values.items()}
    array = np.atleast_1d(numbers(role, values))
    if array.shape != (len(names),):
        raise ValueError(
            f"{role} has shape {array.shape}, expected ({len(names)},) for {', '.join(names)}, or "
            "a dict by name"
        )
    return dict(zip(names, array.tolist(), strict=True))


def _values_of_fixed(
    names: tuple[str, ...], start: dict[str, float], fixed: Fixed | Sequence[str] | None
) -> dict[str, Any]:
    """Return what is not free by name: numbers, and functions of other parameters."""
    if fixed is None:
        return {}
    if isinstance(fixed, str):
        fixed = [fixed]
    if not isinstance(fixed, Iterable):
        raise ValueError(f"fixed is {fixed!r}, expected a dict by name, or names")
    _refuse_unknown(list(fixed), names, "fixed")
    if isinstance(fixed, Mapping):
        return {name: _value_of_fixed(name, value) for name, value in fixed.items()}
    missing = [name for name in fixed if name not in start]
    if missing:
        raise ValueError(f"fixed: no value for {missing[0]}: give fixed={{{missing[0]!r}: ...}}")
    return {name: start[name] for name in fixed}


def _value_of_fixed(name: str, value: Any) -> Any:
    if callable(value):
        return value
    if isinstance(value, bool | np.bool_):
        raise ValueError(
            f"fixed[{name!r}] is {value}, expected a number or a function of other parameters: to "
            f"hold {name} where it starts write fixed=[{name!r}], to vary it leave it out"
        )
    if value is None or isinstance(value, str):
        raise ValueError(
            f"fixed[{name!r}] is {value!r}, expected a number or a function of other parameters, "
            f"such as fixed={{{name!r}: lambda a: a / 2}}"
        )
    return number(f"fixed[{name!r}]", value)


def _ties(
    names: tuple[str, ...], held: dict[str, Any]
) -> dict[str, tuple[Callable[..., Any], tuple[str, ...]]]:
    """Return the tied parameters, each after those that it needs."""
    if not any(map(callable, held.values())):
        return {}
    from graphlib import CycleError, TopologicalSorter

    ties = {
        name: (f, names_of_arguments(f, names, f"the tie of {name}"))
        for name, f in held.items()
        if callable(f)
    }
    order = TopologicalSorter({name: needed for name, (_, needed) in ties.items()})
    try:
        return {name: ties[name] for name in order.static_order() if name in ties}
    except CycleError as error:
        raise ValueError(f"the ties go round: {' → '.join(error.args[1])}") from None


def bounds_of(
    bounds: Bounds | tuple[ArrayLike, ArrayLike] | ScipysBounds | None,
    names: tuple[str, ...],
    held: Mapping[str, Any],
) -> tuple[Array, Array]:
    """Return the lower and upper bounds of the free parameters."""
    if bounds is None:
        n = len(names) - len(held)
        return np.full(n, -np.inf), np.full(n, np.inf)
    if not isinstance(bounds, Mapping):
        bounds = _pairs(bounds, names)
    _refuse_unknown(list(bounds), names, "bounds")
    low, high = (dict.fromkeys(names, end) for end in ENDS)
    for name, pair in bounds.items():
        if pair is None:
            continue
        if not isinstance(pair, Sequence | np.ndarray) or len(pair) != 2:
            raise ValueError(f"bounds[{name!r}] is {pair!r}, expected a pair (lower, upper)")
        low[name], high[name] = (
            end if given is None else number(f"bounds[{name!r}]", given, check_finite=False)
            for given, end in zip(pair, ENDS, strict=True)
        )
        if np.isnan([low[name], high[name]]).any():
            raise ValueError(f"bounds[{name!r}] is {pair!r}: write None or inf where there is none")
        if not low[name] < high[name]:
            raise ValueError(
                f"bounds[{name!r}] is {pair!r}, expected the lower one first; to hold a parameter "
                "at a value use fixed"
            )
        value = held.get(name)
        if callable(value) and np.isfinite([low[name], high[name]]).any():
            raise ValueError(f"bounds[{name!r}]: {name} is tied to others, bound those instead")
        if not callable(value) and value is not None and not low[name] <= value <= high[name]:
            raise ValueError(f"{name} is fixed at {value:g}, outside bounds[{name!r}] = {pair!r}")
    free = [name for name in names if name not in held]
    return np.array([low[name] for name in free]), np.array([high[name] for name in free])


def _pairs(bounds: Any, names: tuple[str, ...]) -> Bounds:
    """Return lower and upper bounds as pairs by name."""
    refuse_list_of_pairs(bounds, names)
    n = len(names)
    by_scipy = hasattr(bounds, "lb")
    sides = [bounds.lb, bounds.ub] if by_scipy else list(bounds) if _is_row(bounds) else []
    refuse_dicts(sides, names)
    sides = [with_infinities(side, end) for side, end in zip(sides, ENDS, strict=False)] + sides[2:]
    if len(sides) != 2 or any(np.shape(side) not in ((), (1,), (n,)) for side in sides):
        shapes = ", ".join(str(np.shape(side)) for side in sides)
        raise ValueError(
            f"bounds {f'has entries of shape {shapes}' if shapes else f'is {bounds!r}'}, "
            f"expected a dict of pairs by name, such as {{{names[0]!r}: (0, None)}}, or lower and "
            f"upper bounds, each of shape ({n},) for {', '.join(names)}"
        )
    low, high = (
        np.broadcast_to(numbers("bounds", side, check_finite=False), n).tolist() for side in sides
    )
    return dict(zip(names, zip(low, high, strict=True), strict=True))


def refuse_dicts(sides: Any, names: Sequence[str]) -> None:
    """Refuse lower and upper bounds that are dicts, and say what to write."""
    if _is_row(sides) and any(isinstance(side, Mapping) for side in sides):
        raise ValueError(f"bounds by name are pairs, such as bounds={{{names[0]!r}: (0, None)}}")


def with_infinities(side: Any, end: float) -> Any:
    """Return lower or upper bounds with an infinite one for each None."""
    if isinstance(side, list | tuple):
        return [end if bound is None else bound for bound in side]
    return end if side is None else side


def refuse_list_of_pairs(bounds: Any, names: Sequence[str]) -> None:
    """Refuse a pair for each parameter, as `optim.minimize` takes them, and say what to write.

    Two rows of two numbers may be either: a list of tuples is meant as pairs.
    """
    if not _is_row(bounds) or not all(_is_row(p) and len(p) == 2 for p in bounds):
        return
    are_tuples = isinstance(bounds, list) and all(isinstance(p, tuple) for p in bounds)
    if not len(bounds) or (len(bounds) == 2 and not are_tuples):
        return
    pairs = [
        [_as_code(bound, end) for bound, end in zip(pair, ENDS, strict=True)] for pair in bounds
    ][:SHOWN]
    more = ", ..." if len(bounds) > SHOWN else ""
    low, high = (", ".join(side) + more for side in zip(*pairs, strict=True))
    named = zip(names, pairs, strict=False)
    by_name = ", ".join(f"{name!r}: ({', '.join(pair)})" for name, pair in named) + more
    raise ValueError(
        f"bounds is a list of pairs: write pairs by name, bounds={{{by_name}}}, or the lower "
        f"bounds and the upper ones, bounds=([{low}], [{high}])"
    )


def _is_row(values: Any) -> bool:
    return isinstance(values, list | tuple) or (isinstance(values, np.ndarray) and values.ndim > 0)


def _as_code(bound: Any, end: float) -> str:
    return f"{end if bound is None else bound}".replace("inf", "np.inf")
