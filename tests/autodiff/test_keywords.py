"""Every argument that a NumPy function takes is honoured, or refused with what to write instead.

The functions are those of the table, their arguments those of NumPy's signatures: neither list can
go stale. Defaults written out, by name or by position, change nothing. Other values give NumPy's
result and its derivative, or an error that names the argument.
"""

from __future__ import annotations

import gc
import inspect
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, jvp, vjp
from autodiff._core import arguments
from autodiff._core.arguments import full_name
from autodiff._core.ndarray import operations
from tests.autodiff.calls import Call, calls, public_functions
from tests.autodiff.oracles import richardson

pytestmark = pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="older versions hide many signatures"
)
every_function = pytest.mark.parametrize("function", public_functions(), ids=full_name)

# What signatures with **kwargs leave open.
OPEN = {
    "casting": "same_kind",
    "dtype": None,
    "initial": np._NoValue,
    "keepdims": False,
    "order": "K",
    "out": None,
    "subok": True,
    "where": True,
}
OPEN_IN_METHODS = {k: v for k, v in OPEN.items() if v is not np._NoValue}
EXTREMA = {"max", "min", "amax", "amin", "nanmax", "nanmin"}
QUANTILES = {np.quantile, np.percentile, np.nanquantile, np.nanpercentile}
WITH_OWN_KEYWORDS = {np.pad, np.piecewise, np.apply_along_axis}
JUMPS = {np.trim_zeros, np.histogram}  # whose differences are not what their derivatives say


def quietly(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return f(*args, **kwargs)


def open_parameters(call: Call) -> dict[str, Any]:
    """Return the parameters that a call leaves at their defaults, with these."""
    signature = inspect.signature(call.function)
    bound = signature.bind(*call.args, **call.kwargs).arguments
    defaults = {
        name: p.default
        for name, p in signature.parameters.items()
        if p.default is not p.empty and p.kind is not p.POSITIONAL_ONLY
    }
    open_ended = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    if open_ended and call.function not in WITH_OWN_KEYWORDS:
        defaults |= OPEN if call.function in operations else OPEN_IN_METHODS
    return {k: v for k, v in defaults.items() if k not in bound and k not in call.kwargs}


def positional_defaults(call: Call) -> list[Any]:
    parameters = inspect.signature(call.function).parameters.values()
    if call.kwargs or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.default for p in parameters if p.kind in kinds][len(call.args) :]


def numpy_accepts(call: Call, *more: Any, **options: Any) -> bool:
    try:
        quietly(call.of_arrays, *more, **options)
    except Exception:
        return False
    return True


def parts(result: Any) -> list[Any]:
    """Return the arrays of a result, and what else it consists of."""
    if isinstance(result, tuple | list):
        return [p for part in result for p in parts(part)]
    return [result.data if isinstance(result, Tensor) else result]


def check_same(actual: Any, expected: Any, tolerance: float = 1e-12) -> None:
    for a, e in zip(parts(actual), parts(expected), strict=True):
        if not isinstance(e, np.ndarray | np.generic) or e.dtype.kind not in "biufc":
            assert type(a) is type(e)
            assert np.all(np.equal(a, e))
            continue
        assert getattr(a, "dtype", e.dtype) == e.dtype
        assert np.shape(a) == e.shape
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


# -- methods: those of ndarray that a Tensor has ------------------------------------------------

A = np.array([[0.3, 0.7, 0.4], [0.9, 0.2, 0.6]])
METHOD_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "argpartition": (1,),
    "astype": (np.float64,),
    "choose": ([np.arange(3.0), A],),
    "compress": ([True, False],),
    "dot": (np.array([0.4, 0.9, 0.1]),),
    "repeat": (2,),
    "reshape": (3, 2),
    "searchsorted": ([0.5],),
    "swapaxes": (0, 1),
    "take": ([0, 2],),
    "to_device": ("cpu",),
}
OPERANDS = {"choose": [[0, 1, 0]], "item": 0.5, "searchsorted": [0.3, 0.6], "squeeze": A[:1]}


def methods() -> list[str]:
    found = [n for n in dir(np.ndarray) if n[0] != "_" and callable(getattr(np.ndarray, n))]
    in_place = {"fill", "partition", "put", "resize", "setfield", "sort"}
    return [n for n in found if hasattr(Tensor, n) and n not in in_place]


def method_call(name: str) -> Call:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, name)(*args, **kwargs)

    method.__name__ = name
    method.__signature__ = inspect.signature(getattr(np.ndarray, name))  # type: ignore[attr-defined]
    operand = Tensor(OPERANDS.get(name, A))
    return Call(method, (operand, *METHOD_ARGUMENTS.get(name, ())), {})


every_method = pytest.mark.parametrize("name", methods())

# -- defaults ---------------------------------------------------------------------------------


def test_there_is_a_call_of_every_function() -> None:
    never = [full_name(f) for f in public_functions() if f not in calls()]
    assert never == [], "add a case to its family in tests/autodiff/cases, or a call to calls.py"


@every_function
def test_defaults_written_out_change_nothing(function: Callable[..., Any]) -> None:
    for call in calls().get(function, []):
        check_defaults(call)


@every_method
def test_defaults_of_methods_written_out_change_nothing(name: str) -> None:
    check_defaults(method_call(name))


def check_defaults(call: Call) -> None:
    expected = quietly(call.of_tensors)
    by_position = positional_defaults(call)
    ways = [((), {name: value}) for name, value in open_parameters(call).items()]
    ways += [(tuple(by_position[:n]), {}) for n in range(1, len(by_position) + 1)]
    tried = 0
    for more, options in ways:
        if numpy_accepts(call, *more, **options):
            actual = quietly(call.of_tensors, *more, **options)
            if call.function is np.empty_like:  # whatever lay there
                actual, expected = actual * 0, expected * 0
            check_same(actual, expected)
            tried += 1
    assert tried or not ways


# -- other values ----------------------------------------------------------------------------


def other_values(call: Call, name: str, default: Any) -> Iterator[dict[str, Any]]:
    """Yield arguments with another value for one of them, and what has to go with it."""
    first = next(iter(call.tensors()), Tensor(0.0))
    counted = np.arange(first.size).reshape(first.shape) % 3 != 1
    values: dict[str, list[Any]] = {
        "a_max": [0.2],
        "a_min": [0.1],
        "append": [2.0],
        "axes": [
            [-1, -1, ()],
            [0, 0, ()],
            [(0, 1), (0, 1), (1, 0)],
            [(-1, -2), -1, -1],
            [0, (0, 1), -1],
        ],
        "axis": [0, -1, 1, None, (0, 1)],
        "base": [2.0, 3],
        "casting": ["unsafe", "no", "safe"],
        "cov": [True, "unscaled"],
        "copy": [True, False],
        "decimals": [2],
        "device": ["cpu"],
        "dtype": [np.float32, np.complex128, int],
        "initial": [0.7, np.float64(-0.3)],
        "kind": ["stable"],
        "max": [0.2],
        "method": ["nearest", "inverted_cdf"],
        "min": [0.1],
        "mode": ["wrap", "clip", "same", "valid"],
        "n": [2, 3, 7],
        "norm": ["ortho", "forward"],
        "ord": [1, 3, np.inf],
        "order": ["C", "F", "A", "K"],
        "prepend": [1.0],
        "rcond": [1e-3],
        "s": [(3, 2)],
        "signature": ["d->d", "dd->d", "ff->f"],
        "to_begin": [3.0],
        "to_end": [3.0],
        "trim": ["f"],
        "UPLO": ["U"],
        "w": [np.linspace(1, 2, first.shape[0])] if first.ndim else [],
        "weights": [np.linspace(1, 2, first.size).reshape(first.shape)],
        "where": [counted, counted[..., :1]] if first.ndim else [],
    }
    by_type = {bool: [default is False], int: [default + 1] if type(default) is int else []}
    for value in values.get(name, by_type.get(type(default), [])):
        beside: dict[str, Any] = {}
        if name == "casting":
            yield {name: value}
            beside = {"dtype": np.float32}
        elif name == "weights" and call.function in QUANTILES:
            beside = {"method": "inverted_cdf"}
        elif name == "where" and call.function.__name__ in EXTREMA:
            beside = {"initial": 0.3}
        yield {name: value, **beside}
    if name == "out":
        results = parts(quietly(call.of_arrays))
        if len(results) == 1 and isinstance(results[0], np.ndarray):
            yield {"out": np.zeros_like(results[0])}


@pytest.mark.parametrize(
    "function", [f for f in public_functions() if f is not np.empty_like], ids=full_name
)
def test_other_values_are_honoured_or_refused_by_name(function: Callable[..., Any]) -> None:
    for call in calls().get(function, []):
        check_other_values(call)


@every_method
def test_other_values_of_methods_are_honoured_or_refused_by_name(name: str) -> None:
    check_other_values(method_call(name))


def check_other_values(call: Call) -> None:
    for name, default in open_parameters(call).items():
        for options in other_values(call, name, default):
            if name == "where" and isinstance(call.function, np.ufunc):
                with pytest.raises(TypeError, match=r"has no where=: write np\.where"):
                    call.of_tensors(**options)
            elif numpy_accepts(call, **options):
                check_other_value(call, name, options)


def check_other_value(call: Call, name: str, options: dict[str, Any]) -> None:
    try:
        actual = quietly(call.of_tensors, **options)
    except (TypeError, ValueError) as error:
        if name not in str(error) or "unexpected keyword" in str(error):
            raise
        return
    if name == "out":  # a constant may go into an array, not into a Tensor
        assert not any(isinstance(p, Tensor) and p.requires_grad for p in [actual])
        with pytest.raises(TypeError, match="has no out="):
            call.of_tensors(out=Tensor(options["out"]))
        return
    expected = quietly(call.of_arrays, **options)
    types = [options.get("dtype"), *(getattr(e, "dtype", None) for e in parts(expected))]
    single = any(t in (np.float32, np.complex64) for t in types)
    if call.function is np.einsum and "dtype" in options:  # NumPy's forgets it where it can
        actual = quietly(actual.astype, expected.dtype)
    check_same(actual, expected, 1e-5 if single else 1e-10)
    operation = operations.get(call.function)
    is_constant = getattr(operation, "__module__", "") == "autodiff.rules._constants"
    of_real_numbers = all(t.dtype.kind == "f" for t in call.tensors())
    if call.tensors() and of_real_numbers and not is_constant and call.function not in JUMPS:
        check_derivative(call, options, single)


def check_derivative(call: Call, options: dict[str, Any], single: bool) -> None:
    tensors = call.tensors()
    values = [np.array(t.data) for t in tensors]
    rng = np.random.default_rng(1)
    directions = [rng.uniform(0.5, 1.5, v.shape) for v in values]

    def f(*values: Any, options: dict[str, Any] = options) -> Any:
        new = {id(t): v for t, v in zip(tensors, values, strict=True)}
        results = [
            np.ravel(part)
            for part in flat(quietly(call.with_values, new, **options))
            if hasattr(part, "dtype") and part.dtype.kind in "fc"
        ]
        return np.concatenate([np.zeros(1), *results])

    try:
        value, actual = jvp(f, tuple(values), tuple(directions))
    except TypeError as error:
        if "at real arguments only" not in str(error):  # where dtype= asks for complex ones
            raise
        return
    if (
        single or options.get("dtype", int) is not int
    ):  # where differences would lose all digits: as without
        expected = jvp(lambda *values: f(*values, options={}), tuple(values), tuple(directions))[1]
    else:
        expected = quietly(richardson, f, values, directions)
    known = np.isfinite(value)
    weights = np.where(known, rng.uniform(0.5, 1.5, value.shape), 0).astype(value.dtype)
    pulled = vjp(f, *values)[1](weights)
    images = pulled if len(values) > 1 else (pulled,)
    backward = sum(np.sum(p * d) for p, d in zip(images, directions, strict=True))
    forward = np.sum(np.real(weights * actual)[known])
    scale = 1 + np.sum(np.abs(actual[known]))
    assert abs(backward - forward) <= (1e-4 if single else 1e-11) * scale
    tolerance = 1e-3 if single else 1e-6
    np.testing.assert_allclose(actual[known], expected[known], rtol=tolerance, atol=tolerance)


def flat(result: Any) -> list[Any]:
    if isinstance(result, tuple | list):
        return [p for part in result for p in flat(part)]
    return [result]


# -- in so many words --------------------------------------------------------------------------


def test_a_ufunc_computes_in_the_type_it_is_told_to() -> None:
    x = np.array([0.1, 0.7])
    for options in ({"dtype": np.float32}, {"signature": "f->f"}, {"signature": (np.float32,) * 2}):
        value, slope = jvp(lambda x, o=options: np.exp(x, **o), x, np.ones(2))
        assert value.dtype == slope.dtype == np.float32
        np.testing.assert_array_equal(value, np.exp(x, **options))
    assert np.multiply(2, Tensor(x), dtype=np.complex128).dtype == np.complex128
    assert np.add.outer(Tensor(x), [1, 2], dtype=np.float32).dtype == np.float32
    with pytest.raises(TypeError, match=r"Cannot cast ufunc 'exp' input .*'safe'"):
        np.exp(Tensor(x), dtype=np.float32, casting="safe")


def test_an_unknown_argument_is_named() -> None:
    with pytest.raises(TypeError, match=r"numpy\.mean of a Tensor: .*'axes'"):
        Tensor(A).mean(axes=1)
    with pytest.raises(TypeError, match=r"np\.median of a Tensor has no out="):
        np.median(Tensor(A), 0, np.zeros(3))


def test_an_error_within_a_function_stays_what_it_is() -> None:
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        np.sum(Tensor(A), axis="first")


def test_a_function_whose_signature_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def signature(function: Any) -> inspect.Signature:
        if function is np.concatenate:
            raise ValueError("no signature found")
        return inspect.signature(function)

    monkeypatch.setattr(arguments, "_signature", signature)
    t = Tensor(A)
    assert np.concatenate([t, t], out=None, dtype=None, casting="same_kind").shape == (4, 3)
    with pytest.raises(TypeError, match=r"np\.concatenate of a Tensor has no out="):
        np.concatenate([t, t], out=np.zeros((4, 3)))
    with pytest.raises(TypeError, match=r"numpy\.concatenate of a Tensor: too many positional"):
        np.concatenate([t, t], 0, None)


def test_a_call_that_fits_only_numpy_leaves_no_cycle_behind() -> None:
    gc.disable()
    try:
        t = Tensor(A)
        released = weakref.ref(np.sum(t, None, None, None, False))
        assert released() is None
    finally:
        gc.enable()
