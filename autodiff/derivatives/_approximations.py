"""Linear and quadratic approximations of functions of several variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff._core.checks import require_function
from autodiff._core.tensor import Tensor
from autodiff._core.types import Function, Value
from autodiff.derivatives._first import value_and_grad
from autodiff.derivatives._hessians import hessian


@dataclass(frozen=True, eq=False, repr=False)
class LinearApproximation:
    """The tangent plane of a function of several variables: value + gradient · (x - x0).

    Called with one point or with many, their coordinates last.
    """

    x0: Any
    value: Any
    gradient: Any

    def __call__(self, x: ArrayLike) -> Any:
        """Evaluate the approximation at x, of shape (..., *x0.shape)."""
        change = self._steps(x) @ self.gradient.reshape(-1)
        return self.value + (np.real(change) if self.gradient.dtype.kind == "c" else change)

    def _steps(self, x: Value) -> Value:
        x = x if hasattr(x, "__array_ufunc__") else np.asarray(x)
        shape = np.shape(self.x0)
        batch = x.ndim - len(shape)
        if batch < 0 or x.shape[batch:] != shape:
            raise ValueError(f"x has shape {x.shape}, but it must end in that of x0, {shape}")
        return (x - self.x0).reshape((*x.shape[:batch], -1))

    def __repr__(self) -> str:
        return _text(self, {"x0": self.x0, "value": self.value, "gradient": self.gradient})


@dataclass(frozen=True, eq=False, repr=False)
class QuadraticApproximation(LinearApproximation):
    """The second-order approximation: value + gradient · h + ½ h · Hessian h, with h = x - x0."""

    hessian: Any

    def __call__(self, x: ArrayLike) -> Any:
        """Evaluate the approximation at x, of shape (..., *x0.shape)."""
        h = self._steps(x)
        matrix = self.hessian.reshape((h.shape[-1], h.shape[-1]))
        return super().__call__(x) + 0.5 * ((h @ matrix) * h).sum(axis=-1)

    def __repr__(self) -> str:
        parts = {"x0": self.x0, "value": self.value, "gradient": self.gradient}
        return _text(self, {**parts, "Hessian": self.hessian})


def _text(of: Any, parts: dict[str, Any]) -> str:
    lines = []
    for label, part in parts.items():
        text = np.array2string(np.asarray(part), precision=6, prefix=" " * 12)
        lines.append(f"  {label:8}  {text}")
    return "\n".join([type(of).__name__, *lines])


def linear_approximation(f: Function, x0: ArrayLike) -> LinearApproximation:
    """Return the first-order Taylor polynomial of a function of several variables.

    Parameters
    ----------
    f : callable
        Takes one array, which may be complex, and returns one real number.
    x0 : array_like
        The point of expansion.

    Returns
    -------
    LinearApproximation
        A function of x, with ``x0``, ``value`` and ``gradient``.

    Raises
    ------
    TypeError
        When f returns more than one number.

    Examples
    --------
    >>> import numpy as np
    >>> linear_approximation(lambda v: v[0] ** 2 * np.exp(v[1]), [3.0, 0.0])
    LinearApproximation
      x0        [3. 0.]
      value     9.
      gradient  [6. 9.]
    """
    require_function(f, "linear_approximation")
    value, gradient = value_and_grad(f)(x0)
    return LinearApproximation(_point(x0), value, gradient)


def quadratic_approximation(f: Function, x0: ArrayLike) -> QuadraticApproximation:
    """Return the second-order Taylor polynomial of a function of several variables.

    As `linear_approximation`, with the ``hessian`` too, of shape ``x0.shape + x0.shape``; of a real
    array.

    Examples
    --------
    >>> import numpy as np
    >>> q = quadratic_approximation(lambda v: v[0] ** 2 * np.exp(v[1]), [3.0, 0.0])
    >>> q
    QuadraticApproximation
      x0        [3. 0.]
      value     9.
      gradient  [6. 9.]
      Hessian   [[2. 6.]
                 [6. 9.]]
    >>> float(q([3.0, 0.2]))
    10.98
    """
    require_function(f, "quadratic_approximation")
    value, gradient = value_and_grad(f)(x0)
    return QuadraticApproximation(_point(x0), value, gradient, hessian(f)(x0))


def _point(x0: Value) -> Value:
    return x0 if type(x0) is Tensor else np.copy(x0)[()]
