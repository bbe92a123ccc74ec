"""Checks of second and third derivatives: every nesting of walks against the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import factorial
from typing import Any

import numpy as np

from autodiff import grad, hessian, hessian_diagonal, hvp, jacobian, jvp
from autodiff._core.functions import record_function
from autodiff.derivatives._dependence import dependence
from autodiff.derivatives._second import gradient_graph
from autodiff.series._walk import taylor_coefficients
from tests.autodiff.programs.first_order import by_complex_step, differences
from tests.autodiff.programs.subject import Subject, agree, all_agree, dot

SECOND = 1e-8  # for two second derivatives by the same rules
DIFFERENCES = 1e-5  # for one and differences of first derivatives


def nestings(subject: Subject) -> None:
    """Forward and backward walks in one another, all four ways, give one number uᵀHv."""
    scalar, arguments = subject.functional(), subject.arguments
    u, v = subject.direction(), subject.direction()
    every = subject.every

    def pushed(*xs: Any) -> Any:
        return jvp(scalar, xs, v)[1]

    def pulled(*xs: Any) -> Any:
        return dot(grad(scalar, every)(*xs), v)

    product = hvp(scalar, arguments, v)
    scale = float(sum(np.abs(p).sum() for p in product))
    number = dot(product, u)
    results = {
        "forward over forward": jvp(pushed, arguments, u)[1],
        "forward over backward": jvp(pulled, arguments, u)[1],
        "backward over forward": dot(grad(pushed, every)(*arguments), u),
        "backward over backward": dot(grad(pulled, every)(*arguments), u),
    }
    for name, result in results.items():
        agree(name, result, "hvp", number, SECOND, scale)
    if subject.program.smooth:
        agree(
            "hvp", number, "differences", _second(subject, scalar, v, u, number), DIFFERENCES, scale
        )


def _second(subject: Subject, scalar: Callable[..., Any], v: Any, u: Any, found: Any) -> Any:
    """Return uᵀHv by differences of a complex step, or of the forward walk."""

    def stepped(*xs: Any) -> Any:
        return by_complex_step(scalar, xs, v)

    def pushed(*xs: Any) -> Any:
        return jvp(scalar, xs, v)[1]

    steps = subject.program.analytic and stepped(*subject.arguments) is not None
    return differences(stepped if steps else pushed, subject, u, found)


def hessians(subject: Subject) -> None:
    """The Hessian by one argument is the Jacobian of the gradient, in both modes."""
    i = subject.among_arguments()
    x, scalar = subject.arguments[i], subject.of_one(subject.functional(), i)
    H = hessian(scalar)(x)
    if not subject.program.smooth and np.isnan(H).any():
        return  # at the corner of a length there is none
    for mode in ("forward", "reverse"):
        J = jacobian(grad(scalar), mode=mode)(x)
        agree("hessian", H, f"jacobian(grad), {mode},", J, SECOND)
    diagonal = hessian_diagonal(scalar)(x)
    agree(
        "hessian_diagonal",
        diagonal,
        "hessian's",
        np.diag(H.reshape(x.size, x.size)).reshape(x.shape),
    )
    v = subject.numbers(x.shape)
    scale = float(np.abs(H).sum())
    agree("hessian @ v", np.tensordot(H, v, x.ndim), "hvp", hvp(scalar, x, v), SECOND, scale)
    agree("hessian", H, "hessian in chunks of 2", hessian(scalar, chunk=2)(x))


def blocks(subject: Subject) -> None:
    """The Hessian's blocks by all arguments, times two directions, give hvp."""
    scalar, v = subject.functional(), subject.direction()
    H = hessian(scalar, subject.every)(*subject.arguments)
    if not subject.program.smooth and any(np.isnan(block).any() for row in H for block in row):
        return
    product = hvp(scalar, subject.arguments, v)
    rows = [
        sum(np.tensordot(block, d, d.ndim) for block, d in zip(row, v, strict=True)) for row in H
    ]
    scale = float(sum(np.abs(block).sum() for row in H for block in row))
    all_agree("hessian @ v", rows, "hvp", product, tolerance=SECOND, scale=scale)


def dependences(subject: Subject) -> None:
    """Where the gradient's graph says that nothing depends on an entry, the Hessian is 0."""
    scalar = subject.functional()
    sizes = [x.size for x in subject.arguments]
    H = hessian(scalar, subject.every)(*subject.arguments)
    full = np.block(
        [
            [block.reshape(n, m) for block, m in zip(row, sizes, strict=True)]
            for row, n in zip(H, sizes, strict=True)
        ]
    )
    graph = record_function(scalar, subject.arguments, {}, subject.every)
    pattern = dependence(gradient_graph(graph, "hessian"))
    assert pattern is not None
    wrong = (full != 0) & ~np.isnan(full) & ~(pattern | pattern.T)
    assert not wrong.any(), f"entries that are not 0: {np.argwhere(wrong).tolist()}"


def nested_jacobians(subject: Subject) -> None:
    """Jacobians of Jacobians agree in all modes, and with the Jacobian's derivative along v."""
    i = subject.among_arguments()
    x, f = subject.arguments[i], subject.of_one(subject.f, i)
    if x.size * subject.value.size > 24:
        return
    found = {
        f"jacobian {inner} in {outer}": jacobian(jacobian(f, mode=inner), mode=outer)(x)
        for inner in ("forward", "reverse")
        for outer in ("forward", "reverse")
    }
    (first, T), *others = found.items()
    for name, other in others:
        agree(first, T, name, other, SECOND)
    u, v = subject.numbers(x.shape), subject.numbers(x.shape)
    contracted = np.tensordot(np.tensordot(T, u, x.ndim), v, x.ndim)
    along = jvp(lambda x: jvp(f, x, v)[1], x, u)[1]
    scale = float(np.abs(T).sum())
    agree(f"{first} along two directions", contracted, "jvp of jvp", along, SECOND, scale)


def series(subject: Subject) -> None:
    """The Taylor walk's coefficients are the nested forward walk's derivatives over k!."""
    v = subject.direction()
    f, arguments = subject.f, subject.arguments
    graph = record_function(f, arguments, {}, subject.every)
    order = 3 if subject.rng.random() < 0.4 else 2
    actual = taylor_coefficients(
        graph, [[x._value, d] for x, d in zip(graph.leaves, v, strict=True)], order
    )

    def along(t: Any) -> Any:
        return f(*(x + t * d for x, d in zip(arguments, v, strict=True)))

    derivative: Callable[[Any], Any] = along
    for k in range(order + 1):
        expected = np.asarray(derivative(0.0)) / factorial(k)
        agree(f"Taylor coefficient {k}", actual[k], "nested jvp", expected, 1e-7)
        derivative = partial(_slope, derivative)


def _slope(f: Callable[[Any], Any], t: Any) -> Any:
    return jvp(f, t, 1.0)[1]


CHECKS: dict[Callable[[Subject], None], float] = {
    nestings: 0.35,
    hessians: 0.3,
    blocks: 0.15,
    dependences: 0.15,
    nested_jacobians: 0.2,
    series: 0.15,
}
