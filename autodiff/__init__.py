"""Automatic differentiation of NumPy code: record once, one rule per op, walk any way.

A function in plain NumPy becomes its derivative; a `Tensor` is an array that remembers how it was
made, and `backward` of a number leaves a gradient at each Tensor that it was made of.

| wanted                                      | call                                              |
|---------------------------------------------|---------------------------------------------------|
| a gradient, with the value                  | `grad`, `value_and_grad`                          |
| all derivatives of many outputs             | `jacobian`                                        |
| second derivatives, whole or in part        | `hessian`, `hvp`, `hessian_diagonal`              |
| a derivative along a direction, or back     | `jvp`, `vjp`, `linearize`                         |
| sums of derivatives of fields               | `divergence`, `laplacian`                         |
| a power series                              | `taylor`                                          |
| a tangent, a paraboloid                     | `linear_approximation`, `quadratic_approximation` |
| the derivative of what a solver finds       | `implicit`                                        |
| no derivative of a part                     | `no_grad`, `stop_gradient`                        |
| a picture, in a file or in a terminal       | `draw`, `text`, `scope`                           |
| the chain rule, step by step                | `steps`                                           |
| the same call again and again, in less time | `compile`, `replaying`                            |
| less memory                                 | `checkpoint`                                      |
| derivatives checked, a NaN found            | `check_grads`, `debug`                            |
| an op or a derivative of one's own          | `custom`, `elementwise`, `linear`, `multilinear`  |

Arguments may be dicts, lists, tuples and dataclasses of arrays. Networks are in `nn`, minima and
roots in `optim`, fits to data in `fit`.

Examples
--------
>>> import numpy as np
>>> def f(x):
...     return np.sum(np.sin(x) * x)
>>> grad(f)(np.array([0.0, 1.0]))
array([0.        , 1.38177329])
>>> x = Tensor([0.0, 1.0])
>>> f(x).backward()
>>> x.grad
array([0.        , 1.38177329])
"""

from autodiff import rules as _rules  # noqa: F401  # fills the table of operations
from autodiff._core.array_kinds import is_lazy
from autodiff._core.hook import assign_value, holds_value, recorded_state
from autodiff._core.op import Each
from autodiff._core.structures import flatten
from autodiff._core.tensor import Tensor, no_grad, stop_gradient
from autodiff.compiled._compile import compile
from autodiff.compiled._replaying import forget_plans, replaying
from autodiff.compiled._ways import eager, reproducible
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
    "is_lazy",
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
    "reproducible",
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
