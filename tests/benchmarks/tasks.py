"""What is computed: each task's data and its target, and the functions that all contestants share.

A target is the most that chainrule may take, in units of hand-written NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

# Each contestant's module, its name, and the library that it takes.
CONTESTANTS = {
    "by_hand": ("NumPy by hand", "numpy"),
    "by_chainrule": ("chainrule", "autodiff"),
    "by_pytorch": ("PyTorch", "torch"),
    "by_autograd": ("HIPS autograd", "autograd"),
}


@dataclass(frozen=True, eq=False)
class Task:
    """One computation, on what data, and the function that does it in each contestant's module."""

    name: str
    title: str
    data: tuple[Any, ...] = ()
    target: float | None = None
    rtol: float = 1e-9
    function: str = ""  # where it is not the name


def chain(np: Any, x: Any) -> Any:
    """Return what 1000 operations on ``x`` add up to, by the functions of a NumPy-like module."""
    for _ in range(200):
        x = x + 0.01 * np.tanh(np.exp(np.sin(x)))
    return x.sum()


def million(x: Any, n: int) -> Any:
    """Return what becomes of a number in n multiplications and additions."""
    for _ in range(n // 2):
        x = x * 0.999 + 0.001
    return x


def rosenbrock(x: Any) -> Any:
    """Return Σ 100 (xᵢ₊₁ - xᵢ²)² + (1 - xᵢ)²."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def gaussians(np: Any, p: Any, x: Any) -> Any:
    """Return three Gaussians and a line at the points ``x``, by 11 parameters."""
    y = p[9] + p[10] * x
    for i in range(0, 9, 3):
        y = y + p[i] * np.exp(-(((x - p[i + 1]) / p[i + 2]) ** 2))
    return y


def two_moons(n: int) -> tuple[Any, Any]:
    """Return points on two interlaced half circles, with noise, and the signs of the two."""
    angle = np.linspace(0, np.pi, n // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([upper, [1, 0.5] - upper])
    points += np.random.default_rng(0).normal(scale=0.1, size=points.shape)
    return points, np.repeat([[-1.0], [1.0]], n // 2, axis=0)


def random_classes(batch: int, inputs: int, classes: int) -> tuple[Any, Any]:
    """Return random points in single precision and random labels."""
    rng = np.random.default_rng(0)
    return rng.random((batch, inputs), np.float32), rng.integers(0, classes, batch)


def initial_parameters(sizes: Sequence[int], dtype: type) -> list[Any]:
    """Return W1, b1, W2, … of a multilayer perceptron."""
    rng = np.random.default_rng(0)
    parameters: list[Any] = []
    for m, n in pairwise(sizes):
        parameters.append(rng.normal(scale=np.sqrt(2 / m), size=(m, n)).astype(dtype))
        parameters.append(np.zeros(n, dtype))
    return parameters


def all_tasks() -> list[Task]:
    """Return all tasks, in the order of the table."""
    rng = np.random.default_rng(0)
    return [
        Task(
            "chain",
            "1000 operations on 10 entries, forward and backward",
            (np.linspace(-1.0, 2.0, 10),),
            target=3.0,
        ),
        Task(
            "moons",
            "training step 2-16-16-1, 100 points, hinge and L2, SGD, float64",
            (*two_moons(100), initial_parameters((2, 16, 16, 1), np.float64)),
            target=2.2,
        ),
        Task(
            "digits",
            "training step 64-128-64-10, batch 64, cross-entropy, Adam, float32",
            (*random_classes(64, 64, 10), initial_parameters((64, 128, 64, 10), np.float32)),
            target=1.2,
            rtol=1e-5,
        ),
        Task(
            "large",
            "training step 784-1024-1024-10, batch 512, cross-entropy, momentum, float32",
            (*random_classes(512, 784, 10), initial_parameters((784, 1024, 1024, 10), np.float32)),
            target=1.05,
            rtol=1e-5,
        ),
        Task(
            "gradient_1000",
            "gradient of Rosenbrock's function, n = 1000",
            (rng.normal(size=1000),),
            function="gradient",
        ),
        Task(
            "gradient",
            "gradient of Rosenbrock's function, n = 100 000",
            (rng.normal(size=100_000),),
            target=2.0,
        ),
        Task(
            "hvp",
            "its Hessian times a vector, n = 100 000",
            (*rng.normal(size=(2, 100_000)),),
            target=4.0,
        ),
        Task(
            "hessian",
            "its Hessian, dense, n = 100",
            (rng.normal(size=100),),
            target=20.0,
        ),
        *(
            Task(
                f"jacobian_{n}",
                f"Jacobian of three Gaussians and a line, {n} × 11",
                (rng.uniform(0.5, 1.5, 11), np.linspace(0.0, 2.0, n)),
                target=target,
                function="jacobian",
            )
            for n, target in [(1000, 4.0), (100_000, 3.0)]
        ),
        Task("million", "1 000 000 operations on a number, forward and backward: ≤ 6 s, ≤ 600 MB"),
        Task("import", "import of the library: ≤ 30 ms more than NumPy"),
    ]
