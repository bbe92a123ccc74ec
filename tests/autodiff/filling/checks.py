"""What is compared: values with NumPy's, derivatives with complex steps and with one another."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from autodiff import (
    Tensor,
    checkpoint,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from autodiff._core.functions import record_function
from autodiff.series._walk import taylor_coefficients
from tests.autodiff.filling.program import Program
from tests.autodiff.oracles import complex_step, richardson
from tests.autodiff.programs.planned import agree_with_plans
from tests.autodiff.programs.subject import agree, all_agree, dot

BY_STEP = 1e-10
BY_DIFFERENCES = 1e-6


class Subject:
    """A program with a direction and weights to try it along."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arguments = program.arguments
        self.every = tuple(range(len(program.arguments)))
        self.rng = np.random.default_rng(zlib.crc32(program.source.encode()))
        self.v, self.u = self._direction(), self._direction()
        self.w = self.rng.uniform(0.5, 1.5, self.read(*self.arguments).shape)

    def _direction(self) -> tuple[Any, ...]:
        return tuple(np.asarray(self.rng.uniform(0.5, 1.5, x.shape)) for x in self.arguments)

    def read(self, *xs: Any) -> Any:
        """Return all that the program reads as one vector."""
        parts = [np.ravel(r) for r in self.program.f(*map(_array, xs))]
        return np.concatenate(parts) if parts else np.zeros(0)

    def weighted(self, *xs: Any) -> Any:
        """Return a number."""
        return np.sum(self.w * self.read(*xs))

    def summed(self, *xs: Any) -> Any:
        """Return the plain sum."""
        return np.sum(self.read(*xs))

    @cached_property
    def slope(self) -> Any:
        """The derivative along the direction, by a complex step."""
        return complex_step(self.read, self.arguments, self.v)

    def pulled(self, w: Any) -> Any:
        """Return the cotangents of the arguments."""
        return vjp(self.read, *self.arguments)[1](w)


def _array(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, np.generic) else x


def values(subject: Subject) -> None:
    """What is read has the bits, the shape and the type that it has on plain arrays."""
    for dtype in (np.float64, np.complex128, np.float32):
        arguments = [x.astype(dtype) for x in subject.arguments]
        try:
            expected = subject.program.f(*arguments)
        except TypeError:  # a constant of another type is written by np.place or np.putmask
            assert dtype is np.float32
            continue
        for makes in (Tensor, lambda x: Tensor(x, requires_grad=False)):
            read = subject.program.f(*map(makes, arguments))
            for i, (x, y) in enumerate(zip(read, expected, strict=True)):
                assert isinstance(x, Tensor), f"reading {i} is a {type(x)}"
                kind = f"reading {i} of {dtype.__name__}"
                assert x.shape == y.shape, f"{kind}: has shape {x.shape}, NumPy's {y.shape}"
                assert x.dtype == y.dtype, f"{kind}: has type {x.dtype}, NumPy's {y.dtype}"
                rounds = subject.program.rounds or dtype is np.float32
                close = 100 * float(np.finfo(dtype).eps) if rounds else 0.0
                agree(kind, x.data, "NumPy's", y, close)
        for x, before in zip(arguments, subject.arguments, strict=True):
            assert np.array_equal(x, before), "an argument was written into"


def forward(subject: Subject) -> None:
    """The forward walk gives what the complex step gives, again and again."""
    value, tangent = jvp(subject.read, subject.arguments, subject.v)
    agree("jvp's value", value, "NumPy's", subject.read(*subject.arguments), 1e-14)
    agree("jvp", tangent, "the complex step", subject.slope, BY_STEP)
    push = linearize(subject.read, *subject.arguments)[1]
    agree("linearize's push", push(*subject.v), "the complex step", subject.slope, BY_STEP)


def backward(subject: Subject) -> None:
    """Gradients of a plain and of a weighted sum give what the complex step gives."""
    for f, w in ((subject.summed, np.ones_like(subject.w)), (subject.weighted, subject.w)):
        found = grad(f, subject.every)(*subject.arguments)
        for g, x in zip(found, subject.arguments, strict=True):
            assert g.shape == x.shape, f"a gradient of shape {g.shape} by one of {x.shape}"
        scale = float(sum(np.abs(g).sum() for g in found))
        slope = np.sum(w * subject.slope)
        agree("grad·v", dot(found, subject.v), "the complex step", slope, BY_STEP, scale)
        all_agree("grad", found, "vjp", subject.pulled(w))


def jacobians(subject: Subject) -> None:
    """The Jacobian along the direction is the complex step, in every mode and in chunks."""
    read = subject.read
    first = jacobian(read, subject.every, mode="forward")(*subject.arguments)
    along = sum(np.tensordot(J, d, d.ndim) for J, d in zip(first, subject.v, strict=True))
    scale = float(sum(np.abs(J).sum() for J in first))
    agree("the Jacobian times v", along, "the complex step", subject.slope, BY_STEP, scale)
    for mode, chunk in (("reverse", None), ("auto", None), ("forward", 2), ("reverse", 1)):
        found = jacobian(read, subject.every, mode=mode, chunk=chunk)(*subject.arguments)
        all_agree("jacobian forward", first, f"{mode} in chunks of {chunk}", found)


def second(subject: Subject) -> None:
    """Second derivatives are differences of complex steps, in every nesting of walks."""
    f, arguments, every = subject.weighted, subject.arguments, subject.every
    u, v, small = subject.u, subject.v, 0.01

    def slope(*xs: Any) -> Any:
        return complex_step(f, xs, v)

    def pushed(*xs: Any) -> Any:
        return jvp(f, xs, v)[1]

    def pulled(*xs: Any) -> Any:
        return dot(grad(f, every)(*xs), v)

    product = hvp(f, arguments, v)
    scale = float(sum(np.abs(p).sum() for p in product))
    number = dot(product, u)
    expected = richardson(slope, arguments, [small * d for d in u]) / small
    agree("hvp", number, "differences of complex steps", expected, BY_DIFFERENCES, scale)
    found = {
        "forward over forward": jvp(pushed, arguments, u)[1],
        "forward over backward": jvp(pulled, arguments, u)[1],
        "backward over forward": dot(grad(pushed, every)(*arguments), u),
        "backward over backward": dot(grad(pulled, every)(*arguments), u),
    }
    for name, result in found.items():
        agree(name, result, "hvp", number, BY_STEP, scale)


def hessians(subject: Subject) -> None:
    """The Hessian's blocks times a direction give hvp."""
    blocks = hessian(subject.weighted, subject.every)(*subject.arguments)
    pairs = [zip(row, subject.v, strict=True) for row in blocks]
    found = [sum(np.tensordot(block, d, d.ndim) for block, d in row) for row in pairs]
    expected = hvp(subject.weighted, subject.arguments, subject.v)
    scale = float(sum(np.abs(block).sum() for row in blocks for block in row))
    all_agree("hessian @ v", found, "hvp", expected, tolerance=BY_STEP, scale=scale)


def series(subject: Subject) -> None:
    """The Taylor walk's coefficients are derivatives by the forward walk."""
    graph = record_function(subject.read, subject.arguments, {}, subject.every)
    lines = [[x._value, d] for x, d in zip(graph.leaves, subject.v, strict=True)]
    found = taylor_coefficients(graph, lines, 2)

    def along(t: Any) -> Any:
        return subject.read(*(x + t * d for x, d in zip(subject.arguments, subject.v, strict=True)))

    second = jvp(lambda t: jvp(along, t, 1.0)[1], 0.0, 1.0)[1]
    agree("Taylor coefficient 1", found[1], "the complex step", subject.slope, BY_STEP)
    agree("Taylor coefficient 2", found[2], "nested jvp", second / 2, BY_STEP)


def complex_inside(subject: Subject) -> None:
    """Where it computes with complex numbers, gradients of the real part are differences of it."""

    def f(*xs: Any) -> Any:
        return np.sum(subject.w * np.real(subject.read(*(x * (1 + 0.5j) for x in xs))))

    v, small = subject.v, 0.1
    found = dot(grad(f, subject.every)(*subject.arguments), v)
    differences = richardson(f, subject.arguments, [small * d for d in v]) / small
    scale = float(np.abs(subject.slope).sum())
    agree("grad·v", found, "differences", differences, BY_DIFFERENCES, scale)
    agree("jvp", jvp(f, subject.arguments, v)[1], "grad·v", found, BY_STEP, scale)


def checkpointed(subject: Subject) -> None:
    """Under checkpoint gradients are the same, first and second."""
    kept = checkpoint(subject.read)

    def f(*xs: Any) -> Any:
        return np.sum(subject.w * kept(*xs))

    found = grad(f, subject.every)(*subject.arguments)
    all_agree("grad under checkpoint", found, "vjp", subject.pulled(subject.w))
    product = hvp(f, subject.arguments, subject.v)
    expected = hvp(subject.weighted, subject.arguments, subject.v)
    all_agree("hvp under checkpoint", product, "hvp", expected)


def planned(subject: Subject) -> None:
    """As a plan the program gives the same, and so do its gradients, of other arguments too."""
    here = subject.arguments
    there = tuple(np.asarray(1.001 * x) for x in here)
    flipped = tuple(np.asarray(np.flip(x)) for x in here)

    def read(*xs: Any) -> list[Any]:
        return [*subject.program.f(*xs), xs[0] * 2]

    agree_with_plans(read, here, here, there, flipped, here)

    def both(*xs: Any) -> list[Any]:
        value, found = value_and_grad(subject.weighted, subject.every)(*xs)
        return [value, *found]

    agree_with_plans(both, here, here, there, flipped, here)


def accumulated(subject: Subject) -> None:
    """Tensor.backward leaves the gradient in ``.grad``."""
    leaves = [Tensor(x) for x in subject.arguments]
    y = subject.weighted(*leaves)
    if y.requires_grad:
        y.backward()
    found = [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]
    all_agree(".grad", found, "vjp", subject.pulled(subject.w))


CHECKS: list[Callable[[Subject], None]] = [values, forward, backward, jacobians, second]
CHECKS += [hessians, series, complex_inside, checkpointed, planned, accumulated]
BY_NAME = {check.__name__: check for check in CHECKS}
