"""That a compiled function and the function agree."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from autodiff import compile


def assert_same(a: Any, b: Any) -> None:
    """Assert that two structures agree in types, shapes and dtypes, and in numbers to rounding."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        assert_same(list(a.values()), list(b.values()))
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif dataclasses.is_dataclass(a):
        assert_same(vars(a), vars(b))
    elif isinstance(a, np.ndarray | np.generic):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        rounding = 0 if a.dtype.kind not in "fc" else float(np.finfo(a.dtype).eps)
        np.testing.assert_allclose(a, b, rtol=20 * rounding, atol=20 * rounding)
    else:
        assert a == b


def agree(f: Any, *calls: Any, replays: int = 0) -> Any:
    """Assert that calls give what the function gives, by so many replays; return it compiled."""
    compiled = compile(f, eager_calls=0)
    for args in calls:
        assert_same(compiled(*args), f(*args))
    assert sum(plan.runs for plan in compiled.plans) == replays
    return compiled
