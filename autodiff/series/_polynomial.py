"""Taylor polynomials of functions: their values, arithmetic and convergence."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff._core.complex_arguments import require_powers
from autodiff._core.op import value_of
from autodiff._core.tensor import Tensor, recording
from autodiff._core.walks import Graph
from autodiff.derivatives._first import Function, record_function, require_function
from autodiff.series._formula import formula
from autodiff.series._walk import taylor_coefficients


@dataclass(frozen=True, eq=False, repr=False)
class TaylorPolynomial:
    """A truncated power series of a function, which `taylor` computes.

    Without a direction it is a polynomial p(x) in powers of x - x0, close to f(x); along a
    direction it is a polynomial p(t) in powers of t, close to f(x0 + t · direction).

    Polynomials about the same point (and along the same direction) can be added, subtracted and
    multiplied, with numbers too. What comes out is the Taylor polynomial of the sum, difference or
    product, of the lower of the two orders.

    Attributes
    ----------
    coefficients : ndarray
        Of shape (order + 1, ...): that of the power k comes at index k, in the shape of f's output.
    next_coefficient : ndarray or number
        The coefficient of the first power that is left out.
    x0 : ndarray or number
        The point of expansion.
    direction : ndarray or number, optional
        What one unit of t adds to x0.

    Examples
    --------
    >>> import numpy as np
    >>> p = taylor(np.exp, 0.0, 3)
    >>> p
    1 + x + 0.5 x² + 0.166667 x³ + O(x⁴)
    >>> p * p - 1
    2 x + 2 x² + 1.33333 x³ + O(x⁴)
    >>> float(p(1.0))
    2.6666666666666665
    """

    coefficients: NDArray[Any]
    next_coefficient: Any
    x0: Any
    direction: Any = None

    __array_ufunc__ = None  # NumPy's numbers leave their arithmetic with a polynomial to it

    @property
    def order(self) -> int:
        """The highest power kept, whether or not its coefficient vanishes."""
        return len(self.coefficients) - 1

    def __call__(self, x: ArrayLike) -> Any:
        """Evaluate the polynomial: at x, or along a direction at the number t.

        An array is broadcast against x0 and the coefficients: a scalar function's polynomial takes
        any array of points.
        """
        step = self._step(x)
        result = self.coefficients[-1] + np.zeros_like(step)
        for coefficient in self.coefficients[-2::-1]:
            result = result * step + coefficient
        return result

    def remainder(self, x: ArrayLike) -> Any:
        """Return an estimate of what the polynomial lacks at x (or t): the next term.

        It is no bound. It is good near x0, meaningless beyond the radius of convergence, and 0
        where the next coefficient vanishes, as every second one of an even or odd function does.

        Examples
        --------
        >>> import numpy as np
        >>> p = taylor(np.exp, 0.0, 5)
        >>> f"{p.remainder(0.1):.3g}, in truth {np.exp(0.1) - p(0.1):.3g}"
        '1.39e-09, in truth 1.41e-09'
        """
        return self.next_coefficient * self._step(x) ** (self.order + 1)

    def _step(self, x: Any) -> Any:
        x = x if hasattr(x, "__array_ufunc__") else np.asarray(x)[()]
        return x - self.x0 if self.direction is None else x

    def derivative(self) -> TaylorPolynomial:
        """Return the Taylor polynomial of the derivative by x (or t), of an order one lower.

        Raises
        ------
        ValueError
            When the order is 0, so that nothing is known of the derivative.
        """
        if not self.order:
            raise ValueError(
                "a Taylor polynomial of order 0 says nothing about the derivative: expand the "
                "function to order 1 at least"
            )
        return self._with([k * c for k, c in enumerate(self._known())][1:])

    def radius(self) -> Any:
        """Return an estimate of the radius of convergence, for each entry of the output.

        That is the distance from x0, in the complex plane, to the nearest point where the function
        is singular. The last coefficients are fitted by those of a function with one such point,
        or a conjugate pair, at an unknown place and of unknown strength: f′/f is taken to be one
        polynomial over another. That is exact for 1/(1 + x²), log or √, and mostly right to a per
        cent from order 15 on. Weak singularities, and several at nearly the same distance, take
        more; cancellation, as in x/(exp(x) - 1) close to 0, looks like a singularity there.

        It is ``inf`` for polynomials, and ``inf`` or a number that grows with the order for other
        functions without singularities. A function cannot be told from a polynomial when all the
        coefficients behind some order happen to vanish.

        References
        ----------
        Y. F. Chang and G. Corliss, "Ratio-like and recurrence relation tests for convergence of
        series", J. Inst. Maths Applics 25 (1980) 349-359.

        Examples
        --------
        >>> p = taylor(lambda x: 1 / (1 + x**2), 2.0, 12)
        >>> f"{p.radius():.6f}, the distance to ±i: {5**0.5:.6f}"
        '2.236068, the distance to ±i: 2.236068'
        """
        known = np.stack(self._known())
        radii = [_radius(column) for column in known.reshape(len(known), -1).T]
        return np.array(radii).reshape(known.shape[1:])[()]

    # -- arithmetic --------------------------------------------------------------------------

    def __add__(self, other: Any) -> TaylorPolynomial:
        return self._combined(other, lambda a, b: [x + y for x, y in zip(a, b, strict=False)])

    def __sub__(self, other: Any) -> TaylorPolynomial:
        return self._combined(other, lambda a, b: [x - y for x, y in zip(a, b, strict=False)])

    def __rsub__(self, other: Any) -> TaylorPolynomial:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> TaylorPolynomial:
        return self._combined(other, _product)

    def __neg__(self) -> TaylorPolynomial:
        return self._with([-c for c in self._known()])

    __radd__ = __add__
    __rmul__ = __mul__

    def _combined(self, other: Any, rule: Callable[..., list[Any]]) -> TaylorPolynomial:
        mine = self._known()
        if isinstance(other, Number):
            return self._with(rule(mine, [other, *[0] * (self.order + 1)]))
        if not isinstance(other, TaylorPolynomial):
            return NotImplemented  # type: ignore[no-any-return]
        if not (_same(self.x0, other.x0) and _same(self.direction, other.direction)):
            raise ValueError(
                "the polynomials are not about the same point: "
                f"{self._place()}, but {other._place()}; expand both functions about one of them"
            )
        return self._with(rule(mine, other._known()))

    def _known(self) -> list[Any]:
        return [*self.coefficients, self.next_coefficient]

    def _with(self, known: Sequence[Any]) -> TaylorPolynomial:
        *coefficients, following = known
        return replace(self, coefficients=np.array(coefficients), next_coefficient=following)

    # -- printing ----------------------------------------------------------------------------

    def _place(self) -> str:
        along = "" if self.direction is None else f" along {self.direction}"
        return f"x0 = {self.x0}{along}"

    def _formulas(self, latex: bool, most: int = 8) -> list[tuple[str, str]]:
        """Return the index and the formula of each entry, the first of them if they are many."""
        shape = self.coefficients.shape[1:]
        variable, center = ("x", self.x0) if self.direction is None else ("t", 0)
        centers = np.broadcast_to(center, shape)
        return [
            (
                ", ".join(map(str, i)),
                formula(self.coefficients[(slice(None), *i)], centers[i], variable, latex),
            )
            for i in islice(np.ndindex(shape), most)
        ]

    def __repr__(self) -> str:
        lines = self._formulas(latex=False)
        if self.coefficients.ndim == 1:
            return lines[0][1]
        width = max((len(index) for index, _ in lines), default=0)
        text = "".join(f"\n[{index:>{width}}]  {text}" for index, text in lines)
        more = self.coefficients[0].size - len(lines)
        left_out = f"\nand {more} more" if more else ""
        return f"Taylor polynomials of shape {self.coefficients.shape[1:]}:{text}{left_out}"

    def _repr_latex_(self) -> str:
        lines = self._formulas(latex=True)
        if self.coefficients.ndim == 1:
            return f"${lines[0][1]}$"
        rows = [rf"p_{{{index}}} &= {text}" for index, text in lines]
        if self.coefficients[0].size > len(lines):
            rows.append(r"&\;\;\vdots")
        body = r" \\ ".join(rows)
        return rf"$\begin{{aligned}} {body} \end{{aligned}}$"


def taylor(f: Function, x0: ArrayLike, order: int, direction: Any = None) -> TaylorPolynomial:
    """Return the Taylor polynomial of a function about a point, all coefficients in one walk.

    Parameters
    ----------
    f : callable
        Takes one number or array. Without a direction it must treat the entries of an array one
        by one, and then each has a series of its own; a function of one number may return an
        array of any shape.
    x0 : array_like
        The point of expansion.
    order : int
        The highest power wanted, at least 0. The time grows with its square.
    direction : array_like, optional
        Of the shape of x0: expand t ↦ f(x0 + t · direction) in powers of the number t. This is for
        functions of several variables, and for those of complex ones that are not analytic. The
        direction is taken as it is, of whatever length.

    Returns
    -------
    TaylorPolynomial
        A function of x, or along a direction of t.

    Raises
    ------
    ValueError
        When the order is no integer or below 0, when x0 is a pole or a branch point of f (a
        coefficient is infinite or NaN), when the direction has another shape than x0, or when f
        mixes the entries of x0 and no direction is given.
    TypeError
        When f uses an op that has no rule for the way forward; when it is not analytic at a complex
        x0 and no direction is given; when x0 or f depends on a Tensor that requires a gradient: the
        coefficients are not differentiable in turn.

    Examples
    --------
    >>> import numpy as np
    >>> taylor(np.log, 10.0, 2)
    2.30259 + 0.1 (x - 10) - 0.005 (x - 10)² + O((x - 10)³)
    >>> taylor(lambda v: np.exp(v[0]) * v[1], [0.0, 1.0], 2, direction=[1.0, 2.0])
    1 + 3 t + 2.5 t² + O(t³)
    >>> taylor(np.exp, [0.0, 1.0], 2)
    Taylor polynomials of shape (2,):
    [0]  1 + x + 0.5 x² + O(x³)
    [1]  2.71828 + 2.71828 (x - 1) + 1.35914 (x - 1)² + O((x - 1)³)
    """
    require_function(f, "taylor")
    order = _checked_order(order)
    for name, given in (("x0", x0), ("direction", direction)):
        if type(given) is Tensor and given.requires_grad and recording.get():
            raise TypeError(f"{name} is a Tensor that requires a gradient; {_CONSTANT}")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        graph = record_function(f, (value_of(x0),), {}, 0)
    if graph.enclosed and recording.get():
        raise TypeError(f"the function depends on a Tensor that requires a gradient; {_CONSTANT}")
    (leaf,) = graph.leaves
    (out,) = graph.outputs
    step = np.ones_like(leaf._value) if direction is None else _checked_direction(leaf, direction)
    if direction is None and leaf.ndim and leaf.shape != out.shape:
        raise ValueError(_mixes(f"it takes shape {leaf.shape} and returns {out.shape}"))
    known = _coefficients(graph, step, order + 1)
    _require_finite(known[:-1], leaf._value)
    if direction is None and leaf.dtype.kind == "c":
        require_powers(
            lambda factor: _coefficients(graph, factor * step, order + 1),
            "taylor at a complex point needs an analytic function",
            "expand along a direction, taylor(f, x0, order, direction), in powers of a real number",
        )
    if direction is None and leaf.ndim:
        _require_elementwise(graph, known[:4])
    return TaylorPolynomial(
        coefficients=np.array(known[:-1]),
        next_coefficient=known[-1],
        x0=np.array(leaf._value)[()],
        direction=None if direction is None else step,
    )


_CONSTANT = (
    "the coefficients of a Taylor polynomial are plain numbers, and its derivative would be lost: "
    "pass t.data, or call taylor under no_grad(), if a constant is meant"
)


def _checked_order(order: Any) -> int:
    try:
        checked = operator.index(order)
    except TypeError:
        checked = -1
    if checked < 0:
        raise ValueError(f"the order must be an integer, 0 or above, but it is {order!r:.40}")
    return checked


def _checked_direction(leaf: Tensor, direction: Any) -> Any:
    step = np.asarray(value_of(direction))
    if step.dtype.kind == "c" and leaf.dtype.kind != "c":
        raise TypeError(
            f"x0 is real, but the direction is of {step.dtype}: make x0 complex, as in x0 + 0j"
        )
    step = np.array(step, dtype=leaf.dtype)[()]
    if step.shape != leaf.shape:
        raise ValueError(f"the direction has shape {step.shape}, but x0 has {leaf.shape}")
    return step


def _coefficients(graph: Graph, step: Any, order: int) -> list[Any]:
    (leaf,) = graph.leaves
    (out,) = graph.outputs
    walked = taylor_coefficients(graph, [[leaf._value, step]], order)
    return [np.broadcast_to(c, out.shape)[()] for c in walked]


def _require_finite(coefficients: Sequence[Any], x0: Any) -> None:
    for k, coefficient in enumerate(coefficients):
        broken = np.argwhere(~np.isfinite(coefficient))
        if len(broken):
            i = tuple(map(int, broken[0]))
            entry = f", entry {list(i)}," if i else ""
            place = x0[i] if np.shape(x0) == np.shape(coefficient) else x0
            what = "the value" if k == 0 else f"the coefficient of order {k}"
            raise ValueError(
                f"no Taylor series to order {len(coefficients) - 1} about x0 = {place}: {what}"
                f"{entry} is {coefficient[i]}. Expand about a point that is no pole or branch "
                "point of the function"
            )


def _require_elementwise(graph: Graph, known: Sequence[Any]) -> None:
    """Refuse a function that mixes the entries of its argument.

    If it does not, stretching each entry's step stretches that entry's series.
    """
    value = graph.leaves[0]._value
    stretch = np.linspace(0.5, 1.5, value.size, dtype=value.dtype).reshape(value.shape)
    stretched = _coefficients(graph, stretch, len(known) - 1)
    size = [np.max(np.abs(c), initial=0.0) for c in known]
    eps = np.finfo(value.dtype).eps
    tolerance = np.sqrt(eps) * np.nanmax([0.0, *size[1:]]) + 100 * eps * size[0]
    with np.errstate(invalid="ignore"):  # the coefficient of the remainder may be infinite
        for k, c in enumerate(known):
            if np.any(np.abs(stretched[k] - c * stretch**k) > tolerance):
                raise ValueError(_mixes("an entry of its output depends on several of x0"))


def _mixes(how: str) -> str:
    return (
        f"the function does not treat the entries of x0 one by one: {how}. Say along which "
        "direction to expand it, taylor(f, x0, order, direction), or use linear_approximation or "
        "quadratic_approximation"
    )


def _same(a: Any, b: Any) -> bool:
    return np.array_equal(a, b) if a is not None and b is not None else a is b


def _product(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    return [sum(a[j] * b[k - j] for j in range(k + 1)) for k in range(min(len(a), len(b)))]


# -- the radius of convergence ---------------------------------------------------------------


def _radius(coefficients: NDArray[Any]) -> float:
    """Estimate the radius of convergence of a power series from its first coefficients."""
    if not np.all(np.isfinite(coefficients)):
        return 0.0
    powers = np.flatnonzero(coefficients)
    gaps = np.diff(powers)
    if not len(gaps) or len(coefficients) - 1 - powers[-1] >= max(gaps):
        return float(np.inf)  # it ends, more zeros than ever before: a polynomial
    stride = int(np.gcd.reduce(gaps))  # 2 for an even or odd function: a series in x²
    c = coefficients[powers[0] :: stride]
    radius = np.array(_radii(c))
    if len(c) >= 12 and np.all(radius > 1.12 * np.array(_radii(c[: 2 * len(c) // 3]))):
        return float(np.inf)  # both still grow with the order
    return float(radius[1] ** (1 / stride))


def _radii(c: NDArray[Any]) -> tuple[float, float]:
    """Return a rough estimate by the slope of the logarithms, and a fine one by a fit."""
    n, half = len(c), len(c) // 2
    head, tail = np.max(np.abs(c[:-half])), np.max(np.abs(c[-half:]))
    if not np.any(c[-min(half, 6) :]):  # as where it vanishes but for a few powers far apart
        return np.inf, np.inf
    rough = float((head / tail) ** (1 / half))
    return rough, rough * _nearest_singularity(c[-8:], rough, n) if n > 4 else rough


def _nearest_singularity(c: NDArray[Any], rough: float, n: int) -> float:
    """Return the distance to the singularity in units of the rough guess, from the last of n terms.

    Fits (1 - p₁x - p₃x²) x f′ = (p₂x + p₄x²) f. A zero of the polynomial on the left is a
    singularity. Where there is but one, the other zero means nothing: the one that is closer to
    the rough guess counts.
    """
    m = len(c)
    k = np.arange(n - m + 2, n)
    scaled = c / np.max(np.abs(c)) * rough ** np.arange(m)
    new, last, older = scaled[2:], scaled[1:-1], scaled[:-2]
    system = np.stack([(k - 1) * last, last, (k - 2) * older, older], axis=1)
    rows = np.any(system != 0, axis=1)
    weight = 1 / np.max(np.abs(system[rows]), axis=1)
    p = np.linalg.lstsq(weight[:, None] * system[rows], weight * (k * new)[rows], rcond=1e-8)[0]
    inverses = np.abs(np.roots([1, -p[0], -p[2]]))
    inverses = inverses[inverses > 1e-3]  # those a thousand times as far are not there at all
    if not len(inverses):
        return float(np.inf)
    return float(1 / inverses[np.argmin(np.abs(np.log(inverses)))])
