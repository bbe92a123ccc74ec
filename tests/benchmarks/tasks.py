"""What is computed: each task's data and its target, and the functions that all contestants share.

A target is the most that chainrule may take, eager or planned, in units of hand-written NumPy. An
`objective` is measured by itself, as ADBench does: the unit is its value alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from tests.benchmarks import THREADS

# Each contestant's module, its name, and the library that it takes.
CONTESTANTS = {
    "by_hand": ("NumPy by hand", "numpy"),
    "by_chainrule": ("chainrule", "autodiff"),
    "by_plan": ("chainrule, planned", "autodiff"),
    "by_jax": ("JAX jit", "jax"),
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
    planned: float | None = None  # the target of planned chainrule
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


def logistic_loss(np: Any, b: Any, x: Any, signs: Any) -> Any:
    """Return how unlikely the labels of some points are, by a logistic regression."""
    return np.sum(np.log(1 + np.exp(-signs * (x @ b))))


def damped_sine(np: Any, x: Any) -> Any:
    """Return Σ exp(-x²) sin 3x."""
    return np.sum(np.exp(-(x**2)) * np.sin(3 * x))


# -- objectives, of their first argument ----------------------------------------------------------


def logsumexp(np: Any, x: Any) -> Any:
    """Return the logarithm of the sum of exponentials, over the first axis."""
    largest = np.amax(x, 0)
    return largest + np.log(np.sum(np.exp(x - largest), 0))


def rk4_step(np: Any, x: Any, rates: Any) -> Any:
    """Return what x' = a sin x makes of ``x`` in a hundredth, by the classical Runge-Kutta step."""
    h = 0.01
    k1 = rates * np.sin(x)
    k2 = rates * np.sin(x + h / 2 * k1)
    k3 = rates * np.sin(x + h / 2 * k2)
    k4 = rates * np.sin(x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def rk4(np: Any, x: Any, rates: Any) -> Any:
    """Return the sum of where x' = a sin x is at the time 1."""
    for _ in range(100):
        x = rk4_step(np, x, rates)
    return np.sum(x)


def lstm_weights(parameters: Any, state: Any) -> tuple[list[Any], list[Any]]:
    """Return the weight and bias of each layer's gates, and the three rows around the layers."""
    n, width = state.shape
    rows = parameters[: 4 * n * width].reshape(n, 4 * width)
    around = parameters[4 * n * width :].reshape(3, width)
    return [(rows[i], rows[i + 1]) for i in range(0, n, 2)], [around[i] for i in range(3)]


def lstm_step(
    np: Any, layers: Any, around: Any, cells: Any, x: Any, following: Any
) -> tuple[Any, list[Any]]:
    """Return how well what follows ``x`` is predicted, and each layer's output and cell."""
    width = len(x)
    x = x * around[0]
    new = []
    for (weight, bias), (hidden, cell) in zip(layers, cells, strict=True):
        gates = np.concatenate([x, hidden, x, hidden]) * weight + bias
        forget = 1 / (1 + np.exp(-gates[:width]))
        entry = 1 / (1 + np.exp(-gates[width : 2 * width]))
        output = 1 / (1 + np.exp(-gates[2 * width : 3 * width]))
        cell = cell * forget + entry * np.tanh(gates[3 * width :])
        x = output * np.tanh(cell)
        new.append((x, cell))
    scores = x * around[1] + around[2]
    return np.sum(following * (scores - np.log(2 + np.sum(np.exp(scores))))), new


def lstm(np: Any, parameters: Any, state: Any, sequence: Any) -> Any:
    """Return the mean loss of ADBench's network of long short-term memory, on rows of bits.

    All its products are elementwise: each gate of a layer has one weight for each input.
    """
    layers, around = lstm_weights(parameters, state)
    cells = [(state[i], state[i + 1]) for i in range(0, len(state), 2)]
    total = 0.0
    for t in range(len(sequence) - 1):
        gain, cells = lstm_step(np, layers, around, cells, sequence[t], sequence[t + 1])
        total = total + gain
    return -total / len(sequence[1:]) / len(sequence[0])


def mixture(np: Any, parameters: Any, points: Any) -> Any:
    """Return ADBench's log-posterior of a mixture of Gaussians, up to a constant.

    Each of the k components has a logarithmic weight, a mean, the logarithms of the diagonal of
    the factor of its inverse covariance, and that factor's entries below the diagonal by columns.
    The prior is Wishart's with γ = 1 and m = 0.
    """
    n, d = points.shape
    k = len(parameters) // (1 + d + d * (d + 1) // 2)
    weights, means = parameters[:k], parameters[k : k + k * d].reshape(k, 1, d)
    factors = parameters[k + k * d :].reshape(k, -1)
    logarithms, below = factors[:, :d], factors[:, d:]
    diagonals = np.exp(logarithms)
    columns, end = [], 0
    for i in range(d):
        start, end = end, end + d - i - 1
        columns.append(np.concatenate([np.zeros((k, i + 1)), below[:, start:end]], 1))
    centred = points - means
    scaled = diagonals.reshape(k, 1, d) * centred + centred @ np.stack(columns, 1)
    sums = np.sum(logarithms, 1)
    terms = (weights + sums).reshape(k, 1) - 0.5 * np.sum(scaled**2, 2)
    prior = 0.5 * (np.sum(diagonals**2) + np.sum(below**2))
    return np.sum(logsumexp(np, terms)) - n * logsumexp(np, weights) + prior


# -- data -----------------------------------------------------------------------------------------


@cache
def grid(n: int) -> Any:
    """Return n numbers from -2 to 3, the same array each time."""
    return np.linspace(-2.0, 3.0, n)


def two_moons(n: int) -> tuple[Any, Any]:
    """Return points on two interlaced half circles, with noise, and the signs of the two."""
    angle = np.linspace(0, np.pi, n // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([upper, [1, 0.5] - upper])
    points += np.random.default_rng(0).normal(scale=0.1, size=points.shape)
    return points, np.repeat([[-1.0], [1.0]], n // 2, axis=0)


def labelled_points(n: int, d: int) -> tuple[Any, Any]:
    """Return random points and their labels, -1 and 1."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)), rng.choice([-1.0, 1.0], n)


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


def objectives() -> list[tuple[str, str, tuple[Any, ...], float]]:
    """Return the objectives: name, title, function and arguments, target of planned chainrule."""
    rng = np.random.default_rng(0)
    k, d = 25, 10
    characters = rng.integers(32, 128, (1025, 1))
    bits = (characters >> np.arange(14) & 1).astype(np.float64)
    return [
        (
            "logsumexp",
            "logsumexp of 10 000 entries, gradient against value",
            (logsumexp, rng.normal(size=10_000)),
            2.0,
        ),
        (
            "rk4",
            "100 Runge-Kutta steps on 10 000 entries, gradient against value",
            (rk4, rng.uniform(0.5, 2.5, 10_000), rng.uniform(0.5, 1.5, 10_000)),
            2.2,
        ),
        (
            "lstm",
            "ADBench's LSTM, 2 layers, 14 bits, 1024 steps, gradient against value",
            (lstm, rng.random((4 * 4 + 3) * 14), rng.random((4, 14)), bits),
            2.6,
        ),
        (
            "mixture",
            "ADBench's Gaussian mixture, d = 10, k = 25, n = 1000, gradient against value",
            (mixture, rng.normal(size=k * (1 + d + d * (d + 1) // 2)), rng.normal(size=(1000, d))),
            1.3,
        ),
    ]


def all_tasks() -> list[Task]:
    """Return all tasks, in the order of the table."""
    rng = np.random.default_rng(0)
    return [
        Task(
            "chain",
            "1000 operations on 10 entries, forward and backward",
            (np.linspace(-1.0, 2.0, 10),),
            target=3.0,
            planned=0.65,
        ),
        Task(
            "moons",
            "training step 2-16-16-1, 100 points, hinge and L2, SGD, float64",
            (*two_moons(100), initial_parameters((2, 16, 16, 1), np.float64)),
            target=2.2,
            planned=0.45,
        ),
        Task(
            "digits",
            "training step 64-128-64-10, batch 64, cross-entropy, Adam, float32",
            (*random_classes(64, 64, 10), initial_parameters((64, 128, 64, 10), np.float32)),
            target=1.2,
            planned=0.65,
            rtol=1e-5,
        ),
        Task(
            "large",
            "training step 784-1024-1024-10, batch 512, cross-entropy, momentum, float32",
            (*random_classes(512, 784, 10), initial_parameters((784, 1024, 1024, 10), np.float32)),
            target=1.05,
            planned=1.0,
            rtol=1e-5,
        ),
        Task(
            "gradient_1000",
            "gradient of Rosenbrock's function, n = 1000",
            (rng.normal(size=1000),),
            planned=0.75,
            function="gradient",
        ),
        Task(
            "gradient",
            "gradient of Rosenbrock's function, n = 100 000",
            (rng.normal(size=100_000),),
            target=2.0,
            planned=0.75,
        ),
        Task(
            "hvp_1000",
            "its Hessian times a vector, n = 1000",
            (*rng.normal(size=(2, 1000)),),
            planned=0.75,
            function="hvp",
        ),
        Task(
            "hvp",
            "its Hessian times a vector, n = 100 000",
            (*rng.normal(size=(2, 100_000)),),
            target=4.0,
            planned=0.85,
        ),
        Task(
            "hessian",
            "its Hessian, dense, n = 100",
            (rng.normal(size=100),),
            target=20.0,
            planned=2.0,
        ),
        Task(
            "logistic",
            "Hessian of a logistic regression, 20 000 × 100",
            (*labelled_points(20_000, 100), rng.normal(scale=0.1, size=100)),
            planned=0.65,
        ),
        *(
            Task(
                f"jacobian_{n}",
                f"Jacobian of three Gaussians and a line, {n} × 11",
                (rng.uniform(0.5, 1.5, 11), np.linspace(0.0, 2.0, n)),
                target=target,
                planned=0.75,
                function="jacobian",
            )
            for n, target in [(1000, 4.0), (100_000, 3.0)]
        ),
        *(
            Task(name, title, data, planned=planned, function="objective")
            for name, title, data, planned in objectives()
        ),
        Task(
            "large_array",
            "Σ exp(-x²) sin 3x of 10 000 000 numbers and its gradient",
            (10_000_000,),
            target=1.25,
            planned=0.75 if THREADS == 1 else 0.4,
        ),
        Task("million", "1 000 000 operations on a number, forward and backward: ≤ 6 s, ≤ 600 MB"),
        Task("import", "import of the library: ≤ 30 ms more than NumPy"),
    ]
