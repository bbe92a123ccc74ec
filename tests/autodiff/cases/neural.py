"""logsumexp, softmax and the cross-entropy."""

from __future__ import annotations

from typing import Any

from autodiff import log_softmax, logsumexp, softmax, softmax_cross_entropy
from tests.autodiff.cases.case import Case, real


def logsumexp_cases() -> list[Case]:
    axes: list[Any] = [None, 0, -1, (0, 2), 1]
    cases = [
        Case(
            f"logsumexp-{axis}-{keepdims}",
            lambda x, axis=axis, keepdims=keepdims: logsumexp(x, axis=axis, keepdims=keepdims),
            (real(2, 3, 4),),
            True,
            False,
        )
        for axis in axes
        for keepdims in (False, True)
    ]
    cases.append(Case("logsumexp-scalar", logsumexp, (real(),), True, False))
    return cases


CASES = [
    *logsumexp_cases(),
    Case("softmax", softmax, (real(2, 3),), True, False),
    Case("softmax-confident", lambda x: softmax(9 * x), (real(2, 3),), True, False),
    Case("log_softmax-0", lambda x: log_softmax(x, axis=0), (real(2, 3),), True, False),
    Case("cross_entropy", lambda x: softmax_cross_entropy(x, [2, 0]), (real(2, 3),), True, False),
]
