"""Functions with orders or parameters: Bessel's, incomplete gamma and beta, polynomials."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from tests.autodiff.cases.case import Case, positive, real, unit

x, p, u = real(2, 3), positive(2, 3), unit(2, 3)
q = real(2, 3, low=0.1, high=0.9)  # a probability

REAL: dict[Any, list[Any]] = {
    special.j0: [x],
    special.j1: [x],
    special.y0: [p],
    special.y1: [p],
    special.i0: [x],
    special.i0e: [x, 40 * x],
    special.i1: [x],
    special.i1e: [x, 40 * x],
    special.k0: [p],
    special.k0e: [p, 40 * p],
    special.k1: [p],
    special.k1e: [p, 40 * p],
}
IN_LAST = {  # the operands before the last are constants
    special.zeta: [(2, p), (2.5, p)],
    special.gammainc: [(0.5, p), (3.0, p)],
    special.gammaincc: [(0.5, p), (3.0, p)],
    special.gammaincinv: [(1.5, q)],
    special.gammainccinv: [(1.5, q)],
    special.betainc: [(2.0, 0.5, q)],
    special.betaincc: [(2.0, 0.5, q)],
    special.betaincinv: [(2.0, 1.5, q)],
    special.betainccinv: [(2.0, 1.5, q)],
    special.stdtr: [(3, x)],
    special.stdtrit: [(3, q)],
    special.chdtr: [(3, p)],
    special.chdtrc: [(3, p)],
    special.chdtri: [(3, q)],
    special.pdtr: [(2, p)],
    special.pdtrc: [(2, p)],
    special.jv: [(0, x), (2, x), (1.5, p), (np.array([0, 1, 3]), x)],
    special.jve: [(2, x)],
    special.yn: [(2, p)],
    special.yv: [(0.5, p)],
    special.yve: [(0.5, p)],
    special.iv: [(2, x), (1.5, p)],
    special.ive: [(2, x), (1.5, p), (1.5, 40 * p)],
    special.kn: [(2, p)],
    special.kv: [(1.5, p)],
    special.kve: [(1.5, p), (1.5, 40 * p)],
    special.struve: [(0, p), (1.5, p), (1.5, 10 * p)],
    special.modstruve: [(0, p), (1.5, p)],
    special.expn: [(0, p), (1, p), (3, p)],
    special.hyp0f1: [(1.5, x)],
    special.hyp1f1: [(0.5, 1.5, x)],
    special.hyp2f1: [(0.5, 1.0, 1.5, u)],
    special.hyperu: [(0.5, 1.5, p)],
    special.eval_legendre: [(0, u), (3, u), (np.arange(3), u)],
    special.eval_chebyt: [(0, u), (3, u)],
    special.eval_chebyu: [(0, u), (3, u)],
    special.eval_hermite: [(0, u), (3, u)],
    special.eval_hermitenorm: [(0, u), (3, u)],
    special.eval_laguerre: [(0, u), (3, u)],
    special.eval_genlaguerre: [(3, 0.5, u)],
    special.eval_gegenbauer: [(3, 1.5, u)],
    special.eval_jacobi: [(3, 0.5, 1.5, u)],
}
COMPLEX = {  # its two parts mixed into one real number
    "hankel1": [partial(special.hankel1, 1.5), p],
    "hankel2": [partial(special.hankel2, 1.5), p],
    "hankel1e": [partial(special.hankel1e, 1.5), p],
    "hankel2e": [partial(special.hankel2e, 1.5), p],
    "hankel2e far out": [partial(special.hankel2e, 1.5), 40 * p],
    "lambertw": [special.lambertw, p],
    "lambertw branch": [partial(special.lambertw, k=1), p],
}
HOLOMORPHIC_IN_LAST = {special.jv, special.yv, special.iv, special.kv, special.kve, special.hyp0f1}


def mixed(f: Callable[..., Any], *operands: Any) -> Any:
    z = f(*operands)
    return np.real(z) - 2 * np.imag(z)


CASES = [
    *(Case(f.__name__, f, (a,), False) for f, operands in REAL.items() for a in operands),
    *(
        Case(
            f"{f.__name__} {' '.join(map(str, parameters))}",
            partial(f, *parameters),
            (a,),
            False,
            f in HOLOMORPHIC_IN_LAST,
        )
        for f, calls in IN_LAST.items()
        for *parameters, a in calls
    ),
    *(
        Case(name, partial(mixed, f), tuple(operands), False)
        for name, (f, *operands) in COMPLEX.items()
    ),
]
