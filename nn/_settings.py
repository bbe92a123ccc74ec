"""What the settings of the estimators may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from numbers import Integral, Real
from typing import Any

import numpy as np

from nn._activations import ACTIVATIONS


def hidden_sizes(sizes: Any) -> list[Any]:
    """Return the sizes of hidden layers, of which one may come without a list."""
    several = np.iterable(sizes) and hasattr(sizes, "__len__") and not isinstance(sizes, str)
    return [*sizes] if several else [sizes]


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and int(value) > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, Real)


_SOLVERS = ("adam", "sgd")

# What each setting may be, in words and as a test.
_SETTINGS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "hidden_layer_sizes": (
        "a whole number above 0, or a sequence of them",
        lambda value: all(map(_is_count, hidden_sizes(value))),
    ),
    "activation": (
        f"a function or one of {[*ACTIVATIONS]}",
        lambda value: callable(value) or (isinstance(value, str) and value in ACTIVATIONS),
    ),
    "solver": (
        "'adam' or 'sgd'",
        lambda value: isinstance(value, str) and value in ("adam", "sgd"),
    ),
    "alpha": ("a number of at least 0", lambda value: _is_number(value) and 0 <= value < inf),
    "batch_size": (
        "'auto' or a whole number above 0",
        lambda value: _is_count(value) or (isinstance(value, str) and value == "auto"),
    ),
    "learning_rate_init": (
        "a number above 0",
        lambda value: _is_number(value) and 0 < value < inf,
    ),
    "max_iter": ("a whole number above 0", _is_count),
    "tol": ("a number of at least 0", lambda value: _is_number(value) and value >= 0),
    "early_stopping": ("True or False", lambda value: isinstance(value, bool | np.bool_)),
    "validation_fraction": (
        "a number between 0 and 1",
        lambda value: _is_number(value) and 0 < value < 1,
    ),
    "n_iter_no_change": ("a whole number above 0", _is_count),
}


def require_settings(settings: Mapping[str, Any]) -> None:
    """Raise if a setting is not what it may be.

    Raises
    ------
    ValueError
        It names the setting.
    """
    for name, (expected, fits) in _SETTINGS.items():
        if not fits(settings[name]):
            raise ValueError(f"expected {name} to be {expected}, got {settings[name]!r:.60}")
