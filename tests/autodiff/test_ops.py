"""What recording a call makes, by each of the ways in which ops are recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, custom, debug, grad, jacobian, linear, no_grad
from autodiff._core.fast_recorders import recorder
from autodiff._core.record import record

C = np.array([1.0, 2.0])
own = custom(lambda x, c: x * c, vjp=lambda g, out, x, c: g * c)
CALLS: dict[str, Callable[[Any], Any]] = {
    "of one operand": np.exp,
    "a constant on the right": lambda x: np.multiply(x, C),
    "a constant on the left": lambda x: np.multiply(C, x),
    "a number on the right": lambda x: x - 2.0,
    "a number on the left": lambda x: 2.0 - x,
    "a constant Tensor on the left": lambda x: Tensor(C, requires_grad=False) / x,
    "twice the same": lambda x: x * x,
    "of three operands": lambda x: np.where(C > 1, x, C),
    "with static arguments": lambda x: np.sum(x, axis=0),
    "by an index array": lambda x: x[np.array([1, 0])],
    "of any number of operands": lambda x: np.stack([C, x, C]),
    "multilinear": lambda x: C @ x,
    "a sum over indices": lambda x: np.einsum("i,i->", C, x),
    "one's own": lambda x: own(x, C),
}
every_call = pytest.mark.parametrize("f", CALLS.values(), ids=CALLS)


@every_call
def test_of_a_leaf_it_is_recorded(f: Callable[[Any], Any]) -> None:
    x = Tensor(C)
    y = f(x)
    assert type(y) is Tensor
    assert y.requires_grad
    assert y.name is None
    assert y.grad is None
    assert y.op is not None
    assert any(i is x for i in y.inputs)
    np.testing.assert_array_equal(y.data, f(C))
    assert len(y._values) == len(y.inputs)


@every_call
def test_the_fast_recorders_make_what_the_plain_one_makes(f: Callable[[Any], Any]) -> None:
    x = Tensor(C)
    op = f(x).op
    inputs = [i.copy() if type(i) is np.ndarray else i for i in f(x).inputs]
    fast, plain = recorder(op)(*inputs), record(op, *inputs)
    assert fast.op is plain.op is op
    assert fast.data.dtype == plain.data.dtype
    np.testing.assert_array_equal(fast.data, plain.data)
    for given, a, b in zip(inputs, fast.inputs, plain.inputs, strict=True):
        assert type(a) is type(b) is type(given)
        if type(given) is np.ndarray:
            np.testing.assert_array_equal(a, b)
            if not op.linear:  # the derivative of others depends on it: both keep a copy
                assert not np.shares_memory(a, given)
                assert not np.shares_memory(b, given)
        elif type(given) is not tuple:
            assert a is b is given
    np.testing.assert_equal(fast._values, plain._values)


@every_call
def test_the_fast_recorders_fail_as_the_plain_one_does(f: Callable[[Any], Any]) -> None:
    x = Tensor(C)
    op = f(x).op

    def fail(*args: Any) -> Any:
        raise ValueError("no")

    op = type(op)(op.name, fail, op.rules, *([op.core] if hasattr(op, "core") else []))
    texts = []
    for call in (recorder(op), lambda *inputs: record(op, *inputs)):
        with pytest.raises(ValueError, match="of Tensors or arrays of shape") as caught:
            call(*f(x).inputs)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@every_call
def test_of_a_constant_it_is_a_constant(f: Callable[[Any], Any]) -> None:
    y = f(Tensor(C, requires_grad=False))
    assert type(y) is Tensor
    assert not y.requires_grad
    assert y.op is None
    assert y.inputs == y._values == ()
    np.testing.assert_array_equal(y.data, f(C))


@every_call
def test_under_no_grad_it_is_a_constant(f: Callable[[Any], Any]) -> None:
    with no_grad():
        y = f(Tensor(C))
    assert type(y) is Tensor
    assert not y.requires_grad
    assert y.inputs == ()


@every_call
def test_only_what_depends_on_the_argument_has_a_derivative(f: Callable[[Any], Any]) -> None:
    constant = Tensor(C, requires_grad=False)
    assert grad(lambda t: np.sum(f(constant)) + 3 * t)(1.0) == 3.0


def test_an_array_that_is_kept_cannot_be_written_to() -> None:
    product = Tensor(C) * C
    assert not product.inputs[1].flags.writeable
    assert not product._values[1].flags.writeable


def test_static_arguments_of_several_kinds() -> None:
    moved = linear(lambda x, M, k: k * (x @ M.T), lambda g, out, x, M, k: k * (g @ M))
    M = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for mode in ("forward", "reverse"):
        J = jacobian(lambda x: moved(x, M, 10), mode=mode)(C)
        np.testing.assert_array_equal(J, 10 * M)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.dot(3.0, x),
        lambda x: np.einsum(",i->i", 3.0, x),
        lambda x: np.einsum("i,,->i", x, 1.5, 2),
        lambda x: np.tensordot(3.0, x, axes=0),
        lambda x: np.kron(3.0, x),
        lambda x: np.outer(3.0, x)[0],
    ],
)
def test_numbers_in_products(f: Callable[[Any], Any], mode: str) -> None:
    np.testing.assert_array_equal(jacobian(f, mode=mode)(C), 3 * np.eye(2))


def test_functions_without_a_derivative_take_tensors_anywhere() -> None:
    x = Tensor(C)
    assert np.searchsorted(C, v=x).tolist() == [0, 1]
    assert np.isclose(C, b=x).tolist() == [True, True]
    assert np.digitize(x=x, bins=C).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("f", "name"), [(np.sum, "sum"), (lambda x: C @ x, "dot"), (lambda x: x * 2.0, "multiply")]
)
def test_debugging_sees_each(f: Callable[[Any], Any], name: str) -> None:
    with (
        debug(),
        np.errstate(over="ignore"),
        pytest.raises(FloatingPointError, match=f"{name} made . infinit"),
    ):
        f(Tensor([1e308, 1.7e308]))
