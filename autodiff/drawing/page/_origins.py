"""Where NaN and infinities come up that nothing before had."""

from __future__ import annotations

from typing import Any

import numpy as np


def origin(value: Any, *used: Any) -> str:
    """Return where NaN, or else infinities, come up in a value: what it is made of has none.

    It reads "NaN first here: [0, 3]", with the index of the first; "" where there is none.
    """
    if is_finite(value):
        return ""
    array = np.asarray(value)
    if np.isnan(array).any():
        is_new = not any(_is_float(x) and np.isnan(x).any() for x in used)
        return f"NaN first here{_index(np.isnan(array))}" if is_new else ""
    return f"inf first here{_index(np.isinf(array))}" if all(map(is_finite, used)) else ""


def is_finite(value: Any) -> bool:
    """Whether there is neither NaN nor an infinity in a value."""
    return not _is_float(value) or bool(np.isfinite(value).all())


def _is_float(value: Any) -> bool:
    is_value = isinstance(value, np.ndarray | np.generic | float | complex)
    return is_value and np.asarray(value).dtype.kind in "fc"


def _index(found: Any) -> str:
    """Return the first index at which an array is true; of a number there is none."""
    index = [int(i) for i in np.unravel_index(int(np.argmax(found)), found.shape)]
    return f": {index}" if index else ""
