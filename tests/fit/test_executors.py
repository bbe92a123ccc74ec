"""Executors of a fit: what is said where its functions cannot be sent to their workers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import fit

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
