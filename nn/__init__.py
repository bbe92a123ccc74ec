"""Networks: functions with parameters, their losses and mini-batches."""

from nn._activations import logistic, relu
from nn._batches import batches
from nn._layers import MLP, Linear
from nn._losses import l2_penalty, mean_squared_error, softmax_cross_entropy
from nn._module import Module

__all__ = [
    "MLP",
    "Linear",
    "Module",
    "batches",
    "l2_penalty",
    "logistic",
    "mean_squared_error",
    "relu",
    "softmax_cross_entropy",
]
