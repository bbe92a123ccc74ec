"""Within reproducible, fits give the same bits, whatever was fitted before."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fit
from autodiff import forget_plans, reproducible

pytestmark = pytest.mark.usefixtures("several_threads_of_blas")

HERE = Path(__file__).parent


def decay(x: Any, a: Any, b: Any, c: Any) -> Any:
    return a * np.exp(-b * x) + c


def fitted(name: str, seed: int, points: int = 120) -> Any:
    """Return what is found of data with noise of their own."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0.0, 4.0, points)
    noise = 0.05 * rng.normal(size=points)
    if name == "Gaussian":
        y = 3.0 * np.exp(-0.5 * ((x - 2.0) / 0.3) ** 2) + noise
        result = fit.fit(fit.Gaussian(), x, y, sigma=0.05)
    else:
        y = decay(x, 2.5, 1.3, 0.4) + noise
        loss = "linear" if name == "exponential" else name
        bounds = {"a": (0.0, 2.45)} if name == "huber" else None
        start = {"a": 1.0, "b": 1.0, "c": 0.0}
        result = fit.fit(decay, x, y, sigma=0.05, p0=start, loss=loss, bounds=bounds)
    lower, upper = result.band(x)
    return [*result.values.values(), *result.covariance.ravel().tolist(), *lower, *upper]


NAMES = ["exponential", "Gaussian", "cauchy", "huber"]


@pytest.fixture(autouse=True)
def _cold() -> Iterator[None]:
    forget_plans()
    yield
    forget_plans()


@pytest.fixture(scope="module")
def fresh() -> Any:
    """What a process gives that fits nothing else before."""
    path = os.pathsep.join([str(HERE.parents[1]), str(HERE)])
    program = (
        "from test_fits_reproducible import *\n"
        "for name in NAMES:\n"
        "    forget_plans()\n"
        "    with reproducible():\n"
        "        print([float(x) for x in fitted(name, 0)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(NAMES, done.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_fits_agree_with_those_of_a_fresh_process(name: str, fresh: Any) -> None:
    for seed in range(5):  # outside, and of other lengths
        fitted(name, seed)
        fitted(name, seed, points=50)
    with reproducible():
        for seed in (3, 4, 0, 0):
            found = fitted(name, seed)
    assert repr([float(x) for x in found]) == fresh[name]
