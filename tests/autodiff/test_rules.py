"""The tests that every op passes, on every shape and broadcast of its operands.

Weights at random hide what a plain sum shows, so each is done with weights of 1 as well; and at two
points more: where all cotangents are 0, and where all entries of all operands are equal.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad, jacobian, jvp, vjp
from tests.autodiff.cases import CASES
from tests.autodiff.cases.case import Case
from tests.autodiff.oracles import complex_step, richardson

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def weights(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


def ones(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.ones(shape)


either_weights = pytest.mark.parametrize("weights", [weights, ones])


def numeric(case: Case, directions: list[np.ndarray]) -> np.ndarray:
    oracle = complex_step if case.analytic else richardson
    return oracle(case.f, case.args, directions)


def dot(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sum(np.asarray(a) * np.asarray(b)))


@every_case
def test_value_is_numpys(case: Case) -> None:
    expected = case.f(*case.args)
    actual = case.f(*map(Tensor, case.args))
    np.testing.assert_allclose(actual.data, expected, rtol=1e-14, atol=1e-15)
    assert actual.shape == np.shape(expected)


@either_weights
@every_case
def test_forward_agrees_with_differences(case: Case, weights: Any) -> None:
    for i, x in enumerate(case.args):
        directions = [np.zeros_like(a) for a in case.args]
        directions[i] = weights(x.shape)
        _, tangent = jvp(case.f, case.args, tuple(directions))
        tolerance = 1e-10 if case.analytic else 1e-7
        np.testing.assert_allclose(
            tangent, numeric(case, directions), rtol=tolerance, atol=tolerance
        )


@either_weights
@every_case
def test_backward_is_the_transpose_of_forward(case: Case, weights: Any) -> None:
    check_transpose(case, case.args, weights)


def check_transpose(case: Case, args: tuple[np.ndarray, ...], weights: Any) -> None:
    """⟨w, J v⟩ = ⟨Jᵀ w, v⟩."""
    v = tuple(weights(x.shape, i) for i, x in enumerate(args))
    value, pull = vjp(case.f, *args)
    w = weights(np.shape(value), 9)
    pulled = pull(w) if len(args) > 1 else (pull(w),)
    _, pushed = jvp(case.f, args, v)
    forward, backward = dot(w, pushed), sum(map(dot, pulled, v))
    scale = sum(dot(np.abs(p), np.abs(d)) for p, d in zip(pulled, v, strict=True))
    assert abs(forward - backward) <= 1e-13 * (scale + 1) or not np.isfinite(scale)
    for p, x in zip(pulled, args, strict=True):
        assert p.shape == x.shape


@either_weights
@every_case
def test_equal_entries_share_alike_on_both_ways(case: Case, weights: Any) -> None:
    entries = np.concatenate([x.ravel() for x in case.args])
    middle = np.median(entries) if entries.size else 0.5
    args = tuple(np.full_like(x, middle) for x in case.args)
    with np.errstate(all="ignore"), suppress(np.linalg.LinAlgError):  # refused, if singular
        check_transpose(case, args, weights)


@every_case
def test_derivatives_flow_through_cotangents_that_are_zero(case: Case) -> None:
    """A walk back is linear in its cotangent, so at 0 its derivative is the walk itself."""
    value, pull = vjp(case.f, *case.args)
    w, nothing = weights(np.shape(value), 9), np.zeros(np.shape(value))
    pulled = pull(w) if len(case.args) > 1 else (pull(w),)

    def pulled_together(w: Any) -> Any:
        images = vjp(case.f, *case.args)[1](w)
        return np.concatenate([np.ravel(i) for i in (images if len(case.args) > 1 else (images,))])

    flat = np.concatenate([p.ravel() for p in pulled])
    np.testing.assert_array_equal(pulled_together(nothing), np.zeros(flat.size))
    _, along = jvp(pulled_together, nothing, w)
    np.testing.assert_allclose(along, flat, rtol=1e-12, atol=1e-13)
    by_w = grad(lambda w: np.sum(pulled_together(w)))(nothing)
    _, pushed = jvp(case.f, case.args, tuple(map(np.ones_like, case.args)))
    np.testing.assert_allclose(by_w, pushed, rtol=1e-11, atol=1e-12)


@every_case
def test_jacobians_of_jacobians_agree_in_all_modes(case: Case) -> None:
    """Each batch of seeds has an axis of its own."""
    few = [i for i, x in enumerate(case.args) if x.size <= 24]
    for i in few[:2]:
        found = [
            jacobian(jacobian(case.f, i, mode=inner), i, mode=outer)(*case.args)
            for inner in ("forward", "reverse")
            for outer in ("forward", "reverse")
        ]
        scale = 1 + np.max(np.abs(found[0]), initial=0.0)
        for second in found[1:]:
            np.testing.assert_allclose(second, found[0], rtol=1e-9, atol=1e-10 * scale)
        x = case.args[i]
        u = weights(x.shape, 20)

        def first(x: Any, i: int = i) -> Any:
            return jacobian(case.f, i)(*case.args[:i], x, *case.args[i + 1 :])

        axes = x.ndim
        expected = richardson(first, (x,), (u,))
        actual = np.tensordot(found[0], u, axes)
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6 * scale)


@either_weights
@every_case
def test_second_order_agrees_with_differences_of_the_first(case: Case, weights: Any) -> None:
    v = tuple(weights(x.shape, i) for i, x in enumerate(case.args))
    w = weights(np.shape(case.f(*case.args)), 9)

    def slope(*xs: np.ndarray) -> np.ndarray:  # one number: the derivative along v, weighted
        return np.sum(w * jvp(case.f, xs, v)[1])

    u = [weights(x.shape, 20 + i) for i, x in enumerate(case.args)]
    expected = richardson(slope, case.args, u)
    gradients = grad(slope, argnums=tuple(range(len(case.args))))(*case.args)
    scale = 1 + sum(float(np.abs(g).sum()) for g in gradients)
    assert abs(sum(map(dot, gradients, u)) - expected) <= 1e-7 * scale
    assert abs(jvp(slope, case.args, tuple(u))[1] - expected) <= 1e-7 * scale

    def pulled(*xs: np.ndarray) -> np.ndarray:  # the same, backward over backward
        images = vjp(case.f, *xs)[1](w)
        images = images if len(xs) > 1 else (images,)
        return sum(np.sum(i * d) for i, d in zip(images, v, strict=True))

    assert abs(jvp(pulled, case.args, tuple(u))[1] - expected) <= 1e-7 * scale


@every_case
def test_a_batch_of_seeds_is_a_loop_over_them(case: Case) -> None:
    value, pull = vjp(case.f, *case.args)
    for i, x in enumerate(case.args):
        columns = []
        for seed in np.eye(x.size):
            directions = [np.zeros_like(a) for a in case.args]
            directions[i] = seed.reshape(x.shape)
            columns.append(jvp(case.f, case.args, tuple(directions))[1])
        shape = np.shape(value) + x.shape
        expected = np.stack(columns, axis=-1).reshape(shape) if columns else np.zeros(shape)
        rows = (
            [np.asarray(pull(seed.reshape(np.shape(value)))) for seed in np.eye(np.size(value))]
            if len(case.args) == 1
            else [
                np.asarray(pull(seed.reshape(np.shape(value)))[i])
                for seed in np.eye(np.size(value))
            ]
        )
        # One entry more on either side makes the Jacobian go the other way.
        many = jacobian(
            lambda *a, i=i: np.concatenate([np.ravel(case.f(*a)), np.zeros(a[i].size)]), i
        )
        few = jacobian(lambda pad, *a: case.f(*a) + 0 * np.sum(pad), argnums=(0, i + 1))
        forward = many(*case.args)[: np.size(value)].reshape(shape)
        backward = few(np.zeros(np.size(value) + 1), *case.args)[1]
        np.testing.assert_allclose(forward, expected, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(backward, expected, rtol=1e-12, atol=1e-13)
        if rows:
            np.testing.assert_allclose(
                np.stack(rows).reshape(shape), expected, rtol=1e-12, atol=1e-13
            )


@every_case
def test_float32_stays_float32(case: Case) -> None:
    args = tuple(x.astype(np.float32) for x in case.args)
    value, pull = vjp(case.f, *args)
    # NumPy's own result is float64 where a float64 constant takes part.
    assert value.dtype in (np.float32, case.f(*args).dtype)
    w = np.ones(np.shape(value), np.float32)
    pulled = pull(w) if len(args) > 1 else (pull(w),)
    exact = vjp(case.f, *(a.astype(np.float64) for a in args))[1](w)
    exact = exact if len(args) > 1 else (exact,)
    for p, e in zip(pulled, exact, strict=True):
        assert p.dtype == np.float32
        np.testing.assert_allclose(p, e, rtol=1e-4, atol=1e-4)
    _, pushed = jvp(case.f, args, tuple(np.ones_like(a) for a in args))
    assert pushed.dtype == value.dtype


HOLOMORPHIC = [c for c in CASES if (c.analytic if c.holomorphic is None else c.holomorphic)]


@pytest.mark.parametrize("case", HOLOMORPHIC, ids=str)
def test_complex_arguments(case: Case) -> None:
    """A holomorphic function has one derivative: along 1 and along i, forward and backward."""
    args = tuple(x * (1 + 0.1j) for x in case.args)
    v = tuple(weights(x.shape, i) for i, x in enumerate(args))
    _, along_one = jvp(case.f, args, v)
    _, along_i = jvp(case.f, args, tuple(1j * d for d in v))
    np.testing.assert_allclose(along_i, 1j * along_one, rtol=1e-12)
    value, pull = vjp(case.f, *args)
    w = weights(np.shape(value), 9)
    pulled = pull(w) if len(args) > 1 else (pull(w),)
    backward = sum(np.sum(p * d) for p, d in zip(pulled, v, strict=True))
    np.testing.assert_allclose(np.sum(w * along_one), backward, rtol=1e-12, atol=1e-13)
    h = 1e-6
    difference = (
        case.f(*(a + h * d for a, d in zip(args, v, strict=True)))
        - case.f(*(a - h * d for a, d in zip(args, v, strict=True)))
    ) / (2 * h)
    np.testing.assert_allclose(along_one, difference, rtol=1e-6, atol=1e-6)
