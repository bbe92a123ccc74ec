"""The smallest program that still fails, as code to run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice

import numpy as np

from tests.autodiff.programs.checks import Failure, failure
from tests.autodiff.programs.program import Line, Program, literal, names_in

Fails = Callable[[Program], bool]


def report(program: Program, found: Failure) -> str:
    """Return a failing program, minimised, as code, with its seed and what disagrees."""

    def fails(smaller: Program) -> bool:
        again = failure(smaller, [found.check])
        return again is not None and again.kind == found.kind

    small = minimise(program, fails)
    message = (failure(small, [found.check]) or found).message.replace("\n", "\n# ")
    title = f"# Of seed {program.seed}, minimised: fails the check {found.check!r}."
    return f"{title}\n{small}# {message}\n"


def minimise(program: Program, fails: Fails) -> Program:
    """Return a program as small as single simplifications make it, that fails as well."""
    before = None
    while before != _size(program):
        before = _size(program)
        for simpler in (_results, _constants, _shortcuts, _arguments):
            k = 0
            # What was found on the way to one that fails need not be tried again.
            while candidates := list(islice(simpler(program), k, None)):
                for candidate in candidates:
                    if _size(candidate) < _size(program) and _still(candidate, fails):
                        program = candidate
                        break
                    k += 1
                else:
                    break
    return program


def _size(program: Program) -> tuple[int, ...]:
    """Return what gets smaller: computed lines, arguments, lines, source, digits."""
    computed = sum(bool(names_in(line.expression)) for line in program.lines)
    digits = len(repr([x.tolist() for x in program.arguments]))
    result = len(program.result)
    return computed, len(program.arguments), result, len(program.lines), digits


def _still(program: Program, fails: Fails) -> bool:
    try:
        return fails(program)
    except Exception:
        return False  # it no longer runs


def _results(program: Program) -> Iterator[Program]:
    """Yield the program cut off at each line, its early ones first."""
    for line in program.lines:
        for f in ("{}", "np.sum({})", "np.mean({})"):
            yield _without_unused(replace(program, result=f.format(line.name)))
    for term in program.result.split(" + "):
        with suppress(SyntaxError):
            compile(term, "<term>", "eval")
            yield _without_unused(replace(program, result=term))


def _constants(program: Program) -> Iterator[Program]:
    """Yield the program with one line's value in place of its expression, late lines first."""
    values = program.values()
    for i, line in reversed(list(enumerate(program.lines))):
        if names_in(line.expression):
            yield _with_line(program, i, literal(values[line.name]))


def _shortcuts(program: Program) -> Iterator[Program]:
    """Yield the program with one line left out, where an operand of its shape stands for it."""
    values = program.values()
    for line in reversed(program.lines):
        for name in sorted(names_in(line.expression)):
            if np.shape(values[name]) == np.shape(values[line.name]):
                yield _renamed(program, line.name, name)


def _renamed(program: Program, old: str, new: str) -> Program:
    def with_new(source: str) -> str:
        return re.sub(rf"\b{old}\b", new, source)

    lines = [replace(line, expression=with_new(line.expression)) for line in program.lines]
    lines = [line for line in lines if line.name != old]
    return _without_unused(replace(program, lines=tuple(lines), result=with_new(program.result)))


def _with_line(program: Program, i: int, expression: str) -> Program:
    line = replace(program.lines[i], expression=expression)
    return _without_unused(
        replace(program, lines=(*program.lines[:i], line, *program.lines[i + 1 :]))
    )


def _without_unused(program: Program) -> Program:
    """Return the program without lines that nothing reads; names and numbers are put in place."""
    needed, kept = names_in(program.result), []
    for line in reversed(program.lines):
        if line.name in needed:
            kept.append(line)
            needed |= names_in(line.expression)
    return replace(program, lines=tuple(reversed(kept)))


def _arguments(program: Program) -> Iterator[Program]:
    """Yield the program with one argument turned into a constant, and with rounded arguments."""
    last = len(program.arguments) - 1
    if last > 0:
        line = Line(f"x{last}", literal(program.arguments[last]))
        lines = (line, *program.lines)
        yield _without_unused(replace(program, arguments=program.arguments[:last], lines=lines))
    for i, x in enumerate(program.arguments):
        for rounded in (np.round(x), np.round(x, 1)):
            if np.any(rounded != x):
                arguments = (*program.arguments[:i], rounded, *program.arguments[i + 1 :])
                yield replace(program, arguments=arguments)
