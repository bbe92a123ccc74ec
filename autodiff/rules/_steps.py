"""Functions with steps: remainders, fractions, signs. Between its steps each is linear."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.array_kinds import refuse_lazy
from autodiff._core.constants_like import ones_like
from autodiff._core.record import value_of
from autodiff._core.table import elementwise, operation
from autodiff._core.tensor import constant
from autodiff._core.types import Value

elementwise(
    np.fmod,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * np.rint((x - out) / y),
)
elementwise(
    np.remainder,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * np.floor_divide(x, y),
)
elementwise(
    np.copysign,
    lambda g, out, x, y: g * (np.sign(x) * np.sign(out)),
    lambda g, out, x, y: 0 * g,
)
elementwise(
    np.nextafter,
    lambda g, out, x, y: g,
    lambda g, out, x, y: 0 * g,
)
elementwise(
    np.heaviside,
    lambda g, out, x, at_zero: 0 * g,
    lambda g, out, x, at_zero: np.where(x == 0, g, 0),
)
elementwise(
    np.ldexp,
    lambda g, out, x, exponent: g * np.ldexp(ones_like(x), exponent),
    lambda g, out, x, exponent: 0 * g,  # never asked for: exponents are integers
)


_fraction = elementwise(np.modf, lambda g, out, x: g, compute=lambda x: np.modf(x)[0])


@operation(np.modf)
def _modf(x: Value) -> Value:
    return _fraction(x), np.trunc(x)


@operation(np.frexp)
def _frexp(x: Value) -> Value:
    exponent = np.frexp(value_of(x))[1]
    return np.ldexp(x, -exponent), constant(exponent)


@operation(np.divmod)
def _divmod(x: Value, y: Value) -> Value:
    return np.floor_divide(x, y), np.remainder(x, y)


@operation(np.unwrap)
def _unwrap(p: Value, discont: Any = None, axis: int = -1, *, period: float = 2 * math.pi) -> Value:
    value = value_of(p)
    refuse_lazy("np.unwrap is", "give an array in memory, as x.compute()", value)
    return p + (np.unwrap(value, discont, axis, period=period) - value)
