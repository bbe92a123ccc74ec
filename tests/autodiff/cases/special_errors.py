"""Error functions, the normal distribution, Voigt's profile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from tests.autodiff.cases.case import Case, positive, real, unit

x, p, u = real(2, 3), positive(2, 3), unit(2, 3)
q = real(2, 3, low=0.1, high=0.9)  # a probability

# SciPy computes these at complex arguments, so the complex step applies. (Its step of 1e-20 is
# lost in the Bessel functions, so these have Richardson's, and complex arguments besides.)
ANALYTIC: dict[Any, list[Any]] = {
    special.erf: [x],
    special.erfc: [x],
    special.erfcx: [x, 20 * p],
    special.erfi: [x],
    special.dawsn: [x, 20 * x],
    special.log_ndtr: [x, 10 * x],
    special.ndtr: [x],
}
REAL: dict[Any, list[Any]] = {
    special.erfinv: [u],
    special.erfcinv: [1 + u],
    special.ndtri: [q],
    special.ndtri_exp: [-p],
}
SEVERAL = {  # operands, all differentiated
    special.owens_t: [x, p],
}
COMPLEX = {  # its two parts mixed into one real number
    "wofz": [special.wofz, x],
    "wofz of complex": [lambda x, y: special.wofz(x + 1j * y), x, p],
    "wofz far out": [lambda x, y: 100 * special.wofz(120 * x + 120j * y), x, p],
}


def mixed(f: Callable[..., Any], *operands: Any) -> Any:
    z = f(*operands)
    return np.real(z) - 2 * np.imag(z)


CASES = [
    *(Case(f.__name__, f, (a,)) for f, operands in ANALYTIC.items() for a in operands),
    *(Case(f.__name__, f, (a,), False) for f, operands in REAL.items() for a in operands),
    *(Case(f.__name__, f, tuple(operands), False) for f, operands in SEVERAL.items()),
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
        Case(name, partial(mixed, f), tuple(operands), False)
        for name, (f, *operands) in COMPLEX.items()
    ),
]
