"""Checks of plans: compiled, a program gives what it gives as it is written, here and elsewhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import compile, hessian, hvp, value_and_grad
from tests.autodiff.programs.subject import Subject, all_agree


def agree_with_plans(f: Callable[..., Any], *calls: Any, tolerance: float = 1e-9) -> None:
    """Assert that calls of a function give the same compiled, those that are replays, too."""
    planned = compile(f, eager_calls=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what stays eager
        for args in calls:
            try:
                expected = f(*args)
            except np.linalg.LinAlgError:  # of matrices that are singular elsewhere
                continue
            pairs = [_but_equals(a, b) for a, b in zip(expected, planned(*args), strict=True)]
            eager, found = zip(*pairs, strict=True)
            all_agree("eager", eager, "planned", found, tolerance=tolerance)


def _but_equals(a: Any, b: Any) -> tuple[Any, Any]:
    """Return two arrays with 0 where both are the same, NaN or infinite among others."""
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0, a), np.where(same, 0, b)


def gradients(subject: Subject, *calls: Any, tolerance: float = 1e-9) -> None:
    """Assert that values and gradients agree."""
    every = tuple(range(len(subject.arguments)))
    scalar = subject.functional()

    def both(*xs: Any) -> list[Any]:
        value, found = value_and_grad(scalar, every)(*xs)
        return [value, *found]

    agree_with_plans(both, *calls, tolerance=tolerance)


def planned(subject: Subject) -> None:
    """Values and gradients, at the recorded arguments and at others."""
    here = subject.arguments
    there = tuple(1.001 * x for x in here)
    flipped = tuple(np.flip(x) for x in here)
    gradients(subject, here, here, there, flipped, here)


def planned_float32(subject: Subject) -> None:
    """Values and gradients in single precision."""
    here = tuple(x.astype(np.float32) for x in subject.arguments)
    gradients(subject, here, here, here, tolerance=1e-3)


def planned_products(subject: Subject) -> None:
    """Products with Hessians."""
    i = subject.among_arguments()
    f = subject.of_one(subject.functional(), i)
    x = subject.arguments[i]
    v, w = subject.numbers(x.shape), subject.numbers(x.shape)

    def products(x: Any, v: Any) -> list[Any]:
        return [hvp(f, x, v)]

    agree_with_plans(products, (x, v), (x, v), (x, w), (1.001 * x, w), tolerance=1e-7)


def planned_hessians(subject: Subject) -> None:
    """Hessians by all arguments, at the recorded ones and at others."""
    f = subject.functional()

    def blocks(*xs: Any) -> list[Any]:
        return [block for row in hessian(f, subject.every)(*xs) for block in row]

    here = subject.arguments
    agree_with_plans(blocks, here, here, tuple(np.flip(x) for x in here), here, tolerance=1e-7)


CHECKS: dict[Callable[[Subject], None], float] = {
    planned: 0.2,
    planned_float32: 0.05,
    planned_products: 0.05,
    planned_hessians: 0.05,
}
