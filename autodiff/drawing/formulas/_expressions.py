"""Symbols in the place of arrays: what NumPy's functions make of them is a formula.

A formula is written as a textbook does, with as few brackets as it can be read with: 2·x, −out/y,
1/(1 + x²). Each has the value too that the same calls give, computed when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autodiff.drawing.formulas._literals import ATOM, MOST_ENTRIES, entries, number, spelling

# What NumPy's functions write where that is more than a call; _arithmetic.py fills it in.
writers: dict[Callable[..., Any], Callable[..., Any]] = {}

# How tightly a formula holds together, from the loosest on; a negative one, a power and an atom
# stand behind.
CHOICE, OR, AND, NOT, COMPARISON, SUM, MATRIX_PRODUCT = range(7)
POWER = ATOM - 1


class Symbol(NDArrayOperatorsMixin):
    """A formula that is computed with as an array is.

    Parameters
    ----------
    text : str
    level : int
        How tightly it holds together.
    compute : callable
        Returns its value.
    rare : bool, optional
        Of a condition: True if it holds at single points alone, False if it fails there alone.
    smooth : bool
        Whether it takes a value at single points alone.
    opposite : Symbol, optional
        What it is the negative of.
    """

    def __init__(
        self,
        text: str,
        level: int,
        compute: Callable[[], Any],
        rare: bool | None = None,
        smooth: bool = True,
        opposite: Symbol | None = None,
    ) -> None:
        self.text = text
        self.level = level
        self.compute = compute
        self.rare = rare
        self.smooth = smooth
        self.opposite = opposite

    @cached_property
    def value(self) -> Any:
        """The value, an array or a number."""
        with np.errstate(all="ignore"):
            return self.compute()

    def __repr__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.value)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Symbol]:
        return (self[i] for i in range(len(self)))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"the formula {self.text} is no array")

    # -- what an array has -------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        """The number of entries."""
        return np.size(self.value)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return np.result_type(self.value)

    @property
    def T(self) -> Symbol:  # noqa: N802  # ndarray's name
        """The transpose."""
        return self._followed_by(".T", np.transpose)

    @property
    def mT(self) -> Symbol:  # noqa: N802  # ndarray's name
        """The transposes of matrices."""
        return self._followed_by(".mT", np.matrix_transpose) if self.ndim > 2 else self.T

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)

    def __getitem__(self, key: Any) -> Symbol:
        parts = key if isinstance(key, tuple) else (key,)
        if self.ndim == 0 and all(k is None or k is Ellipsis for k in parts):
            text = ""  # a number is one, with whatever axes
        else:
            text = f"[{key_text(parts, self.ndim)}]"
        return self._followed_by(text, lambda x: x[values_in(key)])

    def _followed_by(self, text: str, function: Callable[[Any], Any]) -> Symbol:
        whole, level = (in_brackets(self, ATOM), ATOM) if text else (self.text, self.level)
        return Symbol(whole + text, level, lambda: function(self.value), smooth=self.smooth)

    def astype(self, dtype: Any) -> Symbol:
        """Return the same formula: it does not tell types."""
        return Symbol(
            self.text, self.level, lambda: self.value.astype(dtype), self.rare, self.smooth
        )

    def sum(self, axis: Any = None, keepdims: bool = False) -> Symbol:
        """Return the sum over axes."""
        return call("sum", np.sum, (self,), {"axis": axis, "keepdims": keepdims})

    def reshape(self, *shape: Any) -> Symbol:
        """Return the entries in another shape."""
        new = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return call("reshape", np.reshape, (self, new), {})

    def transpose(self, *axes: Any) -> Symbol:
        """Return the array with its axes in another order."""
        order = axes[0] if len(axes) == 1 else axes
        if not axes or tuple(order) == tuple(range(self.ndim))[::-1]:
            return self.T
        return call("transpose", np.transpose, (self, tuple(order)), {})

    # -- NumPy's protocols -------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return NotImplemented
        if ufunc in writers:
            return writers[ufunc](*inputs)
        if ufunc.nout > 1:
            whole = call(_name(ufunc), ufunc, inputs, {})
            return tuple(_result(whole, k) for k in range(ufunc.nout))
        return call(_name(ufunc), ufunc, inputs, {})

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in writers:
            return writers[function](*args, **kwargs)
        if function in (np.real, np.conjugate) and args[0].dtype.kind != "c":
            return args[0]
        if function in _FACTS:
            return function(*values_in(args), **values_in(kwargs))
        return call(_name(function), function, args, kwargs)


_FACTS = {np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type, np.zeros_like}
_FACTS |= {np.ones_like}
_NAMES: dict[Any, str] = {np.absolute: "abs"}


def _name(function: Any) -> str:
    return _NAMES.get(function) or str(function.__name__).lstrip("_")


# -- values and texts ------------------------------------------------------------------------


def values_in(x: Any) -> Any:
    """Return a structure with its value in the place of each symbol."""
    if isinstance(x, Symbol):
        return x.value
    if type(x) in (tuple, list):
        return type(x)(map(values_in, x))
    return {k: values_in(v) for k, v in x.items()} if type(x) is dict else x


def all_smooth(x: Any) -> bool:
    """Whether there are symbols in a structure, all of them smooth."""
    found = _symbols_in(x)
    return bool(found) and all(symbol.smooth for symbol in found)


def _symbols_in(x: Any) -> list[Symbol]:
    if isinstance(x, Symbol):
        return [x]
    parts = x.values() if type(x) is dict else x if type(x) in (tuple, list) else ()
    return [symbol for part in parts for symbol in _symbols_in(part)]


def literal(x: Any) -> Symbol:
    """Return a symbol as it is, and a number or a static argument as a formula."""
    if isinstance(x, Symbol):
        return x
    if not isinstance(x, int | float | complex | np.number | np.bool):
        text = entries(x) if isinstance(x, np.ndarray) else spelling(x)
        return Symbol(text, ATOM, lambda: x, smooth=False)
    text, level = number(x)
    opposite = literal(np.negative(x)) if text.startswith("−") else None
    return Symbol(text, level, lambda: x, smooth=False, opposite=opposite)


def _spelling_in_mathematics(x: Any) -> str:
    text = literal(x).text
    return text[1:-1] if re.fullmatch(r"\([^()]*j\)", text) else text


def in_brackets(x: Symbol, level: int) -> str:
    """Return a formula, in brackets if it holds together less tightly than this."""
    return x.text if x.level >= level else f"({x.text})"


def key_text(parts: tuple[Any, ...], ndim: int) -> str:
    """Return what stands between the brackets of a read, without what says nothing."""
    if parts[0] is Ellipsis and len(parts) == ndim + 1 and None not in map(_none, parts):
        parts = parts[1:]
        while len(parts) > 1 and _is_all(parts[-1]):
            parts = parts[:-1]
    return ", ".join(map(_index_text, parts)) or "..."


def _none(k: Any) -> Any:
    return None if k is None else 0


def _is_all(k: Any) -> bool:
    return isinstance(k, slice) and k == slice(None)


def _index_text(k: Any) -> str:
    if isinstance(k, slice):
        ends = [k.start, k.stop, k.step][: 2 + (k.step is not None)]
        return ":".join("" if end is None else spelling(end) for end in ends)
    if isinstance(k, np.ndarray) and k.size > MOST_ENTRIES:
        return f"indices {k.shape}"
    return "..." if k is Ellipsis else spelling(k)


def call(name: str, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Symbol:
    """Return the formula of a call."""
    options = [f"{k}={spelling(v)}" for k, v in kwargs.items() if v is not None and v is not False]
    spell = _spelling_in_mathematics if isinstance(function, np.ufunc) else spelling
    return Symbol(
        f"{name}({', '.join([*map(spell, args), *options])})",
        ATOM,
        lambda: function(*values_in(args), **values_in(kwargs)),
        rare=_RARE.get(function),
        smooth=function not in _STEPS and all_smooth((args, kwargs)),
    )


def _result(whole: Symbol, k: int) -> Symbol:
    """Return one of several results of a call."""
    return Symbol(f"{whole}[{k}]", ATOM, lambda: whole.value[k], smooth=whole.smooth)


_STEPS = {np.rint, np.floor, np.ceil, np.trunc, np.sign, np.floor_divide, np.round}
_RARE: dict[Any, bool] = {np.isinf: True, np.isnan: True, np.isfinite: False}
