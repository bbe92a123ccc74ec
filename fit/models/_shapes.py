"""Built-in models, with the textbooks' parameters and starting values guessed from the data."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np

from fit.arguments._numbers import Array
from fit.arguments._suggestions import with_suggestions
from fit.models._candidates import distinct_points, frequencies, places
from fit.models._guess import start_of_sum
from fit.models._model import Model

TINY = 1e-100  # beside a squared width, so that a width of 0 divides nothing by 0
BUILT_IN = ("fit.models._shapes", "fit.models._peaks")


def _is_a_start(name: str, known: list[str]) -> str:
    return f"starting values belong to the fit, as p0={{{name!r}: ...}}"


class Shape(Model):
    """A built-in model, linear in some of its parameters once the others are given."""

    own_names: tuple[str, ...]
    local = False  # whether it fades to both sides
    nonlinear = slice(1, None)  # of its parameters

    @with_suggestions(_is_a_start, "starting values belong to the fit, as p0={name: ...}")
    def __init__(self, prefix: str = "") -> None:
        label = type(self).__name__
        self._set_names(prefix, self.own_names, f"{label}({prefix})" if prefix else label)

    def _set_names(self, prefix: str, own: tuple[str, ...], label: str) -> None:
        if not isinstance(prefix, str):
            raise TypeError(
                f"expected what the names of the parameters begin with, got {prefix!r}: starting "
                f"values belong to the fit, as p0={{{own[0]!r}: {prefix!r}}}"
            )
        vars(self).update(
            names=tuple(prefix + name for name in own),
            label=label,
            _own=own,
            _defaults={},
            _guess=None,
        )

    @property
    def function(self) -> Callable[..., Any]:
        formula: Any = type(
            self
        ).__call__  # which is without use for the object, if it is one of ours
        return partial(formula, None) if formula.__module__ in BUILT_IN else self

    @property
    def guesses(self) -> bool:
        """Whether starting values may follow from the data: they do."""
        return True

    def start(self, x: Any, y: Array) -> dict[str, float]:
        """Return starting values guessed from the data."""
        x, y = np.asarray(x), np.asarray(y, float)
        if x.shape != y.shape or x.dtype.kind not in "iuf":
            return {}
        return self._start_at_hand(x, y)

    def explain(self, x: Array, y: Array, scale: Array) -> dict[str, float]:
        """Return starting values for which ``scale`` times the model is close to ``y``."""
        return start_of_sum([(1.0, self)], x, y, scale)

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return values, each of shape (m,), of the parameters that are not linear."""
        return ()

    def basis(self, x: Array, *nonlinear: Any) -> list[Array]:
        """Return the functions whose weighted sum is the model: that of weight 1."""
        return [self(x, 1.0, *nonlinear)]

    def parameters(self, weights: Array, *nonlinear: float) -> dict[str, float]:
        """Return all parameters by name, from the weights and from those that are not linear."""
        values = (*weights.tolist(), *nonlinear)
        return dict(zip(self.names, values, strict=True))


# -- what spreads over all x -----------------------------------------------------------------


class Exponential(Shape):
    """amplitude · exp(-rate · x).

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: amplitude, rate.

    Examples
    --------
    >>> f"{Exponential()(2.0, 10.0, 0.5):.3f}"
    '3.679'
    """

    own_names = ("amplitude", "rate")

    def __call__(self, x: Any, amplitude: Any, rate: Any) -> Any:
        return amplitude * np.exp(-rate * x)

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return rates, falling and rising."""
        points, spread = distinct_points(x)
        rates = np.geomspace(0.02, 4 * max(points.size - 1, 1), 40) / spread
        rates = np.append(rates, -rates)
        possible = np.abs(rates) * np.abs(points).max() < 600
        return (rates[possible] if possible.any() else np.zeros(1),)


class PowerLaw(Shape):
    """amplitude · x^exponent, for positive x.

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: amplitude, exponent.

    Examples
    --------
    >>> PowerLaw()(4.0, 10.0, -0.5)
    5.0
    """

    own_names = ("amplitude", "exponent")

    def __call__(self, x: Any, amplitude: Any, exponent: Any) -> Any:
        return amplitude * x**exponent

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return exponents."""
        positive = x[x > 0]
        spread = np.ptp(np.log(positive)) if positive.size else 0.0
        largest = np.abs(np.log(positive)).max() if positive.size else 1.0
        exponents = np.geomspace(0.05, 60, 50) / (spread or 1.0)
        exponents = np.concatenate([exponents, -exponents, np.linspace(-4, 4, 17)])
        possible = np.abs(exponents) * largest < 600
        return (exponents[possible],)


class Sine(Shape):
    """amplitude · sin(2π · frequency · x + phase): the frequency in cycles per unit of x.

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: amplitude, frequency, phase (in radians).

    Examples
    --------
    >>> f"{Sine()(0.5, 10.0, 0.5, 0.0):.3f}"
    '10.000'
    """

    own_names = ("amplitude", "frequency", "phase")
    nonlinear = slice(1, 2)

    def __call__(self, x: Any, amplitude: Any, frequency: Any, phase: Any) -> Any:
        return amplitude * np.sin(2 * np.pi * frequency * x + phase)

    @property
    def needs_all_points(self) -> bool:
        """Whether a guess from some points may be wrong: a fast wave looks slow in them."""
        return True

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return frequencies about the peaks of the periodogram."""
        return (frequencies(x, y),)

    def basis(self, x: Array, *nonlinear: Any) -> list[Array]:
        """Return the sine and the cosine."""
        angle = 2 * np.pi * nonlinear[0] * x
        return [np.sin(angle), np.cos(angle)]

    def parameters(self, weights: Array, *nonlinear: float) -> dict[str, float]:
        """Return all parameters by name."""
        sine, cosine = weights.tolist()
        values = (float(np.hypot(sine, cosine)), *nonlinear, float(np.arctan2(cosine, sine)))
        return dict(zip(self.names, values, strict=True))


class Logistic(Shape):
    """height / (1 + exp(-rate · (x - center))): it rises from 0, or falls if the rate is negative.

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: height, center, rate.

    Examples
    --------
    >>> Logistic()(np.array([1.0, 3.0]), 10.0, 1.0, 2.0).round(3)
    array([5.  , 9.82])
    """

    own_names = ("height", "center", "rate")

    def __call__(self, x: Any, height: Any, center: Any, rate: Any) -> Any:
        from scipy.special import expit

        return height * expit(rate * (x - center))

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return centres and rates, of both signs."""
        centers, widths = places(x, y)
        rates = 2 / widths
        return np.tile(centers, 2), np.append(rates, -rates)


class Step(Shape):
    """height · (1 + erf((x - center) / (√2 · width))) / 2: a step that a Gaussian has smeared.

    It rises from 0 to the height, or falls if the width is negative.

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: height, center, width.

    Examples
    --------
    >>> Step()(np.array([1.0, 3.0]), 10.0, 1.0, 2.0).round(3)
    array([5.   , 8.413])
    """

    own_names = ("height", "center", "width")

    def __call__(self, x: Any, height: Any, center: Any, width: Any) -> Any:
        from scipy.special import ndtr

        # 1/width, but finite at 0
        return height * ndtr((x - center) * width / (width**2 + TINY))

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return centres and widths, of both signs."""
        centers, widths = places(x, y)
        return np.tile(centers, 2), np.append(widths, -widths) / 2


# -- what is linear in all parameters --------------------------------------------------------


class Line(Shape):
    """slope · x + intercept.

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: slope, intercept.

    Examples
    --------
    >>> Line()(3.0, 2.0, 1.0)
    7.0
    """

    own_names = ("slope", "intercept")
    nonlinear = slice(0, 0)

    def __call__(self, x: Any, slope: Any, intercept: Any) -> Any:
        return slope * x + intercept

    def basis(self, x: Array, *nonlinear: Any) -> list[Array]:
        """Return x and 1."""
        return [x, np.ones_like(x)]


class Polynomial(Shape):
    """c0 + c1 · x + … + cn · xⁿ; of degree 0 a constant.

    Parameters
    ----------
    degree : int
    prefix : str
        What the names of the parameters begin with: c0, c1, ...

    Raises
    ------
    ValueError
        When the degree is not a whole number from 0 on.

    Examples
    --------
    >>> parabola = Polynomial(2)
    >>> parabola.names, parabola(3.0, 1.0, 0.0, 2.0)
    (('c0', 'c1', 'c2'), 19.0)
    """

    degree: int
    nonlinear = slice(0, 0)

    @with_suggestions(_is_a_start, "starting values belong to the fit, as p0={name: ...}")
    def __init__(self, degree: int, prefix: str = "") -> None:
        if not isinstance(degree, Integral) or degree < 0:
            raise ValueError(f"expected a degree of 0, 1, 2, ..., got {degree!r}")
        degree = int(degree)
        vars(self).update(degree=degree)
        own = tuple(f"c{k}" for k in range(degree + 1))
        self._set_names(prefix, own, f"Polynomial({degree}{', ' * bool(prefix)}{prefix})")

    def __call__(self, x: Any, *coefficients: Any) -> Any:
        value = coefficients[-1]
        for c in coefficients[-2::-1]:
            value = value * x + c
        return value

    def basis(self, x: Array, *nonlinear: Any) -> list[Array]:
        """Return the powers of x."""
        return [x**k for k in range(self.degree + 1)]
