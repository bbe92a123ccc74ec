"""Random programs, composed from the table of ops: all walks agree with one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff import grad, hessian, hvp, jacobian, jvp, vjp

SIZE = 4
UNARY: list[Callable[[Any], Any]] = [
    np.sin,
    np.tanh,
    lambda x: np.exp(-x * x),
    lambda x: np.log1p(x * x),
    lambda x: np.sqrt(1 + x * x),
    lambda x: x[::-1],
    lambda x: x[[1, 0, 3, 1]],
    lambda x: np.where(x > 0.1, x, 0.5 * x),
    lambda x: x - x.mean(),
    lambda x: x.reshape(2, 2).T.reshape(SIZE),
    lambda x: np.concatenate([x[2:], x[:2] * x[1]]),
    lambda x: np.broadcast_to(x.sum(keepdims=True), SIZE),
    lambda x: np.arange(16.0).reshape(SIZE, SIZE) @ x / 16,
    lambda x: np.stack([x[0], x[1] * x[2], x[3], x[0]]),
    lambda x: np.einsum("i,j,j->i", x, x, x) / SIZE,
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - 2 * y,
    lambda x, y: x * y,
    lambda x, y: x / (2 + y * y),
    lambda x, y: np.outer(x, y).sum(axis=0),
    lambda x, y: x * np.dot(x, y),
    np.hypot,
]
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(UNARY), st.integers(0, 9)),
        st.tuples(st.sampled_from(BINARY), st.integers(0, 9), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=8,
)
vectors = st.lists(st.floats(-1.5, 1.5), min_size=SIZE, max_size=SIZE).map(
    lambda v: np.array(v) + np.array([0.11, -0.23, 0.37, -0.41])  # off the corners
)


def program(plan: list[tuple[Any, ...]]) -> Callable[[Any], Any]:
    """Return the function that applies each step to earlier results, the newest at the end."""

    def f(x: Any) -> Any:
        results = [x]
        for op, *numbers in plan:
            results.append(op(*(results[-1 - n % len(results)] for n in numbers)))
        return results[-1]

    return f


@settings(max_examples=60, deadline=None)
@given(steps, vectors, vectors, vectors)
def test_all_walks_agree(plan: Any, x: np.ndarray, v: np.ndarray, w: np.ndarray) -> None:
    f = program(plan)
    value, pull = vjp(f, x)
    np.testing.assert_allclose(value, f(x), rtol=1e-12, atol=1e-12)
    scale = 1 + np.abs(value).max()
    forward = jacobian(f)(x)
    backward = np.stack([pull(row) for row in np.eye(SIZE)])
    size = scale + np.abs(forward).max()
    np.testing.assert_allclose(backward, forward, rtol=1e-9, atol=1e-11 * size)
    np.testing.assert_allclose(jvp(f, x, v)[1], forward @ v, rtol=1e-9, atol=1e-11 * size)

    def scalar(x: Any) -> Any:
        return np.sum(f(x) * w)

    np.testing.assert_allclose(grad(scalar)(x), w @ forward, rtol=1e-9, atol=1e-11 * size)
    H = hessian(scalar)(x)
    size += np.abs(H).max()
    np.testing.assert_allclose(jacobian(grad(scalar))(x), H, rtol=1e-8, atol=1e-10 * size)
    np.testing.assert_allclose(hvp(scalar, x, v), H @ v, rtol=1e-8, atol=1e-10 * size)
    np.testing.assert_allclose(
        grad(lambda x: jvp(scalar, x, v)[1])(x), H @ v, rtol=1e-8, atol=1e-10 * size
    )
