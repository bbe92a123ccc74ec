"""Calls: what the program wrote, noted while a function is recorded to be drawn.

For each node the frames are walked from where it is recorded outwards, while they are of this
package, NumPy or SciPy. The outermost that is an entry (a protocol, an operator, a method, a public
function) is what the program called. Whatever it records along the way belongs to one call.
"""

from __future__ import annotations

import inspect
import opcode
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

from autodiff._core.hook import Hook
from autodiff._core.machine import product
from autodiff._core.ndarray import Entries, NDArrayInterface
from autodiff._core.place import HERE, PACKAGES
from autodiff._core.tensor import Tensor
from autodiff.drawing._scopes import OpenScopes, current_home
from autodiff.drawing._view import Home
from autodiff.drawing.reading._words import Words, brackets_around, call_of, infix
from autodiff.rules._neural import log_softmax, logsumexp, softmax, softmax_cross_entropy

# Code that computes on behalf of the program.
INSIDE = (HERE, np.__path__[0], str(Path(np.__path__[0]).parent / "scipy"))
OURS = (*INSIDE, *PACKAGES)
DRAWING = str(Path(__file__).parents[1])


@dataclass(eq=False)
class CallNote:
    """A call of the program: its words (None: as its op says), its place and the open scopes.

    ``caller`` is the reader's line, where the place is in one of the library's other packages.
    ``results`` are the Tensors that it returned, and where each is: "[1]", ".eigenvalues", or ""
    where it is all. There are none of a call that did not return.
    """

    words: Words | None
    place: tuple[str, int]
    home: Home
    caller: tuple[str, int] | None = None
    results: list[tuple[Tensor, str]] = field(default_factory=list)


class CallHook(Hook):
    """Notes of each Tensor that is recorded which call of the program made it."""

    def __init__(self) -> None:
        self.calls: dict[Tensor, CallNote] = {}
        self.scopes = OpenScopes()
        # By the frame, which is held here, so that no other takes its place meanwhile.
        self.entries: dict[FrameType, CallNote] = {}
        self.is_hindered = False  # by a profiler that sees in its place what calls return

    def on_node(self, out: Tensor) -> None:
        """Note the call that made a new node."""
        frames = list(_frames_outwards(sys._getframe(1)))
        program = frames.pop()
        entry = next((f for f in reversed(frames) if f.f_code in ENTRIES), None)
        note = None if entry is None else self.entries.get(entry)
        if note is None:
            words = None if entry is None else ENTRIES[entry.f_code](entry)
            note = CallNote(words, _place(program), current_home(), _caller(program))
            if entry is not None and words is not None:
                self.entries[entry] = note
                self._watch(entry)
        self.calls[out] = note

    @contextmanager
    def watching_returns(self) -> Iterator[None]:
        """Note meanwhile what calls return, as a profiler sees it, and beside one if it can be.

        Where it cannot, pictures show what each op computed.
        """
        before = sys.getprofile()
        self._watch()
        try:
            yield
        finally:
            if _can_be_called(before):
                sys.setprofile(before)

    def _watch(self, until: FrameType | None = None) -> None:
        """Watch what returns in this thread, if that is not done, at least until a call returns."""
        before: Any = sys.getprofile()
        if not _can_be_called(before):
            self.is_hindered = True
        elif getattr(before, "func", None) != self._on_event:
            sys.setprofile(partial(self._on_event, before, until))

    def _on_event(
        self, before: Any, until: FrameType | None, frame: FrameType, event: str, returned: Any
    ) -> None:
        if before is not None:
            before(frame, event, returned)
        if event == "return":
            if frame in self.entries:
                self.entries[frame].results = list(_results(returned))
            if frame is until:
                sys.setprofile(before)


def _can_be_called(profiler: Any) -> bool:
    """Whether there is no profiler, or one that another can call; those in C are called by none."""
    return profiler is None or callable(profiler)


def _results(returned: Any, path: str = "") -> Iterator[tuple[Tensor, str]]:
    """Yield the Tensors that a call returned, and where each is."""
    if type(returned) is Tensor:
        yield returned, path
    elif isinstance(returned, list | tuple):
        fields = getattr(returned, "_fields", None)
        for i, part in enumerate(returned):
            yield from _results(part, path + (f".{fields[i]}" if fields else f"[{i}]"))


def _frames_outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames outwards, up to the first of the program."""
    while frame is not None:
        yield frame
        if not is_within(INSIDE, frame.f_code.co_filename):
            return
        frame = frame.f_back


def _place(frame: FrameType) -> tuple[str, int]:
    return frame.f_code.co_filename, frame.f_lineno


def _caller(program: FrameType) -> tuple[str, int] | None:
    """Return the reader's line that called into the library's packages; None if it is no call."""
    frame: FrameType | None = program
    while frame is not None and is_within(OURS, frame.f_code.co_filename):
        if is_within((DRAWING,), frame.f_code.co_filename):  # which called the function itself
            return None
        frame = frame.f_back
    return None if frame is None or frame is program else _place(frame)


def is_within(folders: tuple[str, ...], file: str) -> bool:
    """Whether a file lies in one of some folders."""
    return file.startswith(tuple(folder + os.sep for folder in folders))


# -- what an entry was called with ---------------------------------------------------------------

_INFIX: dict[str, tuple[str, Any]] = {  # by the method's name: the symbol, and the ufunc
    "add": ("+", np.add),
    "sub": ("-", np.subtract),
    "mul": ("*", np.multiply),
    "truediv": ("/", np.divide),
    "pow": ("**", np.power),
    "mod": ("%", np.remainder),
    "floordiv": ("//", np.floor_divide),
    "matmul": ("@", np.matmul),
}
_PREFIX = {"neg": "-", "pos": "+"}
_SYMBOLS: dict[Any, str] = {ufunc: symbol for symbol, ufunc in _INFIX.values()}


def _words_of_ufunc(frame: FrameType) -> Words | None:
    found = frame.f_locals
    ufunc, args = found["ufunc"], (found["x"], *found["others"])
    if ufunc in _SYMBOLS and _reads_as_operator(frame.f_back):
        return infix(_SYMBOLS[ufunc], *args)
    if ufunc.__name__.startswith("_"):  # of SciPy, inside a public function
        return None
    method = "" if found["method"] == "__call__" else f".{found['method']}"
    return call_of(ufunc.__name__ + method, args, _options(found["kwargs"]))


def _reads_as_operator(frame: FrameType | None) -> bool:
    """Whether a frame is at an operator, for which an array in front calls its ufunc.

    So it is read in `product`, which computes what the rules of ``@`` write as one.
    """
    return frame is not None and (
        opcode.opname[frame.f_code.co_code[frame.f_lasti]] == "BINARY_OP"
        or frame.f_code is product.__code__
    )


def _options(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: x for name, x in kwargs.items() if x is not np._NoValue}


def _words_of_function(frame: FrameType) -> Words:
    found = frame.f_locals
    return call_of(found["function"].__name__, found["args"], _options(found["kwargs"]))


def _words_of_method(frame: FrameType) -> Words:
    found = frame.f_locals
    call = call_of(found["function"].__name__, found["args"], _options(found["kwargs"]))
    return [found["self"], ".", *call]


def _words_of_public(function: Callable[..., Any]) -> Callable[[FrameType], Words]:
    parameters = inspect.signature(function).parameters.values()

    def words(frame: FrameType) -> Words:
        given = [(p, frame.f_locals[p.name]) for p in parameters]
        args = [x for p, x in given if p.default is p.empty]
        options = {p.name: x for p, x in given if p.default is not p.empty and x is not p.default}
        return call_of(function.__name__, args, options)

    return words


def _words_of_infix(symbol: str, reflected: bool) -> Callable[[FrameType], Words]:
    def words(frame: FrameType) -> Words:
        x, y = frame.f_locals["self"], frame.f_locals["other"]
        return infix(symbol, y, x) if reflected else infix(symbol, x, y)

    return words


def _words_of_prefix(symbol: str) -> Callable[[FrameType], Words]:
    return lambda frame: [symbol, frame.f_locals["self"]]


def _words_of_getitem(frame: FrameType) -> Words:
    return [frame.f_locals["self"], brackets_around(frame.f_locals["key"])]


def _words_of_at(method: str) -> Callable[[FrameType], Words]:
    def words(frame: FrameType) -> Words:
        places = frame.f_locals["self"]
        call = call_of(method, [frame.f_locals["v"]])
        return [places.x, ".at", brackets_around(places.key), ".", *call]

    return words


def _words_of_shape(method: str, arguments: str) -> Callable[[FrameType], Words]:
    def words(frame: FrameType) -> Words:
        return [frame.f_locals["self"], ".", *call_of(method, frame.f_locals[arguments])]

    return words


def _after(suffix: str) -> Callable[[FrameType], Words]:
    return lambda frame: [frame.f_locals["self"], suffix]


def _code(function: Any) -> CodeType:
    code: CodeType = getattr(function, "fget", function).__code__
    return code


def _entries() -> dict[CodeType, Callable[[FrameType], Words | None]]:
    """Return what reads the words from the frame of each entry."""
    interface: Any = NDArrayInterface
    found: dict[CodeType, Callable[[FrameType], Words | None]] = {
        _code(interface.__array_ufunc__): _words_of_ufunc,
        _code(interface.__array_function__): _words_of_function,
        _code(interface.sum): _words_of_method,  # one code for all
        _code(interface.__abs__): lambda frame: call_of("abs", [frame.f_locals["self"]]),
        _code(interface.__getitem__): _words_of_getitem,
        _code(interface.reshape): _words_of_shape("reshape", "shape"),
        _code(interface.transpose): _words_of_shape("transpose", "axes"),
    }
    for name, (symbol, _) in _INFIX.items():
        found[_code(getattr(interface, f"__r{name}__"))] = _words_of_infix(symbol, True)
        found[_code(getattr(interface, f"__{name}__"))] = _words_of_infix(symbol, False)
    for name, symbol in _PREFIX.items():
        found[_code(getattr(interface, f"__{name}__"))] = _words_of_prefix(symbol)
    for name in ("T", "mT", "real", "imag", "flat"):
        found[_code(inspect.getattr_static(interface, name))] = _after(f".{name}")
    for name in ("copy", "conj"):
        found[_code(getattr(interface, name))] = _after(f".{name}()")
    for name in ("set", "add", "multiply"):
        found[_code(getattr(Entries, name))] = _words_of_at(name)
    for function in (softmax, log_softmax, logsumexp, softmax_cross_entropy):
        found[_code(function)] = _words_of_public(function)
    return found


ENTRIES = _entries()
