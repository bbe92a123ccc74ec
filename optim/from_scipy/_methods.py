"""SciPy's methods, and what each of them works with."""

from __future__ import annotations

NAMES = (
    *("Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "COBYQA"),
    *("SLSQP", "trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov"),
)
METHODS = {name.lower(): name for name in NAMES}
WITHOUT_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}
AT_EVERY_POINT = {"cg", "bfgs", "l-bfgs-b", "tnc"}  # the gradient is asked for
WITH_HESSIAN = {"dogleg", "trust-exact", "trust-constr"}
WITH_PRODUCTS = {"newton-cg", "trust-ncg", "trust-krylov"}
WITH_CONSTRAINTS = {"cobyla", "cobyqa", "slsqp", "trust-constr"}
WITH_BOUNDS = {"nelder-mead", "powell", "l-bfgs-b", "tnc", *WITH_CONSTRAINTS}
