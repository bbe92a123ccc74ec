"""Networks: functions with parameters, their losses and mini-batches.

With scikit-learn installed there are also its interface's estimators, `nn.MLPClassifier` and
`nn.MLPRegressor`.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from autodiff import log_softmax, softmax
from nn._activations import (
    elu,
    gelu,
    identity,
    leaky_relu,
    logistic,
    relu,
    sigmoid,
    silu,
    softplus,
)
from nn._batches import batches
from nn._classification import (
    binary_cross_entropy,
    cross_entropy,
    hinge,
    softmax_cross_entropy,
)
from nn._files import load, save
from nn._history import History
from nn._layers import Dropout, LayerNorm, Linear, Sequential
from nn._losses import huber, l2_penalty, mean_absolute_error, mean_squared_error
from nn._metrics import accuracy, r_squared
from nn._mlp import MLP
from nn._module import Module
from nn._pytorch import INSTEAD_OF_NAMES
from nn._training import train

__all__ = [
    "MLP",
    "Dropout",
    "History",
    "LayerNorm",
    "Linear",
    "Module",
    "Sequential",
    "accuracy",
    "batches",
    "binary_cross_entropy",
    "cross_entropy",
    "elu",
    "gelu",
    "hinge",
    "huber",
    "identity",
    "l2_penalty",
    "leaky_relu",
    "load",
    "log_softmax",
    "logistic",
    "mean_absolute_error",
    "mean_squared_error",
    "r_squared",
    "relu",
    "save",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "train",
]

_ESTIMATORS = ["MLPClassifier", "MLPRegressor"]  # which import scikit-learn


def __dir__() -> list[str]:
    return sorted([*globals(), *(_ESTIMATORS if find_spec("sklearn") else [])])


if not TYPE_CHECKING:  # which would take every name for one that exists

    def __getattr__(name):
        if name in _ESTIMATORS:
            try:
                from nn import _estimators
            except ModuleNotFoundError:
                raise ImportError(
                    f"nn.{name} needs scikit-learn: pip install 'chainrule[nn]'"
                ) from None
            return getattr(_estimators, name)
        instead = f": {INSTEAD_OF_NAMES[name]}" if name in INSTEAD_OF_NAMES else ""
        raise AttributeError(f"module 'nn' has no attribute {name!r}{instead}")
