"""One search by a method of SciPy: its functions, each point computed once, and its best point."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import flatten, grad, hessian, hvp, linearize, replaying, value_and_grad, vjp
from optim.chunks._in_memory import in_memory
from optim.from_scipy._constraints import (
    Constraint,
    bounds_of,
    constraints_of,
    for_scipy,
    violation,
)
from optim.from_scipy._differences import differences
from optim.from_scipy._methods import (
    AT_EVERY_POINT,
    METHODS,
    WITH_HESSIAN,
    WITH_PRODUCTS,
    WITHOUT_GRADIENT,
)
from optim.from_scipy._scipy_verdict import FEASIBLE, NOTHING
from optim.search._objective import (
    Array,
    ObjectiveError,
    Problem,
    hessian_products,
    one_real_number,
)
from optim.search._run import Status, Verdict

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

# What SciPy's methods raise where f or numbers are beyond them; an UnboundLocalError is a slip.
GIVING_UP = (ValueError, ArithmeticError, RuntimeError, np.linalg.LinAlgError, UnboundLocalError)

BARRIER = GRADIENT = 1e-8  # SciPy's tolerances of trust-constr
ZERO = 1e-4  # what an unknown may be measured by where all of them are about 0


class ScipySearch(Problem):
    """One search by a method of SciPy: its functions, each point computed once, and its best.

    Where a gradient may be asked for, it is computed with the value, and counted if it is.
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        x0: Any,
        args: tuple[Any, ...],
        method: str,
        jac: Any,
        callback: Callable[..., Any] | None,
    ) -> None:
        super().__init__(x0)
        self.method, self.callback = method, callback
        self.own_error: Exception | None = None
        self.f = self.on_vectors(fun, args)
        # Plans are found again of functions that hold nothing of a search.
        written = super().on_vectors(fun, args)
        self._value_and_grad = replaying(value_and_grad(written))
        self._hessian = replaying(hessian(written))
        self._products = hessian_products(written)
        self.given_hess: Callable[[Any], Any] | None = None
        self.pair = jac is True
        self.given = self.on_vectors(jac, args) if callable(jac) else None
        self.recorded = jac is None and method not in WITHOUT_GRADIENT
        self.knows_gradient = self.recorded or callable(jac) or self.pair
        self.by_differences = False
        self.takes_result = _takes_result(callback)
        self.eager = self.stopped = False
        self.broken: Verdict | None = None
        self.steps = self.calls = 0
        self.gtol: float | None = None
        self.barrier_tol = BARRIER
        self.at_gtol = False
        self.constraints: list[Constraint] = []
        self.best, self.least = self.start, np.inf
        self.notes: list[str] = []
        self._at = self._product_at = b""
        self.last_value = np.nan
        self._gradient: Any = None
        self._slopes: Any = None  # the gradient, as long as nobody has asked for it

    # -- the functions that SciPy calls ------------------------------------------------------

    def on_vectors(self, f: Callable[..., Any], args: Sequence[Any]) -> Callable[[Any], Any]:
        """Return a function of the structure as one of a vector, that remembers its errors.

        What is lazy in what it returns, it computes.
        """
        return self._remembering(super().on_vectors(f, args))

    def _remembering(self, f: Callable[..., Any]) -> Callable[..., Any]:
        def outer(*x: Any) -> Any:
            try:
                return in_memory(f(*x))[0]
            except Exception as error:
                self.own_error = error
                raise

        return outer

    def value(self, x: Array) -> float:
        """Return f(x); what was computed at the same x is remembered."""
        self.calls += 1
        at = x.tobytes()
        if at != self._at:
            self._at = b""
            self._compute(x)
            self._at = at
        return self.last_value

    def _compute(self, x: Array) -> None:
        self.nfev += 1
        self._gradient = None
        if self.recorded:
            value, self._slopes = self._recorded_value_and_slopes(x)
            if self.eager:
                self._gradient = self._slopes
                self.njev += 1
        elif self.pair:
            value, self._gradient = self.f(x)
        else:
            value = self.f(x)
        self.last_value = value = (
            float(value) if type(value) is np.float64 else one_real_number(value)
        )
        if value < self.least and not self.constraints and self.inside(x):
            self.best, self.least = x.copy(), value

    def _recorded_value_and_slopes(self, x: Array) -> tuple[Any, Any]:
        try:
            value, slopes = self._value_and_grad(x)
        except Exception:  # which is remembered where it is one of f's own
            value, pull = vjp(self.f, x)
            one_real_number(value)
            slopes = pull(1.0)
        return (value, slopes) if type(value) is np.float64 else in_memory(value, slopes)

    def gradient(self, x: Array) -> Array:
        """Return ∇f(x)."""
        self.value(x)
        if self._gradient is None:
            self.njev += 1
            self._gradient = self.given(x) if self.given else self._slopes
        if type(self._gradient) is not np.ndarray:
            self._gradient = flatten(self._gradient)[0]
        return self._gradient.reshape(-1)

    def value_and_slopes(self, x: Array, sizes: Array) -> tuple[float, Array]:
        """Return f and ∇f: recorded where the method has no gradient, or else by differences."""
        if self.knows_gradient:
            return self.value(x), self.gradient(x)
        if not self.by_differences:
            try:
                value, slopes = in_memory(*self._value_and_grad(x))
                self.nfev += 1
                return float(value), slopes
            except Exception:
                self.by_differences = True
        return self.plain(x), differences(self.plain, x, sizes, self.lower, self.upper)[0]

    def hessian(self, x: Array) -> Array:
        """Return ∇²f(x)."""
        self.nhev += 1
        return self.curvature(x)

    def curvature(self, x: Array) -> Array:
        """Return ∇²f(x), and count nothing."""
        matrix: Any
        try:
            matrix = self._hessian(x)
        except Exception:
            matrix = hessian(self.f)(x)
        found: Array = in_memory(matrix)[0]
        return found

    def hessian_product(self, x: Array, p: Array) -> Array:
        """Return ∇²f(x) p."""
        at = x.tobytes()
        if at != self._product_at:
            self._product = self._products(x.copy())
            self._product_at = at
        try:
            return self._product(p)
        except Exception:  # which is remembered where it is one of f's own
            image: Array = hvp(self.f, x, p)
            return image

    def on_step(self, intermediate_result: Any) -> Any:
        """Follow the steps, and tell the callback of them in the form that it takes."""
        from scipy.optimize import OptimizeResult

        state = intermediate_result
        if not isinstance(state, OptimizeResult):
            state = OptimizeResult(x=np.array(state), fun=self.value(np.array(state)))
        x = np.array(state.x)
        self.steps += 1
        if self.constraints and self.feasible(x) and self.value(x) < self.least:
            self.best, self.least = x.copy(), self.value(x)
        if self.gtol is not None and state.barrier_parameter <= self.barrier_tol:
            self.at_gtol = max(state.optimality, state.constr_violation) < self.gtol
        if self.callback is None:
            return self.at_gtol
        try:
            if self.takes_result:
                told = OptimizeResult({**state, "x": self.shaped(x)})
                return self.callback(intermediate_result=told) or self.at_gtol
            if self.method == "trust-constr":
                return self.callback(self.shaped(x), state) or self.at_gtol
            return self.callback(self.shaped(x))
        except StopIteration:
            self.stopped = True
            raise
        except Exception as error:
            self.own_error = error
            raise

    # -- before SciPy ------------------------------------------------------------------------

    def confine(self, bounds: Any, constraints: Any) -> None:
        """Take the bounds and constraints, and move the start into the bounds."""
        self.bounded = bounds is not None
        self.keep_feasible = getattr(bounds, "keep_feasible", False)
        self.lower, self.upper = bounds_of(bounds, self)
        moved = np.clip(self.start, self.lower, np.maximum(self.lower, self.upper))
        outside = np.flatnonzero((self.start < self.lower) | (self.start > self.upper))
        if outside.size and not np.any(self.lower > self.upper):
            i = outside[0]
            self.notes.append(
                f"the start was outside its bounds (x[{i}] = {self.start[i]:g} of "
                f"({self.lower[i]:g}, {self.upper[i]:g})) and was moved onto them"
            )
            self.start = self.best = moved
        needed = self.method not in WITHOUT_GRADIENT
        self.constraints = constraints_of(constraints, self, needed=needed)
        for c in self.constraints:
            if callable(c.hess):
                c.hess = self._remembering(c.hess)

    def begin(self) -> Verdict | None:
        """Evaluate the start, and return a verdict if no search can begin there."""
        crossed = np.flatnonzero(self.lower > self.upper)
        if crossed.size:
            i = crossed[0]
            return Status.INFEASIBLE, (
                f"the bounds of x[{i}] contradict each other: {self.lower[i]:g} > {self.upper[i]:g}"
            )
        for k, c in enumerate(self.constraints):
            crossed = np.flatnonzero(c.lower > c.upper)
            if crossed.size:
                i = crossed[0]
                return Status.INFEASIBLE, (
                    f"the limits of constraint {k} contradict each other: {c.lower[i]:g} > "
                    f"{c.upper[i]:g}"
                )
            if not np.all(np.isfinite(c.value(self.start))):
                return Status.NOT_FINITE, f"constraint {k} is not finite at the start"
        try:
            self.first = self.value(self.start)
            finite = np.isfinite(self.first)
            if finite and self.knows_gradient:
                finite = bool(np.all(np.isfinite(self.gradient(self.start))))
        except ObjectiveError as error:
            return Status.INVALID, str(error)
        except Exception as error:
            if self.recorded:
                try:
                    self._tell_the_way_out(error)
                except ObjectiveError as returned:
                    return Status.INVALID, str(returned)
            raise
        if not np.isfinite(self.first):
            return Status.NOT_FINITE, f"f is {self.first} at the start"
        if not finite:
            return Status.NOT_FINITE, "the gradient of f is not finite at the start"
        self.eager = self.method in AT_EVERY_POINT
        self.least = np.inf if self.constraints and not self.feasible(self.start) else self.first
        return None

    def _tell_the_way_out(self, error: Exception) -> None:
        """Say what to do where fun works on arrays, but could not be recorded."""
        try:
            one_real_number(self.f(self.start))
        except ObjectiveError:
            raise
        except Exception:  # then it is fun itself that fails
            return
        error.add_note(
            'fun cannot be recorded: give jac="2-point" for differences, or a jac of your own'
        )

    def derivatives(self, jac: Any, hess: Any, hessp: Any, args: tuple[Any, ...]) -> dict[str, Any]:
        """Return the derivatives that the method takes: the caller's, else exact ones."""
        if not self.knows_gradient or self.method in WITHOUT_GRADIENT:
            return {"jac": jac, "hess": hess, "hessp": hessp}
        shaped = self.shaped
        found: dict[str, Any] = {"jac": self.gradient, "hess": hess, "hessp": None}
        if callable(hess):
            found["hess"] = self.given_hess = self.on_vectors(hess, args)
        if hessp is not None:
            found["hessp"] = self._remembering(
                lambda x, p: flatten(hessp(shaped(x), shaped(p), *args))[0]
            )
        elif hess is None and self._is_twice_recorded():
            if self.method in WITH_PRODUCTS:
                found["hessp"] = self.hessian_product
            elif self.method in WITH_HESSIAN:
                found["hess"] = self.hessian
        return found

    def _is_twice_recorded(self) -> bool:
        """Whether fun has an exact Hessian; with a jac of the caller's own it need not."""
        if self.recorded or self.method not in WITH_PRODUCTS | WITH_HESSIAN:
            return self.recorded
        try:
            linearize(grad(self.f), self.start)
        except Exception:
            return False
        return True

    # -- SciPy -------------------------------------------------------------------------------

    def run(
        self, method: Any, derivatives: dict[str, Any], tol: float | None, options: dict[str, Any]
    ) -> OptimizeResult:
        """Return SciPy's result; where SciPy itself breaks down, the best point and the reason."""
        from scipy import optimize

        bounds = None
        if self.bounded:
            bounds = optimize.Bounds(self.lower, self.upper, self.keep_feasible)
        if self.method == "trust-constr" and self._has_barrier():
            # SciPy takes a small gradient of f with its barrier for the end, be the barrier large.
            self.gtol = options.get("gtol", GRADIENT if tol is None else tol)
            self.barrier_tol = options.get("barrier_tol", BARRIER if tol is None else tol)
            options = {**options, "gtol": 0.0}
        self.calls = 0
        try:
            result = optimize.minimize(
                self.value,
                self.start.copy(),
                method=method,
                **derivatives,
                bounds=bounds,
                constraints=for_scipy(self.constraints, self.method),
                tol=tol,
                callback=self.on_step if self.callback or self.constraints or self.gtol else None,
                options=options,
            )
            if self.at_gtol and not self.stopped:
                message = "`gtol` termination condition is satisfied"
                result.update(success=True, message=message)
            return result
        except ObjectiveError as error:
            self.broken = Status.INVALID, str(error)
        except StopIteration:
            self.broken = Status.STOPPED, ""
        except GIVING_UP as error:
            if error is self.own_error or not self.calls:
                raise
            self.broken = Status.STALLED, f"SciPy's {METHODS.get(self.method)} gave up: {error}"
        counts = {"nit": self.steps, "nfev": self.nfev, "njev": self.njev, "nhev": self.nhev}
        return optimize.OptimizeResult(
            x=self.best, fun=self.least, success=False, message=self.broken[1], **counts
        )

    def _has_barrier(self) -> bool:
        """Whether there are limits that trust-constr keeps away from by a barrier."""
        limits = [(self.lower, self.upper), *((c.lower, c.upper) for c in self.constraints)]
        return any(
            bool(np.any((low < high) & (np.isfinite(low) | np.isfinite(high))))
            for low, high in limits
        )

    # -- after SciPy --------------------------------------------------------------------------

    def inside(self, x: Array) -> bool:
        """Whether x is within its bounds."""
        return not self.bounded or bool(np.all((self.lower <= x) & (x <= self.upper)))

    def sizes(self, x: Array) -> Array:
        """Return how large each unknown is, at the start or at x; about 0 counts as others do."""
        size = np.maximum(np.abs(x), np.abs(self.start))
        typical = size.max() if self.start.any() else max(size.max(), ZERO)
        least = np.where(self.start == 0, ZERO, 1e-8)  # a start at 0 tells nothing of a size
        return np.where(size > least * typical, size, typical)

    def feasible(self, x: Array) -> bool:
        """Whether all constraints and bounds are met."""
        worst = violation(x, self.sizes(x), self.lower, self.upper, self.constraints)
        return worst.relative <= FEASIBLE

    def plain(self, x: Array) -> float:
        """Return f(x), and remember nothing of it."""
        self.nfev += 1
        value = self.f(x)
        return one_real_number(value[0] if self.pair else value)

    def is_better(self, x: Array) -> bool:
        """Whether x is as good as the best feasible point that was seen."""
        # A point is not better for making use of what the tolerance allows it.
        slack = 10 * FEASIBLE * abs(self.least) if self.constraints else 0.0
        return self.feasible(x) and self.value(x) <= self.least + slack

    def is_worse(self, x: Array) -> bool:
        """Whether a point within the bounds is higher than the best one by what matters."""
        slack = NOTHING * (1 + abs(self.least))
        return not self.constraints and self.inside(x) and self.value(x) > self.least + slack


def _takes_result(callback: Callable[..., Any] | None) -> bool:
    """Whether a callback has SciPy's newer form, told by the name of its only parameter."""
    try:
        return callback is not None and set(inspect.signature(callback).parameters) == {
            "intermediate_result"
        }
    except ValueError:  # no signature is known
        return False
