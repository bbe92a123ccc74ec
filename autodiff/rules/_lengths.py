"""Lengths, roots of sums of squares: hypot, |z|, the Euclidean norm, the standard deviation.

A length r = |x| has a corner at 0. The first derivative chosen there is 0; a second one is right or
NaN, and so is a third. The image of a cotangent is (g/r) x; if g vanishes at the corner with r
alone, as it does for r² or cos r, then g/r has a limit, dg/dr by de l'Hôpital's rule, and the image
a derivative. A walk forward that is differentiated itself meets no g, and refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.array_kinds import is_plain
from autodiff._core.constants_like import ones_like, zeros_like
from autodiff._core.fast_recorders import recorder
from autodiff._core.op import Custom, Elementwise
from autodiff._core.record import value_of
from autodiff._core.table import operation
from autodiff._core.tensor import Tensor
from autodiff._core.types import Cotangent, Function, Tangent, Value
from autodiff._core.walks import Graph, ancestors
from autodiff.rules._products import conjugate
from autodiff.rules._reductions import (
    add_reduce,
    deviations,
    expand,
    expand_cotangent,
    measure_of_spread,
    nan_deviations,
)
from autodiff.rules._tails import PLAIN, inner, is_recorded


def corners(r: Value) -> Value:
    """Return where a length is 0 in a walk that records itself; None where it never is."""
    if not is_recorded(r):
        return None
    zero = value_of(r) == 0
    known = is_plain(zero) or type(zero) in PLAIN
    return zero if known and zero.any() else None


def refuse_corners(name: str, t: Value, r: Value, axes: Value = (), keepdims: bool = False) -> None:
    """Raise where a recorded walk forward moves a length over these axes that is 0."""
    corner = corners(r) if type(r) is Tensor else None
    if corner is None:
        return
    moved = np.any(value_of(t) != 0, axis=axes, keepdims=keepdims) | _requires_grad(t)
    if np.any(corner & moved):
        raise ValueError(
            f"{name} is at its corner, 0, in a walk forward that is differentiated once more, and "
            "that cannot know whether the derivative exists: walk backward, with "
            "jacobian(grad(f), mode='reverse') in the place of hessian, hvp or jvp"
        )


def _requires_grad(x: Value) -> bool:
    return type(x) is Tensor and x.requires_grad


def slope_at(corner: Value, g: Cotangent, r: Value, smooth_square: bool = True) -> Cotangent:
    """Return the limit of g/r at corners, NaN where there is none, and 0 elsewhere."""
    vanishes = value_of(g) == 0
    if not _requires_grad(g):
        return np.where(corner & ~vanishes, np.nan, 0)
    # Weights at random, so that nothing cancels: g depends on the same entry of r alone if with any
    # of them it has the same slope, and on nothing else if they bring nothing else a cotangent.
    rng = np.random.default_rng(0)
    weights = rng.uniform(1, 2, r.shape).astype(r.dtype)
    seeds = np.stack([corner * ones_like(weights), corner * weights])
    slope, weighted = Graph([g], [r]).push([seeds], batch=(2,))[g]
    same = np.isclose(weighted, slope * weights, rtol=np.finfo(r.dtype).eps ** 0.5, atol=0)
    known = vanishes & same & (smooth_square | (slope == 0))
    others = _others(g, r)
    seed = rng.uniform(1, 2, g.shape).astype(g.dtype) * (corner if g.ndim >= r.ndim else 1)
    pulled = Graph([g], [r, *others]).pull([seed])
    if any(np.any(pulled[x] != 0) for x in others):
        known = False
    return np.where(corner & known, slope, np.where(corner, np.nan, 0))


def _others(g: Cotangent, r: Value) -> list[Tensor]:
    """Return what g depends on beside r: leaves, and what may have a corner of its own at 0."""
    on_the_way = ancestors([g], [r])[0]
    through = {r}
    for y in on_the_way:
        if any(type(x) is Tensor and x in through for x in y.inputs):
            through.add(y)
    ends = {
        x: None
        for y in on_the_way
        for x in y.inputs
        if _requires_grad(x) and x.op is None and x not in through
    }
    cornered = [
        y
        for y in on_the_way
        if isinstance(y.op, Custom | _Hypot) and y not in through and np.any(value_of(y) == 0)
    ]
    return [*ends, *cornered]


def _still(slope: Value, beyond: Value, x: Value) -> Value:
    return zeros_like(slope * x)


def _still_by_x(g: Cotangent, out: Value, slope: Value, beyond: Value, x: Value) -> Cotangent:
    return g * (slope + kink(beyond, beyond, x) if is_recorded(x) else slope)


# What is 0 everywhere, with the slope given, and beyond that with a derivative that is given too.
kink = inner(
    "corner",
    _still,
    lambda g, out, slope, beyond, x: 0 * g,
    lambda g, out, slope, beyond, x: 0 * g,
    _still_by_x,
)


def at_corner(corner: Value, slope: Value, g: Cotangent, x: Value, others: Any) -> Cotangent:
    """Return 0, with the slope given along ``x``, and NaN along the others too where it is NaN.

    Of higher derivatives nothing is known, unless ``g`` is 0 for good.
    """
    beyond = np.where(corner & (_requires_grad(g) | np.isnan(slope)), np.nan, 0)
    unknown = np.where(np.isnan(slope), np.nan, 0)
    return kink(slope, beyond, x) + kink(unknown, unknown, others)


def direction(r: Value, x: Value) -> Value:
    """Return x / r, and 0 where r is 0."""
    corner = r == 0
    return (np.where(corner, 0, x) if is_recorded(r) else x) / np.where(corner, 1, r)


# -- hypot -----------------------------------------------------------------------------------


class _Hypot(Elementwise):
    """Elementwise, but for a second derivative that begins forward."""

    __slots__ = ()

    def push(
        self, tangents: Sequence[Tangent], out: Value, inputs: tuple[Value, ...], batch_rank: int
    ) -> Tangent:
        """Return the sum of the rules' images."""
        for t in tangents:
            if t is not None:
                refuse_corners(self.name, t, out)
        return super().push(tangents, out, inputs, batch_rank)


def _cosine_by_x(g: Cotangent, out: Value, x: Value, y: Value) -> Cotangent:
    sin, r = _sine_and_length(x, y)
    return g * (sin * (sin / r))


def _cosine_by_y(g: Cotangent, out: Value, x: Value, y: Value) -> Cotangent:
    sin, r = _sine_and_length(x, y)
    return -g * (x / r * (sin / r))


def _sine_and_length(x: Value, y: Value) -> tuple[Value, Value]:
    r = np.hypot(x, y)
    r = np.where(r == 0, np.inf, r)  # so that at the corner all is 0
    return y / r, r


# An op of its own, for the slopes of x and of √(x²+y²) cancel.
_cosine: Function = inner(
    "x/√(x²+y²)", lambda x, y: direction(np.hypot(x, y), x), _cosine_by_x, _cosine_by_y
)


def _share(g: Cotangent, x: Value, y: Value, out: Value) -> Cotangent:
    image = g * (_cosine(x, y) if is_recorded(out) else direction(out, x))
    corner = corners(out)
    if corner is None:
        return image
    return image + at_corner(corner, slope_at(corner, g, out), g, x, y)


_hypot = _Hypot(
    "hypot",
    np.hypot,
    (lambda g, out, x, y: _share(g, x, y, out), lambda g, out, x, y: _share(g, y, x, out)),
)
operation(np.hypot)(recorder(_hypot))

# -- norms -----------------------------------------------------------------------------------


def _root_of_squares(x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    squares = x * x if x.dtype.kind != "c" else x.real**2 + x.imag**2
    return np.sqrt(add_reduce(squares, axes, keepdims))


def _image(g: Cotangent, out: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> Cotangent:
    g = np.real(g)
    image = expand(g, axes, keepdims) * direction(expand(out, axes, keepdims), conjugate(x))
    corner = corners(out)
    if corner is None:
        return image
    corner, slope = (expand(y, axes, keepdims) for y in (corner, slope_at(corner, g, out)))
    return image + at_corner(corner, slope, g, conjugate(x), np.sum(x, axes, keepdims=True))


def _tangent(t: Tangent, out: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> Tangent:
    products = t * direction(expand(out, axes, keepdims), conjugate(x))
    corner = corners(out)
    if corner is not None:
        refuse_corners("norm", t, out, axes, keepdims)
        slope = np.where(expand(corner, axes, keepdims), np.nan, 0)
        products = products + t * kink(slope, slope, conjugate(x))
    return np.sum(np.real(products), axis=axes, keepdims=keepdims)


euclidean_norm: Function = recorder(
    Custom("norm", _root_of_squares, (_image,), (_tangent,), expand_cotangent)
)

# -- standard deviations ---------------------------------------------------------------------


def _deviation(centred: Value, axes: tuple[int, ...], keepdims: bool, freedom: Value) -> Value:
    return euclidean_norm(centred, axes, keepdims) / freedom**0.5


operation(np.std)(measure_of_spread(deviations, _deviation))
operation(np.nanstd)(measure_of_spread(nan_deviations, _deviation))
