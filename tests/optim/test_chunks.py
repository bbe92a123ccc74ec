"""least_squares of Dask arrays: what NumPy's arrays give, from one pass over the chunks a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optim import least_squares

da = pytest.importorskip("dask.array", reason="Dask is not installed")
dask = pytest.importorskip("dask", reason="Dask is not installed")


def decay(p: Any, t: Any, y: Any) -> Any:
    return p[0] * np.exp(-p[1] * t) + p[2] - y


START = [1.0, 2.0, 0.5]


def data(n: int = 20_003) -> tuple[Any, Any]:
    t = np.linspace(0, 4, n)
    noise = np.random.default_rng(1).normal(size=n)
    return t, 1.5 * np.exp(-1.8 * t) + 0.4 + 0.1 * noise


def lazy(arrays: Any, chunks: Any) -> tuple[Any, ...]:
    return tuple([da.from_array(x, chunks=(-1,) * (x.ndim - 1) + (chunks,)) for x in arrays])


@pytest.mark.parametrize(
    "chunks", [20_003, 5_000, 17_000, (1, 2, 20_000), (0, 10_000, 0, 10_003)], ids=str
)
def test_chunks_give_what_the_whole_gives(chunks: Any) -> None:
    arrays = data()
    whole = least_squares(decay, START, args=arrays)
    found = least_squares(decay, START, args=lazy(arrays, chunks))
    assert found.success
    np.testing.assert_allclose(found.x, whole.x, rtol=1e-12)
    np.testing.assert_allclose(found.cost, whole.cost, rtol=1e-12)
    np.testing.assert_allclose(found.triangle, whole.triangle, rtol=1e-9)
    np.testing.assert_allclose(found.fun.compute(), whole.fun, atol=1e-12)
    np.testing.assert_allclose(found.jac.compute(), whole.jac, atol=1e-12)
