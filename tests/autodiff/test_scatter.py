"""Reading entries: what comes back adds up in its places, whatever kind of numbers it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import grad, hessian, jacobian

X = np.array([[0.3, -0.7, 1.1], [0.4, -0.2, 0.9]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] * 3.0 + np.real(x[1] * (5 + 2j)),
        lambda x: np.real(x[1] * (5 + 2j)) + x[0] * 3.0,
        lambda x: np.sum(x[:2] * np.real(x[1:] * (3 + 1j)) / x[1:]) + 2 * x[1],
    ],
)
def test_real_and_complex_cotangents_meet(f: Callable[[Any], Any]) -> None:
    g = grad(f)(np.array([2.0, 4.0, 7.0]))
    assert g.dtype == np.float64
    np.testing.assert_allclose(g, [3.0, 5.0, 0.0], atol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[:, None],
        lambda x: x[0, None, 1:],
        lambda x: x[..., None, -1],
        lambda x: x[::-1, 2],
    ],
)
def test_of_arrays_that_nothing_can_be_written_into(f: Callable[[Any], Any]) -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")

    def squares(x: Any) -> Any:
        return np.sum(f(x) ** 2) + np.sum(x)

    lazy = grad(squares)(da.from_array(X, chunks=(1, 2)))
    assert isinstance(lazy, da.Array)
    np.testing.assert_allclose(lazy.compute(), grad(squares)(X))


READING: dict[str, Callable[[Any], Any]] = {
    "an entry": lambda x: x[1, 2],
    "a row": lambda x: x[1],
    "a column": lambda x: x[..., 0],
    "a column counted from behind": lambda x: x[:, -1],
    "a slice of columns": lambda x: x[..., 1:],
    "a slice of rows": lambda x: x[1:],
    "every other entry of a row": lambda x: x[0, ::2],
    "backwards": lambda x: x[::-1, ::-1],
    "a new axis behind": lambda x: x[..., None],
    "a new axis between": lambda x: x[..., None, -1],
    "a new axis before": lambda x: x[None, ..., 1],
    "nothing": lambda x: x[2:],
    "all": lambda x: x[...],
}


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("name", READING)
def test_jacobians_of_reading_lazy_arrays(name: str, mode: Any) -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    f = READING[name]
    lazy = jacobian(f, mode=mode)(da.from_array(X, chunks=(1, 2)))
    assert isinstance(lazy, da.Array)
    columns = [f(e) for e in np.eye(X.size).reshape(X.size, *X.shape)]  # for f is linear
    expected = np.stack(columns, axis=-1).reshape(*np.shape(columns[0]), *X.shape)
    np.testing.assert_array_equal(lazy.compute(), expected)


@pytest.mark.parametrize("name", READING)
def test_gradients_along_lazy_gradients_of_reading(name: str) -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")

    def cubes(x: Any) -> Any:
        return np.sum(READING[name](x) ** 3) + np.sum(x[..., 1] * x[..., 0])

    lazy = jacobian(grad(cubes), mode="reverse")(da.from_array(X, chunks=(1, 2)))
    assert isinstance(lazy, da.Array)
    np.testing.assert_allclose(lazy.compute(), hessian(cubes)(X), rtol=1e-14)


def test_index_arrays_of_those_are_refused() -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    with pytest.raises(TypeError, match=r"reading arrays of dask by index arrays or masks"):
        grad(lambda x: np.sum(x[np.array([0, 0])]))(da.from_array(X, chunks=(1, 2)))
