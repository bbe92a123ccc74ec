"""Automatic differentiation of NumPy code: record once, one rule per op, walk any way."""

from autodiff import rules as _rules  # noqa: F401  # fills the table of operations
from autodiff._core.hook import assign_value, holds_value, recorded_state
from autodiff._core.op import Each
from autodiff._core.structures import flatten
from autodiff._core.tensor import Tensor, no_grad, stop_gradient
from autodiff.compiled._compile import compile, eager
from autodiff.compiled._replaying import forget_plans, replaying
from autodiff.derivatives._approximations import linear_approximation, quadratic_approximation
from autodiff.derivatives._check import check_grads
from autodiff.derivatives._diagonals import divergence, hessian_diagonal, laplacian
from autodiff.derivatives._first import grad, jvp, linearize, value_and_grad, vjp
from autodiff.derivatives._hessians import hessian
from autodiff.derivatives._implicit import implicit
from autodiff.derivatives._jacobians import jacobian
from autodiff.derivatives._second import hvp
from autodiff.drawing._graph import draw
from autodiff.drawing._scopes import scope
from autodiff.drawing._stepping import steps
from autodiff.drawing._text import text
from autodiff.rules._neural import log_softmax, logsumexp, softmax, softmax_cross_entropy
from autodiff.series._polynomial import TaylorPolynomial
from autodiff.series._taylor import taylor
from autodiff.tools._checkpoint import checkpoint
from autodiff.tools._debug import debug
from autodiff.tools._own_ops import custom, elementwise, linear, multilinear

__all__ = [
    "Each",
    "TaylorPolynomial",
    "Tensor",
    "assign_value",
    "check_grads",
    "checkpoint",
    "compile",
    "custom",
    "debug",
    "divergence",
    "draw",
    "eager",
    "elementwise",
    "flatten",
    "forget_plans",
    "grad",
    "hessian",
    "hessian_diagonal",
    "holds_value",
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
    "recorded_state",
    "replaying",
    "scope",
    "softmax",
    "softmax_cross_entropy",
    "steps",
    "stop_gradient",
    "taylor",
    "text",
    "value_and_grad",
    "vjp",
]
