"""Errors in x as well as in y: effective variance, and orthogonal distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import Tensor, jvp, vjp
from fit.arguments._numbers import Array
from fit.problem._nearest_point import (
    SMALL,
    Curve,
    half_hessian,
    nearest_point,
    with_bends,
    with_slopes,
)


def effective_variance(
    model: Callable[..., Any], x: Array, y: Array, sigma: Array, x_sigma: Array
) -> Callable[[Any], Any]:
    """Return residuals over √(σ_y² + (∂f/∂x)² σ_x²), as a function of all parameters.

    The slope is taken at the measured x, and the variances vary with the parameters. The logarithms
    of these are no part of χ², as they would be if x were set and not measured: with them, or with
    variances that are held while parameters vary, even slopes of lines come out wrong, by 0.7 of
    their error for σ_x = σ_y = 0.2 and 20 points on 0…3.

    References
    ----------
    J. Orear, "Least squares when both variables have uncertainties", American Journal of Physics
    50 (1982).
    """
    curve_of = curves(model, x, y, sigma, x_sigma)
    measured = np.zeros((x.size // len(y), len(y)))

    def distances(p: Any) -> Any:
        e, slopes = with_slopes(curve_of(p), measured)
        return e / np.sqrt(1 + np.sum(slopes**2, axis=0))

    return distances


def orthogonal_distance(
    model: Callable[..., Any], x: Array, y: Array, sigma: Array, x_sigma: Array
) -> Callable[[Any], Any]:
    """Return the distances of the points from the curve, in standard deviations, with their signs.

    Each measured point has its own nearest point of the curve, which moves with the parameters. Its
    distance from the tangent there does not change, to first order, as the point of contact moves:
    one Newton step tells how that moves, and so gives first and second derivatives exactly.

    References
    ----------
    P. T. Boggs, R. H. Byrd and R. B. Schnabel, "A stable and efficient algorithm for nonlinear
    orthogonal distance regression", SIAM Journal on Scientific and Statistical Computing 8 (1987).
    """
    curve_of = curves(model, x, y, sigma, x_sigma)
    n = len(y)
    rounding = 10 * np.finfo(float).eps * np.abs(x) / np.where(x_sigma > 0, x_sigma, np.inf)
    resolution = np.max(rounding.reshape(-1, n), axis=0)

    def distances(p: Any) -> Any:
        # An array, so that a plan of the curve serves all parameters.
        here = curve_of(np.array([q.data if isinstance(q, Tensor) else q for q in p]))
        u = nearest_point(here, x.size // n, n, resolution)
        e, slopes, bends = with_bends(here)(u)
        inverse = np.moveaxis(np.linalg.inv(half_hessian(e, slopes, bends)), 0, -1)
        left = u + e * slopes
        # At corners and ends of a curve the nearest point has no tangent.
        rough = np.max(np.abs(np.sum(inverse * left, axis=1)), axis=0) > SMALL
        distance = np.copysign(np.sqrt(np.sum(u**2, axis=0) + e**2), e)
        missing = np.where(rough, distance - from_tangent(u, e, slopes), 0.0)
        left = np.where(rough, left, 0.0)

        e, slopes = with_slopes(curve_of(p), u)
        u = u - np.sum(inverse * (u + e * slopes - left), axis=1)
        return from_tangent(u, *with_slopes(curve_of(p), u)) + missing

    return distances


DISTANCES = {
    "orthogonal-distance": orthogonal_distance,
    "effective-variance": effective_variance,
}


def distance_of(method: str) -> str:
    """Return what a residual is by a method of fitting, where there are errors in x."""
    return method if method in DISTANCES else "orthogonal-distance"


def refuse_errors_in_x(method: str, weights: Array | None, x_sigma: Array | None) -> None:
    """Refuse a method that does not count the errors of x that there are, or lacks those of y."""
    if x_sigma is None:
        if method in DISTANCES:
            raise ValueError(f"method={method!r} needs x_sigma, the standard deviations of x")
        return
    if method not in DISTANCES:
        raise ValueError(f"method={method!r} knows no errors in x: leave it out, or x_sigma")
    if weights is None or weights.ndim == 2:
        raise ValueError("x_sigma needs sigma to be the standard deviations of y")
    if not weights.all():
        raise ValueError("x_sigma needs finite errors of y: leave points that do not count out")


def from_tangent(u: Any, e: Any, slopes: Any) -> Any:
    """Return the distance of the origin from the tangent at a point of a curve."""
    return (e - np.sum(slopes * u, axis=0)) / np.sqrt(1 + np.sum(slopes**2, axis=0))


def offsets_by_bending(
    model: Callable[..., Any], x: Array, y: Array, sigma: Array, x_sigma: Array, p: Any
) -> Array:
    """Return by how much errors of x move each point off the curve, on average, since it bends.

    Along a tangent by one standard deviation, the curve leaves it by half its curvature.
    """
    curve = curves(model, x, y, sigma, x_sigma)(p)
    _, slopes, bend = with_bends(curve)(np.zeros((x.size // len(y), len(y))))
    normal = 1 + np.sum(slopes**2, axis=0)
    across = np.einsum("in,nij,jn->n", slopes, bend, slopes) / normal
    offsets: Array = (np.einsum("nii->n", bend) - across) / np.sqrt(normal) / 2
    return offsets


def curves(
    model: Callable[..., Any], x: Array, y: Array, sigma: Array, x_sigma: Array
) -> Callable[[Any], Curve]:
    """Return the model near each measured point, in standard deviations, for given parameters."""
    exact = x_sigma == 0
    some = bool(exact.any())

    def curve_of(p: Any) -> Curve:
        def curve(u: Any) -> Any:
            there = x + x_sigma * u.reshape(x.shape)
            # Where x is exact, not even an infinite slope of the model counts.
            there = np.where(exact, x, there) if some else there
            return (_values(model, there, p) - y) / sigma

        return curve

    return curve_of


def takes_each_point_alone(model: Callable[..., Any], x: Array, p: Any) -> bool:
    """Whether each value of the model depends on the x of its own point only."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=x.shape)
    _, pull = vjp(lambda x: _values(model, x, p), x)
    _, moved = jvp(lambda x: _values(model, x, p), x, direction)
    terms = (pull(np.ones(x.shape[-1])) * direction).reshape(-1, x.shape[-1])
    known = np.isfinite(moved) & np.isfinite(terms).all(axis=0)
    terms, moved = terms[:, known], moved[known]
    off = np.abs(np.sum(terms, axis=0) - moved)
    return bool(np.all(off <= 1e-9 * np.max(np.sum(np.abs(terms), axis=0), initial=0.0)))


def _values(model: Callable[..., Any], x: Any, p: Any) -> Any:
    """Return the model at x, as one array."""
    values = model(x, *p)
    return (np.stack(values) if isinstance(values, list | tuple) else values) * np.ones(x.shape[-1])
