"""Words of which several messages are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FAR_OFF = 3.0  # times the spread of x, from which on its middle is far from 0


def quantity(n: int, of_what: str) -> str:
    """Return a number of things: 1 point, 2 points."""
    return f"{n} {of_what}" + ("" if n == 1 else "s")


def enumeration(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def description(value: Any) -> str:
    """Return what an argument is, in a few words."""
    shape = np.shape(value) if isinstance(value, np.ndarray | list | tuple) else ()
    if shape and np.size(value) > 4:
        return f"{type(value).__name__} of shape {shape}"
    name = getattr(value, "__name__", None)
    kind = "class" if isinstance(value, type) else "function"
    return f"the {kind} {name}" if callable(value) and name else f"{value!r:.80}"


def reason(failure: Exception) -> str:
    """Return what an exception says, or its kind, as of a future that was cancelled."""
    return str(failure) or type(failure).__name__


def failures_in_words(failures: Mapping[int, Exception], n: int, so: str) -> str:
    """Return how many of n fits failed, what follows, and why the first of them did."""
    first = min(failures)
    return (
        f"{len(failures)} of {n} fits failed, {so}: see failures, of which the first is number "
        f"{first}: {reason(failures[first])}"
    )


def span_in_words(name: str, values: NDArray[np.float64]) -> str:
    """Return from where to where numbers reach, but for NaN.

    Examples
    --------
    >>> span_in_words("rate", np.array([1.0, np.nan, -2.0]))
    'rate from −2 to 1'
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return f"{name} unknown"
    low, high = (in_prose(f"{end:.5g}") for end in (known.min(), known.max()))
    return f"{name} from {low} to {high}"


def in_prose(number: str) -> str:
    """Return a number as prose has it, with a minus and the sign of infinity."""
    return number.replace("-", "−").replace("inf", "∞")


def probability(p: float, digits: int) -> str:
    """Return a probability, which is called 0 or 1 only where it is.

    Examples
    --------
    >>> probability(0.1234, 2), probability(0.998, 2), probability(1 - 1e-7, 2), probability(1, 2)
    ('0.12', '0.998', '> 0.9999', '1')
    """
    if p <= 0:
        return "< 1e-300"
    if 0.9999 < p < 1:
        return "> 0.9999"
    while p < 1 and float(f"{p:.{digits}g}") == 1:
        digits += 1
    return f"{p:.{digits}g}"


def from_the_middle(x: Any) -> str:
    """Return how to count x from the middle of the data, if these lie far from 0."""
    if not isinstance(x, np.ndarray) or x.ndim != 1:
        return ""
    low, high = float(x.min()), float(x.max())
    middle = (low + high) / 2
    if abs(middle) < FAR_OFF * (high - low) or low == high:
        return ""
    return f"x {'−' if middle > 0 else '+'} {abs(middle):g} in the place of x"
