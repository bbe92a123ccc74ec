"""Zeros, ties, equal entries, NaN and knots: where reductions and statistics are special."""

from __future__ import annotations

import warnings
from math import prod
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, debug, grad, hessian, jacobian, jvp

NAN, INF = np.nan, np.inf


class TestProductsWithZeros:
    @pytest.mark.parametrize("x", [[0.0, 2, 3], [0.0, 2, 0], [0.0, 0, 0], [1.0, 0, 4, 0, 5]])
    def test_all_derivatives_are_products_of_the_others(self, x: list[float]) -> None:
        n = len(x)

        def others(*without: int) -> float:
            return prod(v for k, v in enumerate(x) if k not in without)

        first = [others(i) for i in range(n)]
        second = [[others(i, j) if i != j else 0 for j in range(n)] for i in range(n)]
        assert grad(np.prod)(np.array(x)).tolist() == first
        assert jvp(np.prod, np.array(x), np.ones(n))[1] == sum(first)
        assert hessian(np.prod)(np.array(x)).tolist() == second

    def test_a_third_derivative(self) -> None:
        third = jacobian(hessian(np.prod))(np.zeros(3))
        assert third[0, 1, 2] == third[2, 0, 1] == 1
        assert np.sum(third) == 6

    def test_running_products(self) -> None:
        rows = jacobian(np.cumprod)(np.array([2.0, 0, 3, 0])).tolist()
        assert rows == [[1, 0, 0, 0], [0, 2, 0, 0], [0, 6, 0, 0], [0, 0, 0, 0]]
        assert hessian(lambda x: np.cumprod(x)[2])(np.array([2.0, 0, 0, 5]))[1, 2] == 2

    def test_no_entries(self) -> None:
        assert np.prod(Tensor(np.zeros(0))).data == 1
        assert grad(np.prod)(np.zeros(0)).shape == (0,)
        assert np.cumprod(Tensor(np.zeros((2, 0))), axis=1).shape == (2, 0)


class TestSpread:
    @pytest.mark.parametrize("x", [np.full(3, 0.1), np.zeros(4), np.array([7.3]), np.full(3, 0.1j)])
    @pytest.mark.parametrize("std", [np.std, np.nanstd])
    def test_std_of_equal_entries_has_derivatives_0(self, std: Any, x: np.ndarray) -> None:
        assert std(Tensor(x)).data == 0
        assert not grad(std)(x).any()
        assert jvp(std, x, np.arange(x.size))[1] == 0

    def test_std_of_equal_entries_makes_no_nan_on_the_way(self) -> None:
        with debug():
            assert not grad(np.std)(np.full(3, 0.1)).any()

    def test_var_of_equal_entries_is_curved(self) -> None:
        expected = 2 * (np.eye(3) - 1 / 3) / 3
        np.testing.assert_allclose(hessian(np.var)(np.full(3, 0.1)), expected, rtol=1e-14)

    def test_equal_entries_in_one_row_leave_the_others_alone(self) -> None:
        x = np.array([[5.0, 5.0], [1.0, 3.0]])
        gradient = grad(lambda x: np.sum(np.std(x, axis=1)))(x)
        np.testing.assert_allclose(gradient, [[0, 0], [-0.5, 0.5]], rtol=1e-15)

    @pytest.mark.parametrize("f", [np.var, np.std, np.nanvar, np.nanstd])
    def test_of_complex_numbers_is_that_of_both_parts(self, f: Any) -> None:
        z = np.array([1 + 2j, 3 - 1j, 0.5j, NAN if "nan" in f.__name__ else 2])

        def of_parts(u: Any, v: Any) -> Any:
            total = np.nanvar(u) + np.nanvar(v + 0 * u)
            return total if "var" in f.__name__ else np.sqrt(total)

        by_real, by_imaginary = grad(of_parts, (0, 1))(z.real, z.imag)
        assert f(Tensor(z)).data == pytest.approx(f(z), rel=1e-14)
        np.testing.assert_allclose(grad(f)(z), by_real - 1j * by_imaginary, rtol=1e-13)

    def test_far_from_0_no_digit_is_lost(self) -> None:
        x = np.array([1.0, 2.0, 4.0])
        np.testing.assert_allclose(grad(np.std)(x + 2.0**40), grad(np.std)(x), rtol=1e-14)

    def test_too_few_degrees_of_freedom_warn(self) -> None:
        with pytest.warns(RuntimeWarning, match="invalid value"):
            assert np.isnan(np.var(Tensor([1.0]), ddof=1).data)


class TestTies:
    @pytest.mark.parametrize("f", [np.max, np.amax, np.maximum.reduce, np.nanmax])
    def test_of_the_largest_share_equally(self, f: Any) -> None:
        assert grad(f)(np.array([3.0, 1.0, 3.0])).tolist() == [0.5, 0, 0.5]

    def test_of_a_range_cancel(self) -> None:
        assert grad(np.ptp)(np.full(4, 2.0)).tolist() == [0, 0, 0, 0]
        assert grad(np.ptp)(np.array([1.0, 4, 4])).tolist() == [-1, 0.5, 0.5]

    @pytest.mark.parametrize("median", [np.median, np.nanmedian])
    def test_of_the_median_share_equally(self, median: Any) -> None:
        assert grad(median)(np.array([2.0, 1, 2, 2, 9])).tolist() == pytest.approx(
            [1 / 3, 0, 1 / 3, 1 / 3, 0]
        )
        assert grad(median)(np.array([1.0, 2, 2, 9])).tolist() == [0, 0.5, 0.5, 0]
        assert grad(median)(np.array([1.0, 1, 2, 9])).tolist() == [0.25, 0.25, 0.5, 0]

    def test_of_a_quantile_share_equally(self) -> None:
        x = np.array([1.0, 1, 3, 3])
        assert grad(lambda x: np.percentile(x, 50))(x).tolist() == [0.25] * 4
        assert grad(lambda x: np.quantile(x, 0.9))(x).tolist() == [0, 0, 0.5, 0.5]


class TestMissingValues:
    rows = np.array([[1.0, NAN, 3.0], [NAN, NAN, NAN]])

    @pytest.mark.parametrize(
        ("f", "expected"),
        [
            (np.nansum, [1, 0, 1]),
            (np.nanmean, [0.5, 0, 0.5]),
            (np.nanmax, [0, 0, 1]),
            (np.nanmin, [1, 0, 0]),
            (np.nanprod, [3, 0, 1]),
            (np.nanvar, [-1, 0, 1]),
            (np.nanstd, [-0.5, 0, 0.5]),
            (np.nanmedian, [0.5, 0, 0.5]),
            (np.nancumsum, [3, 0, 1]),
            (np.nancumprod, [5, 0, 1]),
        ],
    )
    def test_have_the_gradient_0(self, f: Any, expected: list[float]) -> None:
        with warnings.catch_warnings():  # a row without numbers
            warnings.simplefilter("ignore", RuntimeWarning)
            value = f(Tensor(self.rows), axis=1).data
            np.testing.assert_array_equal(value, f(self.rows, axis=1))
            gradient = grad(lambda x: np.nansum(f(x, axis=1)))(self.rows)
        np.testing.assert_allclose(gradient, [expected, [0, 0, 0]], rtol=1e-15)

    def test_pass_through_the_plain_functions(self) -> None:
        x = np.array([1.0, NAN, 2.0])
        for f in (np.median, np.max, np.std, lambda x: np.quantile(x, 0.2)):
            assert np.isnan(f(Tensor(x)).data)

    def test_infinite_entries_are_numbers(self) -> None:
        x = np.array([INF, -INF, NAN, 1.0])
        assert np.nanmax(Tensor(x)).data == INF
        assert np.nanmedian(Tensor(x)).data == 1
        assert np.median(Tensor([INF, INF])).data == INF
        assert np.median(Tensor([1.0, INF])).data == INF
        assert grad(np.nanmedian)(x).tolist() == [0, 0, 0, 1]


class TestQuantiles:
    def test_refuse_what_numpy_refuses(self) -> None:
        x = Tensor([1.0, 2.0])
        with pytest.raises(ValueError, match="in the range"):
            np.quantile(x, 1.5)
        with pytest.raises(ValueError, match=r"np\.quantile of shape \(0,\) .* no entries"):
            np.quantile(Tensor(np.zeros(0)), 0.5)
        with pytest.raises(TypeError, match="real numbers"):
            np.quantile(Tensor([1j, 2.0]), 0.5)
        with pytest.raises(ValueError, match="Only method 'inverted_cdf' supports weights"):
            np.quantile(x, 0.5, weights=np.ones(2))
        with pytest.raises(ValueError, match=r"axis=0 needs weights of its shape"):
            np.quantile(x, 0.5, 0, method="inverted_cdf", weights=np.ones(3))

    def test_entries_that_weigh_nothing_do_not_count(self) -> None:
        x, weights = np.array([3.0, 1.0, 2.0, 4.0]), np.array([1.0, 0.0, 2.0, 0.0])
        for q, entry in ((0.0, 2.0), (0.3, 2.0), (1.0, 3.0)):
            options: Any = {"method": "inverted_cdf", "weights": weights}
            assert np.quantile(Tensor(x), q, **options).data == entry
        lowest = grad(lambda x: np.percentile(x, 0, method="inverted_cdf", weights=weights))(x)
        assert lowest.tolist() == [0, 0, 1, 0]
        known = np.array([3.0, NAN, 2.0, 4.0])
        assert np.nanquantile(Tensor(known), 0.9, method="inverted_cdf", weights=[1, 9, 1, 9]) == 4

    def test_have_no_derivative_with_respect_to_q(self) -> None:
        with pytest.raises(TypeError, match="losing its derivative"):
            grad(lambda q: np.quantile(np.arange(3.0), q))(0.3)

    def test_of_integers_are_constants(self) -> None:
        assert np.median(Tensor([1, 2, 5, 9])).data == 3.5

    def test_of_float32_stay_float32(self) -> None:
        x = Tensor(np.arange(5, dtype=np.float32))
        assert np.percentile(x, 30).dtype == np.nanmedian(x).dtype == np.float32


class TestAverage:
    def test_returns_the_sum_of_the_weights(self) -> None:
        x = np.arange(6.0).reshape(2, 3)
        for weights in (None, [1.0, 2.0, 5.0]):
            for a, b in zip(
                np.average(Tensor(x), 1, weights, returned=True),
                np.average(x, 1, weights, returned=True),
                strict=True,
            ):
                np.testing.assert_array_equal(a.data, b)

    def test_refuses_weights_that_do_not_fit(self) -> None:
        x = Tensor(np.ones((2, 3)))
        with pytest.raises(TypeError, match=r"\(2, 3\) over axis=None .* not \(3,\)"):
            np.average(x, weights=[1, 2, 3])
        with pytest.raises(ValueError, match=r"axis=0 .* not \(3,\)"):
            np.average(x, axis=0, weights=[1, 2, 3])
        with pytest.raises(ZeroDivisionError, match="sum to zero"):
            np.average(x, axis=0, weights=[1, -1])


class TestEntriesThatCount:
    """where= leaves entries out, NaN among them, and initial= is one entry more."""

    x = np.array([[1.0, NAN, 4.0], [2.0, 2.0, 2.0]])

    @pytest.mark.parametrize("f", [np.sum, np.prod, np.mean, np.var, np.std])
    def test_nan_that_does_not_count_is_no_nan(self, f: Any) -> None:
        known = ~np.isnan(self.x)
        value = f(Tensor(self.x), axis=1, where=known)
        np.testing.assert_allclose(value.data, f(self.x, axis=1, where=known), rtol=1e-14)
        g = grad(lambda x: np.sum(f(x, axis=1, where=known)))(self.x)
        assert g[0, 1] == 0
        np.testing.assert_array_equal(g[0, [0, 2]], grad(f)(self.x[0, [0, 2]]))
        assert np.isnan(f(Tensor(self.x), where=[[True, True, False]]).data)

    def test_the_spread_of_equal_entries_that_count_is_0(self) -> None:
        x = np.array([0.1, 5.0, 0.1, 0.1])
        for f in (np.var, np.std):
            assert f(Tensor(x), where=x < 1).data == 0
            assert (
                grad(lambda x, f=f: f(x, where=np.array([True, False, True, True])))(x).tolist()
                == [0] * 4
            )

    def test_an_extremum_ties_with_its_beginning(self) -> None:
        x = np.array([2.0, 1.0, 2.0])
        assert grad(lambda x: np.max(x, initial=2.0))(x).tolist() == pytest.approx(
            [1 / 3, 0, 1 / 3]
        )
        assert grad(lambda x: np.max(x, initial=3.0))(x).tolist() == [0, 0, 0]
        counted = [False, True, True]
        assert grad(lambda x: np.min(x, initial=9.0, where=counted))(x).tolist() == [0, 1, 0]
        assert grad(lambda x: np.max(x, initial=x[1] * 4))(x).tolist() == [0, 4, 0]

    def test_an_extremum_of_no_entries_is_its_beginning(self) -> None:
        assert np.max(Tensor(np.zeros((2, 0))), axis=1, initial=-1.0).tolist() == [-1, -1]
        assert np.min(Tensor([1.0, 2.0]), initial=7.0, where=[False, False]).data == 7
        with pytest.raises(ValueError, match=r"np\.max with where= needs an initial="):
            np.max(Tensor([1.0, 2.0]), where=[True, False])

    def test_nothing_counts(self) -> None:
        with pytest.warns(RuntimeWarning, match="invalid value"):
            assert np.isnan(np.mean(Tensor([1.0, 2.0]), where=False).data)
        assert np.sum(Tensor([1.0, 2.0]), where=False, initial=3.0).data == 3

    def test_masks_that_do_not_fit(self) -> None:
        with pytest.raises(ValueError, match="broadcast"):
            np.sum(Tensor([1.0, 2.0]), where=[True, False, True])

    def test_integers_stay_integers(self) -> None:
        n = Tensor([3, 1, 2])
        assert np.sum(n, initial=1, where=[True, False, True]).data == np.int64(6)
        for f in (np.nanmax, np.fmin.reduce, np.nansum):
            assert f(n).dtype == f(n.data).dtype

    def test_a_variance_is_computed_in_a_floating_type(self) -> None:
        with pytest.raises(TypeError, match="floating dtype=, not in int64: leave it out"):
            np.std(Tensor([1.0, 2.0]), dtype=int)


class TestCounts:
    def test_weights_add_up_by_number(self) -> None:
        w = np.array([1.0, 2.0, 4.0, 8.0])
        counted = np.bincount(Tensor([1, 3, 1, 0]), Tensor(w), 6)
        assert counted.tolist() == [8, 5, 0, 2, 0, 0]
        J = jacobian(lambda w: np.bincount([1, 3, 1, 0], w))(w)
        assert J.tolist() == [[0, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]]

    def test_counts_are_constants(self) -> None:
        assert not np.bincount(Tensor([1, 1])).requires_grad
        assert np.bincount([0, 1], weights=Tensor([1, 2])).dtype == np.float64

    def test_the_numbers_may_change_afterwards(self) -> None:
        numbers = np.array([0, 1, 1])
        w = Tensor([1.0, 2.0, 3.0])
        total = np.bincount(numbers, w)[1]
        numbers[:] = 0
        total.backward()
        assert w.grad.tolist() == [0, 1, 1]

    def test_refuses_what_numpy_refuses(self) -> None:
        w = Tensor([1.0, 2.0])
        with pytest.raises(ValueError, match="same length"):
            np.bincount([0, 1, 1], w)
        with pytest.raises(ValueError, match="no negative elements"):
            np.bincount([0, -1], w)
        with pytest.raises(TypeError, match="Cannot cast"):
            np.bincount([0, 1], w * 1j)

    def test_a_histogram_has_both_ends_and_no_nan(self) -> None:
        x, w = np.array([0.0, 1.0, NAN, 0.5, 7.0, 0.1]), np.array([1.0, 2, 4, 8, 16, 32])
        sums, edges = np.histogram(x, 4, (0, 1), weights=Tensor(w))
        expected, _ = np.histogram(x, 4, (0, 1), weights=w)
        assert sums.tolist() == expected.tolist() == [33, 0, 8, 2]
        assert isinstance(edges, np.ndarray)
        g = grad(lambda w: np.sum(np.histogram(x, 4, (0, 1), weights=w)[0] * [1, 2, 3, 4]))(w)
        assert g.tolist() == [1, 4, 0, 3, 0, 1]

    def test_more_dimensions_are_refused(self) -> None:
        w = Tensor([1.0, 2.0])
        for f in (lambda: np.histogram2d([0, 1], [0, 1], weights=w),):
            with pytest.raises(TypeError, match=r"np\.bincount\(np\.ravel_multi_index"):
                f()
        constant = np.histogram2d([0, 1], [0, 1], 2, weights=w.data)[0]
        assert constant.tolist() == [[1, 0], [0, 2]]


class TestInterpolation:
    points, values = np.array([0.0, 1.0, 3.0]), np.array([1.0, 3.0, 7.5])

    def slope(self, x: float, **options: Any) -> float:
        return float(grad(lambda x: np.interp(x, self.points, self.values, **options))(x))

    def test_a_knot_has_the_slope_to_its_right_and_the_last_that_to_its_left(self) -> None:
        assert [self.slope(x) for x in (0.0, 1.0, 3.0)] == [2, 2.25, 2.25]

    def test_outside_is_flat(self) -> None:
        assert [self.slope(x, left=-9.0) for x in (-1.0, 4.0)] == [0, 0]
        ends = grad(lambda f: np.sum(np.interp([-1.0, 4.0, 5.0], self.points, f)))(self.values)
        assert ends.tolist() == [1, 0, 2]

    def test_infinity_and_nan(self) -> None:
        x = np.array([-INF, NAN, INF])
        flat = np.interp(Tensor(x), self.points, np.full(3, 2.0)).data
        np.testing.assert_array_equal(flat, [2, NAN, 2])
        g = grad(lambda x: np.sum(np.interp(x, self.points, self.values)))(x)
        assert g[[0, 2]].tolist() == [0, 0]

    def test_a_period_wraps_round(self) -> None:
        for x in (-0.5, 3.25, 7.6):
            value = np.interp(Tensor(x), self.points, self.values, period=4.0).data
            assert value == pytest.approx(np.interp(x, self.points, self.values, period=4.0))
        assert self.slope(3.5, period=4.0) == pytest.approx(1 - 7.5)

    def test_moving_a_point_moves_the_line(self) -> None:
        g = grad(lambda p: np.interp(2.0, p, self.values))(self.points)
        assert g.tolist() == pytest.approx([0, -2.25 / 2, -2.25 / 2])

    def test_refuses_points_without_values(self) -> None:
        with pytest.raises(ValueError, match=r"shapes \(3,\) and \(2,\)"):
            np.interp(Tensor(0.5), self.points, [1.0, 2.0])
        with pytest.raises(ValueError, match="period must not be 0"):
            np.interp(Tensor(0.5), self.points, self.values, period=0)


class TestDifferences:
    def test_gradient_is_exact_for_parabolas_on_any_grid(self) -> None:
        x = Tensor([0.0, 0.5, 0.7, 2.0, 5.0])
        slope = np.gradient(x * x, x, edge_order=2)
        np.testing.assert_allclose(slope.data, 2 * x.data, rtol=1e-13, atol=1e-13)

    def test_gradient_of_several_axes_is_a_tuple(self) -> None:
        x = np.arange(12.0).reshape(3, 4) ** 2
        for mine, numpys in zip(np.gradient(Tensor(x), 2.0), np.gradient(x, 2.0), strict=True):
            np.testing.assert_allclose(mine.data, numpys, rtol=1e-14)

    def test_refusals_name_the_shapes(self) -> None:
        x = Tensor(np.ones(3))
        with pytest.raises(ValueError, match=r"3 points and a spacing of shape \(2,\)"):
            np.gradient(x, [1.0, 2.0])
        with pytest.raises(TypeError, match="not 2 spacings"):
            np.gradient(x, 1.0, 2.0)
        with pytest.raises(ValueError, match="edge_order=3"):
            np.gradient(x, edge_order=3)
        with pytest.raises(ValueError, match="not -1"):
            np.diff(x, n=-1)

    def test_cumulative_sum_of_a_matrix_needs_an_axis(self) -> None:
        if hasattr(np, "cumulative_sum"):
            with pytest.raises(ValueError, match=r"shape \(2, 2\) needs an axis"):
                np.cumulative_sum(Tensor(np.ones((2, 2))))


class TestCovariance:
    def test_of_complex_variables(self) -> None:
        z = np.array([[1 + 1j, 2.0, 0.5j], [3.0, 1 - 1j, 2j]])
        np.testing.assert_allclose(np.cov(Tensor(z)).data, np.cov(z), rtol=1e-14)
        np.testing.assert_allclose(np.corrcoef(Tensor(z)).data, np.corrcoef(z), rtol=1e-14)

    def test_of_one_variable_is_its_variance(self) -> None:
        x = np.array([1.0, 4.0, -2.0])
        np.testing.assert_allclose(
            grad(np.cov)(x), grad(lambda x: np.var(x, ddof=1))(x), rtol=1e-14
        )

    def test_a_variable_correlates_with_itself(self) -> None:
        assert np.corrcoef(Tensor([1.0, 4.0, -2.0])).data == 1
        np.testing.assert_allclose(grad(np.corrcoef)(np.array([1.0, 4.0, -2.0])), 0, atol=1e-15)

    def test_a_perfect_correlation_is_a_maximum(self) -> None:
        x = np.array([1.0, 4.0, -2.0])
        g = grad(lambda x, y: np.corrcoef(x, y)[0, 1])(x, 3 * x + 1)
        np.testing.assert_allclose(g, 0, atol=1e-15)

    def test_refuses_weights_that_do_not_fit(self) -> None:
        with pytest.raises(ValueError, match="3 observations needs as many aweights"):
            np.cov(Tensor(np.ones((2, 3))), aweights=[1.0, 2.0])
        with pytest.raises(ValueError, match=r"not of shape \(2, 2, 2\)"):
            np.cov(Tensor(np.ones((2, 2, 2))))
        with pytest.raises(ValueError, match="fweights, none of them negative"):
            np.cov(Tensor(np.ones((2, 3))), fweights=[1, 2, -3])


@pytest.mark.parametrize(
    "f", [np.prod, np.var, np.std, np.median, np.cumsum, np.cumprod, np.diff, np.gradient]
)
def test_negative_strides(f: Any) -> None:
    x = np.linspace(0.5, 2.0, 9)
    plain, reverse = (jacobian(f)(v) for v in (x[::-2].copy(), x[::-2]))
    np.testing.assert_array_equal(plain, reverse)


@pytest.mark.parametrize("f", [np.prod, np.var, np.std, np.ptp, np.nansum, np.median, np.cumsum])
def test_arguments_that_numpy_takes_and_a_tensor_does_not_are_named(f: Any) -> None:
    with pytest.raises(TypeError, match=rf"np\.{f.__name__} of a Tensor has no out=: use the res"):
        f(Tensor([1.0]), out=np.zeros(()))
