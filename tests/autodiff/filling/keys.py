"""Keys of every kind that NumPy takes, as source."""

from __future__ import annotations

from random import Random

import numpy as np

from tests.autodiff.filling.program import literal

COMMON = [(), (2,), (2,), (3,), (1, 2), (2, 1), (0,)]


def basic_key(random: Random, shape: tuple[int, ...]) -> str:
    """Return a key that makes a view."""
    parts = [_slice_or_number(random, n) for n in shape]
    return _joined(random, parts, len(shape))


def any_key(random: Random, shape: tuple[int, ...]) -> str:
    """Return a key of any kind; NumPy may refuse a few."""
    if random.random() < 0.35:
        return basic_key(random, shape)
    if random.random() < 0.15:
        return _mask(random, shape)
    common = random.choice(COMMON)
    parts: list[str] = []
    axis = 0
    while axis < len(shape):
        kind = random.random()
        if kind < 0.3:
            parts.append(_slice_or_number(random, shape[axis]))
        elif kind < 0.42:
            spans = random.randint(1, len(shape) - axis)
            parts.append(_mask(random, shape[axis : axis + spans]))
            axis += spans - 1
        else:
            parts.append(_indices(random, shape[axis], common))
        axis += 1
    if random.random() < 0.1:
        truth = random.choice(["True", "False", "np.True_", "np.array(True)"])
        parts.insert(random.randint(0, len(parts)), truth)
    return _joined(random, parts, len(shape))


def _joined(random: Random, parts: list[str], rank: int) -> str:
    while parts and parts[-1] == ":" and random.random() < 0.5:
        parts.pop()
    if random.random() < 0.15:
        parts.insert(random.randint(0, len(parts)), "None")
    if not parts or random.random() < 0.2:
        where = random.randint(0, len(parts))
        left_out = random.randint(0, 1) if parts else 0
        parts[where : where + left_out] = ["..."]
    return ", ".join(parts)


def _slice_or_number(random: Random, length: int) -> str:
    kind = random.random()
    if kind < 0.35 and length:
        i = random.randrange(-length, length)
        return random.choice([f"{i}", f"{i}", f"np.int64({i})"])
    if kind < 0.55:
        return ":"
    ends = ["", *map(str, range(-length, length + 1))]
    step = random.choice(["", ":1", ":2", ":-1", ":-2"])
    return f"{random.choice(ends)}:{random.choice(ends)}{step}" if kind < 0.8 else f":{step or ':'}"


def _indices(random: Random, length: int, common: tuple[int, ...]) -> str:
    shape = random.choice([common, common, common[-1:], ()])
    size = int(np.prod(shape))
    if not length and size:
        return ":"
    indices = [random.randrange(-length, length) for _ in range(size)]
    array = np.reshape(np.array(indices, int), shape)
    as_list = array.ndim and array.size and random.random() < 0.4
    return repr(array.tolist()) if as_list else literal(array)


def _mask(random: Random, shape: tuple[int, ...]) -> str:
    size = int(np.prod(shape))
    return literal(np.reshape([random.random() < 0.5 for _ in range(size)], shape).astype(bool))
