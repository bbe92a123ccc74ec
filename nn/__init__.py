"""Networks and their training; with scikit-learn, `nn.MLPClassifier` and `nn.MLPRegressor` too.

| wanted                   | call                                                                |
|--------------------------|---------------------------------------------------------------------|
| a network                | `MLP`, `Sequential`                                                 |
| a layer                  | `Linear`, `LayerNorm`, `Dropout`                                    |
| either of one's own      | `Module`                                                            |
| an activation            | `relu`, `leaky_relu`, `elu`, `gelu`, `silu`, `softplus`, `identity` |
| one between two numbers  | `sigmoid` or `logistic`, NumPy's `tanh`                             |
| probabilities of classes | `softmax`, `log_softmax`                                            |
| a loss of numbers        | `mean_squared_error`, `mean_absolute_error`, `huber`                |
| a loss of classes        | `cross_entropy`, `softmax_cross_entropy`                            |
| a loss of two classes    | `binary_cross_entropy`, `hinge`                                     |
| small weights            | `l2_penalty`                                                        |
| training, and its course | `train`, `History`, `batches`                                       |
| how good it is           | `accuracy`, `r_squared`                                             |
| a file of it             | `save`, `load`                                                      |

A network is called with a batch, one row for each example. Optimisers are in `optim`, derivatives
in `autodiff`.

Examples
--------
>>> import numpy as np
>>> import optim
>>> x = np.linspace(-1, 1, 50)[:, None]
>>> network = MLP([1, 16, 1], activation="tanh", seed=0)
>>> adam = optim.Adam(network.parameters(), 0.01)
>>> data = x, x**2
>>> course = {"epochs": 200, "seed": 0, "progress": False}
>>> history = train(network, mean_squared_error, data, optimizer=adam, **course)
>>> r_squared(x**2, network(x)) > 0.99
True
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from autodiff import log_softmax, softmax, softmax_cross_entropy
from nn._activations import elu, gelu, identity, leaky_relu, logistic, relu, sigmoid, silu, softplus
from nn._batches import batches
from nn._files import load, save
from nn._history import History
from nn._layers import MLP, Dropout, LayerNorm, Linear, Sequential
from nn._losses import (
    binary_cross_entropy,
    cross_entropy,
    hinge,
    huber,
    l2_penalty,
    mean_absolute_error,
    mean_squared_error,
)
from nn._metrics import accuracy, r_squared
from nn._module import Module
from nn._pytorch import INSTEAD
from nn._training import train

__all__ = ["MLP", "Dropout", "LayerNorm", "Linear", "Module", "Sequential"]
__all__ += ["elu", "gelu", "identity", "leaky_relu", "log_softmax", "logistic", "relu"]
__all__ += ["sigmoid", "silu", "softmax", "softplus"]
__all__ += ["binary_cross_entropy", "cross_entropy", "hinge", "huber", "l2_penalty"]
__all__ += ["mean_absolute_error", "mean_squared_error", "softmax_cross_entropy"]
__all__ += ["History", "accuracy", "batches", "load", "r_squared", "save", "train"]

_ESTIMATORS = ["MLPClassifier", "MLPRegressor"]  # which import scikit-learn


def __dir__() -> list[str]:
    return sorted([*globals(), *(_ESTIMATORS if find_spec("sklearn") else [])])


if not TYPE_CHECKING:  # which would take every name for one that exists

    def __getattr__(name):
        if name in _ESTIMATORS:
            try:
                from nn import _estimators
            except ModuleNotFoundError:
                needs = f"nn.{name} needs scikit-learn: pip install 'chainrule[nn]'"
                raise ImportError(needs) from None
            return getattr(_estimators, name)
        ours = {function.replace("_", ""): f"write nn.{function}" for function in __all__}
        answer = INSTEAD.get(name) or ours.get(name.lower().removesuffix("loss"))
        about = f": {answer}" if answer else ""
        raise AttributeError(f"module 'nn' has no attribute {name!r}{about}")
