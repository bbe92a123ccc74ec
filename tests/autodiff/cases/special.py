"""scipy.special: powers and logarithms, losses, gamma and beta functions."""

from __future__ import annotations

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
}
HOLOMORPHIC: dict[Any, list[Any]] = {
    special.gamma: [p, TO_THE_LEFT],
    special.loggamma: [p],
    special.rgamma: [p, TO_THE_LEFT],
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
    special.gammaln: [p, TO_THE_LEFT],
    special.psi: [p, TO_THE_LEFT],
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
    special.beta: [p, 2 - u],
    special.betaln: [p, 2 - u],
    special.binom: [3 + p, x],
    special.poch: [p, 2 + x],
}
DELICATE = [  # where some entries, and not others, take another form
    (special.kl_div, [p, p + 0.1 * x * x]),
    (special.beta, [3 + 10 * p, 0.1 + 0.05 * u]),
    (special.poch, [3 + 10 * p, 0.1 + 0.05 * u]),
    (special.binom, [p, 2 - u]),
    (special.boxcox, [p, 2 * x]),
    (special.inv_boxcox, [x, 0.4 * u]),
]


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
]
