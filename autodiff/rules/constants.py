"""Functions whose result is a constant: masks, indices, steps and facts about an array."""

from __future__ import annotations

import numpy as np

from autodiff._op import without_derivative

for function in (
    # comparisons and logic
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *(np.logical_and, np.logical_or, np.logical_not, np.logical_xor),
    *(np.bitwise_and, np.bitwise_or, np.invert, np.any, np.all),
    *(np.isnan, np.isinf, np.isfinite, np.isclose, np.allclose, np.array_equal),
    # steps
    *(np.sign, np.floor, np.ceil, np.rint, np.round, np.trunc, np.signbit, np.floor_divide),
    # indices
    *(np.argmax, np.argmin, np.argsort, np.argwhere, np.nonzero, np.flatnonzero),
    *(np.searchsorted, np.count_nonzero),
    # facts
    *(np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type),
    *(np.zeros_like, np.ones_like, np.empty_like, np.full_like),
):
    without_derivative(function)
