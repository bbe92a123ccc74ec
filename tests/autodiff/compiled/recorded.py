"""Programs of functions of arrays, and their results computed one call after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.compiled._origins import Argument
from autodiff.compiled._program import Node, Program
from autodiff.compiled._recorder import Recorder, recorded_by
from autodiff.compiled._results import results_of
from autodiff.compiled._tape import Tape
from autodiff.compiled._traced import Traced


def program_of(f: Callable[..., Any], *arrays: Any) -> Program:
    """Return the program of a function at some arrays."""
    tape = Tape()
    recorder = Recorder(tape)
    with recorded_by(recorder, recorder):
        out = f(*[tape.source(x, Argument(i)) for i, x in enumerate(arrays)])
        _, results = results_of(out)
    tape.program.results = [x.current() if type(x) is Traced else x for x in results]
    return tape.program


def evaluate(program: Program, *arrays: Any) -> list[Any]:
    """Return the results, and then what the guards read, by computing node after node."""
    values = {node: arrays[origin.number] for node, origin in program.sources.items()}

    def value(x: Any) -> Any:
        return values[x] if type(x) is Node else x

    with np.errstate(all="ignore"):
        for node in program.nodes:
            values[node] = node.function(*map(value, node.inputs), **node.options)
    return [value(x) for x in program.results]


def calls(program: Program) -> list[str]:
    """Return the names of the functions, in order."""
    return [name(node.function) for node in program.nodes]


def name(function: Any) -> str:
    """Return what a function is called; a reduction by its ufunc."""
    owner = getattr(function, "__self__", None)
    return f"{owner.__name__}.reduce" if isinstance(owner, np.ufunc) else function.__name__
