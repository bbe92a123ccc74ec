"""The stand-in for an array while a call is recorded: it looks like one, and has all calls noted.

What is computed from it is computed at once, so it has a value, a shape and a type. What Python
reads of the value is noted too, as a guard: the recorded program holds where that is the same.

It can be written into. A view of it then shows the change, and the other way round, as with
arrays: each view knows what it is a view of, and reads again what has changed there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from autodiff._core.place import asked_outside
from autodiff._core.tensor import Tensor
from autodiff._core.types import Shape
from autodiff.compiled import _functions
from autodiff.compiled._program import NO_OPTIONS, Node, Options
from autodiff.rules._tails import PLAIN

if TYPE_CHECKING:
    from autodiff.compiled._tape import Tape

_BASIC = (int, slice, type(None), type(Ellipsis), np.integer)
_NUMBERS = frozenset({float, int, bool, complex})


class Traced:
    """A stand-in for an array or a number."""

    __slots__ = (
        "__weakref__",
        "base",
        "base_node",
        "node",
        "parts",
        "shown",
        "tape",
        "view",
        "writable",
    )

    tape: Tape
    node: Node  # what it is, or was when its base was ``base_node``
    base: Traced | None  # what it is a view of
    view: tuple[Any, Options]  # the function that makes it of its base ...
    parts: Sequence[Any]  # ... and of integers that stand in the key

    def __init__(
        self,
        tape: Tape,
        node: Node,
        base: Traced | None = None,
        view: tuple[Any, Options] = (None, NO_OPTIONS),
        parts: Sequence[Any] = (),
        writable: bool = True,
    ) -> None:
        self.tape = tape
        self.node = node
        self.base = base
        self.base_node = None if base is None else base.current()
        self.view = view
        self.parts = parts
        self.writable = writable
        self.shown = False  # whether a view that does not follow shows it
        tape.stand_ins.append(ref(self))

    # -- what it is --------------------------------------------------------------------------

    def current(self) -> Node:
        """Return the node that it stands for, after all that was written."""
        if self.base is not None:
            base_node = self.base.current()
            if base_node is not self.base_node:
                function, options = self.view
                self.node = self.tape.node(function, [base_node, *self.parts], options)
                self.base_node = base_node
        return self.node

    def snapshot(self) -> Traced:
        """Return another stand-in for what it is at present."""
        return Traced(self.tape, self.current())

    def shown_by(self, view: Traced) -> None:
        """Take note of what may be a view of it, but does not show what is written later."""
        if np.may_share_memory(view.node.value, self.node.value):
            view.writable = False
            self._root().shown = True

    def _root(self) -> Traced:
        return self if self.base is None else self.base._root()

    def write(self, x: Any) -> None:
        """Become what is given, in the place of all entries."""
        node = self.tape.operand(x)
        if type(node) is not Node or node.shape != self.shape:
            if np.ndim(getattr(node, "value", node)) > self.ndim:
                raise self.tape.refuse(f"an array of shape {self.shape} is written more axes into")
            node = self.tape.node(_functions.setitem, [self, node], {"key": (...,)})
        elif isinstance(self.node.value, np.ndarray) and not isinstance(node.value, np.ndarray):
            node = self.tape.node(_functions.setitem, [self, node], {"key": (...,)})  # to show it
        elif node.dtype != self.dtype:
            if not np.can_cast(node.value, self.dtype, "same_kind"):
                raise self.tape.refuse(f"{node.dtype} is written into an array of {self.dtype}")
            node = self.tape.node(_functions.astype, [node], {"dtype": self.dtype})
        if self.shown:
            raise self.tape.refuse(
                "an array is written into of which there is a view by another function than an "
                "index, reshape or transpose: write into a copy, x = x.copy()"
            )
        if self.base is None:
            if not self.writable:
                raise self.tape.refuse(
                    f"a compiled function writes into an array of shape {self.shape} that it was "
                    "given: write into a copy, x = x.copy(), or make a new array"
                )
        else:
            self.base.write(Traced(self.tape, self._base_with(node)))
            self.base_node = self.base.current()
        self.node = node

    def _base_with(self, node: Node) -> Node:
        """Return what the base becomes where this view of it becomes ``node``."""
        function, options = self.view
        assert self.base is not None
        tape = self.tape
        if function is _functions.getitem:
            return tape.node(_functions.setitem, [self.base, node, *self.parts], options)
        if function is _functions.reshape:
            return tape.node(_functions.reshape, [node], {"shape": self.base.shape})
        if function is _functions.transpose:
            order = tuple(np.argsort(options["axes"]).tolist())
            back = tape.node(_functions.transpose, [node], {"axes": order})
            return tape.node(_functions.copy, [back])  # in C's order, as it was
        raise self.tape.refuse(f"a view made by {function.__name__} is written to: write to a copy")

    def as_scalar(self) -> Traced:
        """Return the NumPy scalar that a Python number becomes in an array."""
        scalar: Traced = self.tape.call(self.dtype.type, [self])
        return scalar

    def view_by(
        self, function: Any, options: Options, parts: Sequence[Any] = (), through: bool = False
    ) -> Traced:
        """Return a view of it; one ``through`` which to write also where NumPy makes a copy."""
        if self.is_number:
            return self.as_scalar().view_by(function, options, parts)
        parts = [p.snapshot() if type(p) is Traced else p for p in parts]
        node = self.tape.node(function, [self, *parts], options)
        copied = function is _functions.reshape and not through
        if copied and not np.may_share_memory(node.value, self.node.value):
            return Traced(self.tape, node)  # of what does not lie in one piece NumPy makes a copy
        return Traced(self.tape, node, self, (function, options), parts)

    @property
    def shape(self) -> Shape:
        """The lengths of the axes."""
        return self.node.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.node.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.node.size

    @property
    def dtype(self) -> Any:
        """The type of the entries; of a Python number that which NumPy gives it."""
        return np.asarray(self.node.value).dtype if self.node.dtype is None else self.node.dtype

    @property
    def itemsize(self) -> int:
        """The number of bytes of an entry."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """The number of bytes of all entries."""
        return self.itemsize * self.size

    @property
    def is_number(self) -> bool:
        """Whether it stands for a Python number."""
        return type(self.node.value) in _NUMBERS

    # -- what Python reads -------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(self.tape.read(self))

    def __int__(self) -> int:
        return int(self.tape.read(self))

    def __float__(self) -> float:
        return float(self.tape.read(self))

    def __complex__(self) -> complex:
        return complex(self.tape.read(self))

    def __index__(self) -> int:
        return operator.index(self.tape.read(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = np.array(self.tape.read(self), dtype=dtype)
        array.flags.writeable = bool(copy)  # what is written to no copy would be lost
        return array

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Be copied and kept as the value."""
        return _itself, (self.tape.read(self),)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What the program is told if it asks, as by isinstance: the type of what it stands for."""
        return type(self.node.value) if asked_outside() else Traced

    def item(self, *args: Any) -> Any:
        """Return an entry as a Python number."""
        value = np.asarray(self.tape.read(self[args] if args else self))
        return value.item()

    def tolist(self) -> Any:
        """Return the entries as nested lists of Python numbers."""
        return np.asarray(self.tape.read(self)).tolist()

    def __format__(self, spec: str) -> str:
        return format(self.tape.read(self), spec)

    def __repr__(self) -> str:
        return repr(self.tape.read(self))

    def __str__(self) -> str:
        return str(self.tape.read(self))

    def __hash__(self) -> int:
        return hash(self.tape.read(self))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, x: Any) -> bool:
        return bool(np.any(self == x))

    # -- NumPy's protocols -------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(issubclass(type(x), Tensor) for x in inputs):
            return NotImplemented
        return self.tape.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        return self.tape.call_function(function, args, kwargs)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return np

    # -- entries -----------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        if self.is_number:
            self = self.as_scalar()
        options, parts, basic = _key(key)
        if basic or all(p.ndim == 0 and p.dtype.kind in "iu" for p in parts):
            x = self.view_by(_functions.getitem, options, parts)
            return x if isinstance(x.node.value, np.ndarray) else Traced(self.tape, x.node)
        x = self.tape.call(_functions.getitem, [self, *parts], options)
        if any(type(p) is Traced and p.dtype.kind == "b" for p in parts):
            self.tape.guard_shape(x)
        return x

    def __setitem__(self, key: Any, value: Any) -> None:
        if not hasattr(value, "dtype"):
            value = np.asarray(value) if isinstance(value, list | tuple) else value
        options, parts, _ = _key(key)
        if not self.shape and not parts and not _has_truth_value(key):
            self.write(np.full_like(self, np.reshape(value, ())))
            return
        if type(value) is Traced and value.base is self and not parts and value.view[1] == options:
            return  # of x[key] += v, which has written it by the view
        self.write(self.tape.call(_functions.setitem, [self, value, *parts], options))

    def __getattr__(self, name: str) -> Any:
        return self.tape.attribute(self, name)

    # -- operators ---------------------------------------------------------------------------

    def __neg__(self) -> Any:
        return _unary(self, np.negative, operator.neg)

    def __pos__(self) -> Any:
        return _unary(self, np.positive, operator.pos)

    def __abs__(self) -> Any:
        return _unary(self, np.absolute, abs)

    def __invert__(self) -> Any:
        return _unary(self, np.invert, operator.invert)

    def __round__(self, decimals: int | None = None) -> Any:
        if self.is_number or decimals is None:
            return round(self.tape.read(self), decimals)
        return np.round(self, decimals)

    def __pow__(self, other: Any) -> Any:
        return _power(self, other)

    def __ipow__(self, other: Any) -> Any:
        result = _power(self, other)
        if result is NotImplemented or not isinstance(self.node.value, np.ndarray):
            return result
        self.write(result)
        return self

    def __rpow__(self, other: Any) -> Any:
        return _binary(other, self, np.power, operator.pow)

    def __divmod__(self, other: Any) -> Any:
        if _is_number(self) and _is_number(other):
            return self // other, self % other
        return np.divmod(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        if _is_number(self) and _is_number(other):
            return other // self, other % self
        return np.divmod(other, self)


def _key(key: Any) -> tuple[Options, list[Any], bool]:
    """Return a key as options, the arrays in it, and whether it makes a view."""
    if isinstance(key, _BASIC):
        return {"key": _known_slice(key)}, [], type(key) is not bool
    if type(key) is list:
        key = np.asarray(key) if not any(type(k) is Traced for k in key) else np.stack(key)
    parts: list[Any] = []
    keys = key if type(key) is tuple else (key,)
    template = []
    basic = True
    for k in keys:
        if issubclass(type(k), Tensor):
            k = k.data
        if type(k) is list:
            k = np.asarray(k, dtype=None if k else np.intp)
        if type(k) is Traced or isinstance(k, np.ndarray):
            basic = False
            template.append(_functions.Part(len(parts)))
            parts.append(k)
        else:
            basic = basic and isinstance(k, _BASIC) and type(k) is not bool
            template.append(_known_slice(k))
    return {"key": tuple(template) if type(key) is tuple else template[0]}, parts, basic


def _has_truth_value(key: Any) -> bool:
    return any(isinstance(k, bool | np.bool) for k in (key if type(key) is tuple else (key,)))


def _known_slice(key: Any) -> Any:
    """Return a slice between numbers, for on these the shape of what it takes depends."""
    if type(key) is not slice:
        return key
    ends = (key.start, key.stop, key.step)
    return slice(*(x if x is None else operator.index(x) for x in ends))


def _unary(x: Traced, ufunc: Any, operation: Callable[[Any], Any]) -> Any:
    return x.tape.call(operation if x.is_number else ufunc, [x])


def _itself(x: Any) -> Any:
    return x


def _binary(x: Any, y: Any, ufunc: Any, operation: Callable[[Any, Any], Any]) -> Any:
    """Return what an operator computes: of Python numbers another one."""
    if issubclass(type(x), Tensor) or issubclass(type(y), Tensor):
        return NotImplemented
    tape = (
        x.tape
        if type(x) is Traced and not x.tape.closed
        else y.tape
        if type(y) is Traced
        else x.tape
    )
    if _is_number(x) and _is_number(y):
        return tape.call(operation, [x, y])
    if isinstance(x, list | tuple) or isinstance(y, list | tuple):
        if ufunc is np.multiply and (_is_count(x) or _is_count(y)):
            return operation(*(operator.index(v) if _is_count(v) else v for v in (x, y)))
        x, y = (np.asarray(v) if isinstance(v, list | tuple) else v for v in (x, y))
    return tape.call(ufunc, [x, y])


def _is_count(x: Any) -> bool:
    """Whether a stand-in is a whole number, by which a list is repeated."""
    return type(x) is Traced and not x.shape and x.dtype.kind in "iu" and not _is_array(x)


def _is_array(x: Traced) -> bool:
    return isinstance(x.node.value, np.ndarray)


def _is_number(x: Any) -> bool:
    return type(x) in _NUMBERS or (type(x) is Traced and x.is_number)


# What NumPy's operator ** computes for some Python numbers as exponents.
_SPECIAL_POWERS = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal, 1: np.positive}


def _power(x: Traced, y: Any) -> Any:
    if not x.is_number and type(y) in (int, float) and x.dtype.kind in "fc" and x.ndim:
        special = _SPECIAL_POWERS.get(y)
        if special is not None:
            return x.tape.call(special, [x])
    return _binary(x, y, np.power, operator.pow)


def _operators(name: str, ufunc: Any, operation: Callable[[Any, Any], Any]) -> None:
    """Give the class an operator, the one with exchanged operands, and the one in place."""

    def forward(self: Traced, other: Any) -> Any:
        return _binary(self, other, ufunc, operation)

    def with_operands_exchanged(self: Traced, other: Any) -> Any:
        return _binary(other, self, ufunc, operation)

    def in_place(self: Traced, other: Any) -> Any:
        result = _binary(self, other, ufunc, operation)
        if result is NotImplemented or not isinstance(self.node.value, np.ndarray):
            return result
        self.write(result)
        return self

    setattr(Traced, f"__{name}__", forward)
    setattr(Traced, f"__r{name}__", with_operands_exchanged)
    setattr(Traced, f"__i{name}__", in_place)


for _name, _ufunc, _operation in [
    ("add", np.add, operator.add),
    ("sub", np.subtract, operator.sub),
    ("mul", np.multiply, operator.mul),
    ("truediv", np.divide, operator.truediv),
    ("floordiv", np.floor_divide, operator.floordiv),
    ("mod", np.remainder, operator.mod),
    ("matmul", np.matmul, operator.matmul),
    ("and", np.bitwise_and, operator.and_),
    ("or", np.bitwise_or, operator.or_),
    ("xor", np.bitwise_xor, operator.xor),
    ("lshift", np.left_shift, operator.lshift),
    ("rshift", np.right_shift, operator.rshift),
]:
    _operators(_name, _ufunc, _operation)


def _comparison(name: str, ufunc: Any, operation: Callable[[Any, Any], Any]) -> None:
    def compare(self: Traced, other: Any) -> Any:
        return _binary(self, other, ufunc, operation)

    setattr(Traced, f"__{name}__", compare)


for _name, _ufunc, _operation in [
    ("lt", np.less, operator.lt),
    ("le", np.less_equal, operator.le),
    ("gt", np.greater, operator.gt),
    ("ge", np.greater_equal, operator.ge),
    ("eq", np.equal, operator.eq),
    ("ne", np.not_equal, operator.ne),
]:
    _comparison(_name, _ufunc, _operation)

PLAIN.add(Traced)  # rules compute with it as with NumPy's arrays
