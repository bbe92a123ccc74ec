"""Optimisation with exact derivatives: training steps, roots, minima and constraints.

Methods
-------
Each is called as ``bfgs(f, x0, ...)``. What follows is given by name: ``args``, the method's own
arguments, its tolerance, its limit, ``callback``, ``path`` and ``progress``, in this order. Only
`minimize` has the signature of SciPy's, whose limits stand in ``options``.

| method           | finds                     | by exact derivatives                        |
|------------------|---------------------------|---------------------------------------------|
| gradient_descent | a minimum, along -∇f      | gradient; Hessian at the end                |
| bfgs             | a minimum                 | gradient; Hessian at the end                |
| lbfgs            | one of many unknowns      | gradient; products at the end               |
| newton           | a minimum                 | gradient, Hessian                           |
| newton_cg        | one of many unknowns      | gradient, products                          |
| least_squares    | a least sum of squares    | Jacobian; Hessian where steps creep         |
| newton_raphson   | a root of equations       | Jacobian                                    |
| halley           | a root of one equation    | f', f''                                     |
| lagrange         | an optimum where c(x) = 0 | gradient, Jacobian of c, Hessian of f + λ·c |
| minimize         | a minimum, by SciPy's     | those that the method takes                 |

| method           | own arguments                                 | tolerance      | limit         |
|------------------|-----------------------------------------------|----------------|---------------|
| gradient_descent | step, line_search, momentum                   | gtol=0.0       | maxiter=5000  |
| bfgs             |                                               | tol=1e-10      | maxiter=5000  |
| lbfgs            | memory                                        | tol=1e-10      | maxiter=5000  |
| newton           |                                               | tol=0.0        | maxiter=5000  |
| newton_cg        |                                               | tol=0.0        | maxiter=5000  |
| least_squares    | bounds, loss, f_scale, jac                    | offset_tol=0.0 | max_nfev=None |
| newton_raphson   | bracket, damped                               | xtol=0.0       | maxiter=100   |
| halley           |                                               | xtol=0.0       | maxiter=100   |
| lagrange         | constraints, find                             | kkt_tol=1e-12  | maxiter=5000  |
| minimize         | method, jac, hess, hessp, bounds, constraints | tol=None       | options=None  |

Help on a method describes its own arguments; what all share stands here.

Parameters
----------
f : callable
    A function in plain NumPy, which takes what ``x0`` is, and then ``args``, and returns one real
    number; of `newton_raphson` as many as ``x0`` holds; of `least_squares`, as ``residuals``, any
    number of them. It is differentiated exactly, and neither its units nor those of x matter.
x0 : array_like or structure
    Where to start: real numbers in an array, or in lists, tuples and dicts, one in another. The
    function, the callback and the result see the same structure.
args : tuple
    Further arguments of ``f``; what is no tuple is the only one. `least_squares` calls its
    residuals on the chunks of those that are Dask arrays. Where ``f`` of another method, or
    residuals that find Dask arrays elsewhere, return a lazy value, it is computed with its
    derivatives, in one pass over the data.
tol, gtol, xtol, kkt_tol, offset_tol : float
    When to stop; the name says what is compared. ``tol`` is the part of f that a step could still
    gain, and its root, where f goes to zero, the part of their size that the unknowns may still
    change by; ``gtol`` the largest entry of the gradient; ``xtol`` the error of x, relative to x;
    ``kkt_tol`` by how much Lagrange's equations are missed, relative to their terms;
    ``offset_tol`` by how many of its standard errors an unknown is still off. 0 goes down to
    rounding, which costs Newton's method a step at most; `bfgs` and `lbfgs`, which have to learn,
    end at 1e-10 by default. All but ``gtol``, which has units, and the ``tol`` of `minimize`, are
    below 1.
maxiter, max_nfev : int
    How many steps, or evaluations of f, are allowed; for 0 the result is the start.
callback : callable, optional
    Called with an OptimizeResult of the point after each step: all that the result says of x, and
    ``nit``. It stops the search by raising StopIteration; what it does to the point has no effect.
path : bool
    Whether the result has all points, from the start on, as ``path``: an array where ``x0`` is one,
    else a list.
progress : bool
    Whether to show a progress bar.

Returns
-------
OptimizeResult
    SciPy's, with attributes: ``x``, in the structure of ``x0``; ``fun`` and ``jac``, the value and
    the first derivatives there, as far as they are known; ``nit, nfev, njev, nhev``, the numbers of
    steps, values, first derivatives, and Hessians or products with one; ``method``, the name of
    what ran; ``status``, a `Status`; ``success``; and ``message``, which says more. A search
    without success returns the best point that it has seen.

Raises
------
TypeError
    When the arguments are swapped, ``x0`` is complex or holds something else than numbers, a
    tolerance is no number, a limit no whole one, ``callback`` no function, or a keyword is none of
    the method's: that of another method or library is answered with what to write.
ValueError
    When ``x0`` is empty, or a tolerance or a limit is out of its range.

What ``f`` raises is passed on. Where it returns something else than it should, or is not finite,
the status says so; of residuals that are no real numbers `least_squares` raises a TypeError.

Notes
-----
How a search ends. A success is claimed only for what exact derivatives, and a look around, confirm:

| status       | meaning                                                                        |
|--------------|--------------------------------------------------------------------------------|
| 0 CONVERGED  | what was asked for was found                                                   |
| 1 LIMIT      | the steps or evaluations allowed were not enough                               |
| 2 STALLED    | no step leads on, though this is not what was asked for                        |
| 3 NOT_FINITE | a value or a derivative is infinite or NaN                                     |
| 4 UNBOUNDED  | f falls without end                                                            |
| 5 OTHER_KIND | a stationary point, but not of the kind that was asked for                     |
| 6 INFEASIBLE | the constraints contradict one another, or the start is out of bounds          |
| 7 SINGULAR   | a derivative has lost rank: several points serve equally well, or none is told |
| 8 WANDERS    | the iterates go round, or run away                                             |
| 9 INVALID    | the function returns something else than was asked for                         |
| 99 STOPPED   | the callback stopped the search                                                |

And which of these a method can end with:

| method           | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 99 |
|------------------|---|---|---|---|---|---|---|---|---|---|----|
| gradient_descent | 0 | 1 | 2 | 3 | 4 | 5 |   |   | 8 | 9 | 99 |
| bfgs             | 0 | 1 | 2 | 3 | 4 | 5 |   |   | 8 | 9 | 99 |
| lbfgs            | 0 | 1 | 2 | 3 | 4 | 5 |   |   | 8 | 9 | 99 |
| newton           | 0 | 1 | 2 | 3 | 4 |   |   |   | 8 | 9 | 99 |
| newton_cg        | 0 | 1 | 2 | 3 | 4 |   |   |   | 8 | 9 | 99 |
| least_squares    | 0 | 1 | 2 | 3 |   | 5 | 6 | 7 |   |   | 99 |
| newton_raphson   | 0 | 1 | 2 | 3 |   |   | 6 | 7 | 8 | 9 | 99 |
| halley           | 0 | 1 | 2 | 3 |   |   |   | 7 | 8 | 9 | 99 |
| lagrange         | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 99 |
| minimize         | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 99 |

What is computed again and again is replayed from a plan (`autodiff.replaying`) once ``f`` was
called as often as planning costs, in one search or in several. Results then agree to rounding with
those before. A replay does not call ``f``: functions that count, print, log or read files are
called as they are, and what else a replay leaves unseen stands in the help on `autodiff.compile`.
Within ``autodiff.eager()`` there are no plans.

Examples
--------
>>> result = newton(lambda p: (p["a"] - 3) ** 2 + p["b"] ** 4, {"a": 0.0, "b": 1.0}, maxiter=2)
>>> result.status.name, result.status.meaning
('LIMIT', 'the steps or evaluations allowed were not enough')
>>> result = bfgs(lambda x, a: (x[0] - a) ** 2 + x[1] ** 2, [0.0, 1.0], args=5.0)
>>> result.x.round(6), result.method, result.success
(array([5., 0.]), 'bfgs', True)
"""  # noqa: E501

from optim.chunks._chunks import Chunks
from optim.descent._bfgs import bfgs
from optim.descent._gradient_descent import gradient_descent
from optim.descent._lbfgs import lbfgs
from optim.descent._newton import newton
from optim.descent._newton_cg import newton_cg
from optim.from_scipy._minimize import minimize
from optim.multipliers._lagrange import lagrange
from optim.roots._roots import halley, newton_raphson
from optim.search._run import Status
from optim.squares._evaluations import residuals_and_jacobian
from optim.squares._least_squares import least_squares
from optim.squares._robust import influence
from optim.training._adaptive import Adagrad, Adam, AdamW, RMSprop
from optim.training._clipping import clip_by_norm, clip_by_value
from optim.training._optimizer import Optimizer
from optim.training._schedules import (
    ReduceOnPlateau,
    Schedule,
    constant,
    cosine_decay,
    exponential_decay,
    step_decay,
    warm_up,
)
from optim.training._sgd import SGD
from optim.work._parallel_map import Executor, Outcomes, parallel_map
from optim.work._seeds import random_generator
from optim.work._tree_sum import tree_sum

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Chunks",
    "Executor",
    "Optimizer",
    "Outcomes",
    "RMSprop",
    "ReduceOnPlateau",
    "Schedule",
    "Status",
    "bfgs",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine_decay",
    "exponential_decay",
    "gradient_descent",
    "halley",
    "influence",
    "lagrange",
    "lbfgs",
    "least_squares",
    "minimize",
    "newton",
    "newton_cg",
    "newton_raphson",
    "parallel_map",
    "random_generator",
    "residuals_and_jacobian",
    "step_decay",
    "tree_sum",
    "warm_up",
]
