"""Versions: a worker does not compute with other code than the program that gives it work."""

from __future__ import annotations

import importlib
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from kinds_of_executors import processes

from optim import parallel_map
from optim.chunks._kept import Kept
from optim.work._pickles import dumps, loads
from optim.work._versions import BEGUN


@pytest.fixture(params=[False, True], ids=["pickle", "cloudpickle"])
def by_value(request: pytest.FixtureRequest) -> bool:
    """Whether functions of no module travel, too."""
    if request.param:
        pytest.importorskip("cloudpickle", reason="neither Dask nor loky is installed")
    return bool(request.param)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Write modules, and import them as a program does that begins."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # which looks at whole seconds only
    written = set()

    def write(source: str, name: str = "users") -> ModuleType:
        (tmp_path / f"{name}.py").write_text(source)
        written.add(name)
        importlib.invalidate_caches()
        for one in written:
            sys.modules.pop(one, None)
        return importlib.import_module(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


MODEL = """
import math
import numpy as np
from functools import cached_property, lru_cache, wraps

SCALE, NAMES, PATH, EXPONENTS, calls = 2.0, "ab", __file__, (1, 2), 0

def logged(f):
    @wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper

def shape(t, rate):
    return np.exp(-rate * t)

class Model:
    exponent = 2

    def __call__(self, t, rate):
        return self.shape(t, rate)

    @staticmethod
    def shape(t, rate):
        return np.exp(-rate * t)

    @property
    def width(self):
        return 1.0

    @cached_property
    def height(self):
        return 4.0

class Narrow(Model):
    pass

@logged
def logarithm(t, rate):
    return np.log(rate * t)

def decay(t, rate=1.5):
    \"""A model.\"""
    global calls
    calls += 1
    terms = [SCALE * shape(t, rate) for _ in EXPONENTS]
    return sum(terms) if rate in {"a", "b", 3.0} else terms[0] / t.size

@lru_cache
def cached(t):
    return t + 2

def by(factor):
    return lambda f: lambda t, *rates: factor * f(t, *rates)

def unscaled(t, *rates):
    return t

scaled = by(6.0)(unscaled)
scaled.__qualname__ = "scaled"

model = Model()

def curve(t):
    return model(t, 1.0)

def unrelated(t):
    return t + 1
"""


class Holder:
    def __init__(self, f: Any) -> None:
        self.f = f


def changed(old: str, new: str) -> str:
    """Return the module with a change."""
    assert MODEL.count(old) == 1
    return MODEL.replace(old, new)


STALE = {
    "code": ("decay", "terms[0] / t.size", "terms[0] * t.size", "decay"),
    "constant": ("decay", '"b", 3.0', '"b", 4.0', "decay"),
    "default": ("decay", "rate=1.5", "rate=2.5", "decay"),
    "arguments": ("decay", "decay(t, rate=1.5)", "decay(rate, t=1.5)", "decay"),
    "names": ("shape", "def shape(t, rate):\n    return np.exp(-rate * t)",
              "def shape(rate, t):\n    return np.exp(-t * rate)", "shape"),
    "called": ("decay", "def shape(t, rate):\n    return np", "def shape(t, rate):\n    return -np",
               "shape"),
    "decorated": ("logarithm", "np.log(rate", "np.log1p(rate", "logarithm"),
    "decorator": ("logarithm", "return f(*args)", "return -f(*args)", "logarithm"),
    "method": ("Model", "self.shape(t, rate)", "2 * self.shape(t, rate)", "Model"),
    "static method": ("Model", "def shape(t, rate):\n        return np",
                      "def shape(t, rate):\n        return -np", "Model"),
    "property": ("Model", "return 1.0", "return 2.0", "Model"),
    "cached": ("cached", "t + 2", "t + 3", "cached"),
    "cached property": ("Model", "return 4.0", "return 5.0", "Model"),
    "class's number": ("Model", "exponent = 2", "exponent = 3", "Model"),
    "closed over": ("scaled", "by(6.0)", "by(7.0)", "scaled"),
    "more arguments": ("scaled", "unscaled(t, *rates)", "unscaled(t, **rates)", "scaled"),
    "object": ("curve", "self.shape(t, rate)", "2 * self.shape(t, rate)", "Model"),
    "base": ("Narrow", "self.shape(t, rate)", "2 * self.shape(t, rate)", "Model"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "told"), STALE.values(), ids=STALE)
def test_another_version_is_refused(
    name: str, old: str, new: str, told: str, by_value: bool, write: Any
) -> None:
    sent = dumps(getattr(write(changed(old, new)), name), by_value)
    loads(sent)
    write(MODEL)
    with pytest.raises(RuntimeError) as caught:
        loads(sent)
    assert str(caught.value) == (
        f"a worker's users.{told} is another version than this program's: make a new pool, or "
        "restart the workers (those of Dask by client.upload_file, then client.restart())"
    )


@pytest.mark.parametrize(("old", "new"), [("= 2.0, ", "= 3.0, "), ("rate=1.5", "rate=2.5")])
def test_numbers_may_differ_where_the_file_does_not(
    old: str, new: str, by_value: bool, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = dumps(write(changed(old, new)).decay, by_value)
    module = write(MODEL)
    with pytest.raises(RuntimeError, match=r"another version than this program's"):
        loads(sent)
    monkeypatch.setitem(BEGUN, os.getpid(), Path(str(module.__file__)).stat().st_mtime)
    assert loads(sent) is module.decay


NUMBERS = """
import os, time, counts
START, PROCESS, RATE, CALLS = time.time(), os.getpid(), 0.0, 0

def set_rate(rate):
    global RATE
    RATE = rate

def lasted(start=time.time()):
    return time.time() - start

def f(t):
    global CALLS
    CALLS += 1
    counts.calls += 1
    return t * RATE + 0 * (START + PROCESS + lasted())
"""


def test_a_worker_may_have_numbers_of_its_own(write: Any) -> None:
    write("calls = 0", "counts")
    module = write(NUMBERS)
    with processes(initializer=module.set_rate, initargs=(2.0,)) as executor:
        for _ in range(2):
            assert parallel_map(module.f, [3.0] * 4, executor=executor).values == [6.0] * 4


ODD = """
class Odd:
    def __getattr__(self, name): raise ZeroDivisionError(name)

class Proxy:
    @property
    def __class__(self): raise ZeroDivisionError

class Unit(float):
    def __repr__(self): return object.__repr__(self)

class Holder:
    odd, proxy = Odd(), Proxy()

proxy, unit, nan, many = Proxy(), Unit(1.0), float("nan"), 10**5000

def f(t): return proxy, unit, nan, many, Holder, 0x1"""
ODD += "0" * 5000


def test_what_cannot_be_told_from_others_is_passed_over(by_value: bool, write: Any) -> None:
    sent = dumps(write(ODD).f, by_value)
    f = write(ODD).f
    assert loads(sent) is f


@pytest.mark.parametrize("within", [lambda f: [f], lambda f: {"f": (f, 3)}, Holder])
def test_what_holds_a_function_holds_its_version(within: Any, by_value: bool, write: Any) -> None:
    sent = dumps(within(write(MODEL).decay), by_value)
    write(changed("terms[0] / t.size", "terms[0]"))
    with pytest.raises(RuntimeError, match=r"users.decay is another version"):
        loads(sent)


@pytest.mark.parametrize(
    "source",
    [
        "import shapes\ndef f(t): return shapes.shape(t)",
        "from shapes import shape\ndef f(t): return shape(t)",
        "import shapes as s\ndef f(t): return [s.shape(x) for x in t]",
    ],
)
def test_other_modules_are_looked_at_as_far_as_they_are_called(
    source: str, by_value: bool, write: Any
) -> None:
    shapes = "def shape(t): return {}*t\ndef other(t): return {}*t"
    write(shapes.format(1, 1), "shapes")
    sent = dumps(write(source).f, by_value)
    write(shapes.format(1, 2), "shapes")
    loads(sent)
    write(shapes.format(2, 1), "shapes")
    write(source)
    with pytest.raises(RuntimeError, match=r"\.shape is another version"):
        loads(sent)


def test_a_function_of_a_session_is_as_new_as_the_modules_that_it_calls(write: Any) -> None:
    pytest.importorskip("cloudpickle", reason="neither Dask nor loky is installed")
    names = {"__name__": "__main__", "users": write(MODEL)}
    exec("rate = 2.0\ndef f(t): return users.shape(t, rate)", names)
    sent = dumps(names["f"], by_value=True)
    write(changed("terms[0] / t.size", "terms[0]"))
    assert loads(sent)(0.0) == 1.0
    write(changed("shape(t, rate):\n    return np", "shape(t, rate):\n    return -np"))
    with pytest.raises(RuntimeError, match=r"users.shape is another version"):
        loads(sent)


def test_what_travels_by_value_is_never_stale(write: Any) -> None:
    cloudpickle = pytest.importorskip("cloudpickle", reason="neither Dask nor loky is installed")
    source = "a = 1.0\ndef f(t): return a * t\ng = lambda t: a * t"
    module = write(source)
    cloudpickle.register_pickle_by_value(module)
    try:
        sent = [dumps(module.f, by_value=True)]
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    sent.append(dumps(module.g, by_value=True))
    write(source.replace("1.0", "2.0").replace("* t", "+ t"))
    assert [loads(one)(3.0) for one in sent] == [3.0, 3.0]


SAME = {
    "unrelated": ("return t + 1", "return t + 2"),
    "comment": ("    terms = ", "    # as in the paper\n\n    terms = "),
    "text": ('"ab"', '"cd"'),
    "order": ('{"a", "b", 3.0}', '{3.0, "b", "a"}'),
    "where": ("PATH, EXPONENTS, calls = 2.0, ", "HERE, EXPONENTS, calls = 2.0, "),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_what_changes_no_result_is_no_other_version(
    old: str, new: str, by_value: bool, write: Any
) -> None:
    sent = [dumps(getattr(write(MODEL), name), by_value) for name in ("decay", "Narrow")]
    write(changed(old, new))
    for one in sent:
        loads(one)


def test_installed_functions_are_not_looked_into(by_value: bool, write: Any) -> None:
    """For numbers of libraries may be counters, or settings."""
    import scipy.optimize

    source = "from scipy.optimize import brentq, rosen\ndef f(t): return brentq(rosen, 0, t)"
    sent = dumps([write(source).f, scipy.optimize.rosen, np.linalg.norm, parallel_map], by_value)
    assert sent.count(b"scipy.optimize") == 1  # in rosen's own name
    assert b"brentq" not in sent


def test_assertions_that_pytest_has_rewritten_are_no_other_version(write: Any) -> None:
    module = write("import pytest as rewritten\ndef f(t):\n    assert t\n    return t")
    plain = module.f.__code__
    names = (*plain.co_names, "@pytest_ar")
    module.f.__code__ = plain.replace(co_names=names, co_code=plain.co_code)
    sent = dumps(module.f, by_value=False)
    module.f.__code__ = plain
    assert loads(sent) is module.f


# -- workers ---------------------------------------------------------------------------------


def test_a_pool_that_knows_the_old_file_is_not_asked_for_numbers(write: Any) -> None:
    module = write(MODEL)
    with processes() as executor:
        t = np.ones(2)
        assert parallel_map(module.decay, [t], executor=executor).failures == {}
        module = write(changed("terms[0] / t.size", "terms[0]"))
        for f, items in ((module.decay, [t, t]), (callable, [module.decay])):
            values, failures = parallel_map(f, items, executor=executor)
            assert values == [None] * len(items)
            assert {str(error).partition(":")[0] for error in failures.values()} == {
                "a worker's users.decay is another version than this program's"
            }


def test_tasks_of_chunks_are_not_either(write: Any) -> None:
    pytest.importorskip("cloudpickle", reason="Dask is not installed")
    sent = pickle.dumps(Kept(write(changed("return t + 1", "return t + 2")).unrelated))
    write(MODEL)
    with pytest.raises(RuntimeError, match=r"users.unrelated is another version"):
        _ = pickle.loads(sent).value
