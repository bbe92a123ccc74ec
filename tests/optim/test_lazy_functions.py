"""Functions that close over Dask arrays: what is lazy in what they return is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autodiff import grad, hessian, hvp, jacobian, value_and_grad
from optim import (
    Status,
    bfgs,
    gradient_descent,
    halley,
    lagrange,
    lbfgs,
    least_squares,
    minimize,
    newton,
    newton_cg,
    newton_raphson,
)
from tests.optim.decay_in_chunks import START, Source, data, decay, lazy

dask = pytest.importorskip("dask", reason="Dask is not installed")
da = pytest.importorskip("dask.array", reason="Dask is not installed")


@pytest.fixture(autouse=True)
def one_after_the_other() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


def closing_over(arrays: Any, chunks: int = 300) -> Callable[[Any], Any]:
    t, y = lazy(arrays, chunks)
    return lambda p: decay(p, t, y)


@pytest.mark.parametrize("options", [{}, {"loss": "cauchy", "f_scale": 0.2}, {"offset_tol": 1e-3}])
def test_lazy_residuals(options: Any) -> None:
    arrays = data(1000)
    found = least_squares(closing_over(arrays), START, **options)
    whole = least_squares(decay, START, args=arrays, **options)
    assert found.success
    assert (found.nfev, found.njev) == (whole.nfev, whole.njev)
    assert_allclose(found.x, whole.x, rtol=1e-10)
    assert_allclose(found.fun.compute(), whole.fun, atol=1e-12)
    assert_allclose(found.jac.compute(), whole.jac, atol=1e-12)


def test_lazy_residuals_whose_columns_are_nearly_dependent() -> None:
    x = np.linspace(9, 11, 2000)
    (in_chunks,) = lazy((x,), 700)
    found = least_squares(
        lambda c: sum(c[k] * (in_chunks / 10) ** k for k in range(5)) - np.cos(in_chunks),
        np.zeros(5),
    )
    exact = np.linalg.lstsq((x / 10)[:, None] ** np.arange(5), np.cos(x), rcond=None)[0]
    assert_allclose(found.x, exact, rtol=1e-6)


def test_lazy_residuals_in_one_pass_an_evaluation() -> None:
    source = Source()
    t, y = data(1000)
    measured, times = source.array(y, 100), da.from_array(t, chunks=100)
    found = least_squares(lambda p: decay(p, times, measured), START)
    assert source.made == 10 * found.nfev
    assert source.peak <= 6


def test_a_lazy_residual_that_is_not_finite_is_named() -> None:
    t, y = data(1000)
    y[705] = np.nan
    found = least_squares(closing_over((t, y)), START)
    assert found.status is Status.NOT_FINITE
    assert "a residual is nan at entry 705, 105 of chunk 2" in found.message


def test_lazy_residuals_with_more_axes_are_refused() -> None:
    r = closing_over(data(1000))
    with pytest.raises(ValueError, match=r"shape \(2, 1000\), expected one axis: give the Dask"):
        least_squares(lambda p: np.stack([r(p), r(p)]), START)


@pytest.mark.parametrize(
    "method", [bfgs, lbfgs, newton, newton_cg, gradient_descent, minimize], ids=lambda f: f.__name__
)
def test_minimisers_compute_value_and_gradient_of_a_lazy_function_in_one_pass(method: Any) -> None:
    source = Source()
    t, y = data(1000)
    measured, times = source.array(y, 500), da.from_array(t, chunks=500)
    start = [1.49, 1.82, 0.41]
    found = method(lambda p: np.sum(decay(p, times, measured) ** 2), start)
    best = least_squares(decay, start, args=(t, y))
    assert found.success, found.message
    assert_allclose(found.x, best.x, rtol=1e-5)
    # One more pass for each Hessian, or product with one, and for the value at the look around.
    assert source.made <= 2 * (found.nfev + found.nhev + 6)


def test_lagrange_of_a_lazy_function() -> None:
    t, y = data(1000)
    r = closing_over((t, y))
    fixed = [lambda p: p[0] - 1.4]
    found = lagrange(lambda p: np.sum(r(p) ** 2), START, constraints=fixed)
    whole = lagrange(lambda p: np.sum(decay(p, t, y) ** 2), START, constraints=fixed)
    assert found.success
    assert_allclose(found.x, whole.x, rtol=1e-9)


# -- all that is called ----------------------------------------------------------------------


NEAR = [1.49, 1.82, 0.41]


def squares(t: Any, y: Any) -> Callable[[Any], Any]:
    return lambda p: np.sum(decay(p, t, y) ** 2)


def decayed(t: Any) -> Callable[[Any], Any]:
    return lambda p: np.mean(p[0] * np.exp(-p[1] * t))


BY_SCIPY: dict[str, Callable[[Any, Any], Any]] = {
    "values alone": lambda t, y: minimize(squares(t, y), NEAR, method="Nelder-Mead", tol=1e-3),
    "both in a pair": lambda t, y: minimize(value_and_grad(squares(t, y)), NEAR, jac=True),
    "a gradient": lambda t, y: minimize(squares(t, y), NEAR, jac=grad(squares(t, y))),
    "a Hessian": lambda t, y: minimize(
        squares(t, y), NEAR, method="trust-exact", hess=hessian(squares(t, y))
    ),
    "products": lambda t, y: minimize(
        squares(t, y), NEAR, method="Newton-CG", hessp=partial(hvp, squares(t, y))
    ),
    "a constraint": lambda t, y: minimize(
        lambda p: np.mean((p[0] * t - y) ** 2),
        [0.2],
        method="trust-constr",
        constraints={"type": "ineq", "fun": lambda p: 0.01 - np.mean((p[0] * t) ** 2)},
        tol=1e-3,
    ),
    "a constraint's Jacobian": lambda t, y: minimize(
        squares(t, y),
        NEAR,
        method="SLSQP",
        constraints={
            "type": "eq",
            "fun": lambda p: decayed(t)(p) - 0.2,
            "jac": jacobian(decayed(t)),
        },
    ),
}


@pytest.mark.parametrize("name", BY_SCIPY)
def test_scipys_methods_with_lazy_functions(name: str) -> None:
    arrays = data(150)
    found, whole = BY_SCIPY[name](*lazy(arrays, 75)), BY_SCIPY[name](*arrays)
    assert found.status is whole.status is Status.CONVERGED, found.message
    assert_allclose(found.x, whole.x, rtol=1e-3)


ROOTS: dict[str, Callable[[Any, Any], Any]] = {
    "one": lambda t, y: newton_raphson(lambda x: np.sum(np.exp(-x * t) - y), 1.0),
    "between": lambda t, y: newton_raphson(
        lambda x: np.sum(np.exp(-x * t) - y), 1.0, bracket=(0.1, 3.0)
    ),
    "with curvature": lambda t, y: halley(lambda x: np.sum(np.exp(-x * t) - y), 1.0),
    "several in a list": lambda t, y: newton_raphson(
        lambda p: [np.sum(p[0] * t - y + p[1]), np.sum((p[0] * t - y + p[1]) * t)], [1.0, 1.0]
    ),
    "a gradient": lambda t, y: newton_raphson(grad(squares(t, y)), NEAR),
}


@pytest.mark.parametrize("name", ROOTS)
def test_roots_of_lazy_equations(name: str) -> None:
    arrays = data(1000)
    found, whole = ROOTS[name](*lazy(arrays, 300)), ROOTS[name](*arrays)
    assert found.status is whole.status is Status.CONVERGED, found.message
    assert_allclose(found.x, whole.x, rtol=1e-12)


def test_lazy_equations_in_one_pass_a_point() -> None:
    source = Source()
    t, y = data(1000)
    measured, times = source.array(y, 100), da.from_array(t, chunks=100)
    found = halley(lambda x: np.sum(np.exp(-x * times) - measured), 1.0)
    assert source.made == 10 * found.nfev


# -- starts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", [bfgs, lbfgs, newton, newton_cg, gradient_descent, minimize], ids=lambda f: f.__name__
)
def test_a_lazy_start_is_computed(method: Any) -> None:
    t, y = data(1000)
    start = da.from_array(np.array(NEAR), chunks=2)
    found, whole = method(squares(t, y), start), method(squares(t, y), NEAR)
    assert type(found.x) is np.ndarray
    assert_allclose(found.x, whole.x, rtol=1e-6)


def test_a_lazy_start_in_a_structure_is_computed() -> None:
    t, y = data(1000)
    start = {"a": da.from_array(np.array(1.5)), "rest": [1.8, 0.4]}
    found = least_squares(
        lambda p, t, y: decay([p["a"], *p["rest"]], t, y), start, args=lazy((t, y), 300)
    )
    whole = least_squares(decay, NEAR, args=(t, y))
    assert_allclose([found.x["a"], *found.x["rest"]], whole.x, rtol=1e-10)


# -- what is wrong in the data ---------------------------------------------------------------


def unreadable(values: Any, block_info: Any = None) -> Any:
    if block_info[None]["chunk-location"] == (2,):
        raise OSError("no such file")
    return values


def test_the_chunk_is_named_whose_data_cannot_be_read() -> None:
    t, y = lazy(data(1000), 300)
    broken = y.map_blocks(unreadable, dtype=float, meta=np.empty(0))
    with pytest.raises(OSError, match="no such file\nin chunk 2, entries 600 to 899 of 1000"):
        least_squares(lambda p: decay(p, t, broken), START)


def test_the_chunk_is_named_that_is_not_what_it_says() -> None:
    (t,) = lazy((data(1000)[0],), 100)
    blocks = [np.zeros(99 if i == 3 else 100) for i in range(10)]
    y = da.concatenate([da.from_delayed(dask.delayed(b), (100,), float) for b in blocks])
    with pytest.raises(ValueError, match="in chunk 3, entries 300 to 399 of 1000"):
        least_squares(lambda p: decay(p, t, y), START)


@pytest.mark.parametrize(
    "search",
    [
        bfgs,
        newton,
        minimize,
        lambda f, x0: lagrange(f, x0, lambda p: p[0] - 1),
        lambda f, x0: lagrange(lambda p: np.sum(p**2), x0, lambda p: f(p) - 1),
    ],
    ids=["bfgs", "newton", "minimize", "lagrange", "a constraint of lagrange"],
)
def test_what_computing_raises_is_passed_on(search: Any) -> None:
    def broken(block: Any) -> Any:
        raise ValueError("the file is broken")

    x = da.arange(100.0, chunks=50).map_blocks(broken, dtype=float, meta=np.empty(0))
    with pytest.raises(ValueError, match="the file is broken"):
        search(lambda p: np.sum((x - p[0]) ** 2) + p[1] ** 2, [0.0, 1.0])


class KilledWorker(Exception):  # noqa: N818
    """Of the name of that by which Dask says that a chunk has ended four workers."""


def test_what_ends_workers_is_told_with_advice() -> None:
    def killing(block: Any) -> Any:
        raise KilledWorker("chunk-1")

    x = da.arange(100.0, chunks=50).map_blocks(killing, dtype=float, meta=np.empty(0))
    with pytest.raises(
        RuntimeError, match=r"memory has run out, .* Make chunks smaller by rechunk"
    ):
        least_squares(lambda p, x: x - p[0], [0.0], args=(x,))
