"""Elementwise functions where they have corners, poles, steps and cuts; ufuncs' methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest
from scipy import special

from autodiff import Tensor, grad, jacobian, jvp, vjp

inf, nan = np.inf, np.nan
X = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.25]])


def slopes(f: Callable[..., Any], *args: float) -> list[float]:
    """The derivative by each argument."""
    return [float(g) for g in grad(f, tuple(range(len(args))))(*args)]


def nth(f: Callable[[Any], Any], n: int) -> Callable[[Any], Any]:
    return reduce(lambda f, _: grad(f), range(n), f)


class TestInfinity:
    @pytest.mark.parametrize("f", [np.logaddexp, np.logaddexp2])
    def test_logaddexp(self, f: Any) -> None:
        assert slopes(f, inf, inf) == [0.5, 0.5]
        assert slopes(f, -inf, -inf) == [0.5, 0.5]
        assert slopes(f, inf, 1.0) == [1.0, 0.0]
        assert slopes(f, 1.0, -inf) == [1.0, 0.0]
        assert slopes(f, -inf, inf) == [0.0, 1.0]

    def test_logaddexp_is_right_far_out(self) -> None:
        assert slopes(np.logaddexp, 1e6, 1e6) == [0.5, 0.5]
        assert slopes(np.logaddexp, 0.0, -700.0) == [1.0, pytest.approx(np.exp(-700), rel=1e-12)]
        assert grad(grad(lambda x: np.logaddexp(0, x)))(-800.0) == 0.0
        assert grad(grad(lambda x: np.logaddexp(0, x)))(800.0) == 0.0

    def test_arctan2_neither_overflows_nor_ends_in_nan(self) -> None:
        assert slopes(np.arctan2, 1e200, 1e200) == pytest.approx([5e-201, -5e-201], rel=1e-12)
        assert slopes(np.arctan2, 1e-200, 1e-200) == pytest.approx([5e199, -5e199], rel=1e-12)
        assert slopes(np.arctan2, 1.0, inf) == [0.0, 0.0]
        assert slopes(np.arctan2, -inf, -inf) == [0.0, 0.0]

    def test_what_replaces_it_carries_no_derivative(self) -> None:
        x = np.array([inf, -inf, nan, 2.0])
        y, pull = vjp(lambda x: np.nan_to_num(x, nan=5.0, posinf=7.0), x)
        assert y.tolist() == [7.0, np.finfo(float).min, 5.0, 2.0]
        assert pull(np.ones(4)).tolist() == [0.0, 0.0, 0.0, 1.0]
        with np.errstate(divide="ignore"):
            assert grad(lambda x: np.nan_to_num(np.log(x * 0) * x))(1.0) == 0.0

    def test_nan_passes(self) -> None:
        for f in (np.exp2, np.log2, np.log10, np.cbrt, np.sinc, np.i0):
            assert np.isnan(grad(f)(nan))


class TestCorners:
    def test_fmax_and_fmin_ignore_nan(self) -> None:
        for f in (np.fmax, np.fmin):
            assert slopes(f, nan, 1.0) == [0.0, 1.0]
            assert slopes(f, 1.0, nan) == [1.0, 0.0]
            assert slopes(f, 1.0, 1.0) == [0.5, 0.5]

    def test_the_origin_of_arctan2(self) -> None:
        assert slopes(np.arctan2, 0.0, 0.0) == [0.0, 0.0]

    def test_all_quadrants_of_arctan2(self) -> None:
        for y, x in [(1.0, 2.0), (1.0, -2.0), (-1.0, -2.0), (-1.0, 2.0)]:
            assert slopes(np.arctan2, y, x) == pytest.approx([x / 5, -y / 5])

    def test_copysign(self) -> None:
        assert slopes(np.copysign, 2.0, -3.0) == [-1.0, 0.0]
        assert slopes(np.copysign, -2.0, -0.0) == [1.0, 0.0]
        assert slopes(np.copysign, 0.0, -3.0) == [0.0, 0.0]

    def test_heaviside(self) -> None:
        assert slopes(np.heaviside, 0.0, 0.5) == [0.0, 1.0]
        assert slopes(np.heaviside, 2.0, 0.5) == [0.0, 0.0]

    def test_vertical_tangents_are_infinite(self) -> None:
        assert grad(np.cbrt)(0.0) == inf
        assert grad(np.arcsin)(1.0) == inf
        assert grad(np.arccosh)(1.0) == inf

    def test_zero_stays_zero_there(self) -> None:
        assert grad(lambda x: np.where(x > 0, np.cbrt(x), 0.0))(0.0) == 0.0


class TestSteps:
    @pytest.mark.parametrize(("x", "y"), [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0)])
    def test_remainders_take_the_sign_of_either_operand(self, x: float, y: float) -> None:
        assert slopes(np.mod, x, y) == [1.0, -np.floor(x / y)]
        assert slopes(np.remainder, x, y) == [1.0, -np.floor(x / y)]
        assert slopes(np.fmod, x, y) == [1.0, -np.trunc(x / y)]

    def test_the_quotient_is_exact_where_the_division_rounds(self) -> None:
        assert 1.0 / 0.1 == 10.0
        assert slopes(np.fmod, 1.0, 0.1) == [1.0, -9.0]
        assert slopes(np.mod, 1.0, 0.1) == [1.0, -9.0]
        assert slopes(np.fmod, 1.0, inf) == [1.0, 0.0]

    def test_divmod_modf_and_frexp_are_numpys(self) -> None:
        for f, args in [(np.divmod, (X, 0.7)), (np.modf, (X,)), (np.frexp, (X,))]:
            actual = f(Tensor(args[0]), *args[1:])
            for a, expected in zip(actual, f(*args), strict=True):
                np.testing.assert_array_equal(a.data, expected)
            assert [a.requires_grad for a in actual] == (
                [False, True] if f is np.divmod else [True, False]
            )

    def test_modf_and_frexp_of_special_numbers(self) -> None:
        x = np.array([inf, -inf, -0.0, -2.5, 5e-324])
        for f in (np.modf, np.frexp):
            for a, expected in zip(f(Tensor(x)), f(x), strict=True):
                np.testing.assert_array_equal(a.data, expected)

    def test_ldexp_where_the_power_of_two_alone_overflows(self) -> None:
        assert np.ldexp(Tensor(1e-300), 1100).data == np.ldexp(1e-300, 1100)

    def test_unwrapped_angles_move_with_the_angles(self) -> None:
        angles = np.array([0.0, 3.0, -3.0, 0.5])
        assert np.array_equal(jacobian(np.unwrap)(angles), np.eye(4))


class TestSeriesAroundZero:
    @pytest.mark.parametrize("n", range(1, 7))
    def test_every_derivative_of_sinc_at_zero(self, n: int) -> None:
        expected = (-1) ** (n // 2) * np.pi**n / (n + 1) if n % 2 == 0 else 0.0
        assert nth(np.sinc, n)(0.0) == pytest.approx(expected, rel=1e-13, abs=1e-13)

    @pytest.mark.parametrize("x", [1e-300, 1e-8, 0.4999999, 0.5, 3.0, 1e5, -0.3])
    def test_slope_of_sinc_is_a_spherical_bessel_function(self, x: float) -> None:
        expected = -np.pi * special.spherical_jn(1, abs(np.pi * x)) * np.sign(x)
        assert grad(np.sinc)(x) == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("x", [0.0, 1e-300, 1e-5, -2.0, 10.0, 100.0, -700.0])
    def test_slope_of_i0_is_i1(self, x: float) -> None:
        assert grad(np.i0)(x) == pytest.approx(special.i1(x), rel=1e-13)
        assert grad(grad(np.i0))(x) == pytest.approx(special.ivp(0, x, 2), rel=1e-12)

    def test_derivatives_of_i0_at_zero(self) -> None:
        assert [float(nth(np.i0, n)(0.0)) for n in range(1, 5)] == pytest.approx(
            [0, 1 / 2, 0, 3 / 8]
        )


class TestChoices:
    def test_where_with_a_condition_alone_gives_indices(self) -> None:
        rows, columns = np.where(Tensor(X) > 1)
        assert rows.tolist() == [0, 0, 1]
        assert columns.tolist() == [0, 2, 1]

    def test_where_with_one_choice_is_refused(self) -> None:
        with pytest.raises(ValueError, match="either both or neither of x and y"):
            np.where(X > 1, Tensor(X))

    def test_select_takes_the_first_condition_that_holds(self) -> None:
        f = grad(lambda x: np.sum(np.select([x > 3, x > 1], [10 * x, x * x], -x)))
        assert f(np.array([0.0, 2.0, 4.0])).tolist() == [-1.0, 4.0, 10.0]

    def test_select_of_unequal_lists_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not 1 conditions and 2 choices"):
            np.select([X > 0], [Tensor(X), X])

    def test_piecewise_calls_each_function_on_its_own_piece(self) -> None:
        x = np.array([4.0, -1.0, 0.0, 9.0])
        f = grad(lambda x: np.sum(np.piecewise(x, [x > 0, x < 0], [np.sqrt, np.negative])))
        assert f(x).tolist() == [1 / 4, -1.0, 0.0, 1 / 6]  # without a warning from √-1

    def test_piecewise_with_parameters_outside(self) -> None:
        slope = grad(
            lambda a: np.sum(np.piecewise(Tensor(X), [X > 0], [lambda x: a * x, lambda x: a**2]))
        )
        assert slope(3.0) == X[X > 0].sum() + 6 * np.sum(X <= 0)

    @pytest.mark.parametrize(
        ("conditions", "functions", "message"),
        [
            ([X[0] > 0], [np.exp], r"conditions of the shape \(2, 3\) of x, not \(1, 3\)"),
            ([X > 0], [np.exp] * 3, "each of the 1 conditions .* not 3"),
        ],
    )
    def test_piecewise_that_does_not_fit(
        self, conditions: Any, functions: Any, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            np.piecewise(Tensor(X), conditions, functions)

    def test_unique_entries(self) -> None:
        x = np.array([3.0, 1.0, 3.0, 2.0])
        values, *facts = np.unique(Tensor(x), True, True, True)
        for actual, expected in zip((values, *facts), np.unique(x, True, True, True), strict=True):
            np.testing.assert_array_equal(actual.data, expected)
        assert jacobian(np.unique)(x).tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]

    def test_full_like_keeps_the_derivative_of_its_value(self) -> None:
        assert grad(lambda c: np.sum(np.full_like(Tensor(X), c)))(2.0) == 6.0
        assert np.full_like(Tensor(X), 2).data.tolist() == [[2.0] * 3] * 2


class TestComplexNumbers:
    def test_a_real_intermediate_takes_the_real_part_of_its_cotangent(self) -> None:
        """u = |z| is real, and Re(u · e^(iu)) = u cos u."""
        z = 0.6 + 0.8j
        slope = grad(lambda z: np.real(np.abs(z) * np.exp(np.abs(z) * 1j)))(z)
        assert slope == pytest.approx((np.cos(1) - np.sin(1)) * np.conj(z), rel=1e-14)

    def test_the_gradient_of_the_squared_length(self) -> None:
        assert grad(lambda z: np.abs(z) ** 2)(3.0 + 4.0j) == 6.0 - 8.0j
        assert grad(lambda z: np.real(z * np.conj(z)))(3.0 + 4.0j) == 6.0 - 8.0j

    def test_forward_and_backward_of_the_angle(self) -> None:
        z, dz = 3.0 + 4.0j, 0.5 - 2.0j
        expected = np.imag(np.conj(z) * dz) / 25
        assert jvp(np.angle, z, dz)[1] == pytest.approx(expected)
        assert np.real(grad(np.angle)(z) * dz) == pytest.approx(expected)

    def test_sign_of_a_complex_number_turns_with_it(self) -> None:
        assert jvp(np.sign, 2.0 + 0j, 1j)[1] == 0.5j
        assert jvp(np.sign, 2.0 + 0j, 1.0 + 0j)[1] == 0.0
        assert np.sign(Tensor(0j)).data == 0

    @pytest.mark.parametrize("f", [np.arcsin, np.arccos, np.arccosh, np.arctanh, np.arcsinh])
    @pytest.mark.parametrize(
        "z", [-2 + 1j, 2 - 1j, -0.5 - 3j, 2 + 0j, complex(2, -0.0), -2 + 0j, complex(-2, -0.0)]
    )
    def test_inverse_functions_off_and_along_their_cuts(self, f: Any, z: complex) -> None:
        h = 1e-6
        up, down = complex(z.real + h, z.imag), complex(z.real - h, z.imag)
        assert grad_of_complex(f, z) == pytest.approx((f(up) - f(down)) / (2 * h), rel=1e-8)

    def test_real_if_close(self) -> None:
        assert np.real_if_close(Tensor([1.0 + 0j])).dtype == np.float64
        assert np.real_if_close(Tensor([1.0 + 1j])).dtype == np.complex128

    @pytest.mark.parametrize(
        "name", ["sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh"]
    )
    def test_emath_turns_complex_only_where_it_must(self, name: str) -> None:
        f = getattr(np.emath, name)
        for x in (np.array([0.5, 0.25]), np.array([0.5, -3.0])):
            actual, expected = f(Tensor(x)), f(x)
            np.testing.assert_array_equal(actual.data, expected)
            assert actual.dtype == expected.dtype

    def test_emath_of_two_operands(self) -> None:
        x = np.array([2.0, -3.0])
        for f in (lambda x: np.emath.logn(2, x), lambda x: np.emath.power(x, 0.5)):
            np.testing.assert_allclose(f(Tensor(x)).data, f(x), rtol=1e-15, atol=1e-15)


def grad_of_complex(f: Callable[[Any], Any], z: complex) -> complex:
    return complex(jvp(f, np.complex128(z), 1.0 + 0j)[1])


CONSTANTS: dict[str, Callable[[Any], Any]] = {
    "isneginf": np.isneginf,
    "isposinf": np.isposinf,
    "isreal": np.isreal,
    "iscomplex": np.iscomplex,
    "array_equiv": lambda x: np.array_equiv(x, x[:1]),
    "isin": lambda x: np.isin(x, [1.5, 4.0]),
    "fix": np.fix,
    "around": lambda x: np.around(x, 1),
    "spacing": np.spacing,
    "floor_divide": lambda x: np.floor_divide(x, 0.7),
    "digitize": lambda x: np.digitize(x, [0.0, 1.0, 2.0]),
    "bits": lambda x: np.bitwise_xor(x > 0, x > 1) | np.logical_xor(x > 2, x > 3),
    "shifts": lambda x: np.left_shift(np.argsort(x), 2) + np.right_shift(np.argsort(x), 1),
    "divisors": lambda x: np.gcd(np.argsort(x), 6) + np.lcm(np.argsort(x), 4),
    "bitwise_count": lambda x: np.bitwise_count(np.argsort(x)),
    "packbits": lambda x: np.unpackbits(np.packbits(x > 0)),
    "nanargmax": lambda x: np.nanargmax(x, axis=1),
    "nanargmin": np.nanargmin,
    "argpartition": lambda x: np.argpartition(x, 1, axis=0),
    "unravel_index": lambda x: np.unravel_index(np.argmax(x), x.shape),
    "ravel_multi_index": lambda x: np.ravel_multi_index((np.argmax(x, 1), np.argmin(x, 1)), (3, 3)),
    "lexsort": lambda x: np.lexsort((x[0], x[1])),
    "ix_": lambda x: np.ix_(np.argmax(x, axis=1), [0, 2])[0],
    "tril_indices_from": np.tril_indices_from,
    "triu_indices_from": lambda x: np.triu_indices_from(x, 1),
    "diag_indices_from": lambda x: np.diag_indices_from(x[:, :2]),
    "bincount": lambda x: np.bincount(np.argsort(x.ravel()), minlength=9),
    "histogram": lambda x: np.histogram(x, 4),
    "histogram_bin_edges": lambda x: np.histogram_bin_edges(x, 4),
    "histogram2d": lambda x: np.histogram2d(x[0], x[1], 3),
    "histogramdd": lambda x: np.histogramdd([x[0], x[1]], 3)[0],
    "common_type": np.common_type,
    "result_type": lambda x: np.result_type(x, np.float32),
    "can_cast": lambda x: np.can_cast(x, np.float32),
    "min_scalar_type": np.min_scalar_type,
    "may_share_memory": lambda x: np.may_share_memory(x, X + 1),
    "shares_memory": lambda x: np.shares_memory(x, X + 1),
    "einsum_path": lambda x: np.einsum_path("ij,jk->ik", x, X.T)[0],
    "array_str": np.array_str,
    "array_repr": np.array_repr,
    "array2string": np.array2string,
    "all along": lambda x: np.logical_and.reduce(x > -1, axis=1),
    "any along": lambda x: np.logical_or.reduce(x > 3),
    "ever": lambda x: np.logical_or.accumulate(x > 2, 1),
    "greatest common divisor": lambda x: np.gcd.reduce(np.argsort(x) + 2, axis=None),
    "greater.outer": lambda x: np.greater.outer(x, x),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_are_numpys_and_require_no_gradient(name: str) -> None:
    actual, expected = CONSTANTS[name](Tensor(X)), CONSTANTS[name](X)
    parts = zip(actual, expected, strict=True) if type(actual) is tuple else [(actual, expected)]
    for a, e in parts:
        assert not getattr(a, "requires_grad", False)
        value = a.data if isinstance(a, Tensor) else a
        if isinstance(e, np.ndarray):
            np.testing.assert_array_equal(value, e)
            assert value.dtype == e.dtype
        else:
            assert value == e
            assert type(value) is type(e)


def test_weights_are_refused_rather_than_lost() -> None:
    for f in (np.histogramdd, np.histogram_bin_edges):
        with pytest.raises(TypeError, match="weights"):
            f(np.array([0, 1]), weights=Tensor([1.0, 2.0]))


class TestMethods:
    def test_reduce_runs_along_the_first_axis_by_default(self) -> None:
        for f in (
            np.multiply,
            np.maximum,
            np.minimum,
            np.fmax,
            np.fmin,
            np.logaddexp,
            np.logaddexp2,
        ):
            np.testing.assert_allclose(f.reduce(Tensor(X)).data, f.reduce(X), rtol=1e-15)

    def test_a_running_maximum_with_ties_and_nan(self) -> None:
        x = np.array([1.0, 3.0, 3.0, 2.0, nan, 4.0])
        np.testing.assert_array_equal(
            np.maximum.accumulate(Tensor(x)).data, np.maximum.accumulate(x)
        )
        J = jacobian(np.maximum.accumulate)(x[:4])
        assert J.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]]

    def test_what_a_method_does_not_take_is_refused_by_name(self) -> None:
        with pytest.raises(ValueError, match="where= needs an initial="):
            np.maximum.reduce(Tensor(X), where=X > 0)
        with pytest.raises(TypeError, match=r"np\.add\.outer of a Tensor has no out="):
            np.add.outer(Tensor(X), X, out=np.zeros((2, 3, 2, 3)))
        with pytest.raises(TypeError, match="has no derivative here"):
            np.arctan2.reduce(Tensor(X))
