"""scipy.special's ufuncs, where each is smooth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from tests.autodiff.cases.case import Case, positive, real, unit

x, p, u = real(2, 3), positive(2, 3), unit(2, 3)
q = real(2, 3, low=0.1, high=0.9)  # a probability
TO_THE_LEFT = np.array([-2.6, -1.3, -0.4, 0.2])  # between the poles of Γ

# SciPy computes these at complex arguments, so the complex step applies. (Its step of 1e-20 is
# lost in the Bessel functions, so these have Richardson's, and complex arguments besides.)
ANALYTIC: dict[Any, list[Any]] = {
    special.expm1: [x],
    special.log1p: [p],
    special.erf: [x],
    special.erfc: [x],
    special.erfcx: [x, 20 * p],
    special.erfi: [x],
    special.dawsn: [x, 20 * x],
    special.log_ndtr: [x, 10 * x],
    special.ndtr: [x],
}
HOLOMORPHIC: dict[Any, list[Any]] = {
    special.gamma: [p, TO_THE_LEFT],
    special.loggamma: [p],
    special.rgamma: [p, TO_THE_LEFT],
    special.exp1: [p],
    special.expi: [p],
    special.spence: [p],
    special.wrightomega: [x],
}
REAL: dict[Any, list[Any]] = {
    special.exp2: [x],
    special.exp10: [x],
    special.cosm1: [x],
    special.cbrt: [p, -p],
    special.exprel: [x, 3 * x],
    special.sindg: [x],
    special.cosdg: [x],
    special.tandg: [x],
    special.cotdg: [p],
    special.expit: [x],
    special.logit: [q],
    special.log_expit: [x],
    special.entr: [p],
    special.erfinv: [u],
    special.erfcinv: [1 + u],
    special.ndtri: [q],
    special.ndtri_exp: [-p],
    special.gammaln: [p, TO_THE_LEFT],
    special.psi: [p, TO_THE_LEFT],
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
    special.ellipk: [u, -5 * p],
    special.ellipkm1: [q, 1 + 0.1 * x],
    special.ellipe: [u, -5 * p],
}
SEVERAL = {  # operands, all differentiated
    special.radian: [x, x, p],
    special.powm1: [p, x],
    special.rel_entr: [p, 2 - u],
    special.kl_div: [p, 2 - u],
    special.huber: [p, x],
    special.pseudo_huber: [p, x],
    special.boxcox: [p, x],
    special.boxcox1p: [p, x],
    special.inv_boxcox: [p, q],
    special.inv_boxcox1p: [p, q],
    special.owens_t: [x, p],
    special.beta: [p, 2 - u],
    special.betaln: [p, 2 - u],
    special.binom: [3 + p, x],
    special.poch: [p, 2 + x],
    special.ellipkinc: [x, u],
    special.ellipeinc: [x, u],
    special.elliprf: [p, 2 - u, 3 + x],
    special.elliprd: [p, 2 - u, 3 + x],
}
DELICATE = [  # where some entries, and not others, take another form
    (special.kl_div, [p, p + 0.1 * x * x]),
    (special.beta, [3 + 10 * p, 0.1 + 0.05 * u]),
    (special.poch, [3 + 10 * p, 0.1 + 0.05 * u]),
    (special.binom, [p, 2 - u]),
    (special.boxcox, [p, 2 * x]),
    (special.inv_boxcox, [x, 0.4 * u]),
    (special.ellipkinc, [x, 0 * u]),
    (special.ellipeinc, [2 * x, 0 * u]),
    (special.elliprf, [p, 1 + 0 * u, p]),
    (special.elliprd, [p, 2 - u, p * (1 + 0.2 * u)]),
]
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
HOLOMORPHIC_IN_LAST = {special.jv, special.yv, special.iv, special.kv, special.kve, special.hyp0f1}
COMPLEX = {  # its two parts mixed into one real number
    "wofz": [special.wofz, x],
    "wofz of complex": [lambda x, y: special.wofz(x + 1j * y), x, p],
    "wofz far out": [lambda x, y: 100 * special.wofz(120 * x + 120j * y), x, p],
    "lambertw": [special.lambertw, p],
    "lambertw branch": [partial(special.lambertw, k=1), p],
    "hankel1": [partial(special.hankel1, 1.5), p],
    "hankel2": [partial(special.hankel2, 1.5), p],
    "hankel1e": [partial(special.hankel1e, 1.5), p],
    "hankel2e": [partial(special.hankel2e, 1.5), p],
    "hankel2e far out": [partial(special.hankel2e, 1.5), 40 * p],
}
TUPLES = {special.airy: x, special.fresnel: x, special.sici: p, special.shichi: p}


def mixed(f: Callable[..., Any], *operands: Any) -> Any:
    z = f(*operands)
    return np.real(z) - 2 * np.imag(z)


def together(f: Callable[..., Any], x: Any) -> Any:
    return np.stack(f(x))


CASES = [
    *(Case(f.__name__, f, (a,)) for f, operands in ANALYTIC.items() for a in operands),
    *(
        Case(f.__name__, f, (a,), False, True)
        for f, operands in HOLOMORPHIC.items()
        for a in operands
    ),
    *(Case(f.__name__, f, (a,), False) for f, operands in REAL.items() for a in operands),
    *(
        Case(f.__name__, f, operands)
        for f in (special.xlogy, special.xlog1py)
        for operands in [(x, p), (real(3), p), (x, positive(2, 1))]
    ),
    *(Case(f.__name__, f, tuple(operands), False) for f, operands in SEVERAL.items()),
    *(Case(f"{f.__name__} delicate", f, tuple(operands), False) for f, operands in DELICATE),
    *(
        Case(f"voigt_profile {name}", special.voigt_profile, operands, False)
        for name, operands in {
            "": (x, p, 2 - u),
            "broad": (x, positive(3), positive(2, 1)),
            "Gaussian": (x, p, 0.01 + 0 * x),
        }.items()
    ),
    Case(
        "voigt_profile Lorentzian",
        lambda x, sigma, gamma: 1e5 * special.voigt_profile(x, sigma, 100 * gamma),
        (30 * x, p, p),
        False,
    ),
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
    *(Case(f.__name__, partial(together, f), (a,), False) for f, a in TUPLES.items()),
]
