"""What SciPy's curve_fit takes, as what `optim.least_squares` takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fit.arguments._numbers import (
    Array,
    all_finite,
    as_array,
    nan_for_masked,
    numbers,
    refuse,
    refuse_chunks,
    refuse_unequal,
)
from fit.arguments._suggestions import argument_of_fit
from fit.problem._parameters import (
    ENDS,
    bounds_of,
    refuse_dicts,
    refuse_list_of_pairs,
    with_infinities,
)
from fit.problem._sigma import Cholesky, Relative, whitening

METHODS = ("lm", "trf", "dogbox")

# What SciPy's methods take beside, by name. It tells these only how to search, but for maxfev.
OF_LM = {"maxfev", "ftol", "xtol", "gtol", "col_deriv", "epsfcn", "factor", "diag"}
OF_TRF = {
    *("ftol", "xtol", "gtol", "x_scale", "diff_step", "tr_solver", "tr_options", "jac_sparsity"),
    *("verbose", "workers"),
}

ARGUMENTS = [
    *("p0", "sigma", "absolute_sigma", "check_finite", "bounds", "method", "jac", "full_output"),
    *("nan_policy", "loss", "f_scale", "max_nfev", "callback", "progress"),
]
Limits = tuple[Array, Array]
NAMES = ("a", "b", "c")  # of parameters in an example


# -- the data --------------------------------------------------------------------------------


def data(
    xdata: Any, ydata: Any, sigma: Any, check_finite: bool, nan_policy: str | None
) -> tuple[Any, Array, Array | None]:
    """Return x, y and sigma: arrays of floats, but for an x that is no array or list."""
    refuse_chunks("curve_fit", xdata=xdata, ydata=ydata, sigma=sigma)
    if nan_policy == "omit":
        xdata, ydata, sigma = map(nan_for_masked, (xdata, ydata, sigma))
    y = floats("ydata", ydata, check_finite)
    if not y.size:
        raise ValueError("`ydata` must not be empty!")
    if y.ndim > 1:
        raise ValueError(
            f"ydata has shape {y.shape}, expected (n,): flatten it, and what the model returns"
        )
    x = xdata
    if isinstance(x, np.ndarray):
        x = floats("xdata", x, check_finite)
    elif isinstance(x, list | tuple):
        refuse_unequal("xdata", x)
        x = floats("xdata", x, check_finite)
    elif hasattr(x, "__array__"):
        as_array("xdata", x)  # refuses another library's: what else x may be is the model's affair
    sigma = None if sigma is None else floats("sigma", sigma, False)
    return (
        (x, y, sigma) if nan_policy is None or check_finite else _by_policy(x, y, sigma, nan_policy)
    )


def _by_policy(
    x: Any, y: Array, sigma: Array | None, nan_policy: str
) -> tuple[Any, Array, Array | None]:
    """Return the data without the points that hold a NaN, or refuse these."""
    if nan_policy == "propagate":
        raise ValueError("`nan_policy='propagate'` is not supported by this function.")
    if nan_policy not in ("raise", "omit"):
        raise ValueError("nan_policy must be one of {None, 'raise', 'omit'}")
    bad = np.isnan(y)
    if isinstance(x, np.ndarray):
        if np.isnan(x).any() and x.shape[-1:] != y.shape:
            raise ValueError(f"xdata holds NaN, and has shape {x.shape}, but ydata {y.shape}")
        bad = bad | np.isnan(x).any(axis=tuple(range(x.ndim - 1)))
    if sigma is not None and sigma.shape == y.shape:
        bad = bad | np.isnan(sigma)
    if not bad.any():
        return x, y, sigma
    if nan_policy == "raise":
        raise ValueError(f"The input contains nan values, first at point {np.argmax(bad)}")
    if not isinstance(x, np.ndarray):
        raise ValueError(f"nan_policy='omit' needs xdata to be an array, got {type(x).__name__}")
    good = ~bad
    if sigma is not None and sigma.shape == (y.size, y.size):
        sigma = sigma[np.ix_(good, good)]
    elif sigma is not None and sigma.shape == y.shape:
        sigma = sigma[good]
    return x[..., good], y[good], sigma


def floats(name: str, values: Any, check_finite: bool) -> Array:
    """Return an argument as an array of floats, or raise a ValueError that names it."""
    is_array = type(values) is np.ndarray and values.dtype == float
    array = values if is_array else _as_floats(name, values)
    if check_finite and not all_finite(array):
        refuse(name, array, ~np.isfinite(array), "expected finite numbers")
    return array


def _as_floats(name: str, values: Any) -> Array:
    if isinstance(values, Relative | Cholesky | Mapping):
        raise ValueError(
            f"{name} is a {type(values).__name__}, which fit.fit takes: use that, or give an array"
        )
    array = as_array(name, values)
    if array.dtype.kind == "c":
        raise ValueError(f"{name} is complex, expected real numbers")
    try:
        return np.asarray(array, float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers") from None


def weights(sigma: Array, n: int) -> Array:
    """Return what turns differences into standard deviations: factors, or a matrix."""
    if sigma.ndim == 2 and sigma.shape == (n, n):
        return whitening(sigma)
    if sigma.size != 1 and sigma.shape != (n,):
        raise ValueError(
            f"`sigma` has incorrect shape. It is {sigma.shape}, expected ({n},) for standard "
            f"deviations or ({n}, {n}) for a covariance matrix of the {n} points of ydata"
        )
    if np.count_nonzero(sigma > 0) < sigma.size:
        refuse("sigma", sigma, ~(sigma > 0), "expected positive standard deviations")
    return np.asarray(1 / (sigma.reshape(()) if sigma.size == 1 else sigma))


# -- the parameters --------------------------------------------------------------------------


def number_of_parameters(f: Callable[..., Any]) -> int:
    """Return how many parameters follow x in the signature of a model."""
    if type(f) is FunctionType and not f.__dict__:  # the signature itself takes 8 µs
        count = f.__code__.co_argcount
    else:
        parameters = inspect.signature(f).parameters.values()
        count = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    if count < 2:
        raise ValueError(
            "Unable to determine number of fit parameters. p0 is needed: the signature of f does "
            "not tell how many there are"
        )
    return count - 1


def limits_of(bounds: Any, n: int, f: Callable[..., Any]) -> Limits | None:
    """Return the lower and the upper bounds of n parameters; None where there is none."""
    if bounds is None:
        return None
    pair = (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds
    signature = inspect.signature(f)
    names = tuple(signature.parameters)[1:]
    if isinstance(bounds, Mapping):
        if len(names) != n:
            raise ValueError(
                f"bounds by name need a model that names its {n} parameters, but its signature is "
                f"{signature}: give (lower, upper)"
            )
        pair = bounds_of(bounds, names, {})
    refuse_dicts(pair, names or NAMES)
    refuse_list_of_pairs(pair, names if len(names) == n else NAMES)
    if not isinstance(pair, list | tuple | np.ndarray) or len(pair) != 2:
        raise ValueError(f"`bounds` must contain 2 elements, (lower, upper), got {bounds!r:.80}")
    vectors = []
    for name, bound, end in zip(("lower", "upper"), pair, ENDS, strict=True):
        vector = numbers("bounds", with_infinities(bound, end), check_finite=False)
        if np.isnan(vector).any():
            raise ValueError(f"bounds is {bounds!r:.80}: write None or inf where there is none")
        if vector.size not in (1, n):
            raise ValueError(f"there are {vector.size} {name} bounds, but {n} parameters")
        vectors.append(np.array(np.broadcast_to(vector.ravel(), n)))
    lower, upper = vectors
    if not (lower < upper).all():
        i = int(np.argmin(lower < upper))
        raise ValueError(
            "Each lower bound must be strictly less than each upper bound. "
            f"Those of parameter {i} are {lower[i]} and {upper[i]}"
        )
    return (lower, upper) if np.isfinite([lower, upper]).any() else None


def start_given(p0: ArrayLike) -> Array:
    """Return starting values as a vector."""
    return floats("p0", p0, True).ravel()


def start_of(start: Array | None, n: int, limits: Limits | None) -> Array:
    """Return where to start: as given, between the bounds, or at 1 where there are none."""
    if start is not None:
        if limits is not None:
            outside = (start < limits[0]) | (start > limits[1])
            if outside.any():
                i = int(np.argmax(outside))
                raise ValueError(
                    f"Initial guess is outside of provided bounds: p0[{i}] is {start[i]}, expected "
                    f"between {limits[0][i]} and {limits[1][i]}"
                )
        return start
    if limits is None:
        return np.ones(n)
    lower, upper = limits
    below, above = np.isfinite(lower), np.isfinite(upper)
    with np.errstate(invalid="ignore"):
        inside = np.select(
            [below & above, below, above], [(lower + upper) / 2, lower + 1, upper - 1], 1.0
        )
    return np.asarray(inside)


# -- how to search ---------------------------------------------------------------------------


def check_method(method: str | None, limits: Limits | None) -> None:
    """Refuse a method that SciPy does not have, or not for bounds."""
    if method is not None and method not in METHODS:
        raise ValueError(f"`method` must be 'trf', 'dogbox' or 'lm', got {method!r}")
    if method == "lm" and limits is not None:
        raise ValueError(
            "Method 'lm' only works for unconstrained problems. Use 'trf' or 'dogbox' instead."
        )


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse what SciPy does not take beside the arguments of curve_fit."""
    if not options:
        return
    if "args" in options:
        raise ValueError("'args' is not a supported keyword argument.")
    unknown = options.keys() - OF_LM - OF_TRF
    if unknown:
        name = min(unknown)
        raise TypeError(f"curve_fit() has no keyword {name!r}: {argument_of_fit(name, ARGUMENTS)}")


def callback_of_scipy(callback: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """Return a callback of `optim.least_squares` that calls one of SciPy's, by its signature."""
    if callback is None or list(inspect.signature(callback).parameters) == ["intermediate_result"]:
        return callback
    return lambda intermediate_result: callback(np.copy(intermediate_result.x))


def is_loss_of_scipy(loss: Any) -> bool:
    """Whether a loss returns its derivatives too, in rows, as SciPy's are written."""
    return callable(loss) and np.shape(loss(np.ones(2))) == (3, 2)
