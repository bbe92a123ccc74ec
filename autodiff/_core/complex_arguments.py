"""What some derivatives ask of complex arguments: an analytic function, or real parts instead.

A function of z = x + iy has two derivatives, ∂f/∂x and ∂f/∂y. One complex number tells both if f
is real (∂f/∂x - i ∂f/∂y, as `grad` has it), along a given direction (`jvp`, `hvp`), and where f is
analytic: where ∂f/∂y = i ∂f/∂x. Other functions are refused by what they do, not by what they are
made of: np.abs(z) ** 2 / np.conj(z) is z.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.record import value_of
from autodiff._core.walks import Graph

# What a walk gives along a factor times a step, by order: the value, the tangent...
Terms: TypeAlias = Callable[[complex], Sequence[Any]]

BY_PARTS = (
    "differentiate by the real and imaginary parts, as in "
    "jacobian(lambda x, y: f(x + 1j * y), (0, 1))(z.real, z.imag), or along a direction by jvp"
)

_TURN = cmath.exp(1j)  # not i itself, whose fourth power does not tell z**4 from abs(z)**4
_STRETCHES = np.linspace(0.9, 1.1, 8).tolist()


def require_real_arguments(graph: Graph, derivative: str) -> None:
    """Raise if a leaf is complex: a second derivative by z takes three numbers, not one."""
    for leaf in graph.leaves:
        if leaf.dtype.kind == "c":
            raise TypeError(
                f"{derivative} needs a real argument, but it was given {leaf.dtype}: give the "
                "function the real and imaginary parts as one real array, as in "
                "lambda v: f(v[0] + 1j * v[1]) of np.stack([z.real, z.imag])"
            )


def require_analytic(graph: Graph, needs: str, instead: str) -> None:
    """Raise unless the output is an analytic function of the complex ones among the leaves."""
    (out,) = graph.outputs
    rng = np.random.default_rng(0)
    steps = [
        (rng.normal(size=x.shape) + 1j * rng.normal(size=x.shape)).astype(x.dtype)[()]
        if x.dtype.kind == "c"
        else None
        for x in graph.leaves
    ]

    def terms(factor: complex) -> Sequence[Any]:
        tangents = [None if step is None else factor * step for step in steps]
        return value_of(out), graph.push(tangents)[out]

    require_powers(terms, needs, instead)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # where it is infinite, all passes
def require_powers(terms: Terms, needs: str, instead: str) -> None:
    """Raise unless the term of order k grows as the k-th power of a complex factor.

    Of a real factor it does, whatever the function: how far it does not is rounding.
    """
    expected, turned = _along(terms, 1.0), _along(terms, _TURN)
    errors = _differences(turned, expected)
    allowed = [np.finfo(c.dtype).eps ** 0.75 * np.abs(c) for c in expected]
    if _within(errors, allowed):
        return
    stretched = [_differences(_along(terms, s * _TURN), turned) for s in _STRETCHES]
    rounding = [_largest(np.stack(each)) for each in zip(*stretched, strict=True)]
    if not _within(errors, [a + 10 * r for a, r in zip(allowed, rounding, strict=True)]):
        raise TypeError(
            f"{needs}, but along i it does not change by i times what it changes along 1, as where "
            f"np.conj, np.real or np.abs takes part: {instead}"
        )


def _along(terms: Terms, factor: complex) -> list[Any]:
    return [c / factor**k for k, c in enumerate(terms(factor))]


def _differences(some: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [np.abs(a - b) for a, b in zip(some, others, strict=True)]


def _largest(errors: Any) -> Any:
    return np.max(errors, initial=0.0, where=np.isfinite(errors))


def _within(errors: Sequence[Any], allowed: Sequence[Any]) -> bool:
    return not any(np.any(e > a) for e, a in zip(errors, allowed, strict=True))
