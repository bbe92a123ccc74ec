"""Batches of rows."""

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

    @pytest.mark.parametrize(("lengths", "size"), [((3, 4), 2), ((3,), 0)])
    def test_refuses_what_does_not_fit(self, lengths: tuple[int, ...], size: int) -> None:
        with pytest.raises(ValueError, match="arrays of one length"):
            nn.batches(*(np.ones(n) for n in lengths), size=size)
