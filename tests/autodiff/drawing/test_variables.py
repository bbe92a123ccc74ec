"""The names that a function's variables have, and that its pictures show."""

from __future__ import annotations

import sys
from functools import partial, reduce
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import Tensor, draw, text
from autodiff.drawing._graph import read_view
from autodiff.drawing.reading._variables import code_of, variables_of


def micrograd(a: Any, b: Any) -> Any:
    """The example of https://github.com/karpathy/micrograd, which prints the values below."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + np.maximum(b + a, 0)
    d += 3 * d + np.maximum(b - a, 0)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def test_what_a_variable_was_bound_to_bears_its_name_and_a_number_when_bound_again() -> None:
    names: dict[Tensor, str]
    with variables_of(code_of(micrograd, "draw")) as names:
        micrograd(Tensor(-4.0), Tensor(2.0))
    assert list(names.values()) == ["c₁", "c₂", "c₃", "d₁", "d₂", "d₃", "e", "f", "g₁", "g₂"]


def test_an_argument_that_is_bound_again_is_numbered_behind_it() -> None:
    def f(x: Any) -> Any:
        for _ in range(2):
            x = x * 2.0
        return x

    with variables_of(code_of(f, "draw")) as names:
        f(Tensor(1.0))
    assert list(names.values()) == ["x₂", "x₃"]


def test_names_that_a_program_gave_stay() -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        y.name = "energy"
        return y

    with variables_of(code_of(f, "draw")) as names:
        f(Tensor(1.0))
    assert not names


def test_a_debugger_stays_whatever_happens() -> None:
    def tracer(frame: Any, event: str, arg: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        with pytest.raises(ZeroDivisionError), variables_of(code_of(micrograd, "draw")):
            raise ZeroDivisionError
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_nothing_is_watched_afterwards_whatever_happens() -> None:
    before = sys.gettrace()
    sys.settrace(None)
    try:
        with pytest.raises(ZeroDivisionError), variables_of(code_of(micrograd, "draw")):
            raise ZeroDivisionError
        assert sys.gettrace() is None
    finally:
        sys.settrace(before)


# -- in pictures -----------------------------------------------------------------------------


def names(*subject: Any, **keywords: Any) -> list[str]:
    """Return the names of what was computed."""
    return [n.name for n in read_view(*subject, **keywords)[0].nodes if n.formula]


def test_pictures_show_them() -> None:
    found = names(micrograd, -4.0, 2.0)
    assert [name for name in found if not name.startswith("v")] == [
        *("c₁", "d₁", "c₂", "c₃", "d₂", "d₃", "e", "f", "g₁", "g₂")
    ]
    assert "<B>c₃" in draw(micrograd, -4.0, 2.0).source
    assert "e = c₃ - d₃" in text(micrograd, -4.0, 2.0)


def test_names_that_are_given_go_before_them() -> None:
    w = Tensor(2.0, name="w")

    def f(x: Any) -> Any:
        y = x * w
        y.name = "energy"
        z = np.sin(y)
        u = np.cos(z)
        return u * 2

    assert names(f, 1.0) == ["energy", "z", "u", "output"]
    assert names(f, 1.0, names=["loss"])[-1] == "loss"


def test_those_that_others_have_are_not_given_twice() -> None:
    v = Tensor(2.0, name="y")

    def f(x: Any, z: Any) -> Any:
        y = x * v
        x = np.sin(z)
        z = y * x
        return np.cos(z)

    found = [n.name for n in read_view(f, 1.0, 2.0)[0].nodes]
    assert sorted(found) == sorted({*found})
    assert found[:3] == ["x", "y", "y₂"]


def test_the_output_is_numbered_behind_a_variable_or_an_argument_of_that_name() -> None:
    def f(x: Any) -> Any:
        output = x * 2
        return output * 3

    assert names(f, 1.0) == ["output", "output₂"]
    assert names(lambda x, output: x * output, 2.0, 3.0) == ["output₂"]


def test_a_number_that_is_taken_is_left_out() -> None:
    first, second = Tensor(2.0, name="y"), Tensor(3.0, name="y₂")

    def f(x: Any) -> Any:
        y = x * first
        return y * second

    assert names(f, 1.0) == ["y₃", "output"]


def test_two_tensors_of_one_name_are_told_apart() -> None:
    x, y = Tensor(2.0, name="w"), Tensor(3.0, name="w")
    assert text(x * y).splitlines()[0].startswith("v1 = w * w₂")


def test_an_argument_whose_name_another_has_is_named_by_the_signature() -> None:
    view, _ = read_view(lambda x, y: x * y + y, Tensor(2.0, name="y"), 3.0)
    assert [n.formula for n in view.nodes if n.formula] == ["x * y", "v1 + y"]


def test_a_name_that_is_given_goes_before_a_variable_and_not_before_another_name() -> None:
    def f(x: Any) -> Any:
        loss = x * 2
        return loss * 3

    assert names(f, 1.0, names=["loss"]) == ["loss₂", "loss"]
    with pytest.raises(ValueError, match="'x', and so is another"):
        names(f, 1.0, names=["x"])


def test_an_output_has_its_variable_and_else_its_place() -> None:
    def f(x: Any) -> Any:
        loss = x * 2
        return loss, x + 1

    assert names(f, 1.0) == ["loss", "output[1]"]


def test_those_of_a_library_are_its_own() -> None:
    model = nn.MLP([2, 3, 1], "tanh", seed=0)
    assert names(model, np.ones((1, 2)))[-1] == "output"


def test_those_of_a_model_of_ones_own_are_shown() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(2, 1, seed=0)

        def forward(self, x: Any) -> Any:
            hidden = self.layer(x)
            return np.tanh(hidden)

    assert names(Model(), np.ones((1, 2)))[-2:] == ["hidden", "output"]


class Net(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(2, 1, seed=0)

    def forward(self, x: Any) -> Any:
        h = self.layer(x)
        h = np.tanh(h)
        return h * 2


def test_those_of_a_model_are_shown_in_what_calls_it() -> None:
    net = Net()

    def loss(x: Any) -> Any:
        return nn.mean_squared_error(net(x), np.ones((1, 1)))

    assert names(loss, np.ones((1, 2)))[:3] == ["v1", "h₁", "h₂"]
    assert names(nn.Sequential(net), np.ones((1, 2))) == ["v1", "h₁", "h₂", "output"]


def test_those_of_functions_that_are_called_are_shown_but_not_their_arguments() -> None:
    def energy(t: Any) -> Any:
        square = t * t
        square /= 2
        return square

    def f(x: Any) -> Any:
        e = energy(np.sin(x))
        return np.exp(e)

    assert names(f, 1.0) == ["v1", "square", "e", "output"]


def test_those_of_libraries_that_call_back_are_not_shown() -> None:
    def f(x: Any) -> Any:
        return reduce(lambda total, y: total * y, [x, np.sin(x), np.cos(x)])

    assert names(f, 1.0) == ["v1", "v2", "v3", "output"]


def test_they_are_shown_of_a_function_that_is_given_some_arguments_before() -> None:
    assert names(partial(micrograd, -4.0), 2.0)[-1] == "g₂"


def test_they_are_shown_of_a_function_that_raises() -> None:
    def f(x: Any) -> Any:
        hidden = np.sin(x)
        return hidden @ hidden

    assert read_view(f, np.ones((2, 3)))[0].nodes[-1].formula == "hidden @ hidden"


def test_a_debugger_goes_on_and_sees_what_it_would() -> None:
    seen = []

    def tracer(frame: Any, event: str, arg: Any) -> Any:
        seen.append(frame.f_code.co_name)
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        found = names(micrograd, -4.0, 2.0)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    assert "micrograd" in seen
    assert found[0] == "v1"
