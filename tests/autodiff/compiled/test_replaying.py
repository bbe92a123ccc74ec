"""replaying: plans that are found again by the code of a function, and that say nothing."""

import gc
import pickle
import random
import sys
import threading
import weakref
from configparser import ConfigParser
from functools import partial
from types import MethodType, ModuleType

import numpy as np
import pytest

from autodiff import Tensor, eager, forget_plans, grad, hessian, jacobian, replaying
from autodiff.compiled import _replaying

ENOUGH = _replaying.PLANNING + 5  # calls, after which small arrays have their plan
FACTOR = 1.0


@pytest.fixture(autouse=True)
def _cold():
    forget_plans()
    yield
    forget_plans()


def runs(f):
    """Return how often each plan of a function was replayed."""
    return [plan.runs for plan in f.plans]


def test_a_function_made_anew_finds_its_plan():
    rng = np.random.default_rng(0)

    def mean_square(data):
        return grad(lambda p: np.sum((p[0] * np.exp(-p[1]) - data) ** 2))

    for _ in range(ENOUGH + 5):
        data, p = rng.normal(size=20), rng.normal(size=2)
        fast = replaying(mean_square(data))
        expected = [
            2 * np.exp(-p[1]) * np.sum(p[0] * np.exp(-p[1]) - data),
            -2 * p[0] * np.exp(-p[1]) * np.sum(p[0] * np.exp(-p[1]) - data),
        ]
        np.testing.assert_allclose(fast(p), expected, rtol=1e-12)
    assert len(fast.plans) == 1
    assert runs(fast)[0] > 5


def test_what_is_made_of_captured_arrays_follows_them():
    def scaled(a):
        return lambda x: x * (2 * a) + float(a.max()) + np.where(a > 0, a, -a).sum()

    for n in range(ENOUGH + 40):
        a = np.array([1.0, -2.0 - n % 3, 0.5])
        value = replaying(scaled(a))(np.ones(3))
        np.testing.assert_allclose(value, 2 * a + 1.0 + np.abs(a).sum())


def test_captured_numbers_are_what_they_are():
    def scaled(c, x):
        return lambda p: c * p + x

    x = np.ones(2)
    for c in (1, 1.0, True, 0.0, -0.0, 2.5, np.float32(3)):
        for _ in range(ENOUGH):
            value = replaying(scaled(c, x))(x)
        np.testing.assert_array_equal(value, c * x + x)
        assert np.signbit(replaying(scaled(c, -0.0 * x))(0 * x)[0]) == np.signbit(c * 0.0)


def test_captured_floats_are_arguments():
    def arrhenius(temperature, x):
        return grad(lambda p: np.sum(p[0] * np.exp(-p[1] / temperature * x)))

    rng = np.random.default_rng(2)
    for _ in range(ENOUGH + 5):
        t, x, p = rng.uniform(1, 2), rng.normal(size=5), rng.normal(size=2)
        fast = replaying(arrhenius(t, x))
        e = np.exp(-p[1] / t * x)
        np.testing.assert_allclose(fast(p), [np.sum(e), -p[0] / t * np.sum(x * e)], rtol=1e-12)
    assert len(fast.plans) == 1
    assert runs(fast)[0] > 5


def test_a_captured_float_that_python_reads():
    import math

    def scaled(c):
        return lambda x: x * math.exp(c) if c > 0.5 else x - c

    for n in range(3 * ENOUGH):
        c = (n % 4) / 4
        value = replaying(scaled(c))(np.ones(2))
        np.testing.assert_allclose(value, [math.exp(c) if c > 0.5 else 1 - c] * 2, rtol=1e-14)


@pytest.mark.parametrize(
    "make",
    [
        lambda a: lambda x: x * a,
        lambda a: lambda x, a=a: x * a,
        lambda a: lambda x, *, a=a: x * a,
        lambda a: partial(np.multiply, a),
        lambda a: partial(lambda x, a: x * a, a=a),
        lambda a: (lambda f: lambda x: f(x))(lambda x: x * a),
        lambda a: (lambda t: lambda x: x * t[0][1])(((1, a), "b")),
        lambda a: jacobian(lambda x: np.sum(x * a)),
        lambda a: lambda x: hessian(lambda x: np.sum(x * x * a) / 2)(x).sum(axis=0),
    ],
)
def test_arrays_are_found_wherever_they_are_captured(make):
    for n in range(ENOUGH + 5):
        fast = replaying(make(np.array([1.0, n])))
        x = np.ones(2)
        np.testing.assert_allclose(fast(x), [1.0, n])
    assert len(fast.plans) == 1
    assert runs(fast)[0] > 4


def test_a_function_that_calls_itself():
    def power_of(a):
        def power(x, n=3):
            return x * a if n == 0 else x * power(x, n - 1)

        return power

    for n in range(ENOUGH + 5):
        value = replaying(power_of(np.array([float(n)])))(np.array([2.0]))
        assert value == 16 * n
    gc.collect()


def test_shapes_types_and_layouts_have_plans_of_their_own():
    def scaled(a):
        return lambda x: (x * a).sum(axis=0)

    rng = np.random.default_rng(1)
    for _ in range(2):
        for a in (
            rng.normal(size=(3, 4)),
            rng.normal(size=(4, 3)).T,
            rng.normal(size=(1, 4)),
            rng.normal(size=(3, 4)).astype(np.float32),
            rng.integers(0, 9, (3, 4)),
            np.float64(3.0) * np.ones(()),
        ):
            for _ in range(ENOUGH):
                fast = replaying(scaled(a))
                value = fast(np.ones((3, 4), np.float32))
            expected = (np.ones((3, 4), np.float32) * a).sum(axis=0)
            np.testing.assert_allclose(value, expected, rtol=1e-6)
            assert value.dtype == expected.dtype


def test_a_variable_that_is_bound_anew():
    a = np.ones(2)
    fast = replaying(lambda x: x * a)
    for _ in range(ENOUGH):
        fast(np.ones(2))
    a = np.array([2.0, 3.0])
    np.testing.assert_array_equal(fast(np.ones(2)), a)
    a = np.array([2.0, 3.0, 4.0])
    np.testing.assert_array_equal(fast(np.ones(3)), a)
    a = 7
    np.testing.assert_array_equal(fast(np.ones(3)), [7, 7, 7])


def test_an_array_that_is_changed_in_place():
    a = np.ones(2)
    fast = replaying(lambda x: x * (a + 1))
    for n in range(ENOUGH):
        a[0] = n
        np.testing.assert_array_equal(fast(np.ones(2)), a + 1)


def test_lists_globals_and_objects_are_looked_at(monkeypatch):
    class Thing:
        scale = 2.0

        def times(self, x):
            return x * self.scale

    thing, factors = Thing(), [1.0, 2.0]
    by_method, by_list = replaying(thing.times), replaying(lambda x: x * factors[1])
    by_global = replaying(lambda x: x * FACTOR)
    x = np.ones(2)
    for _ in range(ENOUGH):
        by_method(x), by_list(x), by_global(x)
    assert all(fast.plans for fast in (by_method, by_list, by_global))
    assert replaying(thing.times).plans
    thing.scale, factors[1] = 5.0, 6.0
    monkeypatch.setitem(globals(), "FACTOR", 7.0)
    np.testing.assert_array_equal(by_method(x), [5, 5])
    np.testing.assert_array_equal(by_list(x), [6, 6])
    np.testing.assert_array_equal(by_global(x), [7, 7])


def test_functions_of_one_code_in_two_places():
    namespaces = [{"np": np, "c": 1.0}, {"np": np, "c": 2.0}]
    code = compile("f = lambda x: x * c", "<test>", "exec")
    for namespace in namespaces:
        exec(code, namespace)
    for _ in range(ENOUGH):
        values = [replaying(namespace["f"])(np.ones(1))[0] for namespace in namespaces]
    assert values == [1.0, 2.0]


def test_one_array_as_what_is_captured_and_as_argument():
    a = np.arange(3.0)
    fast = replaying(lambda x: x * a)
    for _ in range(ENOUGH):
        fast(a)
    np.testing.assert_array_equal(fast(a), a * a)
    np.testing.assert_array_equal(fast(np.ones(3)), a)
    np.testing.assert_array_equal(fast(a), a * a)


# -- functions that do more than compute -----------------------------------------------------


def test_a_counter_counts_each_call():
    calls, count, total = [], np.zeros(1), 0

    def by_list(x):
        calls.append(1)
        return x * x

    def by_array(x):
        count[0] += 1
        return x * x

    def by_variable(x):
        nonlocal total
        total += 1
        return x * x

    for f in (by_list, by_array, by_variable):
        fast = replaying(f)
        for _ in range(2 * ENOUGH):
            fast(np.ones(2))
    first = len(calls), count[0], total
    for f in (by_list, by_array, by_variable):
        replaying(f)(np.ones(2))
    assert (len(calls), count[0], total) == tuple(n + 1 for n in first)
    assert total == 2 * ENOUGH + 1


def test_what_prints_is_never_replayed(capsys):
    def f(x):
        print("called")
        return x * x

    for _ in range(2 * ENOUGH):
        replaying(f)(np.ones(2))
    assert capsys.readouterr().out.count("called") == 2 * ENOUGH


def test_what_reads_files_is_never_replayed(tmp_path):
    path = tmp_path / "gain.txt"
    path.write_text("2.0")
    for gain in (2.0, 3.0):
        path.write_text(str(gain))
        for _ in range(ENOUGH):
            value = replaying(lambda x: x * np.loadtxt(path))(np.ones(2))
        np.testing.assert_array_equal(value, [gain, gain])


def test_why_there_is_no_plan_is_told():
    def f(x):
        with open(__file__) as file:
            return x * len(file.read(1))

    fast = replaying(f)
    for _ in range(ENOUGH):
        fast(np.ones(2))
    assert "its code mentions open" in repr(fast.plans)
    assert repr(fast).startswith("<replaying test_why_there_is_no_plan_is_told")


def test_what_takes_too_much_memory_is_not_planned(monkeypatch):
    monkeypatch.setattr(_replaying, "MOST_RECORDED", 1500)
    fast = replaying(lambda x: np.exp(x) * x)
    for _ in range(ENOUGH):
        np.testing.assert_allclose(fast(np.ones(100)), np.full(100, np.e))
        fast(np.ones(90))
    assert runs(fast)[0] > 0
    assert "too much memory" in repr(fast.plans)


def test_random_numbers_are_drawn_each_time():
    rng = np.random.default_rng(0)
    fast = replaying(lambda x: x + rng.normal())
    assert len({float(fast(1.0)) for _ in range(2 * ENOUGH)}) == 2 * ENOUGH


def test_a_clock_that_differs_is_no_error():
    numbers = iter(range(10**6))
    fast = replaying(lambda x: x * next(numbers))
    values = [float(fast(1.0)) for _ in range(3 * ENOUGH)]
    assert values[:5] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert np.all(np.diff(values) >= 1)


def test_errors_are_those_of_the_function():
    def f(x):
        if x[0] < 0:
            raise ValueError("too small")
        return x * x

    fast = replaying(f)
    for _ in range(ENOUGH):
        fast(np.ones(2))
    with pytest.raises(ValueError, match="too small"):
        fast(-np.ones(2))
    np.testing.assert_array_equal(fast(2 * np.ones(2)), [4, 4])


def test_what_cannot_be_recorded_stays_as_it_is():
    fast = replaying(lambda x: np.array([float(v) ** 2 for v in x]))
    for n in range(2 * ENOUGH):
        np.testing.assert_array_equal(fast(np.array([1.0, n])), [1.0, n * n])


# -- where it is the function itself ---------------------------------------------------------


def test_tensors_go_through():
    fast = replaying(lambda x: np.sum(x * x))
    for _ in range(ENOUGH):
        fast(np.ones(2))
    np.testing.assert_array_equal(grad(fast)(np.ones(2)), [2, 2])
    slope = Tensor(3.0)
    outer = replaying(lambda x: x * slope)
    for _ in range(ENOUGH):
        assert type(outer(2.0)) is Tensor


def test_eager_calls_what_is_written():
    calls = []
    fast = replaying(lambda x: calls.append(1) or x)
    with eager():
        for _ in range(2 * ENOUGH):
            fast(np.ones(1))
    assert len(calls) == 2 * ENOUGH
    assert not fast.plans


def test_results_belong_to_the_caller():
    data = np.ones(3)
    fast = replaying(lambda x: (data, x * x))
    for _ in range(ENOUGH):
        kept, square = fast(np.ones(3))
        kept[:] = square[:] = 5.0
    np.testing.assert_array_equal(data, np.ones(3))


# -- when planning starts, and how much is kept ----------------------------------------------


def test_large_arrays_are_planned_early_and_small_ones_late():
    fast = replaying(lambda x: np.exp(x) * x)
    for _ in range(3):
        fast(np.ones(100_000))
    assert not fast.plans
    for _ in range(3):
        fast(np.ones(100_000))
    assert runs(fast) == [2]
    forget_plans()
    fast = replaying(lambda x: np.exp(x) * x)
    for _ in range(10):
        fast(np.ones(10))
    assert not fast.plans


def test_the_least_recent_functions_are_forgotten(monkeypatch):
    monkeypatch.setattr(_replaying, "MOST_FAMILIES", 3)
    for c in range(10):
        exec("f = lambda x: x", namespace := {})
        replaying(namespace["f"])(float(c))
    assert len(_replaying._families) <= 3
    monkeypatch.setattr(_replaying, "MOST_BYTES", 0)
    for f in (lambda x: np.exp(x) + np.sin(x) * np.exp(-x), lambda x: np.cos(x) * x + np.sin(x)):
        for _ in range(ENOUGH):
            replaying(f)(np.ones(100))
        assert len(_replaying._families) == 1
        assert replaying(f).plans


def test_few_objects_are_kept_alive():
    class Measurement:
        def times(self, x):
            return x * 2.0

    kept = []
    for _ in range(50):
        measurement = Measurement()
        kept.append(weakref.ref(measurement))
        replaying(measurement.times)(np.ones(2))
    del measurement
    gc.collect()
    assert sum(x() is not None for x in kept) <= _replaying.MOST_OF_OBJECTS


def test_two_threads_share_plans():
    def scaled(a):
        return lambda x: np.sum(np.exp(x * a))

    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(3 * ENOUGH):
            a, x = rng.normal(size=4 + seed % 2), rng.normal(size=4 + seed % 2)
            value = replaying(scaled(a))(x)
            if not np.isclose(value, np.exp(x * a).sum(), rtol=1e-12):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# -- functions that are unusual ----------------------------------------------------------------


def test_a_variable_without_a_value():
    def make(background):
        if background:
            b = 0.5
        return lambda x: x + (b if background else 0)

    for _ in range(ENOUGH):
        np.testing.assert_array_equal(replaying(make(False))(np.ones(2)), [1, 1])
        np.testing.assert_array_equal(replaying(make(True))(np.ones(2)), [1.5, 1.5])


def test_a_method_of_an_array():
    def difference(data, p):
        return p - data

    for n in range(ENOUGH):
        method = MethodType(difference, np.full(2, float(n)))
        np.testing.assert_array_equal(replaying(method)(np.zeros(2)), [-n, -n])


def test_functions_one_in_another_hundreds_of_times():
    f = np.exp
    for _ in range(600):
        f = (lambda g: lambda x: g(x))(f)
    fast = replaying(f)
    for _ in range(ENOUGH):
        np.testing.assert_array_equal(fast(np.zeros(2)), [1, 1])


def test_whole_numbers_in_arrays_repeat_lists():
    for n in (3, 2, 4):
        w = np.array([n])
        for _ in range(ENOUGH):
            value = replaying(lambda x, w=w: x * len([0] * w[0]))(np.ones(2))
        np.testing.assert_array_equal(value, [n, n])


def test_attributes_of_functions():
    def scaled(x):
        return x * scaled.scale

    def counted(x):
        counted.calls += 1
        return x * x

    scaled.scale, counted.calls = 2.0, 0
    for _ in range(ENOUGH):
        value = replaying(scaled)(np.ones(1))
        replaying(counted)(np.ones(1))
    assert value == 2.0
    scaled.scale = 3.0
    assert replaying(scaled)(np.ones(1)) == 3.0
    assert counted.calls == ENOUGH


def test_code_that_is_replaced_in_place():
    def inner(x):
        return x * 2

    def other(x):
        return x * 3

    namespace = {"inner": inner}
    exec("def f(x): return inner(x)", namespace)
    for _ in range(ENOUGH):
        replaying(namespace["f"])(np.ones(1))
    inner.__code__ = other.__code__
    assert replaying(namespace["f"])(np.ones(1)) == 3.0


def test_modules_that_are_imported_inside(monkeypatch):
    module = ModuleType("settings_of_test")
    module.gain = 1.0
    monkeypatch.setitem(sys.modules, "settings_of_test", module)

    def f(x):
        from settings_of_test import gain

        return x * gain

    for _ in range(ENOUGH):
        replaying(f)(np.ones(1))
    module.gain = 2.0
    assert replaying(f)(np.ones(1)) == 2.0


def test_globals_many_functions_away():
    namespace = {"K": 1.0}
    exec("def f0(x): return x * K", namespace)
    for n in range(1, 12):
        exec(f"def f{n}(x): return f{n - 1}(x)", namespace)
    for _ in range(ENOUGH):
        replaying(namespace["f11"])(np.ones(1))
    namespace["K"] = 2.0
    assert replaying(namespace["f11"])(np.ones(1)) == 2.0


class Unusual(dict):
    def get(self, key):
        raise AttributeError(key)


@pytest.mark.parametrize(
    ("holder", "read"),
    [
        (Unusual(w=2.0), lambda x, h: x * h["w"]),
        (random.SystemRandom(), lambda x, h: x * (2 + 0 * h.random())),
        (ConfigParser(), lambda x, h: x * float(h["d"]["w"])),
        ({"w": 2.0}.values(), lambda x, h: x * next(iter(h))),
    ],
)
def test_holders_that_cannot_be_looked_at(holder, read):
    if isinstance(holder, ConfigParser):
        holder.read_string("[d]\nw=2.0")
    fast = replaying(lambda x: read(x, holder))
    for _ in range(2 * ENOUGH):
        assert fast(np.ones(1)) == 2.0


def test_results_of_lists_are_those_of_the_function():
    fast = replaying(grad(lambda b: b[0] * b[1]))
    assert {type(fast([2.0, 3.0])) for _ in range(2 * ENOUGH)} == {np.ndarray}


def test_what_is_set_for_good_is_set_each_time():
    namespace = {}
    exec("def f(x):\n    global seen\n    seen = True\n    return x * x", namespace)
    fast = replaying(namespace["f"])
    for _ in range(2 * ENOUGH):
        namespace["seen"] = False
        fast(np.ones(1))
        assert namespace["seen"]


def test_what_a_function_keeps_can_be_pickled():
    trace = []

    def f(x):
        trace.append((x[0], x.sum()))
        return x * x

    fast = replaying(f)
    for _ in range(2 * ENOUGH):
        fast(np.ones(2))
    assert len(trace) == 2 * ENOUGH
    assert pickle.loads(pickle.dumps(trace)) == [(1.0, 2.0)] * len(trace)


def test_a_hundred_defaults():
    names = [f"a{i}" for i in range(100)]
    for kind in ("", "*, "):
        namespace = {}
        exec(f"def f(x, {kind}{', '.join(f'{n}=None' for n in names)}): return x * a99", namespace)
        f = namespace["f"]
        for n in range(ENOUGH):
            values = [None] * 99 + [np.array([1.0, n])]
            if kind:
                f.__kwdefaults__ = dict(zip(names, values, strict=True))
            else:
                f.__defaults__ = tuple(values)
            np.testing.assert_array_equal(replaying(f)(np.ones(2)), [1, n])
        assert replaying(f).plans


def test_what_can_be_looked_at_no_longer_is_not_replayed():
    class Moody(list):
        is_open = True

        def __iter__(self):
            if not Moody.is_open:
                raise RuntimeError("closed")
            return super().__iter__()

    factors = Moody([2.0])
    fast = replaying(lambda x: x * factors[0])
    for _ in range(ENOUGH):
        fast(np.ones(1))
    assert fast.plans
    Moody.is_open, factors[0] = False, 3.0
    for _ in range(3):
        assert fast(np.ones(1)) == 3.0
    assert not fast.plans
