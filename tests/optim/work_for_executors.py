"""What executors are given in tests: functions that workers import, and where it is all asked for."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import autodiff
import optim

NOISE = np.random.SeedSequence(1).spawn(12)


class TwoPartError(Exception):
    """An exception that pickles, and cannot be made again from that."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} in {where}")


def decay(p: Any, x: Any, y: Any) -> Any:
    """Return the residuals of an exponential."""
    return p[0] * np.exp(-p[1] * x) + p[2] - y


def fitted_decay(x: Any, noise: Any) -> Any:
    """Return parameters and residuals of a fit to points with noise of their own."""
    y = decay([2.5, 1.3, 0.4], x, 0.0) + 0.05 * np.random.default_rng(noise).normal(size=x.size)
    loss = "cauchy" if noise.spawn_key[-1] % 2 else "linear"
    result = optim.least_squares(decay, [1.0, 1.0, 0.0], args=(x, y), loss=loss)
    return np.append(result.x, result.fun).tolist()


def length(n: int) -> float:
    """Return a sum of products, which BLAS shares out among its threads if n is large."""
    x = np.sin(np.arange(n))
    return float(x.dot(x))


def trained_slope(start: float) -> Any:
    """Return what some compiled training steps make of a slope."""
    slope = autodiff.Tensor(start)
    optimizer = optim.Adam([slope], lr=0.1)
    x = np.linspace(0.1, 1.0, 7)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = np.mean((np.sin(slope * x) - y) ** 2)
        loss.backward()
        optimizer.step()
        return loss

    step = autodiff.compile(step)
    return [float(step(x, 0.3 * x)) for _ in range(12)], slope.item()


def difficult(n: int) -> int:
    """Return a number, or raise what is difficult to send."""

    class LocalError(Exception):
        pass

    if n == 3:
        raise ValueError("expected anything but 3")
    if n == 4:
        raise LocalError("nobody else knows this class")
    if n == 5:
        raise TwoPartError("a fault", "the fifth")
    return n * n


def sums(n: int) -> Any:
    """Return what a call within a call gives."""
    executor = optim.parallel_map
    return executor(pow, range(n), common=(2,)).values


def process(seconds: float) -> int:
    """Return in which process this is, after a while."""
    time.sleep(seconds)
    return os.getpid()


def killed_once(mark: str, n: int) -> float:
    """Return a number; but the first call for the fifth ends its process, and leaves a mark."""
    time.sleep(0.01)
    if n == 5 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return length(20_000 + n)


def written(outcomes: optim.Outcomes) -> Any:
    """Return outcomes in a form that can be compared."""
    return outcomes.values, {i: (type(e).__name__, str(e)) for i, e in outcomes.failures.items()}


def everything(executor: Any) -> dict[str, Any]:
    """Return what an executor gives for all kinds of work."""
    x = np.linspace(0.0, 4.0, 200)
    asked = partial(optim.parallel_map, executor=executor)
    return {
        "fits": written(asked(fitted_decay, NOISE, common=(x,))),
        "fits in batches": written(asked(fitted_decay, NOISE, common=(x,), batch_size=5)),
        "sums": written(asked(length, [10, 20_000, 200_001])),
        "training": written(asked(trained_slope, [0.5, 1.0, 2.0])),
        "failures": written(asked(difficult, range(8))),
        "calls within calls": written(asked(sums, range(1, 4))),
        "nothing": written(asked(length, [])),
    }
