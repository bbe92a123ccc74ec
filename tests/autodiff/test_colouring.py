"""Symmetric matrices of few sums of their columns: how many, and that each entry is found again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff.derivatives._colouring import compression


def band(n: int, half_width: int) -> Any:
    places = np.arange(n)
    return abs(places[:, None] - places) <= half_width


def arrow(n: int) -> Any:
    pattern = np.eye(n, dtype=bool)
    pattern[0] = pattern[:, 0] = True
    return pattern


def grid(rows: int, columns: int) -> Any:
    """Return which points of a grid are neighbours, as in the five-point formula."""
    places = np.stack(np.meshgrid(range(rows), range(columns)), -1).reshape(-1, 2)
    return abs(places[:, None] - places).sum(axis=-1) <= 1


def shuffled(pattern: Any, seed: int = 0) -> Any:
    order = np.random.default_rng(seed).permutation(len(pattern))
    return pattern[order][:, order]


def sparse(n: int, share: float, seed: int) -> Any:
    return np.random.default_rng(seed).random((n, n)) < share


def found_again(pattern: Any, seed: int = 0) -> int:
    """Return how many columns a random matrix was read from, having found all its entries."""
    compressed = compression(pattern)
    assert compressed is not None
    numbers = np.random.default_rng(seed).integers(1, 10**6, pattern.shape)
    matrix = (numbers + numbers.T) * (pattern | pattern.T)
    colours = compressed.colours.max() + 1
    sums = np.stack([matrix[:, compressed.colours == c].sum(axis=1) for c in range(colours)])
    entries = np.zeros_like(matrix)
    entries[compressed.rows, compressed.columns] = sums.ravel()[compressed.sources]
    assert (entries == matrix).all()
    return int(colours)


# -- how many columns: the numbers that are published ------------------------------------------


@pytest.mark.parametrize("half_width", [0, 1, 2, 5])
def test_a_band_takes_as_many_columns_as_it_is_wide(half_width: int) -> None:
    # Curtis, Powell and Reid (1974): columns of one colour stand that far apart.
    assert found_again(band(60, half_width)) == 2 * half_width + 1


def test_an_arrow_takes_two() -> None:
    # Powell and Toint (1979): all columns but one together, and the full one.
    assert found_again(arrow(40)) == 2
    assert found_again(shuffled(arrow(40))) == 2


def test_a_band_with_full_rows_takes_one_more_for_each() -> None:
    pattern = band(60, 1)
    pattern[7] = pattern[:, 7] = pattern[30] = pattern[:, 30] = True
    assert found_again(pattern) == 5


@pytest.mark.parametrize("size", [1, 2, 4])
def test_blocks_take_as_many_as_one_of_them_has(size: int) -> None:
    blocks = np.kron(np.eye(12, dtype=bool), np.ones((size, size), bool))
    assert found_again(blocks) == size
    assert found_again(shuffled(blocks)) == size


def test_a_grid_takes_few() -> None:
    assert 5 <= found_again(grid(9, 11)) <= 8  # of 99; a row has five entries


@pytest.mark.parametrize("n", [0, 1, 2, 3, 17])
def test_a_full_matrix_is_not_compressed(n: int) -> None:
    assert compression(np.ones((n, n), bool)) is None


def test_half_of_the_columns_are_the_most() -> None:
    assert found_again(band(6, 1)) == 3
    assert compression(band(5, 1)) is None


def test_nothing_takes_one() -> None:
    assert found_again(np.zeros((6, 6), bool)) == 1


# -- whatever the pattern ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_each_entry_is_found_again(seed: int) -> None:
    n = 20 + 3 * seed
    pattern = sparse(n, 1.5 / n, seed)
    pattern[: seed % 4] |= np.random.default_rng(seed).random((seed % 4, n)) < 0.8
    assert found_again(pattern, seed) <= n // 2


@pytest.mark.parametrize("seed", range(10))
def test_where_a_pattern_is_not_symmetric_its_mirror_image_counts_too(seed: int) -> None:
    upper = np.triu(sparse(40, 0.03, seed))
    found_again(upper, seed)
    compressed, mirrored = compression(upper), compression(upper.T)
    assert compressed is not None
    assert mirrored is not None
    assert (compressed.colours == mirrored.colours).all()


def test_an_entry_and_its_mirror_image_are_read_from_one_place() -> None:
    pattern = shuffled(band(50, 2) | arrow(50))
    compressed = compression(pattern)
    assert compressed is not None
    sources = np.full(pattern.shape, -1)
    sources[compressed.rows, compressed.columns] = compressed.sources
    assert (sources == sources.T).all()
    assert ((sources >= 0) == pattern).all()
