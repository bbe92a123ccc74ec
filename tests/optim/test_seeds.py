"""random_generator: NumPy's numbers of a seed, and one refusal at every door of nn, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from optim import Adam, random_generator

EXPECTED = "expected seed as a whole number, 0 or more, a Generator, a SeedSequence or None, got "
DOORS: dict[str, Callable[[Any], Any]] = {
    "random_generator": random_generator,
    "Linear": lambda seed: nn.Linear(1, 1, seed=seed),
    "MLP": lambda seed: nn.MLP([1, 1], seed=seed),
    "Dropout": lambda seed: nn.Dropout(0.5, seed=seed),
    "batches": lambda seed: nn.batches(np.ones(3), size=1, seed=seed),
    "train": lambda seed: train(nn.MLP([1, 1], seed=0), seed),
}


def train(model: nn.Module, seed: Any) -> nn.History:
    optimizer, data = Adam(model.parameters()), (np.ones((4, 1)), np.ones((4, 1)))
    loss = nn.mean_squared_error
    return nn.train(model, loss, data, epochs=1, optimizer=optimizer, seed=seed, progress=False)


@pytest.mark.parametrize("seed", [0, [1, 2], np.random.SeedSequence(3)])
def test_the_numbers_are_those_of_numpy(seed: Any) -> None:
    expected = np.random.default_rng(seed).random(3)
    assert random_generator(seed).random(3).tolist() == expected.tolist()


def test_a_generator_is_itself() -> None:
    given = np.random.default_rng(0)
    assert random_generator(given) is given


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("seed", [-1, 1.5, "a", np.random.RandomState(0)])
def test_what_is_no_seed_is_refused_at_every_door(door: str, seed: Any) -> None:
    with pytest.raises(ValueError, match="^" + EXPECTED + "(-1|1.5|'a'|RandomState.*)$"):
        DOORS[door](seed)
