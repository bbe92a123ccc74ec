"""Run the table of rules and training steps on a GPU, by CuPy's arrays beside NumPy's.

``python -m tests.benchmarks.gpu`` compares each rule's value and derivatives on the GPU with those
of NumPy, then times training steps and gradients; without CuPy or a GPU it says what is missing.
``--markdown`` prints the table for the README.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import nn
import optim
from autodiff import grad, jvp, of_kind, to_numpy, vjp
from tests.autodiff.cases import CASES
from tests.autodiff.cases.case import Case

ROUNDS = 9
WARMING = 3  # calls in which kernels are compiled
AGREE = 1e-7
LACKS = (TypeError, AttributeError, NotImplementedError, ValueError)

Step = Callable[[], Any]


def main() -> None:
    """Check and time, or say what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print a table for the README")
    arguments = parser.parse_args()
    missing = what_is_missing()
    if missing:
        print(f"nothing is run: {missing}")
        return
    import cupy

    print(cupy.cuda.runtime.getDeviceProperties(0)["name"].decode(), "· CuPy", cupy.__version__)
    for line in check_rules(cupy.asarray):
        print(line)
    print_times(arguments.markdown, cupy.asarray, cupy.cuda.get_current_stream().synchronize)


def what_is_missing() -> str:
    """Return what is missing for arrays on a GPU, or an empty text."""
    try:
        import cupy
    except ImportError:
        return "CuPy is not installed (pip install cupy-cuda12x, or as your CUDA is)"
    try:
        cupy.zeros(1).get()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CuPy finds no GPU that it can use ({error})"
    return ""


# -- the rules -------------------------------------------------------------------------------


def check_rules(to_device: Callable[[Any], Any]) -> Iterator[str]:
    """Yield how many cases of the table agree with NumPy, and each that does not."""
    agree, lacking = 0, 0
    for case in CASES:
        args = tuple(map(to_device, case.args))
        try:
            case.f(*args)
        except LACKS:  # what CuPy cannot compute, without a derivative
            lacking += 1
            continue
        try:
            compare(case, args)
            agree += 1
        except Exception as error:  # of any kind: a table is printed
            yield f"{case}: {type(error).__name__}: {str(error).strip():.100}"
    yield f"{agree} of {len(CASES)} cases agree with NumPy; {lacking} CuPy cannot compute itself"


def compare(case: Case, args: tuple[Any, ...]) -> None:
    """Raise an error unless a case's value and derivatives on the device are NumPy's."""
    v = tuple(map(np.ones_like, case.args))
    value, along = jvp(case.f, case.args, v)
    found = jvp(case.f, args, tuple(of_kind(t, x) for t, x in zip(v, args, strict=True)))
    w = np.ones_like(value)
    back = vjp(case.f, *case.args)[1](w)
    image = vjp(case.f, *args)[1](of_kind(w, args[0]))
    pairs = [(found[0], value), (found[1], along)]
    pairs += zip(image, back, strict=True) if len(args) > 1 else [(image, back)]
    for actual, expected in pairs:
        np.testing.assert_allclose(to_numpy(actual), expected, rtol=AGREE, atol=AGREE)


# -- times -----------------------------------------------------------------------------------


def training_step(sizes: list[int], rows: int, place: Callable[[Any], Any]) -> Step:
    """Return a step of Adam in float32 on one batch of random data."""
    rng = np.random.default_rng(0)
    x = place(rng.normal(size=(rows, sizes[0])).astype(np.float32))
    labels = place(rng.integers(0, sizes[-1], rows))
    model = nn.MLP(sizes, seed=0, dtype=np.float32)
    for p in model.parameters():
        p.data = place(p.data)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        nn.cross_entropy(model(x), labels).backward()
        optimizer.step()

    return step


def gradient_of_chi_squared(points: int, place: Callable[[Any], Any]) -> Step:
    """Return the gradient of the χ² of a decay over so many points."""
    t = place(np.linspace(0, 4, points))
    y = 1.5 * np.exp(-1.8 * t) + 0.4
    p = place(np.array([1.0, 2.0, 0.5]))
    return partial(grad(lambda p: np.sum((p[0] * np.exp(-p[1] * t) + p[2] - y) ** 2)), p)


def rosenbrock_gradient(entries: int, place: Callable[[Any], Any]) -> Step:
    """Return the gradient of Rosenbrock's function of so many numbers."""
    x = place(np.linspace(-1, 1, entries))
    return partial(grad(lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)), x)


TASKS: dict[str, Callable[[Callable[[Any], Any]], Step]] = {
    "digits 64-128-64-10, batch 64, Adam step": partial(training_step, [64, 128, 64, 10], 64),
    "784-1024-1024-10, batch 512, Adam step": partial(training_step, [784, 1024, 1024, 10], 512),
    "χ² of 10⁷ points, gradient": partial(gradient_of_chi_squared, 10**7),
    "Rosenbrock of 10⁷ numbers, gradient": partial(rosenbrock_gradient, 10**7),
}


def print_times(
    markdown: bool, to_device: Callable[[Any], Any], synchronize: Callable[[], Any]
) -> None:
    """Print what each task takes by NumPy and on the device."""
    head, rule = ("| task | NumPy | CuPy | ratio |", "|---|---|---|---|") if markdown else ("", "")
    print(head, rule, sep="\n") if markdown else None
    for name, make in TASKS.items():
        here = seconds(make(np.asarray), lambda: None)
        there = seconds(make(to_device), synchronize)
        cells = [name, f"{1e3 * here:.2f} ms", f"{1e3 * there:.2f} ms", f"{here / there:.1f}"]
        print(f"| {' | '.join(cells)} |" if markdown else "  ".join(cells), flush=True)


def seconds(step: Step, synchronize: Callable[[], Any]) -> float:
    """Return the median time of a step, until the device has done it."""
    times = []
    for _ in range(WARMING + ROUNDS):
        start = perf_counter()
        step()
        synchronize()
        times.append(perf_counter() - start)
    return median(times[WARMING:])


if __name__ == "__main__":
    main()
