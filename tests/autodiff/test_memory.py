"""What a graph costs: it goes at once, n operands cost n times one, pages are fetched once."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autodiff import (
    Tensor,
    check_grads,
    checkpoint,
    custom,
    draw,
    grad,
    hessian,
    hessian_diagonal,
    implicit,
    jacobian,
    linearize,
    quadratic_approximation,
    taylor,
    vjp,
)
from autodiff._core.op import Together

X = np.array([0.3, 0.5, 0.7])
M = np.arange(9.0).reshape(3, 3) + np.eye(3)

CALLS: dict[str, Callable[[], Any]] = {
    "grad": lambda: grad(lambda x: np.sum(np.exp(x) * x[0]))(X),
    "hessian": lambda: hessian(lambda x: np.sum(np.exp(x) * x[0]))(X),
    "jacobian": lambda: jacobian(lambda x: np.cumsum(np.exp(x) * x[0]))(X),
    "linearize": lambda: linearize(np.sin, X)[1](X),
    "vjp": lambda: vjp(np.sin, X)[1](X),
    "hessian_diagonal": lambda: hessian_diagonal(lambda x: np.sum(np.exp(x) * x[0]))(X),
    "taylor": lambda: taylor(lambda x: np.tanh(np.exp(np.sin(x)) ** 2.5) ** 3, 0.3, 5),
    "quadratic": lambda: quadratic_approximation(lambda x: np.sum(np.exp(x)), X),
    "multi_dot": lambda: np.linalg.multi_dot([Tensor(M), M, Tensor(M), M]).sum().backward(),
    "draw": lambda: draw(np.sum(np.sin(Tensor(X)) ** 2)).source,
    "checkpoint": lambda: grad(lambda x: np.sum(checkpoint(np.sin)(x)))(X),
    "implicit": lambda: grad(implicit(lambda y, t: y**2 - t, np.sqrt))(4.0),
    "custom": lambda: grad(custom(lambda x: x * 2, vjp=lambda g, out, x: 2 * g))(1.0),
    "check_grads": lambda: check_grads(np.sin, X),
    "decompositions": lambda: np.linalg.svd(Tensor(M), full_matrices=False),
    "joins": lambda: np.block([[Tensor(M), M], [M, M]]),
}


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("name", CALLS)
def test_nothing_waits_for_the_garbage_collector(name: str) -> None:
    CALLS[name]()  # which may import and fill caches
    gc.collect()
    CALLS[name]()
    assert gc.collect() == 0


@pytest.mark.parametrize("join", [np.stack, np.concatenate, np.hstack])
def test_many_operands_are_taken_apart_together(join: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(
        Together, "__getitem__", lambda self, i: pytest.fail("asked for one operand's rule alone")
    )
    xs = [Tensor([float(i)]) for i in range(50)]
    weights = np.arange(50.0).reshape(-1, 1) if join is np.stack else np.arange(50.0)
    np.sum(join(xs) * weights).backward()
    made += [x.grad.item() for x in xs]
    assert made == list(range(50))


def test_threads_with_common_leaves_lose_nothing() -> None:
    w = Tensor(np.zeros(3))
    losses = [np.sum(w * (i + np.ones(3))) for i in range(8)]
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(target=lambda y=y: [y.backward() for _ in range(200)]) for y in losses
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert w.grad.tolist() == [200.0 * sum(range(1, 9))] * 3


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone can be told to keep it")
@pytest.mark.parametrize("told", [{}, {"MALLOC_TRIM_THRESHOLD_": "65536"}], ids=["plain", "Dask's"])
def test_memory_of_a_large_graph_is_fetched_once(told: dict[str, str]) -> None:
    code = """
import resource
import numpy as np
from autodiff import grad

def f(y):
    for _ in range(400):
        y = y + 0.01 * (np.sin(y) * y)
    return y.sum()

gradient = grad(f)
for _ in range(3):
    gradient(np.linspace(0, 1, 20_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
gradient(np.linspace(0, 1, 20_000))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | told,
    )
    pages = 4 * 400 * 160_000 // 4096
    assert int(done.stdout) < pages / 4
