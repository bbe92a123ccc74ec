"""numpy.linalg at singular matrices, ties and corners, of complex matrices, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, check_grads, grad, hessian, jacobian
from tests.autodiff.cases.case import positive, real
from tests.autodiff.oracles import richardson

L = np.linalg
NINE = np.arange(1.0, 10.0).reshape(3, 3)  # singular, though LU finds the determinant 7e-16


def complex_matrix(*shape: int) -> np.ndarray:
    return real(*shape) + 1j * positive(*shape) + 3 * np.eye(*shape[-2:])


def hermitian(z: Any) -> Any:
    return z + np.conj(np.swapaxes(z, -1, -2))


def agrees_with_differences(f: Callable[[Any], Any], z: np.ndarray) -> None:
    """Compare the derivative of a real function of a complex array with differences."""
    slope = np.real(grad(f)(z) * (d := real(*z.shape) + 1j * positive(*z.shape)))
    np.testing.assert_allclose(np.sum(slope), richardson(f, [z], [d]), rtol=1e-6, atol=1e-7)
    second = richardson(lambda z: np.sum(np.real(grad(f)(z) * d)), [z], [d])
    recorded = grad(lambda z: np.sum(np.real(grad(f)(z) * d)))(z)
    np.testing.assert_allclose(np.sum(np.real(recorded * d)), second, rtol=1e-6, atol=1e-6)


class TestDet:
    @pytest.mark.parametrize(
        "singular",
        [NINE, np.ones((3, 3)), np.zeros((3, 3)), np.diag([1.0, 0.0, 2.0]), np.zeros((1, 1))],
        ids=["rank 2", "rank 1", "rank 0", "a zero", "number"],
    )
    def test_at_a_singular_matrix(self, singular: np.ndarray) -> None:
        n = len(singular)
        cofactors = [
            [(-1) ** (i + j) * L.det(np.delete(np.delete(singular, i, 0), j, 1)) for j in range(n)]
            for i in range(n)
        ]
        np.testing.assert_allclose(grad(L.det)(singular), cofactors, atol=1e-13)
        check_grads(L.det, singular, order=2)

    def test_a_singular_matrix_in_a_stack(self) -> None:
        stack = np.stack([NINE, np.eye(3), np.zeros((3, 3))])
        gradient = grad(lambda x: np.sum(L.det(x)))(stack)
        np.testing.assert_allclose(gradient[1:], stack[1:])
        np.testing.assert_allclose(gradient[0], grad(L.det)(NINE))

    def test_the_third_derivative_at_zero(self) -> None:
        third = jacobian(hessian(L.det))(np.zeros((3, 3)))
        assert third[0, 0, 1, 1, 2, 2] == pytest.approx(1.0)
        assert third[0, 1, 1, 0, 2, 2] == pytest.approx(-1.0)

    def test_the_sign_is_a_constant(self) -> None:
        sign, log = L.slogdet(Tensor(-np.eye(3)))
        assert sign.data == -1.0
        assert not sign.requires_grad
        assert log.requires_grad

    def test_slogdet_says_that_a_singular_matrix_has_no_derivative(self) -> None:
        with pytest.raises(L.LinAlgError, match="slogdet has no finite derivative at a singular"):
            grad(lambda x: L.slogdet(x).logabsdet)(np.zeros((2, 2)))

    def test_slogdet_where_det_overflows(self) -> None:
        x = 1e200 * np.eye(3)
        np.testing.assert_allclose(grad(lambda x: L.slogdet(x)[1])(x), 1e-200 * np.eye(3))


class TestNorm:
    @pytest.mark.parametrize("order", [None, 1, 2, 3, 1.5, np.inf])
    def test_of_zero(self, order: Any) -> None:
        assert grad(lambda x: L.norm(x, order))(np.zeros(3)).tolist() == [0.0] * 3

    @pytest.mark.parametrize("order", [None, "nuc", 1, 2, np.inf])
    def test_of_a_zero_matrix(self, order: Any) -> None:
        assert not grad(lambda x: L.norm(x, order))(np.zeros((2, 2))).any()

    def test_of_one_zero_row_among_others(self) -> None:
        x = np.array([[3.0, 4.0], [0.0, 0.0]])
        gradient = grad(lambda x: np.sum(L.norm(x, axis=1)))(x)
        np.testing.assert_allclose(gradient, [[0.6, 0.8], [0.0, 0.0]])

    def test_the_hessian_where_an_entry_is_zero(self) -> None:
        np.testing.assert_allclose(hessian(L.norm)(np.array([2.0, 0.0])), [[0, 0], [0, 0.5]])

    def test_ties_share(self) -> None:
        assert grad(lambda x: L.norm(x, np.inf))(np.array([2.0, -2.0])).tolist() == [0.5, -0.5]
        np.testing.assert_allclose(grad(lambda x: L.norm(x, 2))(np.eye(2)), np.eye(2) / 2)

    def test_order_zero_counts_and_is_constant(self) -> None:
        assert L.norm(Tensor([0.0, 2.0]), 0).data == 1.0
        assert not L.norm(Tensor([0.0, 2.0]), 0).requires_grad

    @pytest.mark.parametrize("order", [None, 1, 3, np.inf])
    def test_of_complex_vectors(self, order: Any) -> None:
        agrees_with_differences(lambda z: L.norm(z, order), complex_matrix(1, 3)[0])

    @pytest.mark.parametrize("order", ["fro", "nuc", 1, 2])
    def test_of_complex_matrices(self, order: Any) -> None:
        agrees_with_differences(lambda z: L.norm(z, order), complex_matrix(3, 2))

    def test_refusals_name_the_order(self) -> None:
        with pytest.raises(ValueError, match="not 'spectral'"):
            L.norm(Tensor(np.eye(2)), "spectral")
        with pytest.raises(ValueError, match="not 'nuc'"):
            L.norm(Tensor(np.ones(2)), "nuc")
        with pytest.raises(ValueError, match=r"norm of shape \(1, 1, 1\)"):
            L.norm(Tensor(np.ones((1, 1, 1))), 2)


class TestHermitianMatrices:
    def test_only_the_triangle_that_is_read_counts(self) -> None:
        x = np.array([[2.0, 1.0], [1.0, 3.0]])
        for f in (L.eigvalsh, L.cholesky, lambda x: L.pinv(x, hermitian=True)):
            assert grad(lambda x, f=f: np.sum(f(x)))(x)[0, 1] == 0.0
        upper = grad(lambda x: np.sum(L.eigvalsh(x, UPLO="U") ** 2))(x)
        assert upper[1, 0] == 0.0
        assert upper[0, 1] == pytest.approx(4.0)


class TestComplexMatrices:
    """Real functions of complex matrices that do not depend on the phases of vectors."""

    w = np.arange(1.0, 4.0)

    def test_eigenvalues_of_hermitian_matrices(self) -> None:
        agrees_with_differences(
            lambda z: L.eigvalsh(hermitian(z)) @ self.w, complex_matrix(3, 3) * [1, 2, 4]
        )

    def test_eigenvectors_of_hermitian_matrices(self) -> None:
        def projector(z: Any) -> Any:
            values, v = L.eigh(hermitian(z))
            return np.sum(np.real((v * np.exp(-0.1 * values)) @ np.conj(v.T) * real(3, 3)))

        agrees_with_differences(projector, complex_matrix(3, 3) * [1, 2, 4])

    def test_singular_values(self) -> None:
        agrees_with_differences(
            lambda z: L.svdvals(z) @ self.w[:2], complex_matrix(2, 3) * [1, 2, 4]
        )

    @pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
    def test_singular_vectors(self, shape: tuple[int, int]) -> None:
        def filtered(z: Any) -> Any:
            u, s, vh = L.svd(z, full_matrices=False)
            return np.sum(np.real((u * np.exp(-s)) @ vh * real(*shape))) + np.sum(np.abs(u[0]) ** 4)

        agrees_with_differences(filtered, complex_matrix(*shape))

    @pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
    def test_qr(self, shape: tuple[int, int]) -> None:
        def weighted(z: Any) -> Any:
            q, r = L.qr(z)
            return np.sum(np.real(q)) + np.sum(np.imag(q) ** 2) + np.sum(np.real(r) * np.imag(r))

        agrees_with_differences(weighted, complex_matrix(*shape))

    @pytest.mark.parametrize("upper", [False, True])
    def test_cholesky(self, upper: bool) -> None:
        agrees_with_differences(
            lambda z: np.sum(np.real(c := L.cholesky(hermitian(z), upper=upper)) + np.imag(c) ** 2),
            complex_matrix(3, 3) + 5 * np.eye(3),
        )

    def test_eig(self) -> None:
        def weighted(z: Any) -> Any:
            values, v = L.eig(z)
            return np.sum(np.real(v) * self.w + np.imag(v)) + np.abs(values) @ self.w

        agrees_with_differences(weighted, complex_matrix(3, 3) * [1, 2, 4])

    @pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
    def test_pinv_and_lstsq(self, shape: tuple[int, int]) -> None:
        b = complex_matrix(shape[0], 4)[:, 2:]
        agrees_with_differences(
            lambda z: np.sum(np.real(L.pinv(z)) + np.imag(L.pinv(z)) ** 2), complex_matrix(*shape)
        )
        agrees_with_differences(
            lambda z: np.sum(np.abs(L.lstsq(z, b * z[0, 0])[0])), complex_matrix(*shape)
        )

    def test_slogdet(self) -> None:
        agrees_with_differences(
            lambda z: np.real(L.slogdet(z)[0]) + L.slogdet(z)[1], complex_matrix(3, 3)
        )


class TestResultsAreNumpys:
    def test_several_results_have_names(self) -> None:
        x = Tensor(np.eye(2))
        assert L.eigh(x).eigenvectors.shape == (2, 2)
        assert L.eig(x).eigenvalues.dtype == np.float64
        assert L.svd(x).S.shape == (2,)
        assert L.qr(x).R.shape == (2, 2)
        assert L.slogdet(x).sign.data == 1.0

    def test_lstsq_residuals_rank_and_singular_values(self) -> None:
        for a, b in [(real(4, 2), real(4)), (real(4, 2), real(4, 3)), (real(2, 3), real(2))]:
            for ours, numpys in zip(L.lstsq(Tensor(a), b), L.lstsq(a, b), strict=True):
                ours = ours.data if isinstance(ours, Tensor) else ours
                np.testing.assert_allclose(ours, numpys, atol=1e-14)

    def test_second_derivatives_of_residuals_that_vanish(self) -> None:
        a = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        normal = np.array([1.0, 1.0, -1.0]) / np.sqrt(3)  # to its columns
        for b in (np.zeros(3), a @ [2.0, -1.0], normal):
            found = hessian(lambda b: L.lstsq(a, b)[1][0])(b)
            np.testing.assert_allclose(found, 2 * np.outer(normal, normal), atol=1e-14)

    def test_lstsq_of_a_matrix_of_low_rank(self) -> None:
        x, residuals, rank, _ = L.lstsq(Tensor(np.ones((4, 2))), np.arange(4.0))
        assert (rank, residuals.size) == (1, 0)
        np.testing.assert_allclose(x.data, [0.75, 0.75])

    def test_rank_is_a_constant(self) -> None:
        assert L.matrix_rank(Tensor(NINE)) == 2

    def test_pinv_with_numpys_newer_cutoff(self) -> None:
        x = np.diag([1.0, 1e-17])
        assert L.pinv(Tensor(x), rtol=None).data.tolist() == [[1.0, 0.0], [0.0, 0.0]]

    def test_integers(self) -> None:
        x = Tensor(np.array([[2, 1], [1, 3]]))
        assert L.det(x).data == pytest.approx(5.0)
        assert L.norm(x).data == pytest.approx(15**0.5)

    def test_a_condition_number_is_infinite_without_a_warning(self) -> None:
        assert L.cond(Tensor(np.zeros((2, 2)) + np.diag([1.0, 0.0]))).data == np.inf


class TestRefusals:
    def test_vectors_that_are_arbitrary(self) -> None:
        with pytest.raises(ValueError, match=r"svd of shape \(3, 2\).*full_matrices=False"):
            L.svd(Tensor(np.ones((3, 2))))
        with pytest.raises(ValueError, match=r"qr of shape \(3, 2\) with mode='complete'"):
            L.qr(Tensor(np.ones((3, 2))), "complete")

    def test_matrices_without_a_derivative(self) -> None:
        with pytest.raises(L.LinAlgError, match="qr has no derivative at a matrix without full"):
            grad(lambda x: np.sum(L.qr(x)[0]))(np.zeros((2, 2)))

    def test_shapes_that_do_not_fit(self) -> None:
        x = Tensor(np.ones((3, 2)))
        with pytest.raises(ValueError, match=r"solve of .*\(3, 2\)"):
            L.solve(x, np.ones(3))
        with pytest.raises(ValueError, match=r"inv of .*\(3, 2\)"):
            L.inv(x)
        with pytest.raises(ValueError, match=r"\(3, 2\)"):
            L.eigh(x)
        with pytest.raises(ValueError, match=r"det of .*\(3, 2\)"):
            L.det(x)
        with pytest.raises(ValueError, match=r"lstsq of shapes \(3, 2\) and \(4,\)"):
            L.lstsq(x, np.ones(4))
        with pytest.raises(ValueError, match=r"matrix_power of shape \(3, 2\)"):
            L.matrix_power(x, 2)
        with pytest.raises(ValueError, match=r"tensorinv of shape \(3, 2\)"):
            L.tensorinv(x, 1)
        with pytest.raises(ValueError, match=r"tensorsolve of shapes \(3, 2\)"):
            L.tensorsolve(x, np.ones(3))

    def test_two_cutoffs_at_once(self) -> None:
        with pytest.raises(ValueError, match="rcond or rtol"):
            L.pinv(Tensor(np.eye(2)), 1e-8, rtol=1e-8)


def test_the_right_hand_side_is_a_vector_only_with_one_axis() -> None:
    a, b = np.stack([np.eye(2), 2 * np.eye(2)]), np.ones((2, 2))
    assert L.solve(Tensor(a), b).data.tolist() == L.solve(a, b).tolist()
    assert L.solve(Tensor(a), b[0]).data.tolist() == L.solve(a, b[0]).tolist()


@pytest.mark.parametrize("infinite", [np.inf, -np.inf, np.nan])
def test_the_determinant_of_what_is_not_finite_has_no_derivative_but_an_end(infinite):
    x = np.array([infinite, 2.0, 0.0, 3.0, 4.0, 5.0])
    with np.errstate(all="ignore"):
        slopes = grad(lambda x: np.linalg.det(np.diag(x) + 1))(x)
        both = [np.eye(6), 2 * np.eye(6)]
        several = grad(lambda x: np.sum(np.linalg.det(np.stack([e * x + 1 for e in both]))))(x)
    assert not np.isfinite(slopes).all()
    assert not np.isfinite(several).all()
