"""What is computed asks a hook at each step, and takes what that answers."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import pytest
import scipy.special

from autodiff import (
    Tensor,
    assign_value,
    checkpoint,
    debug,
    elementwise,
    grad,
    hessian,
    hvp,
    implicit,
    jacobian,
    jvp,
    no_grad,
    stop_gradient,
    taylor,
    vjp,
)
from autodiff._core.hook import NO_GRAD, PLAIN, Hook, recording


@contextmanager
def under(hook: Hook) -> Iterator[None]:
    token = recording.set(hook)
    try:
        yield
    finally:
        recording.reset(token)


class Substituting(Hook):
    """Computes with another value of one Tensor, as do those that take its place."""

    def __init__(self, w: Tensor, value: Any, records: bool = True) -> None:
        self.w = w
        self.other = value
        self.records = records

    @property
    def paused(self) -> Hook:
        return Substituting(self.w, self.other, records=False)

    @property
    def resumed(self) -> Hook:
        return Substituting(self.w, self.other)

    def value(self, x: Tensor) -> Any:
        return self.other if x is self.w else x._value


def plain(x: Any) -> Any:
    """Return a result with arrays in the place of Tensors."""
    if isinstance(x, tuple | list):
        return [plain(part) for part in x]
    return x.data if isinstance(x, Tensor) else x


A = np.array([[1.5, -2.0, 0.5], [0.25, 4.0, 1.0], [-1.0, 0.5, 2.0]])
OPS = [
    # operators and methods
    *(lambda w: w + 1, lambda w: 1 - w, lambda w: w * w, lambda w: A @ w, lambda w: -w),
    *(lambda w: w**2, lambda w: w // 0.75, lambda w: w % 0.75, lambda w: divmod(w, 0.75)),
    *(lambda w: w[0], lambda w: w[1:, None], lambda w: w[[0, 2]], lambda w: w[w > 2]),
    *(lambda w: w.sum(), lambda w: w.T, lambda w: w.real, lambda w: w.astype(np.float32)),
    *(lambda w: w.at[0].set(7.0), lambda w: abs(w), lambda w: round(w, 0)),
    # comparisons and other functions without a derivative
    *(lambda w: w > 2, lambda w: w == 3.0, lambda w: np.argsort(w), lambda w: np.isfinite(w)),
    *(lambda w: np.rint(w), lambda w: np.sign(w), lambda w: np.full_like(w, 3.0)),
    *(lambda w: np.lexsort((w, A[0])), lambda w: np.histogram(w, 4), lambda w: np.nonzero(w > 2)),
    # functions, of one operand, two, three, any number
    *(np.exp, np.tanh, lambda w: np.arctan2(w, 2.0), lambda w: np.where(w > 2, w, 0.0)),
    *(lambda w: np.concatenate([w, A[0]]), lambda w: np.stack([w, w]), np.linalg.norm),
    *(lambda w: np.einsum("i,ij->j", w, A), lambda w: np.linalg.inv(A + w), np.prod),
    *(lambda w: np.linalg.det(A * w), np.unique, np.frexp, np.unwrap, np.sort, np.median),
    *(np.nan_to_num, lambda w: np.real_if_close(w + 0j), np.cumsum, np.maximum.accumulate),
    lambda w: np.piecewise(w, [w > 2], [np.sqrt, np.square]),
    lambda w: np.clip(w, 0, 3),
    # outside the graph
    *(lambda w: w.item(0), lambda w: w.tolist(), lambda w: f"{w}", lambda w: f"{w[0]:.1f}"),
    *(repr, lambda w: w.data, lambda w: bool(w[0] > 2), lambda w: bool(np.any(w > 5))),
    *(lambda w: float(stop_gradient(w)[0]), lambda w: np.asarray(stop_gradient(w))),
    *(lambda w: int(stop_gradient(w)[0]), lambda w: [1, 2, 3, 4, 5][int(w[0].item())]),
    lambda w: complex(stop_gradient(w)[0]),
    # other Tensors
    *(stop_gradient, Tensor, copy.copy, lambda w: copy.deepcopy(w).data),
    # derivatives of what uses it
    lambda w: jvp(lambda x: w, A[0], A[1])[0],
    lambda w: vjp(lambda x: w, A[0])[0],
    lambda w: grad(lambda x: np.sum(np.sin(x * w)))(A[0]),
    lambda w: jacobian(lambda x: x * w)(A[0]),
    lambda w: jacobian(lambda x: w)(A[0]),
    lambda w: hessian(lambda x: np.sum(w * x**3))(A[0]),
    lambda w: hvp(lambda x: np.sum(w * x**3), A[0], A[1]),
    lambda w: jvp(lambda x: np.log(w) * x, A[0], A[1]),
    lambda w: jvp(lambda x: x * x, A[0], stop_gradient(w)),
    lambda w: grad(checkpoint(lambda x: np.sum(np.sin(x * w))))(A[0]),
    lambda w: taylor(lambda x: np.exp(x * stop_gradient(w)[0]), 0.5, 3).coefficients,
    lambda w: grad(implicit(lambda y, a: y * y - a * w.data[0], lambda a: (a * w.data[0]) ** 0.5))(
        1.5
    ),
]


@pytest.mark.parametrize("f", OPS)
@pytest.mark.parametrize("kind", ["variable", "constant", "no_grad"])
def test_every_reading_of_a_value_asks_it(f: Callable[[Any], Any], kind: str) -> None:
    values = np.array([3.0, 1.0, 2.5])
    w = Tensor([math.nan] * 3, requires_grad=kind != "constant")
    with under(Substituting(w, values)), no_grad() if kind == "no_grad" else nullcontext():
        ours = plain(f(w))
    np.testing.assert_equal(ours, plain(f(Tensor(values, requires_grad=w.requires_grad))))
    assert np.isnan(w.data).all()


def test_an_index_asks_it() -> None:
    i = Tensor(0)
    with under(Substituting(i, np.int64(2))):
        assert np.array_equal((A * Tensor(1.0))[i].data, A[2])
        assert A[i].tolist() == A[2].tolist()
        assert [5, 6, 7][i] == 7


def test_a_large_argument_that_is_replaced_by_a_copy() -> None:
    w = Tensor(math.nan, requires_grad=False)
    x = np.full((300, 300), 2.0)
    with under(Substituting(w, np.float64(3.0))):
        pull = vjp(lambda x: np.sum(w * x * x), x)[1]
        np.testing.assert_array_equal(pull(1.0), np.full(x.shape, 12.0))


# -- what computes -----------------------------------------------------------------------------


class Listening(Hook):
    """Notes which ops are computed."""

    def __init__(self, names: list[str], records: bool = True) -> None:
        self.names = names
        self.records = records

    @property
    def paused(self) -> Hook:
        return Listening(self.names, records=False)

    @property
    def resumed(self) -> Hook:
        return Listening(self.names)

    def compute(self, op: Any, values: Sequence[Any]) -> Any:
        self.names.append(op.name)
        return op.compute(*values)


def test_every_op_is_computed_by_it() -> None:
    x = Tensor([1.0, 2.0])
    names: list[str] = []
    with under(Listening(names)):
        y = np.concatenate([np.exp(x) * 2.0, np.where(x > 1, x, 0.0)])
        with no_grad():
            assert not np.sin(np.sum(x)).requires_grad
        grad(lambda t: t * x[0])(1.0)
    assert y.requires_grad
    found = iter(names)  # in this order, whatever else there is
    for name in ("exp", "multiply", "where", "concatenate", "sum", "sin", "getitem", "multiply"):
        assert name in found
    assert recording.get() is PLAIN


def test_an_op_of_ones_own_is_computed_by_it() -> None:
    names: list[str] = []
    cube = elementwise(lambda x: x**3, lambda g, out, x: 3 * g * x**2, name="cube")
    with under(Listening(names)):
        assert cube(2.0) == 8.0
    assert names == ["cube"]


# -- paused and resumed ------------------------------------------------------------------------


def test_the_two_plain_ones_take_each_others_place() -> None:
    assert (PLAIN.paused, PLAIN.resumed) == (NO_GRAD, PLAIN)
    assert (NO_GRAD.paused, NO_GRAD.resumed) == (NO_GRAD, PLAIN)
    assert (PLAIN.records, NO_GRAD.records) == (True, False)
    with no_grad(), no_grad():
        assert recording.get() is NO_GRAD
        assert grad(lambda x: x * x)(3.0) == 6.0


@pytest.mark.parametrize("derivative", [hessian, lambda f: jacobian(grad(f))])
def test_second_derivatives_under_no_grad(derivative: Any) -> None:
    w = Tensor(2.0)
    with no_grad():
        second = derivative(lambda x: np.sum(w * x**3))(np.ones(2))
        assert type(second) is np.ndarray
    np.testing.assert_array_equal(second, 12.0 * np.eye(2))


def test_debugging_pauses_under_no_grad() -> None:
    x = Tensor([0.0, 1.0])
    with debug():
        with no_grad():
            assert recording.get() is NO_GRAD
            assert np.log(x).data[0] == -math.inf
            assert grad(lambda t: 1 / t)(0.0) == -math.inf  # plainly recorded
        with pytest.raises(FloatingPointError, match="log made 1 infinity"):
            np.log(x)


def test_debugging_goes_on_in_a_function_that_is_differentiated() -> None:
    with debug(), pytest.raises(FloatingPointError, match="divide made 1 infinity"):
        grad(lambda t: 1 / t)(0.0)


def test_debugging_does_not_look_into_a_series() -> None:
    with debug():
        # whose rule computes exp(-x²), and so x² = inf
        assert taylor(scipy.special.erf, 1e200, 3).coefficients.tolist() == [1.0, 0.0, 0.0, 0.0]


# -- leaves ------------------------------------------------------------------------------------


class Withholding(Hook):
    """Keeps gradients and new values to itself."""

    def __init__(self) -> None:
        self.gradients: dict[Tensor, Any] = {}
        self.assigned: dict[Tensor, Any] = {}

    def gradient(self, leaf: Tensor) -> Any:
        return self.gradients.get(leaf)

    def set_gradient(self, leaf: Tensor, gradient: Any) -> None:
        self.gradients[leaf] = gradient

    def assign(self, leaf: Tensor, value: Any) -> None:
        self.assigned[leaf] = value


def test_gradients_go_through_it() -> None:
    x = Tensor(3.0)
    x.grad = 100.0
    with under(hook := Withholding()):
        assert x.grad is None
        (x * x).backward()
        (x * x).backward()
        assert x.grad == 12.0
        x.grad = None
    assert hook.gradients == {x: None}
    assert x.grad == 100.0


def test_new_values_go_through_it() -> None:
    x, y = Tensor(3.0), Tensor([1.0, 2.0])
    new = np.array([5.0, 6.0])
    with under(hook := Withholding()):
        x.data = 4.0
        assign_value(y, new)
    assert hook.assigned[x] == 4.0
    assert hook.assigned[y] is new
    assert x.data == 3.0
    assign_value(y, new)
    assert y._value is new


def test_a_gradient_is_none_at_first_and_what_was_set_afterwards() -> None:
    x = Tensor(3.0)
    assert x.grad is None
    assert (x * x).grad is None
    x.grad = mine = np.array(2.0)
    assert x.grad is mine
    (x * x).backward()
    assert x.grad == 8.0
    assert copy.copy(x).grad is None


# -- walks -------------------------------------------------------------------------------------


class Judging(Hook):
    """Says itself whether what a walk brought is finite."""

    def __init__(self, verdict: bool) -> None:
        self.verdict = verdict
        self.judged: list[Any] = []
        self.diverged = 0

    @property
    def paused(self) -> Hook:
        return NO_GRAD

    def all_finite(self, values: Any) -> bool:
        self.judged += values
        return self.verdict

    def on_divergence(self, walk: Any) -> None:
        self.diverged += 1


def test_it_judges_what_a_walk_brought() -> None:
    with under(hook := Judging(True)):
        assert grad(lambda x: np.sin(x) * 3.0)(0.0) == 3.0
    assert hook.judged == [3.0]
    assert not hook.diverged


def test_where_it_finds_infinities_the_walk_is_repeated_with_care() -> None:
    with under(hook := Judging(False)):
        assert grad(lambda x: np.sin(x) * 3.0)(0.0) == 3.0
    assert hook.judged == [3.0, 3.0]
    assert hook.diverged == 1


@pytest.mark.parametrize("value", [1.0, math.nan, math.inf, -math.inf])
def test_what_is_finite(value: float) -> None:
    arrays = [np.ones(3), np.array([[0.0, value]]), np.float64(2.0)]
    assert PLAIN.all_finite(iter(arrays)) == math.isfinite(value)
    assert PLAIN.all_finite([np.float64(value)]) == math.isfinite(value)
    assert PLAIN.all_finite([object()])  # of what is not known nothing is said
