"""Eigenvalues and singular values that are equal: what is determined is right, the rest refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad, hessian, hvp, jacobian, jvp, taylor, vjp
from tests.autodiff.cases.case import real
from tests.autodiff.oracles import richardson

L: Any = np.linalg
TWICE = np.diag([2.0, 2.0, 5.0])
SWAP = np.array([[0.0, 1.0], [1.0, 0.0]])


def symmetric(x: Any) -> Any:
    return (x + np.swapaxes(x, -1, -2)) / 2


def rebuilt(x: Any) -> Any:
    w, v = L.eigh(x)
    return (v * w) @ v.T


def rebuilt_general(x: Any) -> Any:
    w, v = L.eig(x)
    return np.real((v * w) @ L.inv(v))


def rebuilt_by_svd(x: Any) -> Any:
    u, s, vh = L.svd(x, full_matrices=False)
    return (u * s) @ vh


REBUILT = {"eigh": rebuilt, "eig": rebuilt_general, "svd": rebuilt_by_svd}
VALUES: dict[str, Callable[[Any], Any]] = {
    "eigvalsh": L.eigvalsh,
    "eigh": lambda x: L.eigh(x)[0],
    "svdvals": L.svdvals,
    "svd": lambda x: L.svd(x)[1],
    "eigvals": L.eigvals,
    "eig": lambda x: L.eig(x)[0],
}


@pytest.mark.parametrize("name", REBUILT)
class TestVectorsOfEqualValues:
    """The matrix built from them is the matrix itself, which no rule can see."""

    def test_their_tangent_is_refused(self, name: str) -> None:
        for x, t in ((np.eye(2), SWAP), (TWICE, np.ones((3, 3)))):
            with pytest.raises(L.LinAlgError, match=rf"{name} met equal"):
                jvp(REBUILT[name], x, t)

    def test_their_cotangent_is_refused(self, name: str) -> None:
        f = REBUILT[name]
        for x in (np.eye(2), TWICE):
            for weights in (np.ones_like(x), real(*x.shape)):
                with pytest.raises(L.LinAlgError, match="of the matrix without its"):
                    grad(lambda x, f=f, w=weights: np.sum(w * f(x)))(x)

    def test_in_jacobians_too(self, name: str) -> None:
        for mode in ("forward", "reverse"):
            with pytest.raises(L.LinAlgError):
                jacobian(REBUILT[name], mode=mode)(TWICE)

    def test_one_matrix_of_a_stack_is_enough(self, name: str) -> None:
        def f(x: Any) -> Any:
            return np.stack([REBUILT[name](x[0]), REBUILT[name](x[1])])

        x = np.stack([np.diag([1.0, 2.0]), np.eye(2)])
        with pytest.raises(L.LinAlgError):
            jvp(f, x, np.ones((2, 2, 2)))
        t = np.stack([SWAP, np.zeros((2, 2))])
        np.testing.assert_allclose(jvp(f, x, t)[1], t, atol=1e-15)

    def test_values_beside_them_stay(self, name: str) -> None:
        decomposition = {"eigh": L.eigh, "eig": L.eig, "svd": L.svd}[name]
        i = 1 if name == "svd" else 0
        np.testing.assert_allclose(
            grad(lambda x: np.real(np.sum(decomposition(x)[i])))(TWICE), np.eye(3), atol=1e-14
        )

    def test_distinct_values_rebuild_the_matrix_in_every_walk(self, name: str) -> None:
        x, t = np.diag([1.0, 2.0, 5.0]), symmetric(real(3, 3))
        f, w = REBUILT[name], symmetric(real(3, 3)) + np.eye(3)
        np.testing.assert_allclose(jvp(f, x, t)[1], t, atol=1e-13)
        np.testing.assert_allclose(symmetric(grad(lambda x: np.sum(w * f(x)))(x)), w, atol=1e-13)
        second = hvp(lambda x: np.sum(w * f(x)), x, t)
        np.testing.assert_allclose(symmetric(second), 0, atol=1e-12)


class TestOtherVectors:
    def test_where_a_function_of_the_values_vanishes_they_still_count(self) -> None:
        # log A at diag(1, 1, 5) moves by dA in the corner of ones; the cotangents there are 0.
        for d in (np.diag([1.0, 1.0, 5.0]), np.eye(2)):
            for decompose in (L.eigh, L.eig):

                def log(x: Any, decompose: Any = decompose) -> Any:
                    w, v = decompose(x)
                    return np.sum((v * np.log(w)) @ L.inv(v))

                with pytest.raises(L.LinAlgError):
                    grad(log)(d)
                with pytest.raises(L.LinAlgError):
                    grad(lambda x, log=log: log(x[0]) + log(x[1]))(np.stack([d, d + SWAP[0, 0]]))

    def test_a_low_rank_rebuilt_from_its_singular_vectors_is_refused(self) -> None:
        for x in (np.eye(3, 2) * [1, 0], np.diag([1.0, 0, 0]), np.eye(2, 3) * [[1], [0]]):
            with pytest.raises(L.LinAlgError):
                grad(lambda x: np.sum(rebuilt_by_svd(x)))(x)

    def test_the_null_vector_of_a_complex_matrix_has_a_phase(self) -> None:
        x = np.diag([1.0 + 0j, 0])
        with pytest.raises(L.LinAlgError):
            jvp(rebuilt_by_svd, x, np.full((2, 2), 1 + 1j))
        with pytest.raises(L.LinAlgError):
            grad(lambda x: np.sum(np.imag(rebuilt_by_svd(x))))(x)

    def test_null_vectors_beside_others_are_refused(self) -> None:
        tall = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
        for x, i in ((tall, 0), (tall.T, 2), (np.zeros((2, 2)), 0), (np.zeros((2, 2)), 2)):
            with pytest.raises(L.LinAlgError):
                jvp(lambda x, i=i: L.svd(x, False)[i], x, np.ones(x.shape))
            with pytest.raises(L.LinAlgError):
                grad(lambda x, i=i: np.sum(L.svd(x, False)[i]))(x)

    def test_the_null_vector_of_a_square_matrix_is_right(self) -> None:
        x, d = np.array([[1.0, 2.0], [2.0, 4.0]]), real(2, 2)

        def null(x: Any) -> Any:
            v = L.svd(x)[2][1]
            return v[0] * v[1]

        np.testing.assert_allclose(jvp(null, x, d)[1], richardson(null, [x], [d]), rtol=1e-7)
        np.testing.assert_allclose(np.sum(grad(null)(x) * d), richardson(null, [x], [d]), rtol=1e-7)

    def test_equal_values_of_a_complex_matrix(self) -> None:
        with pytest.raises(L.LinAlgError):
            jvp(lambda x: np.real(L.eigh(x)[1]), np.eye(2) * (1 + 0j), SWAP * 1j * [[1], [-1]])


@pytest.mark.parametrize("name", VALUES)
class TestEqualValues:
    def test_symmetric_functions_are_right(self, name: str) -> None:
        f = VALUES[name]
        np.testing.assert_allclose(
            grad(lambda x: np.real(np.sum(f(x) ** 2)))(TWICE), 2 * TWICE, atol=1e-14
        )
        _, t = jvp(lambda x: np.real(np.sum(f(x) ** 3)), TWICE, np.eye(3))
        np.testing.assert_allclose(t, 3 * np.trace(TWICE**2), rtol=1e-13)

    def test_their_tangents_stay(self, name: str) -> None:
        moved = jvp(VALUES[name], TWICE, symmetric(real(3, 3)))[1]
        assert np.isfinite(moved).all()
        np.testing.assert_allclose(np.sum(moved), np.trace(real(3, 3)), rtol=1e-12)

    def test_a_single_one_has_a_subgradient(self, name: str) -> None:
        # That of the basis which LAPACK chose: it and its neighbour share the derivative.
        f = VALUES[name]
        each = [grad(lambda x, i=i: np.real(f(x)[i]))(TWICE) for i in range(3)]
        np.testing.assert_allclose(sum(each), np.eye(3), atol=1e-14)
        for x in each:
            np.testing.assert_allclose(np.trace(x), 1)

    def test_hessians_are_refused(self, name: str) -> None:
        def squares(x: Any) -> Any:
            return np.real(np.sum(VALUES[name](x) ** 2))

        with pytest.raises(L.LinAlgError):
            hessian(squares)(TWICE)
        with pytest.raises(L.LinAlgError):
            grad(lambda x: np.sum(real(3, 3) * grad(squares)(x)))(TWICE)

    def test_hessians_at_distinct_values_are_right(self, name: str) -> None:
        f, x, d = VALUES[name], np.diag([1.0, 2.0, 5.0]), symmetric(real(3, 3))

        def power(x: Any) -> Any:
            return np.real(np.sum(f(x) ** 3))  # the trace of X³, here

        second = hvp(power, x, d)
        np.testing.assert_allclose(symmetric(second), 3 * (x @ d + d @ x), rtol=1e-11)


class TestDefectiveMatrices:
    @pytest.mark.parametrize(
        "x", [[[1.0, 1.0], [0.0, 1.0]], [[3.0, 1.0], [-1.0, 1.0]], np.eye(3) + np.eye(3, k=1)]
    )
    def test_without_a_basis_of_eigenvectors_are_refused(self, x: Any) -> None:
        x = np.array(x)
        for f in (L.eigvals, lambda x: L.eig(x)[1], rebuilt_general):
            with pytest.raises(L.LinAlgError, match="without a basis of eigenvectors"):
                grad(lambda x, f=f: np.real(np.sum(f(x) ** 2)))(x)
            with pytest.raises(L.LinAlgError, match="without a basis of eigenvectors"):
                jvp(f, x, np.ones_like(x))

    def test_eigenvalues_that_are_equal_to_rounding_count_as_equal(self) -> None:
        rng = np.random.default_rng(0)
        for _ in range(40):
            P = rng.normal(size=(5, 5))
            x = P @ np.diag([2.0, 2, 5, -1, 3]) @ L.inv(P)
            with pytest.raises(L.LinAlgError):
                grad(lambda x: np.sum(rebuilt_general(x)))(x)
            Q = L.qr(P)[0]
            with pytest.raises(L.LinAlgError):
                grad(lambda x: np.sum(rebuilt(symmetric(x))))(Q @ np.diag([2.0, 2, 5, -1, 3]) @ Q.T)

    def test_without_entries_they_have_empty_gradients(self) -> None:
        assert grad(lambda x: np.real(np.sum(L.eig(x)[1])))(np.zeros((0, 0))).shape == (0, 0)
        assert grad(lambda x: np.real(np.sum(L.eig(x)[0])))(np.zeros((2, 0, 0))).shape == (2, 0, 0)


class TestSeries:
    def test_of_vectors_and_values_agrees_with_the_matrix(self) -> None:
        x, d = np.diag([1.0, 2.0, 5.0]), symmetric(real(3, 3))
        for f in (rebuilt, rebuilt_by_svd):
            series = taylor(lambda t, f=f: f(x + t * d)[0, 1], 0.0, 3)
            np.testing.assert_allclose(series(0.01), 0.01 * d[0, 1], atol=1e-14)

    def test_of_equal_values_is_refused(self) -> None:
        with pytest.raises((L.LinAlgError, ValueError)):
            taylor(lambda t: rebuilt(np.eye(2) + t * SWAP)[0, 1], 0.0, 3)


class TestPseudoInverses:
    """Second derivatives keep their digits at a condition of 4e4."""

    @pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3)])
    def test_of_full_rank(self, shape: tuple[int, int]) -> None:
        # A = Q S with orthonormal columns, or rows, and a diagonal S: the Hessian in closed form.
        small, wide = min(shape), shape[0] < shape[1]
        s = np.geomspace(1, 1 / 4e4, small)
        q = L.qr(real(max(shape), small))[0]

        def f(t: Any) -> Any:
            a = np.diag(t) @ q.T if wide else q * t
            return np.sum(np.linalg.pinv(a) @ a * real(shape[1], shape[1])) + np.sum(
                np.linalg.pinv(a) ** 2
            )

        expected = np.diag(6 / s**4)  # of Σ 1 / tᵢ²
        np.testing.assert_allclose(hessian(f)(s) * np.outer(s, s) ** 2, expected * s**4, atol=1e-9)

    def test_of_lower_rank_stay_right(self) -> None:
        u, v = real(4, 2), real(2, 3)
        d = real(4, 2)

        def f(t: Any) -> Any:
            return np.sum(np.linalg.pinv((u + t * d) @ v) * real(3, 4))

        np.testing.assert_allclose(hessian(f)(0.0), richardson(grad(f), [0.0], [1.0]), rtol=1e-6)


def test_a_vjp_of_vectors_alone_is_that_of_distinct_values() -> None:
    x = np.diag([1.0, 2.0]) + 0.1 * SWAP
    _, pull = vjp(lambda x: L.eigh(x).eigenvectors, x)
    assert np.isfinite(pull(np.ones((2, 2)))).all()
    assert L.eigh(Tensor(x)).eigenvalues.shape == (2,)
