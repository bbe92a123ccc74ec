"""The names that a function's variables have: what a Tensor was first bound to."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import CodeType, FrameType
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.drawing._view import with_number
from autodiff.drawing.reading._calls import OURS, is_within


@contextmanager
def variables_of(code: CodeType | None) -> Iterator[dict[Tensor, str]]:
    """Yield what will hold, once a function's code has run, names of variables by what ops made.

    A variable that is bound several times is numbered: c₁, c₂. It works as a debugger does, from
    line to line; where one is at work already there are no names, nor of a library's functions.
    """
    if code is None or is_within(OURS, code.co_filename) or sys.gettrace() is not None:
        yield {}
        return
    names: dict[Tensor, str] = {}
    bound: dict[str, list[Tensor]] = {}
    seen: set[Tensor] = set()

    def look(frame: FrameType, event: str, arg: Any) -> Any:
        for variable, x in frame.f_locals.items():
            if type(x) is Tensor and x not in seen:
                seen.add(x)
                bound.setdefault(variable, []).append(x)
        return look

    sys.settrace(lambda frame, event, arg: look if frame.f_code is code else None)
    try:
        yield names
    finally:
        sys.settrace(None)
        seen.clear()
        for variable, xs in bound.items():
            for i, x in enumerate(xs, 1):
                if x.op is not None and x.name is None:
                    names[x] = with_number(variable, i) if len(xs) > 1 else variable
        bound.clear()


def code_of(f: Callable[..., Any], door: str) -> CodeType | None:
    """Return the code that runs when ``f`` is called, of an object that of its class.

    ``door`` is the public function that takes ``f``, for the message.
    """
    try:
        function: Any = inspect.unwrap(f)
        while isinstance(function, partial):
            function = inspect.unwrap(function.func)
    except ValueError:
        name = getattr(f, "__name__", type(f).__name__)
        called = "a function" if name == "<lambda>" else name
        raise TypeError(
            f"{door} expects a function, but {called}.__wrapped__ leads back to itself: take it "
            f"away, or write {door}(lambda x: f(x), x)"
        ) from None
    for name in ("forward", "__call__"):
        if not inspect.isroutine(function):
            function = getattr(type(function), name, function)
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None
