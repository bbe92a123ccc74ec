"""What SciPy's and PyTorch's users write is taken, or answered with what to write here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optim
from autodiff import Tensor

Method = Callable[..., Any]

DESCENT = [optim.gradient_descent, optim.bfgs, optim.lbfgs, optim.newton, optim.newton_cg]
ROOTS = [optim.newton_raphson, optim.halley]
PUBLIC = [getattr(optim, name) for name in optim.__all__]
TRAINING = [
    kind
    for kind in PUBLIC
    if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer
]


def solve(method: Method, /, **keywords: Any) -> Any:
    """Let a method find a further argument of a function, each in its own way."""
    if method is optim.lagrange:
        return method(lambda x, a: (x[0] - a) ** 2 + x[1], [1.0, 0.5], lambda x: x[1], **keywords)
    if method in ROOTS or method is optim.least_squares:
        return method(lambda x, a: x - a, 1.0, **keywords)
    return method(lambda x, a: np.sum((x - a) ** 2), [1.0], **keywords)


every_method = pytest.mark.parametrize(
    "method", [*DESCENT, *ROOTS, optim.least_squares, optim.lagrange, optim.minimize]
)


@every_method
@pytest.mark.parametrize("args", [3.0, (3.0,), np.array(3.0)])
def test_a_single_argument_needs_no_tuple(method: Method, args: Any) -> None:
    result = solve(method, args=args)
    assert result.success
    assert_allclose(np.ravel(result.x)[0], 3)


@pytest.mark.parametrize(
    "method", [*DESCENT, optim.newton_raphson, optim.least_squares, optim.minimize]
)
def test_a_list_is_a_single_argument_as_an_array_is(method: Method) -> None:
    def residuals(x: Any, targets: Any) -> Any:
        return x - np.array(targets)

    of_residuals = method in (optim.newton_raphson, optim.least_squares)
    f = residuals if of_residuals else lambda x, a: np.sum(residuals(x, a) ** 2)
    for args in ([3.0, 4.0], np.array([3.0, 4.0]), ([3.0, 4.0],)):
        assert_allclose(method(f, [1.0, 1.0], args=args).x, [3, 4])


@pytest.mark.parametrize("method", [*DESCENT, *ROOTS, optim.lagrange])
def test_no_step_at_all_leaves_the_start(method: Method) -> None:
    result = solve(method, args=3.0, maxiter=0)
    assert (result.success, result.status, result.nit) == (False, 1, 0)
    assert_allclose(np.ravel(result.x)[0], 1)
    assert np.isfinite(result.fun).all()


@pytest.mark.parametrize(
    ("method", "keyword", "answer"),
    [
        *((m, "fprime", "derivatives are exact") for m in [*ROOTS, *DESCENT]),
        *((m, "method", "call the method by its name") for m in [*ROOTS, *DESCENT]),
        *((m, "gtol", "write tol=") for m in DESCENT if m is not optim.gradient_descent),
        *((optim.gradient_descent, word, "write gtol=") for word in ("tol", "ftol", "xtol")),
        *((m, word, "write xtol=") for m in ROOTS for word in ("tol", "rtol", "ftol")),
        *((optim.lagrange, word, "write kkt_tol=") for word in ("tol", "ftol", "gtol")),
        *((m, "func", "write f=") for m in [*ROOTS, *DESCENT]),
        (optim.lbfgs, "maxcor", "write memory="),
        (optim.newton, "bounds", "minimize or least_squares"),
        (optim.lbfgs, "options", "as keywords"),
        (optim.lagrange, "bounds", "minimize"),
        (optim.least_squares, "gtol", "write offset_tol="),
        (optim.least_squares, "tol", "write offset_tol="),
        (optim.least_squares, "fun", "write residuals="),
        (optim.least_squares, "maxfev", "write max_nfev="),
        (optim.least_squares, "workers", "leave it out"),
        (optim.least_squares, "x_scale", "units of x do not matter"),
        (optim.least_squares, "maxiter", "write max_nfev="),
        (optim.least_squares, "method", "always Levenberg's and Marquardt's"),
    ],
)
def test_a_keyword_of_scipy_is_answered(method: Method, keyword: str, answer: str) -> None:
    with pytest.raises(
        TypeError, match=f"{method.__name__}.. has no keyword '{keyword}'.*{answer}"
    ):
        solve(method, **{keyword: None})


@every_method
def test_a_keyword_of_another_method_is_answered(method: Method) -> None:
    taken = inspect.signature(method).parameters.keys()
    first = next(iter(taken))
    siblings = [
        f for f in PUBLIC if inspect.isfunction(f) and "x0" in inspect.signature(f).parameters
    ]
    every = {word for f in siblings for word in inspect.signature(f).parameters}
    for keyword in every - taken - {"f", "fun", "residuals"}:
        with pytest.raises(TypeError, match=f"has no keyword '{keyword}': "):
            solve(method, **{keyword: None})
    for keyword in {"f", "fun", "residuals"} - taken:
        with pytest.raises(TypeError, match=f"has no keyword '{keyword}': write {first}="):
            method(**{keyword: None})


@every_method
@pytest.mark.parametrize(
    "keyword",
    [
        *("func", "fcn", "params", "limits", "rtol", "loss", "f_scale", "verbose", "iter_cb"),
        *("m", "maxcor", "fprime", "max_nfev", "step", "find", "bracket"),
    ],
)
def test_a_keyword_of_another_library_is_answered(method: Method, keyword: str) -> None:
    if keyword not in inspect.signature(method).parameters:
        with pytest.raises(TypeError, match=f"has no keyword '{keyword}': "):
            solve(method, **{keyword: None})


@pytest.mark.parametrize("method", [*DESCENT, *ROOTS, optim.least_squares, optim.lagrange])
def test_of_too_many_positions_it_is_said_which_there_are(method: Method) -> None:
    first = "residuals, x0" if method is optim.least_squares else "f, x0"
    with pytest.raises(TypeError, match=rf"takes only {first}.* by position: .* by name"):
        method(abs, 1.0, abs, abs)


@pytest.mark.parametrize("kind", TRAINING)
@pytest.mark.parametrize(
    ("keyword", "answer"),
    [
        ("maximize", "minimise -f"),
        ("amsgrad", "lower the learning rate by a Schedule"),
        ("dampening", "multiply lr by 1 - dampening"),
        ("foreach", "leave it out"),
    ],
)
def test_a_keyword_of_pytorch_is_answered(kind: Any, keyword: str, answer: str) -> None:
    with pytest.raises(TypeError, match=f"{kind.__name__}.. has no keyword '{keyword}': {answer}"):
        kind([Tensor(1.0)], lr=0.1, **{keyword: True})


@pytest.mark.parametrize("call", [lambda: solve(optim.bfgs, bogus=1), lambda: optim.SGD([], bog=1)])
def test_other_keywords_are_refused_as_ever(call: Any) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'bog"):
        call()


def test_a_dampened_step_is_that_of_a_smaller_learning_rate() -> None:
    """PyTorch's velocity is v ← momentum · v + (1 - dampening) · g."""
    x = Tensor(1.0)
    optimizer = optim.SGD([x], lr=0.1 * (1 - 0.25), momentum=0.5)
    value, velocity = 1.0, 0.0
    for _ in range(5):
        optimizer.zero_grad()
        (x * x).backward()
        optimizer.step()
        velocity = 0.5 * velocity + (1 - 0.25) * 2 * value
        value -= 0.1 * velocity
    assert_allclose(x.item(), value)
