"""What a function uses beside its arguments, and whether that is still what it was.

A recording sees what is computed of arguments and Tensors. It does not see what plain Python and
NumPy make of everything else: of a global number, of the entries of an array in a closure, of an
attribute. So these are looked up in the function itself, and looked at again before each replay.
Of objects and modules it is the names that the function's code mentions.
"""

from __future__ import annotations

import ctypes
import random
import sys
from array import array as PackedArray  # noqa: N812
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    ValuesView,
)
from contextvars import ContextVar
from dis import get_instructions
from functools import lru_cache, partial
from mmap import mmap
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from autodiff._core.constant_arrays import read_only
from autodiff._core.tensor import Tensor

MOST = 400  # of the things that are looked at
DEEPEST = 64  # how far the search follows what holds what
SMALL = 4096  # bytes of an array that is compared as a text, in 0.1 µs

# Packages whose code is not looked at, and those whose objects are not looked at either.
_KNOWN = frozenset({*sys.stdlib_module_names, "numpy", "scipy", "autodiff", "optim"} - {"__main__"})
_CLOSED = frozenset({"autodiff", "optim", "builtins", "threading", "weakref"})
# Whose code is not looked at, but the objects are: as polynomials, and np.vectorize of a function.
_OWN = frozenset({"nn", "fit", "scipy", "numpy"})
_UNCHANGING = (int, float, complex, str, bytes, bool, type(None), np.generic)
_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
_NO_LOOK = (np.ufunc, np.dtype, type(np.sum), *_GENERATORS)
# Which give what they hold to C alone, so that nobody sees whether it has changed.
_UNSEEN = (memoryview, ctypes._SimpleCData, ctypes.Array, ctypes.Structure, mmap, bytearray)
_VIEWS = (KeysView, ValuesView, ItemsView)  # of dictionaries
_BY_ANY_NAME = frozenset({"vars", "__dict__", "getattr"})
_EMPTY = object()


class Watch:
    """What a function found when it was recorded: by which names it reaches what."""

    def __init__(self, roots: Iterable[Any], without: Iterable[Any] = ()) -> None:
        self._without = [*without]
        self._roots = [*roots]
        self._kept: list[Any] = []  # so that no other object gets an id that was seen
        self._names: frozenset[str] = frozenset()  # that the code mentions
        self._search()
        while not self._found <= self._names:
            self._names |= self._found
            self._search()

    @property
    def names(self) -> frozenset[str]:
        """All names that the code mentions which was looked at."""
        return self._names

    # -- whether it is the same still ----------------------------------------------------------

    def change(self) -> str:
        """Return what has changed, in words; nothing if nothing has."""
        for holder, key, value in self.entries:
            now = holder.get(key, _EMPTY)
            if now is not value and not _equal(now, value):
                return f"{key} has changed"
        for cell, value, name in self.cells:
            now = _contents(cell)
            if now is not value and not _equal(now, value):
                return f"{name} has changed"
        for x, name, value in self.slots:
            now = getattr(x, name, _EMPTY)
            if now is not value and not _equal(now, value):
                return f"{name} has changed"
        for items, values in self.items:
            if len(items) != len(values) or not all(map(_same, items, values)):
                return f"a {type(items).__name__} that it uses has changed"
        for array, kept in self.arrays:
            if not has_entries(array, kept):
                return f"an array of shape {array.shape} that it uses has changed"
        return ""

    def test(self) -> Callable[[], bool]:
        """Return a function that says whether all is the very same, and arrays have their entries.

        It takes 30 ns for each thing, and `change` 70. Where it fails, equal numbers may stand for
        the same ones.
        """
        named: dict[str, Any] = {"has_entries": has_entries}

        def name(x: Any) -> str:
            named[f"_{len(named)}"] = x
            return f"_{len(named) - 1}"

        empty = name(_EMPTY)
        terms = [f"{name(h.get)}({name(key)}, {empty}) is {name(x)}" for h, key, x in self.entries]
        terms += [f"{name(cell)}.cell_contents is {name(x)}" for cell, x, _ in self.cells]
        empty = name(_EMPTY)
        terms += [
            f"getattr({name(x)}, {name(key)}, {empty}) is {name(v)}" for x, key, v in self.slots
        ]
        terms += [f"all(map({name(_same)}, {name(i)}, {name(v)}))" for i, v in self.items if v]
        terms += [f"len({name(items)}) == {len(values)}" for items, values in self.items]
        for array, kept in self.arrays:
            form = "{}.tobytes() == {}" if type(kept) is bytes else "has_entries({}, {})"
            terms.append(form.format(name(array), name(kept)))
        test: Callable[[], bool] = eval(f"lambda: {' and '.join(terms) or True}", named)
        return test

    def used_generators(self) -> list[Any]:
        """Return the random generators that numbers were drawn from."""
        return [x for x, state in self.generators if _state_of(x) != state]

    def watch_array(self, array: NDArray[Any], copy: NDArray[Any]) -> None:
        """Look at an array, too, of which this is a copy."""
        if id(array) not in self._seen and array is not copy:
            self._seen.add(id(array))
            self.arrays.append((array, _snapshot(copy)))

    # -- the search ------------------------------------------------------------------------------

    def _search(self) -> None:
        self.entries: list[tuple[Any, Any, Any]] = []  # of dictionaries: key and value
        self.cells: list[tuple[CellType, Any, str]] = []
        self.slots: list[tuple[Any, str, Any]] = []
        self.items: list[tuple[Any, tuple[Any, ...]]] = []  # what lists and others hold
        self.arrays: list[tuple[NDArray[Any], Any]] = []  # and copies
        self.generators: list[tuple[Any, str]] = []  # and their states
        self.is_whole = True  # whether all was looked at
        self.unseen: list[Any] = []  # of which nobody sees what they hold
        self.iterators: list[Any] = []  # of which nobody knows how far they have gone
        self._found: set[str] = set()
        self._seen: set[Any] = set(map(id, self._without))
        self._kept = [*self._without]
        for root in self._roots:
            self._look_at(root, 0)

    def _look_at(self, x: Any, depth: int) -> None:
        """Note what something holds."""
        if isinstance(x, _UNCHANGING) or id(x) in self._seen:
            return
        if depth > DEEPEST or len(self.entries) + len(self.cells) > MOST:
            self.is_whole = False
            return
        self._seen.add(id(x))
        self._kept.append(x)
        look = _LOOKS.get(type(x))
        if look is not None:
            look(self, x, depth + 1)
        elif isinstance(x, _GENERATORS):
            self.generators.append((x, _state_of(x)))
        elif isinstance(x, dict | MappingProxyType):
            self._look_at_dict(x, depth + 1)
        elif isinstance(x, ContextVar):
            self.slots.append((_Contents(x), "now", x.get(_EMPTY)))
            self._look_at(x.get(None), depth + 1)
        elif isinstance(x, BuiltinFunctionType):  # as a method of an array or a dictionary
            self._look_at(x.__self__, depth + 1)
        elif isinstance(x, UserDict | UserList):
            self._look_at(x.data, depth + 1)
        elif isinstance(x, ref):
            self._look_at(x(), depth + 1)
        elif isinstance(x, (*_UNSEEN, *_VIEWS, Mapping)) or _is_of_python(x):
            self.unseen.append(x)
        elif isinstance(x, PackedArray):
            self.arrays.append((np.frombuffer(x, x.typecode), x.tobytes()))
        elif isinstance(x, type):
            self._look_at_class(x, depth + 1)
        elif isinstance(x, list | tuple | set | frozenset | deque):
            self._look_at_items(x, depth + 1)
        elif isinstance(x, np.ndarray):
            self._look_at_array(x, depth + 1)
        elif isinstance(x, Iterator):
            self.iterators.append(x)
        elif not isinstance(x, _NO_LOOK):
            self._look_at(vars(x).get("__wrapped__") if hasattr(x, "__dict__") else None, depth)
            self._look_at_object(x, depth + 1)

    def _look_at_function(self, f: FunctionType, depth: int) -> None:
        if f.__globals__.get("__name__", "").partition(".")[0] in _KNOWN | _OWN:
            for cell in f.__closure__ or ():  # as of what grad returns
                self._look_at(_contents(cell), depth)
            self._look_at(getattr(f, "__wrapped__", None), depth)
            return
        loaded, names, modules = names_in(f.__code__)
        self._found |= names
        self.slots.append((f, "__code__", f.__code__))
        for name in sorted(names & f.__dict__.keys()):
            self._note(f.__dict__, name, depth)
        for name in sorted(modules & sys.modules.keys()):
            self._look_at(sys.modules[name], depth)
        for cell, name in zip(f.__closure__ or (), f.__code__.co_freevars, strict=True):
            self.cells.append((cell, _contents(cell), name))
            self._look_at(_contents(cell), depth)
        for name in sorted(loaded & f.__globals__.keys()):
            self._note(f.__globals__, name, depth)
        for name in ("__defaults__", "__kwdefaults__"):
            if getattr(f, name):
                self._note_attribute(f, name, depth)

    def _look_at_method(self, m: MethodType, depth: int) -> None:
        self._look_at(m.__func__, depth)
        self._look_at(m.__self__, depth)

    def _look_at_module(self, module: ModuleType, depth: int) -> None:
        if module.__name__.partition(".")[0] not in _KNOWN | _OWN:
            for name in sorted(self._names & vars(module).keys()):
                self._note(vars(module), name, depth)

    def _look_at_object(self, x: Any, depth: int) -> None:
        """Note the attributes of an object that code mentions; all where that is not looked at."""
        kind = type(x)
        if _root(kind) in _CLOSED:
            return
        every = bool(self._names & _BY_ANY_NAME) or any(_root(c) in _OWN for c in kind.__mro__)
        attributes = getattr(x, "__dict__", {})
        for name in [n for n in attributes if every or n in self._names]:
            self._note(attributes, name, depth)
        for name in self._names - attributes.keys() if type(attributes) is dict else ():
            if _has_data(kind, name):  # which an attribute of the object would hide
                self.entries.append((attributes, name, _EMPTY))
        for name in [n for c in kind.__mro__ for n in _slots(c) if every or n in self._names]:
            self._note_attribute(x, name, depth)
        self._look_at_class(kind, depth, made=False)

    def _look_at_class(self, kind: type, depth: int, made: bool = True) -> None:
        """Note what a class has under names that code mentions, and its operators."""
        for c in kind.__mro__:
            if _root(c) in _KNOWN | _OWN or (id(c), made) in self._seen:
                continue
            self._seen.add((id(c), made))
            for name, x in vars(c).items():
                function = getattr(x, "fget", None) or getattr(x, "__func__", x)
                if type(function) is FunctionType:
                    called = name not in _NOT_CALLED and (made or name not in _IN_MAKING)
                    if name in self._names or (name[:2] == "__" and called):
                        self.entries.append((vars(c), name, x))
                        self._look_at(function, depth)
                elif name in self._names and not hasattr(x, "__get__"):
                    self._note(vars(c), name, depth)
                    derived = kind.__mro__[: kind.__mro__.index(c)]
                    self.entries += [(vars(d), name, _EMPTY) for d in derived]

    def _look_at_dict(self, holder: Any, depth: int) -> None:
        if type(holder) not in (dict, OrderedDict, defaultdict, Counter, MappingProxyType):
            self.unseen.append(holder)  # its methods may be its own
            return
        self.items.append((holder, tuple(holder)))
        for key in holder:
            self._note(holder, key, depth)

    def _look_at_items(self, items: Any, depth: int) -> None:
        if type(items) not in (tuple, frozenset):
            self.items.append((items, tuple(items)))
        for x in tuple(items)[:MOST]:
            self._look_at(x, depth)

    def _look_at_array(self, array: NDArray[Any], depth: int) -> None:
        # A file may change, whether it is written to from here or not.
        copy = np.array(array) if isinstance(array, np.memmap) else read_only(array)
        if copy is not array:
            self.arrays.append((array, _snapshot(copy)))
        if array.dtype.kind == "O":
            self._look_at_items(tuple(array.ravel()), depth)

    def _look_at_tensor(self, x: Tensor, depth: int) -> None:
        self.slots.append((x, "requires_grad", x.requires_grad))  # it may be frozen later

    def _look_at_partial(self, p: Any, depth: int) -> None:
        for x in (p.func, p.args, p.keywords):
            self._look_at(x, depth)

    def _note_attribute(self, x: Any, name: str, depth: int) -> None:
        value = getattr(x, name, _EMPTY)
        self.slots.append((x, name, value))
        self._look_at(value, depth)

    def _note(self, holder: Any, key: Any, depth: int) -> None:
        value = holder[key]
        if not isinstance(value, ModuleType | BuiltinFunctionType | np.ufunc | type(np.sum)):
            self.entries.append((holder, key, value))
        self._look_at(value, depth)


_LOOKS: dict[Any, Any] = {
    FunctionType: Watch._look_at_function,
    MethodType: Watch._look_at_method,
    ModuleType: Watch._look_at_module,
    list: Watch._look_at_items,
    tuple: Watch._look_at_items,
    set: Watch._look_at_items,
    frozenset: Watch._look_at_items,
    deque: Watch._look_at_items,
    np.ndarray: Watch._look_at_array,
    partial: Watch._look_at_partial,
    Tensor: Watch._look_at_tensor,
}
_IN_MAKING = frozenset({"__new__", "__init__", "__post_init__", "__init_subclass__"})
_NOT_CALLED = frozenset({"__repr__", "__str__", "__getstate__", "__setstate__", "__reduce__"})


@lru_cache(maxsize=1024)
def names_in(code: CodeType) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the globals that a function looks up, all its names, and the modules it imports.

    With those of the functions that are defined in it.
    """
    loaded, modules = set(), set()
    for instruction in get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            loaded.add(instruction.argval)
        elif instruction.opname == "IMPORT_NAME":
            modules.add(instruction.argval)
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = names_in(constant)
            loaded |= inner[0]
            names |= inner[1]
            modules |= inner[2]
        elif isinstance(constant, str) and constant.isidentifier():  # as of hasattr
            names.add(constant)
    return frozenset(loaded), frozenset(names), frozenset(modules)


class _Contents:
    """What a context variable holds, as an attribute."""

    def __init__(self, variable: ContextVar[Any]) -> None:
        self.variable = variable

    @property
    def now(self) -> Any:
        return self.variable.get(_EMPTY)


def _is_of_python(x: Any) -> bool:
    """Whether a ufunc calls a function of Python's, as those of `numpy.frompyfunc` do."""
    return isinstance(x, np.ufunc) and set("".join(x.types)) <= set("O->")


def _has_data(kind: type, name: str) -> bool:
    """Whether a class has an attribute of a name that objects of it may hide by their own."""
    found = getattr(kind, name, _EMPTY)
    return found is not _EMPTY and not isinstance(getattr(kind, name), property)


def _root(x: Any) -> str:
    return (getattr(x, "__module__", None) or "").partition(".")[0]


def _slots(c: type) -> tuple[str, ...]:
    slots = vars(c).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _state_of(generator: Any) -> str:
    """Return the state of a random generator, of whatever kind, as a text to compare."""
    if isinstance(generator, random.Random):
        return str(hash(generator.getstate()))
    bits = getattr(generator, "bit_generator", None) or generator._bit_generator
    with np.printoptions(threshold=sys.maxsize):
        return repr(bits.state)


def _equal(a: Any, b: Any) -> bool:
    """Whether two values that do not change are of one type and bit for bit equal."""
    return type(a) is type(b) and isinstance(a, _UNCHANGING) and bool(a == b and repr(a) == repr(b))


def _same(a: Any, b: Any) -> bool:
    return a is b or _equal(a, b)


def _snapshot(copy: NDArray[Any]) -> Any:
    """Return what an array's entries are compared with later: a text of a small one."""
    return copy.tobytes() if copy.nbytes <= SMALL else copy


def has_entries(array: NDArray[Any], kept: Any) -> bool:
    """Whether an array has the same entries as its snapshot, bit for bit."""
    if type(kept) is bytes:
        return array.tobytes() == kept
    if array.shape != kept.shape or array.dtype != kept.dtype:
        return False
    if array.itemsize > 8 or not array.flags.c_contiguous:
        return bool(array.tobytes() == kept.tobytes())
    bits = f"u{array.itemsize}"
    return bool(np.array_equal(array.view(bits), kept.view(bits)))
