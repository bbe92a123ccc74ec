"""What executors are given in tests: functions that workers import, and all that is asked for."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import autodiff
import optim

NOISE = np.random.SeedSequence(1).spawn(12)
WIDE = np.random.default_rng(2).normal(size=(301, 900))
UNALIGNED = np.frombuffer(b" " + WIDE.tobytes(), offset=1).reshape(WIDE.shape)
GAPPY = [{"rows": rows[:, ::3]} for rows in (WIDE, WIDE[::-1, ::-1], WIDE[::2])]
GAPPY += [{"rows": np.broadcast_to(WIDE[0, :300], (99, 300))}, {"rows": UNALIGNED[:, :300]}]
GAPPY += [{"rows": UNALIGNED.T[:, :300]}, {"rows": UNALIGNED.ravel()[None, :300]}]
GAPPY += [{"rows": WIDE.astype(">f8")[:, ::3]}]  # as columns of a FITS table


class TwoPartError(Exception):
    """An exception that pickles, and cannot be made again from that."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} in {where}")


class LockedError(Exception):
    """An exception that holds what cannot be pickled."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.lock = threading.Lock()


class StatelessError(Exception):
    """An exception that pickles, and cannot be given its state again."""

    def __setstate__(self, state: Any) -> None:
        raise TypeError("no state")


class Sent:
    """An item that may note that it is sent."""


class Bomb:
    """A result that pickles, and cannot be made again from that."""

    def __reduce__(self) -> Any:
        return int, ("a bomb",)


class UnreadableError(Exception):
    """An exception that says nothing."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __reduce__ = None  # type: ignore[assignment]


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


def lies_well(x: Any, y: Any) -> bool:
    """Whether arrays lie where NumPy reads them fast, and adds them up in one order."""
    return bool(x.flags.aligned and y.flags.aligned)


def sums(weights: Any, x: Any) -> Any:
    """Return sums whose rounding depends on how arrays lie in memory."""
    rows = x["rows"]
    return float(np.sum(rows)), float(np.vdot(rows, rows)), float(rows[0] @ weights)


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
    if n == 6:
        raise LockedError("behind a lock")
    if n == 7:
        error = StatelessError("without a state")
        error.add_note("which is its state")
        raise error
    if n == 8:
        raise UnreadableError
    return n * n


def unsendable(n: int) -> Any:
    """Return a number, or do what no process can send, or survive."""
    if n in (1, 2, 3):
        raise (SystemExit(n), KeyboardInterrupt("by itself"), asyncio.CancelledError())[n - 1]
    if n in (4, 5):
        return (Bomb(), threading.Lock())[n - 4]
    return n * n


def limit(x: Any) -> Any:
    """Return a number by way of others that are not finite."""
    return float(np.exp(-1.0 / np.abs(x)))


def powers(n: int) -> Any:
    """Return what a call within a call gives."""
    return optim.parallel_map(pow, range(n), common=(2,)).values


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
        "addresses": written(asked(lies_well, np.ones((2, 30_001)), common=(np.ones(300_001),))),
        "arrays with gaps": written(asked(sums, GAPPY, common=(WIDE[0, ::3],))),
        "training": written(asked(trained_slope, [0.5, 1.0, 2.0])),
        "failures": written(asked(difficult, range(10))),
        "calls within calls": written(asked(powers, range(1, 4))),
        "nothing": written(asked(length, [])),
    }
