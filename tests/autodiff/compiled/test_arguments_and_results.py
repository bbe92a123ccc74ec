"""A compiled function takes and returns what the function does; its results are nobody else's."""

from __future__ import annotations

import dataclasses
from collections import namedtuple

import numpy as np
import pytest
from agreement import agree, assert_same

from autodiff import Tensor, compile, grad, hessian, jacobian, jvp

Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass
class Both:
    a: object
    b: object


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(3, 4))


@pytest.mark.parametrize(
    ("f", "first", "second"),
    [
        (
            lambda d: {"s": d["a"] * d["b"][0]},
            {"a": 2.0, "b": (3.0, 1.0)},
            {"a": 1.0, "b": (2.0, 0.5)},
        ),
        (lambda p: Pair(p.b * 2, p.a), Pair(np.ones(2), 2.0), Pair(np.zeros(2), 3.0)),
        (lambda p: Both(p.b * 2, [p.a]), Both(np.ones(2), 2.0), Both(np.zeros(2), 3.0)),
        (lambda xs: [xs[0] + xs[1], (xs[1],)], [np.ones(2), np.ones(2)], [np.ones(2), np.zeros(2)]),
        (lambda x: (x, [], (), [1.0, 2.0], {}, None, "text", 3, True), np.ones(2), np.zeros(2)),
        (lambda x: np.sum(x), np.ones(2), np.zeros(2)),
        (lambda x: x * 2 + 1, np.array(3.0), np.array(4.0)),
        (lambda x: x * 2 + 1, np.float64(3.0), np.float64(4.0)),
        (lambda x: x * 2 + 1, 3.0, 4.0),
        (lambda x: x / 2, 3, 4),
        (lambda x: np.exp(x), 1.0, 2.0),
        (lambda x: x * 2j, 3.0, 4.0),
        (lambda x: np.sum(x, axis=0), np.zeros((0, 3)), np.zeros((0, 3))),
        (lambda x: x.T @ x, np.ones((3, 8))[:, ::2], np.arange(24.0).reshape(3, 8)[:, 1::2]),
        (lambda x: x @ x.T, np.ones((3, 4), order="F"), np.arange(12.0).reshape(4, 3).T),
        (lambda w: w[0] * 2 + len(w), [1.0, 2.0], [3.0, 4.0]),
    ],
)
def test_structures(f, first, second):
    agree(f, (first,), (second,), (first,), replays=2)


@pytest.mark.parametrize("dtype", ["?", "b", "u2", "i", "i8", "e", "f", "d", "g", "F", "D"])
def test_every_dtype(dtype, x):
    agree(lambda x: (x * x).sum(axis=0), (x.astype(dtype),), ((x + 1).astype(dtype),), replays=1)


def test_python_numbers_stay_weak(x):
    single = x.astype(np.float32)
    agree(lambda x, k: x * k + 1, (single, 2.0), (single, 3.0), replays=1)
    agree(lambda x, k: x * k, (single, np.float64(2.0)), (single, np.float64(3.0)), replays=1)


def test_integers_that_python_counts_with(x):
    agree(
        lambda x, n: sum(x**i for i in range(n)), (x, 3), (2 * x, 3), (x, 2), (2 * x, 2), replays=2
    )


def test_strings_and_flags_are_part_of_the_key(x):
    def f(x, how, flag=True):
        return (x if flag else -x) if how == "plain" else 2 * x

    compiled = agree(
        f, (x, "plain"), (x, "other"), (2 * x, "plain"), (x, "plain", False), replays=1
    )
    assert len(compiled.plans) == 3


def test_keyword_arguments_in_any_order(x):
    def f(x, *, k=2.0, m=1.0):
        return x * k + m

    compiled = compile(f, eager_calls=0)
    for k in (2.0, 3.0, 4.0):
        assert_same(compiled(x, k=k, m=5.0), f(x, k=k, m=5.0))
        assert_same(compiled(x, m=k, k=5.0), f(x, m=k, k=5.0))
    assert [plan.runs for plan in compiled.plans] == [2, 2]  # for **keywords have an order


def test_new_shapes_and_dtypes_are_recorded_anew(x):
    compiled = agree(lambda x: x * 2, (x,), (x[:2],), (x.astype(np.float32),), (x,), replays=1)
    assert len(compiled.plans) == 3


def test_the_cache_is_bounded():
    compiled = compile(lambda x: x * 2, eager_calls=0)
    for n in range(100):
        compiled(np.ones(n))
    assert len(compiled.plans) == 64


def test_results_are_nobody_elses(x):
    constant = np.arange(3.0)
    compiled = compile(lambda x: (x, x, x[0], x.T, constant, constant[1:], x + 1), eager_calls=0)
    for how in (compiled, compile(lambda x: (x, x, x[0], x.T, constant, constant[1:], x + 1))):
        for given in (x, x + 1, x + 2):
            results = how(given)
            for i, a in enumerate(results):
                assert not np.shares_memory(a, given)
                assert not np.shares_memory(a, constant)
                assert not any(np.shares_memory(a, b) for b in results[i + 1 :])


def test_results_are_never_overwritten(x):
    compiled = compile(lambda x: (np.tanh(x) @ x.T, x, [np.sum(x, axis=0)]), eager_calls=0)
    compiled(x)
    results = compiled(2 * x)
    copies = [results[0].copy(), results[1].copy(), [results[2][0].copy()]]
    compiled(3 * x)
    assert_same(list(results), copies)


def test_containers_are_made_anew(x):
    compiled = compile(lambda x: [x, [], [1.0]], eager_calls=0)
    for _ in range(3):
        result = compiled(x)
        result[1].append(1)
        result[2].append(1)
    assert_same(compiled(x), [x, [], [1.0]])


def test_arguments_are_never_changed(x):
    given = x.copy()
    compiled = compile(lambda x: np.exp(x * 2 + 1) - x, eager_calls=0)
    for _ in range(4):
        compiled(given)
        assert_same(given, x)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.__iadd__(1).sum(),
        lambda x: x.sort(),
        lambda x: np.add(x, 1, out=x),
        lambda x: np.copyto(x, 0),
        lambda x: x[0].fill(3.0),
        lambda x: np.add.at(x, [0, 0], 1.0),
    ],
)
def test_what_writes_into_its_argument_stays_eager(f, x):
    compiled = compile(f, eager_calls=0)
    given, expected = x.copy(), x.copy()
    with pytest.warns(UserWarning, match="writes into an array"):
        compiled(given)
    f(expected)
    for _ in range(3):
        assert_same(given, expected)
        compiled(given)
        f(expected)


def test_what_changes_a_dict_or_list_it_was_given_stays_eager(x):
    def f(d, xs):
        d["new"] = xs[0] * 2
        xs.append(d["new"])
        return d["new"].sum()

    compiled = compile(f, eager_calls=0)
    with pytest.warns(UserWarning, match="changes a list, dict or object that it was given"):
        compiled({}, [x])
    d, xs = {}, [x]
    compiled(d, xs)
    assert_same(d, {"new": 2 * x})
    assert len(xs) == 2


def test_an_array_that_is_given_twice(x):
    agree(lambda a, b: (a * b, a - b), (x, x), (x, 2 * x), (2 * x, 2 * x), replays=1)


def test_a_tensor_that_is_returned_comes_as_its_value(x):
    p = Tensor(2.0)
    for compiled in (compile(lambda x: x * p), compile(lambda x: x * p, eager_calls=0)):
        for _ in range(3):
            assert_same(compiled(x), 2 * x)


def test_called_with_tensors_it_is_the_function(x):
    def f(x):
        return np.sum(np.sin(x) ** 2 * x)

    compiled = compile(f, eager_calls=0)
    for _ in range(3):
        compiled(x)
        assert_same(grad(compiled)(x), grad(f)(x))
        assert_same(jvp(compiled, (x,), (x,))[1], jvp(f, (x,), (x,))[1])
        assert_same(hessian(compiled)(x[0]), hessian(f)(x[0]))
    assert type(compiled(Tensor(x))) is Tensor
    assert type(compiled({"x": Tensor(x)}["x"])) is Tensor


def test_a_compiled_function_inside_another(x):
    def inner(x):
        return np.tanh(x) * x

    compiled_inner = compile(inner, eager_calls=0)
    for g, plain in [
        (jacobian(compiled_inner), jacobian(inner)),
        (lambda x: compiled_inner(x) + compiled_inner(2 * x), lambda x: inner(x) + inner(2 * x)),
    ]:
        compiled = compile(g, eager_calls=0)
        for given in (x[0], x[1], x[2]):
            assert_same(compiled(given), plain(given))
        assert compiled.plans[0].runs == 2


def test_inside_another_it_returns_values_as_well(x):
    """What eager calls do not differentiate, a plan does not either."""
    p, q = Tensor(2.0), Tensor(3.0)
    inner = compile(lambda x: np.sum(x) * p, eager_calls=0)

    def f(x):
        q.grad = None
        (inner(x) * q).backward()
        return q.grad

    compiled = compile(f, eager_calls=0)
    for k in (1.0, 2.0, 3.0):
        assert_same(compiled(k * x), np.sum(k * x) * 2.0)
    assert p.grad is None


def test_methods():
    class Line:
        def __init__(self, slope):
            self.slope = slope

        @compile
        def __call__(self, x):
            return self.slope * x

    for slope in (2.0, 3.0):
        line = Line(slope)
        for n in range(9):
            assert_same(line(np.full(2, float(n))), np.full(2, slope * n))
    assert sorted(plan.runs for plan in Line.__call__.plans) == [3, 3]


def test_it_looks_like_the_function():
    @compile
    def f(x):
        """Double."""
        return 2 * x

    assert (f.__name__, f.__doc__, f.__wrapped__(1.0)) == ("f", "Double.", 2.0)
    assert repr(f).startswith("<compiled test_it_looks_like")


def test_what_is_no_function():
    with pytest.raises(TypeError, match="compile takes a function"):
        compile(3.0)
    with pytest.raises(ValueError, match="eager_calls to be a whole number of 0 or more, got -1"):
        compile(np.sin, eager_calls=-1)
    with pytest.raises(TypeError, match=r"threads to be a whole number of 1 or more, got 1\.5"):
        compile(np.sin, threads=1.5)
    with pytest.raises(TypeError, match="threads to be a whole number of 1 or more, got True"):
        compile(np.sin, threads=True)


def test_eager_calls_come_first(x):
    calls = []
    compiled = compile(lambda x: calls.append(1) or 2 * x, eager_calls=3)

    def call_often():
        for _ in range(9):
            compiled(x)

    with pytest.warns(UserWarning, match="a list that it uses has changed"):
        call_often()
    assert len(calls) == 9
    counted = compile(lambda x: 2 * x, eager_calls=3)
    for _ in range(9):
        counted(x)
    assert [plan.runs for plan in counted.plans] == [9 - 3 - 2]


class TestDonated:
    def test_names_an_argument(self):
        with pytest.raises(TypeError, match="donate='y' names no argument"):
            compile(lambda x: 2 * x, donate="y")

    def test_results_are_the_same(self, x):
        compiled = compile(lambda x, y: np.exp(x) * y + x, eager_calls=0, donate="x")
        for k in (1.0, 2.0, 3.0):
            assert_same(compiled(k * x, x), np.exp(k * x) * x + k * x)
            assert_same(compiled(y=x, x=k * x), np.exp(k * x) * x + k * x)

    def test_cannot_be_read_only(self, x):
        x.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            compile(lambda x: 2 * x, donate="x")(x)

    def test_cannot_share_memory_with_another(self, x):
        with pytest.raises(ValueError, match="shares memory"):
            compile(lambda x, y: x * y, donate="x")(x, x[1:])


@pytest.mark.parametrize(
    ("f", "arguments"),
    [
        (grad(lambda b: b[0] * b[1]), ([2.0, 3.0], [4.0, 5.0])),
        (grad(lambda b: b["x"][0] * b["x"][1]), ({"x": [2, 3]}, {"x": [5, 7]})),
        (
            jacobian(lambda m: [m[0, 0] * m[1, 1], m[0, 1]]),
            ([[1.0, 2], [3, 4]], [[5.0, 2], [3, 6]]),
        ),
        (hessian(lambda b: b[0] ** 2 * b[1]), ((1.0, 2.0), (3.0, 4.0))),
    ],
)
def test_lists_of_numbers_are_arrays_where_they_are_differentiated(f, arguments):
    compiled = compile(f, eager_calls=0)
    for x in arguments * 3:
        assert_same(compiled(x), f(x))
        assert type(compiled(x)) is type(f(x))
    assert len(compiled.plans) == 1
