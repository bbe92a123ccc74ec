"""How calls are watched to be drawn: in which threads, and what else may watch the program."""

from __future__ import annotations

import asyncio
import cProfile
import gc
import profile
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from threading import Barrier, Event
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, debug, scope, text
from autodiff.drawing._graph import read_view
from autodiff.drawing._view import View

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
V = np.array([1.0, 2.0, 4.0, 3.0])
S = np.array([[2.0, 1.0], [1.0, 3.0]])


def view_of(*subject: Any) -> View:
    return read_view(*subject)[0]


def formulas(*subject: Any) -> list[str]:
    """Return the formulas of the ops."""
    nodes = view_of(*subject).nodes
    assert [n.note for n in nodes if n.kind == "failed"] == []
    return [n.formula for n in nodes if n.formula]


def no_profile(frame: Any, event: str, arg: Any) -> None:
    """Profile nothing."""


class TestThreads:
    """Calls are watched in each thread that has the context of the drawing."""

    @staticmethod
    def singular_values(x: Any) -> Any:
        with scope("work"):
            return np.linalg.svd(x)[1]

    def test_with_a_copied_context_are_watched(self) -> None:
        def f(x: Any) -> Any:
            with ThreadPoolExecutor(1) as pool:
                values = pool.submit(copy_context().run, self.singular_values, x).result()
                assert pool.submit(sys.getprofile).result() is None
            return np.sum(values)

        view = view_of(f, S)
        assert [n.formula for n in view.nodes if n.formula] == ["svd(x).S", "sum(values)"]
        assert view.nodes[1].scopes == ("work",)
        assert view.notes == []

    def test_of_coroutines_are_watched(self) -> None:
        def f(x: Any) -> Any:
            return asyncio.run(asyncio.to_thread(np.std, x))

        assert formulas(f, V) == ["std(x)"]

    def test_in_which_a_call_fails_are_not_watched_afterwards(self) -> None:
        def f(x: Any) -> Any:
            def work() -> Any:
                return np.cov(np.piecewise(x, [V > 2], [lambda part: part**2, fails]))

            def fails(part: Any) -> Any:
                return np.sin(part) @ np.ones(9)

            with ThreadPoolExecutor(1) as pool:
                failed = pool.submit(copy_context().run, work).exception()
                assert pool.submit(sys.getprofile).result() is None
            assert type(failed) is ValueError
            return np.std(x)

        assert formulas(f, V) == ["std(x)"]

    def test_that_draw_at_once_are_watched_each(self) -> None:
        both = Barrier(2, timeout=10)

        def f(x: Any) -> Any:
            both.wait()
            y = np.std(x)
            both.wait()
            return y * np.var(x)

        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(lambda x: formulas(f, x), [V, X]):
                assert found == ["std(x)", "var(x)", "y * v1"]
            assert list(pool.map(lambda _: sys.getprofile(), range(4))) == [None] * 4

    def test_without_the_context_are_said_to_be_out_of_sight(self) -> None:
        def f(x: Any) -> Any:
            with ThreadPoolExecutor(1) as pool:
                values = pool.submit(self.singular_values, x).result()
            return np.sum(np.std(values))

        (note,) = view_of(f, S).notes
        assert note.startswith("v1, v2, values: the scopes are unknown and calls are shown as")
        assert "in a thread without this context; contextvars.copy_context().run" in note
        assert note in text(f, S)

    def test_under_another_hook_are_said_to_be_out_of_sight(self) -> None:
        def f(x: Any) -> Any:
            with debug():
                return np.sin(x)

        (note,) = view_of(f, V).notes
        assert "computed out of sight, under debug()" in note

    def test_that_computed_before_are_no_matter(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            earlier = pool.submit(np.sin, Tensor(2.0)).result()
        assert view_of(lambda x: x * earlier, 1.0).notes == []

    def test_that_go_on_afterwards_change_nothing(self) -> None:
        end, steps = Event(), []
        pool = ThreadPoolExecutor(1)

        def work(x: Any) -> None:
            while not end.wait(0.0001):
                steps.append(np.std(x))

        def f(x: Any) -> Any:
            pool.submit(copy_context().run, work, x)
            return np.var(x)

        try:
            assert formulas(f, V) == ["var(x)"]
        finally:
            end.set()
            pool.shutdown()


class TestProfilers:
    """Whatever watches the program goes on, and calls are watched beside it where they can be."""

    def test_hear_what_they_would_hear(self) -> None:
        def events(drawn: bool) -> Any:
            heard = []

            def profiler(frame: Any, event: str, arg: Any) -> None:
                if frame.f_code is f.__code__:
                    heard.append((event, getattr(arg, "__name__", None)))

            sys.setprofile(profiler)
            try:
                shown = formulas(f, V) if drawn else f(Tensor(V))
                assert sys.getprofile() is profiler
            finally:
                sys.setprofile(None)
            return shown, heard

        def f(v: Any) -> Any:
            return np.std(v) * len(v)

        shown, heard = events(drawn=True)
        assert shown == ["std(v)", "v1 * 4"]
        assert heard == events(drawn=False)[1]

    def test_in_threads_go_on(self) -> None:
        def profiler(frame: Any, event: str, arg: Any) -> None:
            pass

        def f(x: Any) -> Any:
            def work() -> Any:
                sys.setprofile(profiler)
                y = np.std(x)
                assert sys.getprofile() is profiler
                return y

            with ThreadPoolExecutor(1) as pool:
                return pool.submit(copy_context().run, work).result()

        assert formulas(f, V) == ["std(x)"]

    def test_of_python_have_their_statistics(self) -> None:
        gc.disable()  # of which it loses its place, in whatever it watches
        try:
            found = profile.Profile().runcall(formulas, lambda v: np.std(v), V)
        finally:
            gc.enable()
        assert found == ["std(v)"]

    @pytest.mark.skipif(sys.version_info >= (3, 12), reason="it is in no other's way there")
    def test_in_c_hide_calls_which_is_said(self) -> None:
        with cProfile.Profile() as profiler:
            (note,) = view_of(lambda v: np.std(v), V).notes
            assert sys.getprofile() is profiler
        assert note == (
            "a profiler was on, so calls are shown as the ops within them: draw without it to see "
            "them as they were written"
        )
        assert formulas(lambda v: np.std(v), V) == ["std(v)"]

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    @pytest.mark.parametrize("kind", [lambda: None, cProfile.Profile, lambda: no_profile])
    def test_go_on_after_errors(self, error: Any, kind: Any) -> None:
        def fails(x: Any) -> Any:
            np.std(x)
            raise error

        profiler: Any = kind()
        tracer, caught = sys.gettrace(), suppress(error)
        enable = getattr(profiler, "enable", lambda: sys.setprofile(profiler))
        enable()
        on = sys.getprofile()
        try:
            with caught:
                view_of(fails, V)
            assert sys.getprofile() is on
            assert sys.gettrace() is tracer
        finally:
            getattr(profiler, "disable", lambda: sys.setprofile(None))()

    def test_that_a_function_switches_off_are_missed_by_none(self) -> None:
        def f(x: Any) -> Any:
            sys.setprofile(None)
            return np.std(x)

        assert formulas(f, V) == ["std(x)"]
        assert sys.getprofile() is None

    def test_see_pictures_in_pictures(self) -> None:
        def f(x: Any) -> Any:
            assert formulas(lambda v: np.std(v), V) == ["std(v)"]
            return np.var(x)

        assert formulas(f, V) == ["var(x)"]
