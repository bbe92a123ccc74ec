"""Any array that speaks NumPy's protocols goes through: Dask's stay lazy, and nothing converts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib.mixins import NDArrayOperatorsMixin

from autodiff import Tensor, checkpoint, grad, hvp, jacobian, jvp, taylor, value_and_grad


class Duck(NDArrayOperatorsMixin):
    """An array that knows NumPy's two protocols and a few methods, and never becomes an ndarray."""

    def __init__(self, inner: Any) -> None:
        self.inner = np.asarray(inner)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("converted to a NumPy array")

    def __bool__(self) -> bool:
        raise AssertionError("converted to a bool")

    def __float__(self) -> float:
        raise AssertionError("converted to a float")

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        return called(getattr(ufunc, method), args, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(t, Duck | np.ndarray) for t in types):
            return NotImplemented
        return called(function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in ("shape", "ndim", "size", "dtype"):
            return getattr(self.inner, name)
        if name in ("T", "real", "imag"):
            return Duck(getattr(self.inner, name))
        if name in ("sum", "reshape", "astype", "transpose", "ravel", "swapaxes"):
            return lambda *args, **kwargs: Duck(getattr(self.inner, name)(*args, **kwargs))
        raise AttributeError(name)

    def __getitem__(self, key: Any) -> Duck:
        return Duck(self.inner[key])


def called(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    def plain(x: Any) -> Any:
        if isinstance(x, list | tuple):
            return type(x)(map(plain, x))
        return x.inner if isinstance(x, Duck) else x

    return Duck(function(*plain(args), **{k: plain(v) for k, v in kwargs.items()}))


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: np.sum(np.exp(-(x**2)) * np.sin(x) / (1 + np.tanh(x) ** 2)),
    "powers": lambda x: np.sum(x**3 + abs(x) ** 1.5 + 2**x),
    "means": lambda x: np.mean(x * np.mean(x, axis=0)) + (x.sum(axis=1, keepdims=True) * x).sum(),
    "where": lambda x: np.sum(np.where(x > 0, x * x, np.maximum(x, -0.5))),
    "shapes": lambda x: np.sum(x.T.reshape(2, 3) * np.swapaxes(x, 0, 1).ravel().reshape(2, 3) ** 2),
    "slices": lambda x: np.sum(x[1:] * x[:-1]) + np.sum(x[:, 0] ** 3) + np.sum(x[0, 1] * x),
    "matmul": lambda x: np.sum((x @ np.arange(6.0).reshape(3, 2).T) ** 2),
    "einsum": lambda x: np.sum(np.einsum("ij,kj->ik", x, x) ** 2),
    "joining": lambda x: np.sum(np.concatenate([x, x * x]) ** 2) + np.sum(np.stack([x, x]) ** 3),
    "broadcasting": lambda x: np.sum(np.broadcast_to(x[0], (4, 2)) * np.arange(8.0).reshape(4, 2)),
}
X = np.array([[0.3, -0.7], [1.1, 0.4], [-0.2, 0.9]])
V = np.array([[1.0, 2.0], [-1.0, 0.5], [0.2, 0.3]])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_duck_array_is_never_converted(name: str) -> None:
    f = FUNCTIONS[name]
    value, gradient = value_and_grad(f)(Duck(X))
    assert isinstance(value, Duck)
    assert isinstance(gradient, Duck)
    np.testing.assert_allclose(gradient.inner, grad(f)(X), rtol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_dask_arrays_stay_lazy(name: str) -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    f = FUNCTIONS[name]
    gradient = grad(f)(da.from_array(X, chunks=(2, 1)))
    assert isinstance(gradient, da.Array)
    np.testing.assert_allclose(gradient.compute(), grad(f)(X), rtol=1e-12)


LAZY: dict[str, Callable[[Any], Any]] = {
    "a Jacobian of entries": jacobian(lambda x: x[0] ** 2),
    "what is computed again": grad(checkpoint(lambda x: np.sum(x**3))),
    "a table": grad(lambda x: np.sum(np.interp(x[0], [-1.0, 0.5, 2.0], [1.0, 2.0, 7.0]))),
    "the diagonal above": grad(lambda x: np.sum(np.diagonal(x, 1) ** 3)),
    "the diagonals below": grad(lambda x: np.sum(np.diagonal(x, -2) ** 3 * np.trace(x))),
    "correlations": grad(lambda x: np.sum(np.corrcoef(x[:, 0], x[:, 1]) ** 3)),
    "another entry": grad(lambda x: np.sum(x.at[0, 1].set(3.0) ** 2)),
    "a power series": lambda x: taylor(np.exp, x, 3).coefficients,
    "a number": lambda x: Tensor(x).sum().item(),
    "digits": lambda x: float(f"{Tensor(x).sum():.3f}"),
    "a list": lambda x: Tensor(x).tolist(),
}


@pytest.mark.filterwarnings("error::FutureWarning")  # where Dask makes an array in memory
@pytest.mark.parametrize("name", LAZY)
def test_what_else_dask_arrays_are_given_to(name: str) -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    f = LAZY[name]
    np.testing.assert_allclose(np.asarray(f(da.from_array(X, chunks=(2, 1)))), f(X), rtol=1e-12)


def test_a_lazy_jacobian_of_unknown_shape_is_refused() -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    t = da.arange(10.0, chunks=4)
    with pytest.raises(ValueError, match=r"chunks of unknown sizes.*compute_chunk_sizes\(\)"):
        jacobian(lambda p: p[0] * t[t > 3])(np.ones(1))


@pytest.mark.parametrize("f", [np.median, np.nanmedian, np.sort])
@pytest.mark.parametrize("axis", [None, 0])
def test_lazy_arrays_are_not_put_in_order(f: Any, axis: int | None) -> None:
    """Which takes all entries at once: Dask would compute them while the graph is made."""
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    with pytest.raises(TypeError, match=r"not for lazy arrays, as Dask's.* x.compute\(\)"):
        grad(lambda x: np.sum(f(x, axis=axis)))(da.from_array(X, chunks=(2, 1)))


ONLY_IN_MEMORY: dict[str, Callable[[Any], Any]] = {
    "np.linalg.eigh is": lambda x: np.linalg.eigh(x)[0],
    "np.linalg.eigvalsh is": np.linalg.eigvalsh,
    "np.linalg.eig is": np.linalg.eigvals,
    "np.linalg.svdvals is": lambda x: np.linalg.norm(x, "nuc"),
    "np.linalg.cholesky is": np.linalg.cholesky,
    "np.linalg.pinv is": np.linalg.pinv,
    "np.linalg.det is": np.linalg.det,
    "np.linalg.slogdet is": lambda x: np.linalg.slogdet(x)[1],
    "np.unique is": np.unique,
    "np.unwrap is": np.unwrap,
    "np.bincount is": lambda x: np.bincount([0, 1], x[0]),
    "np.piecewise is": lambda x: np.piecewise(x, [x > 0], [np.sin, np.cos]),
    "labels that stand twice in one operand of np.einsum are": lambda x: np.einsum("ii", x),
    "reading arrays of dask by index arrays or masks is": lambda x: x[[0, 1]],
}


@pytest.mark.filterwarnings("error::FutureWarning")  # where Dask makes an array in memory
@pytest.mark.parametrize("words", ONLY_IN_MEMORY)
def test_what_needs_all_entries_in_memory_says_so(words: str) -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")

    def read(block: Any) -> Any:
        raise AssertionError("computed")

    never = da.map_blocks(read, da.ones((2, 2), chunks=1), dtype=float, meta=X[:0])
    with pytest.raises(TypeError, match=f"{words} not (for lazy arrays|available)"):
        grad(lambda x: np.sum(ONLY_IN_MEMORY[words](x)))(never)


@pytest.mark.parametrize("f", [np.convolve, np.correlate])
def test_lazy_arrays_are_not_convolved(f: Any) -> None:
    """Dask has neither, and no array to write the parts into."""
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    x, w = da.arange(6.0, chunks=3), np.array([0.2, 0.5, 0.3])
    with pytest.raises(TypeError, match=r"convolve and np.correlate are not for lazy arrays"):
        grad(lambda x: np.sum(f(x, w) ** 2))(x)
    # What to write instead:
    whole = np.sum(np.stack([w[k] * x[k : len(x) - len(w) + k + 1] for k in range(len(w))]), 0)
    np.testing.assert_allclose(whole.compute(), np.correlate(np.arange(6.0), w))


def test_a_lazy_tensor_is_shown_without_its_entries() -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")

    def read(block: Any) -> Any:
        raise AssertionError("computed")

    never = da.map_blocks(read, da.ones((10**6, 3), chunks=10**5), dtype=np.float32, meta=X[:0])
    x = Tensor(never, name="x")
    assert repr(x) == "Tensor(lazy float32 of shape (1000000, 3), name='x')"
    assert repr(np.sin(x)) == "Tensor(lazy float32 of shape (1000000, 3), op=sin)"


def test_dask_data_and_plain_parameters() -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    t = np.linspace(0, 4, 1000)
    p, v = np.array([1.0, 2.0, 0.5]), np.array([0.1, -0.2, 0.3])

    def chi_squared(t: Any) -> Callable[[Any], Any]:
        y = 1.5 * np.exp(-1.8 * t) + 0.4
        return lambda p: np.sum((p[0] * np.exp(-p[1] * t) + p[2] - y) ** 2)

    lazy, plain = chi_squared(da.from_array(t, chunks=100)), chi_squared(t)
    np.testing.assert_allclose(grad(lazy)(p).compute(), grad(plain)(p), rtol=1e-10)
    np.testing.assert_allclose(jvp(lazy, p, v)[1].compute(), jvp(plain, p, v)[1], rtol=1e-10)
    np.testing.assert_allclose(hvp(lazy, p, v).compute(), hvp(plain, p, v), rtol=1e-10)


def test_dask_rows_of_a_jacobian_by_several_parameters() -> None:
    da = pytest.importorskip("dask.array", reason="Dask is not installed")
    t, p = np.linspace(0, 1, 10), np.array([1.0, 2.0, 0.5])

    def sums(t: Any) -> Callable[[Any], Any]:
        return lambda p: np.concatenate([np.ravel(np.sum(np.exp(p[0] * t))), np.ravel(p[1] * p[2])])

    found = jacobian(sums(da.from_array(t, chunks=5)))(p)
    np.testing.assert_allclose(found, jacobian(sums(t))(p), rtol=1e-12)


def test_ten_million_points_in_a_gibibyte() -> None:
    pytest.importorskip("dask.array", reason="Dask is not installed")
    code = """
import resource
import dask, dask.array as da, numpy as np
from autodiff import grad
t = da.linspace(0, 4, 10_000_000, chunks=250_000)
y = 1.5 * np.exp(-1.8 * t) + 0.4
chi_squared = lambda p: np.sum((p[0] * np.exp(-p[1] * t) + p[2] - y) ** 2)
with dask.config.set(scheduler="threads", num_workers=2):
    g = grad(chi_squared)(np.array([1.0, 2.0, 0.5])).compute()
print(*g, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert np.all(np.isfinite([float(x) for x in out[:3]]))
    assert int(out[3]) < 1024**2  # KiB
