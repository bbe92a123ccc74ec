"""Programs that fill arrays where others join values, and a check that nothing else changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from autodiff import hvp, jacobian, jvp
from tests.autodiff.programs.program import Line, Program
from tests.autodiff.programs.subject import Subject, agree, all_agree, stacked

JOINS = re.compile(r"np\.(stack|concatenate|hstack|vstack|dstack)\(\[")


def program_that_fills(program: Program) -> Program:
    """Return the program that fills arrays where this one joins values."""

    def line_that_fills(i: int) -> Line:
        line, call = program.lines[i], rf"join_by_filling(np.\1, {program.seed + i}, ["
        return replace(line, expression=JOINS.sub(call, line.expression))

    return replace(program, lines=tuple(map(line_that_fills, range(len(program.lines)))))


def agrees_with_joining(subject: Subject) -> None:
    """The program that fills arrays has the values and the derivatives of the one that joins."""
    filled = Subject(program_that_fills(subject.program))
    if filled.program == subject.program:
        return
    arguments, v = subject.arguments, subject.direction()
    w = subject.numbers(subject.value.shape)
    agree("filling", filled.value, "joining", subject.value, 1e-13)
    for derivative in (jvp, _jacobians, _products):
        found, expected = (derivative(stacked_of(s.f), arguments, v) for s in (filled, subject))
        all_agree(f"{derivative.__name__}, filling,", found, "joining", expected, tolerance=1e-8)
    all_agree("vjp, filling,", filled.pull(w), "joining", subject.pull(w))


def stacked_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose lists of results are stacked."""
    return lambda *xs: stacked(f(*xs))


def _jacobians(f: Callable[..., Any], arguments: Any, v: Any) -> Any:
    return jacobian(f, tuple(range(len(arguments))))(*arguments)


def _products(f: Callable[..., Any], arguments: Any, v: Any) -> Any:
    return hvp(lambda *xs: np.sum(f(*xs) ** 2), arguments, v)


CHECKS: dict[Callable[[Subject], None], float] = {agrees_with_joining: 0.2}
