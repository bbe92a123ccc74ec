"""Statements that write into arrays in every way that NumPy has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.autodiff.filling.keys import basic_key
from tests.autodiff.filling.program import literal
from tests.autodiff.filling.state import State, broadcastable

SHAPES = [(), (1,), (3,), (4,), (0,), (2, 3), (3, 3), (3, 3), (1, 3), (3, 1), (2, 0), (2, 1, 3)]
SHAPES += [(2, 2, 2), (5,), (2, 3), (4,), (2, 2)]
Statement = Callable[[State], str | None]
STATEMENTS: dict[Statement, float] = {}


def statement(weight: float) -> Callable[[Statement], Statement]:
    """Add the decorated function to the statements, as likely as its weight."""

    def add(write: Statement) -> Statement:
        STATEMENTS[write] = weight
        return write

    return add


# -- arrays ----------------------------------------------------------------------------------


@statement(2.0)
def creating(state: State) -> str | None:
    """Make an array from a shape and numbers."""
    if sum(name[0] == "a" for name in state.values) > 2:
        return None
    like = state.choice([n for n in state.values if n[0] == "x"])
    options = f"{like}.dtype, like={like}"
    shape = state.choice(SHAPES)
    n, m, k = (state.random.randint(0, 3) for _ in range(3))
    forms = [f"np.zeros({shape}, {options})"] * 4 + [f"np.ones({shape}, {options})"]
    forms += [f"np.full({shape}, {state.fraction()}, {options})"]
    forms += [f"np.full({shape}, {state.computed(shape)}, {options})"]
    forms += [f"np.eye({n}, {m}, {k - 1}, {options})", f"np.identity({n}, {options})"]
    forms += [f"np.tri({n}, {m}, {k - 1}, {options})", f"np.arange({n}, dtype={options})"]
    name = state.new("a")
    if state.chance() < 0.1:
        return f"{name} = np.empty({shape}, {options})\n{name}[...] = {state.value(shape)}"
    return f"{name} = {state.choice(forms)}"


@statement(1.5)
def creating_like(state: State) -> str | None:
    """Make an array from another one."""
    if sum(name[0] == "a" for name in state.values) > 3:
        return None
    x, name = state.any(), state.new("a")
    shape = state.shape(x)
    forms = ["np.zeros_like({})", "np.ones_like({})", "np.copy({})", "{}.copy()", "np.copy({})"]
    forms += [f"np.full_like({{}}, {state.fraction()})", "np.array({}, like=x0)"]
    forms += [f"np.full_like({{}}, {state.computed(shape)})"]
    if state.chance() < 0.1:
        fill = f"{name}.fill({state.value(())})"
        return f"{name} = np.empty_like({x})\n{fill}"
    return f"{name} = {state.choice(forms).format(x)}"


@statement(1.5)
def nesting(state: State) -> str | None:
    """Make an array from lists of numbers and of values."""
    kind = state.chance()
    if kind < 0.5:
        shape = state.choice([(), (), (2,), (3,)])
        parts = [_of_shape(state, shape) for _ in range(state.random.randint(1, 3))]
        if all(p[0] in "-0123456789" for p in parts):
            return None
        listed = ", ".join(parts)
    else:
        listed = ", ".join(
            f"[{', '.join(_of_shape(state, ()) for _ in range(2))}]" for _ in range(2)
        )
    make = state.choice(["np.array", "np.array", "np.asarray", "np.asanyarray"])
    dtype = state.choice([", dtype=x0.dtype", ", dtype=x0.dtype", ""])
    return f"{state.new('a')} = {make}([{listed}]{dtype}, like=x0)"


def _of_shape(state: State, shape: tuple[int, ...]) -> str:
    """Return the source of a value of exactly a shape."""
    if not shape:
        name = state.any()
        own = state.shape(name)
        if state.chance() < 0.3 or not state.values[name].size:
            return state.choice(["0.0", "1.5", "2"])
        index = ", ".join(str(state.random.randrange(m)) for m in own) or "()"
        return f"{name}[{index}]{state.choice(['', '', ' * 0.5'])}"
    fit = [n for n, a in state.values.items() if a.shape == shape]
    return state.choice(fit) if fit else repr([0.5] * shape[0])


@statement(5.0)
def viewing(state: State) -> str | None:
    """Make a view."""
    name = state.among([n for n in state.values if n[0] != "x"])
    if name is None:
        return None
    shape = state.shape(name)
    size = int(np.prod(shape))
    forms = [f"{name}[{basic_key(state.random, shape)}]"] * 5
    forms += [f"{name}.T", f"{name}.reshape(-1)", f"{name}[...]", f"np.atleast_2d({name})"]
    forms += [
        f"{name}.ravel()",
        f"np.ravel({name})",
        f"np.asarray({name}, like=x0)",
        f"{name}[None]",
    ]
    forms += [f"np.squeeze({name})", f"np.transpose({name})", f"np.expand_dims({name}, -1)"]
    if size % 2 == 0:
        forms += [f"{name}.reshape(2, {size // 2})", f"np.reshape({name}, ({size // 2}, 2))"]
    if shape:
        axis = state.random.randrange(-len(shape), len(shape))
        forms += [f"np.flip({name}, {axis})", f"np.swapaxes({name}, 0, {axis})"]
        forms += [f"{name}.swapaxes({axis}, -1)", f"np.moveaxis({name}, {axis}, 0)"]
        forms += [f"np.broadcast_to({name}, (2, *{shape}))"]
    if len(shape) > 1:
        rows = shape[0]
        forms += [f"np.diagonal({name})", f"{name}.diagonal()", f"np.fliplr({name})"]
        forms += [f"np.array_split({name}, 2)[{state.random.randint(0, 1)}]"]
        forms += [f"list({name})[{state.random.randrange(rows)}]"] if rows else []
    return f"{state.new('v')} = {state.choice(forms)}"


# -- writing ---------------------------------------------------------------------------------


@statement(6.0)
def setting(state: State) -> str | None:
    """Write some entries."""
    a = state.target()
    if a is None:
        return None
    key = state.key(a)
    return f"{a}[{key}] = {state.apart(a, state.part(a, key))}"


@statement(4.0)
def augmenting(state: State) -> str | None:
    """Change some entries by an augmented assignment."""
    a = state.target()
    if a is None:
        return None
    key = state.key(a)
    return f"{a}[{key}] {_change(state, state.part(a, key))}"


def _change(state: State, shape: tuple[int, ...]) -> str:
    if state.chance() < 0.15:
        return state.choice(["/= 2", "**= 2", "/= -0.5", "*= 0", "*= -1"])
    return f"{state.choice(['+', '-', '+', '*'])}= {state.value(shape)}"


@statement(1.5)
def augmenting_all(state: State) -> str | None:
    """Change an array or a view as a whole."""
    a = state.target(lambda shape: shape != ())
    return a and f"{a} {_change(state, state.shape(a))}"


@statement(1.5)
def adding_at(state: State) -> str | None:
    """Change entries, repeated ones again and again."""
    a = state.target()
    if a is None:
        return None
    key = state.key(a)
    ufunc = state.choice(["add", "subtract", "multiply"])
    return f"np.{ufunc}.at({a}, np.s_[{key}], {state.apart(a, state.part(a, key))})"


@statement(1.0)
def putting(state: State) -> str | None:
    """Write by places in the flattened array."""
    a = state.target()
    if a is None or not (size := state.values[a].size):
        return None
    places = [state.random.randrange(-size, size) for _ in range(state.random.randint(1, 4))]
    mode = state.choice(["", "", ", mode='wrap'", ", mode='clip'"])
    return f"np.put({a}, {places}, {state.apart(a, (len(places),))}{mode})"


@statement(1.0)
def putting_along(state: State) -> str | None:
    """Write by places along an axis."""
    a = state.target(lambda shape: 0 not in shape and len(shape) > 0)
    if a is None:
        return None
    shape = list(state.shape(a))
    axis = state.random.randrange(len(shape))
    length, shape[axis] = shape[axis], state.random.randint(1, 2)
    places = [state.random.randrange(-length, length) for _ in range(int(np.prod(shape)))]
    indices = literal(np.reshape(places, shape))
    return f"np.put_along_axis({a}, {indices}, {state.apart(a, tuple(shape))}, {axis})"


@statement(0.7)
def filling_diagonals(state: State) -> str | None:
    """Write the diagonal."""
    a = state.target(lambda s: len(s) == 2 or (len(s) > 2 and len(set(s)) == 1))
    if a is None:
        return None
    value = state.apart(a, (min(state.shape(a)),))
    return f"np.fill_diagonal({a}, {value}{state.choice(['', '', ', wrap=True'])})"


def _mask_for(state: State, shape: tuple[int, ...]) -> str:
    name = state.any()
    if state.chance() < 0.3 and state.shape(name) == shape:
        return f"{name} > 0.1"
    size = int(np.prod(shape))
    return literal(np.reshape([state.chance() < 0.5 for _ in range(size)], shape).astype(bool))


@statement(1.5)
def copying(state: State) -> str | None:
    """Write where a mask is true."""
    a = state.target()
    if a is None:
        return None
    shape = state.shape(a)
    mask, several = _mask_for(state, shape), state.apart(a, (state.random.randint(1, 3),))
    forms = [f"np.copyto({a}, {state.value(shape)})"]
    forms += [f"np.copyto({a}, {state.value(shape)}, where={mask})"] * 2
    forms += [f"np.place({a}, {mask}, {several})", f"np.putmask({a}, {mask}, {several})"]
    forms += [f"np.putmask({a}, {mask}, {state.apart(a, shape)})"]
    return state.choice(forms)


@statement(2.0)
def computing_into(state: State) -> str | None:
    """Compute an elementwise function into an array."""
    a = state.target()
    if a is None:
        return None
    shape = state.shape(a)
    ufunc = state.choice(["add", "subtract", "multiply"])
    where = f", where={_mask_for(state, shape)}" if state.chance() < 0.4 else ""
    one, two = state.computed(shape), state.value(shape)
    forms = [f"np.{ufunc}({one}, {two}, out={a}{where})", f"np.negative({one}, out={a}{where})"]
    forms += [f"np.square({one}, out={a}{where})", f"np.sin({one}, {a})"]
    forms += [f"np.add({a}, {one}, {a})", f"np.multiply({a}, {one}, out=({a},){where})"]
    return state.choice(forms)


@statement(1.5)
def reducing_into(state: State) -> str | None:
    """Compute a sum, a product or a selection into an array."""
    name = state.any()
    x, shape = state.values[name], state.shape(name)
    axis = state.random.randrange(x.ndim) if x.ndim and state.chance() < 0.8 else None
    reduced = np.sum(x, axis=axis).shape
    a = state.target(lambda s: s == reduced)
    if a is not None:
        forms = [f"np.{f}({name}, axis={axis}, out={a})" for f in ("sum", "prod")]
        forms += [f"{name}.sum({axis}, out={a})", f"np.add.reduce({name}, {axis}, out={a})"]
        return state.choice(forms)
    a = state.target(lambda s: s == shape and s != ())
    if a is not None and shape:
        axis = state.random.randrange(x.ndim)
        forms = [f"np.cumsum({name}, {axis}, out={a})", f"np.take({name}, [], {axis})"]
        forms += [f"np.clip({name}, -50, 50, out={a})"] if x.dtype.kind == "f" else []
        forms += [f"np.concatenate([{name}], {axis}, out={a})"]
        return state.choice([forms[0], forms[-1]])
    return None


@statement(1.5)
def writing_flat(state: State) -> str | None:
    """Write by way of the flat iterator, or everywhere."""
    a = state.target()
    if a is None:
        return None
    size = state.values[a].size
    if state.chance() < 0.3:
        return f"{a}.fill({state.value(())})"
    kinds = [":", "1:", "::2", "::-1"]
    if size:
        kinds += [str(state.random.randrange(-size, size))]
        kinds += [repr([state.random.randrange(size) for _ in range(2)])]
    key = state.choice(kinds)
    part = np.shape(np.arange(size)[eval(f"np.s_[{key}]", {"np": np})])
    return f"{a}.flat[{key}] = {state.apart(a, part)}"


@statement(2.0)
def overlapping(state: State) -> str | None:
    """Write an array's entries into other places of its own."""
    a = state.target(lambda shape: len(shape) > 0)
    if a is None:
        return None
    forms = ["{0}[1:] = {0}[:-1]", "{0}[:-1] = {0}[1:]", "{0}[1:] += {0}[:-1]", "{0}[::-1] = {0}"]
    forms += ["{0} += {0}[::-1]", "{0}[:-1] -= {0}[1:]", "{0}[...] = {0} * 0.5", "{0} -= {0}"]
    forms += ["np.add({0}[1:], {0}[:-1], out={0}[:-1])", "np.copyto({0}[1:], {0}[:-1])"]
    if len(shape := state.shape(a)) == 2:
        forms += ["{0}[:, 1:] = {0}[:, :-1]", "{0}[:, 0] = {0}[:, -1]"]
        if shape[0] == shape[1]:
            forms += ["{0} += {0}.T", "{0}[...] = {0}.T", "{0}[0] = {0}[:, 0]"]
    if shape[0] > 1:
        forms += ["{0}[[0, 1]] = {0}[[1, 0]]", "{0}[0], {0}[1] = {0}[1] * 1, {0}[0] * 1"]
    return state.choice(forms).format(a)


@statement(1.0)
def choosing(state: State) -> str | None:
    """Read and write by whole numbers and truth values that are filled, and change these then."""
    a = state.target(lambda shape: len(shape) > 0 and shape[0] > 0)
    if a is None:
        return None
    n, shape = state.shape(a)[0], state.shape(a)
    number = state.random.randrange(-n, n)
    i = f"i = np.zeros(2, int, like=x0)\ni[{state.choice([0, 1])}] = {number}"
    m = f"m = np.ones({shape}, bool, like=x0)\nm[{state.key(a)}] = False"
    return state.choice(
        [
            f"{i}\nread.append({a}[i])\ni[:] = 0",
            f"{i}\n{a}[i] = {a}[i[::-1]] * 0.5\ni += 1",
            f"{i}\nnp.add.at({a}, i, {state.apart(a, shape[1:])})\ni[:] = 0",
            f"{m}\nread.append({a}[m] * {a}[m])\nm[...] = True",
            f"{m}\n{a}[m] = {state.fraction()}\nm[...] = True",
            f"{m}\nread.append(np.where(m, {a}, {state.value(shape)}) * {a})\nm[...] = True",
            f"{m}\nnp.copyto({a}, {state.value(shape)}, where=m)\nm[...] = False",
        ]
    )


@statement(1.0)
def looping(state: State) -> str | None:
    """Write row after row, or entry after entry."""
    a = state.target(lambda shape: len(shape) > 0)
    if a is None:
        return None
    forms = [
        "for i in range(1, len({0})):\n    {0}[i] = {0}[i - 1] * 0.5 + {1}",
        "for i in range(len({0})):\n    {0}[i] += {0}[-1] - {1}",
        "for i, row in enumerate({0}):\n    {0}[-i] = row * {1}",
        "for k in np.ndindex({0}.shape):\n    {0}[k] = {1} - {0}[k[::-1]] * 0.5",
        "for k in np.ndindex({0}.shape):\n    {0}[k] += {0}[tuple(-i - 1 for i in k)]",
    ]
    if len(state.shape(a)) > 1:
        forms += [
            "for row in {0}:\n    row += {1}",
            "for i in range(len({0})):\n    {0}[i] = {1}\n    {0}[i, 0] = {0}[i - 1, 0] * 0.5",
            "for i in range(len({0})):\n    {0}[i, -1] = {1}\n    {0}[i] *= {0}[0]",
            "for row in {0}:\n    row[...] = row[::-1]",
            "for column in {0}.T:\n    column[0] = {1}",
        ]
    return state.choice(forms).format(a, _of_shape(state, ()))


@statement(4.0)
def reading(state: State) -> str | None:
    """Read what is there at the moment."""
    a = state.among([n for n in state.values if n[0] != "x"])
    if a is None:
        return None
    other = state.any()
    forms = [f"np.copy({a})", f"{a}[{state.key(a)}] * 1", f"{a} * 0.5", f"{a} * {a}"]
    forms += [f"np.sum({a})", f"{a}.sum() * {a}", f"+{a}", f"np.ravel({a})[::-1] - 1"]
    forms += [f"{a} + {other}"] if broadcastable(state.shape(a), state.shape(other)) else []
    forms += [f"{a} @ {a}.T", f"{a}.sum(0)"] if state.shape(a) else []
    return f"read.append({state.choice(forms)})"
