"""Functions whose result is a constant: masks, indices, steps and facts about an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.arguments import argument_refusal, without_out
from autodiff._core.fillable import Fillable
from autodiff._core.ndarray import operations
from autodiff._core.record import value_of
from autodiff._core.table import operation, without_derivative
from autodiff._core.tensor import Tensor, constant
from autodiff._core.types import Function, Value

for _function in (
    # comparisons and logic
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *(np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.any, np.all),
    *(np.isnan, np.isinf, np.isfinite, np.isneginf, np.isposinf, np.isreal, np.iscomplex),
    *(np.isclose, np.allclose, np.array_equal, np.array_equiv, np.isin, np.signbit),
    # whole numbers and their bits
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift),
    *(np.bitwise_count, np.packbits, np.unpackbits, np.gcd, np.lcm),
    # steps
    *(np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around),
    *(np.floor_divide, np.spacing, np.digitize),
    # indices and counts
    *(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition),
    *(np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero, np.searchsorted),
    *(np.unravel_index, np.diag_indices_from, np.tril_indices_from, np.triu_indices_from),
    # facts
    *(np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.einsum_path),
    *(np.result_type, np.common_type, np.can_cast, np.min_scalar_type),
    *(np.may_share_memory, np.shares_memory, np.array_repr, np.array_str, np.array2string),
):
    without_derivative(_function)


def _never_into_a_tensor(function: Function) -> None:
    """Refuse to write a result into a Tensor, unless it is an array that can be filled."""
    call = operations[function]

    def checked_call(*args: Any, **kwargs: Any) -> Any:
        given, options, out = without_out(function, args, kwargs)
        if not isinstance(out, Tensor):
            return call(*args, **kwargs)
        if not isinstance(out, Fillable):
            raise argument_refusal(function, "out")
        return out.take_result(call(*given, **options))

    operations[function] = checked_call


for _function in (
    *(np.any, np.all, np.argmax, np.argmin, np.nanargmax, np.nanargmin),
    *(np.round, np.around, np.fix, np.isneginf, np.isposinf),
):
    _never_into_a_tensor(_function)


# -- indices made of several arrays ----------------------------------------------------------


@operation(np.lexsort)
def _lexsort(keys: Any, axis: int = -1) -> Any:
    return constant(np.lexsort([value_of(key) for key in keys], axis))


@operation(np.ravel_multi_index)
def _ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: Any = "C") -> Any:
    indices = tuple(value_of(index) for index in multi_index)
    return constant(np.ravel_multi_index(indices, dims, mode, order))


@operation(np.ix_)
def _ix(*args: Any) -> Any:
    return np.ix_(*map(value_of, args))


# -- counts ----------------------------------------------------------------------------------


@operation(np.histogram_bin_edges)
def _histogram_bin_edges(a: Value, bins: Any = 10, range: Any = None) -> Value:
    return np.histogram_bin_edges(value_of(a), value_of(bins), range)


@operation(np.histogram2d)
def _histogram2d(
    x: Value,
    y: Value,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Value = None,
) -> Value:
    _refuse_to_differentiate_by("histogram2d", weights)
    return np.histogram2d(value_of(x), value_of(y), bins, range, density, value_of(weights))


@operation(np.histogramdd)
def _histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Value = None
) -> Value:
    _refuse_to_differentiate_by("histogramdd", weights)
    if isinstance(sample, list | tuple):
        sample = [value_of(x) for x in sample]
    return np.histogramdd(value_of(sample), bins, range, density, value_of(weights))


def _refuse_to_differentiate_by(function: str, weights: Value) -> None:
    if type(weights) is Tensor and weights.requires_grad:
        raise TypeError(
            f"np.{function} has no derivative with respect to weights=: write "
            "np.bincount(np.ravel_multi_index(places, shape), weights), or give it t.data"
        )
