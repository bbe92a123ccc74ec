"""Complex numbers: their parts, and the functions that turn to them where no real number fits.

The cotangent of z = x + iy is du/dx - i du/dy, so that the rules of analytic functions hold as
they stand. (JAX and autograd have the same convention.) Where z becomes a real number, only the
real part of a cotangent counts.
"""

from __future__ import annotations

import math

import numpy as np

from autodiff._core.nonnegative import Nonnegative
from autodiff._core.record import value_of
from autodiff._core.table import linear, operation
from autodiff._core.tensor import constant
from autodiff._core.types import Function, Value
from autodiff.rules._lengths import direction

linear(np.real, lambda g, out, z: np.real(g) + 0j if z.dtype.kind == "c" else g, kind=Nonnegative)
linear(np.imag, lambda g, out, z: np.real(g) * -1j if z.dtype.kind == "c" else 0 * g)
linear(np.conjugate, lambda g, out, z: np.conjugate(g))


@operation(np.angle)
def _angle(z: Value, deg: bool = False) -> Value:
    angle = np.arctan2(np.imag(z), np.real(z))
    return angle * (180 / math.pi) if deg else angle


@operation(np.sign)
def _sign(x: Value) -> Value:
    """A step for real numbers; for a complex one z / |z|, which turns with z."""
    if x.dtype.kind != "c":
        return constant(np.sign(value_of(x)))
    return direction(np.abs(x), x)


@operation(np.real_if_close)
def _real_if_close(a: Value, tol: float = 100) -> Value:
    return a if np.iscomplexobj(np.real_if_close(value_of(a), tol)) else np.real(a)


# -- numpy.emath -----------------------------------------------------------------------------


def _complex_outside(x: Value, outside: Function) -> Value:
    return x + 0j if np.any(outside(value_of(x))) else x


def _negative(x: Value) -> Value:
    return x < 0


def _beyond_one(x: Value) -> Value:
    return np.abs(x) > 1


def _extend(function: Function, inside: Function, outside: Function) -> None:
    operation(function)(lambda x: inside(_complex_outside(x, outside)))


for _name in ("sqrt", "log", "log2", "log10"):
    _extend(getattr(np.emath, _name), getattr(np, _name), _negative)
for _name in ("arccos", "arcsin", "arctanh"):
    _extend(getattr(np.emath, _name), getattr(np, _name), _beyond_one)


@operation(np.emath.logn)
def _logn(n: Value, x: Value) -> Value:
    return np.emath.log(x) / np.emath.log(n)


@operation(np.emath.power)
def _power(x: Value, p: Value) -> Value:
    return np.power(_complex_outside(x, _negative), p)
