"""Every op takes an array that was filled as the Tensor that it is at that moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad
from autodiff._core.arguments import full_name
from tests.autodiff.calls import Call, calls, each_tensor, public_functions
from tests.autodiff.cases import CASES
from tests.autodiff.cases.case import Case

# Whether memory is shared is another question for each of the two.
FUNCTIONS = [f for f in public_functions() if f not in (np.may_share_memory, np.shares_memory)]


def array_filled_with(x: Any) -> Any:
    """Return an array that was filled with the entries of a Tensor, in two pieces."""
    a = np.zeros(x.shape, x.dtype, like=x)
    a[...] = x
    if x.ndim:
        a[:1] = x[:1]
    return a


def assert_same(found: Any, expected: Any) -> None:
    """Assert that two results are the same, part by part."""
    if isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
        return
    assert isinstance(found, Tensor) == isinstance(expected, Tensor)
    found, expected = (x.data if isinstance(x, Tensor) else x for x in (found, expected))
    if not isinstance(expected, np.ndarray | np.generic | float):
        assert isinstance(expected, str) or found == expected  # a text may name an op
        return
    assert getattr(found, "dtype", None) == getattr(expected, "dtype", None)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def total(result: Any) -> Any:
    """Return the sum of all numbers in a result, as far as they have derivatives."""
    if isinstance(result, list | tuple):
        return sum(map(total, result))
    if not isinstance(result, Tensor) or np.asarray(result.data).dtype.kind not in "fc":
        return 0.0
    return np.sum(np.real(result)) + np.sum(np.imag(result))


def gradients(call: Call, make: Callable[[Any], Any]) -> Any:
    """Return the gradients of a call's result by its Tensors, of which something is made before."""
    tensors = [t for t in call.tensors() if t.dtype.kind in "fc"]

    def f(*xs: Any) -> Any:
        made = {id(t): make(x) for t, x in zip(tensors, xs, strict=True)}
        args, kwargs = each_tensor(lambda t: made.get(id(t), t), (call.args, call.kwargs))
        return total(call.function(*args, **kwargs)) + sum(np.sum(np.real(x)) for x in xs)

    return grad(f, tuple(range(len(tensors))))(*(t.data for t in tensors)) if tensors else ()


@pytest.mark.parametrize("function", FUNCTIONS, ids=full_name)
def test_every_function_takes_it(function: Callable[..., Any]) -> None:
    for call in calls().get(function, []):
        args, kwargs = each_tensor(array_filled_with, (call.args, call.kwargs))
        with np.errstate(all="ignore"):
            assert_same(function(*args, **kwargs), call.of_tensors())
            pairs = zip(
                gradients(call, array_filled_with), gradients(call, lambda x: x), strict=True
            )
            for found, expected in pairs:
                np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_takes_it(case: Case) -> None:
    def f(*xs: Any) -> Any:
        return total(case.f(*xs))

    every = tuple(range(len(case.args)))
    with np.errstate(all="ignore"):
        expected = grad(f, every)(*case.args)
        found = grad(lambda *xs: f(*map(array_filled_with, xs)), every)(*case.args)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("function", [np.atleast_1d, np.atleast_2d, np.atleast_3d])
def test_several_results_of_which_some_are_views(function: Callable[..., Any]) -> None:
    x = Tensor(np.array([1.0, 2.0]))
    a = array_filled_with(x)
    assert_same(function(a, 3 * x), function(x, 3 * x))
    assert_same(function(3 * x, a, 2.0), function(3 * x, x, 2.0))
    function(a, x)[0][...] = 5.0
    np.testing.assert_array_equal(a.data, [5.0, 5.0])


def test_what_is_cut_off_depends_on_the_entries() -> None:
    a = np.zeros(5, like=Tensor(np.ones(2)))
    a[1:3] = Tensor(np.array([1.0, 2.0])) * 1
    np.testing.assert_array_equal(np.trim_zeros(a).data, [1.0, 2.0])
