"""What to write instead of the functions of NumPy and SciPy that do not dispatch."""

from __future__ import annotations

import numpy as np

from autodiff._core.refusals import caller, public_caller

# What is said of no function in particular.
IN_GENERAL = (
    "an array that takes Tensors is made by np.zeros(shape, like=x) or np.array([...], like=x), "
    "with x a Tensor that has axes, as np.atleast_1d(t) has, or by np.stack, np.concatenate or "
    "np.where, and NumPy's functions take the place of math's"
)

_STEPS = "a loop of steps, as Runge-Kutta's, into an array made with like=x"
_WEIGHTS = "np.sum of weights times values, as of np.polynomial.legendre.leggauss"
_SPLINE = (
    "np.linalg.solve for the spline's equations, or scipy.interpolate on constants, with their "
    "values as weights: a spline is linear in what it interpolates"
)
_SYSTEM = "np.linalg.solve, or np.linalg.cholesky"

# By the beginning of the module's name, and the functions' ("" is any).
STAND_INS = {
    ("scipy.special", "logsumexp"): "autodiff.logsumexp",
    ("scipy.special", "log_softmax"): "autodiff.log_softmax",
    ("scipy.special", "softmax"): "autodiff.softmax",
    ("scipy.special", "polygamma"): "(-1)**(n + 1) * special.gamma(n + 1) * special.zeta(n + 1, x)",
    ("scipy.special", "comb"): "scipy.special.binom",
    ("scipy.special", "factorial"): "scipy.special.gamma(n + 1)",
    ("scipy.special", "sinc"): "np.sinc",
    ("scipy.special", "lambertw"): "a number or an array as its branch k",
    ("scipy.special", ""): "the ufuncs of scipy.special",
    ("scipy.linalg", "expm"): (
        "the sum of its series, or V @ np.diag(np.exp(w)) @ np.linalg.inv(V) with "
        "w, V = np.linalg.eig(A)"
    ),
    ("scipy.linalg", "cho_factor cho_solve lu lu_factor lu_solve ldl"): _SYSTEM,
    ("scipy.linalg", "solve_triangular solve_banded solveh_banded solve_toeplitz"): _SYSTEM,
    ("scipy.linalg", ""): "the formula in NumPy and numpy.linalg",
    ("scipy.fft", ""): "numpy.fft",
    ("scipy.stats", ""): "the formula in NumPy and the ufuncs of scipy.special",
    ("scipy.interpolate", "interp1d"): "np.interp where it is linear between the points",
    ("scipy.interpolate", ""): _SPLINE,
    ("scipy.integrate", "trapezoid"): "np.trapezoid",
    ("scipy.integrate", "cumulative_trapezoid"): "np.cumsum of the trapezoids",
    ("scipy.integrate", "quad dblquad tplquad nquad fixed_quad quad_vec simpson romb"): _WEIGHTS,
    ("scipy.integrate", ""): _STEPS,
    ("scipy.optimize", ""): "autodiff.implicit of the equations that hold where it ends",
    ("scipy", ""): "the formula in NumPy",
    ("numpy", "vectorize"): "np.stack of the results, or the function of the whole array",
    ("numpy", "full"): "np.full(shape, value, like=x), with x a Tensor that has axes",
    ("numpy.ma.", ""): "np.where(mask, 0, x) and the like, or the entries that count, x[~mask]",
}


def stand_in() -> str:
    """Return, for whoever in NumPy or SciPy asks for a plain array now, what to write instead."""
    module, function = caller()
    if module.startswith("scipy.linalg") and hasattr(np.linalg, function):
        return f"{public_caller()} does not dispatch: use numpy.linalg.{function}"
    for (beginning, names), instead in STAND_INS.items():
        if module.startswith(beginning) and (not names or function in names.split()):
            called = "numpy.ma" if beginning == "numpy.ma." else public_caller()
            return f"{called} does not dispatch: use {instead}"
    return ""
