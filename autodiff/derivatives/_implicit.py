"""Functions given by an equation, F(y, θ) = 0, and their derivatives.

The formula of the implicit function theorem, dy/dθ = -(∂F/∂y)⁻¹ ∂F/∂θ, is the rule of one op. It
is written with the derivatives of F at y(θ) and θ, which record themselves where the rule does,
and so it gives the derivatives of every order.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import Any

import numpy as np

from autodiff._core.array_kinds import at_present, dispatches
from autodiff._core.checks import require_function
from autodiff._core.complex_arguments import require_analytic
from autodiff._core.functions import is_nested, record_function
from autodiff._core.hook import recording
from autodiff._core.op import Custom, Each
from autodiff._core.record import record, value_of
from autodiff._core.tensor import no_grad
from autodiff._core.types import Cotangent, Function, Tangent, Value
from autodiff._core.walks import Graph
from autodiff.derivatives._batches import unit_seeds
from autodiff.derivatives._diagonals import acts_on_each_entry


def implicit(residual: Function, solve: Function) -> Function:
    """Return the function θ ↦ y(θ) that solves F(y, θ) = 0, differentiable to any order.

    Only the equation at the solution matters to the derivatives, not how it was found. Roots,
    fixed points (``residual = lambda y, theta: y - step(y, theta)``) and optima (``residual`` the
    gradient of the objective) are all of this kind. A derivative costs a few walks over the
    residual and one linear system of y's size, for each argument that is differentiated; where
    the residual is seen to act on each entry of y apart, a division.

    Parameters
    ----------
    residual : callable
        F, called as ``residual(y, *theta)``, in NumPy; returns as many entries as ``y`` has. What
        is to be differentiated has to be among its arguments. Of complex ``y`` it is analytic.
    solve : callable
        Called as ``solve(*theta)`` with plain arrays; returns ``y``, an array of any shape, found
        by any means. It is not differentiated.

    Returns
    -------
    callable
        Takes the arguments of ``solve`` and returns ``y``.

    Raises
    ------
    RuntimeError
        When called, if ``solve`` has not solved the equation: if the norm of the residual is above
        1e-9, and above a millionth of what y and θ contribute to it (‖∂F/∂y · y‖ and so on; in
        single precision 3e-4 of it).
    ValueError
        When the residual has not as many entries as ``y``.
    numpy.linalg.LinAlgError
        When differentiated, if ∂F/∂y is singular: y is no differentiable function of θ there.
    TypeError
        When ``solve`` returns no numbers, or the residual uses a Tensor that requires a gradient
        and is not among its arguments; when differentiated, if the residual is no analytic function
        of a complex y.

    References
    ----------
    W. Rudin, "Principles of Mathematical Analysis" (1976), theorem 9.28. M. Blondel and others,
    "Efficient and modular implicit differentiation", NeurIPS (2022).

    Examples
    --------
    The square root by Newton's iteration, of which the derivative knows nothing:

    >>> from autodiff import grad
    >>> def newton(theta):
    ...     y = 1.0
    ...     for _ in range(30):
    ...         y = (y + theta / y) / 2
    ...     return y
    >>> root = implicit(lambda y, theta: y**2 - theta, newton)
    >>> float(root(4.0)), float(grad(root)(4.0)), float(grad(grad(root))(4.0))
    (2.0, 0.25, -0.03125)

    How a fit answers to its regularisation: y minimises ‖A y - b‖² + θ ‖y‖².

    >>> import numpy as np
    >>> A, b = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1.0, 0.0, 2.0])
    >>> objective = lambda y, theta: np.sum((A @ y - b) ** 2) + theta * np.sum(y**2)
    >>> ridge = implicit(
    ...     grad(objective), lambda theta: np.linalg.solve(A.T @ A + theta * np.eye(2), A.T @ b)
    ... )
    >>> print(f"{grad(lambda theta: np.sum(ridge(theta) ** 2))(1.0):.6f}")
    -0.002482
    """
    require_function(residual, "implicit")
    require_function(solve, "implicit")
    op = Custom(
        "implicit",
        lambda *theta: _solution(residual, solve, *theta),
        Each(partial(_backward, residual)),
        Each(partial(_forward, residual)),
    )

    @wraps(solve)
    def solution(*theta: Value) -> Value:
        return record(op, *map(at_present, theta))

    return solution


def _solution(residual: Function, solve: Function, *theta: Value) -> Value:
    """Return what ``solve`` finds, if it is a solution."""
    with no_grad():
        found = value_of(solve(*theta))
    y = found if dispatches(found) else np.asarray(found)
    if y.dtype.kind in "biu":
        y = y.astype(np.float64)
    if y.dtype.kind not in "fc":
        raise TypeError(f"solve has to return y as numbers, but returned {found!r:.60}")
    _check_solution(residual, y, theta)
    return y if y.ndim else y[()]


def _check_solution(residual: Function, y: Value, theta: tuple[Value, ...]) -> None:
    numbers = tuple(i for i, x in enumerate((y, *theta)) if _is_inexact(x))
    graph = record_function(residual, (y, *theta), {}, numbers)
    (out,) = graph.outputs
    if out.size != y.size:
        raise ValueError(
            f"the residual has shape {out.shape}, but solve returned y of shape {y.shape}: there "
            "have to be as many equations as unknowns"
        )
    if graph.enclosed and recording.get().records:
        raise TypeError(
            "the residual uses a Tensor that requires a gradient but is not among its arguments, "
            "so that its derivative would be lost: make it an argument of residual and solve"
        )
    norm = np.linalg.norm(value_of(out))
    terms = sum(np.linalg.norm(_along_itself(graph, k)) for k in range(len(numbers)))
    allowed = max(1e-6, float(np.finfo(y.dtype).eps) ** 0.5) * terms
    if not norm <= max(1e-9, allowed):
        raise RuntimeError(
            f"solve has not solved the equation: at the y that it returned the residual's norm is "
            f"{norm:.3g}, where at most {max(1e-9, allowed):.3g} is allowed, for y and θ "
            f"contribute {terms:.3g} to it. Let solve iterate further, or lower its tolerance"
        )


def _is_inexact(x: Any) -> bool:
    return isinstance(x, float | complex) or (hasattr(x, "dtype") and x.dtype.kind in "fc")


def _along_itself(graph: Graph, k: int) -> Tangent:
    """Return how much the output changes, to first order, when a leaf changes by all its value."""
    tangents = [x._value if i == k else None for i, x in enumerate(graph.leaves)]
    return graph.push(tangents)[graph.outputs[0]]


# -- the theorem -----------------------------------------------------------------------------


def _backward(residual: Function, i: int, g: Cotangent, y: Value, *theta: Value) -> Cotangent:
    graph = record_function(residual, (y, *theta), {}, (0, i + 1))
    batch = g.shape[: g.ndim - y.ndim]
    weights = -_linear_solve(g, graph, transposed=True)
    return graph.pull([weights], batch=batch, record=is_nested(graph))[graph.leaves[1]]


def _forward(residual: Function, i: int, t: Tangent, y: Value, *theta: Value) -> Tangent:
    graph = record_function(residual, (y, *theta), {}, (0, i + 1))
    batch = t.shape[: t.ndim - theta[i].ndim]
    pushed = graph.push([None, t], batch=batch, record=is_nested(graph))
    return -_linear_solve(pushed[graph.outputs[0]], graph, transposed=False)


def _linear_solve(r: Cotangent, graph: Graph, transposed: bool) -> Cotangent:
    """Return A⁻¹r, or its transpose of r, for A = ∂F/∂y, y being the graph's first leaf."""
    y, (out,) = graph.leaves[0], graph.outputs
    record = is_nested(graph)
    if y.dtype.kind == "c":
        require_analytic(
            Graph(graph.outputs, [y]),
            "implicit needs a residual that is analytic in a complex y",
            "make y one real array of the real and imaginary parts",
        )
    if y.shape == out.shape and acts_on_each_entry(graph, y):
        slope = graph.push([np.ones_like(y._value), None], record=record)[out]
        _check_regular(np.isfinite(value_of(slope)) & (value_of(slope) != 0))
        return r / slope
    seeds = unit_seeds(y, 0, y.size)
    columns = graph.push([seeds, None], batch=(y.size,), record=record)[out]
    A = columns.reshape(y.size, y.size).T
    _check_regular(_condition(value_of(A)) < 1 / np.finfo(y.dtype).eps)
    before, after = (y, out) if transposed else (out, y)
    solution = np.linalg.solve(A.T if transposed else A, r.reshape(-1, y.size).T).T
    return solution.reshape(r.shape[: r.ndim - before.ndim] + after.shape)


def _condition(A: Value) -> Value:
    """Return the condition number of a matrix, its rows and columns scaled to their largest."""
    A = A / np.max(np.abs(A), axis=1, keepdims=True)
    return np.linalg.cond(A / np.max(np.abs(A), axis=0), 1)


def _check_regular(regular: Value) -> None:
    if not np.all(regular):
        raise np.linalg.LinAlgError(
            "∂F/∂y is singular, or not finite, at the solution, so that y is no differentiable "
            "function of θ there: two solutions meet, or the equations do not determine y"
        )
