"""Steps as data: what appears, in which order, and whether what is said to be equal is equal."""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad
from autodiff.drawing._view import Vertex, View
from autodiff.drawing.page._equations import with_numbers
from autodiff.drawing.page._listing import Listing, listings
from autodiff.drawing.page._phrases import value_text
from autodiff.drawing.page._steps import ChainRuleStep, steps_of
from autodiff.drawing.reading._functions import record_subject
from autodiff.drawing.reading._nodes import view_of
from tests.autodiff.cases import CASES
from tests.autodiff.cases.case import Case


def course(f: Callable[..., Any], *args: Any) -> list[ChainRuleStep]:
    return steps_of(*view_of(record_subject(f, args), unfold=True))


def relu(x: Any) -> Any:
    return np.maximum(x, 0.0)


def micrograd(a: Any, b: Any) -> Any:
    """The example of https://github.com/karpathy/micrograd, which prints the values below."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def product(x: Any, y: Any) -> Any:
    return x * y


def network(x: Any, w1: Any, w2: Any) -> Any:
    return np.mean(np.tanh(x @ w1) @ w2)


def waves(x: Any, y: Any) -> Any:
    u = np.sin(x * y)
    return u * np.exp(-y) + u / x + np.sqrt(x)


RNG = np.random.default_rng(0)
ARRAYS = RNG.normal(size=(7, 3)), RNG.normal(size=(3, 5)), RNG.normal(size=(5, 1))
PROGRAMS = [
    (micrograd, (-4.0, 2.0)),
    (product, (3.0, 2.0)),
    (waves, (0.7, 1.3)),
    (network, ARRAYS),
]


def appears(found: list[ChainRuleStep], what: str) -> dict[Any, list[str]]:
    """Return the texts that appear at each node or edge, one after the other."""
    texts: dict[Any, list[str]] = {}
    for step in found:
        for key, text in getattr(step, what).items():
            texts.setdefault(key, []).append(text)
    return texts


# -- what arrives ----------------------------------------------------------------------------


def test_the_numbers_of_micrograds_example_arrive() -> None:
    found = course(micrograd, -4.0, 2.0)
    assert list(appears(found, "values").values())[-1] == ["24.7041"]
    assert found[-1].equations == [["∂g₂/∂a", "138.8338"], ["∂g₂/∂b", "645.5773"]]
    gradients = [texts[-1] for texts in appears(found, "cotangents").values()]
    assert {"138.8338", "645.5773"} <= set(gradients)


@pytest.mark.parametrize(("f", "args"), PROGRAMS)
def test_what_is_given_then_the_values_then_the_cotangents_then_the_gradients(
    f: Callable[..., Any], args: Any
) -> None:
    ways = [step.way for step in course(f, *args)]
    assert list(dict.fromkeys(ways)) == ["Arguments", "Forward", "Backward", "Gradients"]
    assert ways == sorted(ways, key=list(dict.fromkeys(ways)).index)


@pytest.mark.parametrize(("f", "args"), PROGRAMS)
def test_each_value_appears_once_and_after_what_it_is_computed_from(
    f: Callable[..., Any], args: Any
) -> None:
    view, tensors = view_of(record_subject(f, args), unfold=True)
    found = steps_of(view, tensors)
    assert {key: len(texts) for key, texts in appears(found, "values").items()} == dict.fromkeys(
        [node.key for node in view.nodes], 1
    )
    known: set[str] = set()
    for step in found:
        for edge in view.edges:
            if edge.head in step.values and step.way == "Forward":
                assert edge.tail in known
        known |= step.values.keys()


def test_a_step_forward_for_each_op_and_a_step_back_for_each_use() -> None:
    ways = Counter(step.way for step in course(waves, 0.7, 1.3))
    assert ways["Forward"] == 9  # five of two operands, and sin, exp, sqrt and a minus sign
    assert ways["Backward"] == 1 + 2 * 5 + 4


def test_an_operand_that_is_used_twice_sends_twice() -> None:
    found = course(lambda x: x * x, 3.0)
    assert [step.token for step in found if step.way == "Backward"] == ["1", "3", "3"]
    assert [step.edges for step in found if step.way == "Backward"] == [[], [0], [1]]
    assert found[-1].equations == [["∂output/∂x", "6"]]


def test_uses_that_share_an_edge_send_along_it_one_after_the_other() -> None:
    found = course(
        lambda x: np.sum(np.linalg.matrix_power(x, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])
    )
    # d/dx of the sum of x @ x is 1 xᵀ + xᵀ 1, the sums of rows and of columns
    assert found[-1].equations == [["∂output/∂x", "(2, 2): [[7, 11], [9, 13]]"]]


# -- what is said to be equal ----------------------------------------------------------------


def number(text: str) -> float | None:
    """Return what a line of numbers makes, by Python's arithmetic."""
    code = text.replace("−", "-").replace("·", "*").replace("²", "**2").replace("³", "**3")
    functions = {name: getattr(math, name) for name in ("sin", "cos", "exp", "sqrt")}
    functions["maximum"] = max
    if "…" in code or not set(re.findall(r"[^\W\d]\w*", re.sub(r"\de", "", code))) <= set(
        functions
    ):
        return None
    return float(eval(code, functions))


@pytest.mark.parametrize(("f", "args"), PROGRAMS[:3])
def test_numbers_that_stand_in_one_equation_are_equal(f: Callable[..., Any], args: Any) -> None:
    compared = 0
    for step in course(f, *args):
        for equation in step.equations:
            numbers = [x for x in map(number, equation) if x is not None]
            assert numbers == pytest.approx(numbers[-1:] * len(numbers), rel=1e-3, abs=2e-4)
            compared += len(numbers) > 1
    assert compared > len(args)


def test_contributions_are_added_before_ones_eyes() -> None:
    found = course(lambda x: x * 2.0 + np.sin(x) + x**3, 1.0)
    back = [
        step for step in found if step.way == "Backward" and step.equations[-1][0] == "∂output/∂x"
    ]
    sums = [step.equations[-1][1:] for step in back]
    assert sums == [
        ["3 + …"],
        ["3 + 0.5403 + …", "3.5403 + …"],
        ["3.5403 + 2", "5.5403"],  # 3 + cos(1) + 2
    ]
    assert "2 of 3" in back[1].says


@pytest.mark.parametrize(("f", "args"), PROGRAMS)
def test_a_node_passes_on_only_what_has_arrived_in_full(f: Callable[..., Any], args: Any) -> None:
    known: dict[str, str] = {}
    for step in course(f, *args):
        if step.sender:
            assert "…" not in known[step.sender] or " … " in known[step.sender]  # a range
            assert not known[step.sender].endswith("…")
        known |= step.cotangents


def test_a_local_derivative_is_a_formula_with_the_numbers_in_it() -> None:
    found = course(lambda x, y: np.sin(x) * y, 0.0, 5.0)
    assert found[1].equations[1] == ["∂v1/∂x", "cos(x)", "cos(0)", "1"]
    assert found[1].derivatives == {0: "1"}
    assert found[2].equations[0] == ["output", "v1 * y", "0 * 5", "0"]
    assert found[2].equations[1:] == [["∂output/∂v1", "y", "5"], ["∂output/∂y", "v1", "0"]]
    assert "5 times as fast as v1" in found[2].says


@pytest.mark.parametrize(
    ("formula", "operands", "numbers"),
    [
        ("y * y", [("y", 2.0), ("y", 3.0)], "2 * 3"),
        ("x * x", [("x", np.ones(2)), ("x", 3.0)], "x * 3"),
        ("sum(axis, axis=0)", [("axis", 2.0)], "sum(2, axis=0)"),
        ("average(x, weights=weights)", [("x", 2.0), ("weights", 3.0)], "average(2, weights=3)"),
        ("sin(sin)", [("sin", 0.5)], "sin(0.5)"),
        ("v1 * v12", [("v1", 2.0), ("v12", 3.0)], "2 * 3"),
        ("a * b * a", [("a * b", 2.0), ("a", 3.0)], "2 * 3"),
        ("xs[0] - xs", [("xs[0]", 2.0), ("xs", 3.0)], "2 - 3"),
        ("x.real", [("x", 2.0)], "x.real"),
        ("x + very_lo…", [("x", 2.0), ("very_long", 3.0)], "2 + very_lo…"),
        ("-x", [("x", -2.0)], "-(−2)"),
        ("x ** y", [("x", -2.0), ("y", -3.0)], "(−2) ** (−3)"),
        ("x * 2", [("x", -np.inf)], "(−inf) * 2"),
        ("maximum(x, y)", [("x", -2.0), ("y", -3.0)], "maximum(−2, −3)"),
        ("where(c, x, y=[x])", [("x", -2.0), ("x", -3.0)], "where(c, −2, y=[−3])"),
        ("z * z", [("z", 1 + 2j), ("z", 1 + 2j)], "(1+2j) * (1+2j)"),
        ("real(z)", [("z", 1 + 2j)], "real(1+2j)"),
    ],
)
def test_numbers_stand_for_operands_in_their_order(
    formula: str, operands: list[tuple[str, Any]], numbers: str
) -> None:
    nodes = [Vertex(f"n{k}", "leaf", name, value=x) for k, (name, x) in enumerate(operands)]
    assert with_numbers(formula, nodes) == numbers


def test_numbers_stand_for_what_requires_no_gradient_too() -> None:
    scale = Tensor(5.0, requires_grad=False, name="scale")
    found = course(lambda x: x * scale, 2.0)
    assert found[1].equations[0] == ["output", "x * scale", "2 * 5", "10"]


def test_operands_of_one_name_are_told_apart_in_derivatives() -> None:
    view, keys = view_of(record_subject(lambda x, y: x**y, (2.0, 3.0)), unfold=True)
    for node in view.nodes[:2]:
        node.name = "w"
    derivatives = [equation[1:3] for equation in steps_of(view, keys)[1].equations[1:]]
    assert derivatives == [["w·w^(w − 1)", "3·2^(3 − 1)"], ["w^w·log(w)", "2³·log(2)"]]


def test_complex_numbers_are_factors_in_brackets() -> None:
    found = course(lambda z: np.abs(z * z * z), 1 + 2j)
    equations = [equation for step in found for equation in step.equations]
    texts = [text for equation in equations for text in equation]
    assert ["v1", "z * z", "(1+2j) * (1+2j)", "−3+4j"] in equations
    assert not [text for text in texts if re.search(r"\dj ·|· [^(]*\dj|\(\(", text)]


def test_a_complex_number_is_written_once() -> None:
    found = course(lambda z: np.real(z * z), 1 + 2j)
    assert found[1].equations[1] == ["∂(z * z)/∂(first z)", "z", "1+2j"]


@pytest.mark.parametrize("name", [r"\alpha", r"\sin", r"\g<0>", r"\1", "\\", "\ue000", "\ue001"])
def test_a_name_is_written_into_derivatives_as_it_is(name: str) -> None:
    subject = record_subject(lambda x: np.sum(x * x[0]), (np.ones(2),))
    subject.names[subject.outputs[0]] = name
    found = steps_of(*view_of(subject, unfold=True))
    texts = {text for step in found for equation in step.equations for text in equation}
    assert f"∂{name}/∂{name}" in texts
    assert any(f"∂{name}/∂v2" in text for text in texts)


def test_one_number_is_written_once_and_with_the_same_digits_everywhere() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sin(x) * y * 12.3456789

    for step in course(f, 0.890528, 7.6543219):
        for equation in step.equations:
            numbers = [text for text in equation if re.fullmatch(r"−?[\d.]+", text)]
            assert len(numbers) <= 1, equation


def test_matrices_are_shown_by_shape_and_range_and_their_rules_as_products() -> None:
    found = course(network, *ARRAYS)
    value = found[1].values[found[1].node]
    assert re.fullmatch(r"\(7, 5\): −\d\.\d+ … \d\.\d+", value)
    products = [step.equations[0] for step in found if step.sender and "@" in step.equations[0][1]]
    assert [equation[1] for equation in products] == [
        "∂output/∂v3 @ w2.T",
        "v2.T @ ∂output/∂v3",
        "∂output/∂v1 @ w1.T",
        "x.T @ ∂output/∂v1",
    ]


def test_a_condition_is_whole_and_in_brackets_once() -> None:
    found = course(lambda x: np.maximum(x, 0.0), 3.0)
    assert found[1].equations[1] == [
        *("∂output/∂x", "(1 if x == output else 0)", "(1 if 3 == 3 else 0)", "1")
    ]
    found = course(lambda x: np.sum(np.maximum(x, 0.0)), np.arange(-3.0, 4.0))
    [arrival] = [step for step in found if step.heading == "∂output/∂x through v1"]
    assert arrival.equations[0][1] == "∂output/∂v1 · (1 if x == v1 else 0)"


def test_complex_numbers_are_in_brackets_wherever_they_are_put_in() -> None:
    found = course(lambda z: np.abs(z * z - z**2 * 2), 1 + 2j)
    numbers = {step.heading: step.equations[0][2:] for step in found if step.way == "Forward"}
    assert numbers["v1 = z * z"] == ["(1+2j) * (1+2j)", "−3+4j"]
    assert numbers["v2 = z ** 2"] == ["(1+2j) ** 2", "−3+4j"]
    assert numbers["v4 = v1 - v3"] == ["(−3+4j) - (−6+8j)", "3−4j"]
    through = [step for step in found if step.heading == "∂output/∂z through v1"]
    assert through[0].equations[0][1] == "(0.6+0.8j) · (1+2j)"


def test_imaginary_numbers_are_in_brackets_behind_a_minus() -> None:
    found = course(lambda z, w: np.abs(z - w), 2j, -3j)
    assert found[1].equations[0] == ["v1", "z - w", "2j - (−3j)", "5j"]


def test_a_sum_is_written_where_an_operand_was_broadcast() -> None:
    found = course(lambda x, b: np.sum(x + b), np.array([1.0, 2.0, 3.0]), 0.5)
    [arrival] = [step for step in found if step.heading == "∂output/∂b through v1"]
    assert arrival.equations == [["∂output/∂b", "Σ ∂output/∂v1 · ∂v1/∂b", "3"]]
    assert "added up where b was broadcast" in arrival.says


def test_ranges_are_not_added_as_if_they_were_numbers() -> None:
    found = course(lambda x: np.sum(x * x), np.arange(10.0))
    second = [step for step in found if step.sender][-1]
    assert second.equations[-1] == ["∂output/∂x", "earlier + this", "(10,): 0 … 18"]
    assert second.equations[0] == ["∂output/∂v1 · x", "(10,): 0 … 9"]


def test_an_argument_called_g_is_not_taken_for_a_cotangent() -> None:
    found = course(lambda g, h: np.sum(g @ h), np.ones((2, 3)), np.ones((3, 2)))
    assert found[-2].equations[0][1] == "g.T @ ∂output/∂v1"


def test_a_path_that_is_not_taken_passes_nothing_though_its_slope_is_infinite() -> None:
    found = course(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), np.array([0.0, 4.0]))
    assert found[-1].equations == [["∂output/∂x", "(2,): [0, 0.25]"]]


def test_arguments_that_require_no_gradient_receive_none() -> None:
    found = course(lambda x, k: x**k, 3.0, 2)
    assert found[-1].equations == [["∂output/∂x", "6"]]


@pytest.mark.parametrize("case", CASES[::7], ids=str)
def test_the_gradients_of_all_kinds_of_ops_arrive(case: Case) -> None:
    def weighted(*args: Any) -> Any:
        y = case.f(*args)
        return np.sum((np.real(y) + np.imag(y)) * np.cos(np.arange(y.size)).reshape(y.shape))

    view, keys = view_of(record_subject(weighted, case.args), unfold=True)
    if [node.kind for node in view.nodes].count("output") != 1:
        pytest.skip("what it returns is no Tensor, or several")
    leaves = tuple(i for i, x in enumerate(case.args) if x.dtype.kind in "fc")
    given = {text for _, text in steps_of(view, keys)[-1].equations}
    assert given <= {value_text(g + 0) for g in grad(weighted, leaves)(*case.args)}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (24.70408163265306, "24.7041"),
        (2.0, "2"),
        (-0.25, "−0.25"),
        (0.0, "0"),
        (1e-9, "1e−09"),
        (0.012345678, "0.012346"),
        (0.890528, "0.89053"),
        (12345.678, "12345.678"),
        (123456.789, "1.2346e+05"),
        (math.nan, "NaN"),
        (-math.inf, "−inf"),
        (3, "3"),
        (True, "True"),
        (1 + 2j, "1+2j"),
        (-1 - 0.5j, "−1−0.5j"),
        (-2j, "−2j"),
        (np.array([1.0, -2.0]), "(2,): [1, −2]"),
        (None, "not computed"),
    ],
)
def test_numbers_are_written_to_be_read(value: Any, text: str) -> None:
    assert value_text(value if value is None else np.asarray(value)) == text


# -- where the function does not do ----------------------------------------------------------


def test_a_function_that_raises_is_followed_as_far_as_it_goes() -> None:
    def mismatched(x: Any) -> Any:
        y = x * 2.0
        return y @ np.ones(4)

    found = course(mismatched, np.ones(3))
    assert [step.way for step in found] == ["Arguments", "Forward", "Failed"]
    assert "matmul" in found[-1].says or "@" in found[-1].heading
    assert "(3,)" in found[-1].says


def test_a_line_that_raises_is_nothing_that_was_given() -> None:
    failed = Vertex("n1", "failed", "y = missing + x", note="NameError: name 'missing'")
    first, last = steps_of(View([Vertex("n0", "leaf", "x", value=3.0), failed]), {})
    assert first.equations == [["x", "3"]]
    assert list(first.values) == ["n0"]
    assert last.heading == "y = missing + x raises an error"


# -- source ----------------------------------------------------------------------------------


def nesting(x: Any) -> Any:
    def square(y: Any) -> Any:
        return y * y  # the innermost

    return square(x) + (lambda y: y * 3.0)(x)


def test_the_source_is_that_of_the_innermost_functions_each_once() -> None:
    view, _ = view_of(record_subject(nesting, (2.0,)), unfold=True)
    own = nesting.__code__.co_filename, nesting.__code__.co_firstlineno
    found = listings([*(node.place for node in view.nodes if node.place), own])
    assert [listing.title for listing in found] == ["square", "", "nesting"]
    assert found[0].lines == ("def square(y: Any) -> Any:", "    return y * y  # the innermost")
    assert found[1].lines == ("return square(x) + (lambda y: y * 3.0)(x)",)
    assert found[2].lines[:2] == ("def nesting(x: Any) -> Any:", "    def square(y: Any) -> Any:")
    assert found[2].first + 1 == found[0].first


class Ring:
    class Sector:
        def area(self, r: Any) -> Any:
            return r * r * np.pi

    def area(self, r: Any) -> Any:
        def inner(r: Any) -> Any:
            return r * r

        return np.pi * inner(r)


@pytest.mark.parametrize(
    ("f", "titles"),
    [
        (Ring().area, ["inner", "Ring.area"]),
        (Ring.Sector().area, ["Ring.Sector.area"]),
    ],
)
def test_a_method_bears_the_name_of_its_class(f: Any, titles: list[str]) -> None:
    view, _ = view_of(record_subject(f, (2.0,)), unfold=True)
    found = listings(node.place for node in view.nodes if node.place)
    assert [listing.title for listing in found] == titles


def test_the_librarys_functions_come_last() -> None:
    codes = [function.__code__ for function in (grad, Ring.Sector.area, micrograd)]
    found = listings((code.co_filename, code.co_firstlineno + 1) for code in codes)
    titles = [listing.title for listing in found]
    assert titles == ["Ring.Sector.area", "micrograd", "grad"]
    assert [listing.is_ours for listing in found] == [False, False, True]


def test_a_file_that_is_no_python_is_shown_by_its_line(tmp_path: Path) -> None:
    cell = tmp_path / "cell.py"
    cell.write_text("%time y = f(x)\nz = y\n", encoding="utf-8")
    assert listings([(str(cell), 2)]) == [Listing("", str(cell), 2, ("z = y",))]
    assert listings([("<stdin>", 1)]) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def f(x):\n    y = x\n\n    return y\n", 3),  # inside a function
        ("x = 1\n\ny = 2\n", 2),
        ("x = 1\n   \t\ny = 2\n", 2),
        ("x = 1\n", 7),  # no longer there
    ],
)
def test_a_blank_line_of_a_file_that_was_edited_computed_nothing(
    tmp_path: Path, text: str, line: int
) -> None:
    file = tmp_path / "edited.py"
    file.write_text(text, encoding="utf-8")
    assert listings([(str(file), line)]) == []


@pytest.mark.parametrize("text", ["y = '\\d'\n", "y = 1or 2\n", "y = 0 is 1\n"])
def test_what_python_warns_of_in_a_source_is_not_said_again(tmp_path: Path, text: str) -> None:
    file = tmp_path / "source.py"
    file.write_text(f"def f():\n    {text}", encoding="utf-8")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        [listing] = listings([(str(file), 2)])
    assert listing.title == "f"
    assert caught == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert listings([(str(file), 2)]) == [listing]


def test_a_file_that_cannot_be_parsed_is_shown_by_its_line(tmp_path: Path) -> None:
    for k, text in enumerate(["y = '\0'\n", "y = " + "(" * 900 + ")" * 900 + "\n"]):
        file = tmp_path / f"source{k}.py"
        file.write_text(text, encoding="utf-8")
        [listing] = listings([(str(file), 1)])
        assert listing.lines == (text.rstrip(),)
