"""Taylor polynomials of functions, all coefficients from one walk."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff._core.array_kinds import at_present, of_kind, own_value
from autodiff._core.checks import require_function
from autodiff._core.complex_arguments import require_powers
from autodiff._core.functions import record_function
from autodiff._core.hook import recording
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff._core.types import Function, Value
from autodiff._core.walks import Graph
from autodiff.series._polynomial import TaylorPolynomial
from autodiff.series._walk import taylor_coefficients


def taylor(f: Function, x0: ArrayLike, order: int, direction: Any = None) -> TaylorPolynomial:
    """Return the Taylor polynomial of a function about a point, all coefficients in one walk.

    Parameters
    ----------
    f : callable
        Takes one number or array. Without a direction it must treat the entries of an array one
        by one, and then each has a series of its own; a function of one number may return an
        array of any shape.
    x0 : array_like
        The point of expansion.
    order : int
        The highest power wanted, at least 0. The time grows with its square.
    direction : array_like, optional
        Of the shape of x0: expand t ↦ f(x0 + t · direction) in powers of the number t. This is for
        functions of several variables, and for those of complex ones that are not analytic. The
        direction is taken as it is, of whatever length.

    Returns
    -------
    TaylorPolynomial
        A function of x, or along a direction of t.

    Raises
    ------
    ValueError
        When the order is no integer or below 0, when x0 is a pole or a branch point of f (a
        coefficient is infinite or NaN), when the direction has another shape than x0, or when f
        mixes the entries of x0 and no direction is given.
    TypeError
        When f uses an op that has no rule for the way forward; when it is not analytic at a complex
        x0 and no direction is given; when x0 or f depends on a Tensor that requires a gradient: the
        coefficients are not differentiable in turn.

    Examples
    --------
    >>> import numpy as np
    >>> taylor(np.log, 10.0, 2)
    2.30259 + 0.1 (x - 10) - 0.005 (x - 10)² + O((x - 10)³)
    >>> taylor(lambda v: np.exp(v[0]) * v[1], [0.0, 1.0], 2, direction=[1.0, 2.0])
    1 + 3 t + 2.5 t² + O(t³)
    >>> taylor(np.exp, [0.0, 1.0], 2)
    Taylor polynomials of shape (2,):
    [0]  1 + x + 0.5 x² + O(x³)
    [1]  2.71828 + 2.71828 (x - 1) + 1.35914 (x - 1)² + O((x - 1)³)
    """
    require_function(f, "taylor")
    order = _checked_order(order)
    graph = _record(f, x0, direction)
    (leaf,) = graph.leaves
    (out,) = graph.outputs
    step = np.ones_like(leaf._value) if direction is None else _checked_direction(leaf, direction)
    if direction is None and leaf.ndim and leaf.shape != out.shape:
        raise ValueError(_mixes(f"it takes shape {leaf.shape} and returns {out.shape}"))
    known = _coefficients(graph, step, order + 1)
    _require_finite(known[:-1], leaf._value)
    if direction is None and leaf.dtype.kind == "c":
        require_powers(
            lambda factor: _coefficients(graph, factor * step, order + 1),
            "taylor at a complex point needs an analytic function",
            "expand along a direction, taylor(f, x0, order, direction), in powers of a real number",
        )
    if direction is None and leaf.ndim:
        _require_elementwise(graph, known[:4])
    return TaylorPolynomial(
        coefficients=np.stack(known[:-1]),
        next_coefficient=known[-1],
        x0=own_value(value_of(leaf)),
        direction=None if direction is None else step,
    )


def _record(f: Function, x0: Any, direction: Any) -> Graph:
    """Return the graph of a function at a point, if no derivative would be lost."""
    x0, direction = at_present(x0), at_present(direction)
    for name, given in (("x0", x0), ("direction", direction)):
        if type(given) is Tensor and given.requires_grad and recording.get().records:
            raise TypeError(f"{name} is a Tensor that requires a gradient; {_CONSTANT}")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        graph = record_function(f, (value_of(x0),), {}, 0)
    if graph.enclosed and recording.get().records:
        raise TypeError(f"the function depends on a Tensor that requires a gradient; {_CONSTANT}")
    return graph


_CONSTANT = (
    "the coefficients of a Taylor polynomial are plain numbers, and its derivative would be lost: "
    "pass t.data, or call taylor under no_grad(), if a constant is meant"
)


def _checked_order(order: Any) -> int:
    try:
        checked = operator.index(order)
    except TypeError:
        checked = -1
    if checked < 0:
        raise ValueError(f"the order must be an integer, 0 or above, but it is {order!r:.40}")
    return checked


def _checked_direction(leaf: Tensor, direction: Value) -> Value:
    step: Any = value_of(at_present(direction))
    step = step if hasattr(step, "dtype") else np.asarray(step)
    if step.dtype.kind == "c" and leaf.dtype.kind != "c":
        raise TypeError(
            f"x0 is real, but the direction is of {step.dtype}: make x0 complex, as in x0 + 0j"
        )
    step = of_kind(step.astype(leaf.dtype)[()], leaf._value)
    if step.shape != leaf.shape:
        raise ValueError(f"the direction has shape {step.shape}, but x0 has {leaf.shape}")
    return step


def _coefficients(graph: Graph, step: Value, order: int) -> list[Value]:
    (leaf,) = graph.leaves
    (out,) = graph.outputs
    walked = taylor_coefficients(graph, [[leaf._value, step]], order)
    return [np.broadcast_to(c, out.shape)[()] for c in walked]


def _require_finite(coefficients: Sequence[Value], x0: Value) -> None:
    for k, coefficient in enumerate(coefficients):
        if not np.all(np.isfinite(coefficient)):
            broken = np.argwhere(~np.isfinite(coefficient))
            i = tuple(map(int, broken[0]))
            entry = f", entry {list(i)}," if i else ""
            place = x0[i] if np.shape(x0) == np.shape(coefficient) else x0
            what = "the value" if k == 0 else f"the coefficient of order {k}"
            raise ValueError(
                f"no Taylor series to order {len(coefficients) - 1} about x0 = {place}: {what}"
                f"{entry} is {coefficient[i]}. Expand about a point that is no pole or branch "
                "point of the function"
            )


def _require_elementwise(graph: Graph, known: Sequence[Value]) -> None:
    """Refuse a function that mixes the entries of its argument.

    If it does not, stretching each entry's step stretches that entry's series.
    """
    value = graph.leaves[0]._value
    stretch = np.linspace(0.5, 1.5, value.size, dtype=value.dtype).reshape(value.shape)
    stretch = of_kind(stretch, value)
    stretched = _coefficients(graph, stretch, len(known) - 1)
    size = [float(np.max(np.abs(c))) if c.size else 0.0 for c in known]
    eps = np.finfo(value.dtype).eps
    tolerance = np.sqrt(eps) * np.nanmax([0.0, *size[1:]]) + 100 * eps * size[0]
    with np.errstate(invalid="ignore"):  # the coefficient of the remainder may be infinite
        for k, c in enumerate(known):
            if np.any(np.abs(stretched[k] - c * stretch**k) > tolerance):
                raise ValueError(_mixes("an entry of its output depends on several of x0"))


def _mixes(how: str) -> str:
    return (
        f"the function does not treat the entries of x0 one by one: {how}. Say along which "
        "direction to expand it, taylor(f, x0, order, direction), or use linear_approximation or "
        "quadratic_approximation"
    )
