"""Automatic differentiation of NumPy code: record once, one rule per op, walk any way."""

from autodiff import rules as _rules  # noqa: F401  # fills the table of operations
from autodiff._check import check_grads
from autodiff._checkpoint import checkpoint
from autodiff._debug import debug
from autodiff._derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autodiff._drawing import draw
from autodiff._op import Each, custom, elementwise, linear, multilinear
from autodiff._tensor import Tensor, assign_value, no_grad, stop_gradient
from autodiff.rules.neural import log_softmax, logsumexp, softmax, softmax_cross_entropy

__all__ = [
    "Each",
    "Tensor",
    "assign_value",
    "check_grads",
    "checkpoint",
    "custom",
    "debug",
    "draw",
    "elementwise",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linear",
    "log_softmax",
    "logsumexp",
    "multilinear",
    "no_grad",
    "softmax",
    "softmax_cross_entropy",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
