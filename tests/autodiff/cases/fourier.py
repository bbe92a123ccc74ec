"""numpy.fft: every transform, of real and complex operands, cut, filled up and normalised."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.autodiff.cases.case import Case, positive, real


def as_real(f: Callable[..., Any], *operands: Any) -> Any:
    """The transform of x or x + iy, its two parts mixed into one real number each."""
    z = f(operands[0] if len(operands) == 1 else operands[0] + 1j * operands[1])
    return np.real(z) - 2 * np.imag(z)


def case(name: str, f: Callable[..., Any], *operands: Any) -> Case:
    return Case(name, partial(as_real, f), operands, analytic=False)


OF_COMPLEX = {
    f.__name__: f for f in (np.fft.fft, np.fft.ifft, np.fft.irfft, np.fft.hfft)
}  # and of real ones
OF_REAL = {f.__name__: f for f in (np.fft.rfft, np.fft.ihfft)}
LENGTHS: list[dict[str, Any]] = [
    {},
    {"n": 3},
    {"n": 4},
    {"n": 7, "axis": 0},
    {"n": 8, "axis": -2},
    {"n": 1},
    {"axis": 0, "norm": "ortho"},
    {"norm": "forward"},
    {"norm": "backward"},
]
OF_COMPLEX_PLANES = {
    f.__name__: f
    for f in (
        *(np.fft.fft2, np.fft.ifft2, np.fft.irfft2),
        *(np.fft.fftn, np.fft.ifftn, np.fft.irfftn),
    )
}
OF_REAL_PLANES = {f.__name__: f for f in (np.fft.rfft2, np.fft.rfftn)}
SHAPES: list[dict[str, Any]] = [
    {},
    {"s": (4, 3), "axes": (0, 2)},
    {"s": (3, -1), "axes": (-1, 0)},
    {"axes": (1,), "norm": "ortho"},
    {"axes": (0, 1), "norm": "forward"},
]


def label(name: str, keywords: dict[str, Any]) -> str:
    return " ".join([name, *(f"{k}={v}" for k, v in keywords.items())])


def cases_of(
    functions: dict[str, Callable[..., Any]], keywords: list[dict[str, Any]], *operands: Any
) -> list[Case]:
    return [
        case(label(name, k), partial(f, **k), *operands)
        for name, f in functions.items()
        for k in keywords
    ]


x, y = real(4, 5), positive(4, 5)
u, v = real(2, 3, 4), positive(2, 3, 4)
CASES = [
    *cases_of(OF_COMPLEX | OF_REAL, LENGTHS, x),
    *cases_of(OF_COMPLEX, LENGTHS, x, y),
    *cases_of(OF_REAL | OF_COMPLEX, [{}, {"n": 5}], real(6)),
    *cases_of(OF_COMPLEX_PLANES | OF_REAL_PLANES, SHAPES, u),
    *cases_of(OF_COMPLEX_PLANES, SHAPES, u, v),
    *cases_of({"fftn": np.fft.fftn}, [{"axes": (0, 0)}, {"axes": ()}], u),
    *(
        Case(label(f.__name__, {"axes": axes}), partial(f, axes=axes), (u,))
        for f in (np.fft.fftshift, np.fft.ifftshift)
        for axes in (None, 1, (0, -1))
    ),
]
