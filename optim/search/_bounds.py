"""Bounds as callers write them: lower and upper ones, or pairs by key; other spellings answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from autodiff import flatten
from optim.search._objective import Array

Bounds: TypeAlias = tuple[Array, Array]  # lower and upper, one number for each unknown

SHOWN = 3  # pairs, at most, that a message spells out


def bounds_of_scipy(bounds: Any, n: int) -> Bounds:
    """Return the bounds of n unknowns in flat order from a `scipy.optimize.Bounds`."""
    sides = []
    for name, side in (("lower", bounds.lb), ("upper", bounds.ub)):
        vector = np.ravel(np.asarray(side, float))
        if vector.size not in (1, n):
            raise ValueError(
                f"expected one of the {name} bounds for each of {n} unknowns, or one for all, got "
                f"{vector.size}"
            )
        sides.append(np.array(np.broadcast_to(vector, n)))
    return sides[0], sides[1]


def bounds_by_key(bounds: Any, x: Any, path: str) -> Bounds:
    """Return the bounds of some part of x from pairs by its keys, of which some may be missing."""
    if bounds is None:
        return bounds_of_sides((None, None), x, path)
    if not isinstance(bounds, Mapping):
        return bounds_of_sides(bounds, x, path)
    if not isinstance(x, Mapping):
        raise ValueError(
            f"{path} has keys, but x0 none there, where it is {x!r:.80}: leave them out"
        )
    unknown = [key for key in bounds if key not in x]
    if unknown:
        keys = ", ".join(map(repr, x))
        raise ValueError(f"{path} has the key {unknown[0]!r}, expected some of those of x0: {keys}")
    sides = [bounds_by_key(bounds.get(key), part, f"{path}[{key!r}]") for key, part in x.items()]
    lower, upper = (np.concatenate(side) for side in zip(*sides, strict=True))
    return lower, upper


def bounds_of_sides(pair: Any, x: Any, path: str) -> Bounds:
    """Return the bounds of some part of x from a pair of numbers, or of parts that are like it."""
    _refuse_list_of_pairs(pair, x, path)
    if not _is_row(pair) or len(pair) != 2:
        raise ValueError(f"expected {path} to be (lower, upper), got {pair!r:.80}")
    return _vector("lower", pair[0], -np.inf, x), _vector("upper", pair[1], np.inf, x)


def _vector(name: str, bound: Any, infinity: float, x: Any) -> Array:
    """Return one side as a vector, with infinities where there is no bound."""
    start, shaped = flatten(x)
    bound = _with_infinity(bound, infinity)
    if hasattr(bound, "__float__") and np.ndim(bound) == 0:
        return np.full(start.size, float(bound))
    try:
        vector, as_given = flatten(bound)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"expected numbers as the {name} bounds, got {bound!r:.80} ({error})"
        ) from None
    # Both are alike if numbers in a row fall into the same places.
    order = np.arange(start.size)
    if vector.size != start.size or repr(as_given(order)) != repr(shaped(order)):
        raise ValueError(
            f"expected the {name} bounds to be one number or to be built like x0, {x!r:.80}, but "
            f"got {bound!r:.80}"
        )
    return np.asarray(vector, float)


def _with_infinity(bound: Any, infinity: float) -> Any:
    """Return a bound with an infinite one for each None."""
    if isinstance(bound, Mapping):
        return {key: _with_infinity(part, infinity) for key, part in bound.items()}
    if type(bound) in (list, tuple):
        return type(bound)(_with_infinity(part, infinity) for part in bound)
    return infinity if bound is None else bound


def _refuse_list_of_pairs(bounds: Any, x: Any, path: str) -> None:
    """Refuse a pair for each unknown, as `minimize` takes them, and say what to write."""
    if not _is_row(bounds) or not all(_is_row(p) and len(p) == 2 for p in bounds):
        return
    # Two rows of two numbers may be either: a list of tuples is meant as pairs.
    if not len(bounds) or (len(bounds) == 2 and not _is_list_of_tuples(bounds)):
        return
    raise ValueError(
        f"{path} is a list of pairs, which minimize takes: write the lower bounds and the upper "
        f"ones, {path}=({_side(bounds, 0)}, {_side(bounds, 1)}), or, where x0 is a dict, pairs by "
        f"key, bounds={_pairs_by_key(bounds, x)}"
    )


def refuse_sides(bounds: Any, x: Any, n: int) -> None:
    """Refuse all lower and all upper bounds of n unknowns, as `least_squares` takes them.

    Two rows of two numbers may be either: a tuple of lists or arrays is meant as such sides.
    """
    if not _is_row(bounds) or len(bounds) != 2:
        return
    if all(isinstance(side, Mapping) for side in bounds):
        bounds = tuple(flatten(side)[0] for side in bounds)
    if not all(len(side) == n if _is_row(side) else np.ndim(side) == 0 for side in bounds):
        return
    are_lists = isinstance(bounds, tuple) and all(isinstance(s, list | np.ndarray) for s in bounds)
    if all(_is_row(side) and len(side) == 2 for side in bounds) and not are_lists:
        return
    pairs = list(zip(*(side if _is_row(side) else [side] * n for side in bounds), strict=True))
    written = ", ".join(f"({a}, {b})" for a, b in _codes(pairs)) + _more(pairs)
    raise ValueError(
        "bounds is (lower, upper), which least_squares takes: write a pair for each unknown, "
        f"bounds=[{written}], or scipy.optimize.Bounds(lower, upper), or, where x0 is a dict, "
        f"pairs by key, bounds={_pairs_by_key(pairs, x)}"
    )


def _side(pairs: Any, end: int) -> str:
    """Return the lower or the upper bounds of pairs, as code."""
    return f"[{', '.join(pair[end] for pair in _codes(pairs))}{_more(pairs)}]"


def _pairs_by_key(pairs: Any, x: Any) -> str:
    """Return pairs by the keys of x, or by others, as code."""
    keys = list(x) if isinstance(x, Mapping) and len(x) == len(pairs) else ["a", "b", "c"]
    named = (f"{key!r}: ({a}, {b})" for key, (a, b) in zip(keys, _codes(pairs), strict=False))
    return f"{{{', '.join(named)}{_more(pairs)}}}"


def _codes(pairs: Any) -> list[tuple[str, str]]:
    return [(_as_code(a, -np.inf), _as_code(b, np.inf)) for a, b in pairs[:SHOWN]]


def _more(pairs: Any) -> str:
    return ", ..." if len(pairs) > SHOWN else ""


def _is_row(values: Any) -> bool:
    return isinstance(values, list | tuple) or (isinstance(values, np.ndarray) and values.ndim > 0)


def _is_list_of_tuples(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, tuple) for value in values)


def _as_code(bound: Any, infinity: float) -> str:
    bound = infinity if bound is None else bound
    return f"{bound}".replace("inf", "np.inf")
