"""Which ops of the table a function calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from importlib import import_module
from typing import Any

import numpy as np

from autodiff import Tensor
from autodiff._core.ndarray import operations
from autodiff._core.walks import Graph
from tests.autodiff.programs.tail import BY_NAME

import_module("autodiff.rules._special")  # which fills in its part when it is first needed

CONSTANTS = "autodiff.rules._constants"
# What the walks call, and no function does; and what is computed of numbers of entries alone.
OF_WALKS = {"autodiff.argument", "autodiff.scatter", "autodiff.backward", "autodiff.positions"}
OF_WALKS |= {"autodiff.of_parts"}  # of the parts of complex arrays that are written to
# What makes arrays of numbers, from shapes, numbers or files.
OF_NUMBERS = {"arange", "empty", "empty_like", "identity", "ones_like", "tri", "zeros"}
OF_NUMBERS |= {"zeros_like", "asfortranarray", "require", "frombuffer", "fromfile", "fromstring"}
OF_NUMBERS |= {"genfromtxt", "loadtxt"}


def label(function: Any) -> str:
    """Return what to call a key of the table."""
    name = function.__name__
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{owner.__name__}.{name}"
    module = getattr(function, "__module__", None) or "numpy"
    if module.startswith("autodiff"):
        return f"autodiff.{name}"
    if isinstance(function, np.ufunc) and getattr(np, name, None) is not function:
        return f"special.{name}"
    return f"{module}.{name}".removeprefix("numpy.")


def differentiable() -> list[str]:
    """Return the names of the ops that have a derivative."""
    derived = {label(f) for f in operations if not _is_constant(f)}
    return sorted(derived - OF_WALKS - OF_NUMBERS)


def _is_constant(function: Any) -> bool:
    """Return whether a key of the table gives constants: a mask's ufunc does so by outer, too."""
    call = operations.get(getattr(function, "__self__", function))
    if isinstance(getattr(function, "__self__", None), np.ufunc) and call is None:
        return True
    return call is not None and call.__module__ == CONSTANTS


@contextmanager
def counted() -> Any:
    """Within it, collect the names of the ops that are called by way of the table."""
    called: set[str] = set()
    before = dict(operations)

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)  # whose signature is asked for
        def counted_call(*args: Any, **kwargs: Any) -> Any:
            called.add(name)
            return call(*args, **kwargs)

        return counted_call

    operations.update({f: counting(label(f), call) for f, call in before.items()})
    try:
        yield called
    finally:
        operations.update(before)


def called_by(f: Callable[..., Any], arguments: Sequence[Any]) -> set[str]:
    """Return the ops that a function calls, or that are recorded for it."""
    with counted() as called, np.errstate(all="ignore"):
        out = f(*map(Tensor, arguments))
        out = np.stack(out) if isinstance(out, list | tuple) else out
    if isinstance(out, Tensor) and out.requires_grad:
        called |= {f"autodiff.{node.op.name}" for node in Graph([out]).order}
    return called.intersection(differentiable_set())


@cache
def differentiable_set() -> frozenset[str]:
    """Return the names of the ops that have a derivative, as a set."""
    return frozenset(differentiable())


@cache
def cases_by_op() -> dict[str, list[str]]:
    """Return for each op the names of the cases that call it."""
    found: dict[str, list[str]] = {}
    for name, c in BY_NAME.items():
        for op in called_by(c.f, c.args):
            found.setdefault(op, []).append(name)
    return found
