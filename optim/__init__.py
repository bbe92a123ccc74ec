"""Optimisation with exact derivatives: training steps, roots, minima and constraints."""

from optim.descent._bfgs import bfgs
from optim.descent._gradient_descent import gradient_descent
from optim.descent._lbfgs import lbfgs
from optim.descent._newton import newton
from optim.descent._newton_cg import newton_cg
from optim.from_scipy._minimize import minimize
from optim.multipliers._lagrange import lagrange
from optim.roots._roots import halley, newton_raphson
from optim.search._run import Status
from optim.squares._least_squares import least_squares
from optim.squares._residuals import residuals_and_jacobian
from optim.squares._robust import influence
from optim.training._adaptive import Adagrad, Adam, AdamW, RMSprop
from optim.training._clipping import clip_by_norm, clip_by_value
from optim.training._optimizer import Optimizer
from optim.training._schedules import (
    ReduceOnPlateau,
    Schedule,
    constant,
    cosine_decay,
    exponential_decay,
    step_decay,
    warm_up,
)
from optim.training._sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "ReduceOnPlateau",
    "Schedule",
    "Status",
    "bfgs",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine_decay",
    "exponential_decay",
    "gradient_descent",
    "halley",
    "influence",
    "lagrange",
    "lbfgs",
    "least_squares",
    "minimize",
    "newton",
    "newton_cg",
    "newton_raphson",
    "residuals_and_jacobian",
    "step_decay",
    "warm_up",
]
