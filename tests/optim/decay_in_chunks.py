"""A decay in noise, as arrays in chunks: data of the tests of searches in Dask arrays."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
import pytest

dask = pytest.importorskip("dask", reason="Dask is not installed")
da = pytest.importorskip("dask.array", reason="Dask is not installed")

START = [1.0, 2.0, 0.5]


def decay(p: Any, t: Any, y: Any) -> Any:
    return p[0] * np.exp(-p[1] * t) + p[2] - y


def data(n: int = 20_003) -> tuple[Any, Any]:
    t = np.linspace(0, 4, n)
    noise = np.random.default_rng(1).normal(size=n)
    return t, 1.5 * np.exp(-1.8 * t) + 0.4 + 0.1 * noise


def lazy(arrays: Any, chunks: Any) -> tuple[Any, ...]:
    return tuple([da.from_array(x, chunks=(-1,) * (x.ndim - 1) + (chunks,)) for x in arrays])


class Source:
    """Chunks that are made when they are asked for, and counted while they are alive."""

    def __init__(self) -> None:
        self.made, self.alive, self.peak, self.lock = 0, 0, 0, Lock()

    def chunk(self, values: Any) -> Any:
        import weakref

        made = np.array(values)
        with self.lock:
            self.made += 1
            self.alive += 1
            self.peak = max(self.peak, self.alive)
        weakref.finalize(made, self.forget)
        return made

    def forget(self) -> None:
        with self.lock:
            self.alive -= 1

    def array(self, values: Any, chunks: int) -> Any:
        parts = [values[i : i + chunks] for i in range(0, len(values), chunks)]
        delayed = [dask.delayed(self.chunk, pure=False)(part) for part in parts]
        return da.concatenate(
            [da.from_delayed(d, (len(p),), float) for d, p in zip(delayed, parts, strict=True)]
        )
