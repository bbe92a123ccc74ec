"""What a plan tells of itself: its source, its lines, its picture, its cost."""

from __future__ import annotations

import numpy as np

from autodiff import Tensor, compile, draw, grad, value_and_grad
from optim import SGD
from tests.benchmarks.tasks import rosenbrock


def test_the_source_is_numpy_that_gives_the_result() -> None:
    fast = compile(grad(rosenbrock), eager_calls=0)
    x = np.linspace(-1.0, 1.0, 5)
    expected = fast(x)
    names = {name: getattr(np, name) for name in ("add", "multiply", "subtract", "square", "empty")}
    source = fast.plans[0].source
    assert "square(" in source
    assert "b0 = empty((4,), float64)" in source
    compiled_text = [line for line in source.splitlines() if line.startswith("def ")]
    assert compiled_text == ["def make_buffers():", "def replay(buffers, x0, *rest):"]
    assert names["square"](expected[0]) >= 0


def test_the_cost_counts_calls_bytes_and_buffers() -> None:
    fast = compile(lambda x: np.exp(np.sin(x)) + 1.0, eager_calls=0)
    for _ in range(2):
        fast(np.linspace(0, 1, 100))
    cost = fast.plans[0].cost
    assert cost.calls == 4  # sin, exp, add, and one that tells whether all is finite
    assert cost.bytes >= 2 * 800
    assert cost.peak <= 800  # sin and exp share a buffer


def test_a_buffer_is_used_again_along_a_chain() -> None:
    def chain(x: np.ndarray) -> np.ndarray:
        for _ in range(50):
            x = np.sin(x)
        return x

    fast = compile(chain, eager_calls=0)
    fast(np.linspace(0, 1, 1000))
    assert fast.plans[0].cost.peak <= 8000


def test_lines_read_as_formulas_each_after_what_it_needs() -> None:
    fast = compile(lambda x, y: np.sin(x) * y, eager_calls=0)
    fast(np.ones(3), np.ones(3))
    lines = fast.plans[0].lines
    assert [line.formula for line in lines] == ["", "", "sin(x0)", "v1 * x1"]
    assert [line.kind for line in lines] == ["leaf", "leaf", "op", "output"]
    seen: set[str] = set()
    for line in lines:
        assert seen.issuperset(line.inputs)
        seen.add(line.name)


def test_a_plan_is_drawn_with_a_node_for_each_line() -> None:
    w = Tensor([1.0, 2.0], name="w")
    optimizer = SGD([w], lr=0.1)

    def step(x: np.ndarray) -> Tensor:
        optimizer.zero_grad()
        loss = np.sum((w * x) ** 2)
        loss.backward()
        optimizer.step()
        return loss

    fast = compile(step, eager_calls=0)
    fast(np.ones(2))
    plan = fast.plans[0]
    picture = draw(plan)
    assert picture.source.count("<B>") == len(plan.lines)
    assert "SGD.lr" in picture.source


def test_a_long_plan_is_folded() -> None:
    def long(x: np.ndarray) -> np.ndarray:
        for _ in range(300):
            x = np.sin(x)
        return x

    fast = compile(long, eager_calls=0)
    fast(np.ones(2))
    assert draw(fast.plans[0]).source.count("label=<<B>") < 50


def test_plans_print_as_a_table_of_runs_calls_and_reasons() -> None:
    def f(x: np.ndarray) -> np.ndarray:
        return x * 2 if x[0] > 0 else x * 3

    fast = compile(f, eager_calls=0)
    for start in (1.0, 1.0, -1.0, -1.0, -1.0):
        fast(np.array([start, 2.0]))
    head, *rows = repr(fast.plans).splitlines()
    assert head.split() == ["runs", "calls", "for"]
    assert "float64 (2,), where Python read" in rows[0]
    assert sum(plan.runs for plan in fast.plans) == 3


def test_value_and_gradient_share_what_they_compute() -> None:
    both = compile(value_and_grad(lambda x: np.sum(np.exp(x))), eager_calls=0)
    x = np.linspace(0, 1, 4)
    value, gradient = both(x)
    np.testing.assert_allclose(gradient, np.exp(x))
    np.testing.assert_allclose(value, np.exp(x).sum())
    assert both.plans[0].source.count("exp(") == 1
