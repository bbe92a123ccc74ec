"""Mini-batches."""

from __future__ import annotations

import numpy as np
import pytest

import nn


class TestBatches:
    def test_every_row_comes_once_and_rows_stay_together(self) -> None:
        x = np.arange(10)
        rows = [
            (a, b) for u, v in nn.batches(x, -x, size=3, seed=0) for a, b in zip(u, v, strict=True)
        ]
        assert sorted(a for a, _ in rows) == list(range(10))
        assert all(a == -b for a, b in rows)

    def test_a_generator_shuffles_anew(self) -> None:
        rng = np.random.default_rng(0)
        first, second = (next(nn.batches(np.arange(50), size=50, seed=rng))[0] for _ in range(2))
        assert not np.array_equal(first, second)

    @pytest.mark.parametrize(
        ("lengths", "size", "message"),
        [
            ((3, 4), 2, r"arrays of one length, at least 1, got the shapes \[\(3,\), \(4,\)\]"),
            ((0, 0), 2, "arrays of one length, at least 1"),
            ((3,), 0, "a size of 1 or more, got 0"),
        ],
    )
    def test_refuses_what_does_not_fit(
        self, lengths: tuple[int, ...], size: int, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            nn.batches(*(np.ones(n) for n in lengths), size=size)


def test_lazy_arrays_are_read_once() -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    rows = np.arange(20.0).reshape(10, 2)
    read = []
    lazy = da.from_array(rows, chunks=(10, 2)).map_blocks(
        lambda x: (read.append(x), x)[1], meta=rows[:0]
    )
    found = list(nn.batches(lazy, size=4, seed=0))
    expected = rows[np.random.default_rng(0).permutation(10)]
    np.testing.assert_array_equal(np.concatenate([x for (x,) in found]), expected)
    assert len(read) == 1
