"""Where only a plain value fits, the error says in the program's own words what to write there."""

from __future__ import annotations

import linecache
import math
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import special

import autodiff
from autodiff import Tensor, grad, value_and_grad
from autodiff._core.conversions import LostGraphError

X = np.array([0.5, 0.25, 2.0])


class Program(NamedTuple):
    """A function f of an array, and what the error is to say of it."""

    text: str
    there: str  # the line that is to be another
    written: str  # the line where the error is raised
    new: str  # what is to be written there
    derivative: list[float]  # of f as it was meant, at X


def filled(statement: str, derivative: list[float]) -> Program:
    """Return the program that fills an array by a statement."""
    text = f"""
        def f(x):
            a = np.zeros(3)
            {statement}
            return np.sum(a * W)
        """
    return Program(text, "a = np.zeros(3)", statement, "a = np.zeros(3, like=x)", derivative)


def computed(old: str, new: str, derivative: list[float]) -> Program:
    """Return the program of one expression."""
    line = f"return np.sum({old})"
    return Program(f"def f(x):\n    {line}", line, line, new, derivative)


def run(text: str, name: str = "<program>") -> Callable[[Any], Any]:
    """Return f of a program, whose source is known as that of a notebook's cell is."""
    text = dedent(text).strip() + "\n"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace = {"np": np, "math": math, "special": special, "scipy": sys.modules["scipy"]}
    namespace["W"] = np.array([1.0, 10.0, 100.0])
    exec(compile(text, name, "exec"), namespace)
    return namespace["f"]


def message_of(f: Callable[..., Any], *args: Any) -> str:
    """Return what is said when a function is differentiated."""
    with pytest.raises(TypeError) as caught:
        grad(f)(*args)
    return str(caught.value)


def advice_of(f: Callable[..., Any], *args: Any) -> str:
    """Return what is said but for the last, which is what to write where a constant is meant."""
    said = message_of(f, *args)
    return re.sub(r"(; |\n)or write \S+ if a constant is meant$", "", said)


def line_of(text: str, line: str) -> str:
    """Return how the message says where a line of a program stands."""
    lines = [x.strip() for x in dedent(text).strip().splitlines()]
    return f"\n  at <program>:{lines.index(line) + 1}: {line}"


# -- arrays that are filled --------------------------------------------------------------------

FILLED = [
    filled("a[0] = x[2]", [0, 0, 1]),
    filled("a[1] += x[0] * x[2]", [20, 0, 5]),
    filled("a[1:] = x[1:]", [0, 10, 100]),
    filled("a[x > 1] = x[x > 1]", [0, 0, 100]),
    filled("a[:] = [1.0, x[1], x[0]]", [100, 10, 0]),
    filled("a += x", [1, 10, 100]),
    filled("a[1:] *= x[1:]", [0, 0, 0]),
    filled("np.put(a, [2], x[0])", [100, 0, 0]),
    filled("np.put_along_axis(a, np.array([1]), x[:1], 0)", [10, 0, 0]),
    filled("np.copyto(a, x)", [1, 10, 100]),
    filled("np.place(a, a == 0, x)", [1, 10, 100]),
    filled("np.putmask(a, a == 0, x)", [1, 10, 100]),
    filled("np.add.at(a, [0, 1, 1], x)", [1, 10, 10]),
    filled("np.add(x, 1, out=a)", [1, 10, 100]),
    filled("np.add(x, 1, a)", [1, 10, 100]),
    filled("np.multiply(x, 3, out=(a,))", [3, 30, 300]),
    filled("np.cumsum(x, out=a)", [111, 110, 100]),
    filled("x.cumsum(out=a)", [111, 110, 100]),
    filled("x.clip(0.3, 1.0, out=a)", [1, 0, 0]),
    filled("x.sum(keepdims=True, out=a[:1])", [1, 1, 1]),
    filled("a.fill(x[1])", [0, 111, 0]),
    filled("a.put([1], x[0])", [10, 0, 0]),
    filled("a.flat = x", [1, 10, 100]),
    filled("a.reshape(3, 1)[0] = x[2]", [0, 0, 1]),
    Program(
        """
        def f(x):
            m = np.zeros((3, 3))
            np.fill_diagonal(m, x)
            return np.sum(m @ m)
        """,
        "m = np.zeros((3, 3))",
        "np.fill_diagonal(m, x)",
        "m = np.zeros((3, 3), like=x)",
        [1, 0.5, 4],
    ),
    Program(
        """
        def f(x):
            m = np.eye(3, dtype=float)
            for row in m:
                row[0] = x[0]
            return np.sum(m)
        """,
        "m = np.eye(3, dtype=float)",
        "row[0] = x[0]",
        "m = np.eye(3, dtype=float, like=x)",
        [3, 0, 0],
    ),
    Program(
        """
        def f(x):
            a, b = np.zeros(3), np.ones((2, 3))
            b.T[1] = x[:2]
            return np.sum(b * W)
        """,
        "a, b = np.zeros(3), np.ones((2, 3))",
        "b.T[1] = x[:2]",
        "b = np.ones((2, 3), like=x)",
        [10, 10, 0],
    ),
    Program(
        """
        def f(x):
            a = np.array([0, 0, 0])
            a[0] = x[2]
            return np.sum(a)
        """,
        "a = np.array([0, 0, 0])",
        "a[0] = x[2]",
        "a = np.array([0, 0, 0], dtype=float, like=x)",
        [0, 0, 1],
    ),
    Program(
        """
        def f(x):
            a = np.zeros_like(W)
            a[0] = x[1]
            return np.sum(a)
        """,
        "a = np.zeros_like(W)",
        "a[0] = x[1]",
        "a = np.zeros(np.shape(W), like=x)",
        [0, 1, 0],
    ),
    Program(
        """
        def f(x):
            a = W.copy()
            a[0] = x[1]
            return np.sum(a)
        """,
        "a = W.copy()",
        "a[0] = x[1]",
        "a = np.array(W.copy(), like=x)",
        [0, 1, 0],
    ),
    Program(
        """
        def f(x):
            a = np.zeros(3)
            def step(i):
                a[i] = x[i] ** 2
            for i in range(3):
                step(i)
            return np.sum(a)
        """,
        "a = np.zeros(3)",
        "a[i] = x[i] ** 2",
        "a = np.zeros(3, like=x)",
        [1, 0.5, 4],
    ),
    Program(
        """
        def store(b, t):
            b[0] = t

        def f(x):
            a = np.zeros(3)
            store(a, x[1])
            return np.sum(a)
        """,
        "a = np.zeros(3)",
        "b[0] = t",
        "a = np.zeros(3, like=x)",
        [0, 1, 0],
    ),
    Program(
        """
        def f(x):
            params = {"w": x, "b": x[0]}
            a = np.empty(2)
            late = x * 2
            for i, t in enumerate(late[:2]):
                a[i] = t
            return np.sum(a)
        """,
        "a = np.empty(2)",
        "a[i] = t",
        "a = np.empty(2, like=x)",
        [2, 2, 0],
    ),
    Program(
        """
        def f(x):
            layers = {"w": None}
            layers["w"] = np.zeros(2)
            layers["w"][0] = x[0]
            return np.sum(layers["w"])
        """,
        'layers["w"] = np.zeros(2)',
        'layers["w"][0] = x[0]',
        "layers['w'] = np.zeros(2, like=x)",
        [1, 0, 0],
    ),
    Program(
        """
        class Model:
            def values(self, x):
                self.a = np.zeros(2)
                self.a[0] = x[0]
                return self.a

        def f(x):
            return np.sum(Model().values(x))
        """,
        "self.a = np.zeros(2)",
        "self.a[0] = x[0]",
        "self.a = np.zeros(2, like=x)",
        [1, 0, 0],
    ),
]


@pytest.mark.parametrize("program", FILLED, ids=lambda program: program.written)
def test_the_line_that_made_the_array_is_named_and_what_to_write_there(program: Program) -> None:
    said = advice_of(run(program.text), X)
    assert f"write {program.new}" in said
    assert line_of(program.text, program.there) in said
    assert said.endswith("before" + line_of(program.text, program.written))


@pytest.mark.parametrize("program", FILLED, ids=lambda program: program.written)
def test_what_is_refused_writes_nothing(program: Program) -> None:
    kept: list[Any] = []

    class Watched:
        """np, whose arrays are kept."""

        def __getattr__(self, name: str) -> Any:
            function = getattr(np, name)
            if name not in ("zeros", "ones", "eye", "empty", "array"):
                return function

            def make(*args: Any, **kwargs: Any) -> Any:
                made = function(*args, **kwargs)
                if name == "empty":
                    made[...] = 0.0
                kept.append((made, made.copy()))
                return made

            return make

    f = run(program.text)
    f.__globals__["np"] = Watched()
    message_of(f, X)
    for array, before in kept:
        assert array.tolist() == before.tolist()


# -- what is computed --------------------------------------------------------------------------

COMPUTED = [
    computed("np.array([x[0], 2.0])", "np.array([x[0], 2.0], like=x), or np.stack", [1, 0, 0]),
    computed(
        "np.array([[x[0], 0.0], [0.0, x[1]]]) @ [1, 2]",
        "np.array([[x[0], 0.0], [0.0, x[1]]], like=x)\n",
        [1, 2, 0],
    ),
    computed("np.array([2 * t for t in x])", "np.array([2 * t for t in x], like=x)", [2, 2, 2]),
    computed(
        "np.array([x[0], " + "0.25, " * 50 + "x[1]])",
        "np.array(..., like=x), or np.stack",
        [1, 1, 0],
    ),
    computed("np.asarray(x)", "np.asarray(x, like=x)", [1, 1, 1]),
    computed("np.full(3, x[0])", "np.full(3, x[0], like=x)", [3, 0, 0]),
    computed("np.full((2, 3), x)", "np.full((2, 3), x, like=x)", [2, 2, 2]),
    computed("np.dot(W[:2], [x[0], x[1]])", "np.array([x[0], x[1]], like=x)", [1, 10, 0]),
    computed("W[:2] @ [x[0], x[1]]", "np.array([x[0], x[1]], like=x)", [1, 10, 0]),
    computed("np.r_[x, 1.0]", "np.hstack([x, 1.0])", [1, 1, 1]),
    computed("np.c_[x, W] @ [3, 1]", "np.column_stack([x, W])", [3, 3, 3]),
    computed("np.vectorize(np.square)(x)", "np.stack([np.square(t) for t in x])", [1, 0.5, 4]),
    computed(
        "np.vectorize(lambda t: 3 * t)(x)",
        "np.stack([(lambda t: 3 * t)(t) for t in x])",
        [3, 3, 3],
    ),
    computed("np.fromiter((2 * t for t in x), float)", "np.stack([2 * t for t in x])", [2, 2, 2]),
    computed("math.sin(x[0])", "np.sin(x[0])", [math.cos(0.5), 0, 0]),
    computed("math.pow(x[2], 3)", "np.power(x[2], 3)", [0, 0, 12]),
    computed("math.atan2(x[0], 1.0)", "np.arctan2(x[0], 1.0)", [0.8, 0, 0]),
    computed("math.log(x[0], 2)", "np.log(x[0]) / np.log(2)", [2 / math.log(2), 0, 0]),
    computed("math.lgamma(x[2])", "scipy.special.gammaln(x[2])", [0, 0, 1 - np.euler_gamma]),
    computed("math.fsum(x)", "np.sum(x)", [1, 1, 1]),
    computed("float(x[1])", "x[1] itself", [0, 1, 0]),
    computed("np.float64(x[1])", "x[1] itself", [0, 1, 0]),
]


def corrected_text(program: Program) -> str:
    """Return a program as the error says that it is to be."""
    old, new = program.there, program.new
    if program in COMPUTED:
        old = old.removeprefix("return np.sum(")[:-1].partition(" @ [")[0]
        new = new.removesuffix(" itself").removesuffix(", or np.stack").strip()
        new = new.replace("(...", f"({old[9:-1]}")
    if "[:2]" in old:
        old = "[x[0], x[1]]"
    return "import scipy.special\n" + dedent(program.text).strip().replace(old, new)


@pytest.mark.parametrize("program", COMPUTED, ids=lambda program: program.new)
def test_an_expression_is_shown_by_another(program: Program) -> None:
    said = advice_of(run(program.text), X)
    assert f"for the derivative write {program.new}" in said
    assert said.endswith(line_of(program.text, program.written))


@pytest.mark.parametrize(
    "program", FILLED + COMPUTED, ids=lambda program: f"{program.written}: {program.new}"
)
def test_what_is_shown_computes_the_same(program: Program) -> None:
    corrected = run(corrected_text(program))
    value, derivative = value_and_grad(corrected)(X)
    np.testing.assert_allclose(derivative, program.derivative, rtol=1e-14)
    np.testing.assert_allclose(value, run(program.text)(X), rtol=1e-15)
    np.testing.assert_allclose(value, corrected(X), rtol=1e-15)


ONE = [
    *("acos", "asin", "asinh", "atan", "atanh", "cbrt", "ceil", "cos", "cosh", "degrees", "erf"),
    *("erfc", "exp", "exp2", "expm1", "fabs", "floor", "gamma", "lgamma", "log", "log10", "log1p"),
    *("log2", "radians", "sin", "sinh", "sqrt", "tan", "tanh"),
]
TWO = ["atan2", "copysign", "fmod", "hypot", "log", "pow"]


@pytest.mark.parametrize(
    "call", [*(f"{name}(x[1])" for name in ONE), *(f"{name}(x[1], x[2])" for name in TWO)]
)
def test_what_stands_for_a_function_of_math_takes_tensors(call: str) -> None:
    f = run(f"def f(x):\n    return math.{call}")
    (shown,) = re.findall(r"for the derivative write (.*)\n", message_of(f, X))
    corrected = run(f"import scipy.special\ndef f(x):\n    return {shown}")
    np.testing.assert_allclose(value_and_grad(corrected)(X)[0], f(X), rtol=1e-14)


@pytest.mark.parametrize(
    "line", ["a = np.zeros(int(1)); a[x[:1]] = 1.0", "a = W[x]", "a = [1, 2][x[0]]", "int(x[0])"]
)
def test_indices_and_lengths_have_no_derivative(line: str) -> None:
    said = message_of(run(f"def f(x):\n    {line}\n    return x"), X)
    assert re.search(r"or write [tx]\.(item\(\)|data) if a constant is meant$", said)
    assert "at <program>" not in said


@pytest.mark.parametrize(
    ("line", "constant"),
    [
        ("np.asarray(x)", "x.data"),
        ("np.asarray(p['w'])", "p['w'].data"),
        ("np.asarray(2 * x)", "t.data"),
        ("math.sin(y)", "y.item()"),
    ],
)
def test_a_constant_comes_last_by_its_name(line: str, constant: str) -> None:
    text = f"def f(x):\n    p = {{'w': x * 2}}\n    y = x[0]\n    return np.sum({line})"
    said = message_of(run(text), X)
    assert said.endswith(f"\nor write {constant} if a constant is meant")


def test_indices_are_shown_in_the_place_of_ndenumerate() -> None:
    text = """
        def f(x):
            s = 0.0
            for i, t in np.ndenumerate(x):
                s = s + t * i[0]
            return s
        """
    line = "for i, t in np.ndenumerate(x):"
    said = message_of(run(text), X)
    new = "for i in np.ndindex(x.shape), with x[i] as the entry"
    assert f"for the derivative write {new}{line_of(text, line)}" in said
    corrected = run(
        text.replace(line, "for i in np.ndindex(x.shape):").replace("t * i", "x[i] * i")
    )
    np.testing.assert_allclose(grad(corrected)(X), [0, 1, 2])
    np.testing.assert_allclose(corrected(X), run(text)(X))


@pytest.mark.parametrize("call", ["hypot(*x)", "remainder(x[2], x[1])"])
def test_of_others_it_is_said_in_general(call: str) -> None:
    said = advice_of(run(f"def f(x):\n    return math.{call}"), X)
    assert "for the derivative" not in said
    assert said.endswith("NumPy's functions take the place of math's")


@pytest.mark.parametrize(
    ("call", "formula"),
    [
        ("rng.normal(x[0], 2.0, size=3)", "loc + scale * rng.standard_normal(size)"),
        ("np.random.normal(loc=x[0])", "loc + scale * np.random.standard_normal(size)"),
        ("rng.uniform(0, x[0])", "low + (high - low) * rng.random(size)"),
    ],
)
def test_draws_are_shown_by_those_without_parameters(call: str, formula: str) -> None:
    f = run(f"rng = np.random.default_rng(0)\ndef f(x):\n    return np.sum({call})")
    assert f"for the derivative write {formula}" in message_of(f, X)


@pytest.mark.parametrize(
    "call",
    ["special.logsumexp(x)", "scipy.stats.norm.pdf([x[0], x[1]])", "scipy.linalg.inv([[x[0]]])"],
)
def test_of_scipys_functions_their_stand_ins_are_named(call: str) -> None:
    said = message_of(run(f"def f(x):\n    return np.sum({call})"), X)
    assert re.search(r"scipy\.\S+ does not dispatch: use ", said)
    assert "like=" not in said


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_matrices_are_no_masked_arrays() -> None:
    said = message_of(run("def f(x):\n    return np.matrix([[x[0]]]).sum()"), X)
    assert "numpy.ma" not in said
    assert "np.array([...], like=x)" in said


# -- changes of a Tensor itself ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "by_at"),
    [
        ("x[0] = 2.0", "x = x.at[0].set(2.0)"),
        ("x[1:] = x[:-1]", "x = x.at[1:].set(x[:-1])"),
        ("x[0] += 3 * x[1]", "x = x.at[0].add(3 * x[1])"),
        ("x[0] *= 2.0", "x = x.at[0].multiply(2.0)"),
        ("x[0] -= x[1]", "x = x.at[0].set(x[0] - x[1])"),
    ],
)
def test_a_tensor_is_not_written_to_but_a_copy(statement: str, by_at: str) -> None:
    text = "def f(x):\n    {}\n    return np.sum(x * W)"
    said = message_of(run(text.format(statement)), X)
    assert f"fill a copy, x = x.copy() before, or {by_at}\n" in said
    assert said.endswith(f"\n  at <program>:2: {statement}")
    value = run(text.format(statement))(X.copy())
    plain = X.copy()
    copied = run(text.format(f"x = x.copy(); {statement}"))
    np.testing.assert_allclose(value_and_grad(copied)(X)[0], value, rtol=1e-15)
    np.testing.assert_allclose(copied(plain), value, rtol=1e-15)
    np.testing.assert_array_equal(plain, X)
    np.testing.assert_allclose(value_and_grad(run(text.format(by_at)))(X)[0], value, rtol=1e-15)


@pytest.mark.parametrize(
    ("made", "copied"),
    [
        ("A = np.outer(x, x)", "A = np.outer(x, x).copy()"),
        ("A = x * np.ones((3, 3))", "A = (x * np.ones((3, 3))).copy()"),
        ("A = -np.outer(x, x)", "A = (-np.outer(x, x)).copy()"),
        ("B, A = 1, np.outer(x, x)", "A = np.outer(x, x).copy()"),
    ],
)
@pytest.mark.parametrize("writing", ["A[0, 0] = x[1]", "row = A[1]; row[0] = x[1]"])
def test_the_copy_is_made_where_the_tensor_is(made: str, copied: str, writing: str) -> None:
    text = f"def f(x):\n    {made}\n    {writing}\n    return np.sum(A)"
    said = message_of(run(text), X)
    assert f"fill a copy, {copied}{line_of(text, made)}\nor " in said
    assert ".at[0" in said.partition("\nor ")[2]
    assert said.endswith(line_of(text, writing))
    corrected = run(text.replace(made, copied))
    np.testing.assert_allclose(corrected(X), run(text)(X), rtol=1e-15)
    np.testing.assert_allclose(value_and_grad(corrected)(X)[0], corrected(X), rtol=1e-15)


def test_one_of_several_results_is_copied_before_it_is_written_to() -> None:
    text = "def f(x):\n    A, B = np.meshgrid(x, x)\n    A[0] = 1.0\n    return np.sum(A)"
    said = message_of(run(text), X)
    assert "fill a copy, A = A.copy() before, or A = A.at[0].set(1.0)\n" in said


@pytest.mark.parametrize(
    "lines", ["for row in np.outer(x, x): row[0] = 1.0", "row = x[1:]; row[0] = 1.0", "t[0] = 1.0"]
)
def test_what_is_a_view_or_kept_outside_is_told_in_general(lines: str) -> None:
    f = run(f"def f(x):\n    {lines}\n    return np.sum(x)")
    f.__globals__["t"] = Tensor(X)
    assert "instead of x[i] = v write x = x.at[i].set(v)" in message_of(f, X)


def test_a_part_of_a_part_is_not_written_to() -> None:
    said = message_of(run("def f(x):\n    (2 * x)[0] = 1.0\n    return x"), X)
    assert "instead of x[i] = v write x = x.at[i].set(v)" in said
    assert "y = x.copy()" in said


# -- names that like= can be given -------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "before", "value", "like"),
    [
        ("x", "", "x[0]", "x"),
        ("x", "t = x[0]", "t", "x"),
        ("first, x=None", "", "first[0]", "first"),
        ("n, x=None", "x = n * 2; t = x[0]", "t", "n"),
        ("x", "t = x[0]; x = None", "t", "np.atleast_1d(t)"),
        ("x, p=None", "p = {'w': x}", "x[0]", "x"),
        ("p, x=None", "x = p[0]; p = {'w': p}", "x", "p['w']"),
    ],
)
def test_it_is_an_argument_with_axes_if_there_is_one(
    parameters: str, before: str, value: str, like: str
) -> None:
    text = f"""
        def f({parameters}):
            {before or "pass"}
            a = np.zeros(3)
            a[0] = {value}
            return np.sum(a)
        """
    assert f"write a = np.zeros(3, like={like})\n" in message_of(run(text), X)


@pytest.mark.parametrize(
    ("argument", "value", "like"),
    [
        ({"w": X, "b": 1.0}, "p['b']", "p['w']"),
        ([1.0, X], "p[1][0]", "p[1]"),
        ({"b": 1.0}, "p['b']", "np.stack(list(p.values()))"),
    ],
)
def test_or_a_part_of_an_argument_that_has_axes(argument: Any, value: str, like: str) -> None:
    f = run(f"def f(p):\n    a = np.zeros(3)\n    a[0] = {value}\n    return np.sum(a)")
    assert f"write a = np.zeros(3, like={like})\n" in message_of(f, argument)


NUMBERS = [
    ("t, a, b", "y[0] = a * t[1]; y[1] = b", "np.stack([a, b])", (X, 3.0, 2.0), [0.25, 1]),
    ("a, n, b", "y[0] = a * n; y[1] = b", "np.stack([a, b])", (3.0, 2, 2.0), [2, 1]),
    ("a", "y[0] = a * a", "np.atleast_1d(a)", (3.0,), [6]),
    ("n, a", "c = a * n; y[0] = c", "np.atleast_1d(a)", (2, 3.0), [2]),
    ("*p", "y[0], y[1] = p", "np.stack(p)", (3.0, 2.0), [1, 1]),
    ("a, *, b=1.0", "y[0] = a + b", "np.stack([a, b])", (3.0,), [1]),
    ("a, b, c, d, e, g=1.0, h=2.0", "y[0] = a + h", "np.atleast_1d(a)", (3.0, *X, 1.0), [1]),
]


@pytest.mark.parametrize(
    ("parameters", "lines", "like", "args", "derivatives"), NUMBERS, ids=lambda x: str(x)
)
def test_of_numbers_an_array_is_made(
    parameters: str, lines: str, like: str, args: Any, derivatives: list[float]
) -> None:
    text = f"def f({parameters}):\n    y = np.zeros(2)\n    {lines}\n    return np.sum(y)"
    floats = [i for i, x in enumerate(args) if isinstance(x, float)][: len(derivatives)]
    corrected = run(text.replace("zeros(2)", f"zeros(2, like={like})"))
    for i, derivative in zip(floats, derivatives, strict=True):
        with pytest.raises(LostGraphError) as caught:
            grad(run(text), argnums=i)(*args)
        assert f"write y = np.zeros(2, like={like})\n" in str(caught.value)
        np.testing.assert_allclose(grad(corrected, argnums=i)(*args), derivative, rtol=1e-15)
    np.testing.assert_allclose(corrected(*args), run(text)(*args), rtol=1e-15)


@pytest.mark.parametrize(
    "entries",
    ["[[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]", "[[k * t for k in (1, 2)], [t, t]]"],
)
def test_of_nested_lists_of_numbers_an_array_is_made(entries: str) -> None:
    text = f"""
        def R(t):
            return np.array({entries})

        def f(t):
            return np.sum(R(t) @ np.array([1.0, 2.0]))
        """
    said = message_of(run(text), 0.5)
    new = f"np.array({entries}, like=np.atleast_1d(t))"
    assert f"for the derivative write {new}\n" in said
    corrected = run(dedent(text).replace(f"np.array({entries})", new))
    np.testing.assert_allclose(value_and_grad(corrected)(0.5)[0], run(text)(0.5), rtol=1e-15)
    np.testing.assert_allclose(corrected(0.5), run(text)(0.5), rtol=1e-15)


@pytest.mark.parametrize(
    ("made", "new"),
    [
        ("np.zeros(3, like=W)", "np.zeros(3, like=x)"),
        ("np.zeros(3, like=W, dtype=float)", "np.zeros(3, dtype=float, like=x)"),
        ("np.zeros(3, dtype=int)", "np.zeros(3, dtype=float, like=x)"),
        ("np.zeros(3, int)", "np.zeros(3, float, like=x)"),
        ("np.zeros_like(W, dtype=int)", "np.zeros(np.shape(W), like=x)"),
        ("np.zeros_like(W, dtype=np.float32)", "np.zeros(np.shape(W), dtype=np.float32, like=x)"),
        ("np.array([0, 0, 0], like=W)", "np.array([0, 0, 0], dtype=float, like=x)"),
    ],
)
def test_what_the_making_says_of_like_and_dtype_is_replaced(made: str, new: str) -> None:
    text = f"def f(x):\n    a = {made}\n    a[0] = x[2]\n    return np.sum(a)"
    assert f"write a = {new}\n" in message_of(run(text), X)
    corrected = run(text.replace(made, new))
    np.testing.assert_allclose(grad(corrected)(X), [0, 0, 1])
    np.testing.assert_allclose(corrected(X), 2.0)


@pytest.mark.parametrize(
    ("made", "new"),
    [
        ("np.zeros(3, int, like=x)", "np.zeros(3, float, like=x)"),
        ("np.zeros(3, dtype=int, like=x)", "np.zeros(3, dtype=float, like=x)"),
        ("np.array([1, 2, 3], like=x)", "np.array([1, 2, 3], dtype=float, like=x)"),
        ("np.zeros_like(x, dtype=int)", "np.zeros(np.shape(x), like=x)"),
    ],
)
@pytest.mark.parametrize(
    "writing",
    [
        *("a[0] = x[1]", "b = a[1:]; b[0] = x[1]", "np.add(x, x, out=a)", "a += x"),
        *("a.fill(x[1])", "a.T[0] = x[1]", "store(a, x[0])"),
    ],
)
def test_an_array_of_another_type_is_named(made: str, new: str, writing: str) -> None:
    text = f"""
        def store(b, t):
            b[0] = t

        def f(x):
            a = {made}
            {writing}
            return np.sum(a)
        """
    said = message_of(run(text), X)
    assert f": write a = {new}{line_of(text, f'a = {made}')}\nbefore" in said
    assert said.endswith(line_of(text, "b[0] = t" if "store" in writing else writing))
    corrected = run(text.replace(made, new))
    assert np.isfinite(corrected(X))
    assert np.any(grad(corrected)(X))


def test_of_complex_numbers_too() -> None:
    f = run("def f(x):\n    a = np.zeros(3, like=x)\n    a[0] = 1j * x[0]\n    return np.sum(a)")
    assert ": write a = np.zeros(3, dtype=complex, like=x)\n" in message_of(f, X)


def test_a_name_is_rather_given_than_a_part() -> None:
    f = run("def f(p, x):\n    a = np.zeros(3)\n    a[0] = x[0]\n    return np.sum(a)")
    with pytest.raises(LostGraphError, match=r"write a = np\.zeros\(3, like=x\)\n"):
        grad(f, argnums=(0, 1))({"w": X}, X)


def test_a_name_that_is_known_there_is_rather_given_than_one_with_axes() -> None:
    text = """
        def f(x):
            a = np.zeros(3)
            later = x * W
            a[0] = later[0]
            return np.sum(a)
        """
    assert "write a = np.zeros(3, like=np.atleast_1d(x))\n" in message_of(run(text), 2.0)


def test_in_a_comprehension_it_may_be_a_name_around_it() -> None:
    said = message_of(run("def f(x):\n    return np.stack([np.full(2, t) for t in x])"), X)
    assert "write np.full(2, t, like=x)\n" in said


def test_the_last_making_before_is_meant() -> None:
    text = """
        def f(x):
            a = np.ones(3)
            a = np.zeros(3)
            a[0] = x[0]
            a = np.full(3, 1.0)
            return np.sum(a)
        """
    assert f"like=x){line_of(text, 'a = np.zeros(3)')}" in message_of(run(text), X)


def test_a_name_of_a_later_line_is_not_used() -> None:
    text = """
        a = np.zeros(3)

        def f(x):
            a[0] = x[0]
            return np.sum(a)
        """
    said = message_of(run(text), X)
    assert f"make it in f: a = np.zeros(3, like=x), not{line_of(text, 'a = np.zeros(3)')}" in said


def test_an_array_of_a_module_is_made_in_the_function() -> None:
    text = """
        x = np.ones(3)
        kept = np.zeros(3)

        def f(x):
            for i in range(3):
                kept[i] = x[i] ** 2
            return np.sum(kept)
        """
    said = advice_of(run(text), X)
    made, written = line_of(text, "kept = np.zeros(3)"), line_of(text, "kept[i] = x[i] ** 2")
    assert f"make it in f: kept = np.zeros(3, like=x), not{made}\nbut before{written}" in said
    new = "            kept = np.zeros(3, like=x)\n            for i"
    corrected = run(text.replace("            for i", new))
    np.testing.assert_allclose(grad(corrected)(X), 2 * X)
    np.testing.assert_allclose(corrected(X), np.sum(X**2))


@pytest.mark.parametrize("this", ["self", "model"])
def test_an_attribute_of_another_method_is_made_in_this_one(this: str) -> None:
    text = f"""
        class Model:
            def __init__({this}):
                {this}.kept = np.zeros(3, dtype=int)

            def values({this}, x):
                {this}.kept[1:] = x[1:]
                return {this}.kept

        model = Model()

        def f(x):
            return np.sum(model.values(x))
        """
    said = advice_of(run(text), X)
    made = f"{this}.kept = np.zeros(3, dtype=int)"
    new = f"{this}.kept = np.zeros(3, dtype=float, like=x)"
    written = f"{this}.kept[1:] = x[1:]"
    assert f"make it in values: {new}, not{line_of(text, made)}\n" in said
    assert said.endswith("but before" + line_of(text, written))
    corrected = run(text.replace(written, f"{new}; {written}"))
    np.testing.assert_allclose(grad(corrected)(X), [0, 1, 1])
    np.testing.assert_allclose(corrected(X), 2.25)


def test_an_array_that_is_given_is_to_be_made_elsewhere() -> None:
    f = run("a = np.ones(3)\ndef f(x, a):\n    a[0] = x[0]\n    return np.sum(a)")
    given = np.zeros(3)
    said = message_of(lambda x: f(x, given), X)
    assert "for a to take a Tensor make it with like=, or write a = np.array(a, like=x)" in said


# -- where the source says less ----------------------------------------------------------------

IN_GENERAL = "an array that takes Tensors is made by np.zeros(shape, like=x)"
FILLING = "def f(x):\n    a = np.zeros(3)\n    a[0] = x[0]\n    return np.sum(a)\n"


def test_a_source_that_is_not_there() -> None:
    namespace: dict[str, Any] = {"np": np}
    exec(compile(FILLING, "<nowhere>", "exec"), namespace)
    assert IN_GENERAL in message_of(namespace["f"], X)


def test_a_program_on_the_command_line() -> None:
    code = f"import numpy as np\nfrom autodiff import grad\n{FILLING}grad(f)(np.ones(3))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()
    assert IN_GENERAL in done.stderr or "write a = np.zeros(3, like=x)" in done.stderr
    assert any("LostGraphError: a Tensor of shape ()" in line for line in last)


def test_a_program_without_columns(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(f"import numpy as np\nfrom autodiff import grad\n{FILLING}grad(f)(np.ones(3))")
    done = subprocess.run(
        [sys.executable, "-X", "no_debug_ranges", path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(autodiff.__file__).parents[1])},
    )
    assert IN_GENERAL in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "import this_and_that\n\n" + FILLING,
        FILLING.replace("f(x)", "g(x)"),
        "def f(x):\n    return (\n",
        "\0",
        "",
    ],
)
def test_a_source_that_has_changed(text: str) -> None:
    f = run(FILLING, "<changed>")
    lines = text.splitlines(keepends=True)
    linecache.cache["<changed>"] = (len(text), None, lines, "<changed>")
    said = message_of(f, X)
    assert IN_GENERAL in said
    assert "<changed>" not in said


def test_one_line() -> None:
    text = "def f(x): a = np.zeros(3); a[0] = x[0]; return np.sum(a)"
    said = advice_of(run(text), X)
    assert said.endswith(f"write a = np.zeros(3, like=x)\n  at <program>:1: {text}")


def test_functions_without_a_name() -> None:
    said = message_of(run("f = lambda x: np.sum(np.array([x[0], 1.0]))"), X)
    assert "write np.array([x[0], 1.0], like=x), or np.stack\n  at <program>:1: f = " in said


def test_functions_with_decorators() -> None:
    text = """
        import functools

        @functools.lru_cache(
            maxsize=None
        )
        def f(x):
            a = np.zeros(3)
            a[0] = x[0]
            return np.sum(a)
        """
    assert f"like=x){line_of(text, 'a = np.zeros(3)')}" in message_of(run(text), X)


def test_statements_of_several_lines() -> None:
    text = """
        def f(x):
            a = np.zeros(
                3,
                dtype=float,
            )
            a[
                0
            ] = x[0]
            return np.sum(a)
        """
    said = message_of(run(text), X)
    assert "write a = np.zeros(3, dtype=float, like=x)\n  at <program>:2: a = np.zeros(" in said


def test_entries_of_comprehensions() -> None:
    said = message_of(run("def f(x):\n    return np.stack([math.exp(x[i]) for i in (0, 1)])"), X)
    assert "for the derivative write np.exp(x[i])" in said


# -- outside of a derivative -------------------------------------------------------------------


def test_outside_of_a_derivative_the_reason_is_shown_below_numpys_error() -> None:
    f, t = run(FILLING), Tensor(X)
    with pytest.raises(ValueError, match="setting an array element") as caught:
        f(t)
    assert isinstance(caught.value.__cause__, LostGraphError)
    shown = "".join(traceback.format_exception(caught.value))
    assert "write a = np.zeros(3, like=x)\n  at <program>:2: a = np.zeros(3)" in shown


def test_inside_of_a_derivative_the_traceback_shows_the_line() -> None:
    with pytest.raises(LostGraphError) as caught:
        grad(run(FILLING))(X)
    assert [entry.name for entry in caught.traceback][-1] == "f"
    assert caught.value.__suppress_context__


def test_constants_are_written_as_they_are() -> None:
    text = "def f(x):\n    a = np.zeros(3)\n    a[0] = x.data[0]\n    return np.sum(a * x)"
    np.testing.assert_allclose(grad(run(text))(X), [0.5, 0, 0])


def test_an_array_that_numpy_returns_itself_is_copied() -> None:
    text = """
        numbers = np.ones(3)

        def f(x):
            a = np.asarray(numbers, like=x)
            a[0] = x[0]
            return np.sum(a)
        """
    assert "write a = np.array(numbers, like=x)" in message_of(run(text), X)
