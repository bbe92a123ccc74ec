"""Lines that work entry by entry: arithmetic, functions, choices, and poles behind masks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.autodiff.programs.choosing import Chooser
from tests.autodiff.programs.program import literal
from tests.autodiff.programs.template import template

HOLOMORPHIC = [
    *("np.sin({x})", "np.cos({x})", "np.tanh({x})", "np.exp(-0.3*{x})", "np.expm1(0.5*{x})"),
    *("np.square({x})", "np.sqrt(1.5+np.sin({x}))", "np.log(2+np.sin({x}))"),
    *("np.log1p(0.5*np.tanh({x}))", "-{x}", "{x}**2", "{x}**3", "np.arcsin(0.6*np.sin({x}))"),
    *("np.arccos(0.6*np.sin({x}))", "np.arctan({x})", "np.arctanh(0.6*np.sin({x}))"),
    *("np.sinh(0.5*{x})", "np.cosh(0.5*{x})", "np.arcsinh({x})", "np.arccosh(3+np.sin({x}))"),
    *("np.sinc(0.3*{x})", "np.reciprocal(2+np.sin({x}))", "np.exp2(0.5*{x})"),
    *("np.log2(2+np.sin({x}))", "np.log10(2+np.sin({x}))", "np.positive({x})"),
    *("2.0**np.tanh({x})", "(2+np.sin({x}))**1.5", "{x}*{x}", "1/(2+{x}**2)", "np.tan(0.4*{x})"),
    *("np.copy({x})", "1-{x}"),
]
REAL = [
    *("np.cbrt(2+np.sin({x}))", "np.degrees(0.01*{x})", "np.radians({x})", "np.hypot({x},1.0)"),
    *("np.i0(0.5*{x})", "np.logaddexp(0.0,{x})", "np.arctan2({x},2.0)"),
    *("np.logaddexp2({x},1.0)",),
]
CORNERED = [
    *("np.abs({x})", "np.fabs({x})", "np.maximum({x},0.3)", "np.minimum(0.4,{x})"),
    *("np.clip({x},-0.5,0.8)", "np.fmax({x},0.2)", "np.fmin({x},0.6)", "{x}.clip(min=0.1)"),
    *("np.mod({x},2)", "np.fmod({x},1.5)", "np.copysign({x},1.0)", "np.modf({x})[0]"),
    *("np.sign({x})*{x}**2", "{x}*np.floor(2*{x})"),
]


def _unary(patterns: list[str]) -> Callable[[Chooser], str | None]:
    def write(some: Chooser) -> str | None:
        return some.among(patterns).format(x=some.array())

    return write


template(weight=4)(_unary(HOLOMORPHIC))
template(analytic=False, holomorphic=False)(_unary(REAL))
template(analytic=False, holomorphic=False, corner=True)(_unary(CORNERED))


@template(weight=5)
def arithmetic(some: Chooser) -> str | None:
    """Write a sum, difference, product or quotient with a partner, on either side."""
    x = some.array()
    assert x is not None
    y = some.partner(x)
    a, b = (x, y) if some.flag() else (y, x)
    return some.among([f"{a} + {b}", f"{a} - {b}", f"{a} * {b}", f"{a} / (2.5 + np.sin({b}))"])


@template()
def powers(some: Chooser) -> str | None:
    """Write a power of two operands, with a base away from 0."""
    x = some.array()
    assert x is not None
    return f"np.power(2 + np.sin({x}), np.tanh({some.partner(x)}))"


@template(analytic=False, holomorphic=False, corner=True)
def compared(some: Chooser) -> str | None:
    """Write a choice between two operands."""
    x = some.array()
    assert x is not None
    f = some.among(["maximum", "minimum", "fmax", "fmin"])
    return f"np.{f}({x}, {some.partner(x)})"


@template(analytic=False, holomorphic=False)
def paired(some: Chooser) -> str | None:
    """Write a smooth real function of two operands."""
    x = some.array()
    assert x is not None
    y = some.partner(x)
    forms = ["np.hypot({x}, 2 + {y})", "np.arctan2({x}, 3 + np.sin({y}))", "np.logaddexp({x}, {y})"]
    return some.among(forms).format(x=x, y=y)


@template(holomorphic=False, corner=True)
def where(some: Chooser) -> str | None:
    """Write a choice by a condition on a value."""
    x = some.array()
    assert x is not None
    y = some.partner(x)
    forms = ["np.where({x} > 0.25, {x}, {y})", "np.where({x} < {c}, {y}, 0.5 * {x})"]
    c = some.constant(some.broadcast_shape(some.shape(x)))
    return some.among(forms).format(x=x, y=y, c=c)


@template(weight=1.5)
def masked(some: Chooser) -> str | None:
    """Write a choice by constant masks."""
    x = some.array()
    assert x is not None
    shape = some.shape(x)
    mask, y = some.mask(some.broadcast_shape(shape)), some.partner(x)
    forms = [f"np.where({mask}, {x}, {y})", f"np.where({mask}, {y}, {x})"]
    if shape:
        other = some.mask(shape)
        forms.append(f"np.select([{some.mask(shape)}, {other}], [{x}, {x} * 2.0], {x} + 1.0)")
        forms.append(f"np.where({other}, {x}, nan)[{other}]")
    return some.among(forms)


@template(weight=3)
def pole(some: Chooser) -> str | None:
    """Write a function with a pole exactly at some entries, which a mask leaves out."""
    x = some.array(lambda x: x.size <= 16)
    if x is None:
        return None
    value = some.values[x]
    c = float(some.among(value.ravel()))
    mask = literal(value - c > 0.05)
    gap = f"({x} - {literal(np.float64(c))})"
    forms = ["np.log({d})", "np.sqrt({d})", "0.05 / {d}", "np.power({d}, 0.5)"]
    forms += ["0.05 * {d}**-1.0", "{d} * np.log({d})"]
    # These have a first derivative, and a pole in the second.
    forms += ["{d}**1.5", "np.power({d}, {d})"] if some.perhaps(0.3) else []
    inside = some.among(forms).format(d=gap)
    outside = some.among([f"0.5 * {x}", "0.0", f"{x}"])
    return f"np.where({mask}, {inside}, {outside})"


@template(weight=1.5)
def at_zero(some: Chooser) -> str | None:
    """Write a smooth function whose rule has to take care at 0, exactly there at some entries."""
    x = some.array()
    assert x is not None
    gap = f"({x} - {literal(np.float64(some.among(some.values[x].ravel())))})"
    forms = ["np.power(2 + np.sin({y}), {d})", "np.sinc({d})", "{d}**2", "{d}**3 + {x}", "{d}**1"]
    forms += ["np.prod(np.atleast_1d({d}), axis=0)", "np.cumprod({d})", "np.power({d}, 2.0)"]
    return some.among(forms).format(x=x, d=gap, y=some.array())


@template(analytic=False, holomorphic=False)
def real_pole(some: Chooser) -> str | None:
    """Write a function of real numbers that has no derivative where a mask leaves it out."""
    x = some.array(lambda x: x.size <= 16)
    if x is None:
        return None
    value = some.values[x]
    c = float(some.among(value.ravel()))
    mask = literal(np.abs(value - c) > 0.05)
    gap = f"({x} - {literal(np.float64(c))})"
    forms = ["np.arctan2({d}, {d} * 2)", "np.hypot({d}, {d})", "np.cbrt({d})", "np.abs({d})**0.5"]
    return f"np.where({mask}, {some.among(forms).format(d=gap)}, 0.5 * {x})"


@template()
def holes(some: Chooser) -> str | None:
    """Write a sum that leaves out NaN."""
    x = some.of_rank(1, 3)
    if x is None:
        return None
    hole = np.where(some.rng.random(some.shape(x)) < 0.3, np.nan, 1.5)
    hole.flat[0] = 1.0
    f = some.among(["nansum", "nansum", "nanprod"])
    holed = some.among([f"{x} * {literal(hole)}", f"np.where({literal(hole > 0)}, {x}, nan)"])
    return f"np.{f}({holed}, axis={some.axes(x)}, keepdims={some.flag()})"
