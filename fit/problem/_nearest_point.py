"""The point of a curve that is nearest to a measured one, where both coordinates have errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from autodiff import linearize, replaying, vjp
from fit.arguments._numbers import Array

# The deviations of y for some deviations of x, of shape (variables, n); each in its own standard
# deviations, and of shape (n,). Each entry follows from its own column alone.
Curve = Callable[[Any], Any]
# The same with its first and second derivatives by them.
WithBends = Callable[[Any], tuple[Array, Array, Array]]

NEAR = 1.0  # standard deviations of x, within which each curve is looked at,
STEP = 0.25  # between the places,
GROWTH = 1 / 16  # or this share of their distance, whichever is more
FARTHEST = 1e6  # of them, where no nearer place has a value
STRAIGHT = 0.1  # by how much a piece of the curve may bulge, and be descended as one valley
NARROW = 1e-3  # is a piece that is not divided any more: it jumps
ROUNDS = 300  # along a line: several times what curves take that rounding leaves a shape
MAXITER = 100  # of Newton's method
SMALL = 1e-4  # is a Newton step, in standard deviations of x, whose square may be left


def nearest_point(curve: Curve, variables: int, n: int, resolution: Array) -> Array:
    """Return the u of shape (variables, n) where each Σu² + curve(u)² is least.

    Along a line through the measured point, the curve is looked at in steps as far out as a nearer
    point can lie. The pieces between are taken for straight but for a bulge, and the one that may
    come nearest is halved, or descended if it is straight enough, until no other can hold a nearer
    point. Of one variable this finds what is not much finer than the steps. Of several the lines
    follow the axes and diagonals. A curve so steep that rounding alone keeps it off the measured
    point would have all its pieces looked at: then the nearest point seen so far has to do.

    Parameters
    ----------
    resolution : ndarray of shape (n,)
        What differences of u have no meaning below.
    """
    nearest, every = np.zeros((variables, n)), np.arange(n)
    along, at = replaying(curve), with_bends(curve)
    with np.errstate(all="ignore"):
        least = _finite(along(nearest) ** 2)
        for line in _lines(variables):
            pieces = along_line(along, line, least)
            for _ in range(ROUNDS):
                first = np.argmin(pieces[BOUND], axis=0)
                best = Pieces(*pieces[:, first, every])
                open_ = best.bound < (1 - 1e-9) * least
                if not open_.any():
                    break
                coarse = open_ & best.coarse
                if coarse.any():
                    found = line * np.where(coarse, best.middle, 0.0)
                    e = along(found)
                    there = np.sum(found**2, axis=0) + e**2
                    pieces = with_halves(pieces, first, coarse, e)
                else:
                    pieces[BOUND, first, every] = np.inf
                    start = np.where(open_, line * best.nearest, nearest)
                    found, there = local_minimum(at, start, resolution)
                nearer = there < least
                nearest, least = np.where(nearer, found, nearest), np.where(nearer, there, least)
    return nearest


def _lines(variables: int) -> Iterator[Array]:
    """Yield the directions of the axes and diagonals, each once, as columns of length 1."""
    for signs in product((1.0, 0.0, -1.0), repeat=variables):
        direction = np.array(signs)[:, None]
        if signs > (0.0,) * variables:
            yield direction / np.linalg.norm(direction)


class Pieces(NamedTuple):
    """Pieces of the curve along a line, with a column for each point.

    Attributes
    ----------
    left, right : where they end, on the line
    e_left, e_right : the curve there
    nearest : where the straight line in between is nearest to the origin
    distance : its distance there
    bulge : how far the curve may be from it
    bound : what the square of the curve's distance is no less than
    """

    left: Array
    right: Array
    e_left: Array
    e_right: Array
    nearest: Array
    distance: Array
    bulge: Array
    bound: Array

    @property
    def middle(self) -> Array:
        return (self.left + self.right) / 2

    @property
    def coarse(self) -> Any:
        """Whether a piece is not yet as straight as a valley's floor should be."""
        at_end = (self.nearest == self.left) | (self.nearest == self.right)
        return ((self.bulge > STRAIGHT) | at_end) & (self.right - self.left > NARROW)


BOUND = Pieces._fields.index("bound")


def between(left: Array, right: Array, e_left: Array, e_right: Array, bend: Array) -> Pieces:
    """Return the pieces between some ends, where the curve has half a second derivative."""
    width, rise = right - left, e_right - e_left
    share = np.clip(-(left * width + e_left * rise) / (width**2 + rise**2), 0.0, 1.0)
    nearest = left + share * width
    distance = _finite(np.sqrt(nearest**2 + (e_left + share * rise) ** 2))
    bulge = bend * width**2 / 4
    # At an end from where the curve leads away from the origin, it comes no nearer in between.
    away = left * width + e_left * rise > 4 * bulge * np.abs(e_left)
    away |= right * width + e_right * rise < -4 * bulge * np.abs(e_right)
    nearer = np.where(away, distance, distance - bulge)
    bound = np.fmax(nearer, np.minimum(np.abs(left), np.abs(right))) ** 2
    return Pieces(left, right, e_left, e_right, nearest, distance, bulge, bound)


def with_halves(pieces: Array, row: Any, where: Any, e: Array) -> Array:
    """Return pieces, one of some points halved, with what the curve is in the middle."""
    old = Pieces(*pieces[:, row, np.arange(e.size)])
    bend = 2 * np.abs(old.e_left + old.e_right - 2 * e) / (old.right - old.left) ** 2
    ends = np.array([old.left, old.middle, old.right])
    values = np.array([old.e_left, e, old.e_right])
    halves = np.array(between(ends[:-1], ends[1:], values[:-1], values[1:], bend))
    halves[BOUND, 1, ~where] = np.inf
    there = np.flatnonzero(where)
    pieces[:, row[there], there] = halves[:, 0, there]
    return np.concatenate([pieces, halves[:, 1:]], axis=1)


def along_line(curve: Curve, line: Array, least: Array) -> Array:
    """Return the pieces of the curve along a line, as far out as it may come nearer."""
    u, e = [0.0], [curve(line * np.zeros_like(least))]
    far, goal = 0.0, NEAR
    while far < goal:
        while far < goal:
            far += max(STEP, GROWTH * far)
            for place, end in ((far, len(u)), (-far, 0)):
                u.insert(end, place)
                e.insert(end, curve(line * np.full_like(least, place)))
        ends, values = np.array(u)[:, None], np.array(e)
        slopes = np.diff(values, axis=0) / np.diff(ends, axis=0)
        bend = np.zeros_like(values)
        bend[1:-1] = np.abs(np.diff(slopes, axis=0) / (ends[2:] - ends[:-2]))
        bend = np.fmax(bend[:-1], bend[1:])
        pieces = between(ends[:-1], ends[1:], values[:-1], values[1:], bend)
        within = np.fmin.reduce(pieces.distance + pieces.bulge, axis=0)
        within = np.fmin(within, np.sqrt(least))
        goal = min(within.max(), 2 * far, FARTHEST)
    open_ = max(1, np.sum(pieces.bound <= within**2, axis=0).max())
    lowest = np.argpartition(pieces.bound, open_ - 1, axis=0)[:open_]
    columns = np.broadcast_arrays(*pieces)
    return np.array([column[lowest, np.arange(least.size)] for column in columns])


def _finite(values: Array) -> Array:
    """Return values with infinity for NaN."""
    return np.where(np.isnan(values), np.inf, values)


# -- one valley ------------------------------------------------------------------------------


def local_minimum(at: WithBends, u: Array, resolution: Array) -> tuple[Array, Array]:
    """Return a minimum of each distance near u, and its square.

    By Newton's method, or the method of Gauss and Newton where the distance bends down. Each point
    has steps of its own, and none increases its distance.
    """
    e, slopes, bends = at(u)
    least = _finite(np.sum(u**2, axis=0) + e**2)
    fraction = np.ones(len(e))  # of the step
    for _ in range(MAXITER):
        rows = (u + e * slopes).T[:, :, None]
        step = fraction * np.linalg.solve(half_hessian(e, slopes, bends), rows)[:, :, 0].T
        small = np.where(fraction < 1, SMALL**2, SMALL) + resolution  # shorter steps halt nowhere
        moving = np.sum(step**2, axis=0) > small**2
        trial = u - step
        e_there, slopes_there, bends_there = at(trial)
        there = np.sum(trial**2, axis=0) + e_there**2
        taken = there <= least
        u, slopes = np.where(taken, trial, u), np.where(taken, slopes_there, slopes)
        e, least = np.where(taken, e_there, e), np.where(taken, there, least)
        bends = np.where(taken[:, None, None], bends_there, bends)
        fraction = np.where(taken, np.minimum(4 * fraction, 1.0), fraction / 4)
        if not moving.any():
            break
    return u, least


def with_slopes(curve: Curve, u: Any) -> tuple[Any, Any]:
    """Return the curve and its derivative by each entry of u."""
    e, pull = vjp(curve, u)
    return e, pull(np.ones(u.shape[-1]))


def with_bends(curve: Curve) -> WithBends:
    """Return the function that gives a curve with its first and second derivatives.

    Those by the entries of each column of u are of shape (n, variables, variables).
    """

    def value_and_derivatives(u: Array) -> tuple[Array, Array, Array]:
        e, slopes = with_slopes(curve, u)
        axes = np.broadcast_to(np.eye(len(u))[:, :, None], (len(u), *u.shape))
        _, rows = linearize(lambda u: with_slopes(curve, u)[1], u)
        return e, slopes, np.moveaxis(np.stack([rows(axis) for axis in axes]), -1, 0)

    return replaying(value_and_derivatives)


def half_hessian(e: Array, slopes: Array, bends: Array) -> Array:
    """Return half the second derivatives of each distance, of shape (n, variables, variables).

    Where they are not positive definite, the part that the curve's second derivatives make is left
    out.
    """
    straight = np.eye(len(slopes)) + np.einsum("in,jn->nij", slopes, slopes)
    full = straight + e[:, None, None] * bends
    full = np.where(np.isfinite(full), full, 0.0)
    positive = np.linalg.eigvalsh(full)[:, 0] > 1e-3
    return np.where(positive[:, None, None], full, straight)
