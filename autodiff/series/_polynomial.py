"""Taylor polynomials of functions: their values, arithmetic and convergence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff._core.constants_like import zeros_like
from autodiff._core.types import Value
from autodiff.series._formula import formula
from autodiff.series._radius import radius_of_convergence


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
    >>> from autodiff import taylor
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
        result = self.coefficients[-1] + zeros_like(step)
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
        >>> from autodiff import taylor
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
        return self._with([k * c for k, c in enumerate(self._all_coefficients())][1:])

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
        >>> from autodiff import taylor
        >>> p = taylor(lambda x: 1 / (1 + x**2), 2.0, 12)
        >>> f"{p.radius():.6f}, the distance to ±i: {5**0.5:.6f}"
        '2.236068, the distance to ±i: 2.236068'
        """
        known = np.stack(self._all_coefficients())
        radii = [radius_of_convergence(column) for column in known.reshape(len(known), -1).T]
        return np.array(radii).reshape(known.shape[1:])[()]

    # -- arithmetic --------------------------------------------------------------------------

    def __add__(self, other: Any) -> TaylorPolynomial:
        return self._combine(other, lambda a, b: [x + y for x, y in zip(a, b, strict=False)])

    def __sub__(self, other: Any) -> TaylorPolynomial:
        return self._combine(other, lambda a, b: [x - y for x, y in zip(a, b, strict=False)])

    def __rsub__(self, other: Any) -> TaylorPolynomial:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> TaylorPolynomial:
        return self._combine(other, _product)

    def __neg__(self) -> TaylorPolynomial:
        return self._with([-c for c in self._all_coefficients()])

    __radd__ = __add__
    __rmul__ = __mul__

    def _combine(self, other: Any, rule: Callable[..., list[Any]]) -> TaylorPolynomial:
        mine = self._all_coefficients()
        if isinstance(other, Number):
            return self._with(rule(mine, [other, *[0] * (self.order + 1)]))
        if not isinstance(other, TaylorPolynomial):
            return NotImplemented  # type: ignore[no-any-return]
        if not (_same(self.x0, other.x0) and _same(self.direction, other.direction)):
            raise ValueError(
                "the polynomials are not about the same point: "
                f"{self._place()}, but {other._place()}; expand both functions about one of them"
            )
        return self._with(rule(mine, other._all_coefficients()))

    def _all_coefficients(self) -> list[Value]:
        return [*self.coefficients, self.next_coefficient]

    def _with(self, known: Sequence[Value]) -> TaylorPolynomial:
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


def _same(a: Any, b: Any) -> bool:
    return np.array_equal(a, b) if a is not None and b is not None else a is b


def _product(a: Sequence[Value], b: Sequence[Value]) -> list[Value]:
    return [sum(a[j] * b[k - j] for j in range(k + 1)) for k in range(min(len(a), len(b)))]
