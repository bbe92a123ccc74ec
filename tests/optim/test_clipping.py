"""Gradient clipping. That training with it is PyTorch's, test_training.py tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autodiff import Tensor
from optim import clip_by_norm, clip_by_value

gradients = st.lists(
    arrays(np.float64, array_shapes(min_dims=0, max_dims=2), elements=st.floats(-1e6, 1e6)),
    min_size=1,
    max_size=3,
)


def with_gradients(*values: Any) -> list[Tensor]:
    parameters = [Tensor(np.zeros_like(value), name=f"W{i}") for i, value in enumerate(values, 1)]
    for p, value in zip(parameters, values, strict=True):
        p.grad = np.array(value)
    return parameters


def flat(parameters: list[Tensor]) -> Any:
    return np.concatenate([np.ravel(p.grad) for p in parameters])


@given(gradients, st.floats(1e-3, 1e3))
def test_the_norm_gets_a_limit_and_the_direction_stays(values: list[Any], limit: float) -> None:
    parameters = with_gradients(*values)
    before = flat(parameters)
    norm = clip_by_norm(parameters, limit)
    assert norm == pytest.approx(math.dist(before, np.zeros_like(before)), rel=1e-12)
    after = flat(parameters)
    if norm <= limit:
        assert after.tolist() == before.tolist()
    else:
        assert np.linalg.norm(after) == pytest.approx(limit)
        np.testing.assert_allclose(after * norm, before * limit, atol=1e-300)


@given(gradients, st.floats(1e-3, 1e3))
def test_entries_get_a_limit(values: list[Any], limit: float) -> None:
    parameters = with_gradients(*values)
    before = flat(parameters)
    clip_by_value(parameters, limit)
    for old, new in zip(before, flat(parameters), strict=True):
        assert new == old or (abs(new) == limit < abs(old) and new * old > 0)


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_shapes_dtypes_and_missing_gradients_stay(clip: Any) -> None:
    x, y = with_gradients(np.full((2, 3), 9, np.float32), np.float32(9))
    clip([x, Tensor(1.0), y], 0.5)
    assert [(p.grad.shape, p.grad.dtype) for p in (x, y)] == [((2, 3), "f4"), ((), "f4")]


def test_an_array_that_was_handed_in_as_a_gradient_is_not_written_to() -> None:
    for clip in (clip_by_norm, clip_by_value):
        mine = np.array([3.0, 4.0])
        x = Tensor([0.0, 0.0])
        x.grad = mine
        clip([x], 1.0)
        assert mine.tolist() == [3, 4]
        assert x.grad.tolist() != [3, 4]


def test_float32_gradients_whose_squares_overflow_are_clipped() -> None:
    parameters = with_gradients(np.array([3e30, 4e30], np.float32))
    assert clip_by_norm(parameters, 1.0) == pytest.approx(5e30)
    np.testing.assert_allclose(parameters[0].grad, [0.6, 0.8], rtol=1e-6)


def test_without_a_limit_the_norm_is_only_measured() -> None:
    parameters = with_gradients([3.0, 4.0])
    assert clip_by_norm(parameters, math.inf) == 5
    assert parameters[0].grad.tolist() == [3, 4]


def test_infinite_entries_are_clipped_by_value() -> None:
    parameters = with_gradients([math.inf, -math.inf, 1.0])
    clip_by_value(parameters, 2.0)
    assert parameters[0].grad.tolist() == [2, -2, 1]


@pytest.mark.parametrize(
    ("clip", "bad", "message"),
    [
        (
            clip_by_norm,
            [[1.0, math.nan], [math.inf, 1.0]],
            r"2 of the 4 entries in the gradient of the parameter 'W2' are not finite, "
            r"the first at \(0, 1\) is nan",
        ),
        (clip_by_norm, -math.inf, "'W2' are not finite, the first is -inf"),
        (clip_by_norm, 1e200, "the norm of the gradients overflows"),
        (clip_by_value, [1.0, math.nan], r"1 of the 2 .* 'W2'.*at \(1,\) is nan"),
    ],
)
def test_gradients_that_are_not_finite_are_named_and_nothing_is_changed(
    clip: Any, bad: Any, message: str
) -> None:
    parameters = with_gradients([5.0, 5.0], bad)
    before = [p.grad for p in parameters]
    with pytest.raises(FloatingPointError, match=message):
        clip(parameters, 1.0)
    assert all(p.grad is old for p, old in zip(parameters, before, strict=True))


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_refusals(clip: Any) -> None:
    for limit in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match=r"above 0, got"):
            clip(with_gradients([1.0]), limit)
    with pytest.raises(RuntimeError, match=r"call loss\.backward\(\) first"):
        clip([Tensor(1.0)], 1.0)
