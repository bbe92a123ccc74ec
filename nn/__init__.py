"""Networks: functions with parameters, their losses and mini-batches."""

from nn._activations import logistic, relu
from nn._batches import batches
from nn._classification import (
    binary_cross_entropy,
    cross_entropy,
    hinge,
    softmax_cross_entropy,
)
from nn._layers import MLP, Linear
from nn._losses import huber, l2_penalty, mean_absolute_error, mean_squared_error
from nn._metrics import accuracy, r_squared
from nn._module import Module

__all__ = [
    "MLP",
    "Linear",
    "Module",
    "accuracy",
    "batches",
    "binary_cross_entropy",
    "cross_entropy",
    "hinge",
    "huber",
    "l2_penalty",
    "logistic",
    "mean_absolute_error",
    "mean_squared_error",
    "r_squared",
    "relu",
    "softmax_cross_entropy",
]
