"""Checking derivatives against differences of the function itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff._core.array_kinds import dispatches, of_kind, to_numpy
from autodiff._core.checks import require_function
from autodiff._core.record import value_of
from autodiff._core.types import Function, Value
from autodiff.derivatives._first import jvp, vjp


def check_grads(
    f: Function,
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = ("forward", "reverse"),
    rtol: float = 1e-6,
    atol: float = 1e-6,
) -> None:
    """Check that the derivatives of ``f`` agree with differences of its values.

    Each order differentiates the order before it once more, forward and backward, along random
    directions, and compares with a Richardson extrapolation of central differences.

    Parameters
    ----------
    f : callable
        Takes and returns arrays of real numbers.
    *args : array_like
        Where to check. Every argument is differentiated.
    order : int
        The highest order of derivative to check.
    modes : sequence of str
        "forward", "reverse" or both.
    rtol, atol : float
        Relative and absolute tolerance, of each entry.

    Raises
    ------
    AssertionError
        Naming the argument, the mode, the order and the worst entry.
    TypeError
        When a complex number takes part.

    Examples
    --------
    >>> check_grads(np.tanh, np.array([0.1, 2.0]), order=3)
    """
    require_function(f, "check_grads")
    if not args:
        raise TypeError("check_grads needs a point as well, an argument for each of f's")
    unknown = set(modes) - {"forward", "reverse"}
    if unknown or order < 1:
        raise ValueError(
            f"expected order >= 1 and modes 'forward' or 'reverse', got {order}, {modes}"
        )
    points = [x if dispatches(x) else np.asarray(x) for x in args]
    if any(x.dtype.kind == "c" for x in points):
        raise TypeError(_of_real_numbers("it was given complex ones"))
    points = [x if x.dtype.kind == "f" else x.astype(float) for x in points]
    _check(f, points, "", order, modes, rtol, atol)


def _of_real_numbers(but: str) -> str:
    return (
        f"check_grads is for functions of real numbers that return real numbers, but {but}: check "
        "lambda x, y: f(x + 1j * y).real, and .imag"
    )


def _check(
    f: Function,
    points: list[NDArray[Any]],
    path: str,
    order: int,
    modes: Sequence[str],
    rtol: float,
    atol: float,
) -> None:
    """Check the first derivatives of ``f``, then those of its derivatives."""
    level = path.count("→") + 1
    rng = np.random.default_rng(len(path))
    for i in range(len(points)):
        for mode, actual, expected in _along_one_direction(f, points, i, modes, rng):
            where = f"{path}{mode}, order {level}, argument {i}"
            _compare(actual, expected, where, rtol, atol)
    if order > 1:
        for mode, derivative in _derivatives(f, len(points), modes):
            _check(derivative, points, f"{path}{mode} → ", order - 1, modes, rtol, atol)


def _along_one_direction(
    f: Function,
    points: list[NDArray[Any]],
    i: int,
    modes: Sequence[str],
    rng: np.random.Generator,
) -> Iterator[tuple[str, Any, Any]]:
    """Yield each mode, its derivative by an argument along a random direction, and differences."""
    x = points[i]
    direction = rng.uniform(0.5, 1.0, x.shape) * rng.choice([-1.0, 1.0], x.shape)
    direction = of_kind(direction.astype(x.dtype), x)

    def of_argument(y: Value) -> Value:
        return f(*points[:i], y, *points[i + 1 :])

    expected = _difference(of_argument, x, direction)
    if np.iscomplexobj(expected):
        raise TypeError(_of_real_numbers("it returned complex ones"))
    if "forward" in modes:
        yield "forward", jvp(of_argument, x, direction)[1], expected
    if "reverse" in modes:
        value, pull = vjp(of_argument, x)
        weights = rng.uniform(0.5, 1.0, np.shape(value)).astype(np.result_type(value))
        weights = of_kind(weights, value)
        yield "reverse", np.vdot(pull(weights), direction), np.vdot(weights, expected)


def _derivatives(f: Function, count: int, modes: Sequence[str]) -> Iterator[tuple[str, Function]]:
    """Yield the derivatives of ``f`` that are functions of the same arguments, by their modes."""
    if "forward" in modes:
        yield "forward", lambda *xs: jvp(f, xs, tuple(np.ones_like(value_of(x)) for x in xs))[1]
    if "reverse" in modes:
        for i in range(count):
            yield "reverse", partial(_gradient_of_sum, f, i)


def _gradient_of_sum(f: Function, i: int, *xs: Value) -> Value:
    """Return the gradient of the sum of the output by one of the arguments."""
    value, pull = vjp(f, *xs)
    gradients = pull(np.ones_like(value_of(value)))
    return gradients[i] if len(xs) > 1 else gradients


def _difference(f: Function, x: NDArray[Any], direction: NDArray[Any]) -> NDArray[Any]:
    """Return the derivative along a direction by Richardson extrapolation of differences."""
    largest = float(np.max(np.abs(x))) if x.size else 0.0
    scale = float(np.finfo(x.dtype).eps) ** 0.2 * max(1.0, largest)
    table: list[NDArray[Any]] = []
    for k in range(3):
        h = scale / 2**k
        up, down = f(x + h * direction), f(x - h * direction)
        row = [np.subtract(up, down) / (2 * h)]
        for m, earlier in enumerate(table, start=1):
            row.append(row[-1] + (row[-1] - earlier) / (4**m - 1))
        table = row
    return table[-1]


def _compare(actual: Value, expected: Value, where: str, rtol: float, atol: float) -> None:
    actual, expected = to_numpy(actual), to_numpy(expected)
    error = np.abs(actual - expected)
    allowed = atol + rtol * np.abs(expected)
    with np.errstate(invalid="ignore"):
        wrong = ~(error <= allowed)
    if np.any(wrong):
        worst = np.unravel_index(np.argmax(np.where(wrong, error - allowed, -np.inf)), error.shape)
        at = f" at entry {tuple(map(int, worst))}" if error.ndim else ""
        raise AssertionError(
            f"derivative ({where}){at}: the rules give {actual[worst]:.10g}, "
            f"differences of the function {expected[worst]:.10g}"
        )
