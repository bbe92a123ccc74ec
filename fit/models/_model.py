"""Models: functions of x and of named parameters, which know where to start."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from numbers import Real
from types import FunctionType
from typing import Any, NoReturn

import numpy as np

from fit.arguments._numbers import Array, number
from fit.arguments._words import description
from fit.models._guess import start_of_product, start_of_sum, step_at_hand

Guess = Callable[[Any, Array], Mapping[str, float]]


class Model:
    """A function of x and of parameters that have names.

    Models do not change. They are combined by ``+ - * /`` with one another, with plain functions
    and with numbers; the parameters of a combination are those of its parts, in their order.

    Parameters
    ----------
    f : callable
        Takes ``x`` and then each parameter by itself; returns one value for each data point.
    names : sequence of str, optional
        The parameters in their order; by default those of the signature but for keyword-only ones,
        which keep their defaults, as those that `functools.partial` has set.
    guess : callable, optional
        Takes the data ``x, y``; returns starting values by name. They yield to the defaults of the
        signature.
    label : str, optional
        What the model is called in reports; the name of the function by default.
    prefix : str
        What all names begin with, to tell several models of one kind apart.

    Raises
    ------
    ValueError
        When the signature does not tell the names, as that of ``f(x, *p)`` does not, or when two
        models that are combined share a name.

    Examples
    --------
    >>> def decay(t, amplitude, rate=1.0):
    ...     return amplitude * np.exp(-rate * t)
    >>> model = Model(decay)
    >>> model.names, model.start([0.0, 1.0], [3.0, 1.0])
    (('amplitude', 'rate'), {'rate': 1.0})
    >>> both = model + Model(decay, prefix="slow_") + 1.5
    >>> both
    decay + decay(slow_) + 1.5
    >>> both.names
    ('amplitude', 'rate', 'slow_amplitude', 'slow_rate')
    """

    f: Callable[..., Any]
    names: tuple[str, ...]
    label: str
    __array_ufunc__ = None  # so that np.float64(2) * model comes here

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        names: Iterable[str] | None = None,
        guess: Guess | None = None,
        label: str | None = None,
        prefix: str = "",
    ) -> None:
        defaults: dict[str, float] = {}
        if names is None:
            names, defaults = _signature(f)
        own = tuple(names)
        _refuse_repeated(own)
        named = f.func if isinstance(f, partial) else f
        name = label or getattr(named, "__name__", type(named).__name__)
        vars(self).update(
            f=f,
            names=tuple(prefix + name for name in own),
            label=name if label or not prefix else f"{name}({prefix})",
            _own=own,
            _defaults={prefix + name: value for name, value in defaults.items()},
            _guess=guess,
        )

    _own: tuple[str, ...]  # the names without their prefix
    _defaults: dict[str, float]
    _guess: Guess | None

    def __call__(self, x: Any, *parameters: Any) -> Any:
        return self.f(x, *parameters)

    @property
    def function(self) -> Callable[..., Any]:
        """What a call computes, by a function that holds no model: a plan of it serves them all."""
        if type(self).__call__ is not Model.__call__:
            return self
        return self.f.function if isinstance(self.f, Model) else self.f

    def __repr__(self) -> str:
        return self.label

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"models do not change: make a new one instead of setting {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"models do not change: {name} cannot be deleted")

    def start(self, x: Any, y: Array) -> dict[str, float]:
        """Return the starting values that are known: defaults, or guesses from the data."""
        guessed = self._guess(x, y) if self._guess else {}
        prefixed = dict(zip(self._own, self.names, strict=True))
        known = {prefixed.get(name, name): float(value) for name, value in guessed.items()}
        return {**known, **self._defaults}

    def explain(self, x: Array, y: Array, scale: Array) -> dict[str, float]:
        """Return starting values for which ``scale`` times the model is close to ``y``."""
        usable = scale != 0
        return self.start(x[usable], y[usable] / scale[usable])

    def terms(self) -> list[tuple[float, Model]]:
        """Return the models that this one is the sum of, and what each is multiplied by."""
        return [(1.0, self)]

    @property
    def guesses(self) -> bool:
        """Whether starting values may follow from the data."""
        return self._guess is not None

    @property
    def needs_all_points(self) -> bool:
        """Whether a guess from some of the points may be wrong: as one by a function of yours."""
        return self._guess is not None

    def _start_at_hand(self, x: Array, y: Array) -> dict[str, float]:
        """Return the starting values for points that are evenly spread, where there are many."""
        step = 1 if self.needs_all_points else step_at_hand(y.size)
        return self.explain(x[::step].astype(float), y[::step], np.ones(y[::step].size))

    @property
    def defaults(self) -> dict[str, float]:
        """The starting values in the signature, by name."""
        return self._defaults

    # -- composition -------------------------------------------------------------------------

    def __add__(self, other: Any) -> Model:
        return _combination_of("+", self, other)

    def __radd__(self, other: Any) -> Model:
        return _combination_of("+", other, self)

    def __sub__(self, other: Any) -> Model:
        return _combination_of("-", self, other)

    def __rsub__(self, other: Any) -> Model:
        return _combination_of("-", other, self)

    def __mul__(self, other: Any) -> Model:
        return _combination_of("*", self, other)

    def __rmul__(self, other: Any) -> Model:
        return _combination_of("*", other, self)

    def __truediv__(self, other: Any) -> Model:
        return _combination_of("/", self, other)

    def __rtruediv__(self, other: Any) -> Model:
        return _combination_of("/", other, self)

    def __neg__(self) -> Model:
        return _combination_of("*", -1, self)


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


class Constant(Model):
    """A number in a combination of models."""

    value: float

    def __init__(self, value: float) -> None:
        vars(self).update(
            value=float(value), names=(), label=f"{value:g}", _own=(), _defaults={}, _guess=None
        )

    def __call__(self, x: Any, *parameters: Any) -> Any:
        return self.value

    @property
    def function(self) -> Callable[..., Any]:
        value = self.value
        return lambda x: value


class Combination(Model):
    """Two models, and the operator between them."""

    operator: str
    left: Model
    right: Model

    def __init__(self, operator: str, left: Model, right: Model) -> None:
        repeated = [name for name in right.names if name in left.names]
        if repeated:
            raise ValueError(
                f"{left} and {right} both have {', '.join(repeated)}: tell them apart by a prefix, "
                f"as in Gaussian(prefix='a_') or Model(f, prefix='a_')"
            )
        vars(self).update(
            operator=operator,
            left=left,
            right=right,
            names=left.names + right.names,
            label=_formula(operator, left, right),
            _own=left.names + right.names,
            _defaults={**left._defaults, **right._defaults},
            _guess=None,
        )

    def __call__(self, x: Any, *parameters: Any) -> Any:
        return self.function(x, *parameters)

    @property
    def function(self) -> Callable[..., Any]:
        k, operate = len(self.left.names), OPERATORS[self.operator]
        left, right = self.left.function, self.right.function

        def combination(x: Any, *parameters: Any) -> Any:
            return operate(left(x, *parameters[:k]), right(x, *parameters[k:]))

        return combination

    @property
    def guesses(self) -> bool:
        """Whether starting values may follow from the data, for either model."""
        return self.left.guesses or self.right.guesses

    @property
    def needs_all_points(self) -> bool:
        """Whether a guess from some of the points may be wrong, for either model."""
        return self.left.needs_all_points or self.right.needs_all_points

    def start(self, x: Any, y: Array) -> dict[str, float]:
        """Return the starting values that are known, each part's from what the others leave."""
        x, y = np.asarray(x), np.asarray(y, float)
        if x.shape != y.shape or x.dtype.kind not in "iuf":
            return {**self.left.start(x, y), **self.right.start(x, y)}
        return {**self._start_at_hand(x, y), **self._defaults}

    def explain(self, x: Array, y: Array, scale: Array) -> dict[str, float]:
        """Return starting values for which ``scale`` times the model is close to ``y``."""
        terms = self.terms()
        if len(terms) > 1 or terms[0][1] is not self:
            return start_of_sum(terms, x, y, scale)
        return start_of_product(self.left, self.right, self.operator == "/", x, y, scale)

    def terms(self) -> list[tuple[float, Model]]:
        """Return the models that this one is the sum of, and what each is multiplied by."""
        left, right = self.left, self.right
        if self.operator in "+-":
            sign = 1.0 if self.operator == "+" else -1.0
            return left.terms() + [(sign * factor, term) for factor, term in right.terms()]
        if isinstance(left, Constant) and self.operator == "*":
            return [(left.value * factor, term) for factor, term in right.terms()]
        if isinstance(right, Constant):
            by = OPERATORS[self.operator](1.0, right.value)
            return [(by * factor, term) for factor, term in left.terms()]
        return [(1.0, self)]


def _combination_of(operator: str, left: Any, right: Any) -> Model:
    first, second = _as_model(left), _as_model(right)
    if first is None or second is None:
        return NotImplemented  # type: ignore[no-any-return]
    return Combination(operator, first, second)


def _as_model(part: Any) -> Model | None:
    if isinstance(part, Model):
        return part
    if isinstance(part, Real):
        return Constant(float(part))
    return Model(part) if callable(part) else None


def _formula(operator: str, left: Model, right: Model) -> str:
    """Return the formula of a combination, with the brackets that it needs."""

    def in_brackets(part: Model, weaker: str) -> str:
        brackets = isinstance(part, Combination) and part.operator in weaker
        return f"({part})" if brackets or str(part).startswith("-") else str(part)

    on_the_left = "+-" if operator in "*/" else ""
    on_the_right = {"+": "", "-": "+-", "*": "+-", "/": "+-*/"}[operator]
    return f"{in_brackets(left, on_the_left)} {operator} {in_brackets(right, on_the_right)}"


def _signature(f: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, float]]:
    """Return the names that follow x in a signature, and the defaults among them.

    What can be given by keyword only, and has a value, is no parameter of the fit: `partial` makes
    such constants.
    """
    if not callable(f) or isinstance(f, type):
        instead = f", write {f.__name__}()" if isinstance(f, type) else ""
        raise TypeError(f"expected a function or a Model as model, got {description(f)}{instead}")
    names, given = _names_of_plain(f) or _names_by_inspection(f)
    defaults = {
        name: number(f"the default of {name}", value, check_finite=False)
        for name, value in given.items()
    }
    return names, defaults


def _names_of_plain(f: Any) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """Return what `_signature` does of a function that hides nothing; `inspect` takes 20 µs."""
    if type(f) is not FunctionType or f.__dict__:
        return None
    code = f.__code__
    if code.co_kwonlyargcount or code.co_flags & inspect.CO_VARARGS:
        return None
    names, values = code.co_varnames[: code.co_argcount], f.__defaults__ or ()
    named = zip(names[len(names) - len(values) :], values, strict=True)
    return names[1:], {name: value for name, value in named if name != names[0]}


def _names_by_inspection(f: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    parameters = []
    for p in list(inspect.signature(f).parameters.values())[1:]:
        if p.kind is p.VAR_KEYWORD or (p.kind is p.KEYWORD_ONLY and p.default is not p.empty):
            continue  # the model's own affair
        if p.kind in (p.VAR_POSITIONAL, p.KEYWORD_ONLY):
            raise ValueError(
                f"the signature of the model does not name its parameters ({p}): wrap it in "
                "Model(f, names=('a', 'b', ...))"
            )
        parameters.append(p)
    given = {p.name: p.default for p in parameters if p.default is not p.empty}
    return tuple(p.name for p in parameters), given


def _refuse_repeated(names: tuple[str, ...]) -> None:
    if len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two parameters are called {name!r}: give each a name of its own")
