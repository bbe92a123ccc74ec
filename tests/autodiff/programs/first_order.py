"""Checks of first derivatives: every walk against the others, and against differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import Tensor, grad, jacobian, jvp, linearize, value_and_grad, vjp
from tests.autodiff.oracles import complex_step, richardson
from tests.autodiff.programs.subject import (
    DIFFERENCES,
    Subject,
    agree,
    all_agree,
    dot,
    stacked,
)

# From steps that are small beside every bend, to such whose rounding is small.
CLOSE_STEP = 1e-8
STEPS = (1.0, 0.3, 0.1, 0.03)


def differences(f: Callable[..., Any], subject: Subject, v: Any, derivative: Any) -> Any:
    """Return the derivative by differences: of those by several steps the closest."""
    tried = [np.asarray(richardson(f, subject.arguments, [s * d for d in v])) / s for s in STEPS]
    errors = [np.abs(t - derivative).max(initial=0.0) for t in tried]
    return tried[int(np.nanargmin(errors))] if not np.isnan(errors).all() else tried[-1]


def by_complex_step(f: Callable[..., Any], arguments: Any, v: Any) -> Any:
    """Return the derivative by a complex step, None where NumPy drops the imaginary part."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            return complex_step(lambda *xs: np.asarray(f(*xs)), arguments, v)
        except np.exceptions.ComplexWarning:
            return None


def value(subject: Subject) -> None:
    """NumPy's value is also what each transformation returns."""
    y = stacked(subject.f(*map(Tensor, subject.arguments)))
    agree("the value on Tensors", y.data, "NumPy's", subject.value, 1e-13)
    agree("vjp's value", vjp(subject.f, *subject.arguments)[0], "NumPy's", subject.value, 1e-13)


def forward(subject: Subject) -> None:
    """The forward walk gives what the complex step or differences give."""
    v = subject.direction()
    value, tangent = jvp(subject.f, subject.arguments, v)
    agree("jvp's value", value, "NumPy's", subject.value, 1e-13)
    if not subject.program.smooth:
        return
    step = by_complex_step(subject.f, subject.arguments, v) if subject.program.analytic else None
    if step is not None:
        agree("jvp", tangent, "the complex step", step, CLOSE_STEP)
    else:
        expected = differences(subject.f, subject, v, tangent)
        agree("jvp", tangent, "differences", expected, DIFFERENCES)


def backward(subject: Subject) -> None:
    """The backward walk is the transpose of the forward one, with any weights and with ones."""
    v = subject.direction()
    tangent = jvp(subject.f, subject.arguments, v)[1]
    for w in (subject.numbers(subject.value.shape), np.ones(subject.value.shape)):
        pulled = subject.pull(w)
        for x, p in zip(subject.arguments, pulled, strict=True):
            assert p.shape == x.shape, f"a cotangent of shape {p.shape} for one of {x.shape}"
        scale = dot(np.abs(w)[None], np.abs(tangent)[None])
        scale += dot([np.abs(p) for p in pulled], [np.abs(d) for d in v])
        kind = "ones" if np.all(w == 1) else "weights"
        agree(f"wᵀ·jvp, w {kind},", np.sum(w * tangent), "vjp(w)·v", dot(pulled, v), scale=scale)


def gradients(subject: Subject) -> None:
    """The gradient of a plain sum or mean is what the walk pulls back from ones."""
    ones = np.ones(subject.value.shape)
    pulled = subject.pull(ones)
    f = subject.f
    summed = grad(lambda *xs: np.sum(stacked(f(*xs))), subject.every)(*subject.arguments)
    all_agree("grad of the sum", summed, "vjp(1)", pulled)
    value, mean = value_and_grad(lambda *xs: np.mean(stacked(f(*xs))), subject.every)(
        *subject.arguments
    )
    agree("value_and_grad's value", value, "NumPy's", np.mean(subject.value), 1e-12)
    all_agree("grad of the mean", [m * ones.size for m in mean], "vjp(1)", pulled)


def accumulated(subject: Subject) -> None:
    """Tensor.backward adds the gradient to ``.grad``, twice if it is called twice."""
    leaves = [Tensor(x) for x in subject.arguments]
    y = np.sum(stacked(subject.f(*leaves)))
    y.backward()
    y.backward()
    found = [np.zeros(x.shape) if x.grad is None else x.grad / 2 for x in leaves]
    all_agree(".grad", found, "vjp(1)", subject.pull(np.ones(subject.value.shape)))


def linear(subject: Subject) -> None:
    """What linearize returns pushes as jvp does, again and again, and linearly."""
    v, u = subject.direction(), subject.direction()
    push = linearize(subject.f, *subject.arguments)[1]
    along_v, along_u = push(*v), push(*u)
    agree("linearize's push", along_v, "jvp", jvp(subject.f, subject.arguments, v)[1])
    both = push(*(2 * a - b for a, b in zip(v, u, strict=True)))
    scale = float(np.abs(along_v).max() + np.abs(along_u).max())
    agree("push(2v - u)", both, "2 push(v) - push(u)", 2 * along_v - along_u, scale=scale)


def jacobians(subject: Subject) -> None:
    """All modes and chunks of the Jacobian agree with one another and with jvp."""
    v = subject.direction()
    reference = jacobian(subject.f, subject.every, mode="forward")(*subject.arguments)
    tangent = sum(np.tensordot(J, d, d.ndim) for J, d in zip(reference, v, strict=True))
    scale = float(sum(np.abs(J).sum() for J in reference))
    agree(
        "the Jacobian times v", tangent, "jvp", jvp(subject.f, subject.arguments, v)[1], scale=scale
    )
    for mode, chunk in (("reverse", None), ("auto", None), ("forward", 2), ("reverse", 1)):
        J = jacobian(subject.f, subject.every, mode=mode, chunk=chunk)(*subject.arguments)
        all_agree("jacobian forward", reference, f"{mode} in chunks of {chunk}", J)


def columns(subject: Subject) -> None:
    """By each argument alone the Jacobian is the same, however it is chosen to be computed."""
    for i in subject.every:
        one = subject.of_one(subject.f, i)
        J = jacobian(one, mode="reverse")(subject.arguments[i])
        agree("jacobian by rows", J, "jacobian auto", jacobian(one)(subject.arguments[i]))


def zero(subject: Subject) -> None:
    """A cotangent or tangent of zeros stays exactly zero."""
    for p in subject.pull(np.zeros(subject.value.shape)):
        assert not np.any(p), f"vjp(0) is {p}"
    tangent = jvp(subject.f, subject.arguments, tuple(map(np.zeros_like, subject.arguments)))[1]
    assert not np.any(tangent), f"jvp along 0 is {tangent}"


def float32(subject: Subject) -> None:
    """Single precision stays single where NumPy keeps it, and is near double precision."""
    f = subject.program.compiled(np.float32)
    arguments = tuple(x.astype(np.float32) for x in subject.arguments)
    expected = np.asarray(f(*arguments))
    value, pull = vjp(f, *arguments)
    # NumPy's own result is float64 where a float64 constant takes part.
    kept = value.dtype in (np.float32, expected.dtype)
    assert kept, f"dtype {value.dtype}, but NumPy's is {expected.dtype}"
    w = np.ones(subject.value.shape)
    pulled = pull(w.astype(value.dtype))
    pulled = pulled if len(arguments) > 1 else (pulled,)
    for p in pulled:
        assert p.dtype == np.float32, f"a gradient of dtype {p.dtype} by a float32"
    agree("the value in float32", value, "NumPy's in float32", expected, 1e-5)
    v = tuple(d.astype(np.float32) for d in subject.direction())
    tangent = jvp(f, arguments, v)[1]
    assert tangent.dtype == value.dtype, f"a tangent of dtype {tangent.dtype}, not {value.dtype}"
    if subject.program.smooth:
        agree("float32", value, "float64", subject.value, 1e-3)
        all_agree("vjp in float32", pulled, "in float64", subject.pull(w), tolerance=1e-2)


def complex_arguments(subject: Subject) -> None:
    """A holomorphic program has one derivative, along 1 and along i, forward and backward."""
    if not subject.program.holomorphic:
        return
    f, arguments = subject.f, tuple(x * (1 + 0.02j) + 0.01j for x in subject.arguments)
    v = subject.direction()
    along_one = jvp(f, arguments, v)[1]
    along_i = jvp(f, arguments, tuple(1j * d for d in v))[1]
    agree("jvp along iv", along_i, "i times jvp along v", 1j * along_one)
    y, pull = vjp(f, *arguments)
    w = subject.numbers(y.shape)
    pulled = pull(w) if len(arguments) > 1 else (pull(w),)
    agree("vjp(w)·v", dot(pulled, v), "wᵀ·jvp", np.sum(w * along_one), scale=np.abs(w).sum())
    complex_subject = Subject(subject.program)
    complex_subject.arguments = arguments
    expected = differences(f, complex_subject, v, along_one)
    agree("jvp at complex arguments", along_one, "differences", expected, DIFFERENCES)


CHECKS: dict[Callable[[Subject], None], float] = {  # and how often each is made
    value: 0.3,
    forward: 1.0,
    backward: 1.0,
    gradients: 0.6,
    accumulated: 0.3,
    linear: 0.2,
    jacobians: 0.4,
    columns: 0.3,
    zero: 0.3,
    float32: 0.25,
    complex_arguments: 1.0,
}
