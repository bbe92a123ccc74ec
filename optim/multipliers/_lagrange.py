"""Lagrange multipliers: minima, maxima and saddle points where equality constraints hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from optim.multipliers._constrained_objective import ConstrainedObjective
from optim.multipliers._newton_on_kkt import newton_on_kkt
from optim.multipliers._sqp import sqp_descent
from optim.search._keywords import OF_LAGRANGE, answering
from optim.search._rounding import FINEST
from optim.search._run import Callback, check_choice, check_tolerance, run

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

ASKED = {"min": "minimum", "max": "maximum", "stationary": "any"}


@answering(OF_LAGRANGE)
def lagrange(
    f: Callable[..., Any],
    x0: Any,
    constraints: Callable[[Any], Any] | Sequence[Callable[[Any], Any]],
    *,
    args: Any = (),
    find: str = "min",
    kkt_tol: float = 1e-12,
    maxiter: int = 5000,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
) -> OptimizeResult:
    """Find a minimum, a maximum or any stationary point of ``f`` where all constraints are zero.

    There the gradients balance: **∇f + Σ λᵢ ∇cᵢ = 0**, and all cᵢ = 0 (the conditions of Karush,
    Kuhn and Tucker). Newton's method solves these equations with exact second derivatives. For a
    minimum or maximum each step is split in two inside a trust region: one part towards the
    constraints, one along them that goes down even where the Lagrangian is not convex; a step
    counts only if it lowers f + μ ‖c‖, so that the method converges from afar.

    Parameters
    ----------
    f : callable
        Takes what ``x0`` is, and ``args``, and returns one real number.
    x0 : array_like or structure
        Where to start. The constraints need not hold there.
    constraints : callable or list of callables
        Each takes what ``x0`` is, and returns a number, an array or a list of those, all of which
        are to be zero.
    find : {"min", "max", "stationary"}
        Of these the last takes damped Newton steps to whatever stationary point is near.
    kkt_tol : float
        The KKT residual at which to stop, which has no units. Where rounding lets no step lower it
        so far, 1e-8 is accepted.
    args, maxiter, callback, path, progress
        As of all methods: see `optim`.

    Returns
    -------
    OptimizeResult
        What all methods return, see `optim`, ``jac`` being ∇f, and

        - ``multipliers`` and ``constraints``, the vectors of all λᵢ and cᵢ in order, and, for a
          list of functions, ``multipliers_by_constraint``, a list with an array for each;
        - ``stationarity``, the norm of ∇f + Σ λᵢ ∇cᵢ over that of its terms, and ``violation``, the
          largest distance to where a constraint holds, both without units, the larger of which is
          the KKT residual ``kkt``;
        - ``curvatures``, the eigenvalues of the Lagrangian's Hessian along the constraints (of x in
          units of its largest size on the way), and what they say of a stationary point, ``kind``:
          "minimum", "maximum", "saddle", "degenerate" where some are zero, or "not stationary".

        Success is claimed only where the residual is zero to the tolerance and the kind is the one
        asked for; at a degenerate point, if there is also nothing lower (or higher) nearby.

    Raises
    ------
    ValueError, TypeError
        As of all methods; when ``find`` is none of these, a constraint is no function, or there is
        none.

    References
    ----------
    J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd ed. (2006), chapter 18.

    Examples
    --------
    The rectangle of the largest area among those of perimeter 8:

    >>> area, perimeter = lambda x: x[0] * x[1], lambda x: 2 * x[0] + 2 * x[1] - 8
    >>> result = lagrange(area, [1.0, 5.0], perimeter, find="max")
    >>> result.x.round(12), result.multipliers.round(12), result.kind
    (array([2., 2.]), array([-1.]), 'maximum')
    """
    check_choice("find", find, ASKED)
    check_tolerance("kkt_tol", kkt_tol, relative=True)
    kkt_tol = max(kkt_tol, FINEST)
    functions = list(constraints) if isinstance(constraints, Sequence) else [constraints]
    if not all(map(callable, functions)):
        of_scipy = any(
            (isinstance(c, Mapping) and "fun" in c) or hasattr(c, "lb") for c in functions
        )
        raise TypeError(
            "expected functions as constraints, as in lagrange(f, x0, constraints), got "
            f"{constraints!r:.60}" + of_scipy * ": minimize takes those of SciPy"
        )
    if not functions:
        raise ValueError("there is no constraint: use newton, which needs none")
    system = ConstrainedObjective(f, functions, x0, args, ASKED[find])
    search = (
        newton_on_kkt(system, kkt_tol) if find == "stationary" else sqp_descent(system, kkt_tol)
    )
    # Each iterate is better than the one before, by the merit function of its step.
    numbers = count()
    return run(
        search,
        system,
        method="lagrange",
        maxiter=maxiter,
        callback=callback,
        path=path,
        progress=progress,
        badness=lambda point: -next(numbers),
    )
