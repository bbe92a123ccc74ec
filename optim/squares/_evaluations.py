"""What is computed at a point, as functions of plain arrays, such as plans can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autodiff import Tensor, jacobian, to_numpy
from optim.search._objective import Array
from optim.squares._robust import Loss, cost_and_weights

# Takes x and returns the residuals and their Jacobian.
Both: TypeAlias = Callable[[Any], tuple[Array, Array]]


class Evaluations(NamedTuple):
    """What is computed of residuals, as functions of a vector."""

    linear_problem: Callable[[Any], tuple[Any, ...]]
    residuals_and_cost: Callable[[Any], tuple[Any, Any]]
    losses: Callable[[Any], Any]
    half_cost: Callable[[Any], Any]


def evaluations_of(
    residuals: Callable[[Any], Any],
    loss: Loss | None,
    f_scale: float,
    jac: Callable[[Any], Any] | None = None,
) -> Evaluations:
    """Return what is computed of residuals, whose Jacobian may be the caller's."""
    losses = losses_of(residuals, loss, f_scale)
    half = half_cost(losses, loss, f_scale)
    if jac is None:
        both = residuals_and_jacobian(residuals)
    else:
        residuals, both = values_and_matrix(residuals, jac)
    values = residuals_and_cost(residuals, loss, f_scale)
    if loss is None:
        return Evaluations(linear_problem(both), values, losses, half)
    return Evaluations(robust_linear_problem(both, loss, f_scale), values, losses, half)


def linear_problem(both: Both) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that gives a row for each unknown, and below them the residuals.

    And all products of two rows, the residuals again, and their shape.
    """

    def linear_problem_at(x: Any) -> tuple[Any, ...]:
        rows, shape = _rows(*both(x), x.size)
        return rows, rows.dot(rows.T), shape

    return linear_problem_at


def robust_linear_problem(
    both: Both, loss: Loss, f_scale: float
) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that gives the same as `linear_problem` of residuals under a loss.

    The products are those of rows that are weighted by it, which come last, behind the sum of the
    losses.
    """

    def robust_linear_problem_at(x: Any) -> tuple[Any, ...]:
        rows, shape = _rows(*both(x), x.size)
        cost, weights, curvatures = cost_and_weights(loss, f_scale, rows[-1])
        weighted = np.concatenate([rows[:-1] * curvatures, (weights * rows[-1]).reshape(1, -1)])
        return rows, weighted.dot(weighted.T), shape, cost, weighted

    return robust_linear_problem_at


def _rows(values: Any, matrix: Any, n: int) -> tuple[Any, tuple[int, ...]]:
    rows = [matrix.reshape(values.size, n).T, values.reshape(1, -1)]
    return np.concatenate(rows), values.shape


def residuals_and_cost(
    residuals: Callable[[Any], Any], loss: Loss | None, f_scale: float
) -> Callable[[Any], tuple[Any, Any]]:
    """Return the function that gives the residuals at x as a vector, and twice what they cost."""

    def residuals_and_cost_at(x: Any) -> tuple[Any, Any]:
        values = real(residuals(x)).reshape(-1)
        if loss is None:
            return values, values.dot(values)
        return values, f_scale**2 * np.sum(loss((values / f_scale) ** 2))

    return residuals_and_cost_at


def losses_of(
    residuals: Callable[[Any], Any], loss: Loss | None, f_scale: float
) -> Callable[[Any], Any]:
    """Return the function that gives what each residual costs, twice, in units of the loss."""

    def losses_at(x: Any) -> Any:
        values = residuals(x)
        if isinstance(values, list | tuple):
            values = np.stack(values)
        return values**2 if loss is None else loss((values / f_scale) ** 2)

    return losses_at


def half_cost(
    losses: Callable[[Any], Any], loss: Loss | None, f_scale: float
) -> Callable[[Any], Any]:
    """Return the function that is minimised, to be differentiated."""
    unit = 1.0 if loss is None else f_scale**2
    return lambda x: np.sum(losses(x)) * unit / 2


def residuals_and_jacobian(residuals: Callable[[Any], Any]) -> Both:
    """Return the function that gives the residuals at x and their Jacobian, from one recording.

    Examples
    --------
    >>> both = residuals_and_jacobian(lambda x: [x[0] ** 2, x[0] * x[1]])
    >>> values, J = both(np.array([2.0, 3.0]))
    >>> values, J
    (array([4., 6.]), array([[4., 0.], [3., 2.]]))
    """

    def both(x: Any) -> tuple[Array, Array]:
        value: Any = None

        def keep_value(x: Any) -> Any:
            nonlocal value
            value = residuals(x)
            if isinstance(value, list | tuple):
                value = np.stack(value) if value else np.zeros(0)
            return value

        matrix = jacobian(keep_value)(x)
        return real(value), matrix

    return both


def values_and_matrix(
    residuals: Callable[[Any], Any], jac: Callable[[Any], Any]
) -> tuple[Callable[[Any], Array], Both]:
    """Return the functions that give the residuals at x, and those with the caller's Jacobian.

    Neither of the caller's functions is called twice for the same x in turn.
    """
    last: tuple[Any, Array] | None = None

    def values_at(x: Any) -> Array:
        nonlocal last
        if last is None or last[0] is not x:
            last = x, real(residuals(x))
        return last[1]

    def both(x: Any) -> tuple[Array, Array]:
        values = values_at(x)
        matrix = np.asarray(jac(x), float)
        if matrix.shape != (*values.shape, x.size):
            raise ValueError(
                f"the Jacobian has shape {matrix.shape}, expected {(*values.shape, x.size)}: the "
                f"residuals have shape {values.shape}, and there are {x.size} unknowns"
            )
        return values, matrix

    return values_at, both


def real(values: Any) -> Array:
    """Return residuals, which may be a list or recorded, as an array of floats."""
    array: Any = values.data if isinstance(values, Tensor) else values
    if not hasattr(array, "__array_ufunc__"):  # what has it is not read: a plan would compare it
        array = to_numpy(array)
    if array.dtype.kind == "c":
        raise TypeError("the residuals are complex: return their real and imaginary parts in turn")
    if not array.size:
        raise ValueError("the residuals are empty: there is nothing to minimise")
    floats: Array = array.astype(float, copy=False)
    return floats
