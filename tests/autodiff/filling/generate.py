"""Programs line by line: each is kept if NumPy takes it for real and for complex arguments."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import numpy as np

from tests.autodiff.filling.program import Program
from tests.autodiff.filling.state import State
from tests.autodiff.filling.statements import STATEMENTS, creating

ARGUMENTS = [(), (), (1,), (3,), (3,), (4,), (2, 3), (3, 3), (2, 1, 3), (2, 2), (0,)]
LARGEST = 1e3


def generate(random: Random, length: int = 14) -> Program:
    """Return a program of about so many lines."""
    arguments = tuple(_numbers(random, random.choice(ARGUMENTS)) for _ in range(2))
    program = Program(arguments, ())
    values = values_of(program)
    assert values is not None
    statements, weights = list(STATEMENTS), list(STATEMENTS.values())
    for k in range(2 * length):
        (write,) = random.choices(statements, weights) if k > 1 else (creating,)
        line = write(State(random, values))
        if line is None:
            continue
        longer = Program(arguments, (*program.lines, line))
        found = values_of(longer)
        if found is not None:
            program, values = longer, found
        if len(program.lines) == length:
            break
    final = [f"read.append({name})" for name in values if name[0] == "a"]
    return Program(arguments, (*program.lines, *final))


def _numbers(random: Random, shape: tuple[int, ...]) -> np.ndarray:
    """Return short binary fractions, on which sums and products are exact."""
    numbers = [random.randint(-12, 12) / 8 for _ in range(int(np.prod(shape)))]
    return np.reshape(np.array(numbers, float), shape)


def values_of(program: Program) -> dict[str, Any] | None:
    """Return the arrays that a program has in the end, None if NumPy does not take it."""
    found: dict[str, Any] = {}
    for dtype in (complex, float):
        found = {"np": np, "read": []}
        found |= {f"x{i}": x.astype(dtype) for i, x in enumerate(program.arguments)}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                exec("\n".join(program.lines), found)
        except (ValueError, IndexError, TypeError, NameError, Warning):
            return None
        arrays = {n: a for n, a in found.items() if n[0] in "xav" and isinstance(a, np.ndarray)}
        read = found["read"]
        if not all(np.abs(x).max(initial=0) < LARGEST for x in [*arrays.values(), *read]):
            return None
        if any(a.dtype != dtype for a in arrays.values()):
            return None
    return arrays
