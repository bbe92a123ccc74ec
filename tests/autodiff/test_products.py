"""Products at special shapes, of complex numbers, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad, jacobian
from autodiff._core.walks import ancestors
from tests.autodiff.cases.case import positive, real


def complex_numbers(*shape: int) -> np.ndarray:
    return real(*shape) + 1j * positive(*shape)


class TestComplexOperands:
    """Products that conjugate an operand have NumPy's value and the derivative of it."""

    @pytest.mark.parametrize("name", ["vdot", "vecdot", "correlate", "vecmat"])
    def test_the_first_or_second_operand_is_conjugated(self, name: str) -> None:
        if not hasattr(np, name):
            pytest.skip("NumPy 2.2 added it")
        f = getattr(np, name)
        x, y = complex_numbers(3), complex_numbers(3, 3) if name == "vecmat" else positive(3) * 1j
        np.testing.assert_allclose(f(Tensor(x), Tensor(y)).data, f(x, y))
        for i, (z, d) in enumerate([(x, complex_numbers(*x.shape)), (y, 1j * y - 1)]):

            def size(z: Any, i: int = i) -> Any:
                out = f(z, y) if i == 0 else f(x, z)
                return np.sum(np.real(out) * 2 + np.imag(out))

            h = 1e-6  # the functions are linear over the reals
            expected = (size(z + h * d) - size(z - h * d)) / (2 * h)
            np.testing.assert_allclose(np.sum(np.real(grad(size)(z) * d)), expected, rtol=1e-8)


class TestConvolution:
    @pytest.mark.parametrize("mode", ["full", "same", "valid"])
    @pytest.mark.parametrize("lengths", [(6, 4), (4, 6), (5, 2), (1, 3)])
    def test_jacobians_of_jacobians_are_those_of_the_products(
        self, mode: str, lengths: tuple[int, int]
    ) -> None:
        x, y = real(lengths[0]), positive(lengths[1])
        mixed = jacobian(jacobian(lambda x, y: np.correlate(x, y, mode), 0), 1)(x, y)
        for i, row in enumerate(np.eye(len(x))):
            for j, column in enumerate(np.eye(len(y))):
                expected = np.correlate(row, column, mode)
                np.testing.assert_allclose(mixed[:, i, j], expected, atol=1e-15)

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="not 'wrap'"):
            np.convolve(Tensor(np.ones(3)), np.ones(2), "wrap")
        with pytest.raises(ValueError, match=r"\(2, 2\)"):
            np.convolve(Tensor(np.ones((2, 2))), np.ones(2))


class TestCross:
    def test_vectors_in_the_plane(self) -> None:
        a, b, c = np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([3.0, 5.0, 7.0])
        assert np.cross(Tensor(a), b).data == -1.0
        assert np.cross(Tensor(a), c).data.tolist() == [14.0, -7.0, -1.0]
        assert np.cross(c, Tensor(a)).data.tolist() == [-14.0, 7.0, 1.0]
        assert grad(lambda a: np.cross(a, b))(a).tolist() == [5.0, -3.0]

    def test_other_lengths(self) -> None:
        with pytest.raises(ValueError, match="2 or 3 entries, not of 4 and 3"):
            np.cross(Tensor(np.ones(4)), np.ones(3))
        with pytest.raises(ValueError, match="vectors of 3 entries"):
            np.linalg.cross(Tensor(np.ones(2)), np.ones(3))


class TestEinsum:
    def test_implicit_output_of_lists_is_in_the_order_of_the_numbers(self) -> None:
        x = real(2, 3, 4)
        expected = np.einsum(x, [30, 2, 27])
        np.testing.assert_array_equal(np.einsum(Tensor(x), [30, 2, 27]).data, expected)

    def test_a_path_is_a_constant(self) -> None:
        path, _ = np.einsum_path("ij,jk", Tensor(real(2, 3)), real(3, 4))
        assert path == np.einsum_path("ij,jk", real(2, 3), real(3, 4))[0]

    @pytest.mark.parametrize(
        ("subscripts", "shapes"),
        [
            ("ij,jk", [(2, 3)]),
            ("ijk", [(2, 3)]),
            ("ii", [(1, 3)]),
            ("...i->i", [(2, 3)]),
            ("ij->ik", [(2, 3)]),
            ("ij,jk", [(2, 3), (4, 4)]),
        ],
    )
    def test_what_numpy_refuses(self, subscripts: str, shapes: list[tuple[int, ...]]) -> None:
        with pytest.raises(ValueError, match="einsum"):
            np.einsum(subscripts, *(Tensor(real(*shape)) for shape in shapes))


class TestMistakes:
    @pytest.mark.parametrize(
        ("name", "shapes"),
        [
            ("matmul", [(2, 3), (2, 3)]),
            ("matmul", [(2, 3), (4,)]),
            ("matmul", [(4,), (2, 3)]),
            ("matmul", [(1,), (3,)]),
            ("matmul", [(), (3,)]),
            ("dot", [(4, 2, 3), (2,)]),
            ("inner", [(2, 3), (2,)]),
            ("tensordot", [(2, 3), (3, 2)]),
            ("vecdot", [(2, 1), (3,)]),
        ],
    )
    def test_an_error_names_the_shapes(self, name: str, shapes: list[tuple[int, ...]]) -> None:
        x, y = (Tensor(real(*shape)) for shape in shapes)
        with pytest.raises(ValueError, match=r"of .*shape") as caught:
            getattr(np, name)(x, y)
        assert all(str(shape) in str(caught.value) for shape in shapes)

    def test_chains(self) -> None:
        with pytest.raises(ValueError, match="two matrices or more"):
            np.linalg.multi_dot([Tensor(np.eye(2))])
        with pytest.raises(ValueError, match="two vectors expected"):
            np.linalg.outer(Tensor(np.eye(2)), np.ones(2))


def test_a_chain_is_multiplied_in_the_cheapest_order() -> None:
    column, line = Tensor(np.ones((50, 1))), np.ones((1, 50))
    out = np.linalg.multi_dot([column, line, column, line])
    largest = {x.size for y in ancestors([out])[0] for x in y._values if isinstance(x, np.ndarray)}
    assert max(largest) == 50
