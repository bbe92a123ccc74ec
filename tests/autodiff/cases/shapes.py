"""Shapes and the order of axes."""

from __future__ import annotations

import numpy as np

from tests.autodiff.cases.case import Case, real


def shape_cases() -> list[Case]:
    x, y, s = real(2, 3, 4), real(2, 1, 4), real()
    return [
        Case("reshape", lambda x: np.reshape(x, (4, -1)), (x,)),
        Case("reshape-method", lambda x: x.reshape(2, 12), (x,)),
        Case("reshape-scalar", lambda x: x.reshape(1, 1), (s,)),
        Case("reshape-F", lambda x: np.reshape(x, (4, -1), order="F"), (x,)),
        Case("ravel", np.ravel, (x,)),
        Case("ravel-F", lambda x: x.ravel(order="F") * np.arange(24), (x,)),
        Case("flatten", lambda x: x.flatten(), (x,)),
        Case("transpose", np.transpose, (x,)),
        Case("transpose-axes", lambda x: x.transpose(1, 2, 0), (x,)),
        Case("T", lambda x: x.T, (x,)),
        Case("mT", lambda x: x.mT, (x,)),
        Case("swapaxes", lambda x: np.swapaxes(x, 0, -1), (x,)),
        Case("moveaxis", lambda x: np.moveaxis(x, (0, 1), (2, 0)), (x,)),
        Case("expand_dims", lambda x: np.expand_dims(x, (0, 2)), (x,)),
        Case("squeeze", np.squeeze, (y,)),
        Case("squeeze-axis", lambda x: x.squeeze(1), (y,)),
        Case("atleast_1d", np.atleast_1d, (s,)),
        Case("broadcast_to", lambda x: np.broadcast_to(x, (5, 2, 3, 4)), (y,)),
        Case("broadcast_to-scalar", lambda x: np.broadcast_to(x, (2, 3)), (s,)),
        Case("astype", lambda x: x.astype(x.dtype) * 2, (x,)),
    ]


CASES = shape_cases()
