"""Entries: what a program calls, and the words for a call as its frame tells them."""

from __future__ import annotations

import inspect
import opcode
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import numpy as np

from autodiff._core.machine import product
from autodiff._core.ndarray import Entries, NDArrayInterface
from autodiff.drawing.reading._words import Words, brackets_around, call_of, infix
from autodiff.rules._neural import log_softmax, logsumexp, softmax, softmax_cross_entropy

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
_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
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


def _words_of_divmod(*operands: str) -> Callable[[FrameType], Words | None]:
    return lambda frame: call_of("divmod", [frame.f_locals[name] for name in operands])


def _entries() -> dict[CodeType, Callable[[FrameType], Words | None]]:
    """Return what reads the words from the frame of each entry."""
    interface: Any = NDArrayInterface
    found: dict[CodeType, Callable[[FrameType], Words | None]] = {
        _code(interface.__array_ufunc__): _words_of_ufunc,
        _code(interface.__array_function__): _words_of_function,
        _code(interface.sum): _words_of_method,  # one code for all
        _code(interface.__abs__): lambda frame: call_of("abs", [frame.f_locals["self"]]),
        _code(interface.__divmod__): _words_of_divmod("self", "other"),
        _code(interface.__rdivmod__): _words_of_divmod("other", "self"),
        _code(interface.__getitem__): _words_of_getitem,
        _code(interface.reshape): _words_of_shape("reshape", "shape"),
        _code(interface.transpose): _words_of_shape("transpose", "axes"),
    }
    for name, (symbol, _) in _INFIX.items():
        found[_code(getattr(interface, f"__r{name}__"))] = _words_of_infix(symbol, True)
        found[_code(getattr(interface, f"__{name}__"))] = _words_of_infix(symbol, False)
    for name, symbol in _COMPARISONS.items():
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
