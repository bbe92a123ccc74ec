"""Functions that fill arrays as people write them: NumPy's values, a complex step's derivatives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import compile, jacobian, jvp, vjp
from tests.autodiff.oracles import complex_step

X = np.array([0.5, -1.25, 0.75])
A = np.array([[0.3, 0.7, 0.4], [0.9, 0.2, 0.6], [0.1, 0.8, 0.5]])


def agrees(f: Callable[..., Any], *arguments: Any) -> None:
    """Assert that a function has NumPy's values, and the derivatives of a complex step."""
    expected = np.asarray(f(*arguments))
    direction = tuple(np.cos(np.arange(x.size)).reshape(x.shape) for x in arguments)
    slope = complex_step(f, arguments, direction)
    value, tangent = jvp(f, arguments, direction)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_allclose(tangent, slope, rtol=1e-13, atol=1e-13)
    w = np.sin(1 + np.arange(expected.size)).reshape(expected.shape)
    pulled = vjp(f, *arguments)[1](w)
    pulled = pulled if len(arguments) > 1 else (pulled,)
    along = sum(np.sum(p * d) for p, d in zip(pulled, direction, strict=True))
    np.testing.assert_allclose(along, np.sum(w * slope), rtol=1e-12, atol=1e-12)
    planned = compile(f, eager_calls=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what stays eager
        for x in (arguments, arguments, tuple(1.01 * x for x in arguments)):
            np.testing.assert_allclose(planned(*x), f(*x), rtol=1e-14)


def recurrence(x: Any) -> Any:
    a = np.zeros(6, x.dtype, like=x)
    a[:3] = x
    for i in range(3, 6):
        a[i] = a[i - 1] * a[i - 3] + 0.5
    return a


def rows_of_a_table(x: Any) -> Any:
    table = np.empty((4, 3), x.dtype, like=x)
    table[0] = x
    for i in range(1, 4):
        table[i] = np.sin(table[i - 1]) + x
    return table


def written_by_another_function(x: Any) -> Any:
    def double(row: Any) -> None:
        row *= 2

    a = np.array([x, x * x], like=x)
    double(a[0])
    double(a[:, 1])
    return a


def columns_by_name(x: Any) -> Any:
    a = np.zeros((3, 2), x.dtype, like=x)
    first, second = a.T
    first[:] = x
    second[...] = first[::-1] * x
    first += second
    return a


def a_view_of_a_view_of_a_view(x: Any) -> Any:
    a = np.zeros((2, 3, 2), x.dtype, like=x)
    v = a.reshape(6, 2)[1:5].T[1][::2]
    v[:] = x[:2]
    v += a[0, 1, 1]
    return a


def a_view_without_axes(x: Any) -> Any:
    a = np.copy(x)
    entry = a[1, ...]
    entry[...] = x[0] * x[2]
    entry += 1
    return a


def an_entry_that_was_read_stays(x: Any) -> Any:
    a = np.copy(x)
    entry, row = a[0], a[[0, 1]]
    a[0] = a[1] * x[2]
    return entry * row * a[0]


def exchange_entries(x: Any) -> Any:
    a = np.copy(x)
    a[0], a[2] = a[2], a[0]
    a[:2], a[1:] = a[1:].copy(), a[:2].copy()
    return a * x


def the_name_goes_on(x: Any) -> Any:
    a = np.zeros(3, x.dtype, like=x)
    b = a
    b[1] = x[1]
    a += x
    b *= a
    return a + b


def part_of_a_tensor_that_is_augmented(x: Any) -> Any:
    y = x * 2
    y += x
    a = np.zeros(3, x.dtype, like=x)
    a[:] = y
    y += a
    return y * a


def nested_lists(x: Any) -> Any:
    return np.array([[x[0], 0.0, 1], [x[1] * x[2], x[0], 2.5]], like=x)


def rows_and_numbers(x: Any) -> Any:
    return np.array([x, 2 * x, [x[0], 1.0, x[2]], np.ones(3)], like=x)


def rotation(x: Any) -> Any:
    c, s = np.cos(x[0]), np.sin(x[0])
    return np.array([[c, -s], [s, c]], like=x) @ x[1:]


def diagonal_and_beside(x: Any) -> Any:
    a = np.zeros((3, 3), x.dtype, like=x)
    np.fill_diagonal(a, x)
    np.fill_diagonal(a[1:], x[:2] * x[1:])
    a[np.triu_indices(3, 1)] = x[::-1]
    return a


def over_a_grid(x: Any) -> Any:
    i, j = np.indices((3, 3))
    a = np.zeros((3, 3), x.dtype, like=x)
    a[i, j] = x[i] * x[j]
    a[np.ix_([0, 2], [1, 2])] += x[:2, None]
    return a


def sums_by_place(x: Any) -> Any:
    histogram = np.zeros(2, x.dtype, like=x)
    np.add.at(histogram, [0, 1, 0], x)
    np.subtract.at(histogram, ([1, 1],), x[:2] * x[1:])
    return histogram


def into_out(x: Any) -> Any:
    a = np.zeros(3, x.dtype, like=x)
    returned = np.multiply(x, x, out=a)
    returned += 1
    np.exp(a, out=a, where=[True, False, True])
    np.add.accumulate(a, out=a)
    return a


def matrices_into_out(a: Any) -> Any:
    b = np.zeros_like(a)
    np.matmul(a, a, out=b)
    np.dot(b, a, out=b)
    np.einsum("ij,jk->ki", a, b, out=b)
    return b


def from_a_function(x: Any) -> Any:
    a = np.fromfunction(lambda i, j: i - 2 * j, (2, 3), dtype=x.dtype, like=x)
    a[0] *= x
    return a


def through_a_window(x: Any) -> Any:
    a = np.zeros(5, x.dtype, like=x)
    windows = np.lib.stride_tricks.sliding_window_view(a, 3)
    a[1:4] = x
    return windows * 1


def while_it_is_iterated(x: Any) -> Any:
    a = np.array([x, x], like=x)
    for row, other in zip(a, x, strict=False):
        row[1:] = other * row[:-1]
    for k, entry in enumerate(a[0]):
        a[1, k] -= entry
    return a


def flat_all_along(x: Any) -> Any:
    a = np.zeros((2, 3), x.dtype, like=x)
    a.flat = x
    a.flat[[0, 4]] = x[:2] * x[1:]
    total = 0.0
    for entry in a.flat:
        total = total + entry * entry
    return total * a.flat[4]


def order_of_entries(x: Any) -> Any:
    a = np.array([x * x, x + 1], like=x)
    a.sort()
    a[::-1].sort(axis=0)
    return a


def upper_of_lists(x: Any) -> Any:
    a = np.zeros((2, 3), x.dtype, like=x)
    a[:, [0, 2]] = [[x[0], 1.0], [x[1], x[2]]]
    a[1, :2] += np.array([x[0] * x[1], 2.0], like=x)
    return a


def types_on_the_way(x: Any) -> Any:
    counts = np.zeros(3, int, like=x)
    counts[[0, 2]] += 2
    mask = np.zeros(3, bool, like=x)
    mask[1:] = True
    a = np.zeros(3, x.dtype, like=x)
    a[mask] = x[counts[1:]]
    return a * counts


def keys_that_change(x: Any) -> Any:
    i = np.zeros(2, int, like=x)
    i[1] = 2
    mask = np.zeros(3, bool, like=x)
    mask[i] = True
    a = np.zeros(3, x.dtype, like=x)
    a[i] = x[i] * x[1:]
    b = x[i] * np.where(mask, x, x * x)[:2] + x[mask]
    i[:], mask[:] = 1, False
    return b * a[i]


def constants_that_change(x: Any) -> Any:
    a = np.ones(3, x.dtype, like=x)
    row = a[:2]
    y, z = x * a, x[:2] * row
    a[0], row[1] = 5.0, 7.0
    y = y * a + np.exp(a / 8)
    a[:] = 0.0
    return y[1:] * z


def nothing_at_all(x: Any) -> Any:
    a = np.zeros((0, 3), x.dtype, like=x)
    a[:] = x
    b = np.copy(x)
    b[[]] = x[:0]
    b[np.zeros(3, bool)] = x[0]
    return a.sum(0) + b


def powers_through_views(x: Any) -> Any:
    a = np.copy(x)
    v = a[1:]
    v **= 2
    a **= 3
    v /= 2
    return v * a[0]


def without_axes(x: Any) -> Any:
    a = np.zeros((), x.dtype, like=x)
    np.add.at(a, ..., x[0])
    np.multiply.at(a, (), x[1])
    np.put(a, [0], a * x[2])
    a[True] += 1
    a[False] = 100.0
    a.flat[0] *= x[2]
    line = a.reshape(-1)
    line[0] += x[0]
    np.add(a, line[0], out=a)
    a.fill(a * x[1])
    return a


def sums_into_out(x: Any) -> Any:
    a, b = np.zeros(3, x.dtype, like=x), np.zeros((), x.dtype, like=x)
    x.cumsum(out=a)
    a[0] += x.sum(out=b)
    np.sum(a * a, out=b)
    a[1] *= b
    (x * x).mean(out=b)
    np.dot(x, a, out=b)
    return a * b


def views_of_nothing(x: Any) -> Any:
    a = np.zeros((0, 2), x.dtype, like=x)
    a.T[:] = x[:0]
    a.reshape(-1)[...] = x[0]
    np.fill_diagonal(a[:, :1], x[1])
    a[0:0] += x[:2]
    return a.sum(0) + x[:2]


def copies_that_reshape_makes(x: Any) -> Any:
    a = np.array([x, x * x], like=x)
    columns, backward = a.T.reshape(-1), a[:, ::-1].ravel()
    columns[0] = 7 * x[2]
    backward += 1
    a[0] *= 2
    return a.ravel() * columns * backward


def truth_values_as_keys(x: Any) -> Any:
    a = np.array([x, x * x], like=x)
    a[np.True_, 0] += x[0]
    a[[0, 1], True, 1] *= x[1]
    a[np.array(False)] = 5.0
    return a


def keys_that_are_views(x: Any) -> Any:
    i = np.zeros(4, int, like=x)
    i[[1, 3]] += 2
    a = np.copy(x)
    a[i[2:]] *= x[i[1::2]]
    y = x[i[:2]] * a[i[1:3]]
    i[:] = 1
    return y


def written_again_and_again(x: Any) -> Any:
    a, b = np.copy(x), np.ones((3, 2), x.dtype, like=x)
    first, total = a[:2], 0.0
    for k in range(150):
        a[k % 3] = a[(k + 1) % 3] * 0.75 + x[k % 3]
        b[k % 3, k % 2] = a[k % 3] * 0.5
        b[k % 3] *= x[k % 3]
        if k % 40 == 0:
            first[1:] = first[:1] * x[2]
            total = total + b[:, 0] @ a
    return a * total


def in_between(x: Any) -> Any:
    a = np.copy(x)
    total = 0.0
    for i in range(3):
        a[i] = a[i - 1] * x[i]
        total = total + a @ a
    return total


VECTORS = [recurrence, rows_of_a_table, written_by_another_function, columns_by_name]
VECTORS += [a_view_of_a_view_of_a_view, a_view_without_axes, an_entry_that_was_read_stays]
VECTORS += [exchange_entries, the_name_goes_on, part_of_a_tensor_that_is_augmented, nested_lists]
VECTORS += [rows_and_numbers, rotation, diagonal_and_beside, over_a_grid, sums_by_place, into_out]
VECTORS += [from_a_function, through_a_window, while_it_is_iterated, flat_all_along]
VECTORS += [order_of_entries, upper_of_lists, types_on_the_way, nothing_at_all, in_between]
VECTORS += [keys_that_change, constants_that_change, powers_through_views, without_axes]
VECTORS += [sums_into_out, views_of_nothing, copies_that_reshape_makes, truth_values_as_keys]
VECTORS += [keys_that_are_views, written_again_and_again]


@pytest.mark.parametrize("f", VECTORS)
def test_functions_of_a_vector(f: Callable[..., Any]) -> None:
    agrees(f, X)


def test_functions_of_a_matrix() -> None:
    agrees(matrices_into_out, A)


def test_a_loop_of_two_arguments() -> None:
    def explicit_euler(x: Any, a: Any) -> Any:
        path = np.zeros((5, 3), x.dtype, like=x)
        path[0] = x
        for i in range(4):
            np.add(path[i], 0.1 * (a @ path[i]), out=path[i + 1])
        return path

    def explicit_euler_of_a(a: Any) -> Any:
        path = np.zeros((5, 3), a.dtype, like=a)
        path[0] = X
        for i in range(4):
            path[i + 1] = path[i] + 0.1 * a.dot(path[i])
        return path

    agrees(explicit_euler_of_a, A)
    np.testing.assert_allclose(jacobian(explicit_euler)(X, A), jacobian(_euler_by_powers)(X))


def _euler_by_powers(x: Any) -> Any:
    powers = [np.linalg.matrix_power(np.eye(3) + 0.1 * A, i) for i in range(5)]
    return np.stack([p @ x for p in powers])
