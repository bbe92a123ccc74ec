"""Random programs from the whole table of ops: every walk agrees with every other.

A failing program is printed minimised, as code to run. `python -m tests.autodiff.programs` tries
fresh ones until it is stopped.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from autodiff._core import walks
from autodiff._core.op import Elementwise, Multilinear, total
from autodiff._core.record import record
from autodiff._core.scatter import Scattered
from autodiff.rules import _shapes
from tests.autodiff.programs.checks import failure
from tests.autodiff.programs.coverage import differentiable
from tests.autodiff.programs.generate import generate, ops_of, turns
from tests.autodiff.programs.minimise import report

QUICK, PROGRAMS, CHUNK = 100, 2400, 50


def failures(seeds: Iterable[int]) -> list[str]:
    """Return the minimised code of the programs that fail, two at most."""
    reports: list[str] = []
    for seed in seeds:
        program = generate(seed)
        found = failure(program)
        if found is not None:
            reports.append(report(program, found))
            if len(reports) == 2:
                break
    return reports


def check(seeds: Iterable[int]) -> None:
    """Fail with the code of what disagrees."""
    reports = failures(seeds)
    if reports:
        pytest.fail("\n\n".join(reports), pytrace=False)


@pytest.mark.parametrize("start", range(0, QUICK, CHUNK))
def test_quick_all_walks_agree(start: int) -> None:
    check(range(start, start + CHUNK))


@pytest.mark.parametrize("start", range(QUICK, PROGRAMS, CHUNK))
def test_all_walks_agree(start: int) -> None:
    check(range(start, start + CHUNK))


def test_all_walks_agree_on_fresh_programs() -> None:
    first = int.from_bytes(os.urandom(5), "big")
    check(range(first, first + CHUNK))


# -- what the programs hold ------------------------------------------------------------------


def test_each_op_has_its_turn_in_twenty_programs() -> None:
    counts = Counter(op for seed in range(PROGRAMS) for op in {op for op, _ in turns(seed)})
    assert {op: counts[op] for op in differentiable() if counts[op] < 20} == {}


@pytest.mark.parametrize("seed", range(24))
def test_a_program_holds_the_ops_whose_turn_it_is(seed: int) -> None:
    assert {op for op, _ in turns(seed)} <= ops_of(generate(seed))


# -- faults are found ------------------------------------------------------------------------
# Each puts one mistake into a walk, of a kind that no test of a single op shows.


def trusting_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take an image for summed when it has its operand's shape, though it was only kept small."""
    right = walks.unbroadcast

    def wrong(image: Any, shape: Any, full: Any, batch: Any) -> Any:
        return image if image.shape == shape else right(image, shape, full, batch)

    monkeypatch.setattr(walks, "unbroadcast", wrong)


def unfilled_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a cotangent that was kept small to scattered ones as it is."""

    def wrong(a: Any, b: Any) -> Any:
        if type(a) is not Scattered and type(b) is not Scattered:
            return a + b
        scattered, other = (a, b) if type(a) is Scattered else (b, a)
        pieces = other.pieces if type(other) is Scattered else [((...,), other)]
        for key, g in pieces:
            scattered.add(key, g)
        return scattered

    monkeypatch.setattr(walks, "accumulate", wrong)


def unsummed_broadcast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave it to the walk to find the axes along which an operand was broadcast."""
    op = _shapes._broadcast_op.args[0]
    monkeypatch.setattr(op, "rules", (lambda g, out, x, *static: g,))


def unaligned_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiply operands of different ranks without axes between the batch and their own."""

    def wrong(op: Any, tangents: Any, out: Any, inputs: Any, batch: int) -> Any:
        return total(
            record(op, *inputs[:i], t, *inputs[i + 1 :])
            for i, t in enumerate(tangents)
            if t is not None
        )

    monkeypatch.setattr(Multilinear, "push", wrong)


def masking_every_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the derivatives through each cotangent that happens to be zero."""

    def masked(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda g, out, *inputs: np.where(g == 0, 0, rule(g, out, *inputs))

    def wrong(consumer: Any) -> Any:
        op = consumer.op
        if not isinstance(op, Elementwise):
            return op
        return Elementwise(op.name, op.compute, [masked(rule) for rule in op.rules], op.linear)

    monkeypatch.setattr(walks, "zero_preserving", wrong)


FAULTS = [
    trusting_shapes,
    unfilled_pieces,
    unsummed_broadcast,
    unaligned_batches,
    masking_every_zero,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(
    fault: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert any(_fails_with(fault, seed, monkeypatch) for seed in range(300))


def test_what_fails_is_printed_minimised(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = next(seed for seed in range(300) if _fails_with(trusting_shapes, seed, monkeypatch))
    trusting_shapes(monkeypatch)
    program = generate(seed)
    found = failure(program)
    assert found is not None
    code = report(program, found)
    assert code.count("\n    v") < len(program.lines) / 2
    assert found.check in code
    exec(code, {})


def _fails_with(
    fault: Callable[[pytest.MonkeyPatch], None], seed: int, monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Return whether a program fails because of a fault, and only so."""
    program = generate(seed)
    with monkeypatch.context() as patch:
        fault(patch)
        found = failure(program)
    return found is not None and failure(program, [found.check]) is None
