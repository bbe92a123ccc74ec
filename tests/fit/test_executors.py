"""Executors of a fit: what is said where its functions cannot be sent to their workers."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np
import pytest

import fit
from fit.arguments._executor import values_of
from optim import Outcomes

X = np.linspace(0.0, 3.0, 12)
Y = 2 * np.exp(-X) + 0.1 * np.random.default_rng(0).normal(size=12)
MODEL = fit.Model(lambda x, a=1.5, rate=0.8: a * np.exp(-rate * x))
RESULT = fit.fit(MODEL, X, Y, 0.1)

USES: dict[str, Callable[[Any], Any]] = {
    "bootstrap": lambda executor: RESULT.bootstrap(5, seed=0, executor=executor),
    "jackknife": lambda executor: RESULT.jackknife(executor=executor),
    "profile": lambda executor: RESULT.profile("rate", executor=executor),
    "contour": lambda executor: RESULT.contour("a", "rate", points=4, executor=executor),
    "fit_many": lambda executor: fit.fit_many(MODEL, X, [Y, Y], 0.1, executor=executor),
    "starts": lambda executor: fit.fit(
        *(MODEL, X, Y, 0.1), bounds={"rate": (0.1, 3)}, starts=3, seed=0, executor=executor
    ),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_model_that_cannot_be_sent_to_processes_is_refused_by_its_name(
    use: Callable[[Any], Any],
) -> None:
    words = r"^the model, .*Pickl.*lambda.*ThreadPoolExecutor"
    with ProcessPoolExecutor(1) as processes, pytest.raises(TypeError, match=words):
        use(processes)
    with ThreadPoolExecutor(2) as threads:
        use(threads)


def test_what_is_no_executor_is_refused_as_such() -> None:
    with pytest.raises(TypeError, match="expected an executor with submit"):
        RESULT.jackknife(executor=4)  # type: ignore[arg-type]


# -- workers that die --------------------------------------------------------------------------


class Dying:
    """An executor that does one task, and is then as a process pool that has lost a worker."""

    def __init__(self) -> None:
        self.died = False

    def submit(self, f: Any, /, *arguments: Any) -> Any:
        future: Future[Any] = Future()
        if self.died:
            raise BrokenProcessPool("a process\n\nwas terminated")
        future.set_result(f(*arguments))
        self.died = True
        return future


LOST = (
    r"lost with a worker that died \(a process was terminated\): give it to a new executor, "
    "with fewer workers if memory has run out"
)


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("profile", "1 of 2 sides are lost, side 2"),
        ("contour", "3 of 4 rays are lost, ray 2"),
        ("starts", "2 of 3 starts are lost, start 2"),
    ],
)
def test_where_all_parts_are_needed_it_is_said_how_many_died(name: str, share: str) -> None:
    words = f"^{share} the first, and the others are not kept: {LOST}$"
    with pytest.raises(BrokenExecutor, match=words):
        USES[name](Dying())


def test_a_part_that_fails_by_itself_is_told_by_its_number() -> None:
    with pytest.raises(ValueError, match="no root") as raised:
        values_of(Outcomes([1.0, None, None], {1: ValueError("no root")}), "ray")
    assert raised.value.__notes__ == ["on ray 2 of 3"]


def test_fits_that_were_finished_before_a_worker_died_are_kept() -> None:
    with pytest.warns(RuntimeWarning, match=f"1 of 2 fits failed, .* number 1: {LOST}$"):
        (result, nothing), failures = USES["fit_many"](Dying())
    assert nothing is None
    assert result.p.tolist() == fit.fit_many(MODEL, X, [Y], 0.1).values[0].p.tolist()
    assert [*failures] == [1]
    with pytest.raises(BrokenExecutor, match=f"^{LOST}$"):
        raise failures[1]


@pytest.mark.parametrize("name", ["bootstrap", "jackknife"])
def test_replicates_that_were_finished_before_a_worker_died_are_kept(name: str) -> None:
    expected = USES[name](None)
    with pytest.warns(RuntimeWarning, match=f"fits failed, .* number 1: {LOST}$"):
        found = USES[name](Dying())
    assert found.p[0].tolist() == expected.p[0].tolist()
    assert [*found.failures] == [*range(1, len(expected))]


def test_starts_from_which_no_search_is_made_are_told_of() -> None:
    def failing(x: Any, a: Any = 1.5, rate: Any = 0.8) -> Any:
        if rate > 1.5:
            raise RuntimeError("too fast")
        return a * np.exp(-rate * x)

    found = fit.fit(failing, X, Y, 0.1, bounds={"rate": (0.1, 3)}, starts=6, seed=0)
    assert found.success
    words = r"[1-5] of 6 starts led here; [1-5] failed, the first of them: .*too fast"
    assert re.search(words, found.message)
