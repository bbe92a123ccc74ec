"""Plans are of NumPy's arrays: calls that compute with others are made as they are written."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, compile, grad, replaying, reproducible, to_numpy
from tests.autodiff.device_arrays import DeviceArray

X = np.linspace(0.1, 2.0, 6)
P = np.float64(0.7)


def lazy(x: Any) -> Any:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    return da.from_array(x, chunks=2)


def bowl(x: Any) -> Any:
    return np.sum(np.exp(-x) * x**2)


def distance(p: Any, x: Any) -> Any:
    return np.sum((p * x - 1) ** 2)


def by_x(x: Any) -> tuple[Callable[..., Any], Any]:
    return grad(bowl), x


def by_one_of_several(x: Any) -> tuple[Callable[..., Any], Any]:
    return grad(lambda parts: bowl(parts["x"])), {"x": x}


def with_x_around(x: Any) -> tuple[Callable[..., Any], Any]:
    return grad(lambda p: distance(p, x)), P


def with_x_in_an_object(x: Any) -> tuple[Callable[..., Any], Any]:
    data = SimpleNamespace(x=x)
    return grad(lambda p: distance(p, data.x)), P


def with_x_made_within(x: Any) -> tuple[Callable[..., Any], Any]:
    make, numbers = type(x) if isinstance(x, DeviceArray) else lazy, X.copy()
    return grad(lambda p: distance(p, make(numbers))), P


def with_a_tensor_of_x(x: Any) -> tuple[Callable[..., Any], Any]:
    data = Tensor(x)
    return lambda p: grad(lambda p: distance(p, data))(p).data, P


CALLS = (
    by_x,
    by_one_of_several,
    with_x_around,
    with_x_in_an_object,
    with_x_made_within,
    with_a_tensor_of_x,
)
WAYS: dict[str, Callable[..., Any]] = {
    "compile": lambda f: compile(f, eager_calls=0),
    "replaying": replaying,
}
every_kind = pytest.mark.parametrize("kind", [lazy, DeviceArray], ids=["lazy", "device"])


@every_kind
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore:.*stays eager")
def test_calls_are_made_as_they_are_written(kind: Any, call: Any, way: str) -> None:
    f, argument = call(kind(X))
    f_of_numpys, argument_of_numpys = call(X)
    fast = WAYS[way](f)
    for _ in range(8):
        found = fast(argument)
    with reproducible():
        again = WAYS[way](f)(argument)
    expected = f_of_numpys(argument_of_numpys)
    for result in (found, again):
        for x, y in zip(leaves(result), leaves(expected), strict=True):
            assert type(x) is type(kind(X))
            np.testing.assert_allclose(to_numpy(x), y, rtol=1e-14)
    assert not fast.plans


def leaves(x: Any) -> list[Any]:
    return list(x.values()) if isinstance(x, dict) else [x]


@every_kind
def test_it_is_said_once_which_array_there_is(kind: Any) -> None:
    f, p = with_x_around(kind(X))
    fast = compile(f, eager_calls=0)
    with pytest.warns(UserWarning, match=r"stays eager: .* computes with a (dask|tests)\.\w*Array"):
        fast(p)
    fast(p)  # where warnings are errors
