"""Hessians with many zeros in plans: of few columns, and what they are as they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from agreement import agree

from autodiff import compile, eager, grad, hessian, jacobian, quadratic_approximation
from autodiff.derivatives import _hessians

rng = np.random.default_rng(0)
N = 12
X, Y, Z = rng.uniform(0.5, 1.5, (3, N))
DATA = rng.normal(size=N)


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Return the numbers of colours that are found from here on, None where a matrix is full."""
    found: list[int | None] = []
    compression = _hessians.compression

    def remembered(pattern: Any) -> Any:
        compressed = compression(pattern)
        found.append(None if compressed is None else int(compressed.colours.max()) + 1)
        return compressed

    monkeypatch.setattr(_hessians, "compression", remembered)
    return found


def rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def gaussian_process(x: Any) -> Any:
    return np.sum((DATA - x[0] * np.exp(-x[1:2] * x) - x) ** 2)


SPARSE: dict[str, tuple[Callable[[Any], Any], int]] = {
    "a sum": (lambda x: np.sum(np.sin(x) * x), 1),
    "neighbours": (rosenbrock, 3),
    "second neighbours": (lambda x: np.sum(np.diff(x, 2) ** 4), 5),
    "a shared entry": (lambda x: np.sum((DATA - x[0] * np.cos(x)) ** 2), 2),
    "two shared entries": (gaussian_process, 3),
    "blocks": (lambda x: np.sum(np.prod(x.reshape(4, 3), axis=1)), 3),
    "a mask": (lambda x: np.sum(np.where(x > 1, x**3, x[0])), 1),
    "the larger": (lambda x: np.sum(np.maximum(x[1:], x[:-1]) ** 3), 3),
    "linear in most": (lambda x: x[0] ** 2 * x[5] + np.sum(x), 2),
    "linear": (lambda x: np.sum(3 * x), 1),
    "repeated indices": (lambda x: np.sum(x[[0, 0, 1, 3, 3]] ** 3 * x[[0, 1, 1, 2, 3]]), 2),
    "entries added": (lambda x: np.sum(x.at[[0, 0, 3]].add(x[4:7] ** 2) ** 3), 3),
}
FULL: dict[str, Callable[[Any], Any]] = {
    "a sum's square": lambda x: np.sum(np.sin(x)) ** 2,
    "sorted": lambda x: np.sum(np.sort(x) * DATA * x),
    "running sums": lambda x: np.sum(np.cumsum(x) ** 3),
    "a spectrum": lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 3),
    "a product": lambda x: np.sum((np.outer(DATA, DATA) @ x) ** 4),
    "the entries of a mask": lambda x: np.sum(x[x > 1] ** 2 * x[0]),
}


@pytest.mark.parametrize("name", SPARSE)
def test_few_columns_give_the_whole(name: str, colours: list[int | None]) -> None:
    f, count = SPARSE[name]
    agree(hessian(f), (X,), (X,), (Y,), (Z,), replays=3)
    assert set(colours) == {count}
    assert (hessian(f)(X) == hessian(f)(X).T).all()


@pytest.mark.parametrize("name", FULL)
def test_others_take_all_columns(name: str, colours: list[int | None]) -> None:
    f = FULL[name]
    compiled = compile(hessian(f), eager_calls=0)
    for x in (X, X, Y, Z, X):
        np.testing.assert_allclose(compiled(x), hessian(f)(x), rtol=1e-9, atol=1e-12)
    assert set(colours) == {None}


@pytest.mark.parametrize("name", [*SPARSE, *FULL])
def test_the_result_is_symmetric_to_the_last_bit(name: str) -> None:
    f = {**FULL, **{k: f for k, (f, _) in SPARSE.items()}}[name]
    compiled = compile(hessian(f), eager_calls=0)
    compiled(X)
    H = compiled(Y)
    assert (H == H.T).all()


def test_an_eager_call_looks_for_no_pattern(colours: list[int | None]) -> None:
    hessian(rosenbrock)(X)
    with eager():
        compile(hessian(rosenbrock), eager_calls=0)(X)
    assert colours == []


def test_zeros_are_zeros() -> None:
    compiled = compile(hessian(rosenbrock), eager_calls=0)
    compiled(X)
    H = compiled(Y)
    places = np.arange(N)
    assert (H[abs(places[:, None] - places) > 1] == 0).all()
    assert np.count_nonzero(H) == 3 * N - 2


def test_masks_of_the_data_change_from_call_to_call() -> None:
    def f(x: Any, mask: Any) -> Any:
        return np.sum(np.where(mask, x**3, x * np.roll(x, 1))) + np.sum(x[1:] ** 2 * x[:-1])

    mask = X > 1
    compiled = compile(hessian(f), eager_calls=0)
    for x, m in [(X, mask), (X, ~mask), (Y, mask), (Y, mask & False), (X, mask | True)]:
        np.testing.assert_allclose(compiled(x, m), hessian(f)(x, m), rtol=1e-12)
    assert len(compiled.plans) == 1


def test_indices_among_the_arguments_may_be_others(colours: list[int | None]) -> None:
    def f(x: Any, places: Any) -> Any:
        return np.sum(x[places] ** 2 * x[places[::-1]])

    compiled = compile(hessian(f), eager_calls=0)
    for places in (np.array([0, 1]), np.array([0, 1]), np.array([3, 7]), np.array([5, 5])):
        np.testing.assert_allclose(compiled(X, places), hessian(f)(X, places), rtol=1e-12)
    assert set(colours) == {None}


def test_indices_elsewhere_may_change(colours: list[int | None]) -> None:
    places = np.array([0, 1, 2])

    def f(x: Any) -> Any:
        return np.sum(x[places] ** 2 * x[places + 1])

    compiled = compile(hessian(f), eager_calls=0)
    for _ in range(3):
        np.testing.assert_allclose(compiled(X), hessian(f)(X), rtol=1e-12)
        places += 3
    assert None not in colours


def test_structures_and_several_arguments(colours: list[int | None]) -> None:
    def f(p: Any, scale: Any, offset: Any) -> Any:
        return np.sum((p["a"] ** 2 * scale + offset["b"]) ** 2) + p["c"][0] ** 3 * p["c"][2]

    def calls(seed: int) -> Any:
        random = np.random.default_rng(seed)
        a, b, c = random.normal(size=(2, 3)), random.normal(size=(2, 3)), random.normal(size=4)
        return {"a": a, "c": c}, random.normal(), {"b": b}

    agree(hessian(f), calls(0), calls(1), calls(2), replays=2)
    agree(hessian(f, (0, 2)), calls(0), calls(1), calls(2), replays=2)
    agree(hessian(f, (2, 0)), calls(0), calls(1), calls(2), replays=2)
    agree(hessian(f, (0, 1)), calls(0), calls(1), calls(2), replays=2)
    assert None not in colours
    assert max(filter(None, colours)) <= 3


class Point(NamedTuple):
    x: Any
    y: Any


def test_named_tuples() -> None:
    def f(p: Point) -> Any:
        return np.sum(p.x**2 * p.y[0]) + np.sum(p.y**4)

    agree(hessian(f), (Point(X, Y),), (Point(Y, Z),), (Point(Z, X),), replays=2)


@pytest.mark.parametrize("chunk", [1, 2, 3, 50])
def test_in_chunks(chunk: int) -> None:
    agree(hessian(rosenbrock, chunk=chunk), (X,), (Y,), (Z,), replays=2)


def test_empty_arrays_and_single_entries() -> None:
    agree(hessian(lambda x: np.sum(x**3)), (np.zeros(0),), (np.zeros(0),), replays=1)
    agree(hessian(lambda x: x**3), (2.0,), (3.0,), replays=1)
    agree(hessian(lambda x: np.sum(x**3)), (np.ones(1),), (np.full(1, 2.0),), replays=1)
    agree(hessian(lambda x: np.sum(x**3)), (np.ones((2, 1, 2)),), (np.ones((2, 1, 2)),), replays=1)

    def f(x: Any, y: Any, z: Any) -> Any:
        return z * np.sum(x**3) + np.sum(y**3)

    calls = [(np.zeros((0, 3)), X, 2.0), (np.zeros((0, 3)), Y, 3.0)]
    agree(hessian(f, (0, 1, 2)), *calls, replays=1)


def test_single_precision_stays() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sum(x**2 * x[0]) + np.sum(y**3)

    x, y = X.astype(np.float32), Y.astype(np.float32)
    compiled = compile(hessian(rosenbrock), eager_calls=0)
    for v in (x, y, x):
        H = compiled(v)
        assert H.dtype == np.float32
        np.testing.assert_allclose(H, hessian(rosenbrock)(v), rtol=1e-5)
    blocks = compile(hessian(f, (0, 1)), eager_calls=0)
    for _ in range(2):
        (xx, xy), (yx, yy) = blocks(x, Y)
    assert [b.dtype for b in (xx, xy, yx, yy)] == ["f4", "f8", "f8", "f8"]


def test_within_other_derivatives() -> None:
    def norm(x: Any) -> Any:
        return np.sum(hessian(rosenbrock)(x) ** 2)

    agree(grad(norm), (X,), (Y,), (Z,), replays=2)
    compiled = compile(jacobian(hessian(lambda x: np.sum(x**4))), eager_calls=0)
    for x in (X, Y):
        T = compiled(x)
        assert (T[np.arange(N), np.arange(N), np.arange(N)] == 24 * x).all()
        assert np.count_nonzero(T) == N

    def trace(x: Any) -> Any:  # of a function with a constant from outside of the derivative
        return np.trace(hessian(lambda y: np.sum(y**3 * x))(x))

    agree(grad(trace), (X,), (Y,), replays=1)


def test_an_approximation() -> None:
    compiled = compile(lambda x, y: quadratic_approximation(rosenbrock, x)(y), eager_calls=0)
    for x in (X, Y):
        expected = quadratic_approximation(rosenbrock, x)(Z)
        np.testing.assert_allclose(compiled(x, Z), expected, rtol=1e-12)


def test_where_an_entry_is_not_finite_the_call_is_made_as_it_is_written() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.where(x > 0, x**1.5, x)) + np.sum(1 / x[1:] * x[:-1])

    compiled = compile(hessian(f), eager_calls=0)
    compiled(X)
    compiled(X)
    for special in (0.0, np.inf, -np.inf, np.nan, 1e-200):
        x = X.copy()
        x[4] = special
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(compiled(x), hessian(f)(x))


def test_the_matrix_belongs_to_the_caller() -> None:
    compiled = compile(hessian(rosenbrock), eager_calls=0)
    first = [compiled(X) for _ in range(2)][1]
    kept = first.copy()
    second = compiled(Y)
    assert not np.may_share_memory(first, second)
    first[...] = 0
    np.testing.assert_array_equal(compiled(X), kept)


def test_random_patterns() -> None:
    for seed in range(8):
        random = np.random.default_rng(seed)
        n, m = int(random.integers(10, 30)), int(random.integers(5, 30))
        i, j, k = random.integers(0, n, (3, m))
        weights = random.normal(size=m)

        def f(x: Any, i: Any = i, j: Any = j, k: Any = k, weights: Any = weights) -> Any:
            return np.sum(weights * np.sin(x[i] * x[j]) + x[k] ** 3)

        calls = [(random.normal(size=n),) for _ in range(3)]
        compiled = compile(hessian(f), eager_calls=0)
        for (x,) in calls:
            np.testing.assert_allclose(compiled(x), hessian(f)(x), rtol=1e-10, atol=1e-12)
