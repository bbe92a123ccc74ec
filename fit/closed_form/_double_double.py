"""Arithmetic with twice the digits of a float: numbers as sums of two floats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class DoubleDouble(NamedTuple):
    """Numbers of about 32 digits: what an array of floats holds, and what it rounds away.

    Examples
    --------
    >>> third = multiply(DoubleDouble(1.0), DoubleDouble(1 / 3, 2.0**-54 / 3))
    >>> total(multiply(DoubleDouble(np.full(3, third.high), np.full(3, third.low)), ONE), 0)
    DoubleDouble(high=np.float64(1.0), low=np.float64(0.0))

    References
    ----------
    T. J. Dekker, "A floating-point technique for extending the available precision", Numerische
    Mathematik 18 (1971).
    """

    high: Any
    low: Any = 0.0

    def at(self, key: Any) -> DoubleDouble:
        """Return some of the numbers, by NumPy's indexing of both arrays."""
        return DoubleDouble(self.high[key], self.low[key])


ONE = DoubleDouble(1.0)


def add(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    """Return a + b."""
    s, e = _two_sum(a.high, b.high)
    return _normal_form(s, e + (a.low + b.low))


def multiply(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    """Return a · b."""
    p, e = _two_product(a.high, b.high)
    return _normal_form(p, e + (a.high * b.low + a.low * b.high))


def total(a: DoubleDouble, axis: int) -> DoubleDouble:
    """Return the sum along an axis, in pairs."""
    high, low = np.moveaxis(a.high, axis, 0), np.moveaxis(a.low, axis, 0)
    while (n := len(high)) > 1:
        half = n // 2
        s, e = _two_sum(high[:half], high[half : 2 * half])
        e += low[:half] + low[half : 2 * half]
        if n % 2:
            s, e = np.concatenate([s, high[-1:]]), np.concatenate([e, low[-1:]])
        high, low = s, e
    return _normal_form(high[0], low[0])


def _two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """Return a + b, rounded, and what was rounded away (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """Return a · b, rounded, and what was rounded away (Dekker)."""
    p = a * b
    a1, a2 = _halves(a)
    b1, b2 = _halves(b)
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a: Any) -> tuple[Any, Any]:
    """Return two numbers of 26 bits, whose products are exact, with the sum a (Veltkamp)."""
    c = (2.0**27 + 1) * a
    first = c - (c - a)
    return first, a - first


def _normal_form(high: Any, low: Any) -> DoubleDouble:
    s = high + low
    return DoubleDouble(s, low - (s - high))


def double_double(values: NDArray[np.float64]) -> DoubleDouble:
    """Return numbers that are exact as they are."""
    return DoubleDouble(values, np.zeros_like(values))
