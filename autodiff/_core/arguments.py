"""Arguments as NumPy's functions take them: by position or name, with defaults written out.

An operation states the arguments that it honours. Only when a call does not fit it is this module
asked: it leaves out what stands at NumPy's default or concerns nothing but an array's memory,
hands on the rest by name, and refuses by name what the operation does not take.
"""

from __future__ import annotations

import inspect
import sys
from functools import cache, lru_cache
from typing import Any

import numpy as np

from autodiff._core.corrections.corrections import array_correction
from autodiff._core.refusals import instead_of, public_caller, reason_for
from autodiff._core.types import Function

# They concern the memory of an array, not its entries: whatever their value, or with this one.
_WITHOUT_EFFECT = frozenset({"copy", "overwrite_input", "subok"})
_HARMLESS = [("device", "cpu"), *(("order", order) for order in "CFAK")]
# Defaults that a signature leaves open.
_DEFAULTS = {
    "casting": "same_kind",
    "dtype": None,
    "initial": None,
    "keepdims": False,
    "order": "K",
    "out": None,
    "signature": None,
    "where": True,
}
_signature = lru_cache(maxsize=None)(inspect.signature)


def call(function: Function, operation: Function, args: Any, kwargs: Any) -> Any:
    """Call what a NumPy function does with a Tensor by the arguments of the NumPy function."""
    try:
        return operation(*args, **kwargs)
    except TypeError:
        if fit(operation, args, kwargs):
            raise
    return call_by_name(function, operation, args, kwargs)


def fit(operation: Function, args: Any, kwargs: Any) -> bool:
    """Whether an operation takes these arguments, so that a TypeError was about something else."""
    try:
        _signature(operation).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def call_by_name(function: Function, operation: Function, args: Any, kwargs: Any) -> Any:
    """Call an operation by arguments that only the NumPy function takes as they are."""
    required, given = _required_and_optional(function, args, kwargs)
    if hasattr(given.get("out"), "take_result"):  # an array that can be filled
        out = given.pop("out")
        return out.take_result(call_by_name(function, operation, required, given))
    taken = _signature(operation).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
        for name in [name for name in given if name not in taken]:
            if name not in _WITHOUT_EFFECT and (name, given[name]) not in _HARMLESS:
                raise argument_refusal(function, name)
            del given[name]
    try:
        _signature(operation).bind(*required, **given)
    except TypeError as error:
        raise TypeError(f"{full_name(function)} of a Tensor: {error}") from None
    return operation(*required, **given)


def first_argument(function: Function, args: Any, kwargs: Any) -> Any:
    """Return the first argument of a function, by position or name, or None."""
    if args:
        return args[0]
    try:
        name = next(iter(_signature(function).parameters), "")
    except ValueError:  # NumPy before 2.4 does not tell the signatures of what is written in C
        name = "dst" if "dst" in kwargs else "a"  # of copyto and putmask
    return kwargs.get(name)


def without_out(function: Function, args: Any, kwargs: Any) -> tuple[Any, Any, Any]:
    """Return the arguments of a call without ``out=``, and what was given there."""
    if "out" in kwargs:
        kwargs = dict(kwargs)
        return args, kwargs, kwargs.pop("out")
    place = _place_of_out(function)
    if place is None or len(args) <= place:
        return args, kwargs, None
    return (*args[:place], None, *args[place + 1 :]), kwargs, args[place]


@cache
def _place_of_out(function: Function) -> int | None:
    """Return which argument of a function is ``out``, if that may be given by position."""
    try:
        parameters = _signature(function).parameters
    except ValueError:  # NumPy before 2.4 does not tell the signatures of what is written in C
        return None
    out = parameters.get("out")
    named = out is None or out.kind is out.KEYWORD_ONLY
    return None if named else list(parameters).index("out")


def _required_and_optional(
    function: Function, args: Any, kwargs: Any
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments without a default, and by name those that differ from theirs."""
    try:
        signature = _signature(function)
        bound = signature.bind(*args, **kwargs)
    except ValueError:  # NumPy before 2.4 does not tell the signatures of what is written in C
        return list(args), _beyond_defaults(kwargs, {})
    except TypeError as error:
        raise TypeError(f"{full_name(function)} of a Tensor: {error}") from None
    required: list[Any] = []
    given: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            required += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            given |= value
        elif parameter.default is parameter.empty:
            required.append(value)
        else:
            given[name] = value
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()}
    return required, _beyond_defaults(given, defaults)


def _beyond_defaults(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that are not at their defaults."""
    open_ones = {name for name, value in defaults.items() if value is np._NoValue}
    known = {**_DEFAULTS, **{k: v for k, v in defaults.items() if k not in open_ones}}
    return {
        name: value
        for name, value in given.items()
        if value is not np._NoValue and not (name in known and _same(value, known[name]))
    }


def _same(value: Any, default: Any) -> bool:
    return value is default or (
        type(value) is type(default)
        and isinstance(value, bool | int | float | str | tuple)
        and value == default
    )


# -- ufuncs ------------------------------------------------------------------------------------


def call_ufunc(
    ufunc: np.ufunc, operation: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call what a ufunc does with a Tensor, its operands cast as dtype=, casting= demand."""
    given = _beyond_defaults(kwargs, {})
    given = {name: value for name, value in given.items() if name not in {"order", "subok"}}
    if "where" in given:
        raise argument_refusal(ufunc, "where")
    loop = {name: given.pop(name) for name in ("dtype", "signature", "casting") if name in given}
    if loop:
        args = _cast(ufunc, args, **loop)
    return call(ufunc, operation, args, given)


def _cast(
    ufunc: np.ufunc,
    args: tuple[Any, ...],
    dtype: Any = None,
    signature: Any = None,
    casting: Any = "same_kind",
) -> tuple[Any, ...]:
    """Return the operands in the types that the ufunc computes in, by NumPy's own choice."""
    if signature is None:
        made = None if dtype is None else np.dtype(dtype)
        signature = (*(None,) * ufunc.nin, *(made,) * ufunc.nout)
    numbers = (int, float, complex)
    arrays = [x if type(x) in numbers or hasattr(x, "dtype") else np.asarray(x) for x in args]
    own = [type(x) if type(x) in numbers else x.dtype for x in arrays]
    dtypes = ufunc.resolve_dtypes(
        (*own, *(None,) * ufunc.nout), signature=signature, casting=casting
    )
    return tuple(
        np.asarray(x, d) if type(x) in numbers else x.astype(d)
        for x, d in zip(arrays, dtypes, strict=False)
    )


# -- refusals ----------------------------------------------------------------------------------


def argument_refusal(function: Function, name: str) -> TypeError:
    """Return the error for an argument that NumPy's function takes and a Tensor's does not."""
    called = full_name(function).replace("numpy", "np", 1)
    if name == "out" and (instead := array_correction()):
        return TypeError(f"{called} cannot write a Tensor into a plain array: {instead}")
    return TypeError(f"{called} of a Tensor has no {name}=: {instead_of(name, called)}")


def function_refusal(function: Function) -> TypeError:
    """Return the error for a NumPy function without a rule."""
    if instead := array_correction():
        return TypeError(
            f"{full_name(function)} cannot write a Tensor into a plain array: {instead}"
        )
    return TypeError(f"{full_name(function)} cannot be given a Tensor: {reason_for(function)}")


def full_name(function: Function) -> str:
    """Return a function's name with that of its package, or of the ufunc that it belongs to."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{full_name(owner)}.{function.__name__}"
    if isinstance(function, np.ufunc) and function.__name__.startswith("_"):
        return public_caller() or function.__name__
    special = sys.modules.get("scipy.special")
    if special is not None and getattr(special, function.__name__, None) is function:
        return f"scipy.special.{function.__name__}"
    return f"{getattr(function, '__module__', None) or 'numpy'}.{function.__name__}"
