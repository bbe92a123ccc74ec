"""Least squares: Levenberg-Marquardt with the exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff import Tensor, jacobian

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

Array: TypeAlias = NDArray[np.float64]

EPS = float(np.finfo(float).eps)
CLOSE = 1e-6  # the relative offset at which the polish takes over
CONVERGED = 1e-4  # the relative offset beyond which nothing is called a minimum
ROUNDING = 1e-10  # of the model's terms: what may be left where the residuals hold no noise


def least_squares(
    residuals: Callable[[Any], Any], x0: ArrayLike, *, max_nfev: int | None = None
) -> OptimizeResult:
    """Minimise half the sum of squared residuals by the method of Levenberg and Marquardt.

    Each step solves the linearised problem inside a trust region, whose axes are scaled by the
    largest norm that each column of the Jacobian has had. Convergence is judged by the relative
    offset: the part of the residuals that a step could still remove, over the part that it could
    not, each per degree of freedom. Undamped Gauss-Newton steps then go on down to rounding.

    Parameters
    ----------
    residuals : callable
        Takes an array of the shape of ``x0`` and returns an array of any shape, or a list.
    x0 : array_like
        Where to start.
    max_nfev : int, optional
        How often the residuals and their Jacobian may be evaluated; by default 200 times one
        more than there are unknowns.

    Returns
    -------
    OptimizeResult
        ``x``; ``cost``, half the sum of squares; ``fun``, the residuals, and ``jac``, of shape
        ``fun.shape + x.shape``, all at the best point found; ``nfev, njev``; ``nit``, the steps
        that lowered the cost; ``status, success, message``. The status is

        ====  ==================================================================
           1  a minimum, by the relative offset
           2  a minimum, where the residuals are as small as rounding lets them
           0  ``max_nfev`` evaluations were not enough
          -1  no step lowers the cost, though this is no minimum
          -2  the Jacobian is singular: to first order, several ``x`` serve equally well
          -3  the residuals or their Jacobian are not finite at the start
        ====  ==================================================================

        and only the first two are a success.

    Raises
    ------
    ValueError
        When ``x0`` or the residuals are empty.
    TypeError
        When the residuals are complex.

    References
    ----------
    J. J. Moré, "The Levenberg-Marquardt algorithm: implementation and theory" (1978).
    D. M. Bates and D. G. Watts, "Nonlinear Regression Analysis and Its Applications" (1988).

    Examples
    --------
    >>> t, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([2.0, 1.2, 0.7, 0.4])
    >>> result = least_squares(lambda x: x[0] * np.exp(-x[1] * t) - y, [1.0, 1.0])
    >>> result.x.round(4), result.success
    (array([2.0058, 0.5261]), True)
    """
    from scipy.optimize import OptimizeResult

    start = np.array(x0, dtype=float)
    if not start.size:
        raise ValueError("x0 is empty: there is nothing to vary")
    limit = 200 * (start.size + 1) if max_nfev is None else max_nfev
    nfev = nit = 0
    shape: tuple[int, ...] = ()

    def evaluate(x: Array) -> Point:
        nonlocal nfev, shape
        nfev += 1
        value, matrix = residuals_and_jacobian(residuals, x.reshape(start.shape)[()])
        shape = value.shape
        return point_at(x, value.ravel(), matrix.reshape(value.size, x.size))

    # What overflows on a trial step is no news to the user: such a point is refused.
    with np.errstate(all="ignore"):
        point = evaluate(start.ravel())
        if point.usable:
            point, scale, nit, ended = _descend(evaluate, point, limit)
            point, linear = _polish(evaluate, point, limit - nfev if ended else 0)
            status, message = _verdict(point, linear, scale, ended)
        else:
            status, message = -3, _not_finite(point)
    return OptimizeResult(
        x=point.x.reshape(start.shape)[()],
        cost=point.cost / 2,
        fun=point.residuals.reshape(shape),
        jac=point.jacobian.reshape(shape + start.shape),
        nfev=nfev,
        njev=nfev,
        nit=nit,
        status=status,
        success=status > 0,
        message=message,
    )


def residuals_and_jacobian(residuals: Callable[[Any], Any], x: Any) -> tuple[Array, Array]:
    """Return the residuals at ``x`` and their Jacobian, from one recording."""
    value: Any = None

    def remembered(x: Any) -> Any:
        nonlocal value
        value = residuals(x)
        if isinstance(value, list | tuple):
            value = np.stack(value)
        return value

    matrix = jacobian(remembered)(x)
    value = np.asarray(value.data if type(value) is Tensor else value)
    if value.dtype.kind == "c":
        raise TypeError("the residuals are complex: return their real and imaginary parts in turn")
    if not value.size:
        raise ValueError("the residuals are empty: there is nothing to minimise")
    return value.astype(float, copy=False), matrix


# -- one point, and the linear problem there -------------------------------------------------


class Point(NamedTuple):
    """A place in the space of the unknowns, and what was evaluated there."""

    x: Array
    residuals: Array
    jacobian: Array  # (residuals, unknowns)
    cost: float  # the sum of squares
    norms: Array  # of the Jacobian's columns

    @property
    def usable(self) -> bool:
        return bool(np.isfinite(self.cost) and np.isfinite(self.norms).all())

    @property
    def terms(self) -> float:
        """The size of what the unknowns contribute to the residuals, as far as it is linear."""
        return float(np.linalg.norm(self.norms * self.x))


def point_at(x: Array, residuals: Array, jacobian: Array) -> Point:
    """Return the point with its cost and norms."""
    cost = float(residuals.dot(residuals))
    return Point(x, residuals, jacobian, cost, np.linalg.norm(jacobian, axis=0))


class Linearised(NamedTuple):
    """The linearised problem in coordinates in which its matrix is diagonal.

    A step is ``-axes @ t``, and leaves the residuals ``removable - singular_values * t`` and
    ``noise``, which it cannot change.
    """

    singular_values: Array
    removable: Array
    axes: Array  # (unknowns, rank)
    undetermined: Array  # (unknowns, unknowns - rank): steps that change no residual
    noise: float
    freedom: int  # residuals less rank

    @property
    def offset(self) -> float:
        """The relative offset: 0 at a minimum, about 1 far from any."""
        removable = np.linalg.norm(self.removable) / max(self.removable.size, 1) ** 0.5
        noise = self.noise / max(self.freedom, 1) ** 0.5
        return float(removable / noise) if noise else np.inf if removable else 0.0


def linearised(point: Point, scale: Array, tolerance: float = EPS) -> Linearised:
    """Factorise the Jacobian, its columns scaled, by QR and its triangle by singular values.

    What is below the tolerance times the longer side of the Jacobian counts as singular.
    """
    m, n = point.jacobian.shape
    scale = np.where(scale > 0, scale, 1.0)
    augmented = np.column_stack([point.jacobian / scale, point.residuals])
    triangle: Any = np.linalg.qr(augmented, mode="r")
    U, s, Vt = np.linalg.svd(triangle[:n, :n])
    rank = int(np.sum(s > tolerance * max(m, n) * s[0]))
    removable = U.T @ triangle[:n, n]
    axes = Vt.T / scale[:, None]
    noise = np.linalg.norm(np.append(removable[rank:], triangle[n:, n]))
    return Linearised(
        s[:rank], removable[:rank], axes[:, :rank], axes[:, rank:], float(noise), m - rank
    )


# -- the method ------------------------------------------------------------------------------


def _descend(
    evaluate: Callable[[Array], Point], point: Point, limit: int
) -> tuple[Point, Array, int, bool]:
    """Return the lowest point, the largest norms on the way, the steps, and whether it is done."""
    scale = point.norms
    radius = point.terms or point.cost**0.5
    nit = 0
    linear = linearised(point, scale)
    for _ in range(limit - 1):
        if linear.offset <= CLOSE:
            return point, scale, nit, True
        t = _step_within(radius, linear)
        size = float(np.linalg.norm(t))
        change = linear.singular_values * t
        predicted = float(np.sum(change * (2 * linear.removable - change)))
        if predicted <= EPS * point.cost or size <= EPS * np.linalg.norm(scale * point.x):
            return point, scale, nit, True  # no step can be seen to lower the cost
        trial = evaluate(point.x - linear.axes @ t)
        gain = (point.cost - trial.cost) / predicted if trial.usable else -np.inf
        if gain < 0.25:
            radius = size / 2
        elif gain > 0.75:
            radius = max(radius, 2 * size)
        if gain > 1e-4:
            point, nit = trial, nit + 1
            scale = np.maximum(scale, point.norms)
            linear = linearised(point, scale)
    return point, scale, nit, linear.offset <= CLOSE


def _step_within(radius: float, linear: Linearised) -> Array:
    """Return the step that removes most within a radius, by Hebden's iteration for the damping."""
    largest = linear.singular_values[0]
    s, removable, radius = linear.singular_values / largest, linear.removable, radius * largest
    damping = 0.0
    t = removable / s
    while (size := float(np.linalg.norm(t))) > 1.1 * radius:
        damping += (size - radius) / radius * size**2 / float(np.sum(t**2 / (s**2 + damping)))
        t = s * removable / (s**2 + damping)
    step: Array = t / largest
    return step


def _polish(
    evaluate: Callable[[Array], Point], point: Point, evaluations: int
) -> tuple[Point, Linearised]:
    """Take undamped Gauss-Newton steps while each leaves less to remove."""
    linear = linearised(point, point.norms)
    for _ in range(evaluations):
        if np.linalg.norm(linear.removable) <= EPS * point.terms:
            break
        trial = evaluate(point.x - linear.axes @ (linear.removable / linear.singular_values))
        if not trial.usable or trial.cost > (1 + 1e-8) * point.cost:
            break
        there = linearised(trial, trial.norms)
        if np.linalg.norm(there.removable) > 0.9 * np.linalg.norm(linear.removable):
            break
        point, linear = trial, there
    return point, linear


# -- the verdict -----------------------------------------------------------------------------


def _verdict(point: Point, linear: Linearised, scale: Array, ended: bool) -> tuple[int, str]:
    """Return the status and the message for where the search ended."""
    share = float(np.linalg.norm(linear.removable)) / (point.cost**0.5 or 1.0)
    left = f"a linear step would still remove {share:.2g} of the residuals' norm"
    if not ended:
        return 0, f"no minimum was reached within max_nfev evaluations: {left}"
    if not _at_minimum(point, linear):
        # Some minima have a singular Jacobian, and can be approached to half the digits only.
        linear = linearised(point, point.norms, EPS**0.5)
    if not _at_minimum(point, linear):
        return -1, (
            f"no step lowers the cost, yet this is no minimum: {left}. They may have a corner "
            "here, or the unknowns may have run off to where nothing depends on them"
        )
    undetermined = _undetermined(point, linear, scale)
    if undetermined.size:
        n, count = undetermined.shape
        step = undetermined[:, 0]
        step = np.round(step / step[np.argmax(np.abs(step))], 3) + 0.0
        direction = np.array2string(step, separator=", ", threshold=8)
        return -2, (
            f"the Jacobian is singular (rank {n - count} of {n}): the residuals do not determine "
            f"all unknowns, since they hardly change along {direction}"
        )
    if linear.offset > CONVERGED:
        return 2, "a minimum: no step could change the residuals by more than rounding"
    return 1, f"a minimum: the relative offset is {linear.offset:.2g}"


def _at_minimum(point: Point, linear: Linearised) -> bool:
    """Whether nothing is left to remove, beside the noise or beside rounding."""
    rounding = ROUNDING * point.terms
    return bool(linear.offset <= CONVERGED or np.linalg.norm(linear.removable) <= rounding)


def _undetermined(point: Point, linear: Linearised, scale: Array) -> Array:
    """Return steps that change no residual, those of unknowns that ran off to infinity included.

    The residuals once depended on such an unknown, but even its whole size matters no longer.
    """
    terms = point.norms * np.abs(point.x)
    fallen = (point.norms > 0) & (point.norms <= ROUNDING * scale)
    gone = fallen & (terms <= ROUNDING * point.terms)
    return np.column_stack([linear.undetermined, np.eye(point.x.size)[:, gone]])


def _not_finite(start: Point) -> str:
    for what, values in (("residual", start.residuals), ("the Jacobian's row", start.jacobian)):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            value = values[tuple(bad[0])]
            return f"not finite at the start: {what} {bad[0][0]} of {len(values)} is {value}"
    return "not finite at the start: the sum of squares overflows"
