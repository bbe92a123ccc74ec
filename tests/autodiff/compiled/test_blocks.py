"""Long arrays are computed block by block; here a block has 7 entries and pays at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from agreement import assert_same
from recorded import evaluate, program_of

from autodiff import compile, grad, hvp, value_and_grad
from autodiff._core import machine
from autodiff.compiled._source import write
from autodiff.compiled._tape import NotPlannableError
from tests.autodiff.programs.generate import generate
from tests.autodiff.programs.planned import planned
from tests.autodiff.programs.subject import Subject
from tests.benchmarks.tasks import rosenbrock

BLOCK = 7
SIZES = [0, 1, 6, 7, 8, 13, 14, 15, 22]
IN_BLOCKS = "compute_blocks("


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    monkeypatch.setattr(machine, "BLOCK", BLOCK)
    monkeypatch.setattr(machine, "cache_bytes", lambda: 0)


def entries(*shape, seed=0, dtype=float):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def damped(x):
    return np.sum(np.exp(-(x**2)) * np.sin(3 * x))


def check(f, *args, threads=2, expected=None):
    """Assert that a replay, in blocks, gives what the function gives; return its source."""
    compiled = compile(f, eager_calls=0, threads=threads)
    for _ in range(3):
        assert_same(compiled(*args), f(*args) if expected is None else expected)
    (plan,) = compiled.plans
    assert plan.runs == 2
    return plan.source


# -- sizes and seams ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(
    "f",
    [
        value_and_grad(damped),
        grad(lambda x: np.sum(np.where(x > 0, x**2, np.exp(x)))),
        lambda x: np.maximum(x, 0.5) * x.dtype.type(2) + np.abs(x),
        lambda x: (x * 2).astype(np.float32) + (x > 0),
        lambda x: [np.sum(x * 2 > 1), np.any(x > 9), np.all(x * 2 < 9), np.sum(x * x)],
        lambda x: [y := np.exp(x), y * 2, y, y[1:], np.sum(y)],
        lambda x: np.concatenate([np.exp(x) * 2, x * 3 + 1]) * 2,
        lambda x: np.exp(x[::-1] * 2) + x,
        lambda x: np.exp(x) / (1 + np.sum(np.exp(x))) + x,
        lambda x: (x - np.sum(x)) * np.arange(x.size) + np.linspace(0, 1, x.size) ** 2,
    ],
)
def test_sizes_about_those_of_blocks(f, size, threads):
    source = check(f, entries(size), threads=threads)
    assert (IN_BLOCKS in source) == (size > BLOCK)


@pytest.mark.parametrize("size", [2, 7, 8, 9, 14, 15, 16, 22])
def test_seams_of_neighbours(size):
    x, v = entries(2, size)
    check(grad(rosenbrock), x)
    check(lambda x, v: hvp(rosenbrock, x, v), x, v)
    check(lambda x: np.exp(x[1:] - x[:-1] * 2) + x[1:], x)
    check(lambda x: np.diff(np.exp(x) * 2) ** 2 + 1, x)
    check(lambda x: (y := np.exp(x) * 2)[1:] * y[:-1] + y[::-1][1:], x)


def test_the_gradient_of_a_closed_form():
    x = entries(40)
    expected = np.exp(-(x**2)) * (3 * np.cos(3 * x) - 2 * x * np.sin(3 * x))
    check(grad(damped), x, expected=expected)


@pytest.mark.parametrize(
    "shape", [(20, 3), (3, 20), (4, 5), (2, 3, 20), (20, 1), (1, 20), (9, 8), (0, 20), (8, 2, 1)]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_several_axes(shape, order):
    x = np.asarray(entries(*shape), order=order)
    row, column = entries(shape[-1], seed=1), entries(shape[-2], 1, seed=2)
    check(lambda x: [np.tanh(x * 2) + row, np.exp(x) * column - x, x.sum() * 2], x)
    check(value_and_grad(lambda x: np.sum(np.exp(x * column) * row + x)), x)
    check(lambda x, row: np.tanh(x * 2).sum(0) + row, x, row)
    check(lambda x, n: np.tanh(x * n) + n * row[:1], x, np.float64(2))
    check(lambda x, n: np.tanh(x * n) + n, x, np.array(2.0))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, complex, np.complex64, int, np.uint8])
def test_types(dtype):
    x = (3 * entries(30) ** 2).astype(dtype)
    check(lambda x: [np.sum(x * 2 + x), np.exp(x * x.dtype.type(0)) + x, np.dot(x, x + x)], x)
    check(lambda x: [np.max(np.abs(x) * 2), np.min(np.abs(x) + 1), np.prod(x[:9] * 0 + 1)], x)


def test_arguments_as_they_lie():
    x = entries(60)
    still = x.copy()
    still.flags.writeable = False
    layouts = [x[::2], x[::-1], x[40:10:-2], still, np.broadcast_to(2.0, (30,))]
    for y in layouts:
        before = y.copy()
        check(value_and_grad(damped), y)
        np.testing.assert_array_equal(y, before)


def test_donated_arguments():
    compiled = compile(lambda x: [np.exp(x) * 2, x * 3 + 1], eager_calls=0, donate="x", threads=2)
    for seed in range(3):
        x = entries(30, seed=seed)
        assert_same(compiled(x.copy()), [np.exp(x) * 2, x * 3 + 1])


def test_in_place():
    def f(x):
        y = x * 2
        y[3:20] = y[2:19] + 1
        y += y[::-1] * 0.5
        y *= x
        z = np.zeros_like(x)
        z[1:] += y[:-1] * x[1:]
        z[:-1] += y[1:]
        return [y, z]

    check(f, entries(30))


def test_choices():
    x, y = entries(2, 30)
    mask = x > 0
    check(
        lambda x, y: [np.where(x > y, x, y) * 2, np.where(x > 0, 1.0, y), np.where(mask, x, 0)],
        *(x, y),
    )
    check(lambda x, y: np.where(x > 0, np.ones_like(x), x * 2) + np.where(y > 0, x, 3), x, y)
    check(lambda x, y: [np.full_like(x, 2) * np.sum(y * 2), np.clip(x * 2, -1, 1)], x, y)


# -- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sums_are_as_accurate_as_numpys(dtype, monkeypatch):
    monkeypatch.setattr(machine, "BLOCK", 64)
    x = np.abs(entries(99_991)).astype(dtype)
    exact = math.fsum(x.astype(float) + 1)
    found = compile(lambda x: np.sum(x + x.dtype.type(1)), eager_calls=0)
    found(x)
    error = abs(float(found(x)) - math.fsum((x + dtype(1)).astype(float)))
    assert found.plans[0].runs == 1
    assert error <= 8 * np.finfo(dtype).eps * exact


def test_the_number_of_threads_does_not_show():
    x = entries(1000)
    results = [compile(value_and_grad(damped), eager_calls=0, threads=n) for n in (1, 2, 3, 5)]
    first, *others = [[f(x), f(x)][1] for f in results]
    for value, gradient in others:
        assert value == first[0]
        np.testing.assert_array_equal(gradient, first[1])


@pytest.mark.parametrize("where", [0, 6, 7, 13, 14, 29])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_found(where, bad):
    compiled = compile(lambda x: x * 2 + 1, eager_calls=0)
    x = entries(30)
    compiled(x)
    compiled(x)
    x[where] = bad
    assert_same(compiled(x), x * 2 + 1)
    assert compiled.plans[0].runs == 1


def test_sums_that_python_reads_keep_their_bits():
    """Else what was read in the recorded call would never be met again."""

    def f(x):
        return x * 2 * (1 if float(np.sum(x * 3)) > 0 else 2) + round(float(np.sum(x * 2)))

    x = entries(1000)
    check(f, x)


# -- programs at random --------------------------------------------------------------------------


@pytest.mark.parametrize("start", range(0, 80, 20))
def test_programs_at_random(start, monkeypatch):
    """Written in blocks of 2 and 7 entries, and whole."""
    found = 0
    for seed in range(start, start + 20):
        program = generate(seed)
        with np.errstate(all="ignore"):
            try:
                recorded = program_of(program.f, *program.arguments)
            except NotPlannableError:
                continue
            expected = evaluate(recorded, *program.arguments)
            for block in (2, BLOCK):
                monkeypatch.setattr(machine, "BLOCK", block)
                source = write(recorded, threads=2)
                found += IN_BLOCKS in source.text
                assert_same(
                    list(source.replay(source.make_buffers(), *program.arguments)), expected
                )
    assert found > 10


@pytest.mark.parametrize("seed", [500, 501, 503, 504, 505, 506])
def test_gradients_of_programs_at_random(seed):
    with np.errstate(all="ignore"):
        planned(Subject(generate(seed), "in blocks"))


# -- when ----------------------------------------------------------------------------------------


def test_arrays_in_the_cache_are_not_computed_in_blocks(monkeypatch):
    x = entries(100)
    total = 4 * x.nbytes  # of x, 2x, 3 + 2x and its square
    for cache, pays in [(total - 1, True), (total, False)]:
        monkeypatch.setattr(machine, "cache_bytes", lambda cache=cache: cache)
        assert (IN_BLOCKS in check(lambda x: (x * 2 + 3) ** 2, x)) == pays


def test_buffers_are_as_long_as_a_block():
    compiled = compile(value_and_grad(damped), eager_calls=0, threads=2)
    compiled(entries(10_000))
    assert compiled.plans[0].cost.peak < 10_000 * 8 / 2


def test_no_array_of_equal_entries_is_kept():
    compiled = compile(lambda x: np.where(x > 0, np.ones_like(x), x * 2), eager_calls=0)
    compiled(entries(10_000))
    assert IN_BLOCKS in compiled.plans[0].source
    assert compiled.plans[0].cost.peak < 20_000  # one number a block
