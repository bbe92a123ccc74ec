"""logsumexp, softmax and cross-entropy: infinite and empty arguments, confident predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from autodiff import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log_softmax,
    logsumexp,
    softmax,
    softmax_cross_entropy,
    vjp,
)

inf = np.inf


def gradient(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return grad(lambda x: np.sum(f(x)))


class TestLogSumExp:
    """A warning would be an error in these tests."""

    @pytest.mark.parametrize(
        ("x", "value", "shares"),
        [
            ([-inf, -inf], -inf, [0.5, 0.5]),
            ([-inf, 0.0, 0.0], np.log(2), [0, 0.5, 0.5]),
            ([inf, 1.0, inf, -inf], inf, [0.5, 0, 0.5, 0]),
            ([inf, -inf], inf, [1, 0]),
            ([1e6, 1e6 + 1], 1e6 + np.logaddexp(0, 1), [special.expit(-1), special.expit(1)]),
            ([0.0, -40.0], np.exp(-40), [1, np.exp(-40)]),
            ([3.0], 3.0, [1]),
            ([], -inf, []),
        ],
    )
    def test_value_and_derivatives(self, x: Any, value: float, shares: Any) -> None:
        x, shares = np.array(x, float), np.array(shares, float)
        assert logsumexp(x) == pytest.approx(value, rel=1e-14)
        for keepdims in (False, True):
            f = lambda x, k=keepdims: logsumexp(x, keepdims=k)  # noqa: E731
            np.testing.assert_allclose(gradient(f)(x), shares, rtol=1e-14)
            for mode in ("forward", "reverse"):
                J = jacobian(f, mode=mode)(x)
                np.testing.assert_allclose(J.reshape(-1), shares, rtol=1e-14)
            assert jvp(f, x, np.ones_like(x))[1].sum() == pytest.approx(shares.sum(), rel=1e-14)
        bend = np.diag(shares) - np.outer(shares, shares) if np.isfinite(value) else 0
        np.testing.assert_allclose(
            hessian(logsumexp)(x), bend + np.zeros((x.size,) * 2), atol=1e-16
        )
        np.testing.assert_allclose(hvp(logsumexp, x, np.ones_like(x)), 0 * shares, atol=1e-16)

    def test_along_axes(self) -> None:
        x = np.array([[-inf, -inf, -inf], [0.0, -inf, 0.0], [1.0, inf, 1.0]])
        rows = [[1 / 3] * 3, [0.5, 0, 0.5], [0, 1, 0]]
        assert logsumexp(x, 1).tolist() == [-inf, np.log(2), inf]
        for f in (lambda x: logsumexp(x, 1), lambda x: logsumexp(x.T, 0)):
            np.testing.assert_allclose(vjp(f, x)[1](np.ones(3)), rows)
        assert gradient(logsumexp)(x).tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]
        np.testing.assert_allclose(softmax(x), rows)
        np.testing.assert_allclose(np.exp(log_softmax(x)), rows)

    @pytest.mark.parametrize("axis", [0, 1, (0, 1), None])
    @pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
    def test_of_nothing(self, shape: tuple[int, int], axis: Any) -> None:
        x = np.ones(shape)
        assert np.all(logsumexp(x, axis) == -inf)
        assert gradient(lambda x: logsumexp(x, axis))(x).shape == shape
        assert np.all(jvp(lambda x: logsumexp(x, axis), x, x)[1] == 0)
        assert softmax(x).shape == log_softmax(x).shape == shape

    def test_nan_passes(self) -> None:
        assert np.isnan(logsumexp(np.array([-inf, np.nan])))
        assert np.all(np.isnan(gradient(logsumexp)(np.array([0.0, np.nan]))))


class TestConfidentPredictions:
    """Where one probability is nearly 1, what it lacks has all its digits."""

    logits = np.array([40.0, 0.0, -700.0])
    rest = np.exp(-40)

    def test_logarithms(self) -> None:
        expected = [-self.rest, -40, -740]
        np.testing.assert_allclose(log_softmax(self.logits), expected, rtol=1e-14)
        np.testing.assert_allclose(log_softmax(self.logits + 1e6)[:2], expected[:2], rtol=1e-14)

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_derivatives(self, mode: str) -> None:
        rest, tiny = self.rest, np.exp(-740)
        J = jacobian(log_softmax, mode=mode)(self.logits)
        expected = [[rest, -rest, -tiny], [-1, 1, -tiny], [-1, -rest, 1]]
        np.testing.assert_allclose(J, expected, rtol=1e-14)
        J = jacobian(softmax, mode=mode)(self.logits)[:2, :2]
        np.testing.assert_allclose(J, [[rest, -rest], [-rest, rest]], rtol=1e-14)

    def test_cross_entropy(self) -> None:
        logits, labels = self.logits[None, :2], [0]
        f = lambda x: softmax_cross_entropy(x, labels)  # noqa: E731
        assert f(logits) == pytest.approx(self.rest, rel=1e-14, abs=0)
        expected = np.array([[-self.rest, self.rest]])
        np.testing.assert_allclose(grad(f)(logits), expected, rtol=1e-14)
        np.testing.assert_allclose(jacobian(f, mode="forward")(logits), expected, rtol=1e-14)
        bend = self.rest * np.array([[1, -1], [-1, 1]])
        np.testing.assert_allclose(hessian(f)(logits)[0, :, 0], bend, rtol=1e-14)
