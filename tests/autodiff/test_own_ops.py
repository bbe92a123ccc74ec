"""Ops of one's own: local, named, checked."""

from __future__ import annotations

import gc
import inspect
import math
import pickle
import weakref
from functools import partial
from typing import Any

import numpy as np
import pytest

from autodiff import (
    Each,
    Tensor,
    compile,
    custom,
    debug,
    draw,
    elementwise,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linear,
    multilinear,
    taylor,
)
from autodiff._core.ndarray import operations


@custom(vjp=lambda g, out, x, power: g * power * x ** (power - 1))
def raised(x: Any, power: int = 2) -> Any:
    """Return a power."""
    return x**power


@pytest.mark.parametrize("function", [np.log, np.sum, np.matmul])
def test_numpys_functions_stay_what_they_are(function: Any) -> None:
    before = dict(operations)
    custom(function, vjp=lambda g, out, x: g * 100.0)
    elementwise(function, lambda g, out, x: g * 100.0)
    linear(function, lambda g, out, x: g * 100.0)
    multilinear(function, lambda g, out, x: g * 100.0, core=(1,))
    assert operations == before
    assert grad(np.log)(2.0) == 0.5


def test_the_replaced_derivative_is_that_of_what_is_returned() -> None:
    clipped = custom(np.log, vjp=lambda g, out, x: g / np.maximum(x, 1.0))
    assert clipped(Tensor(0.5)).item() == np.log(0.5)
    assert grad(clipped)(0.5) == 1.0
    assert clipped.__name__ == "log"


# Of single numbers alone: neither takes a power series.
@partial(custom, vjp=lambda g, out, x: -g * sine(x), jvp=lambda t, out, x: -t * sine(x))
def cosine(x: Any) -> Any:
    return np.float64(math.cos(x))


def _sine(x: Any) -> Any:
    return np.float64(math.sin(x))


sine = elementwise(_sine, lambda g, out, x: g * cosine(x))


def test_a_power_series_passes_through_ops_that_rules_call() -> None:
    x = 0.5
    expected = [np.sin(x), np.cos(x), -np.sin(x) / 2, -np.cos(x) / 6, np.sin(x) / 24]
    np.testing.assert_allclose(taylor(sine, x, 4).coefficients, expected, rtol=1e-14)


def test_nothing_is_left_of_an_op_that_nobody_holds() -> None:
    def cube(x: Any) -> Any:
        return x**3

    held = weakref.ref(cube)
    op = custom(cube, vjp=lambda g, out, x: g * 3 * x**2)
    assert grad(op)(2.0) == 12.0
    del op, cube
    gc.collect()
    assert held() is None


class TestTheFunction:
    def test_keeps_name_docstring_and_signature(self) -> None:
        assert raised.__name__ == "raised"
        assert raised.__doc__ == "Return a power."
        assert str(inspect.signature(raised)).startswith("(x: 'Any', power: 'int' = 2)")

    def test_is_pickled_by_the_name_of_its_module(self) -> None:
        assert pickle.loads(pickle.dumps(raised)) is raised

    def test_takes_arguments_by_keyword(self) -> None:
        assert grad(lambda x: raised(x, power=3))(2.0) == 12.0
        assert raised(power=3, x=2.0) == 8.0

    def test_says_when_one_goes_by_keyword_only(self) -> None:
        op = custom(lambda x, *, p: x**p, vjp=lambda g, out, x: g)
        with pytest.raises(TypeError, match=r"passed by position, but got p by keyword only"):
            op(2.0, p=3)


KINDS: dict[str, Any] = {
    "elementwise": lambda f, **given: elementwise(f, lambda g, out, x: 3 * g, **given),
    "linear": lambda f, **given: linear(f, lambda g, out, x: 3 * g, **given),
    "multilinear": lambda f, **given: multilinear(f, lambda g, out, x: 3 * g, core=(0,), **given),
    "custom": lambda f, **given: custom(f, vjp=lambda g, out, x: 3 * g, **given),
    "custom, as a decorator": lambda f, **given: custom(vjp=lambda g, out, x: 3 * g, **given)(f),
}


@pytest.mark.parametrize("kind", KINDS)
class TestTheName:
    """Of an op is the function's, or what it is given."""

    def test_is_in_pictures(self, kind: str) -> None:
        x = Tensor(2.0, name="x")
        assert "triple(x)" in draw(KINDS[kind](lambda x: 3 * x, name="triple")(x)).source
        assert "&lt;lambda&gt;(x)" in draw(KINDS[kind](lambda x: 3 * x)(x)).source

    def test_is_in_messages(self, kind: str) -> None:
        op = KINDS[kind](lambda x: [x], name="triple")
        with pytest.raises(TypeError, match=r"^triple .* returned \[.*\] \(list\)"):
            op(Tensor(2.0))
        with pytest.raises(TypeError, match=r"^triple: .* unexpected keyword argument 'y'"):
            op(2.0, y=2.0)

    def test_is_in_the_messages_of_debug(self, kind: str) -> None:
        op = KINDS[kind](lambda x: x * np.inf, name="triple")
        with debug(), pytest.raises(FloatingPointError, match=r"^triple made 1 infinity"):
            op(Tensor(2.0))

    def test_is_what_the_function_is_called(self, kind: str) -> None:
        op = KINDS[kind](lambda x: 3 * x, name="triple")
        assert op.__name__ == "triple"
        assert repr(op).startswith("<function triple at")
        assert repr(op(Tensor(2.0))) == "Tensor(6., op=triple)"

    def test_of_a_partial_is_that_of_its_function(self, kind: str) -> None:
        def scaled(x: Any, by: float) -> Any:
            return x * by

        op = KINDS[kind](partial(scaled, by=3.0))
        assert repr(op(Tensor(2.0))) == "Tensor(6., op=scaled)"
        assert op.__name__ == "scaled"

    @pytest.mark.parametrize("name", ["", 3, ["triple"]])
    def test_is_a_text(self, kind: str, name: Any) -> None:
        with pytest.raises(TypeError, match=r"an op's name is a str, not empty, but got"):
            KINDS[kind](lambda x: 3 * x, name=name)


def test_pictures_show_static_arguments_by_their_names() -> None:
    x = Tensor([1.0, 2.0], name="x")
    rule = {"vjp": lambda g, out, x, *rest: g, "name": "f"}
    for op, called in (
        (custom(lambda x, by=1, rest=None: x, **rule), "f(x, by=3)"),
        (custom(lambda x, *rest: x, **rule), "f(x, 3)"),
        (linear(lambda x, by: x, lambda g, out, x, by: g, name="f"), "f(x, by=3)"),
    ):
        assert f"{called}<" in draw(op(x, 3)).source


class TestANameThatNumPyHasToo:
    """Says nothing about what the op does."""

    @pytest.mark.parametrize("name", ["multiply", "divide", "power"])
    def test_in_a_series(self, name: str) -> None:
        rule = lambda g, out, x, y: g  # noqa: E731
        total = elementwise(lambda x, y: x + y, rule, rule, name=name)
        series = taylor(lambda x: total(x, x * x), 1.0, 2)
        assert series.coefficients.tolist() == [2, 3, 1]  # of x + x² about 1
        constant = taylor(lambda x: total(x, 2.0), 1.0, 2)
        assert constant.coefficients.tolist() == [3, 1, 0]

    @pytest.mark.parametrize("function", [np.multiply, np.divide, np.power])
    def test_in_a_series_with_a_derivative_of_ones_own(self, function: Any) -> None:
        rules = [lambda g, out, x, y: 10.0 * g, lambda g, out, x, y: 0.0 * g]
        op = custom(function, vjp=rules, jvp=rules)
        value = function(2.0, 3.0)
        assert taylor(lambda x: op(x, 3.0), 2.0, 2).coefficients.tolist() == [value, 10, 0]

    @pytest.mark.parametrize("name", ["add", "divide", "power", "matmul", "vecdot", "getitem"])
    def test_in_a_picture(self, name: str) -> None:
        rule = lambda g, out, x, y: g  # noqa: E731
        op = elementwise(lambda x, y: x + y, rule, rule, name=name)
        x = Tensor(2.0, name="x")
        assert f"{name}(x, x)" in draw(op(x, x)).source


class TestWhatARuleReturns:
    @pytest.mark.parametrize(
        ("returned", "error", "message"),
        [
            (None, TypeError, r"rule of <lambda> for operand 0 returned None \(NoneType\)"),
            ([1.0, 2.0, 3.0], TypeError, r"returned \[1\.0, 2\.0, 3\.0\] \(list\), not an array"),
            (np.ones(2), ValueError, r"shape \(2,\) for g of shape \(3,\).*operand has shape \(3"),
            (np.ones((3, 2)), ValueError, r"returned shape \(3, 2\)"),
        ],
    )
    def test_is_looked_at(self, returned: Any, error: type, message: str) -> None:
        x = np.ones(3)
        with pytest.raises(error, match=message):
            grad(lambda x: np.sum(custom(lambda x: 2 * x, vjp=lambda g, out, x: returned)(x)))(x)

    @pytest.mark.parametrize("state", [linear, partial(multilinear, core=(1,))])
    def test_of_a_linear_one_is_looked_at_too(self, state: Any) -> None:
        for returned, error in ((None, TypeError), (np.ones(2), ValueError)):
            op = state(lambda x: 2 * x, lambda g, out, x, returned=returned: returned)
            with pytest.raises(error, match="operand 0 returned"):
                grad(lambda x, op=op: np.sum(op(x)))(np.ones(3))

    def test_of_an_elementwise_op(self) -> None:
        wrong = elementwise(lambda x: 2 * x, lambda g, out, x: np.ones(2))
        with pytest.raises(ValueError, match=r"shape \(2,\), but the output has shape \(3,\)"):
            grad(lambda x: np.sum(wrong(x)))(np.ones(3))
        with pytest.raises(TypeError, match="returned None"):
            grad(elementwise(lambda x: 2 * x, lambda g, out, x: None))(1.0)

    def test_a_number_stands_for_all_entries(self) -> None:
        step = custom(lambda x: np.floor(x), vjp=lambda g, out, x: 0.0)
        assert grad(lambda x: np.sum(step(x) + x))(np.ones(3)).tolist() == [1, 1, 1]
        assert jacobian(step, mode="reverse")(np.ones(3)).tolist() == np.zeros((3, 3)).tolist()

    @pytest.mark.parametrize("number", [0, 0.0, False])
    def test_a_number_stands_for_all_entries_in_every_walk(self, number: Any) -> None:
        rule = {"vjp": lambda g, out, x: number}
        x = np.ones(3)
        for step in (
            custom(np.floor, **rule),
            custom(np.floor, **rule, jvp=lambda t, out, x: number),
            elementwise(np.floor, lambda g, out, x: number),
            linear(lambda x: 0 * x, lambda g, out, x: number),
        ):

            def f(x: Any, step: Any = step) -> Any:
                return step(np.cumsum(step(x)) + x) + x

            for _ in range(2):  # first they are looked at
                assert grad(lambda x: np.sum(f(x)))(x).tolist() == [1, 1, 1]
                assert grad(f)(1.0) == 1
                assert jvp(f, x, x)[1].tolist() == [1, 1, 1]
                for mode in ("forward", "reverse"):
                    assert jacobian(f, mode=mode)(x).tolist() == np.eye(3).tolist()
                assert hessian(lambda x: np.sum(f(x) ** 2))(x).tolist() == (2 * np.eye(3)).tolist()

    @pytest.mark.parametrize("rule", [lambda g, out, x: 2 * x, lambda g, out, x: 1.0])
    def test_that_leaves_g_out_is_told(self, rule: Any) -> None:
        for op in (
            elementwise(np.square, rule),
            custom(np.square, vjp=rule),
            linear(lambda x: 2 * x, rule),
        ):
            with pytest.raises(ValueError, match=r"not 0 for a g of zeros.*multiply by it"):
                grad(lambda x, op=op: np.sum(3 * op(x)))(np.ones(3))
        op = custom(np.square, vjp=lambda g, out, x: g * 2 * x, jvp=rule)
        with pytest.raises(ValueError, match=r"not 0 for a g of zeros.*multiply by it"):
            jvp(op, np.ones(3), np.ones(3))

    def test_that_leaves_g_out_is_told_in_a_batch(self) -> None:
        op = custom(np.square, vjp=lambda g, out, x: 1.0, jvp=lambda t, out, x: 1.0)
        for mode in ("forward", "reverse"):
            with pytest.raises(ValueError, match=r"not 0 for a g of zeros.*multiply by it"):
                jacobian(op, mode=mode)(np.ones(3))

    def test_is_linear_at_0_alone_where_it_clips(self) -> None:
        clipped = custom(lambda x: x, vjp=lambda g, out, x: np.clip(g, -1, 1))
        assert grad(lambda x: np.sum(x**2 / 2 + clipped(x) ** 2))(np.ones(2)).tolist() == [2, 2]
        steep = custom(np.sqrt, vjp=lambda g, out, x: g / (2 * out))
        assert grad(steep)(0.0) == np.inf

    def test_never_lies_in_the_memory_of_g(self) -> None:
        def double(g: Any, out: Any, x: Any) -> Any:
            g *= 2
            return g

        for op in (custom(lambda x: 2 * x, vjp=double), elementwise(lambda x: 2 * x, double)):
            with pytest.raises(ValueError, match=r"rule of <lambda> for operand 0: .* read-only"):
                grad(lambda x, op=op: np.sum((x + op(x)) * np.arange(3.0)))(np.ones(3))

    def test_a_batch_is_not_mixed_up(self) -> None:
        A = np.array([[1.0, 2.0], [3.0, 4.0]])
        mixing = custom(lambda x: A @ x, vjp=lambda g, out, x: A.T @ g)
        assert grad(lambda x: np.sum(mixing(x)))(np.ones(2)).tolist() == [4.0, 6.0]
        with pytest.raises(ValueError, match=r"something else with g of shape \(2, 2\).*g @ A"):
            jacobian(mixing, mode="reverse")(np.ones(2))
        right = custom(lambda x: A @ x, vjp=lambda g, out, x: g @ A)
        assert jacobian(right, mode="reverse")(np.ones(2)).tolist() == A.tolist()

    def test_a_tangent_of_a_smaller_operand_is_aligned(self) -> None:
        def scaled(rule: Any) -> Any:
            return custom(
                lambda x, y: x * y,
                vjp=(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x),
                jvp=(rule, lambda t, out, x, y: t * x),
            )

        x, y = np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0]])
        wrong = scaled(lambda t, out, x, y: t * y)
        assert jvp(wrong, (x, y), (x, 0 * y))[1].tolist() == (x * y).tolist()
        with pytest.raises(ValueError, match=r"t\[\.\.\., None, :\]"):
            jacobian(wrong, mode="forward")(x, y)
        right = scaled(lambda t, out, x, y: t[..., None, :] * y)
        np.testing.assert_array_equal(
            jacobian(right, mode="forward")(x, y), jacobian(np.multiply)(x, y)
        )

    def test_one_rule_for_all_operands(self) -> None:
        total = custom(
            lambda *xs: sum(np.sum(x * x) for x in xs),
            vjp=Each(lambda i, g, out, *xs: g[..., *(None,) * xs[i].ndim] * 2 * xs[i]),
        )
        x, y = np.array([1.0, 2.0]), np.array([[3.0]])
        assert [g.tolist() for g in grad(total, (0, 1))(x, y)] == [[2, 4], [[6]]]
        assert hessian(total)(x, y).tolist() == [[2, 0], [0, 2]]
        wrong = custom(lambda *xs: xs[0], vjp=Each(lambda i, g, out, *xs: None))
        with pytest.raises(TypeError, match="operand 0 returned None"):
            grad(wrong)(1.0)


@pytest.mark.parametrize("state", [custom, elementwise, linear, partial(multilinear, core=(1,))])
def test_what_cannot_be_called_is_refused(state: Any) -> None:
    with pytest.raises(TypeError, match=r"takes a (function|rule) that can be called, but got 3"):
        state(lambda x: x, vjp=3) if state is custom else state(lambda x: x, 3)
    with pytest.raises(TypeError, match="takes a function that can be called, but got 3"):
        state(3, vjp=np.sin) if state is custom else state(3, np.sin)


class TestAnOpThatFails:
    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_is_named_with_the_shapes(self, count: int) -> None:
        def refuse(*xs: Any) -> Any:
            raise ValueError("no such luck")

        rules = [lambda g, out, *xs: g] * count
        for op in (elementwise(refuse, *rules), custom(refuse, vjp=rules)):
            with pytest.raises(ValueError, match=r"refuse of Tensors .* shape \(2,\).*such luck"):
                op(*[Tensor(np.ones(2))] * count)

    def test_is_named_alone_where_there_are_no_arrays(self) -> None:
        cube = custom(lambda x: x**3, vjp=lambda g, out, x: g * 3 * x * x, name="cube")
        with pytest.raises(TypeError, match=r"^cube: .*missing 1 required positional argument"):
            cube()

    def test_in_a_rule_names_the_rule(self) -> None:
        A = np.ones((2, 3))
        for op in (
            custom(lambda x: 2 * x, vjp=lambda g, out, x: A @ x @ g),
            elementwise(lambda x: 2 * x, lambda g, out, x: g * np.ones(2)),
        ):
            with pytest.raises(ValueError, match=r"^the rule of <lambda> for operand 0: "):
                grad(lambda x, op=op: np.sum(op(x) * np.arange(3.0)))(np.ones(3))

    def test_without_a_rule_for_the_way_forward_says_where_it_goes(self) -> None:
        with pytest.raises(TypeError, match=r"cube has no rule for .* custom takes one as jvp"):
            taylor(custom(lambda x: x**3, vjp=lambda g, out, x: 3 * g * x**2, name="cube"), 1.0, 2)

    def test_with_an_error_of_another_kind_keeps_it(self) -> None:
        def refuse(x: Any) -> Any:
            raise KeyError("a key")

        with pytest.raises(KeyError, match="a key") as caught:
            elementwise(refuse, lambda g, out, x: g)(Tensor(np.ones(2)))
        assert "refuse of Tensors or arrays of shape (2,)" in "".join(caught.value.__notes__)


def test_a_rule_that_calls_its_own_op_with_a_batch() -> None:
    entrywise = multilinear(
        lambda a, b: a * b,
        lambda g, out, a, b: entrywise(g, b),
        lambda g, out, a, b: entrywise(g, a),
        core=(1, 1),
    )
    x = np.array([1.0, 2.0, 3.0])
    for inner in ("forward", "reverse"):
        for outer in ("forward", "reverse"):
            twice = jacobian(jacobian(lambda b: entrywise(b, b), mode=inner), mode=outer)
            np.testing.assert_array_equal(twice(x), 2 * np.einsum("ij,jk->ijk", *[np.eye(3)] * 2))


def test_a_series_keeps_static_arrays() -> None:
    turned = linear(lambda x, Q: x @ Q.T, lambda g, out, x, Q: g @ Q)
    Q = np.array([[1.0, 2.0], [3.0, 4.0]])
    p = taylor(lambda t: np.sum(turned(np.stack([t, t**2]), Q)), 1.0, 2)
    assert p.coefficients.tolist() == [10, 16, 6]


def test_a_gradient_that_a_rule_holds_belongs_to_the_caller() -> None:
    c = np.array([1.0, 2.0, 3.0])
    op = custom(lambda x: np.sum(c * x), vjp=lambda g, out, x: c if g == 1 else g * c)
    for _ in range(2):
        g = grad(op)(np.ones(3))
        assert g.tolist() == [1, 2, 3]
        g *= 10


class TestWhatAFunctionDoesWithABatch:
    A = np.arange(9.0).reshape(3, 3)

    def test_a_linear_one_that_mixes_it_up_is_told(self) -> None:
        x = np.array([1.0, 2.0, 3.0])
        wrong = linear(lambda x, A: A @ x, lambda g, out, x, A: g @ A)
        sums = linear(lambda x: np.cumsum(x, axis=0), lambda g, out, x: g)
        for f in (lambda x: wrong(x, self.A), sums):
            with pytest.raises(ValueError, match=r"x @ A\.T in the place of A @ x, or axis=-1"):
                jacobian(f, mode="forward")(x)
            with pytest.raises(ValueError, match="axes in front of its operand's"):
                hessian(lambda x, f=f: np.sum(f(x) ** 2))(x)
        right = linear(lambda x, A: x @ A.T, lambda g, out, x, A: g @ A)
        assert jacobian(lambda x: right(x, self.A), mode="forward")(x).tolist() == self.A.tolist()

    def test_where_shapes_do_not_fit_either(self) -> None:
        A = np.ones((3, 4))
        wrong = linear(lambda x, A: A @ x, lambda g, out, x, A: g @ A)
        with pytest.raises(ValueError, match=r"x @ A\.T in the place of A @ x"):
            jacobian(lambda x: wrong(x, A), mode="forward")(np.ones(4))

    def test_a_multilinear_one(self) -> None:
        wrong = multilinear(
            lambda A, x: A @ x,
            lambda g, out, A, x: g[..., :, None] * x[..., None, :],
            lambda g, out, A, x: np.matvec(np.matrix_transpose(A), g),
            core=(2, 1),
        )
        with pytest.raises(ValueError, match="axes in front of its operand's"):
            jacobian(wrong, 1, mode="forward")(self.A, np.ones(3))


class TestWhatIsNotElementwise:
    def test_is_told_where_it_makes_real_numbers_of_complex_ones(self) -> None:
        size = elementwise(np.abs, lambda g, out, x: g * np.sign(x), name="size")
        with pytest.raises(TypeError, match=r"size makes real numbers of complex ones.*custom"):
            grad(size)(1 + 1j)

    def test_is_told_by_its_shape(self) -> None:
        total = elementwise(np.sum, lambda g, out, x: g)
        with pytest.raises(ValueError, match=r"makes shape \(\) of shapes \(3,\): .* by custom"):
            grad(total)(np.ones(3))

    def test_takes_operands_alone(self) -> None:
        scaled = elementwise(lambda x, y: x * y, lambda g, out, x, *y: g * y)
        with pytest.raises(TypeError, match=r"has 1 rule\(s\), one for each operand, .* with 2"):
            scaled(Tensor(1.0), 2.0)


class TestTheSignatureOfARule:
    def test_is_looked_at_at_once_where_the_operands_are_known(self) -> None:
        for rule in (lambda g: g, lambda g, out: g, lambda g, out, x, y: g):
            with pytest.raises(TypeError, match=r"rule of exp for operand 0 .* lambda g, out, x:"):
                elementwise(np.exp, rule)
        with pytest.raises(TypeError, match=r"operand 1 .* g, out, x, y: .* takes \(g, out, y\)"):
            elementwise(np.hypot, lambda g, out, x, y: g, lambda g, out, y: g)
        with pytest.raises(TypeError, match=r"the output and 1 operand\(s\), one for each rule"):
            elementwise(np.hypot, lambda g, out, x, y: g * x / out)

    def test_is_looked_at_by_the_first_walk_otherwise(self) -> None:
        operands = r"called with g, the output and 2 argument\(s\), as lambda g, out, x, y: "
        raised = custom(lambda x, p: x**p, vjp=lambda g, out, x: g)
        product = multilinear(np.multiply, *[lambda g: g] * 2, core=(0, 0))
        turned = linear(lambda x, Q: x @ Q, lambda g, Q: g @ Q)
        for attempt in (
            lambda: grad(lambda x: raised(x, 2))(1.0),
            lambda: grad(product)(1.0, 2.0),
            lambda: grad(lambda x: np.sum(turned(x, np.eye(2))))(np.ones(2)),
        ):
            with pytest.raises(TypeError, match=operands):
                attempt()
        forward = custom(np.exp, vjp=lambda g, out, x: g * out, jvp=lambda t: t)
        with pytest.raises(TypeError, match=r"lambda g, out, x: .* but it takes \(t\)"):
            jvp(forward, 1.0, 1.0)

    def test_of_any_kind_of_callable_that_fits_is_taken(self) -> None:
        def with_default(g: Any, out: Any, x: Any, factor: float = 1.0) -> Any:
            return factor * g * out

        for rule in (with_default, partial(with_default, factor=1.0), lambda *all: all[0] * all[1]):
            assert grad(elementwise(np.exp, rule))(0.0) == 1.0

    def test_there_is_one_at_least(self) -> None:
        for state in (
            lambda: elementwise(np.exp),
            lambda: multilinear(np.multiply, core=(0, 0)),
            lambda: custom(np.exp, vjp=[]),
        ):
            with pytest.raises(TypeError, match=r"an op needs its derivative: .*lambda g, out, x"):
                state()


class TestWhatAFunctionReturns:
    """A function of math takes and returns Python's numbers."""

    @pytest.mark.parametrize("function", [math.erf, np.vectorize(math.erf)])
    def test_a_number_of_python_becomes_numpys(self, function: Any) -> None:
        def slope(x: Any) -> Any:
            return 2 / math.sqrt(math.pi) * np.exp(-x * x)

        erf = elementwise(function, lambda g, out, x: g * slope(x))
        f = lambda x: erf(x) * x  # noqa: E731
        first, second = math.erf(0.5) + 0.5 * slope(0.5), slope(0.5) * (2 - 2 * 0.5**2)
        assert grad(f)(0.5) == jvp(f, 0.5, 1.0)[1] == jacobian(f)(0.5) == pytest.approx(first)
        assert hessian(f)(0.5) == hvp(f, 0.5, 1.0) == pytest.approx(second)
        assert taylor(f, 0.5, 2).coefficients[2] == pytest.approx(second / 2)
        assert erf(0.5).dtype == erf(Tensor(0.5)).dtype == float

    @pytest.mark.parametrize("state", ["custom", "linear", "elementwise", "multilinear"])
    def test_of_whatever_kind_of_op(self, state: str) -> None:
        rule = lambda g, out, x: 3 * g  # noqa: E731
        f = lambda x: 3 * float(x)  # noqa: E731
        op = {
            "custom": lambda: custom(f, vjp=rule),
            "linear": lambda: linear(f, rule),
            "elementwise": lambda: elementwise(f, rule),
            "multilinear": lambda: multilinear(f, rule, core=(0,)),
        }[state]()
        assert grad(op)(2.0) == 3.0
        assert op(Tensor(np.float32(2))).dtype == grad(op)(np.float32(2)).dtype == np.float32

    def test_where_it_takes_single_numbers_an_array_says_how(self) -> None:
        erf = elementwise(math.erf, lambda g, out, x: g)
        with pytest.raises(TypeError, match=r"erf takes a single number.*np\.vectorize\(erf\)"):
            erf(Tensor([1.0, 2.0]))

    @pytest.mark.parametrize("returned", [None, [1.0, 2.0], (1.0, 2.0), "text"])
    def test_nothing_else_is_taken(self, returned: Any) -> None:
        for op in (
            elementwise(lambda x: returned, lambda g, out, x: g),
            custom(lambda x: returned, vjp=lambda g, out, x: g),
        ):
            with pytest.raises(TypeError, match=r"<lambda> returned .*, but an op .*np\.stack"):
                grad(op)(1.0)


class TestOperands:
    @pytest.mark.parametrize("core", [(1,), (1, 1, 1), 1, (1.5, 0), (-1, 0), None])
    def test_core_has_a_number_for_each(self, core: Any) -> None:
        rules = [lambda g, out, x, y: g * y, lambda g, out, x, y: g * x]
        with pytest.raises(TypeError, match=r"core says of each of 2 operand\(s\) of multiply"):
            multilinear(np.multiply, *rules, core=core)

    def test_core_has_a_number_for_each_of_any_number(self) -> None:
        product = multilinear(
            lambda *xs: np.prod(np.stack(xs), axis=0),
            Each(lambda i, g, out, *xs: g * xs[1 - i]),
            core=(0,),
        )
        assert jvp(lambda x: product(x), 2.0, 1.0)[1] == 1.0
        with pytest.raises(TypeError, match=r"has 2 operands here, but core=\(0,\)"):
            jvp(product, (2.0, 3.0), (1.0, 0.0))

    def test_static_arguments_behind_several(self) -> None:
        scaled = multilinear(
            lambda x, y, k: k * x * y,
            lambda g, out, x, y, k: g * k * y,
            lambda g, out, x, y, k: g * k * x,
            core=(0, 0),
        )
        assert grad(scaled, (0, 1))(2.0, 3.0, 5.0) == (15.0, 10.0)
        assert jvp(lambda x: scaled(x, x, 5.0), 2.0, 1.0)[1] == 20.0
        assert hessian(lambda x: scaled(x, x, 5.0))(2.0) == 10.0
        assert taylor(lambda x: scaled(x, x, 5.0), 2.0, 2).coefficients.tolist() == [20, 20, 5]

    def test_a_tensor_in_the_place_of_a_static_argument(self) -> None:
        turned = linear(lambda x, Q: x @ Q, lambda g, out, x, Q: g @ Q.T)
        scaled = multilinear(np.multiply, lambda g, out, x, y: g * y, core=(0,))
        Q = Tensor(np.eye(2))
        first = custom(lambda x, Q: x @ Q, vjp=lambda g, out, x, Q: g @ Q.T)
        for attempt in (
            lambda: turned(Tensor([1.0, 2.0]), Q),
            lambda: scaled(Tensor(1.0), Q),
            lambda: first(Tensor([1.0, 2.0]), Q),
        ):
            with pytest.raises(TypeError, match=r"1 rule\(s\), but its argument 1 requires"):
                attempt()
        y = turned(Tensor([1.0, 2.0]), Tensor(np.eye(2), requires_grad=False))
        assert y.data.tolist() == [1, 2]


def test_a_keyword_that_it_does_not_take() -> None:
    with pytest.raises(TypeError, match="raised: got an unexpected keyword argument 'p'"):
        raised(2.0, p=3)


@pytest.mark.parametrize("state", ["elementwise", "custom"])
def test_what_is_looked_at_of_a_rule_belongs_to_no_plan(state: str) -> None:
    def rule(g: Any, out: Any, x: Any) -> Any:
        return g * 2 * x

    if state == "elementwise":
        square = elementwise(lambda x: x * x, rule, name="square")
    else:
        square = custom(lambda x: x * x, vjp=rule, name="square")
    planned = compile(grad(lambda x: np.sum(square(x))), eager_calls=1)
    x = np.array([1.0, 3.0])
    planned(x)
    grad(lambda x: np.sum(square(x)))(x.astype(np.float32))  # so that another type is trusted
    for _ in range(3):
        assert planned(x).tolist() == [2.0, 6.0]
    assert planned.plans[0].runs > 0
