"""From a seed a program: lines one after another, each kept if its value and slope stay tame."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from math import ceil
from typing import Any

import numpy as np

from tests.autodiff.programs.choosing import Chooser
from tests.autodiff.programs.coverage import called_by, cases_by_op, differentiable
from tests.autodiff.programs.filling import program_that_fills
from tests.autodiff.programs.program import Line, Program, environment, literal, names_in
from tests.autodiff.programs.tail import BY_NAME
from tests.autodiff.programs.template import TEMPLATES

for _family in ("entrywise", "reductions", "rearranging", "products"):
    import_module(f"tests.autodiff.programs.{_family}")  # which adds its templates

FLAVOURS = ("holomorphic", *["analytic"] * 3, *["real"] * 4)  # of program number 0, 1, 2...
TARGETS = 5  # how many ops of the table a program contains because it is their turn
FILLING = 3  # each program of so many fills arrays where it would join values
SHAPES = [(), (), (1,), (3,), (3,), (4,), (2, 3), (3, 3), (1, 3), (3, 1), (2, 1, 3), (2, 2)]
LARGEST = 48
# A line is looked at here, times a direction, besides at the point itself: at equal distances.
STEPS = (0.0, -0.02, -0.01, 0.01, 0.02)


@cache
def targets(flavour: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the ops that a kind of program takes in turn, with their cases that it can hold."""
    found = []
    for op in differentiable():
        names = cases_by_op().get(op, [])
        holomorphic = [n for n in names if _holomorphic(n)]
        analytic = [n for n in names if BY_NAME[n].analytic]
        own = {"holomorphic": holomorphic, "analytic": analytic}.get(
            flavour, [] if analytic else names
        )
        if own:
            found.append((op, tuple(own)))
    order = np.random.default_rng(0).permutation(len(found))  # apart from those of like names
    return tuple(found[i] for i in order)


def _holomorphic(name: str) -> bool:
    c = BY_NAME[name]
    return c.analytic and c.holomorphic is not False


def turns(seed: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return the ops whose turn it is in a program, with their cases."""
    flavour = FLAVOURS[seed % len(FLAVOURS)]
    place = seed // len(FLAVOURS) * FLAVOURS.count(flavour)
    place += FLAVOURS[: seed % len(FLAVOURS)].count(flavour)
    ops = targets(flavour)
    return [ops[(place * TARGETS + j) % len(ops)] for j in range(TARGETS)]


def ops_of(program: Program) -> set[str]:
    """Return the ops of the table that a program calls."""
    return called_by(program.f, program.arguments)


def generate(seed: int) -> Program:
    """Return the program of a seed."""
    return _Generator(seed).program()


class _Generator:
    """A program while it is written."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.seed = seed
        flavour = FLAVOURS[seed % len(FLAVOURS)]
        self.holomorphic = flavour == "holomorphic"
        self.analytic = flavour != "real"
        self.ties = rng.random() < 0.15
        self.fit = rng.random() < 0.2
        self.smooth = True
        self.arguments = self._arguments(rng)
        named = {f"x{i}": x for i, x in enumerate(self.arguments)}
        directions = {n: _away_from_zero(rng, x.shape) for n, x in named.items()}
        self.points: list[dict[str, Any]] = [
            {n: x + step * directions[n] for n, x in named.items()} for step in STEPS
        ]
        self.points[0] = dict(named)
        self.some = Chooser(rng, dict(named))
        self.lines: list[Line] = []
        self.namespace = environment(np.float64)
        weights = np.array([t.weight * self._allows(t) for t in TEMPLATES])
        self.chances = np.cumsum(weights / weights.sum())

    def _allows(self, known: Any) -> bool:
        return (known.analytic or not self.analytic) and (known.holomorphic or not self.holomorphic)

    def _arguments(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        count = int(rng.integers(2, 4))
        shapes = [SHAPES[int(rng.integers(len(SHAPES)))] for _ in range(count)]
        if self.ties:
            return tuple(np.full(shape, 0.7) for shape in shapes)
        return tuple(np.round(rng.uniform(-1.5, 1.5, shape), 3) for shape in shapes)

    def program(self) -> Program:
        """Write the lines and what they return."""
        length = self.some.integer(12, 30)
        due = {int(k): turn for k, turn in zip(self._places(length), turns(self.seed), strict=True)}
        for k in range(length):
            if k in due:
                self._tail_line(due[k][1])
            else:
                self._common_line()
        result = self._result()
        program = Program(self.seed, self.arguments, tuple(self.lines), result, self.smooth)
        return program_that_fills(program) if self.seed % FILLING == 0 else program

    def _places(self, length: int) -> Any:
        return self.some.rng.permutation(np.arange(2, length))[:TARGETS]

    # -- lines -------------------------------------------------------------------------------

    def _common_line(self) -> None:
        for _ in range(20):
            place = np.searchsorted(self.chances, self.some.rng.random(), side="right")
            t = TEMPLATES[min(int(place), len(TEMPLATES) - 1)]
            expression = t.write(self.some)
            if expression and self._add(expression, t):
                return

    def _tail_line(self, names: tuple[str, ...]) -> None:
        """Add a case's function of operands near its own, so that it is as smooth as there."""
        for attempt in range(12):
            name = self.some.among(names)
            c = BY_NAME[name]
            spread = (0.1 if c.analytic else 0.02) / (attempt + 1)
            operands = [
                f"array(operand[{name!r}][{i}]) + {spread:.3g} * np.tanh({self._fitted(x.shape)})"
                for i, x in enumerate(c.args)
            ]
            scale = _scale(name)
            divided = f" / {scale}" if scale > 1 else ""
            if self._add(f"case[{name!r}]({', '.join(operands)}){divided}", _Known(name)):
                return
        raise AssertionError(f"program {self.seed}: no operands found for {names}")

    def _fitted(self, shape: tuple[int, ...]) -> str:
        """Return source for some value in a shape, or one that broadcasts to it."""
        some = self.some
        close = some.array(lambda x: _broadcasts_to(x.shape, shape)) if some.flag() else None
        x = close or some.array()
        assert x is not None
        size, own = int(np.prod(shape)), some.values[x]
        if _broadcasts_to(own.shape, shape):
            return some.among([x, f"np.broadcast_to({x}, {shape})"]) if own.shape != shape else x
        if own.size == size:
            return f"np.reshape({x}, {shape})"
        if own.size > size:
            return f"np.ravel({x})[:{size}].reshape({shape})"
        return some.among([f"np.resize({x}, {shape})", f"np.sum({x})", f"np.mean({x})"])

    def _add(self, expression: str, known: Any) -> bool:
        """Add a line if its value is tame, and one that tames it a little if it is large."""
        try:
            code = compile(expression, "<line>", "eval")
            with np.errstate(all="ignore"):
                values = [eval(code, self.namespace, point) for point in self.points]
        except (ValueError, IndexError, np.linalg.LinAlgError):
            return False  # shapes that do not fit
        if not self._is_tame(values, known.corner or not known.analytic):
            return False
        point = self.points[0]
        if not known.analytic and any(np.any(point[n] == 0) for n in names_in(expression)):
            self.smooth = False  # it may be at a corner, however smooth what it is made of
        name = f"v{len(self.lines)}"
        self.lines.append(Line(name, expression, known.analytic, known.holomorphic, known.corner))
        for point, value in zip(self.points, values, strict=True):
            point[name] = value
        value = np.asarray(values[0])
        self.some.values[name] = value
        self.some.unused -= names_in(expression)
        self.some.unused.add(name)
        self._tame(name, value, _slope(values))
        return True

    def _is_tame(self, values: list[Any], corner: bool) -> bool:
        value = values[0]
        if getattr(value, "dtype", None) != np.float64 or not 0 < value.size <= LARGEST:
            return False
        if any(np.shape(v) != value.shape for v in values):
            return False
        stacked = np.stack(values)
        largest = np.abs(stacked).max()
        if not 1e-3 < largest < 50 or _slope(values) > 50:  # nor NaN
            return False
        middle, far_left, left, right, far_right = stacked
        # A smooth function's fourth difference is of fourth order, that of a corner of first.
        bend = np.abs(far_left - 4 * left + 6 * middle - 4 * right + far_right).max()
        if bend > 1e-5 and not self.ties:
            return False
        if self.ties and (corner or bend > 1e-5):
            self.smooth = False
        return True

    def _tame(self, name: str, value: np.ndarray, slope: float) -> None:
        """Follow a large array by a smaller one, and a large value by a part of it."""
        some = self.some
        if value.size > 16:
            axis = some.integer(0, value.ndim - 1)
            f = some.among(["sum", "mean"])
            forms = [f"np.{f}({name}, axis={axis}) / 2", f"np.mean({name})"]
            if not self._add(some.among(forms), _SMOOTH):
                self._add(f"np.mean({name})", _SMOOTH)
            some.values.pop(name)  # no other line reads it
        elif max(np.abs(value).max(), slope / 2) > 6:
            self._add(f"{name} / {ceil(max(np.abs(value).max(), slope / 2)) / 2}", _SMOOTH)

    # -- results -----------------------------------------------------------------------------

    def _result(self) -> str:
        """Return an expression that uses all values that no line does."""
        some = self.some
        roots = sorted(
            some.unused & set(some.values), key=lambda n: int(n[1:]) + 99 * (n[0] == "v")
        )
        if self.fit:
            misfits = [f"np.sum(({n} - {literal(some.values[n])})**2)" for n in roots[-4:]]
            others = [f"{n} - {literal(some.values[n])}" for n in roots[:-4]]
            return " + ".join(misfits + [f"np.sum(({o})**2)" for o in others])
        *rest, main = roots
        numbers = [f"np.{some.among(['sum', 'mean'])}({n})" for n in rest]
        kind = some.rng.random()
        if kind < 0.3:
            return " + ".join([f"np.sum({main})", *numbers])
        if kind < 0.5:
            return " + ".join([f"np.mean({main})", *numbers])
        if kind < 0.6:
            weights = some.constant(some.shape(main))
            return " + ".join([f"np.sum({weights} * {main})", *numbers])
        total = " + ".join(numbers) or "1.5"
        if kind < 0.85 or some.values[main].ndim == 0:
            return some.among([f"{main} * ({total})", f"{main} + {total}", f"({total}) - {main}"])
        return f"[{main}, {main} * ({total}), {main} + {total}]"


class _Known:
    """What is known of a case's op."""

    corner = True

    def __init__(self, name: str) -> None:
        self.analytic = BY_NAME[name].analytic
        self.holomorphic = _holomorphic(name)


@cache
def _scale(name: str) -> int:
    """Return a divisor that makes a case's values numbers of one digit."""
    largest = np.abs(BY_NAME[name].f(*BY_NAME[name].args)).max(initial=0.0)
    return ceil(largest / 4) if largest > 10 else 1


_SMOOTH = Line("", "")


def _away_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


def _slope(values: list[Any]) -> float:
    return float(np.abs(values[3] - values[2]).max()) / (STEPS[3] - STEPS[2])


def _broadcasts_to(shape: tuple[int, ...], full: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, full) == full
    except ValueError:
        return False
