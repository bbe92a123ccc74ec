"""Blocks are shared out among threads: what they raise, where they run, what they leave."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import numpy as np
import pytest
from agreement import assert_same

from autodiff import compile, value_and_grad
from autodiff._core import machine
from autodiff.compiled._threads import compute_blocks

X = np.linspace(-3, 3, 1000)


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    monkeypatch.setattr(machine, "BLOCK", 64)
    monkeypatch.setattr(machine, "cache_bytes", lambda: 0)


def damped(x):
    return np.sum(np.exp(-(x**2)) * np.sin(3 * x))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10])
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_each_block_is_computed_once_with_its_threads_own_buffers(count, threads):
    buffers = [object() for _ in range(threads)]
    seen, users = [], {}

    def compute(number, own):
        seen.append(number)
        users.setdefault(id(own), set()).add(threading.get_ident())

    compute_blocks(compute, count, buffers)
    assert sorted(seen) == list(range(count))
    assert all(len(users_of_one) == 1 for users_of_one in users.values())


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", [0, 3, 5, 9])
def test_what_a_thread_raises_reaches_the_caller_and_ends_the_others(error, where):
    threads = threading.active_count()

    def compute(number, own):
        if number == where:
            raise error("here")

    with pytest.raises(error, match="here"):
        compute_blocks(compute, 10, [1, 2])
    assert threading.active_count() == threads
    seen = []
    compute_blocks(lambda number, own: seen.append(own), 10, [1, 2])
    assert set(seen) == {1, 2}


def interrupted_once(plan, error):
    """Let a plan's next exp raise."""
    names = plan._replay.__globals__
    real = names["exp"]

    def exp(*args):
        names["exp"] = real
        raise error

    names["exp"] = exp


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_leaves_the_plan_usable(threads):
    f = value_and_grad(damped)
    compiled = compile(f, eager_calls=0, threads=threads)
    compiled(X)
    (plan,) = compiled.plans
    interrupted_once(plan, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        compiled(X)
    for factor in (2, 3):
        assert_same(compiled(factor * X), f(factor * X))
    assert plan.runs == 2


def test_after_another_error_the_call_is_eager():
    f = value_and_grad(damped)
    compiled = compile(f, eager_calls=0, threads=2)
    compiled(X)
    interrupted_once(compiled.plans[0], MemoryError())
    assert_same(compiled(X), f(X))
    assert_same(compiled(X), f(X))


def test_threads_warn_of_nothing_as_the_plan_does():
    def f(x):
        return np.exp(-np.exp(300 * x)) + 1 / (1 + np.exp(-300 * x))

    compiled = compile(f, eager_calls=0, threads=2)
    with np.errstate(all="ignore"):
        expected = f(X)
        compiled(X)
    with np.errstate(all="raise"):
        assert_same(compiled(X), expected)
    assert compiled.plans[0].runs == 1


def test_calls_at_the_same_time():
    f = value_and_grad(damped)
    compiled = compile(f, eager_calls=0, threads=2)
    compiled(X)
    start = threading.Barrier(4)

    def work(seed):
        x = np.random.default_rng(seed).normal(size=X.size)
        expected = f(x)
        start.wait()
        for _ in range(30):
            assert_same(compiled(x), expected)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert compiled.plans[0].runs == 120


def test_no_thread_to_be_had(monkeypatch):
    f = value_and_grad(damped)
    compiled = compile(f, eager_calls=0, threads=3)
    compiled(X)

    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert_same(compiled(X), f(X))
    assert compiled.plans[0].runs == 1


def run_alone(text):
    """Return what a script prints that has a plan in blocks, in a process of its own."""
    script = """
        import numpy as np, os, threading, warnings
        from autodiff import compile
        from autodiff._core import machine
        machine.BLOCK, machine.cache_bytes = 64, lambda: 0
        warnings.simplefilter("error")
        f = lambda x: np.sum(np.exp(-x * x) * np.sin(x))
        compiled = compile(f, eager_calls=0, threads=2)
        x = np.linspace(0, 1, 1000)
        compiled(x)
        def check():
            np.testing.assert_allclose(compiled(x), f(x))
        check()
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(script) + dedent(text)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=os.getcwd(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_forked_processes():
    printed = run_alone("""
        from autodiff.compiled import _threads
        _threads._helping.acquire()  # as by another thread's call
        child = os.fork()
        if not child:
            check()
            free = not _threads._helping.locked()
            os._exit(0 if compiled.plans[0].runs == 2 and free else 1)
        print(os.waitpid(child, 0)[1])
        check()
        print(compiled.plans[0].runs, threading.active_count())
    """)
    assert printed.split() == ["0", "2", "1"]


def test_calls_while_the_interpreter_ends():
    printed = run_alone("""
        import atexit
        atexit.register(lambda: print(compiled.plans[0].runs))
        atexit.register(check)
    """)
    assert printed.split() == ["2"]


class TestHowMany:
    def test_as_many_as_the_caller_says(self):
        for threads in (1, 3):
            compiled = compile(damped, eager_calls=0, threads=threads)
            compiled(X)
            assert f"for _ in range({threads})" in compiled.plans[0].source

    @pytest.mark.parametrize(
        ("said", "expected"),
        [("1", 1), ("3", 3), ("2,4", 2), ("99", 4), ("", 4), ("many", 4), ("0", 4)],
    )
    def test_by_default_as_many_as_the_process_may_use(self, monkeypatch, said, expected):
        monkeypatch.setenv("OMP_NUM_THREADS", said)
        monkeypatch.setattr(machine.os, "cpu_count", lambda: 16)
        monkeypatch.setattr(machine.os, "process_cpu_count", lambda: 16, raising=False)
        monkeypatch.setattr(machine.os, "sched_getaffinity", lambda pid: range(16), raising=False)
        assert machine.usable_threads() == expected
        monkeypatch.setattr(machine.os, "sched_getaffinity", lambda pid: {3}, raising=False)
        assert machine.usable_threads() == 1

    def test_no_fewer_than_one(self):
        with pytest.raises(ValueError, match="threads to be a whole number of 1 or more, got 0"):
            compile(damped, threads=0)
        with pytest.raises(TypeError):
            compile(damped, threads=1.5)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_signals_handler_raises_reaches_the_caller(threads):
    f = value_and_grad(damped)
    compiled = compile(f, eager_calls=0, threads=threads)
    compiled(X)
    interrupted_once(compiled.plans[0], TimeoutError("too long"))
    with pytest.raises(TimeoutError, match="too long"):
        compiled(X)
    assert_same(compiled(X), f(X))


def test_a_thread_that_began_before_it_was_known_does_nothing_later(monkeypatch):
    class Late(threading.Thread):
        starts = 0

        def start(self):
            super().start()
            Late.starts += 1
            if Late.starts % 3 == 0:
                raise TimeoutError

    monkeypatch.setattr("autodiff.compiled._threads.Thread", Late)
    compiled = compile(lambda x, y: np.sum(np.tanh(x) * y), eager_calls=0, threads=3)
    rng = np.random.default_rng(0)
    raised = 0
    for _ in range(60):
        x, y = rng.normal(size=(2, 20_000))
        try:
            value = compiled(x, y)
        except TimeoutError:
            raised += 1
            continue
        np.testing.assert_allclose(value, np.sum(np.tanh(x) * y), rtol=1e-9, atol=1e-9)
    assert raised > 5
