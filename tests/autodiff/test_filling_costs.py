"""What filling an array costs: nodes and memory that grow with what is written, and not faster."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad, jvp, no_grad
from tests.autodiff.oracles import complex_step

X = np.array([0.9, -0.3, 0.4])


def nodes(y: Any) -> list[Any]:
    """Return all Tensors of a graph."""
    found, todo = {id(y): y}, [y]
    while todo:
        for x in todo.pop().inputs:
            if isinstance(x, Tensor) and id(x) not in found:
                found[id(x)] = x
                todo.append(x)
    return list(found.values())


# Each makes about n writes from x, and reads what was written.


def entries(x: Any, n: int) -> Any:
    a = np.zeros(n, x.dtype, like=x)
    a[0] = x[0]
    for i in range(n - 1):
        a[i + 1] = a[i] * 0.75 + x[1]
    return a


def entries_backward(x: Any, n: int) -> Any:
    a = np.zeros(n, x.dtype, like=x)
    for i in range(-1, -n, -1):
        a[i - 1] = a[i] * 0.75 + x[1]
    return a


def entries_in_turn(x: Any, n: int) -> Any:
    a, b = np.zeros(n, x.dtype, like=x), np.zeros(n, x.dtype, like=x)
    for i in range(1, n):
        a[i] = b[i - 1] * x[0]
        b[i] = a[i] + x[1]
    return a * b


def entries_augmented(x: Any, n: int) -> Any:
    a = np.ones(n, x.dtype, like=x)
    for i in range(1, n):
        a[i] += x[0]
        a[i] *= 0.5 * a[i - 1]
    return a


def rows(x: Any, n: int) -> Any:
    a = np.zeros((n, 3), x.dtype, like=x)
    a[0] = x
    for i in range(1, n):
        a[i, :] = a[i - 1, :] * x
    return a


def rows_of_an_iteration(x: Any, n: int) -> Any:
    a = np.zeros((n, 3), x.dtype, like=x)
    before = x
    for row in a:
        row[:] = before * x
        before = row
    return a


def columns(x: Any, n: int) -> Any:
    a = np.zeros((3, n), x.dtype, like=x)
    for j in range(n):
        a[:, j] = a[:, j - 1] * x + 0.5
    return a


def rows_of_a_transpose(x: Any, n: int) -> Any:
    a = np.zeros((3, n), x.dtype, like=x).T
    for j in range(n):
        a[j] = a[j - 1] * x + 0.5
    return a


def parts_of_rows(x: Any, n: int) -> Any:
    a = np.ones((n, 6), x.dtype, like=x)
    for i in range(1, n):
        a[i, :3] = a[i - 1, 3:] * x
        a[i, 3:] = a[i, :3] + a[i - 1, :3]
    return a


def windows(x: Any, n: int) -> Any:
    a = np.ones(n, x.dtype, like=x)
    for i in range(3, n):
        a[i] = a[i - 3 : i] @ x
    return a


def windows_of_rows(x: Any, n: int) -> Any:
    a = np.ones((n, 3), x.dtype, like=x)
    for i in range(2, n):
        a[i] = 0.5 * a[i - 2 : i].sum(axis=0) * x
    return a


def windows_of_a_view(x: Any, n: int) -> Any:
    a = np.ones((n, 2), x.dtype, like=x)
    line = a.reshape(-1)
    for i in range(3, n):
        line[i] = line[i - 3 : i] @ x
    return a


def neighbours(x: Any, n: int) -> Any:
    size = int(n**0.5)
    a = np.ones((size, size), x.dtype, like=x)
    for i in range(1, size):
        for j in range(1, size):
            a[i, j] = a[i - 1, j] * x[0] + a[i, j - 1] * x[1] + a[i - 1, j - 1]
    return a


def counted(x: Any, n: int) -> Any:
    a = np.zeros(n, x.dtype, like=x)
    for i in range(n):
        np.add.at(a, [i, i - 1], x[:2])
    return a


def out_of_ufuncs(x: Any, n: int) -> Any:
    a = np.ones((n, 3), x.dtype, like=x)
    for i in range(1, n):
        np.multiply(a[i - 1], x, out=a[i])
        np.sin(a[i], out=a[i])
    return a


def put_flat(x: Any, n: int) -> Any:
    a = np.ones((n // 2, 2), x.dtype, like=x)
    for i in range(1, 2 * (n // 2)):
        a.flat[i] = a.flat[i - 1] * x[0]
    return a


FILLINGS = [entries, entries_backward, entries_in_turn, entries_augmented, rows]
FILLINGS += [rows_of_an_iteration, columns, rows_of_a_transpose, parts_of_rows, windows]
FILLINGS += [windows_of_rows, windows_of_a_view, neighbours, counted, out_of_ufuncs, put_flat]


@pytest.mark.parametrize("fill", FILLINGS)
def test_nodes_and_their_entries_grow_with_what_is_written(fill: Callable[..., Any]) -> None:
    def costs(n: int) -> tuple[int, int]:
        graph = nodes(np.sum(fill(Tensor(X), n)))
        return len(graph), sum(node.size for node in graph)

    small, large = costs(150), costs(600)
    assert large[0] <= 4.4 * small[0]
    assert large[1] <= 5 * small[1]


@pytest.mark.parametrize("fill", FILLINGS)
def test_what_is_filled_in_pieces_differentiates(fill: Callable[..., Any]) -> None:
    v = np.array([0.5, -1.0, 0.25])
    for n in (5, 90):
        slope = complex_step(lambda x, n=n: np.sum(fill(x, n)), [X], [v])
        found = grad(lambda x, n=n: np.sum(fill(x, n)))(X) @ v
        np.testing.assert_allclose(found, slope, rtol=1e-12)
        tangent = jvp(lambda x, n=n: fill(x, n), X, v)[1]
        np.testing.assert_allclose(np.sum(tangent), slope, rtol=1e-12)


def peak(f: Callable[[], Any]) -> int:
    """Return the most memory that is held meanwhile."""
    f()  # what is made once
    tracemalloc.start()
    try:
        f()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fill", FILLINGS)
def test_memory_grows_with_what_is_written(fill: Callable[..., Any]) -> None:
    def gradient(n: int) -> None:
        grad(lambda x: np.sum(fill(x, n)))(X)

    assert peak(lambda: gradient(1200)) <= 4.5 * peak(lambda: gradient(400))


def test_an_entry_is_the_very_tensor_that_was_written() -> None:
    x = Tensor(X)
    a = np.zeros(3, like=x)
    a[0], a[1] = x[0] * 2, x[1]
    graph = nodes(a[0] * 3)
    assert len(graph) <= 5
    assert all(node.size <= 3 for node in graph)


# -- what is overwritten is let go -----------------------------------------------------------


def overwritten(n: int, x: Any) -> Any:
    a = np.zeros(1000, like=x)
    for i in range(n):
        a[3] = float(i)
        a[4:6] = a[3] * 0.5
        a[4] = a[5] + x[0]
    return a


def test_constants_hold_no_memory() -> None:
    x = Tensor(X, requires_grad=False)
    assert peak(lambda: overwritten(4000, x)) < peak(lambda: overwritten(400, x)) + 5000


def test_without_gradients_what_is_overwritten_holds_no_memory() -> None:
    def fill(n: int) -> None:
        with no_grad():
            overwritten(n, Tensor(X))

    assert peak(lambda: fill(4000)) < peak(lambda: fill(400)) + 5000


def test_what_no_entry_comes_from_any_more_is_let_go() -> None:
    def fill(n: int) -> Any:
        x = Tensor(X)
        a = np.zeros((2, 1000), like=x)
        for i in range(n):
            a[1] = x[0] * float(i) + np.zeros(1000)
        return a

    assert peak(lambda: fill(1000)) < 2 * peak(lambda: fill(200))


def test_what_is_never_written_to_is_a_constant() -> None:
    a = np.zeros(3, like=Tensor(X))
    assert not a.requires_grad
    y = np.exp(a) + np.ones_like(Tensor(X))
    assert not y.requires_grad
    assert not y.inputs
