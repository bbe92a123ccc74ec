"""The written source computes what the program says, in memory that nobody else sees."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from recorded import evaluate, program_of

from autodiff import Tensor, grad
from autodiff.compiled import _functions as functions
from autodiff.compiled._origins import (
    Argument,
    Attribute,
    Memory,
    SetAttribute,
    SetGradient,
    SetValue,
    TensorGradient,
    TensorValue,
    Write,
)
from autodiff.compiled._program import FINITE, Guard, Node, Present, Program, Same
from autodiff.compiled._random import TracedGenerator
from autodiff.compiled._source import write
from autodiff.compiled._tape import Tape
from autodiff.compiled._traced import Traced


def assert_same(results, expected):
    assert len(results) == len(expected)
    for result, value in zip(results, expected, strict=True):
        assert type(result) is type(value)
        assert np.shape(result) == np.shape(value)
        assert np.asarray(result).dtype == np.asarray(value).dtype
        np.testing.assert_allclose(result, value, rtol=1e-6, atol=1e-9)


def check(f, *arrays, reuse=True):
    """Assert that replays give what the program gives, and own what they give."""
    with np.errstate(all="ignore"):
        program = program_of(f, *arrays)
    source = write(program, reuse=reuse)
    buffers = source.make_buffers()
    kept = []
    with np.errstate(all="ignore"):
        for factor in (1, 0.5, 1, -0.25):
            inputs = [scaled(x, factor) for x in arrays]
            before = [np.copy(x) for x in inputs]
            results = source.replay(buffers, *inputs)
            assert type(results) is tuple, source.text
            expected = evaluate(program, *inputs)
            assert_same(results, expected)
            for x, y in zip(inputs, before, strict=True):
                np.testing.assert_array_equal(x, y)
            owned = [r for r in results if isinstance(r, np.ndarray)]
            others = [*inputs, *buffers, *source.constants.values()]
            others = [x for x in others if isinstance(x, np.ndarray)]
            for i, r in enumerate(owned):
                assert not any(np.shares_memory(r, x) for x in others + owned[:i]), source.text
            kept.append((results, expected))
        for results, expected in kept:
            assert_same(results, expected)
    return source


def scaled(x, factor):
    if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
        y = np.empty_like(x) if 0 not in x.strides else x.copy()
        y[...] = x * x.dtype.type(factor)
        return y
    return x


def entries(*shape, dtype=float, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.normal(size=shape)
    return x.astype(dtype)


# -- functions of numerical computing ----------------------------------------------------------


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def chain(x):
    for _ in range(20):
        x = x + 0.01 * np.tanh(np.exp(np.sin(x)))
    return np.sum(x)


def gaussians(p, x):
    y = p[9] + p[10] * x
    for i in range(0, 9, 3):
        y = y + p[i] * np.exp(-(((x - p[i + 1]) / p[i + 2]) ** 2))
    return y


def network(x, W, b, V):
    h = np.maximum(x @ W + b, 0)
    return np.sum((h @ V) ** 2)


P = np.array([1.0, 0.1, 0.5, 2.0, 0.3, 0.7, 1.5, -0.4, 0.9, 0.2, -0.1])


class TestNumericalComputing:
    @pytest.mark.parametrize("reuse", [True, False])
    def test_gradients(self, reuse):
        check(grad(rosenbrock), entries(7), reuse=reuse)
        check(grad(chain), entries(4), reuse=reuse)
        check(grad(lambda p, x: np.sum(gaussians(p, x) ** 2)), P, entries(5), reuse=reuse)

    def test_values_and_gradients_together(self):
        check(lambda x: [rosenbrock(x), grad(rosenbrock)(x), x * 2], entries(7))

    def test_products(self):
        x, W, b, V = entries(5, 3), entries(3, 4), entries(4), entries(4, 2)
        check(network, x, W, b, V)
        check(lambda x, W: [x @ W, (x @ W).T @ x, x[0] @ W, x @ W[:, 0], x[0] @ W[:, 0]], x, W)
        check(lambda x: x @ np.ones((2, 3, 1)), entries(2, 5, 3))

    def test_large_products(self):
        check(lambda x: np.exp(x @ x.T) @ x, 0.01 * entries(300, 300))

    def test_masks_and_choices(self):
        check(lambda x: np.where(x > 0, x * 2, np.exp(x)), entries(9))
        check(lambda x: np.where(x > 0, 1.0, 0) * x, entries(9))
        check(lambda x: np.where(x > 0, x, 3), entries(9))
        check(lambda x: np.where(x[:3] > 0, x.reshape(3, 3), -(x.reshape(3, 3) + 1)), entries(9))
        check(lambda x: np.where(x, x + 1, x * 2), entries(9))

    def test_reductions(self):
        x = entries(3, 4, 5)
        check(lambda x: [x.sum(), x.sum(0), x.max(1, keepdims=True), x.min((0, 2))], x)
        check(lambda x: (x * 2).sum(-1) + (x > 0).any(-1) + (x > 0).all(-1), x)
        check(lambda x: np.exp(x - x.max(-1, keepdims=True)).sum(-1), x)
        check(lambda x: x.mean() + np.cumsum(x), x)

    def test_calls_of_any_function(self):
        A = entries(3, 3) + 5 * np.eye(3)
        check(lambda A: np.linalg.solve(A, np.linalg.inv(A) + 1), A)
        check(lambda A: [*np.linalg.qr(A)], A)
        check(lambda A: np.einsum("ij,jk->ik", A, A * 2) + np.sort(A, axis=0), A)
        check(lambda A: np.diagonal(A * 2) + np.einsum("ii->i", A), A)
        check(lambda A: [*np.divmod(A, 2), *np.modf(A)], A)


# -- where the entries are ---------------------------------------------------------------------


class TestViews:
    def test_results_that_are_views_or_the_same(self):
        def f(x):
            y = np.exp(x)
            return [x, x[1:], y, y, y[1:], y.T, y.reshape(-1), np.broadcast_to(y, (2, 3, 3))]

        check(f, entries(3, 3))

    def test_a_view_of_a_result_that_is_not_one_itself(self):
        check(lambda x: np.exp(x).T, entries(3, 2))
        check(lambda x: np.exp(x)[0], entries(3, 2))
        check(lambda x: np.exp(x).reshape(-1), entries(3, 2))

    def test_a_view_of_what_any_function_gave(self):
        check(lambda x: np.diagonal(np.exp(x)), entries(3, 3))
        check(lambda x: np.diagonal(np.exp(x)) + np.exp(x)[0] * 2, entries(3, 3))
        check(lambda x: np.einsum("ii->i", x), entries(3, 3))

    def test_constants(self):
        k = entries(3)
        check(lambda x: [k, k, 2.0, x * 0 + 1, np.ones_like(x), np.zeros_like(x)], entries(3))
        check(lambda x: x + np.ones_like(x) * 2, entries(3))

    def test_reshaping_what_lies_out_of_order(self):
        check(lambda x: np.exp(x).T.reshape(-1) * 2 + 1, entries(3, 4))
        check(lambda x: np.exp(x)[:, 1:].reshape(-1) * 2, entries(3, 4))
        check(lambda x: x.T.reshape(-1) * 2, entries(3, 4))
        check(lambda x: np.exp(np.exp(x).T.reshape(2, 6)).T.reshape(-1), entries(3, 4))

    def test_an_operand_that_views_what_is_overwritten(self):
        check(lambda x: (y := np.exp(x)) + y[::-1], entries(6))
        check(lambda x: (y := np.exp(x)) * y.T - y, entries(3, 3))
        check(lambda x: (y := np.exp(x))[1:] * y[:-1], entries(6))
        check(lambda x: (y := np.exp(x)) - np.broadcast_to(y[:1], (6,)), entries(6))

    def test_broadcast_views_are_not_written_to(self):
        check(lambda x: np.broadcast_to(np.exp(x), (3, 4)) * 2 + 1, entries(4))

    @pytest.mark.parametrize(
        "x",
        [
            entries(4, 6).T,
            entries(8, 12)[::2, ::3],
            entries(4, 6)[::-1, ::-1],
            np.zeros((0, 3)),
            np.zeros((3, 0)),
            np.broadcast_to(entries(3), (2, 3)),
            entries(2, 3, dtype=np.float32),
            entries(2, 3, dtype=complex),
            entries(2, 3, dtype=np.complex64),
            entries(3, 4, dtype=np.float32).T,
        ],
    )
    def test_arguments_of_many_kinds(self, x):
        def f(x):
            y = x * 2 + 1
            z = np.concatenate([y.reshape(-1), x.reshape(-1)])
            return [y, z, np.sum(z), y.T @ x, np.where(x == 0, y, 0.5), (y - x.mean()) * 0.1]

        check(f, x)

    def test_numbers(self):
        check(
            lambda a, x: [a * 2, np.exp(a) * x, x + a, a, a / 3 - x[0]], np.float64(2), entries(3)
        )
        check(lambda a, x: [a * 2, a * x, x + a, a, a + a * 2], 2.5, entries(3, dtype=np.float32))
        check(lambda a, x: [a * 2, a * x, a], np.array(2.0), entries(3))
        check(lambda n, x: [n * 2, n + 1, x * n, x > n, x**n], 3, entries(3))

    def test_an_entry_that_is_overwritten_later(self):
        def f(x):
            y = np.exp(x)
            first = y[0]
            y[0] = 7
            return [first * 2, y * 3 + first, first * x]

        check(f, entries(4))

    def test_arrays_without_axes(self):
        def f(x):
            y = np.where(x > 0, x, 0.5)
            z = y.copy()
            z[...] = np.exp(y)
            s = scatter(x.tape, [x, z], ((...,), (...,)), ())
            return [y, z, s, z * 2, np.broadcast_to(y, (3,)) * z, s.reshape(1)]

        check(lambda x: [np.where(x > 0, x, 0.5), x.reshape(1), x * 2], np.array(2.0))
        program = program_of(f, np.array(2.0))
        source = write(program)
        assert_same(
            source.replay(source.make_buffers(), np.array(-1.0)), evaluate(program, np.array(-1.0))
        )

    def test_axes_that_lie_the_other_way_round(self):
        text = check(lambda x: (x.T * 2 + 1) @ x, entries(3, 40)).text
        assert "empty((3, 40)" in text
        assert "empty((40, 3)" not in text
        check(lambda x: np.exp(x.T * 2).reshape(-1) * 2, entries(3, 40))
        check(lambda x: [(y := x.T * 2) + 1, np.tanh(y).sum(0) + y[:, 0], y @ y.T], entries(3, 3))

    def test_large_arrays_are_let_go(self):
        def f(x):
            k = np.argsort(x)
            return np.sort(x[k] * 2)[0] + np.cumsum(x)[k] * np.diagonal(np.outer(x[:9], x[:9]))[0]

        assert "del " in check(f, entries(9000)).text


class TestTypes:
    def test_numbers_do_not_promote_float32(self):
        x = entries(4, dtype=np.float32)
        check(lambda x: [x * 2.5 + 1, 3 * x, x**2, x**3, x > 0.1, np.where(x > 0, x, 0.1)], x)
        check(lambda x: np.maximum(x, 0.1) - np.minimum(0.3, x), x)

    def test_numpys_numbers_do(self):
        x = entries(4, dtype=np.float32)
        check(lambda x: [x * np.float64(2.5), x.sum() * x, x * np.sum(x * 1.0)], x)

    def test_integers_and_booleans(self):
        n = np.arange(6)
        check(
            lambda n: [n * 2, n / 2, n * 0.5, n > 2, n // 4, n % 4, n**2, -n, (n > 2) & (n < 5)], n
        )
        check(lambda n: [n.astype(float) * 2, n.astype(np.int32), (n > 2).astype(float)], n)
        check(lambda n: [n > 300, n == -1], np.arange(6, dtype=np.uint8))

    def test_casts(self):
        x = entries(4)
        check(lambda x: [x.astype(np.float32) * 2, (x > 0) * x, (x * 9).astype(int) + 1], x)
        check(lambda x: [x.sum().astype(np.float32), np.isnan(x).sum()], x)


# -- reading and writing -----------------------------------------------------------------------


class TestKeys:
    def test_fancy_reads(self):
        k = np.array([3, 0, 3, 1])
        check(lambda x: [x[k], np.exp(x)[k] * 2, x[x[k].argsort()], np.take(x, k) + 1], entries(4))
        check(lambda x: x[k, ::-1][:, k[:2]], entries(4, 4))

    def test_chains_of_writes(self):
        def f(x):
            y = x * 2
            y[0] = x[1]
            y[1:3] = x[2] * np.exp(x[:2])
            y[...] = y + 1
            z = y.copy()
            z[::2] = y[::-2]
            y[np.array([0, 0, 1])] = x[:3]
            return [y, z]

        check(f, entries(4))

    def test_writes_into_zeros(self):
        def f(x):
            y = np.zeros_like(x)
            for i in range(4):
                y[i] = x[i] * i
            return y

        check(f, entries(4))
        check(lambda x: f(x) * 2, entries(4))
        check(lambda x: [(y := f(x)), y * 2], entries(4))

    def test_what_is_written_into_may_be_used_elsewhere(self):
        def f(x):
            y = np.exp(x)
            z = y.copy()
            z[0] = 1
            w = z + y
            z[1] = 2
            return [w * z, y + 1]

        check(f, entries(4))

    def test_writes_of_views_of_itself(self):
        def f(x):
            y = np.exp(x)
            y[1:] = y[:-1]
            y[::2] = y[::-2]
            np.add.at(y, np.array([0, 1, 0, 1]), y[::-1])
            return y * 2

        check(f, entries(4))

    def test_adding_at_indices_into_buffers_used_before(self):
        k = np.array([0, 2, 0])

        def f(x):
            total = 0
            for i in range(3):
                y = np.zeros_like(x)
                np.add.at(y, k, np.exp(x[:3]) * i)
                total = total + y * y
            return total

        check(f, entries(4))


def scatter(tape, pieces, keys, shape, parts=(), dtype=float):
    options = {"keys": keys, "shape": shape, "dtype": np.dtype(dtype)}
    return tape.call(functions.scatter, [*pieces, *parts], options)


class TestScatter:
    def test_pieces_side_by_side(self):
        def f(x):
            pieces = [np.exp(x[..., i]) for i in range(3)]
            return scatter(x.tape, pieces, tuple((..., i) for i in range(3)), (4, 3))

        assert "fill" not in check(f, entries(4, 3)).text

    @pytest.mark.parametrize("outer", [lambda y: y, lambda y: np.exp(y) + y])
    def test_pieces_that_overlap(self, outer):
        def f(x):
            y, z = np.exp(x[1:]), np.sin(x[:-1]) * 2
            keys = ((..., slice(None, -1)), (..., slice(1, None)))
            return outer(scatter(x.tape, [y, z], keys, x.shape))

        check(f, entries(6))
        check(f, entries(2, 6)[0])

    def test_pieces_used_elsewhere(self):
        def f(x):
            y, z = np.exp(x[1:]), np.sin(x[:-1]) * 2
            keys = ((..., slice(None, -1)), (..., slice(1, None)))
            s = scatter(x.tape, [y, z], keys, x.shape)
            return [s * 2, y + 1, scatter(x.tape, [y, y], keys, x.shape)]

        check(f, entries(6))

    def test_pieces_of_which_one_is_a_view_of_another(self):
        def f(x):
            y = np.exp(x)
            keys = ((...,), (..., slice(1, None)))
            return scatter(x.tape, [y, y[1:]], keys, x.shape)

        check(f, entries(6))

    def test_pieces_at_indices_that_occur_twice(self):
        k = np.array([0, 2, 0])

        def f(x):
            pieces = [np.exp(x[:3]), x, x[0], x[:2]]
            keys = (
                *((..., functions.Part(0)), (..., slice(None))),
                *((..., functions.Part(1)), (..., slice(0, 4, 2))),
            )
            return scatter(x.tape, pieces, keys, x.shape, [k, np.argmax(x)]) * 2

        check(f, entries(4))

    def test_pieces_that_are_broadcast_or_leave_gaps(self):
        def f(x):
            keys = ((..., slice(1, 2), slice(None)), (..., slice(2, 3), slice(1, 2)))
            s = scatter(x.tape, [np.exp(x), x[:1]], keys, (5, 4))
            t = scatter(
                x.tape, [np.exp(x)[:2], x[:2]], ((..., 0, slice(2)), (..., 3, slice(2))), (5, 4)
            )
            return [s, t, np.exp(s + t)]

        check(f, entries(4))


class TestJoined:
    def test_pieces_used_elsewhere(self):
        def f(x):
            y, z = np.exp(x), np.sin(x)
            joined = np.concatenate([y, z, y, x])
            return [joined * 2, y * z, np.stack([y, z]), np.stack([z, y], axis=1).sum(0)]

        check(f, entries(4))

    def test_results_with_pieces_that_live_longer(self):
        def f(x):
            y = np.exp(x)
            joined = np.concatenate([y, x])
            joined[0] = 5
            return [joined, y * 2]

        check(f, entries(4))

    def test_pieces_of_pieces(self):
        def f(x):
            inner = np.concatenate([np.exp(x), x * 2])
            return np.concatenate([inner, np.sin(x)]) + 0

        check(f, entries(4))
        check(lambda x: np.stack([np.stack([np.exp(x), x * 2]), np.zeros((2, 4))], 1), entries(4))

    def test_pieces_of_other_types(self):
        def f(x):
            return np.concatenate([x * 2, (x > 0), np.arange(3), x.astype(np.float32) * 2])

        check(f, entries(4))

    def test_numbers(self):
        check(lambda x: np.stack([x[0], x[1] * 2, np.float64(3), x.sum()]), entries(4))

    def test_nothing(self):
        check(lambda x: np.concatenate([x * 2, x[:0], np.exp(x[:0])]), entries(4))


# -- programs of calls at random ---------------------------------------------------------------


def overwritten(x, y, rng):
    z = x.copy()
    z[1:3] = y[0] if rng.random() < 0.5 else x[:2]
    return z


def added(x, y, rng):
    z = np.exp(-x * x)
    np.add.at(z, np.array([0, 2, 0]), y[:3])
    return z


def scattered(x, y, rng):
    if type(x) is not Traced:
        return x
    start = int(rng.integers(3))
    keys = ((..., slice(start, start + 3), slice(None)), (..., slice(1, 4), slice(None)))
    return scatter(x.tape, [x[:3], y[1:]], keys, (5, 4))[1:] + x


CALLS = [
    *(lambda x, y, rng: x + y, lambda x, y, rng: x * y - x, lambda x, y, rng: np.tanh(x)),
    *(lambda x, y, rng: x * 0.5, lambda x, y, rng: 1 - x, lambda x, y, rng: np.maximum(x, y)),
    *(lambda x, y, rng: x.T, lambda x, y, rng: x[::-1], lambda x, y, rng: x[:, ::-1] + y.T),
    *(lambda x, y, rng: np.where(x > y, x, y), lambda x, y, rng: np.where(x > 0, 0.0, y)),
    *(lambda x, y, rng: np.tanh(x @ y), lambda x, y, rng: x - x.max(0), overwritten, added),
    *(lambda x, y, rng: np.tanh(x.sum(1, keepdims=True)) * y, lambda x, y, rng: x * x[0, 1]),
    *(lambda x, y, rng: np.concatenate([x[:2], np.sin(y)[2:]]), lambda x, y, rng: x.mean() * y),
    *(lambda x, y, rng: np.stack([x[0], y[1], np.tanh(x)[2], y[3]]), scattered),
    *(lambda x, y, rng: x.reshape(2, 8).T.reshape(4, 4), lambda x, y, rng: x[[3, 0, 0, 1]]),
    *(lambda x, y, rng: np.broadcast_to(x[1], (4, 4)), lambda x, y, rng: np.cumsum(x, 0) / 4),
    *(lambda x, y, rng: np.zeros_like(x), lambda x, y, rng: np.diagonal(x) * y),
]


@pytest.mark.parametrize("seed", range(60))
def test_programs_at_random(seed):
    def f(*arguments):
        rng = np.random.default_rng(seed)
        values = list(arguments)
        for _ in range(25):
            call = CALLS[rng.integers(len(CALLS))]
            x, y = (values[-1 - int(k)] for k in rng.integers(min(6, len(values)), size=2))
            values.append(call(x, y, rng))
        return [values[-1], values[-1], *values[-2:-9:-3]]

    check(f, entries(4, 4), entries(4, 4, seed=1).T, reuse=seed % 8 > 0)


# -- guards ------------------------------------------------------------------------------------


class TestGuards:
    def replay(self, x, expected, y):
        node = Node(None, (), {}, x)
        program = Program({node: Argument(0)}, [], [Guard(node, expected)], [1])
        source = write(program)
        with np.errstate(all="ignore"):
            return source.replay(source.make_buffers(), y)

    @pytest.mark.parametrize(
        ("x", "others"),
        [
            (np.float64(1), [np.float64(2), np.nan * np.float64(1)]),
            (np.float64(0), [np.float64(-0.0)]),
            (np.float64("nan"), [np.float64(1)]),
            (np.float32(0.1), [np.float32(0.2)]),
            (0.0, [-0.0, 1.0]),
            (1 + 2j, [1 - 2j]),
            (3, [4]),
            (np.int64(3), [np.int64(4)]),
            (np.True_, [np.False_]),
            (False, [True]),
            (entries(3), [entries(3, seed=1), -entries(3)]),
            (np.array([0.0, np.nan]), [np.array([-0.0, np.nan]), np.array([0.0, 1.0])]),
            (entries(3, 400), [entries(3, 400, seed=1)]),
            (entries(400, 4).T, [entries(400, 4, seed=1).T]),
            (entries(3, 400, dtype=complex), [entries(3, 400, seed=1, dtype=complex)]),
            (entries(9999) > 0, [entries(9999, seed=1) > 0]),
        ],
    )
    def test_compare_all_bits(self, x, others):
        assert self.replay(x, x, x) == (1,)
        assert self.replay(x, x, x.copy() if isinstance(x, np.ndarray) else x) == (1,)
        for y in others:
            assert self.replay(x, x, y) == 0

    @pytest.mark.parametrize(
        "x",
        [
            *(
                np.float64(1),
                1.0,
                1j,
                np.complex128(1j),
                entries(3),
                entries(3, 4).T,
                entries(99_999),
            ),
            *(
                entries(3, dtype=np.float32),
                entries(3, dtype=complex),
                entries(9999, dtype=complex),
            ),
        ],
    )
    @pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
    def test_demand_finite_entries(self, x, bad):
        assert self.replay(x, FINITE, x) == (1,)
        y = np.array(x)
        y[(0,) * y.ndim] = bad
        assert self.replay(x, FINITE, y if isinstance(x, np.ndarray) else type(x)(y)) == 0

    def test_integers_are_finite(self):
        assert self.replay(np.arange(3), FINITE, np.arange(3)) == (1,)
        assert self.replay(3, FINITE, 3) == (1,)

    def test_of_computed_values_come_first(self):
        def f(x):
            y = np.exp(x) * 2
            if np.sum(x) > 0:
                return np.log(x) * y
            return x

        x = np.ones(3)
        source = write(program_of(f, x))
        buffers = source.make_buffers()
        assert source.replay(buffers, -x) == 0
        np.testing.assert_array_equal(source.replay(buffers, x)[0], f(x))
        assert source.text.index("return 0") < source.text.index("exp(")


# -- what outlives the call --------------------------------------------------------------------


class State:
    def __init__(self):
        self.count = 3
        self.rates = [0.5, 0.25]


def replayed(build):
    """Return a function that replays what ``build`` records on a tape, and its source."""
    tape = Tape()
    results, effects = build(tape)
    tape.program.results = [r.current() if type(r) is Traced else r for r in results]
    for effect in effects:
        effect.node = effect.node.current() if type(effect.node) is Traced else effect.node
    tape.program.effects = effects
    source = write(tape.program)
    buffers = source.make_buffers()
    return lambda *arguments: source.replay(buffers, *arguments)


class TestEffects:
    def test_gradients_and_values_are_arrays_of_their_own(self):
        p, q = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
        q.grad = np.array([5.0, 6.0])

        def build(tape):
            v = tape.source(p._value, TensorValue(p))
            g = tape.source(q._grad, TensorGradient(q))
            y = np.exp(v)
            return [y, v], [
                *(SetGradient(p, y), SetGradient(q, g + y), SetValue(p, v[::-1]), SetValue(q, y))
            ]

        replay = replayed(build)
        before, index = p._value, p._index
        y, v = replay()
        np.testing.assert_array_equal(y, np.exp([1, 2]))
        np.testing.assert_array_equal(p._grad, y)
        np.testing.assert_array_equal(q._grad, np.add(y, [5, 6]))
        np.testing.assert_array_equal(p._value, [2, 1])
        np.testing.assert_array_equal(q._value, y)
        assert p._index > index
        arrays = [y, v, p._grad, q._grad, p._value, q._value, before]
        assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
        kept = y.copy()
        y[:] = 0
        replay()
        np.testing.assert_array_equal(p._grad, np.exp([2, 1]))
        assert not np.shares_memory(p._grad, y)
        assert not np.array_equal(kept, y)

    def test_a_gradient_that_is_let_go(self):
        p = Tensor(1.0)
        p.grad = 2.0
        replayed(lambda tape: ([1], [SetGradient(p, None)]))()
        assert p._grad is None

    def test_attributes(self):
        state = State()

        def build(tape):
            n = tape.source(state.count, Attribute(state, "count"))
            r = tape.source(state.rates[1], Attribute(state, "rates", 1))
            return [n], [
                *(SetAttribute(state, "count", n + 1), SetAttribute(state, "rates", r * n, 1))
            ]

        replay = replayed(build)
        assert replay() == (3,)
        assert replay() == (4,)
        assert (state.count, state.rates) == (5, [0.5, 3.0])

    def update(self, flat, step, parts):
        """Return the replay of p -= step(x, p) for parts of a flat array, and Tensors of them."""
        tensors = [Tensor(flat[k]) for k in parts]
        views = [flat[k] for k in parts]

        def build(tape):
            x = tape.source(flat.copy(), Argument(0))
            m = tape.source(flat, Memory(flat), writable=True)
            results = step(m, x, parts)
            holders = list(zip(tensors, views, strict=True))
            return results, [Write(flat, m, holders)]

        return replayed(build), tensors, views

    @pytest.mark.parametrize("parts", [[slice(0, 2), slice(2, 5)], [slice(None)]])
    def test_writing_into_memory_that_is_read(self, parts):
        def step(m, x, parts):
            old = [m[k] for k in parts]
            results = [m * 1, *[p * 2 for p in old], m[::2]]
            for k in parts:
                m[k] = m[k] - 0.5 * x[k] * m[::-1][k]
            return results

        flat = np.arange(1.0, 6)
        x = np.linspace(1, 2, 5)
        replay, tensors, views = self.update(flat, step, parts)
        for _ in range(3):
            before = flat.copy()
            expected = before.copy()
            for k in parts:
                expected[k] = expected[k] - 0.5 * x[k] * expected[::-1][k]
            index = tensors[0]._index
            whole, *halves, every = replay(x)
            np.testing.assert_array_equal(flat, expected)
            np.testing.assert_array_equal(whole, before)
            np.testing.assert_array_equal(every, expected[::2])
            for half, k in zip(halves, parts, strict=True):
                np.testing.assert_array_equal(half, before[k] * 2)
            assert all(t._value is v for t, v in zip(tensors, views, strict=True))
            assert tensors[0]._index > index

    def test_the_argument_may_be_the_memory(self):
        def step(m, x, parts):
            m[0:2] = m[0:2] - x[2:4]
            m[2:4] = m[2:4] - x[0:2]
            return [x + m]

        flat = np.arange(1.0, 5)
        replay, *_ = self.update(flat, step, [slice(0, 2), slice(2, 4)])
        (result,) = replay(flat)
        np.testing.assert_array_equal(flat, [-2, -2, 2, 2])
        np.testing.assert_array_equal(result, [-1, 0, 5, 6])

    def test_memories_that_change_places(self):
        a, b = np.arange(3.0), np.arange(3.0, 6)

        def build(tape):
            x, y = tape.source(a, Memory(a)), tape.source(b, Memory(b))
            return [], [Write(a, y, []), Write(b, x, [])]

        replayed(build)()
        np.testing.assert_array_equal(a, [3, 4, 5])
        np.testing.assert_array_equal(b, [0, 1, 2])

    def test_momentum(self):
        p, v = np.arange(3.0), np.arange(3.0, 6)

        def build(tape):
            x = tape.source(p.copy(), Argument(0))
            old_p, old_v = tape.source(p, Memory(p)), tape.source(v, Memory(v))
            new_v = 0.5 * old_v + x
            new_p = old_p - 0.1 * new_v - old_v
            return [], [Write(v, new_v, []), Write(p, new_p, [])]

        replay = replayed(build)
        for _ in range(3):
            new_v = 0.5 * v + 1
            new_p = p - 0.1 * new_v - v
            replay(np.ones(3))
            np.testing.assert_allclose(v, new_v)
            np.testing.assert_allclose(p, new_p)

    def test_nothing_happens_where_a_guard_fails(self):
        p, flat = Tensor([1.0]), np.ones(1)

        def build(tape):
            v = tape.source(p._value, TensorValue(p))
            m = tape.source(flat, Memory(flat))
            y = np.exp(v)
            if y[0] > 2:
                y = y + 1
            return [y], [SetValue(p, y), Write(flat, m + y, [])]

        replay = replayed(build)
        assert type(replay()) is tuple
        assert flat[0] > 1
        kept = p._value = np.array([-1.0])
        flat[0] = 7
        assert replay() == 0
        assert p._value is kept
        assert flat[0] == 7

    def test_what_has_to_stand_somewhere(self):
        p = Tensor([1.0])
        value = p._value
        node, gradient = Node(None, (), {}, value), Node(None, (), {}, None)
        program = Program({node: TensorValue(p), gradient: TensorGradient(p)}, results=[1])
        program.guards = [Guard(node, Same(value)), Guard(gradient, Present((1,), value.dtype))]
        replay = write(program).replay
        assert replay(()) == 1
        p.grad = np.ones(1)
        assert replay(()) == (1,)
        p.grad = np.ones(1, np.float32)
        assert replay(()) == 1
        p._value = value.copy()
        assert replay(()) == 0


def test_draws_keep_their_order():
    tape = Tape()
    x = tape.source(np.ones(3), Argument(1))
    rng = TracedGenerator(tape, np.random.default_rng(0), Argument(0))
    a = rng.normal(size=3)
    b = rng.normal(size=3)
    if b[0] > -100:
        tape.program.results = [(a * x).node, (b * x).node]
    source = write(tape.program)
    a, b = source.replay(source.make_buffers(), np.random.default_rng(5), np.ones(3))
    again = np.random.default_rng(5)
    np.testing.assert_array_equal(a, again.normal(size=3))
    np.testing.assert_array_equal(b, again.normal(size=3))


# -- two at a time -----------------------------------------------------------------------------


def test_two_threads_with_buffers_of_their_own():
    x, y = entries(100), entries(100, seed=1)
    program = program_of(grad(chain), x)
    source = write(program)
    wrong = []

    def work(x):
        buffers = source.make_buffers()
        expected = evaluate(program, x)[0]
        results = [source.replay(buffers, x)[0] for _ in range(200)]
        wrong.extend(r for r in results if not np.array_equal(r, expected))

    threads = [threading.Thread(target=work, args=(z,)) for z in (x, y)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
