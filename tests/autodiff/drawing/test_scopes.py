"""Scopes: which part of a program a node was recorded in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import copy_context
from threading import Barrier
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import Tensor, compile, grad, no_grad, scope, text
from autodiff.drawing._clusters import Cluster, cluster_tree
from autodiff.drawing._graph import read_view
from autodiff.drawing.folding._folding import fold
from autodiff.drawing.pictures._dot import picture

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])


def scopes(*subject: Any) -> dict[str, tuple[str, ...]]:
    """Return the scopes of each node, by what computed it, or else its name."""
    return {n.formula or n.name: n.scopes for n in read_view(*subject)[0].nodes}


class TestScopes:
    def test_nest(self) -> None:
        def f(x: Any) -> Any:
            with scope("outer"):
                y = np.sin(x)
                with scope("inner"):
                    y = np.cos(y)
                y = np.tanh(y)
            return np.exp(y)

        assert scopes(f, 1.0) == {
            "x": (),
            "sin(x)": ("outer",),
            "cos(y₁)": ("outer", "inner"),
            "tanh(y₂)": ("outer",),
            "exp(y₃)": (),
        }

    def test_hold_what_is_used_in_them_alone(self) -> None:
        w, shared = Tensor(2.0, name="w"), Tensor(3.0, name="shared")

        def f(x: Any) -> Any:
            with scope("model"):
                with scope("first"):
                    y = x * w + np.ones(2) * shared
                with scope("second"):
                    return y * shared

        found = scopes(f, 1.0)
        assert found["w"] == ("model", "first")
        assert found["shared"] == ("model",)
        assert found["x"] == ()

    def test_end_with_an_error_that_the_program_catches(self) -> None:
        def f(x: Any) -> Any:
            try:
                with scope("attempt"):
                    np.sin(x) @ np.ones(9)
            except ValueError:
                return np.cos(x)

        assert scopes(f, X) == {"x": (), "cos(x)": ()}

    def test_may_be_made_before_a_picture_and_be_entered_within_themselves(self) -> None:
        encoder = scope("encoder")

        def f(x: Any) -> Any:
            with encoder:
                y = np.sin(x)
                with encoder:
                    y = np.cos(y)
                return np.tanh(y)

        found = scopes(f, 1.0)
        assert found["sin(x)"] == found["tanh(y₂)"] == ("encoder",)
        assert found["cos(y₁)"] == ("encoder", "encoder")

    def test_that_are_left_late_take_no_other_with_them(self) -> None:
        def parts(x: Any) -> Any:
            with scope("parts"):
                yield x * 2
                yield x * 3

        def f(x: Any) -> Any:
            rest = parts(x)
            a = next(rest)
            with scope("outer"):
                b = next(rest)
                rest.close()
                return a * b

        assert scopes(f, 1.0)["a * b"] == ("outer",)

    def test_that_were_entered_before_a_picture_are_left_in_it(self) -> None:
        def once() -> Any:
            with scope("before"):
                yield

        rest = once()
        next(rest)

        def f(x: Any) -> Any:
            with scope("inside"):
                rest.close()
                return np.sin(x)

        assert scopes(f, 1.0)["sin(x)"] == ("inside",)

    def test_hold_what_fails_where_nothing_is_recorded(self) -> None:
        def f(x: Any) -> Any:
            with no_grad(), scope("frozen"):
                return x @ x

        assert scopes(f, X)["x @ x"] == ("frozen",)

    def test_of_a_failure_are_those_where_it_happened(self) -> None:
        def f(x: Any) -> Any:
            with scope("outer"), scope("inner"):
                return x @ x

        assert scopes(f, X)["x @ x"] == ("outer", "inner")

    def test_are_not_left_open_by_an_earlier_picture(self) -> None:
        def f(x: Any) -> Any:
            with scope("outer"):
                return x @ x

        scopes(f, X)
        assert scopes(lambda x: np.sin(x), 1.0)["sin(x)"] == ()

    @pytest.mark.parametrize("name", ["", 3, None])
    def test_have_a_name(self, name: Any) -> None:
        def f(x: Any) -> Any:
            with scope(name):
                return x

        (failed,) = [n for n in read_view(f, 1.0)[0].nodes if n.kind == "failed"]
        said = "TypeError: a scope has a name, as in scope('encoder'), but got"
        assert f"{said} {name!r}" in failed.note

    def test_change_nothing_where_nothing_is_drawn(self) -> None:
        def f(x: Any) -> Any:
            with scope("square"):
                return x * x

        assert f(3.0) == 9
        assert grad(f)(3.0) == 6
        assert compile(f)(3.0) == 9
        with no_grad(), scope("outer"):
            assert f(Tensor(3.0)).item() == 9


class TestModules:
    def test_open_scopes_that_are_called_as_their_parameters(self) -> None:
        model = nn.MLP([3, 4, 1], "tanh", seed=0)
        view, _ = read_view(model, X)
        parameters = {n.name: n.scopes for n in view.nodes if n.kind == "parameter"}
        assert parameters == {
            "layers.0.weight": ("mlp", "layers.0"),
            "layers.0.bias": ("mlp", "layers.0"),
            "layers.1.weight": ("mlp", "layers.1"),
            "layers.1.bias": ("mlp", "layers.1"),
        }

    def test_without_parameters_are_called_as_their_class(self) -> None:
        class Cube(nn.Module):
            def forward(self, x: Any) -> Any:
                return x**3

        model = nn.Sequential(nn.Linear(3, 3, seed=0), Cube())
        assert ("sequential", "cube") in scopes(model, X).values()

    def test_that_are_called_alone_have_their_place_in_the_model(self) -> None:
        model = nn.MLP([3, 4, 1], "tanh", seed=0)
        first = model.layers[0]
        assert scopes(lambda x: first(x), X)["layers.0.bias"] == ("layers.0",)

    def test_of_one_name_are_told_apart_as_their_parameters_are(self) -> None:
        a, b = nn.Linear(3, 3, seed=0), nn.Linear(3, 3, seed=1)
        found = scopes(lambda x: a(b(a(x))), X)
        assert (found["weight"], found["bias₂"]) == ((), ("linear₂",))
        assert [around for line, around in found.items() if "@" in line] == [
            *(("linear",), ("linear₂",), ("linear",))
        ]

    def test_of_two_models_are_told_apart_within_them(self) -> None:
        p, q = (nn.MLP([3, 3], "tanh", seed=seed) for seed in (0, 1))
        found = scopes(lambda x: p(x) + q(x), X)
        assert found["layers.0.weight"] == ("mlp", "layers.0")
        assert found["layers.0.weight₂"] == ("mlp₂", "layers.0₂")

    def test_without_parameters_are_not_told_apart(self) -> None:
        """So that repeats of them are folded."""

        class Cube(nn.Module):
            def forward(self, x: Any) -> Any:
                return x**3

        found = scopes(lambda x: Cube()(Cube()(x)), X)
        assert [around for around in found.values() if around] == [("cube",), ("cube",)]

    def test_return_what_they_returned(self) -> None:
        model = nn.Linear(3, 2, seed=0)
        np.testing.assert_array_equal(model(X).data, model.forward(X).data)


class TestEntries:
    """A scope that is entered twice is two, even where nothing is computed in between."""

    def called(self, times: int) -> tuple[Any, Any]:
        class Block(nn.Module):
            def __init__(self) -> None:
                self.inner = nn.Linear(2, 2, seed=0)

            def forward(self, x: Any) -> Any:
                return np.tanh(self.inner(x))

        class Net(nn.Module):
            def __init__(self) -> None:
                self.block = Block()

            def forward(self, x: Any) -> Any:
                for _ in range(times):
                    x = self.block(x)
                return x.sum()

        return Net(), np.ones(2)

    def test_are_closed_one_by_one(self) -> None:
        def twice(x: Any) -> Any:
            for _ in range(2):
                with scope("s"):
                    x = np.sin(x) * 2
            return x + 1

        shown = text(twice, 1.0, collapse="s")
        assert "x₂ = s(x)" in shown
        assert "x₃ = s(x₂)" in shown
        assert f"{2 * np.sin(1.0):.4f}" in shown

    def test_have_results_of_their_own(self) -> None:
        def f(x: Any) -> Any:
            with scope("s"):
                a = np.sin(x)
            with scope("s"):
                b = np.cos(x)
            return a * b

        view = fold(read_view(f, 1.0)[0], "s")
        assert [n.formula for n in view.nodes if n.kind == "scope"] == ["s(x)", "s(x)"]

    def test_within_themselves_are_nested(self) -> None:
        def f(x: Any) -> Any:
            with scope("s"):
                x = np.sin(x)
                with scope("s"):
                    x = np.cos(x)
                with scope("s"):
                    x = np.tanh(x)
                return np.exp(x) * 2

        nodes = [n for n in read_view(f, 1.0)[0].nodes if n.formula]
        assert [n.scopes for n in nodes[:3]] == [("s",), ("s", "s"), ("s", "s")]
        assert len({n.home for n in nodes[:3]}) == 3
        assert len({n.home[0] for n in nodes[:4]}) == 1

    def test_of_a_module_are_its_calls(self) -> None:
        view = fold(read_view(*self.called(15))[0], "block")
        boxes = [n for n in view.nodes if n.kind == "scope"]
        assert len(boxes) == 15
        assert [n.formula for n in boxes][:2] == ["block(x)", "block(x₂)"]

    def test_of_a_module_are_repeats(self) -> None:
        view = fold(read_view(*self.called(6))[0], True)
        (box,) = [n for n in view.nodes if n.kind == "scope"]
        assert box.note.startswith("×6, the last")
        (again,) = [e for e in view.edges if e.leads_back]
        assert (again.head, again.operand) == (box.key, "x₆")

    def test_are_boxes_of_their_own_in_each_picture(self) -> None:
        def f(x: Any) -> Any:
            for _ in range(3):
                with scope("part"):
                    x = np.sin(x)
            return x + 1

        view, _ = read_view(f, 1.0)
        assert picture(view).source.count("subgraph ") == 3
        assert [type(m) for m in cluster_tree(view).members].count(Cluster) == 3

    def test_share_what_each_uses(self) -> None:
        (weight,) = (
            n for n in read_view(*self.called(3))[0].nodes if n.name == "block.inner.weight"
        )
        assert weight.scopes == ("net",)


class TestCoroutines:
    def test_that_run_by_turns_are_in_their_own_scopes(self) -> None:
        def f(x: Any) -> Any:
            async def part(k: int) -> Any:
                with scope(f"part {k}"):
                    await asyncio.sleep(0)
                    with scope("inner"):
                        y = x * k
                        await asyncio.sleep(0)
                    return y + k

            async def parts() -> list[Any]:
                return await asyncio.gather(part(2), part(3))

            p, q = asyncio.run(parts())
            return p + q

        found = scopes(f, 2.0)
        assert found["x * 2"] == ("part 2", "inner")
        assert found["x * 3"] == ("part 3", "inner")
        assert {found["y₁ + 2"], found["y₂ + 3"]} == {("part 2",), ("part 3",)}
        assert found["p + q"] == ()

    def test_are_within_the_scopes_that_they_were_started_in(self) -> None:
        def f(x: Any) -> Any:
            async def leaf() -> Any:
                with scope("leaf"):
                    await asyncio.sleep(0)
                    return np.sin(x)

            async def main() -> Any:
                with scope("tasks"):
                    task = asyncio.create_task(leaf())
                    await asyncio.sleep(0)
                with scope("later"):
                    return np.cos(await task)

            return asyncio.run(main())

        assert scopes(f, 2.0) == {
            "x": (),
            "sin(x)": ("tasks", "leaf"),
            "cos(v1)": ("later",),
        }

    def test_that_fail_show_their_own_scopes(self) -> None:
        def f(x: Any) -> Any:
            async def fails() -> Any:
                with scope("fails"):
                    await asyncio.sleep(0)
                    return x @ x

            async def waits() -> Any:
                with scope("waits"):
                    await asyncio.sleep(60)

            async def caught() -> Any:
                with scope("caught"), suppress(ValueError):
                    return np.ones(2) @ x

            async def main() -> Any:
                await caught()
                return await asyncio.gather(fails(), waits())

            return asyncio.run(main())

        view, _ = read_view(f, X)
        assert {n.scopes for n in view.nodes if n.kind == "failed"} == {("fails",)}

    def test_iterate_over_generators_outside_of_their_scopes(self) -> None:
        def f(x: Any) -> Any:
            async def multiples() -> AsyncIterator[Any]:
                with scope("multiples"):
                    for k in (2, 3):
                        await asyncio.sleep(0)
                        yield await asyncio.create_task(product(k))

            async def product(k: int) -> Any:
                await asyncio.sleep(0)
                return x * k

            async def main() -> Any:
                found = [np.sin(multiple) async for multiple in multiples()]
                async for multiple in multiples():
                    last = np.tanh(multiple)
                    break
                await asyncio.sleep(0)
                return np.exp(found[0] * found[1] * last)

            return asyncio.run(main())

        found = scopes(f, 1.0)
        inside = {formula for formula, around in found.items() if around == ("multiples",)}
        assert inside == {"x * 2", "x * 3"}


class TestThreads:
    def test_with_a_copied_context_have_their_own_scopes(self) -> None:
        def f(x: Any) -> Any:
            both = Barrier(2, timeout=10)

            def part(k: int) -> Any:
                with scope(f"part {k}"):
                    both.wait()
                    y = x * k
                    both.wait()
                return y

            with scope("pool"), ThreadPoolExecutor(2) as pool:
                parts = [pool.submit(copy_context().run, part, k) for k in (2, 3)]
                p, q = (part.result() for part in parts)
            return p + q

        view, _ = read_view(f, 2.0)
        found = {node.formula: node.scopes for node in view.nodes if node.formula}
        assert found["x * 2"] == ("pool", "part 2")
        assert found["x * 3"] == ("pool", "part 3")
        numbers = {entry for node in view.nodes for entry in node.home}
        assert len(numbers) == len({number for _, number in numbers}) == 3

    def test_that_draw_do_not_see_each_other(self) -> None:
        both = Barrier(2, timeout=10)

        def found(k: int) -> Any:
            def f(x: Any) -> Any:
                with scope(f"part {k}"):
                    both.wait()
                    x = np.sin(x)
                    both.wait()
                return np.cos(x)

            return scopes(f, 1.0)

        with ThreadPoolExecutor(2) as pool:
            for k, shown in enumerate(pool.map(found, range(2))):
                assert shown["sin(x)"] == (f"part {k}",)
                assert [around for line, around in shown.items() if "cos" in line] == [()]


class TestGenerators:
    """A generator's scope is around its own steps alone."""

    @staticmethod
    def multiples(x: Any, name: Any = "multiples") -> Iterator[Any]:
        with name if isinstance(name, scope) else scope(name):
            yield x * 2
            yield x * 3

    def inside(self, f: Any) -> dict[str, tuple[str, ...]]:
        return {line: around for line, around in scopes(f, 1.0).items() if around}

    def test_that_a_loop_iterates_over(self) -> None:
        def f(x: Any) -> Any:
            return sum(np.sin(multiple) for multiple in self.multiples(x))

        assert self.inside(f) == {"x * 2": ("multiples",), "x * 3": ("multiples",)}

    def test_that_run_by_turns(self) -> None:
        def f(x: Any) -> Any:
            pairs = zip(self.multiples(x, "A"), self.multiples(x + 1, "B"), strict=True)
            return sum(np.sin(a) * np.cos(b) for a, b in pairs)

        assert self.inside(f) == {
            "x * 2": ("A",),
            "x * 3": ("A",),
            "v1 * 2": ("B",),
            "v1 * 3": ("B",),
        }

    def test_that_share_one_scope_object(self) -> None:
        shared = scope("shared")

        def f(x: Any) -> Any:
            a, b = self.multiples(x, shared), self.multiples(x + 1, shared)
            y = next(a) * next(b)
            a.close()
            y = np.sin(y) * next(b)
            with shared:
                b.close()
                return np.cos(y)

        assert [line for line, around in scopes(f, 1.0).items() if around == ("shared",)] == [
            "x * 2",
            "v1 * 2",
            "v1 * 3",
            "cos(y₂)",
        ]

    def test_that_hand_on_what_others_yield(self) -> None:
        def handed_on(x: Any) -> Iterator[Any]:
            with scope("outer"):
                yield from self.multiples(x, "inner")
                yield np.tanh(x)

        def f(x: Any) -> Any:
            return sum(np.sin(multiple) for multiple in handed_on(x))

        assert self.inside(f) == {
            "x * 2": ("outer", "inner"),
            "x * 3": ("outer", "inner"),
            "tanh(x)": ("outer",),
        }

    def test_with_threads_of_their_own(self) -> None:
        def f(x: Any) -> Any:
            def sines() -> Iterator[Any]:
                with scope("sines"), ThreadPoolExecutor(1) as pool:
                    yield pool.submit(copy_context().run, np.sin, x).result()

            return sum(y * 2 for y in sines())

        assert self.inside(f) == {"sin(x)": ("sines",)}

    def test_that_end_elsewhere(self) -> None:
        def f(x: Any) -> Any:
            steps = self.multiples(x)
            y = next(steps)
            copy_context().run(steps.close)
            return np.sin(y)

        assert self.inside(f) == {"x * 2": ("multiples",)}

    def test_that_open_several_by_a_stack(self) -> None:
        def stacked(x: Any) -> Iterator[Any]:
            with ExitStack() as stack:
                stack.enter_context(scope("outer"))
                stack.enter_context(scope("inner"))
                yield x * 2

        def f(x: Any) -> Any:
            return sum(np.sin(y) for y in stacked(x))

        assert self.inside(f) == {"x * 2": ("outer", "inner")}

    def test_that_are_context_managers_are_around_what_is_in_them(self) -> None:
        @contextmanager
        def named(name: str) -> Iterator[None]:
            with scope(name):
                yield

        @asynccontextmanager
        async def named_later(name: str) -> AsyncIterator[None]:
            with named(name):
                await asyncio.sleep(0)
                yield

        def tanhs(x: Any) -> Iterator[Any]:
            with named("third"):
                yield np.tanh(x)

        def f(x: Any) -> Any:
            async def main() -> Any:
                async with named_later("second"):
                    return np.cos(x)

            with named("first"):
                y = np.sin(x)
            (z,) = (np.exp(z) for z in tanhs(x))
            return y + asyncio.run(main()) + z

        assert self.inside(f) == {
            "sin(x)": ("first",),
            "cos(x)": ("second",),
            "tanh(x)": ("third",),
        }
