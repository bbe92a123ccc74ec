"""Values joined by writing them into an array: in random order and in many ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np


def join_by_filling(
    join: Callable[..., Any], seed: int, parts: Sequence[Any], **options: Any
) -> Any:
    """Return what a function makes of a list of arrays, written into an array part after part."""
    every = np.concatenate([np.ravel(part) for part in parts])
    ends = np.cumsum([0, *(part.size for part in parts)])
    numbered = [np.arange(p.size).reshape(p.shape) + n for p, n in zip(parts, ends, strict=False)]
    origins = join(numbered, **options)
    made = np.zeros(origins.shape, every.dtype, like=every)
    random = Random(seed)
    for k in random.sample(range(len(parts)), len(parts)):
        here = (ends[k] <= origins) & (origins < ends[k + 1])
        random.choice(WAYS)(made, here, np.ravel(parts[k])[origins[here] - ends[k]])
    return made


def by_mask(made: Any, here: Any, entries: Any) -> None:
    made[here] = entries


def one_by_one(made: Any, here: Any, entries: Any) -> None:
    for k, place in enumerate(np.argwhere(here)):
        made[tuple(place)] = entries[k]


def over_others(made: Any, here: Any, entries: Any) -> None:
    made[here] = 2 * entries[::-1]
    made[here] = made[here] * 0.5
    made[here] = entries


def by_adding(made: Any, here: Any, entries: Any) -> None:
    made[here] += 0.25 * entries
    np.add.at(made, np.nonzero(here), 0.75 * entries)


def by_multiplying(made: Any, here: Any, entries: Any) -> None:
    made[here] = -2
    made[here] *= -0.5 * entries


def by_flat(made: Any, here: Any, entries: Any) -> None:
    made.flat[np.flatnonzero(here)] = entries


def by_putting(made: Any, here: Any, entries: Any) -> None:
    np.put(made, np.flatnonzero(here), entries)


def by_a_view(made: Any, here: Any, entries: Any) -> None:
    backward = np.ravel(made)[::-1]
    backward[np.flatnonzero(here.ravel()[::-1])] = entries[::-1]


def where_true(made: Any, here: Any, entries: Any) -> None:
    np.place(made, here, entries)


def by_blocks(made: Any, here: Any, entries: Any) -> None:
    """Write rows, columns or larger blocks, which is what most parts are."""
    places = np.argwhere(here)
    block = tuple(slice(min(i), max(i) + 1) for i in places.T) if len(places) else ()
    if block and here[block].all():
        made[block] = entries.reshape(here[block].shape)
    else:
        made[here] = entries


WAYS = [by_mask, one_by_one, over_others, by_adding, by_multiplying, by_flat, by_putting]
WAYS += [by_a_view, where_true, by_blocks, by_blocks]
