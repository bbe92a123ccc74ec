"""Lines that read, write, reshape, repeat and join entries."""

from __future__ import annotations

import numpy as np

from tests.autodiff.programs.choosing import Chooser
from tests.autodiff.programs.template import template


@template(weight=4)
def reading(some: Chooser) -> str | None:
    """Write some entries of a value."""
    x = some.array()
    return x and f"{x}[{some.key(x)}]"


@template(weight=2)
def reading_twice(some: Chooser) -> str | None:
    """Write a sum of two readings and of the whole, whose cotangents meet at one value."""
    x = some.of_rank(1, 2)
    if x is None:
        return None
    i, j = some.integer(0, some.shape(x)[0] - 1), some.integer(0, some.shape(x)[0] - 1)
    forms = ["np.sum({x})**2 * {x}[{i}]", "{x}[{i}] * {x}[{j}] + np.mean({x})"]
    forms += ["{x}[{i}] + {x}.sum()", "np.sum({x}) * {x}[..., ::-1]", "{x}[{i}] * {x}"]
    forms += ["np.mean({x}[{i}:]) * {x}[[{i}, {j}, {i}]]"]
    return some.among(forms).format(x=x, i=i, j=j)


@template(weight=2.5)
def writing(some: Chooser) -> str | None:
    """Write a value with other entries at some places."""
    x = some.of_rank(1, 3)
    if x is None:
        return None
    key = some.key(x)
    part = np.shape(some.values[x][eval(f"np.s_[{key}]", {"np": np})])
    y = some.array(lambda y: _fills(y.shape, part)) or "0.5"
    method = some.among(["set", "add", "multiply"])
    return f'with_entries({x}, np.s_[{key}], "{method}", {y})'


def _fills(shape: tuple[int, ...], place: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, place) == place
    except ValueError:
        return False


@template(weight=3)
def shapes(some: Chooser) -> str | None:
    """Write the same entries in another shape or order."""
    x = some.array()
    assert x is not None
    forms = [f"np.reshape({x}, {some.reshaped(x)})", f"np.ravel({x})", f"{x}.T"]
    forms += [
        f"np.expand_dims({x}, {some.among([0, -1])})",
        f"np.atleast_2d({x})",
        f"{x}.reshape(-1)",
    ]
    if some.shape(x):
        a, b = some.axis(x), some.axis(x)
        forms += [f"np.transpose({x}, {some.order(x)})", f"np.moveaxis({x}, {a}, {b})"]
        forms += [f"np.swapaxes({x}, {a}, {b})", f"np.flip({x}, {a})", f"np.squeeze({x})"]
        forms += [f"np.roll({x}, {some.integer(-2, 2)}, axis={some.among([None, a])})"]
    return some.among(forms)


@template(weight=3)
def growing(some: Chooser) -> str | None:
    """Write a value broadcast, repeated or padded."""
    x = some.array(lambda x: x.size <= 9)
    if x is None:
        return None
    shape = some.shape(x)
    wide = tuple(some.among([2, 3, 4]) if n == 1 else n for n in shape)
    front = some.among([(), (2,), (3,), (1,), shape[-1:]])
    pad = some.among(["constant", "edge", "wrap", "reflect"])
    forms = [f"np.broadcast_to({x}, {(*front, *wide)})"] * 3
    forms += [f"np.tile({x}, {some.among([2, (2, 1), (1, 2)])})", f"np.repeat({x}, 2)"]
    forms += [f"np.resize({x}, {some.among([5, (2, 3), (3,)])})"]
    if shape:
        a = some.axis(x)
        counts = some.rng.integers(0, 3, shape[a]) + (np.arange(shape[a]) == 0)
        forms += [f"np.repeat({x}, {counts.tolist()}, axis={a})", f"np.pad({x}, 1, '{pad}')"]
    return some.among(forms)


@template(weight=2)
def joining(some: Chooser) -> str | None:
    """Write several values as one array."""
    x = some.array(lambda x: x.size <= 8)
    if x is None:
        return None
    shape = some.shape(x)
    y = some.array(lambda y: y.shape == shape) or x
    z = some.among([x, y, some.constant(shape)])
    a = some.integer(-len(shape) - 1, len(shape))
    forms = [f"np.stack([{x}, {y}, {z}], axis={a})"] * 2
    if shape:
        forms += [f"np.concatenate([{x}, {y}], axis={some.axis(x)})", f"np.append({x}, {z})"]
        forms += [f"np.{f}([{z}, {x}, {y}])" for f in ("hstack", "vstack", "dstack")]
        forms += [f"np.insert({x}, {some.integer(0, shape[0])}, {some.among([0.5, y + '.sum()'])})"]
    return some.among(forms)
