"""Calls of every NumPy function that has a rule, taken from what the cases call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from scipy import special

from autodiff import Tensor
from autodiff._core.arguments import full_name
from autodiff._core.ndarray import NDArrayInterface, operations
from tests.autodiff.cases import CASES

A = np.array([[0.3, 0.7, 0.4], [0.9, 0.2, 0.6]])
V = np.array([0.41, 0.93, 0.13])
B, N = A > 0.5, np.arange(6) % 4


@dataclass(frozen=True)
class Call:
    """A function, and arguments among which there are Tensors, perhaps in lists."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def of_tensors(self, *more: Any, **options: Any) -> Any:
        return self.function(*self.args, *more, **self.kwargs, **options)

    def of_arrays(self, *more: Any, **options: Any) -> Any:
        return self.with_values({}, *more, **options)

    def with_values(self, values: dict[int, Any], *more: Any, **options: Any) -> Any:
        """Call the function with other values for the Tensors of these numbers."""

        def value(t: Tensor) -> Any:
            return np.copy(values.get(id(t), t.data))[()]  # for overwrite_input=True

        args, kwargs = each_tensor(value, (self.args, self.kwargs))
        return self.function(*args, *more, **kwargs, **options)

    def tensors(self) -> list[Tensor]:
        found: dict[int, Tensor] = {}
        each_tensor(lambda t: found.update({id(t): t}), (self.args, self.kwargs))
        return [t for t in found.values() if t.requires_grad]


def each_tensor(f: Callable[[Tensor], Any], x: Any) -> Any:
    """Return a structure with what a function makes of each Tensor in it."""
    if type(x) is Tensor:
        return f(x)
    if type(x) in (list, tuple):
        return type(x)(each_tensor(f, part) for part in x)
    return {k: each_tensor(f, v) for k, v in x.items()} if type(x) is dict else x


# Functions that NumPy asks a Tensor for by like= alone, whatever their arguments.
MADE_BY_LIKE: set[Callable[..., Any]] = {
    *(np.zeros, np.ones, np.empty, np.full, np.eye, np.identity, np.tri, np.arange, np.array),
    *(np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require),
    *(np.fromfunction, np.fromiter, np.frombuffer, np.fromstring, np.fromfile),
    *(np.loadtxt, np.genfromtxt),
}
# What the cases do not call: above all functions whose results are constants.
OTHERS: list[tuple[Any, ...]] = [
    *((f, A) for f in (np.isinf, np.isneginf, np.isposinf, np.isreal, np.iscomplex, np.signbit)),
    *((f, A) for f in (np.ceil, np.rint, np.round, np.around, np.fix, np.spacing, np.sort_complex)),
    *((f, A) for f in (np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argwhere)),
    *((f, A) for f in (np.flatnonzero, np.count_nonzero, np.array_str, np.array_repr)),
    *((f, A) for f in (np.array2string, np.iscomplexobj, np.isrealobj, np.common_type)),
    *((f, A) for f in (np.min_scalar_type, np.tril_indices_from, np.triu_indices_from)),
    *((f, A) for f in (np.zeros_like, np.ones_like, np.empty_like)),
    *((f, A) for f in (np.histogram, np.histogram_bin_edges, np.linalg.matrix_rank)),
    *((f, A, V) for f in (np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)),
    *((f, A, V) for f in (np.isclose, np.allclose, np.array_equal, np.array_equiv, np.isin)),
    *((f, A, V) for f in (np.may_share_memory, np.shares_memory)),
    *((f, B, ~B) for f in (np.logical_and, np.logical_or, np.logical_xor)),
    *((f, N, 2) for f in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm)),
    *((f, N, 2) for f in (np.left_shift, np.right_shift)),
    *((f, N) for f in (np.bitwise_count, np.invert, np.bincount)),
    *((f, B) for f in (np.logical_not, np.packbits)),
    *((np.lib.scimath.__dict__[f], V) for f in ("arccos", "arctanh", "log2", "log10")),
    *((f, A) for f in (special.gammasgn, special.round)),
    *([(np.astype, A, np.float32)] if hasattr(np, "astype") else []),  # from NumPy 2.1 on
    (np.bincount, N, np.linspace(0.1, 0.9, 6)),
    (np.can_cast, np.float32, np.float64),
    (np.diag_indices_from, A[:, :2]),
    (np.digitize, V, [0.2, 0.5]),
    (np.einsum_path, "ij,j", A, V),
    (np.histogram2d, V, V),
    (np.histogramdd, A),
    (np.ix_, N, N),
    (np.lexsort, [V, V]),
    (np.ravel_multi_index, [N % 2, N % 3], (2, 3)),
    (np.searchsorted, np.sort(V), A),
    (np.unpackbits, N.astype(np.uint8)),
    (np.unravel_index, N, (2, 3)),
]


@cache
def calls() -> dict[Callable[..., Any], list[Call]]:
    """Return the calls of each function in the table of operations, of each kind one."""
    import_module("autodiff.rules._special")
    seen: dict[Any, dict[Any, Call]] = {}

    def note(function: Any, args: Any, kwargs: dict[str, Any]) -> None:
        kind = len(args), tuple(sorted(kwargs))
        seen.setdefault(function, {}).setdefault(kind, Call(function, args, dict(kwargs)))

    with pytest.MonkeyPatch.context() as patch:
        listen(patch, note)
        for case in CASES:
            case.f(*map(Tensor, case.args))
    for function, *args in OTHERS:
        note(function, tuple(Tensor(a) if isinstance(a, np.ndarray) else a for a in args), {})
    for ufunc in [f for f in operations if isinstance(f, np.ufunc)]:
        note_methods(ufunc, note)
    known = {f for f in operations if f not in MADE_BY_LIKE}
    return {f: list(kinds.values()) for f, kinds in seen.items() if f in known}


def listen(patch: pytest.MonkeyPatch, note: Callable[..., None]) -> None:
    """Note every call that NumPy hands to a Tensor."""
    of_function = NDArrayInterface.__array_function__
    of_ufunc = NDArrayInterface.__array_ufunc__

    def array_function(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        note(function, args, kwargs)
        return of_function(self, function, types, args, kwargs)

    def array_ufunc(self: Any, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        note(ufunc if method == "__call__" else getattr(ufunc, method), args, kwargs)
        return of_ufunc(self, ufunc, method, *args, **kwargs)

    patch.setattr(NDArrayInterface, "__array_function__", array_function)
    patch.setattr(NDArrayInterface, "__array_ufunc__", array_ufunc)


def note_methods(ufunc: np.ufunc, note: Callable[..., None]) -> None:
    """Note calls of a ufunc's methods, on numbers, whole numbers or truth values as it takes."""
    for name in ("outer", "reduce", "accumulate"):
        method = getattr(ufunc, name)
        whole = ufunc.types[0][0] in "?bB" and "d" not in "".join(ufunc.types)
        x: Any = Tensor((N + 1 if whole else A).copy())
        if method in operations:
            number: Any = 2 if whole or ufunc is np.ldexp else V
            note(method, (x, number) if name == "outer" else (x,), {})


def public_functions() -> list[Callable[..., Any]]:
    """Return the functions of NumPy and SciPy in the table of operations that one can call."""
    import_module("autodiff.rules._special")
    found = [f for f in operations if not full_name(f).startswith(("autodiff.", "_operator."))]
    return sorted({*found} - {np.ndarray.astype} - MADE_BY_LIKE, key=full_name)
