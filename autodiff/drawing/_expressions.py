"""Symbols in the place of arrays: what NumPy's functions make of them is a formula.

A formula is written as a textbook does, with as few brackets as it can be read with: 2·x, −out/y,
1/(1 + x²). Each also has the value that the same calls give, computed when it is asked for.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# How tightly a formula holds together, from the loosest on.
CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, NEGATIVE, POWER, ATOM = range(10)

_SUPERSCRIPTS = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CONSTANTS = [
    (math.pi, "π", ATOM),
    (2 * math.pi, "2·π", PRODUCT),
    (math.pi / 2, "π/2", PRODUCT),
    (math.pi / 180, "π/180", PRODUCT),
    (math.pi / 180 / 60, "π/10800", PRODUCT),
    (math.pi / 180 / 3600, "π/648000", PRODUCT),
    (180 / math.pi, "180/π", PRODUCT),
    (math.log(2), "log(2)", ATOM),
    (math.log(10), "log(10)", ATOM),
    (1 / math.log(2), "1/log(2)", PRODUCT),
    (1 / math.log(10), "1/log(10)", PRODUCT),
    (math.sqrt(math.pi), "√π", POWER),
    (2 / math.sqrt(math.pi), "2/√π", PRODUCT),
    (math.sqrt(math.pi) / 2, "√π/2", PRODUCT),
    (math.sqrt(2 * math.pi), "√(2·π)", POWER),
    (1 / math.sqrt(2 * math.pi), "1/√(2·π)", PRODUCT),
    (math.sqrt(2 / math.pi), "√(2/π)", POWER),
]


class Symbol(NDArrayOperatorsMixin):
    """A formula and how tightly it holds together, that computes and prints as an array does.

    Parameters
    ----------
    text : str
    level : int
        Of the constants above.
    compute : callable
        Returns its value.
    rare : bool, optional
        Of a condition, whether it holds at single points alone; False: everywhere else; None:
        neither.
    smooth : bool
        Whether it takes each of its values at single points alone.
    """

    def __init__(
        self,
        text: str,
        level: int,
        compute: Callable[[], Any],
        rare: bool | None = None,
        smooth: bool = True,
    ) -> None:
        self.text = text
        self.level = level
        self.compute = compute
        self.rare = rare
        self.smooth = smooth

    @cached_property
    def value(self) -> Any:
        """The value, an array or a number."""
        with np.errstate(all="ignore"):
            return self.compute()

    def __repr__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(self.shape[0]))

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
    def dtype(self) -> Any:
        """The type of the entries."""
        return np.asarray(self.value).dtype

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def T(self) -> Symbol:  # noqa: N802  # ndarray's name
        """The transpose."""
        return self._behind(".T", lambda x: x.T)

    @property
    def mT(self) -> Symbol:  # noqa: N802  # ndarray's name
        """The matrices transposed."""
        return self._behind(".mT", np.matrix_transpose)

    @property
    def real(self) -> Symbol:
        """The real part."""
        return np.real(self)  # type: ignore[return-value]

    @property
    def imag(self) -> Symbol:
        """The imaginary part."""
        return np.imag(self)  # type: ignore[return-value]

    def __getitem__(self, key: Any) -> Symbol:
        return self._behind(f"[{key_text(key)}]", lambda x: x[values_in(key)])

    def _behind(self, text: str, function: Callable[[Any], Any]) -> Symbol:
        whole = bracketed(self, ATOM)
        return Symbol(whole + text, ATOM, lambda: function(self.value), smooth=self.smooth)

    def astype(self, dtype: Any) -> Symbol:
        """Return it as it is: a formula's entries have no type."""
        compute = lambda: self.value.astype(dtype)  # noqa: E731
        return Symbol(self.text, self.level, compute, self.rare, self.smooth)

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

    def dot(self, other: Any) -> Symbol:
        """Return the product of matrices."""
        return self @ other  # type: ignore[no-any-return]

    # -- NumPy's protocols -------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return NotImplemented
        write = _WRITERS.get(ufunc)
        if write is not None:
            return write(ufunc, *inputs)
        return call(ufunc.__name__, ufunc, inputs, {})

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.where and len(args) == 3:
            return _choice(*args)
        if function in _FACTS:
            return function(*values_in(args), **values_in(kwargs))
        if function in (np.zeros_like, np.ones_like):
            return float(function is np.ones_like)
        return call(function.__name__, function, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"the formula {self.text} is no array")


_FACTS = {np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type}


# -- values and texts ------------------------------------------------------------------------


def values_in(x: Any) -> Any:
    """Return a structure with its value in the place of each symbol."""
    if isinstance(x, Symbol):
        return x.value
    if type(x) in (tuple, list):
        return type(x)(map(values_in, x))
    return {k: values_in(v) for k, v in x.items()} if type(x) is dict else x


def symbols_in(x: Any) -> list[Symbol]:
    """Return the symbols in a structure."""
    if isinstance(x, Symbol):
        return [x]
    parts = x.values() if type(x) is dict else x if type(x) in (tuple, list) else ()
    return [symbol for part in parts for symbol in symbols_in(part)]


def literal(x: Any) -> Symbol:
    """Return a symbol as it is, and a number or a static argument as a formula."""
    if isinstance(x, Symbol):
        return x
    text, level = (
        number(x) if np.isscalar(x) and not isinstance(x, str | bytes) else (spelled(x), ATOM)
    )
    return Symbol(text, level, lambda: x, smooth=False)


def number(x: Any) -> tuple[str, int]:
    """Return a number as it is written, and how tightly that holds together."""
    if isinstance(x, bool | np.bool):
        return str(int(x)), ATOM
    if isinstance(x, complex | np.complexfloating):
        return f"({x.real:.5g}{x.imag:+.5g}j)".replace("-", "−"), ATOM
    for value, text, level in _CONSTANTS:
        if math.isclose(abs(x), value, rel_tol=1e-15) and isinstance(x, float):
            return (text, level) if x > 0 else (f"−{text}", min(level, NEGATIVE))
    text = f"{x:.5g}" if isinstance(x, float | np.floating) else str(x)
    return text.replace("-", "−"), NEGATIVE if x < 0 else ATOM


def spelled(x: Any) -> str:
    """Return a static argument as a program spells it."""
    if isinstance(x, Symbol):
        return x.text
    if isinstance(x, np.ndarray):
        return f"[{', '.join(map(spelled, x))}]" if x.ndim and x.size <= 4 else "…"
    if isinstance(x, list):
        return f"[{', '.join(map(spelled, x))}]"
    if isinstance(x, tuple):
        return f"({', '.join(map(spelled, x))}{',' * (len(x) == 1)})"
    if isinstance(x, int | float | complex | np.number):
        return number(x)[0]
    return repr(x)


def key_text(key: Any) -> str:
    """Return what stands between the brackets of a read."""
    parts = key if isinstance(key, tuple) else (key,)
    return ", ".join(map(_index, parts))


def _index(k: Any) -> str:
    if isinstance(k, slice):
        ends = [k.start, k.stop, k.step][: 2 + (k.step is not None)]
        return ":".join("" if end is None else spelled(end) for end in ends)
    return "…" if k is Ellipsis else spelled(k)


def bracketed(x: Symbol, level: int) -> str:
    """Return a formula, in brackets if it holds together less tightly than this."""
    return x.text if x.level >= level else f"({x.text})"


# -- functions and operators -----------------------------------------------------------------


def call(name: str, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Symbol:
    """Return the formula of a call."""
    given = {k: v for k, v in kwargs.items() if v is not None and v is not False}
    texts = [*map(spelled, args), *(f"{k}={spelled(v)}" for k, v in given.items())]
    return Symbol(
        f"{name}({', '.join(texts)})",
        ATOM,
        lambda: function(*values_in(args), **values_in(kwargs)),
        rare=_RARE.get(function),
        smooth=function not in _STEPS and _all_smooth((*args, kwargs)),
    )


_STEPS = {np.rint, np.floor, np.ceil, np.trunc, np.sign, np.floor_divide, np.round, np.isfinite}
_RARE: dict[Any, bool] = {np.isinf: True, np.isnan: True, np.isfinite: False}


def _all_smooth(args: Any) -> bool:
    found = symbols_in(args)
    return bool(found) and all(x.smooth for x in found)


def _written(text: str, level: int, function: Callable[..., Any], *args: Any) -> Symbol:
    compute = lambda: function(*values_in(args))  # noqa: E731
    return Symbol(text, level, compute, smooth=_all_smooth(args))


def _is(x: Any, value: float) -> bool:
    return not isinstance(x, Symbol) and np.ndim(x) == 0 and bool(x == value)


def _without_minus(x: Symbol) -> str:
    """Return a product without the minus in front of it; nothing where there is none."""
    return x.text[1:] if x.level in (PRODUCT, NEGATIVE) and x.text[0] == "−" else ""


def _sum(ufunc: Any, x: Any, y: Any) -> Any:
    if _is(x, 0):
        return y
    if _is(y, 0):
        return x
    a, b = literal(x), literal(y)
    if positive := _without_minus(b):
        return (
            _written(f"{a.text} − {positive}", SUM, ufunc, x, y)
            if a.level >= SUM
            else (_written(f"({a.text}) − {positive}", SUM, ufunc, x, y))
        )
    return _written(f"{bracketed(a, SUM)} + {bracketed(b, SUM)}", SUM, ufunc, x, y)


def _difference(ufunc: Any, x: Any, y: Any) -> Any:
    if _is(x, 0):
        return -y
    if _is(y, 0):
        return x
    a, b = literal(x), literal(y)
    if positive := _without_minus(b):
        return _written(f"{bracketed(a, SUM)} + {positive}", SUM, ufunc, x, y)
    return _written(f"{bracketed(a, SUM)} − {bracketed(b, PRODUCT)}", SUM, ufunc, x, y)


def _negative(ufunc: Any, x: Symbol) -> Symbol:
    if positive := _without_minus(x):
        level = PRODUCT if x.level == PRODUCT else ATOM
        return _written(positive, level, ufunc, x)
    level = min(x.level, NEGATIVE) if x.level >= PRODUCT else NEGATIVE
    return _written(f"−{bracketed(x, PRODUCT)}", level, ufunc, x)


def _product(ufunc: Any, x: Any, y: Any) -> Any:
    for one, other in ((x, y), (y, x)):
        if _is(one, 1):
            return other
        if _is(one, -1):
            return -other
        if _is(one, 0):
            return 0.0
    a, b = literal(x), literal(y)
    if a.text == b.text and a.level >= PRODUCT and not _without_minus(a):
        return _power_of(ufunc, a, 2, x, y)
    return _signed("·", PRODUCT, ufunc, x, y)


def _signed(sign: str, right: int, ufunc: Any, x: Any, y: Any) -> Symbol:
    """Return a product or quotient, with the factors' minuses in front of it."""
    a, b = literal(x), literal(y)
    minus = ""
    left_text, right_text = bracketed(a, PRODUCT), bracketed(b, right)
    if positive := _without_minus(b):
        minus = "−"
        right_text = positive if b.level >= right or "·" not in positive + sign else f"({positive})"
    if minus and (positive := _without_minus(a)):
        minus, left_text = "", positive
    return _written(f"{minus}{left_text}{sign}{right_text}", PRODUCT, ufunc, x, y)


def _quotient(ufunc: Any, x: Any, y: Any) -> Any:
    if _is(y, 1):
        return x
    if _is(x, 0):
        return 0.0
    return _signed("/", POWER, ufunc, x, y)


def _matrix_product(ufunc: Any, x: Any, y: Any) -> Symbol:
    return _signed(" @ ", POWER, ufunc, x, y)


def _power(ufunc: Any, x: Any, y: Any) -> Any:
    if _is(y, 1):
        return x
    return _power_of(ufunc, literal(x), y, x, y)


def _power_of(ufunc: Any, base: Symbol, exponent: Any, *args: Any) -> Symbol:
    written = literal(exponent)
    digits = written.text.removeprefix("−")
    if digits.isdecimal():
        text = written.text.translate(_SUPERSCRIPTS)
    else:
        text = f"^{bracketed(written, ATOM)}"
    return _written(bracketed(base, ATOM) + text, POWER, ufunc, *args)


def _square(ufunc: Any, x: Symbol) -> Symbol:
    return _power_of(ufunc, x, 2, x)


def _root(ufunc: Any, x: Symbol) -> Symbol:
    text = x.text if x.text.isidentifier() else f"({x.text})"
    return _written(f"√{text}", POWER, ufunc, x)


# -- conditions --------------------------------------------------------------------------------
# Rules have exceptions: at poles, ties and infinities. A formula says what holds everywhere else,
# unless the operands are there.


def _comparison(sign: str, rare: bool | None) -> Callable[..., Symbol]:
    def write(ufunc: Any, x: Any, y: Any) -> Symbol:
        a, b = literal(x), literal(y)
        text = f"{bracketed(a, SUM)} {sign} {bracketed(b, SUM)}"
        alone = rare if _all_smooth((x, y)) else None
        return Symbol(text, COMPARISON, lambda: ufunc(*values_in((x, y))), alone, smooth=False)

    return write


def _and(ufunc: Any, x: Any, y: Any) -> Symbol:
    a, b = literal(x), literal(y)
    text = f"{bracketed(a, AND)} and {bracketed(b, AND)}"
    rare = True if a.rare or b.rare else False if a.rare is b.rare is False else None
    return Symbol(text, AND, lambda: ufunc(*values_in((x, y))), rare, smooth=False)


def _or(ufunc: Any, x: Any, y: Any) -> Symbol:
    a, b = literal(x), literal(y)
    text = f"{bracketed(a, OR)} or {bracketed(b, OR)}"
    rare = True if a.rare and b.rare else False if False in (a.rare, b.rare) else None
    return Symbol(text, OR, lambda: ufunc(*values_in((x, y))), rare, smooth=False)


def _not(ufunc: Any, x: Symbol) -> Symbol:
    rare = None if x.rare is None else not x.rare
    text = f"not {bracketed(x, NOT)}"
    return Symbol(text, NOT, lambda: ufunc(x.value), rare, smooth=False)


def _choice(condition: Any, x: Any, y: Any) -> Any:
    """Return np.where."""
    if not isinstance(condition, Symbol):
        return call("where", np.where, (condition, x, y), {})
    if condition.rare is not None:
        return x if np.all(condition.value) else y
    a, b = literal(x), literal(y)
    text = f"{bracketed(a, OR)} if {bracketed(condition, OR)} else {bracketed(b, OR)}"
    return _written(text, CHOICE, np.where, condition, x, y)


_WRITERS: dict[Any, Callable[..., Any]] = {
    np.add: _sum,
    np.subtract: _difference,
    np.negative: _negative,
    np.multiply: _product,
    np.divide: _quotient,
    np.matmul: _matrix_product,
    np.power: _power,
    np.square: _square,
    np.sqrt: _root,
    np.less: _comparison("<", None),
    np.less_equal: _comparison("≤", None),
    np.greater: _comparison(">", None),
    np.greater_equal: _comparison("≥", None),
    np.equal: _comparison("=", True),
    np.not_equal: _comparison("≠", False),
    np.logical_and: _and,
    np.bitwise_and: _and,
    np.logical_or: _or,
    np.bitwise_or: _or,
    np.logical_not: _not,
    np.invert: _not,
    np.positive: lambda ufunc, x: x,
}
