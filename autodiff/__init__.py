"""Automatic differentiation of NumPy code: record once, one rule per op, walk any way."""

from autodiff import rules as _rules  # noqa: F401  # fills the table of operations
from autodiff._approximation import linear_approximation, quadratic_approximation
from autodiff._check import check_grads
from autodiff._checkpoint import checkpoint
from autodiff._debug import debug
from autodiff._derivatives import grad, hvp, jvp, linearize, value_and_grad, vjp
from autodiff._diagonal import divergence, hessian_diagonal, laplacian
from autodiff._drawing import draw
from autodiff._implicit import implicit
from autodiff._jacobians import hessian, jacobian
from autodiff._op import Each
from autodiff._own_ops import custom, elementwise, linear, multilinear
from autodiff._polynomial import TaylorPolynomial, taylor
from autodiff._structure import flatten
from autodiff._tensor import Tensor, assign_value, no_grad, stop_gradient
from autodiff.rules.neural import log_softmax, logsumexp, softmax, softmax_cross_entropy

__all__ = [
    "Each",
    "TaylorPolynomial",
    "Tensor",
    "assign_value",
    "check_grads",
    "checkpoint",
    "custom",
    "debug",
    "divergence",
    "draw",
    "elementwise",
    "flatten",
    "grad",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "implicit",
    "jacobian",
    "jvp",
    "laplacian",
    "linear",
    "linear_approximation",
    "linearize",
    "log_softmax",
    "logsumexp",
    "multilinear",
    "no_grad",
    "quadratic_approximation",
    "softmax",
    "softmax_cross_entropy",
    "stop_gradient",
    "taylor",
    "value_and_grad",
    "vjp",
]
