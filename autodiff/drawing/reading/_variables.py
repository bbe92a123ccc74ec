"""The names that a function's variables have: what a Tensor was first bound to."""

from __future__ import annotations

import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from types import CodeType, FrameType
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.drawing._view import with_number
from autodiff.drawing.reading._calls import OURS, is_within

# Whose functions name nothing: they are not the reader's.
_LIBRARIES = (*OURS, *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")))


@contextmanager
def variables_of(code: CodeType | None) -> Iterator[dict[Tensor, str]]:
    """Yield what will hold, once a function has run, names of variables by what ops made.

    They are the variables of its code and of the program's functions that it calls, but for what
    these are given; of several that a Tensor is bound to it is the outermost function's. A variable
    that is bound several times is numbered: c₁, c₂. It works as a debugger does, from line to line;
    where one is at work already there are no names, nor of a library's functions.
    """
    if sys.gettrace() is not None:
        yield {}
        return
    names: dict[Tensor, str] = {}
    found: dict[Tensor, tuple[int, str]] = {}

    def watch(frame: FrameType, event: str, arg: Any) -> Any:
        is_own = frame.f_code is code and not is_within(OURS, code.co_filename)
        if not is_own and not _is_of_program(frame.f_code):
            return None
        given = {} if is_own else {k: x for k, x in frame.f_locals.items() if type(x) is Tensor}
        depth = _depth(frame)

        def look(frame: FrameType, event: str, arg: Any) -> Any:
            for variable, x in frame.f_locals.items():
                if type(x) is not Tensor or given.get(variable) is x:
                    continue
                if x not in found or depth < found[x][0]:
                    found[x] = depth, variable
            if event == "return":
                given.clear()  # for what looks refers to itself, and would keep it
            return look

        return look

    sys.settrace(watch)
    try:
        yield names
    finally:
        sys.settrace(None)
        bound: dict[str, list[Tensor]] = {}
        for x, (_, variable) in found.items():
            bound.setdefault(variable, []).append(x)
        found.clear()
        for variable, xs in bound.items():
            for i, x in enumerate(xs, 1):
                if x.op is not None and x.name is None:
                    names[x] = with_number(variable, i) if len(xs) > 1 else variable
        bound.clear()


@lru_cache(1024)  # for notebooks make ever more
def _is_of_program(code: CodeType) -> bool:
    file = code.co_filename
    return not file.startswith(("<frozen", "<string>")) and not is_within(_LIBRARIES, file)


def _depth(frame: FrameType) -> int:
    """Return how many frames are around one."""
    count, outer = 0, frame.f_back
    while outer is not None:
        count, outer = count + 1, outer.f_back
    return count


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
