"""Lengths, roots of sums of squares: hypot, |z|, the Euclidean norm, the standard deviation.

A length r = |x| has a corner at 0. The first derivative chosen there is 0; a second one is right or
NaN. The image of a cotangent is (g/r) x; if g vanishes at the corner with r alone, as it does for
r² or cos r, then g/r has a limit, dg/dr by de l'Hôpital's rule, and the image a derivative. A walk
that begins forward meets no g, and refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from autodiff._op import Custom, Elementwise, Function, Op, operation, recorder, value_of
from autodiff._tensor import Tensor
from autodiff._walks import Graph, ancestors
from autodiff.rules.decompositions import eps
from autodiff.rules.products import conjugate
from autodiff.rules.reductions import add_reduce, deviations, expand, nan_deviations, spread
from autodiff.rules.tails import is_recorded
from autodiff.rules.tails import slope as slope_op

LENGTHS: set[Op] = set()  # the ops that have such a corner


def corners(r: Any) -> Any:
    """Return where a length is 0 in a walk that records itself; None where it never is."""
    if not is_recorded(r):
        return None
    zero = value_of(r) == 0
    return zero if isinstance(zero, np.ndarray | np.bool_) and zero.any() else None


def refuse_corners(name: str, t: Any, r: Any) -> None:
    """Raise where a recorded walk forward moves a length that is 0."""
    corner = corners(r) if type(r) is Tensor else None
    if corner is not None and np.any(corner & (value_of(t) != 0)):
        raise ValueError(
            f"{name} has a corner at 0, where a second derivative that begins forward cannot know "
            "whether it exists: begin backward, as hessian, hvp and jvp of grad do"
        )


def slope_at(corner: Any, g: Any, r: Any, smooth_square: bool = True) -> Any:
    """Return the limit of g/r at corners, NaN where there is none, and 0 elsewhere."""
    if type(g) is not Tensor or not g.requires_grad:
        return np.where(corner & (value_of(g) != 0), np.nan, 0)
    if _other_corners(g, r):
        return np.where(corner, np.nan, 0)
    # g depends on the same entry of r alone if any weights of the entries give the same slope.
    weights = np.random.default_rng(0).uniform(1, 2, r.shape).astype(r.dtype)
    slope, weighted = (_slopes(g, r, corner * w) for w in (np.ones_like(weights), weights))
    same = np.isclose(value_of(weighted), value_of(slope) * weights, rtol=eps(r) ** 0.5, atol=0)
    known = (value_of(g) == 0) & same & (smooth_square | (value_of(slope) == 0))
    return np.where(corner & known, slope, np.where(corner, np.nan, 0))


def _slopes(g: Any, r: Any, weights: Any) -> Any:
    """Return g's derivative by r, weighted and summed over its entries but not over its batch."""
    batch = g.shape[: max(g.ndim - r.ndim, 0)]
    full: Any = np.broadcast_to(g, batch + r.shape)
    one_each = np.eye(prod(batch), dtype=r.dtype).reshape(batch + batch + (1,) * r.ndim)
    return Graph([full], [r]).pull([one_each * weights], batch=batch, record=True)[r]


def _other_corners(g: Any, r: Any) -> bool:
    """Whether g depends on another length that is 0, and not through r alone."""
    on_the_way = ancestors([g], [r])[0]
    through = {r}
    for y in on_the_way:
        if any(type(x) is Tensor and x in through for x in y.inputs):
            through.add(y)
    return any(y.op in LENGTHS and y not in through and np.any(y._value == 0) for y in on_the_way)


def _still(slope: Any, x: Any) -> Any:
    return np.zeros_like(slope * x)


# What is 0 everywhere, with the slope given.
kink = slope_op(
    "corner", _still, lambda g, out, slope, x: g * x, lambda g, out, slope, x: g * slope
)


def at_corner(slope: Any, x: Any, others: Any) -> Any:
    """Return 0, with the slope given along ``x``, and NaN along the others too where it is NaN."""
    return kink(slope, x) + kink(np.where(np.isnan(value_of(slope)), np.nan, 0), others)


def direction(r: Any, x: Any) -> Any:
    """Return x / r, and 0 where r is 0."""
    corner = r == 0
    return (np.where(corner, 0, x) if is_recorded(r) else x) / np.where(corner, 1, r)


# -- hypot -----------------------------------------------------------------------------------


class _Hypot(Elementwise):
    """Elementwise, but for a second derivative that begins forward."""

    __slots__ = ()

    def push(self, tangents: Sequence[Any], out: Any, inputs: tuple[Any, ...], batch: int) -> Any:
        """Return the sum of the rules' images."""
        for t in tangents:
            if t is not None:
                refuse_corners(self.name, t, out)
        return super().push(tangents, out, inputs, batch)


def _share(g: Any, x: Any, y: Any, out: Any) -> Any:
    image = g * direction(out, x)
    corner = corners(out)
    return image if corner is None else image + at_corner(slope_at(corner, g, out), x, y)


_hypot = _Hypot(
    "hypot",
    np.hypot,
    (lambda g, out, x, y: _share(g, x, y, out), lambda g, out, x, y: _share(g, y, x, out)),
)
operation(np.hypot)(recorder(_hypot))
LENGTHS.add(_hypot)

# -- norms -----------------------------------------------------------------------------------


def _root_of_squares(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    squares = x * x if x.dtype.kind != "c" else x.real**2 + x.imag**2
    return np.sqrt(add_reduce(squares, axes, keepdims))


def _image(g: Any, out: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    g = np.real(g)
    image = expand(g, axes, keepdims) * direction(expand(out, axes, keepdims), conjugate(x))
    corner = corners(out)
    if corner is None:
        return image
    slope = expand(slope_at(corner, g, out), axes, keepdims)
    return image + at_corner(slope, conjugate(x), np.sum(x, axis=axes, keepdims=True))


def _tangent(t: Any, out: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    products = t * direction(expand(out, axes, keepdims), conjugate(x))
    corner = corners(out)
    if corner is not None:
        refuse_corners("norm", np.any(value_of(t) != 0, axis=axes, keepdims=keepdims), out)
        slope = np.where(expand(corner, axes, keepdims), np.nan, 0)
        products = products + t * kink(slope, conjugate(x))
    return np.sum(np.real(products), axis=axes, keepdims=keepdims)


_euclidean = Custom("norm", _root_of_squares, (_image,), (_tangent,), spread)
LENGTHS.add(_euclidean)
euclidean_norm: Function = recorder(_euclidean)

# -- standard deviations ---------------------------------------------------------------------


@operation(np.std)
def _std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    ddof = ddof if correction is None else correction
    centred, axes, _, freedom = deviations(a, axis, keepdims, ddof, mean, dtype, where)
    deviation = euclidean_norm(centred, axes, keepdims) / freedom**0.5
    return deviation if dtype is None else deviation.astype(dtype)


@operation(np.nanstd)
def _nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    ddof = ddof if correction is None else correction
    centred, axes, _, freedom = nan_deviations(a, axis, keepdims, ddof, mean, dtype, where)
    deviation = euclidean_norm(centred, axes, keepdims) / freedom**0.5
    return deviation if dtype is None else deviation.astype(dtype)
