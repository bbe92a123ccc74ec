"""tree_sum: pairs, and pairs of pairs, of parts that are alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from optim import tree_sum


class Part(NamedTuple):
    loss: Any
    gradient: Any


def test_pairs_are_added_first() -> None:
    parts = [1e16, 1.0, -1e16, 1.0, 1.0]
    assert tree_sum(parts) == ((1e16 + 1.0) + (-1e16 + 1.0)) + 1.0 != sum(parts)


def test_structures_are_added_entry_by_entry() -> None:
    parts = [Part(n, {"a": [np.full(2, n)], "b": (n,)}) for n in (1.0, 2.0, 4.0)]
    found = tree_sum(parts)
    assert isinstance(found, Part)
    assert found.loss == 7.0
    assert found.gradient["a"][0].tolist() == [7.0, 7.0]
    assert found.gradient["b"] == (7.0,)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_sum_shares_no_array_with_its_parts(count: int) -> None:
    parts = [Part(np.zeros(2), {"a": np.zeros(2)}) for _ in range(count)]
    found = tree_sum(parts)
    found.loss[:] = found.gradient["a"][:] = 1.0
    for part in parts:
        assert not part.loss.any()
        assert not part.gradient["a"].any()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], "expected parts to sum, got none"),
        ([np.zeros(2), np.zeros((2, 1))], r"shapes \(2,\) and \(2, 1\)"),
        ([np.zeros(2), 1.0], r"shapes \(2,\) and \(\)"),
        ([[1.0, 2.0], [1.0]], "lengths 2 and 1"),
        ([{"a": 1.0}, {"a": 1.0, "b": 2.0}], r"keys \['a'\] and \['a', 'b'\]"),
        ([{"a": 1.0}, 2.0], "a dict and a float"),
        ([2.0, (1.0,)], "a float and a tuple"),
        ([(1.0,), [1.0]], "a tuple and a list"),
        ([1.0, 2.0, [3.0]], "a float and a list"),
    ],
)
def test_parts_that_are_not_alike_are_refused(parts: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tree_sum(parts)
