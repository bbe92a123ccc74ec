"""numpy.fft: the discrete Fourier transforms, each linear."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autodiff._core.constants_like import constants_like, zeros_like
from autodiff._core.table import linear, operation
from autodiff._core.types import Cotangent, Value
from autodiff.rules._shapes import from_end

_OPPOSITE: dict[Any, Any] = {
    None: "forward",
    "backward": "forward",
    "forward": "backward",
    "ortho": "ortho",
}
_ALL = slice(None)

# -- along one axis --------------------------------------------------------------------------
# The matrix of a transform is symmetric: its transpose (not conjugated, see the complex numbers
# in _elementwise.py) is the transform itself.


def _transform(function: Any) -> Any:
    return linear(
        function,
        lambda g, out, x, axis, norm: _as_kind_of(x, function(g, axis=axis, norm=norm)),
        compute=lambda x, axis, norm: function(x, axis=axis, norm=norm),
    )


def _as_kind_of(x: Value, image: Value) -> Value:
    """Return the image, or its real part where the operand is real."""
    return image if x.dtype.kind == "c" or image.dtype.kind != "c" else np.real(image)


def _half_weights(out: Value, n: int, axis: int, inner: float) -> Value:
    """Return how often an entry of half a spectrum stands in the whole of n, or the inverse."""
    weights = np.full(n // 2 + 1, inner, out.real.dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights.reshape(-1, *(1,) * (-axis - 1))


def _rfft_rule(g: Cotangent, out: Value, x: Value, axis: int, norm: str | None) -> Cotangent:
    n = x.shape[axis]
    halved = np.conjugate(g) * constants_like(g, _half_weights(x, n, axis, 0.5))
    return np.fft.irfft(halved, n, axis, _OPPOSITE[norm])


def _irfft_rule(
    g: Cotangent, out: Value, x: Value, n: int, axis: int, norm: str | None
) -> Cotangent:
    half = np.conjugate(np.fft.rfft(_as_kind_of(out, g), axis=axis, norm=_OPPOSITE[norm]))
    return _as_kind_of(x, half * constants_like(half, _half_weights(out, n, axis, 2.0)))


_fft_op = _transform(np.fft.fft)
_ifft_op = _transform(np.fft.ifft)
_rfft_op = linear(
    np.fft.rfft,
    _rfft_rule,
    compute=lambda x, axis, norm: np.fft.rfft(x, axis=axis, norm=norm),
)
_irfft_op = linear(
    np.fft.irfft,
    _irfft_rule,
    compute=lambda x, n, axis, norm: np.fft.irfft(x, n, axis, norm),
)


def resize_axis(x: Value, n: int, axis: int) -> Value:
    """Return an axis cut to its first n entries, or filled up with zeros."""
    rest = (_ALL,) * (-axis - 1)
    if n <= x.shape[axis]:
        return x[(..., slice(n), *rest)]
    shape = list(x.shape)
    shape[axis] = n - shape[axis]
    return np.concatenate([x, zeros_like(x, shape=shape)], axis=axis)


# Cutting and filling up are each other's transpose.
_resize_op: Any = linear(resize_axis, lambda g, out, x, n, axis: _resize_op(g, x.shape[axis], axis))


def _operand_and_axis(a: Value, n: Any, axis: int) -> tuple[Value, int]:
    """Return the operand with n entries along the axis, and the axis counted from the end."""
    axis = normalize_axis_index(operator.index(axis), a.ndim) - a.ndim
    n = a.shape[axis] if n is None else operator.index(n)
    if n < 1:
        raise ValueError(f"a Fourier transform along an axis of {n} points: it needs at least 1")
    return a if n == a.shape[axis] else _resize_op(a, n, axis), axis


@operation(np.fft.fft)
def _fft(a: Value, n: Any = None, axis: int = -1, norm: str | None = None) -> Value:
    return _fft_op(*_operand_and_axis(a, n, axis), norm)


@operation(np.fft.ifft)
def _ifft(a: Value, n: Any = None, axis: int = -1, norm: str | None = None) -> Value:
    return _ifft_op(*_operand_and_axis(a, n, axis), norm)


@operation(np.fft.rfft)
def _rfft(a: Value, n: Any = None, axis: int = -1, norm: str | None = None) -> Value:
    return _rfft_op(*_operand_and_axis(a, n, axis), norm)


@operation(np.fft.irfft)
def _irfft(a: Value, n: Any = None, axis: int = -1, norm: str | None = None) -> Value:
    n = 2 * (a.shape[axis] - 1) if n is None else operator.index(n)
    a, axis = _operand_and_axis(a, n // 2 + 1 if n > 0 else n, axis)
    return _irfft_op(a, n, axis, norm)


@operation(np.fft.hfft)
def _hfft(a: Value, n: Any = None, axis: int = -1, norm: str | None = None) -> Value:
    return _irfft(np.conjugate(a), n, axis, _OPPOSITE.get(norm, norm))


@operation(np.fft.ihfft)
def _ihfft(a: Value, n: Any = None, axis: int = -1, norm: str | None = None) -> Value:
    return np.conjugate(_rfft(a, n, axis, _OPPOSITE.get(norm, norm)))


# -- along several axes ----------------------------------------------------------------------


def _lengths_and_axes(a: Value, s: Any, axes: Any) -> tuple[list[Any], list[int]]:
    """Return a length (None as it is) for each axis; both may be left out."""
    if axes is None:
        axes = range(-(a.ndim if s is None else len(s)), 0)
    lengths = [None] * len(axes) if s is None else [None if n == -1 else n for n in s]
    if len(lengths) != len(axes):
        raise ValueError(f"s={s} and axes={tuple(axes)}: a length is needed for each axis")
    return lengths, list(axes)


def _in_turn(
    transform: Any, a: Value, lengths: list[Any], axes: list[int], norm: str | None
) -> Value:
    for n, axis in zip(reversed(lengths), reversed(axes), strict=True):
        a = transform(a, n, axis, norm)
    return a


@operation(np.fft.fftn)
def _fftn(a: Value, s: Any = None, axes: Any = None, norm: str | None = None) -> Value:
    return _in_turn(_fft, a, *_lengths_and_axes(a, s, axes), norm)


@operation(np.fft.ifftn)
def _ifftn(a: Value, s: Any = None, axes: Any = None, norm: str | None = None) -> Value:
    return _in_turn(_ifft, a, *_lengths_and_axes(a, s, axes), norm)


@operation(np.fft.rfftn)
def _rfftn(a: Value, s: Any = None, axes: Any = None, norm: str | None = None) -> Value:
    lengths, axes = _lengths_and_axes(a, s, axes)
    half = _rfft(a, lengths[-1], axes[-1], norm)
    return _in_turn(_fft, half, lengths[:-1], axes[:-1], norm)


@operation(np.fft.irfftn)
def _irfftn(a: Value, s: Any = None, axes: Any = None, norm: str | None = None) -> Value:
    lengths, axes = _lengths_and_axes(a, s, axes)
    half = _in_turn(_ifft, a, lengths[:-1], axes[:-1], norm)
    return _irfft(half, lengths[-1], axes[-1], norm)


@operation(np.fft.fft2)
def _fft2(a: Value, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Value:
    return _fftn(a, s, axes, norm)


@operation(np.fft.ifft2)
def _ifft2(a: Value, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Value:
    return _ifftn(a, s, axes, norm)


@operation(np.fft.rfft2)
def _rfft2(a: Value, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Value:
    return _rfftn(a, s, axes, norm)


@operation(np.fft.irfft2)
def _irfft2(a: Value, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Value:
    return _irfftn(a, s, axes, norm)


# -- the zero frequency in the middle, and back ----------------------------------------------

_fftshift_op = linear(np.fft.fftshift, lambda g, out, x, axes: np.fft.ifftshift(g, axes))
_ifftshift_op = linear(np.fft.ifftshift, lambda g, out, x, axes: np.fft.fftshift(g, axes))


@operation(np.fft.fftshift)
def _fftshift(x: Value, axes: Any = None) -> Value:
    return _fftshift_op(x, from_end(axes, x.ndim))


@operation(np.fft.ifftshift)
def _ifftshift(x: Value, axes: Any = None) -> Value:
    return _ifftshift_op(x, from_end(axes, x.ndim))
