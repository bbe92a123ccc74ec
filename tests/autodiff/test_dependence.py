"""Which entries depend on which, as recorded ops show it, against derivatives at many points."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, elementwise, hessian, linear, stop_gradient
from autodiff._core.functions import record_structures
from autodiff.derivatives import _dependence
from autodiff.derivatives._dependence import dependence
from autodiff.derivatives._second import gradient_graph

N = 8
EYE = np.eye(N, dtype=bool)
FULL = np.ones((N, N), bool)
PLACES = np.arange(N)
BAND = abs(PLACES[:, None] - PLACES) <= 1
rng = np.random.default_rng(0)
A = rng.normal(size=(N, N))


def pattern(f: Callable[..., Any], *args: Any, argnums: Any = 0) -> Any:
    """Return which entries of the gradient may depend on which arguments."""
    graph, _ = record_structures(f, args, {}, argnums)
    return dependence(gradient_graph(graph, "hessian"))


def hessian_at(f: Callable[..., Any], x: Any) -> Any:
    with np.errstate(all="ignore"):
        return hessian(f)(x).reshape(x.size, x.size)


def arrow(first: int = 0) -> Any:
    found = EYE.copy()
    found[first] = found[:, first] = True
    return found


def blocks(size: int) -> Any:
    return np.kron(np.eye(N // size, dtype=bool), np.ones((size, size), bool))


def pairs(*places: tuple[int, int]) -> Any:
    """Return the pattern of some entries and their mirror images."""
    found = ~FULL
    for i, j in places:
        found[i, j] = found[j, i] = True
    return found


# Functions of N numbers, and what depends on what: no more, and no less.
EXACT: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "elementwise": (lambda x: np.sum(np.sin(x) * np.exp(x)), EYE),
    "masked": (lambda x: np.sum(np.where(x > 0, x**2, x)), EYE),
    "neighbours": (lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2), BAND),
    "the larger neighbour": (lambda x: np.sum(np.maximum(x[1:] ** 2, x[:-1])), EYE & (PLACES > 0)),
    "a shared entry": (lambda x: np.sum((x * x[0]) ** 2), arrow()),
    "a shared entry from behind": (lambda x: np.sum((x * x[-1]) ** 2), arrow(N - 1)),
    "a sum": (lambda x: np.sum(x) ** 2, FULL),
    "a mean": (lambda x: np.mean(x) ** 3, FULL),
    "a product with a matrix": (lambda x: np.sum((A @ x) ** 3), FULL),
    "sums of rows": (lambda x: np.sum(np.sum(x.reshape(4, 2), axis=1) ** 3), blocks(2)),
    "sums of columns": (
        lambda x: np.sum(x.reshape(2, 4).sum(axis=0) ** 3),
        EYE | pairs((0, 4), (1, 5), (2, 6), (3, 7)),
    ),
    "means of the columns of a transpose": (
        lambda x: np.sum(np.mean(x.reshape(2, 4).T, axis=0) ** 3),
        blocks(4),
    ),
    "products of small matrices": (
        lambda x: np.sum((x.reshape(2, 2, 2) @ np.ones((2, 2))) ** 2),
        blocks(4),
    ),
    "flipped": (lambda x: np.sum(x**2 * np.flip(x)), EYE | EYE[::-1]),
    "rolled": (lambda x: np.sum(x**2 * np.roll(x, 1)), BAND | pairs((0, N - 1))),
    "broadcast": (lambda x: np.sum(x[:2, None] * x[2:4]), pairs((0, 2), (0, 3), (1, 2), (1, 3))),
    "concatenated": (
        lambda x: np.sum(np.concatenate([x[:3] ** 3, x[4:6] * x[2]])),
        pairs((0, 0), (1, 1), (2, 2), (4, 2), (5, 2)),
    ),
    "stacked": (
        lambda x: np.sum(np.prod(np.stack([x[:2], x[2:4]]), axis=0)),
        pairs((0, 2), (1, 3)),
    ),
    "an index array": (
        lambda x: np.sum(x[[0, 0, 2]] * x[[1, 3, 2]]),
        pairs((0, 1), (0, 3), (2, 2)),
    ),
    "an entry that is set": (lambda x: np.sum(x.at[2].set(1.5) ** 3), EYE & (PLACES != 2)),
    "linear": (lambda x: np.sum(x), ~FULL),
    "linear in some": (lambda x: np.sum(x[:3] ** 2) + np.sum(x[3:]), EYE & (PLACES < 3)),
    "a constant": (lambda x: np.sum(stop_gradient(x)) + 0 * x[0], ~FULL),
    "a constant factor": (lambda x: x[0] * stop_gradient(x[1]) ** 2, ~FULL),
}
# What depends on more than one sees.
COVERED: dict[str, Callable[[Any], Any]] = {
    **{name: f for name, (f, _) in EXACT.items()},
    "sorted": lambda x: np.sum(np.sort(x) * PLACES * x),
    "the largest": lambda x: np.max(x) ** 3 + np.sum(x**2),
    "running sums": lambda x: np.sum(np.cumsum(x) ** 3),
    "running products": lambda x: np.sum(np.cumprod(x)),
    "spectrum": lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2 * np.arange(5)),
    "inverse": lambda x: np.sum(np.linalg.inv(3 * np.eye(2) + x[:4].reshape(2, 2)) * x[4:6]),
    "variance": lambda x: np.var(x) * x[0],
    "convolution": lambda x: np.sum(np.convolve(x, x[:3]) ** 2),
    "einsum": lambda x: np.einsum("i,ij,j->", x[:4], A[:4, :4], x[4:]) ** 2,
    "where": lambda x: np.sum(np.where(x > 0, np.flip(x) ** 2, x**3)),
    "taken by a mask": lambda x: np.sum(x[x > 0] ** 3),
    "repeated indices": lambda x: np.sum(x.at[[0, 0, 3]].add(x[:3] ** 2) ** 2),
    "multiplied in place": lambda x: np.sum(x.at[1:3].multiply(x[3:5]) ** 2),
    "padded": lambda x: np.sum(np.pad(x, 2, mode="reflect") ** 3),
    "repeated": lambda x: np.sum(np.repeat(x, 2).reshape(4, 4) @ np.ones(4)) ** 2,
    "differences": lambda x: np.sum(np.diff(x, 2) ** 4),
    "median": lambda x: np.median(x) ** 3,
    "logsumexp": lambda x: np.log(np.sum(np.exp(x))),
    "complex on the way": lambda x: np.sum(np.abs(x[:4] + 1j * x[4:]) ** 3),
}


@pytest.mark.parametrize("name", EXACT)
def test_what_depends_on_what(name: str) -> None:
    f, expected = EXACT[name]
    assert pattern(f, rng.normal(size=N)).tolist() == expected.tolist()


@pytest.mark.parametrize("name", COVERED)
def test_no_entry_of_a_hessian_stands_outside(name: str) -> None:
    f = COVERED[name]
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=N)
        found = pattern(f, x)
        H = hessian_at(f, x)
        assert not (H[~(found | found.T)] != 0).any()


def test_values_do_not_count() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.zeros(N - 1) * x[1:] * x[:-1] + np.maximum(x[1:], x[:-1]) ** 2)

    assert pattern(f, np.zeros(N)).tolist() == BAND.tolist()
    assert pattern(f, np.full(N, np.nan)).tolist() == BAND.tolist()


def test_several_arguments_stand_one_behind_the_other() -> None:
    found = pattern(
        lambda a, b: np.sum(a * b[0] ** 2) + b[1], np.ones(2), np.ones(2), argnums=(0, 1)
    )
    assert found.tolist() == [[0, 0, 1, 0], [0, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]


def test_numbers_and_empty_arrays() -> None:
    assert pattern(lambda x: x * x, 3.0).tolist() == [[True]]
    assert pattern(lambda x: np.sum(x**2), np.zeros(0)).shape == (0, 0)
    assert pattern(lambda x, y: y * np.sum(x**2), np.zeros(0), 2.0, argnums=(0, 1)).shape == (1, 1)
    assert pattern(lambda x, y: y**2 * np.sum(x), np.ones(1), 2.0, argnums=(1, 0)).tolist() == [
        [True, True],
        [True, False],
    ]


def test_ops_of_ones_own() -> None:
    cube = elementwise(lambda x: x**3, lambda g, out, x: g * (3 * x**2), name="cube")
    turned = linear(lambda x, Q: x @ Q.T, lambda g, out, x, Q: g @ Q, name="turned")
    assert pattern(lambda x: np.sum(cube(x)), np.ones(N)).tolist() == EYE.tolist()
    # Of a matrix that may be anything, everything depends on everything.
    assert pattern(lambda x: np.sum(turned(x, np.eye(N)) ** 2), np.ones(N)).all()


def test_entries_of_constants_depend_on_nothing() -> None:
    weights = Tensor(A[0], requires_grad=False)
    found = pattern(lambda x: np.sum(np.concatenate([x**2, weights]) * weights[0]), np.ones(N))
    assert found.tolist() == EYE.tolist()


def test_masks_are_let_go_on_the_way() -> None:
    def chain(x: Any) -> Any:
        for _ in range(100):
            x = np.sin(x)
        return np.sum(x)

    graph = gradient_graph(record_structures(chain, (np.ones(256),), {}, 0)[0], "hessian")
    tracemalloc.start()
    assert dependence(graph) is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120 * 256**2  # bytes; there are some 300 masks


def test_what_takes_too_much_memory_is_not_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dependence, "MOST_BYTES", 64)
    assert pattern(lambda x: np.sum(x**2), np.ones(8)) is not None
    assert pattern(lambda x: np.sum(x**2), np.ones(9)) is None
