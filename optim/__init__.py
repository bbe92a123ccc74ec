"""Optimisation: training steps, steepest descent and least squares, with exact derivatives."""

from optim._adaptive import Adagrad, Adam, AdamW, RMSprop
from optim._clipping import clip_by_norm, clip_by_value
from optim._gradient_descent import gradient_descent
from optim._least_squares import least_squares
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
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine_decay",
    "exponential_decay",
    "gradient_descent",
    "least_squares",
    "step_decay",
    "warm_up",
]
