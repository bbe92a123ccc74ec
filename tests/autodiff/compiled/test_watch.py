"""What a function uses beside its arguments: where it has changed, a plan holds no longer."""

from __future__ import annotations

import dataclasses
import warnings
from collections import deque
from functools import lru_cache, partial
from types import SimpleNamespace

import numpy as np
import pytest
from agreement import assert_same

from autodiff import Tensor, compile, grad

X = np.random.default_rng(0).normal(size=(3, 4))
SCALE = 2.0
ARRAY = np.arange(4.0)


def follows(f, change):
    """Assert that a compiled function follows changes, and is replayed between them."""
    compiled = compile(f, eager_calls=0)
    assert_same(compiled(X), f(X))
    assert_same(compiled(X + 1), f(X + 1))
    assert compiled.plans[0].runs == 1
    for _ in range(3):
        before = f(X)
        change()
        assert not np.array_equal(f(X), before)
        for x in (X, X + 1, X + 2):
            assert_same(compiled(x), f(x))
        assert compiled.plans[0].runs == 2


def set_global(name, value):
    globals()[name] = value


@pytest.mark.parametrize("size", [4, 4000])
@pytest.mark.parametrize(
    "use",
    [
        lambda x, a: x * np.sum(2 * a),
        lambda x, a: x @ (np.eye(4) * a[:4]),
        lambda x, a: x * float(a.max()),
        lambda x, a: x * a[:4],
        lambda x, a: x * a[a > 0].sum(),
        lambda x, a: x if a[0] < 1 else 2 * x * a[0],
        lambda x, a: grad(lambda y: np.sum(y * y * a[:4]))(x),
    ],
)
def test_arrays_that_change_in_place(use, size):
    a = np.arange(float(size))

    def change():
        a[0] += 1
        a[1:] += 1

    follows(lambda x: use(x, a), change)


def test_a_view_of_an_array_that_changes():
    base = np.arange(8.0)
    view = base[::2]

    def change():
        base[...] += 1

    follows(lambda x: x * view, change)


def test_globals():
    follows(lambda x: x * SCALE, lambda: set_global("SCALE", SCALE + 1))
    follows(lambda x: x * ARRAY, lambda: set_global("ARRAY", ARRAY + 1))


def test_minus_zero_is_another_number():
    set_global("SCALE", 0.0)
    compiled = compile(lambda x: np.copysign(x, SCALE), eager_calls=0)
    for scale in (0.0, 0.0, -0.0, -0.0):
        set_global("SCALE", scale)
        assert_same(compiled(X), np.copysign(X, scale))


def test_one_and_true_and_one_point_zero_are_not_the_same():
    integers = np.arange(3)
    compiled = compile(lambda x: x * SCALE, eager_calls=0)
    for scale in (1, 1, 1.0, True, 1):
        set_global("SCALE", scale)
        assert_same(compiled(integers), integers * scale)


def test_closures():
    k = 2.0

    def inner(x):
        return x * k

    def change():
        nonlocal k
        k += 1

    follows(inner, change)
    follows(lambda x: (lambda y: inner(y) + 1)(x), change)
    follows(partial(lambda x, f: f(x), f=inner), change)
    follows(grad(lambda x: np.sum(x * inner(x))), change)
    follows(compile(inner, eager_calls=0), change)
    inside = compile(inner, eager_calls=0)
    follows(lambda x: inside(x) + 1, change)


def test_functions_that_are_replaced():
    functions = SimpleNamespace(f=lambda x: x * 1.0)

    def change():
        old = functions.f
        functions.f = lambda x: old(x) + 1

    follows(lambda x: functions.f(x), change)


def test_default_arguments():
    def f(x, k=2.0, *, a=ARRAY):
        return x * k * a.sum()

    def change():
        f.__defaults__ = (f.__defaults__[0] + 1,)

    def change_keyword():
        f.__kwdefaults__ = {"a": f.__kwdefaults__["a"] + 1}

    follows(f, change)
    follows(f, change_keyword)


def test_a_function_made_anew_is_another():
    for k in (1.0, 2.0, 3.0):
        f = compile(lambda x, k=k: x * k, eager_calls=0)
        for _ in range(3):
            assert_same(f(X), X * k)


@dataclasses.dataclass(slots=True)
class Slotted:
    scale: float = 2.0


class Line:
    offset = 1.0

    def __init__(self):
        self.scale = 2.0
        self.history = []
        self.table = {"k": 1.0}

    def f(self, x):
        return self.shift(x * self.scale) * self.half * sum(self.table.values())

    def shift(self, x):
        return x + self.offset + SCALE

    @property
    def half(self):
        return self.scale / 2

    def __call__(self, x):
        return self.f(x)


class TestObjects:
    @pytest.mark.parametrize("reach", ["method", "call", "closure"])
    @pytest.mark.parametrize("what", ["attribute", "class", "global", "item", "new item"])
    def test_attributes(self, reach, what):
        set_global("SCALE", 2.0)
        line = Line()
        f = {"method": line.f, "call": line, "closure": lambda x: line(x)}[reach]

        def change():
            if what == "attribute":
                line.scale += 1
            elif what == "class":
                Line.offset += 1
            elif what == "global":
                set_global("SCALE", SCALE + 1)
            elif what == "item":
                line.table["k"] += 1
            else:
                line.table[len(line.table)] = 1.0

        follows(f, change)

    def test_what_the_code_does_not_mention_may_change(self):
        line = Line()
        compiled = compile(line.f, eager_calls=0)
        for i in range(9):
            compiled(X)
            line.history.append(i)
            line.epoch = i
        assert compiled.plans[0].runs == 8

    def test_slots_and_namespaces(self):
        for x in (Slotted(), SimpleNamespace(scale=2.0)):

            def change(x=x):
                x.scale += 1

            follows(lambda y, x=x: y * x.scale, change)
            follows(lambda y, x=x: y * getattr(x, "sca" + "le"), change)

    @pytest.mark.parametrize("kind", [list, deque, set])
    def test_what_holds_numbers(self, kind):
        numbers = kind([1.0, 2.0])

        def change():
            getattr(numbers, "append", getattr(numbers, "add", None))(len(numbers) + 1.5)

        follows(lambda x: x * sum(numbers), change)

    def test_an_object_among_the_arguments(self):
        line = Line()
        compiled = compile(lambda x, how: how["model"](x), eager_calls=0)
        for k in (2.0, 2.0, 3.0, 3.0):
            line.scale = k
            assert_same(compiled(X, {"model": line}), line(X))
        assert compiled.plans[0].runs == 1

    def test_a_cached_function(self):
        @lru_cache
        def scale():
            return SCALE

        compiled = compile(lambda x: x * scale(), eager_calls=0)
        for k in (2.0, 2.0, 3.0):
            set_global("SCALE", k)
            scale.cache_clear()
            assert_same(compiled(X), X * k)


def test_read_only_arrays_are_not_compared():
    a = np.arange(4.0)
    a.flags.writeable = False
    compiled = compile(lambda x: x * a, eager_calls=0)
    for _ in range(3):
        compiled(X)
    assert compiled.plans[0]._watch.arrays == []


def test_tensors_in_objects_are_read_and_not_watched():
    model = SimpleNamespace(p=Tensor(2.0))
    compiled = compile(lambda x: x * model.p, eager_calls=0)
    for k in (2.0, 3.0, 4.0):
        model.p.data = k
        assert_same(compiled(X), X * k)
    model.p = Tensor(5.0)
    assert_same(compiled(X), X * 5.0)


class TestCallsThatChangeWhatTheyUse:
    def test_a_counter(self):
        counted = SimpleNamespace(n=0)

        def f(x):
            counted.n += 1
            return 2 * x

        compiled = compile(f)

        def call_often():
            for _ in range(20):
                compiled(X)

        with pytest.warns(UserWarning, match="f stays eager: n has changed in the call"):
            call_often()
        assert counted.n == 20

    def test_a_global(self):
        set_global("SCALE", 1.0)

        def f(x):
            global SCALE
            SCALE = SCALE + 1.0
            return x * SCALE

        compiled = compile(f, eager_calls=1)

        def call_often():
            for k in range(9):
                assert_same(compiled(X), X * (k + 2.0))

        with pytest.warns(UserWarning, match="SCALE has changed in the call"):
            call_often()

    def test_an_array(self):
        buffer = np.zeros(4)

        def f(x):
            buffer[...] += 1
            return x * buffer

        compiled = compile(f, eager_calls=1)

        def call_often():
            for k in range(9):
                assert_same(compiled(X), X * (k + 1.0))

        with pytest.warns(UserWarning, match=r"an array of shape \(4,\) .* in the call"):
            call_often()


# -- what NumPy's own objects hold -----------------------------------------------------------------


GAIN = 1.0


def _stepwise(t):
    return GAIN if t < 3 else 2 * GAIN


def _by_vectorize():
    gain = np.vectorize(_stepwise)
    return (lambda x: x * gain(np.arange(x.size))), lambda: None


def _by_frompyfunc():
    gain = np.frompyfunc(_stepwise, 1, 1)
    return (lambda x: x * gain(np.arange(x.size)).astype(float)), lambda: None


def _by_polynomial():
    p = np.polynomial.Polynomial([1.0, 2.0])
    return (lambda x: x * p(2.0)), lambda: p.coef.__setitem__(0, 5.0)


def _by_poly1d():
    p = np.poly1d([1.0, 2.0])
    return (lambda x: x * p(2.0)), lambda: p.__setitem__(1, 5.0)


def _by_method_of_array():
    a = np.ones(3)
    mean = a.mean
    return (lambda x: x * mean()), lambda: a.__setitem__(0, 7.0)


def _by_method_of_dict():
    values = {"gain": 1.0}
    get = values.get
    return (lambda x: x * get("gain")), lambda: values.update(gain=3.0)


def _by_memoryview():
    memory = memoryview(bytearray(b"abc"))
    return (lambda x: x * memory[0]), lambda: memory.__setitem__(0, 7)


@pytest.mark.parametrize(
    "make",
    [
        *(_by_vectorize, _by_frompyfunc, _by_polynomial, _by_poly1d),
        *(_by_method_of_array, _by_method_of_dict, _by_memoryview),
    ],
)
def test_objects_of_numpy_and_of_c_are_looked_at_or_not_planned(make, monkeypatch):
    f, change = make()
    x = np.ones(4)
    compiled = compile(f, eager_calls=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what stays eager
        for _ in range(3):
            np.testing.assert_array_equal(compiled(x), f(x))
        change()
        monkeypatch.setitem(globals(), "GAIN", 4.0)
        np.testing.assert_array_equal(compiled(x), f(x))


def test_a_file_in_memory_may_change(tmp_path):
    path = tmp_path / "numbers"
    np.arange(4.0).tofile(path)
    read = np.memmap(path, float, "r")
    compiled = compile(lambda x: (x - read) ** 2, eager_calls=0)
    for _ in range(2):
        compiled(np.zeros(4))
    written = np.memmap(path, float, "r+")
    written[0] = 9.0
    np.testing.assert_array_equal(compiled(np.zeros(4)), [81, 1, 4, 9])
