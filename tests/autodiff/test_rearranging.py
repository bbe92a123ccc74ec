"""Joining, splitting, padding, sorting and picking at special points; what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad, jacobian

X = np.arange(6.0).reshape(2, 3)


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of the sum of f, weighted by 1, 2, 3, ..."""

    def total(x: Tensor) -> Tensor:
        y = np.ravel(f(x))
        return np.sum(y * np.arange(1.0, y.size + 1))

    return grad(total)(np.asarray(x, float)).tolist()


class TestResults:
    """What comes back has NumPy's form: lists, tuples, one array."""

    def test_the_split_family_gives_lists(self) -> None:
        parts = np.array_split(Tensor(np.arange(5.0)), 3)
        assert isinstance(parts, list)
        assert [p.tolist() for p in parts] == [[0, 1], [2, 3], [4]]

    def test_unstack_and_broadcast_arrays_give_tuples(self) -> None:
        assert isinstance(np.broadcast_arrays(Tensor(X), 1.0), tuple)
        assert isinstance(np.meshgrid(Tensor(X[0]), X[1]), tuple)

    def test_atleast_gives_one_or_a_tuple(self) -> None:
        assert np.atleast_2d(Tensor(1.0)).shape == (1, 1)
        assert [a.shape for a in np.atleast_3d(Tensor(X), 1.0)] == [(2, 3, 1), (1, 1, 1)]

    def test_a_constant_among_arguments_stays_one(self) -> None:
        _, constant = np.broadcast_arrays(Tensor(X), np.ones(3))
        assert isinstance(constant, np.ndarray)


class TestSorting:
    def test_ties_keep_their_order(self) -> None:
        assert gradient(lambda x: np.sort(x, stable=True), [2, 1, 2, 1]) == [3, 1, 4, 2]

    def test_infinity_and_nan_go_to_the_ends(self) -> None:
        assert gradient(np.sort, [np.nan, 1, np.inf]) == [3, 1, 2]
        assert gradient(np.sort, [1, -np.inf]) == [2, 1]

    def test_complex_numbers(self) -> None:
        z = Tensor(np.array([2 + 1j, 1 - 1j, 2 - 1j]))
        assert np.sort(z).tolist() == [1 - 1j, 2 - 1j, 2 + 1j]
        assert np.sort_complex(Tensor([2.0, 1.0])).data.dtype == complex

    def test_nothing(self) -> None:
        assert gradient(np.sort, np.ones((2, 0))) == [[], []]


class TestPadding:
    def test_pad_values_get_derivatives_too(self) -> None:
        f = lambda v: np.sum(np.pad(Tensor(X), ((1, 0), (0, 2)), constant_values=v))  # noqa: E731
        assert grad(f)(7.0) == 3 + 2 * 3  # a row of three, then two columns of three

    def test_widths_by_axis(self) -> None:
        padded = np.pad(Tensor(X), {-1: (1, 2)}, "edge")
        assert padded.tolist() == np.pad(X, ((0, 0), (1, 2)), "edge").tolist()

    def test_ties_share_the_maximum(self) -> None:
        g = gradient(lambda x: np.pad(x, (0, 1), "maximum"), [1, 5, 5])
        assert g == [1, 2 + 4 / 2, 3 + 4 / 2]

    def test_many_periods(self) -> None:
        for mode in ("reflect", "symmetric", "wrap"):
            for length in (1, 2, 3):
                x = X[0, :length] ** 2
                assert (
                    np.pad(Tensor(x), (11, 17), mode).tolist() == np.pad(x, (11, 17), mode).tolist()
                )

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((1, "empty"), "'empty' would leave entries undefined"),
            ((1, lambda *_: None), "a function would write into the result"),
            ((-1,), "whole numbers from 0 on"),
            ((1.5,), "whole numbers from 0 on"),
            ((((1, 1),) * 3,), "pair for each of the 2 axes, not values of shape (3, 2)"),
        ],
    )
    def test_refused(self, arguments: tuple[Any, ...], message: str) -> None:
        with pytest.raises(ValueError, match=re.escape(message)):
            np.pad(Tensor(X), *arguments)

    def test_an_option_of_another_mode_is_refused(self) -> None:
        with pytest.raises(ValueError, match="'edge' does not take constant_values="):
            np.pad(Tensor(X), 1, "edge", constant_values=1)

    def test_an_empty_axis_has_nothing_to_pad_with(self) -> None:
        with pytest.raises(ValueError, match="axis 1 of"):
            np.pad(Tensor(np.ones((2, 0))), ((0, 0), (1, 1)), "mean")
        assert gradient(lambda x: np.pad(x, ((0, 0), (1, 1))), np.ones((2, 0))) == [[], []]


class TestTrimZeros:
    def test_nothing_is_left_of_zeros(self) -> None:
        for trim in ("fb", "f", "b"):
            assert gradient(lambda x, trim=trim: np.trim_zeros(x, trim), [0, 0]) == [0, 0]
            assert np.trim_zeros(Tensor([0.0, 0.0]), trim).size == 0

    def test_the_box_around_what_is_not_zero(self) -> None:
        if np.lib.NumpyVersion(np.__version__) < "2.2.0":
            pytest.skip("NumPy 2.2 added more axes")
        x = np.array([[0.0, 0, 0], [0, 3, 0], [2, 0, 0]])
        assert np.trim_zeros(Tensor(x)).tolist() == [[0, 3], [2, 0]]
        assert np.trim_zeros(Tensor(x), axis=1).tolist() == [[0, 0], [0, 3], [2, 0]]


class TestRepeatedAndMissingEntries:
    def test_an_index_that_is_repeated_counts_each_time(self) -> None:
        assert gradient(lambda x: np.take(x, [1, 1, 0]), [1, 1, 1]) == [3, 1 + 2, 0]
        assert gradient(lambda x: np.resize(x, 5), [1, 1]) == [1 + 3 + 5, 2 + 4]
        assert gradient(lambda x: np.resize(x, (2, 2)), []) == []

    def test_a_large_array_of_rows(self) -> None:
        rows = np.random.default_rng(0).integers(0, 30, 200)
        g = grad(lambda x: np.sum(x[rows] * np.arange(1.0, 11)))(np.ones((30, 10)))
        counts = np.bincount(rows, minlength=30)
        assert g.tolist() == np.outer(counts, np.arange(1.0, 11)).tolist()
        J = jacobian(lambda x: x[:, [0, 0, 3]])(np.ones((9, 5)))
        assert J.sum(axis=(0, 1, 2)).tolist() == [18.0, 0.0, 0.0, 9.0, 0.0]

    def test_masks_have_to_fit(self) -> None:
        for mask in (np.ones(5, bool), np.ones((2, 2), bool), (..., np.ones(2, bool))):
            with pytest.raises(IndexError, match="mask of shape"):
                Tensor(X)[mask]

    def test_masks_behind_an_ellipsis(self) -> None:
        mask = np.array([True, False, True])
        assert Tensor(X)[..., mask].tolist() == X[..., mask].tolist()
        assert Tensor(X)[None, ..., mask].tolist() == X[None, ..., mask].tolist()

    def test_an_entry_not_chosen_gets_nothing_of_an_infinity(self) -> None:
        x = np.array([0.0, 4.0])
        assert gradient(lambda x: np.choose([0, 1], [x, np.sqrt(x)]), x) == [1.0, 0.5]


class TestAt:
    def test_the_old_tensor_stays(self) -> None:
        x = Tensor([1.0, 2.0])
        assert x.at[0].set(5.0).tolist() == [5.0, 2.0]
        assert x.tolist() == [1.0, 2.0]

    def test_of_a_repeated_place_the_last_is_set(self) -> None:
        v = np.array([10.0, 20.0, 30.0])
        f = lambda v: Tensor([1.0, 2.0]).at[[1, 0, 1]].set(v)  # noqa: E731
        assert f(Tensor(v)).tolist() == [20.0, 30.0]
        assert gradient(f, v) == [0, 1, 2]

    def test_repeated_places_add_and_multiply_each_time(self) -> None:
        x = Tensor([1.0, 2.0])
        assert x.at[[1, 1, 0]].add([1.0, 10.0, 5.0]).tolist() == [6.0, 13.0]
        assert x.at[[1, 1, 0]].multiply([3.0, 10.0, 5.0]).tolist() == [5.0, 60.0]

    def test_a_place_that_was_overwritten_gets_no_derivative(self) -> None:
        assert gradient(lambda x: x.at[1].set(x[0] * 3), [1, 1, 1]) == [1 + 2 * 3, 0, 3]

    def test_multiplying_by_zero(self) -> None:
        assert gradient(lambda x: x.at[1].multiply(0.0), [1, 1]) == [1, 0]

    def test_types(self) -> None:
        x = Tensor(np.ones(2, np.float32))
        assert x.at[0].set(2.0).dtype == np.float32
        assert x.at[0].add(np.float64(2)).dtype == np.float32
        assert x.at[0].set(1j).dtype == np.complex64
        assert Tensor([1, 2]).at[0].set(Tensor(0.5)).tolist() == [0.5, 2.0]

    def test_nowhere(self) -> None:
        assert gradient(lambda x: x.at[[]].set(7.0), [1, 1]) == [1, 2]
        assert gradient(lambda x: x.at[x > 9].multiply(7.0), [1, 1]) == [1, 2]

    def test_refused(self) -> None:
        with pytest.raises(ValueError, match=r"entries of shape \(3,\).*v of shape \(5,\)"):
            Tensor(X).at[0].set(np.ones(5))
        with pytest.raises(IndexError):
            Tensor(X).at[5].set(1.0)


class TestRefused:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda x: np.reshape(x, (3, 2), order="A"), "in the order 'C' or 'F', not 'A'"),
            (lambda x: np.ravel(x, order="K"), "in the order 'C' or 'F', not 'K'"),
            (lambda x: np.split(x, 2, axis=1), "use np.array_split"),
            (lambda x: np.hsplit(x[0, 0], 1), "1 or more axes"),
            (lambda x: np.choose([0, 5], [x[0, :2], x[1, :2]]), "among 2 arrays"),
            (lambda x: np.block([x, [x]]), "different depths"),
            (lambda x: np.take(x, [0], mode="near"), "'wrap' or 'clip'"),
            (lambda x: np.take_along_axis(x, np.array([0]), 1), "as many axes"),
            (lambda x: np.trim_zeros(x, "front"), "not 'front'"),
            (lambda x: np.meshgrid(x, indexing="yx"), "not 'yx'"),
            (lambda x: np.diag(x[0, 0]), "one or two axes"),
            (lambda x: np.vander(x), "one axis"),
            (lambda x: np.apply_along_axis(np.sum, 0, x[:, :0]), "no slice along axis 0"),
        ],
    )
    def test_values(self, call: Callable[[Any], Any], message: str) -> None:
        with pytest.raises(ValueError, match=re.escape(message)):
            call(Tensor(X))

    @pytest.mark.parametrize(
        ("call", "instead"),
        [
            (lambda x: np.put(x, [0], 1.0), ".at[indices].set(v)"),
            (lambda x: np.put_along_axis(x, np.array([[0]]), 1.0, 1), "x.at[key].set(v)"),
            (lambda x: np.putmask(x, x > 0, 1.0), "np.where(mask, v, x)"),
            (lambda x: np.place(x, x > 0, 1.0), "x.at[mask].set(v)"),
            (lambda x: np.copyto(np.zeros((2, 3)), x), "x itself, or np.where"),
            (lambda x: np.fill_diagonal(x, 1.0), "x.at[i, i].set(v)"),
        ],
    )
    def test_writing(self, call: Callable[[Any], Any], instead: str) -> None:
        with pytest.raises(TypeError, match=re.escape(instead)):
            call(Tensor(X))

    def test_arguments_that_numpy_has_and_a_tensor_not(self) -> None:
        with pytest.raises(TypeError, match=r"np\.take of a Tensor has no out=: use the result"):
            np.take(Tensor(X), [0], out=np.ones(1))
        with pytest.raises(TypeError, match=r"np\.sort of a Tensor has no order=: leave it out"):
            np.sort(Tensor(X), order="x")
        with pytest.raises(TypeError, match=r"cannot become float32 by casting='safe'"):
            np.stack([Tensor(X)], dtype=np.float32, casting="safe")
