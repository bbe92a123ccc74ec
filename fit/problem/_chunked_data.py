"""Data in chunks, as Dask's arrays hold them: what is to be known of all points, from one pass."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodiff import is_lazy, is_on_device
from fit.arguments._numbers import Array, numbers
from fit.models._guess import step_at_hand
from fit.problem._data import NAMES, Data
from fit.problem._sigma import Cholesky, Relative, Sigma
from optim import Chunks

# A fit of four passes takes 3 ms a chunk on threads and 17 on a cluster of two workers, and 50 ns
# a point on either: as long for 60 000 points and more.
MANY, SMALL, ENOUGH = 1000, 10_000, 100_000  # chunks, and points of each


class Summary(NamedTuple):
    """What is known of all data in chunks.

    Attributes
    ----------
    sample : Data
        Evenly spread points, of those that count.
    n : int
        How many points count.
    mass, mean, scatter : float
        Of the weights squared, in units of the largest, the sum; by them the mean of y, and the sum
        of squares about it.
    squares : float
        The sum of squares of y in standard deviations.
    largest : float
        The largest size among these.
    deviations : pair of floats
        The least and the largest standard deviation of a point that counts.
    """

    sample: Data
    n: int
    mass: float
    mean: float
    scatter: float
    squares: float
    largest: float
    deviations: tuple[float, float]


class Bad(NamedTuple):
    """What cannot be meant in a chunk: which argument and entry, and what was expected."""

    name: str
    entry: tuple[int, ...]
    value: float
    expected: str


class Look(NamedTuple):
    """What a task tells of a chunk."""

    sums: tuple[int, float, float, float, float]  # n, mass, mean, scatter, squares
    ends: tuple[float, float, float]  # largest, least deviation, largest deviation
    sample: list[Array]
    bad: list[Bad]


def is_of_chunks(*arguments: Any) -> bool:
    """Whether any argument of a fit is a lazy array."""
    return any(is_lazy(a.fraction if isinstance(a, Relative) else a) for a in arguments)


def chunked_data(
    x: Any, y: Any, sigma: Sigma | None, x_sigma: Any, nan_policy: str
) -> tuple[Data, Summary]:
    """Return the data of a fit, of which some are in chunks, and what there is to know of them.

    Raises
    ------
    ValueError, TypeError
        When they cannot be meant, or need all points in one piece.
    """
    _refuse_what_needs_all(sigma, x_sigma, nan_policy)
    relative = sigma if isinstance(sigma, Relative) else None
    lazy = {name: a for name, a in (("y", y), ("x", x), ("sigma", sigma)) if is_lazy(a)}
    for name, values in lazy.items():
        if not getattr(values, "ndim", 1):
            raise ValueError(f"{name} is a Dask array without an axis: write {name}.compute()")
    first = next(iter(lazy))
    alike = Chunks((lazy[first],), (first,)).sizes
    x, y = _in_chunks("x", x, alike), _in_chunks("y", y, alike)
    if x.ndim == 2 and x.shape[0] == y.shape[-1] != x.shape[1]:
        raise ValueError(f"x has shape {x.shape}, expected a row for each variable: write x.T")
    if y.ndim != 1:
        raise ValueError(
            f"y has shape {y.shape}, expected (n,): flatten it, and what the model returns"
        )
    deviations = None if relative or sigma is None else _deviations(sigma, alike)
    chunks = Chunks((x, y, deviations), (*NAMES, "sigma"))
    if not chunks.length:
        raise ValueError("y is empty")
    _warn_of_small_chunks(chunks)
    fraction = None if relative is None else float(np.asarray(relative.fraction))
    step = step_at_hand(chunks.length)
    whole: Look = chunks.reduce(partial(_look_at, fraction, step), _all_of, numbered=True)
    if whole.bad:
        _refuse(chunks, whole.bad[0])
    weights = _weights(y, deviations, fraction)
    *at_hand, of_sample = whole.sample
    whole_weights = weights if weights is None or not np.ndim(weights) else of_sample
    sample = Data(at_hand[0], at_hand[1], whole_weights, None, relative, 0)
    largest, *ends = whole.ends
    summary = Summary(sample, *whole.sums, largest, (ends[0], ends[1]))
    if not summary.n:
        raise ValueError("sigma is infinite for all points: none would count")
    return Data(x, y, weights, None, relative, 0), summary


def _warn_of_small_chunks(chunks: Chunks) -> None:
    """Say what to write where a fit takes far longer for what Dask does than for its points."""
    number, size = len(chunks.sizes), chunks.length / len(chunks.sizes)
    if number > MANY and size < SMALL:
        warnings.warn(
            f"{number} chunks of {size:.0f} points on average: Dask takes longer for each chunk "
            f"than the fit for its points: write x.rechunk({{-1: {ENOUGH:_}}}), and so for y and "
            "sigma",
            RuntimeWarning,
            stacklevel=5,
        )


def _weights(y: Any, deviations: Any, fraction: float | None) -> Any:
    """Return what turns differences into standard deviations, in chunks or one number."""
    if fraction is not None:
        return 1 / (fraction * abs(y))
    if deviations is None or is_lazy(deviations):
        return None if deviations is None else 1 / deviations
    return np.asarray(1 / deviations)  # of a number too, which would be a constant of plans


def _in_chunks(name: str, values: Any, alike: tuple[int, ...]) -> Any:
    """Return an argument as a Dask array of floats, in chunks as the others."""
    if is_lazy(values):
        Chunks((values,), (name,))  # which refuses what has no chunks
        if is_on_device(values._meta):
            raise TypeError(
                f"{name} has chunks on a GPU, expected NumPy's, of which fits are computed: "
                f"write {name}.map_blocks(autodiff.to_numpy, meta=np.empty(0))"
            )
        if values.dtype.kind not in "biuf":
            raise ValueError(f"{name} has dtype {values.dtype}, expected real numbers")
        return values.astype(float)
    if isinstance(values, tuple | list) and any(map(is_lazy, values)):
        raise ValueError(
            f"{name} is a {type(values).__name__} of Dask arrays, expected one, with a row for "
            f"each variable: write da.stack({name}), and rechunk it where its chunks do not match"
        )
    if not isinstance(values, np.ndarray | list):
        raise ValueError(
            f"{name} is a {type(values).__name__}, expected a Dask array as the others, or an array"
        )
    from dask.array import from_array

    array = numbers(name, values, check_finite=False)
    if array.shape[-1:] != (sum(alike),):
        raise ValueError(f"{name} has shape {array.shape}, but the others {sum(alike)} points")
    return from_array(array, chunks=(*array.shape[:-1], alike))  # type: ignore[no-untyped-call]


def _deviations(sigma: Any, alike: tuple[int, ...]) -> Any:
    """Return standard deviations in chunks, or as one number."""
    if np.ndim(sigma) == 0 and not is_lazy(sigma):
        return numbers("sigma", sigma, check_finite=False)
    deviations = _in_chunks("sigma", sigma, alike)
    if deviations.ndim != 1:
        raise ValueError(
            f"sigma has shape {deviations.shape}, expected ({sum(alike)},): data in chunks are "
            "taken to be uncorrelated"
        )
    return deviations


# -- the pass --------------------------------------------------------------------------------


def _look_at(
    fraction: float | None, every: int, start: int, x: Array, y: Array, deviations: Array | None
) -> Look:
    """Return what there is to know of a chunk."""
    bad = _bad_of(x, y, deviations, fraction, start)
    spread = deviations if fraction is None else fraction * np.abs(y)
    with np.errstate(all="ignore"):
        weights = np.ones(y.size) if spread is None else np.broadcast_to(1 / spread, y.size)
        # By the largest, so that their squares are numbers, whatever the units of sigma.
        squares, whitened = (weights / (weights.max() or 1.0)) ** 2, weights * y
        mass = squares.sum()
        mean = squares.dot(y) / mass if mass else 0.0
        about = weights * (y - mean)
        scatter, whole = about.dot(about), whitened.dot(whitened)
        points = np.flatnonzero(weights)
        sizes = 1 / weights[points] if points.size else np.array([np.inf])
    apart = max(1, every * points.size // y.size)  # as many as where all points count
    chosen = points[-start % every * points.size // y.size :: apart]
    return Look(
        (points.size, mass, mean, scatter, whole),
        (float(np.abs(whitened).max()), float(sizes.min()), float(sizes.max())),
        [a[..., chosen] for a in (x, y, weights)],  # no views, which hold the chunk
        bad,
    )


def _bad_of(
    x: Array, y: Array, deviations: Array | None, fraction: float | None, start: int
) -> list[Bad]:
    """Return the first entry of a chunk that cannot be meant, if any."""
    no_zeros = "expected no zeros, whose relative errors would be 0: give them by sigma"
    looks: list[tuple[str, Array, NDArray[np.bool_], str]] = [
        ("x", x, ~np.isfinite(x), "expected finite numbers"),
        ("y", y, ~np.isfinite(y), "expected finite numbers"),
    ]
    if fraction is not None:
        looks.append(("y", y, y == 0, no_zeros))
    if deviations is not None:
        expected = "expected positive standard deviations"
        looks.append(("sigma", deviations, ~(deviations > 0), expected))
    for name, values, bad, expected in looks:
        if bad.any():
            *before, last = map(int, np.argwhere(np.atleast_1d(bad))[0])
            value = float(np.atleast_1d(values)[(*before, last)])
            entry = (*before, start + last) if np.ndim(values) else ()
            return [Bad(name, entry, value, expected)]
    return []


def _all_of(parts: Sequence[Look]) -> Look:
    return reduce(_both_of, parts)


def _both_of(a: Look, b: Look) -> Look:
    """Return what there is to know of the points of two chunks.

    References
    ----------
    T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", COMPSTAT (1982).
    """
    if a.bad or b.bad:  # of which nothing else is asked
        return a if a.bad else b
    (n, mass, mean, scatter, squares), (m, more, other, beside, added) = a.sums, b.sums
    with np.errstate(all="ignore"):
        unit = min(a.ends[1], b.ends[1])
        mass = mass * (unit / a.ends[1]) ** 2 if n else 0.0
        more = more * (unit / b.ends[1]) ** 2 if m else 0.0
        whole = mass + more
        share = more / whole if whole else 0.0
        apart = other - mean
        between = mass * share * (apart / unit) ** 2
        sums = n + m, whole, mean + share * apart, scatter + beside + between, squares + added
    return Look(
        sums,
        (
            max(a.ends[0], b.ends[0]),
            unit,
            max((end for end in (a.ends[2], b.ends[2]) if end < np.inf), default=np.inf),
        ),
        [np.concatenate(both, axis=-1) for both in zip(a.sample, b.sample, strict=True)],
        [],
    )


# -- what is refused -------------------------------------------------------------------------


def _refuse_what_needs_all(sigma: Any, x_sigma: Any, nan_policy: str) -> None:
    """Refuse what is not for data in chunks, with what to write."""
    if nan_policy != "raise":
        raise ValueError(
            f"nan_policy={nan_policy!r} is not for Dask arrays: write good = ~da.isnan(y), then "
            "x[good], y[good] and sigma[good], each with .compute_chunk_sizes()"
        )
    if x_sigma is not None:
        raise ValueError(
            "x_sigma is not for Dask arrays: fit to a part of them, as x[::1000].compute()"
        )
    in_memory = not (isinstance(sigma, Relative) or is_lazy(sigma))
    if isinstance(sigma, Cholesky) or (in_memory and np.ndim(sigma) > 1):
        raise ValueError(
            "the covariance of Dask arrays is none that a fit takes: give standard deviations, or "
            "fit to a part of the data, as x[::1000].compute()"
        )
    if not isinstance(sigma, Relative):
        return
    if sigma.of != "data":
        raise ValueError(
            f"errors relative to the {sigma.of} are not for Dask arrays: fit with sigma=fraction * "
            "abs(y), then once more with sigma=fraction * abs(result.predict(x))"
        )
    if is_lazy(sigma.fraction) or np.ndim(sigma.fraction):
        raise ValueError(
            "Relative takes one fraction for Dask arrays: of several write sigma=fraction * abs(y)"
        )
    fraction = numbers("the fraction in Relative", sigma.fraction)
    if not 0 < fraction <= 1:
        raise ValueError(
            f"the fraction in Relative is {fraction}, expected more than 0, and 1 at the most: "
            "20 % are Relative(0.2)"
        )


def _refuse(chunks: Chunks, bad: Bad) -> None:
    if not bad.entry:
        raise ValueError(f"{bad.name} is {bad.value}, {bad.expected}")
    place = chunks.place_of(bad.entry[-1])
    entry = ", ".join(map(str, bad.entry))
    every_row = ".all(0)" if len(bad.entry) > 1 else ""
    instead = (
        ""
        if np.isfinite(bad.value)
        else (
            f": to leave such points out write good = da.isfinite({bad.name}){every_row}, then "
            "x[..., good], y[good] and sigma[good], each with .compute_chunk_sizes()"
        )
    )
    raise ValueError(f"{bad.name}[{entry}] is {bad.value}, entry {place}, {bad.expected}" + instead)
