"""The first check that a program fails, and the smallest program that fails it as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations

import numpy as np

from tests.autodiff.filling.checks import BY_NAME, Subject
from tests.autodiff.filling.generate import values_of
from tests.autodiff.filling.program import Program


def failure(program: Program, checks: Iterable[str] = tuple(BY_NAME)) -> str | None:
    """Return what the first check that fails says, None if all hold."""
    for name in checks:
        with np.errstate(all="ignore"):
            try:
                BY_NAME[name](Subject(program))
            except Exception as error:
                return f"{name}: {type(error).__name__}: {error}"
    return None


def report(program: Program, found: str) -> str:
    """Return a program that fails, with as few lines as show it, as code to run."""
    check = found.partition(":")[0]

    def fails(shorter: Program) -> bool:
        if values_of(shorter) is None:
            return False
        again = failure(shorter, [check])
        return again is not None and _kind(again) == _kind(found)

    program = _shortest(program, fails)
    message = (failure(program, [check]) or found).replace("\n", "\n# ")
    return f"{program}# {message}\n"


def _kind(found: str) -> str:
    """Return the check and how what it says begins, without numbers."""
    return re.sub(r"[\d(), ]+", " ", found)[:70]


def _shortest(program: Program, fails: Callable[[Program], bool]) -> Program:
    """Return the program without the lines that can be left out, one at a time or in pairs."""
    for together in (1, 2, 1):
        k = len(program.lines)
        for chosen in combinations(reversed(range(k)), together):
            if max(chosen) < len(program.lines):
                lines = [line for i, line in enumerate(program.lines) if i not in chosen]
                shorter = replace(program, lines=tuple(lines))
                if fails(shorter):
                    program = shorter
    return program
