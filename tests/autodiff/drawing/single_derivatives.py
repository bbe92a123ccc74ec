"""Of the local derivatives of an op the one by a certain input."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff import Tensor
from autodiff.drawing.formulas._symbols import Formula, derivative_texts, local_derivatives


def derivative_text(y: Tensor, i: int, names: Sequence[str]) -> str:
    """Return what is said at the edge from input number ``i``."""
    return derivative_texts(y, names)(i)


def local_derivative(y: Tensor, i: int, names: Sequence[str]) -> Formula | None:
    """Return the derivative by input number ``i``."""
    return local_derivatives(y, names)(i)
