"""random_generator: the random numbers of a seed, or a refusal, at every door that takes one."""

from __future__ import annotations

from typing import Any

import numpy as np


def random_generator(seed: Any) -> np.random.Generator:
    """Return the random numbers of a seed, as ``np.random.default_rng``, but with clear refusals.

    Raises
    ------
    ValueError
        When it is no seed, or a RandomState, which has none that others could be made of.

    Examples
    --------
    >>> int(random_generator(0).integers(100)) == int(np.random.default_rng(0).integers(100))
    True
    """
    try:
        if not isinstance(seed, np.random.RandomState):  # as a seed new to NumPy
            return np.random.default_rng(seed)
    except (TypeError, ValueError):
        pass
    raise ValueError(
        "expected seed as a whole number, 0 or more, a Generator, a SeedSequence or None, got "
        f"{seed!r:.60}"
    )
