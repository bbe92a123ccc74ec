"""np.pad: one axis after the other, so that the last one fills the corners."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.array_kinds import at_present
from autodiff._core.constants_like import constants_like
from autodiff._core.table import operation
from autodiff._core.tensor import Tensor
from autodiff._core.types import Value
from autodiff.rules._joining import concatenate

_ALL = slice(None)


def _with_length(x: Value, axis: int, length: int) -> tuple[int, ...]:
    return (*x.shape[:axis], length, *x.shape[axis + 1 :])


def _part(x: Value, axis: int, part: slice) -> Value:
    return x[(*(_ALL,) * axis, part)]


def _column(weights: Value, x: Value, axis: int) -> Value:
    """Return numbers, one for each entry along an axis, in the type of ``x``."""
    return constants_like(x, weights.astype(x.dtype).reshape((-1, *(1,) * (x.ndim - axis - 1))))


def _constant(x: Value, axis: int, widths: Any, values: Value) -> Value:
    left, right = (
        np.broadcast_to(constants_like(x, value.astype(x.dtype)), _with_length(x, axis, width))
        for value, width in zip(values, widths, strict=True)
    )
    return concatenate([left, x, right], axis)


def _linear_ramp(x: Value, axis: int, widths: Any, values: Value) -> Value:
    edges = (_part(x, axis, slice(1)), _part(x, axis, slice(-1, None)))
    ends = [constants_like(x, value.astype(x.dtype)) for value in values]
    left, right = (
        end + (edge - end) * _column(np.arange(width) / max(width, 1), x, axis)
        for edge, end, width in zip(edges, ends, widths, strict=True)
    )
    return concatenate([left, x, np.flip(right, axis)], axis)


def _by_statistic(function: Any) -> Any:
    """Return the padding by a statistic of the nearest entries, or of all of them."""

    def pad(x: Value, axis: int, widths: Any, lengths: Any) -> Value:
        most = x.shape[axis]
        first, last = (most if n is None else min(n, most) for n in lengths)
        parts = (_part(x, axis, slice(first)), _part(x, axis, slice(most - last, None)))
        left, right = (
            np.broadcast_to(function(part, axis=axis, keepdims=True), _with_length(x, axis, width))
            for part, width in zip(parts, widths, strict=True)
        )
        return concatenate([left, x, right], axis)

    return pad


def _by_place(mode: Any) -> Any:
    """Return the padding whose entries are some of the given ones; NumPy says which."""

    def pad(x: Value, axis: int, widths: Any, kinds: Any) -> Value:
        length = x.shape[axis]
        places = np.pad(np.arange(length), widths, mode)
        entries = np.take(x, places, axis)
        if kinds[0] == "even" or length == 1:
            return entries
        # At each odd reflection an entry changes its sign and gains twice the edge's. In the end it
        # has gained multiples of the first and the last: 1, 1, ... and 0, 1, ... tell how much.
        period = length - (mode == "reflect")
        sign = (-1.0) ** (np.arange(-widths[0], length + widths[1]) // period)
        line = np.pad(np.arange(length), widths, mode, reflect_type="odd")
        of_last = (line - sign * places) / (length - 1)
        return (
            _column(sign, x, axis) * entries
            + _column(1 - sign - of_last, x, axis) * _part(x, axis, slice(1))
            + _column(of_last, x, axis) * _part(x, axis, slice(-1, None))
        )

    return pad


# Each mode with the option it takes and the option's default.
_MODES: dict[str, tuple[Any, str, Any]] = {
    "constant": (_constant, "constant_values", 0),
    "linear_ramp": (_linear_ramp, "end_values", 0),
    "edge": (_by_place("edge"), "", "even"),
    "wrap": (_by_place("wrap"), "", "even"),
    "reflect": (_by_place("reflect"), "reflect_type", "even"),
    "symmetric": (_by_place("symmetric"), "reflect_type", "even"),
    "maximum": (_by_statistic(np.max), "stat_length", None),
    "minimum": (_by_statistic(np.min), "stat_length", None),
    "mean": (_by_statistic(np.mean), "stat_length", None),
    "median": (_by_statistic(np.median), "stat_length", None),
}


@operation(np.pad)
def _pad(array: Value, pad_width: Any, mode: Any = "constant", **options: Any) -> Value:
    if mode not in _MODES:
        raise ValueError(
            f"np.pad of a Tensor has the modes {', '.join(_MODES)}, not {mode!r}: 'empty' would "
            "leave entries undefined, and a function would write into the result"
        )
    pad, name, default = _MODES[mode]
    if options.keys() - {name}:
        raise ValueError(f"np.pad with the mode {mode!r} does not take {', '.join(options)}=")
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(i, pad_width.get(i - array.ndim, 0)) for i in range(array.ndim)]
        pad_width = [np.broadcast_to(width, 2) for width in pad_width]
    all_widths = _pairs("pad_width", pad_width, array.ndim)
    if all_widths.dtype.kind not in "iu" or (all_widths < 0).any():
        raise ValueError(f"np.pad takes widths that are whole numbers from 0 on, not {pad_width}")
    all_options = _pairs(name, options.get(name, default), array.ndim)
    for axis, widths in enumerate(all_widths.tolist()):
        if mode != "constant" and any(widths) and not array.shape[axis]:
            raise ValueError(f"np.pad: axis {axis} of {array.shape} has no entries to pad with")
        if any(widths):
            array = pad(array, axis, widths, all_options[axis])
    return array


def _pairs(name: str, value: Any, ndim: int) -> Any:
    """Return what goes before and after each axis."""
    value = at_present(value)
    array = value if type(value) is Tensor else np.asarray(value)  # of None, where none is given
    try:
        return np.broadcast_to(array, (ndim, 2))
    except ValueError:
        raise ValueError(
            f"np.pad takes as {name}= one value, a pair for before and after, or such a pair for "
            f"each of the {ndim} axes, not values of shape {array.shape}"
        ) from None
