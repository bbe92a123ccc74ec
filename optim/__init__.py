"""Optimisation with exact derivatives: training steps, roots, minima and constraints."""

from optim._adaptive import Adagrad, Adam, AdamW, RMSprop
from optim._bfgs import bfgs
from optim._clipping import clip_by_norm, clip_by_value
from optim._gradient_descent import gradient_descent
from optim._lagrange import lagrange
from optim._lbfgs import lbfgs
from optim._least_squares import least_squares
from optim._minimize import minimize
from optim._newton import newton
from optim._newton_cg import newton_cg
from optim._roots import halley, newton_raphson
from optim._schedules import (
    ReduceOnPlateau,
    Schedule,
    constant,
    cosine_decay,
    exponential_decay,
    step_decay,
    warm_up,
)
from optim._sgd import SGD
from optim._training import Optimizer

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "ReduceOnPlateau",
    "Schedule",
    "bfgs",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine_decay",
    "exponential_decay",
    "gradient_descent",
    "halley",
    "lagrange",
    "lbfgs",
    "least_squares",
    "minimize",
    "newton",
    "newton_cg",
    "newton_raphson",
    "step_decay",
    "warm_up",
]
