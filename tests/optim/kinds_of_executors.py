"""Executors of each kind for tests: begun, and ended; and one that has the least."""

from __future__ import annotations

import gc
import multiprocessing
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest


class Bare:
    """The least that takes work: `submit`, and `result` of what it returns."""

    def __init__(self, most: float = float("inf")) -> None:
        self.most = most
        self.sizes: list[int] = []
        self.ahead = self.most_ahead = 0

    def submit(self, f: Callable[..., Any], *args: Any) -> Any:
        if len(self.sizes) >= self.most:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self.sizes.append(len(args[-1].open()))
        self.ahead += 1
        self.most_ahead = max(self.most_ahead, self.ahead)
        return Promise(self, partial(f, *args))


class Promise:
    def __init__(self, executor: Bare, call: Callable[[], Any]) -> None:
        self.executor, self.call = executor, call

    def result(self) -> Any:
        self.executor.ahead -= 1
        return self.call()


@contextmanager
def bare() -> Iterator[Any]:
    yield Bare()


@contextmanager
def here() -> Iterator[Any]:
    yield None


@contextmanager
def threads() -> Iterator[Any]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@contextmanager
def processes(**options: Any) -> Iterator[Any]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, **options) as executor:
        yield executor


@contextmanager
def loky() -> Iterator[Any]:
    module = pytest.importorskip("loky", reason="loky is not installed")
    executor = module.get_reusable_executor(2)
    yield executor
    executor.shutdown(kill_workers=True)


@contextmanager
def dask() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client.get_executor(pure=False)
    with warnings.catch_warnings():  # of sockets that Dask leaves to be collected
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def fail(kind: type[BaseException]) -> None:
    raise kind
