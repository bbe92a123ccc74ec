"""What kind of array a value is: one that the engine computes with, or one that it refuses.

It computes with NumPy's arrays and numbers, and with arrays of other libraries that speak NumPy's
protocols, as Dask's and CuPy's do: those do not mix with NumPy's of themselves, so that what the
engine makes beside them is made of their kind (`of_kind`). What is array_like becomes a plain array
where nothing is lost. A mask, a unit and labels would be: such containers are refused, with what to
write instead, and so are arrays of libraries that do not speak the protocols.

Whether a value has ndarray's own fast calls, as ``x.dot`` and ``out=``, is asked in the place where
it pays by ``type(x) is np.ndarray``: a call of a function takes as long as adding ten numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

NUMBERS = frozenset({float, int, bool, complex, np.float64, np.float32})
_OWN = (np.ndarray, np.generic)
OURS = "autodiff"  # Tensors, and what stands in for arrays while a plan is recorded

# What is written in the place of an array x of a library that does not speak NumPy's protocols.
TO_NUMPY = {
    "jax": "np.asarray(x)",
    "jaxlib": "np.asarray(x)",
    "tensorflow": "x.numpy()",
    "torch": "x.detach().cpu().numpy()",
}

# -- questions -------------------------------------------------------------------------------


def library_of(x: Any) -> str:
    """Return the name of the library that a value's type comes from."""
    return _library(type(x).__module__)


@cache
def _library(module: str) -> str:
    return module.partition(".")[0]


def is_plain(x: Any) -> bool:
    """Return whether a value is an array or a number of NumPy's own."""
    return isinstance(x, _OWN)


def is_array(x: Any) -> bool:
    """Return whether a value is an array of NumPy's, or speaks its protocols as one."""
    return isinstance(x, np.ndarray) or hasattr(x, "__array_function__")


def dispatches(x: Any) -> bool:
    """Return whether NumPy's functions leave a value to its own library, or to this one."""
    return hasattr(x, "__array_function__") and not isinstance(x, np.ndarray)


def is_foreign(x: Any) -> bool:
    """Return whether a value is another library's array, which NumPy's arrays may not mix with."""
    own = isinstance(x, _OWN)  # asked first, for it is the most often so
    return not own and hasattr(x, "__array_function__") and library_of(x) != OURS


def is_lazy(x: Any) -> bool:
    """Return whether a value is an array whose numbers have yet to be computed, as Dask's are.

    Examples
    --------
    >>> is_lazy(np.zeros(3))
    False
    """
    return hasattr(x, "__dask_graph__")


def refuse_lazy(functions: str, instead: str, *values: Any) -> None:
    """Raise where a function would make an array in memory of one that is lazy, as Dask's are.

    Examples
    --------
    >>> refuse_lazy("np.sort is", "write another", np.zeros(3))
    """
    if any(map(is_lazy, values)):
        raise TypeError(f"{functions} not for lazy arrays, as Dask's: {instead}")


def is_on_device(x: Any) -> bool:
    """Return whether a value is another library's array that has its numbers, as CuPy's on a GPU.

    Examples
    --------
    >>> is_on_device(np.zeros(3))
    False
    """
    return is_foreign(x) and not is_lazy(x) and hasattr(x, "__setitem__")


# -- arrays of a kind ------------------------------------------------------------------------


def of_kind(x: Any, other: Any) -> Any:
    """Return an array of NumPy's as one of another library's, if the other value is one.

    ``for p in model.parameters(): p.data = of_kind(p.data, x)`` moves a model to where data are.

    Examples
    --------
    >>> of_kind(np.ones(2), np.zeros(3))
    array([1., 1.])
    """
    return np.asarray(x, like=other) if is_plain(x) and is_foreign(other) else x


def of_one_kind(values: list[Any]) -> list[Any]:
    """Return constants among some values as arrays of another library's, if there are such."""
    other = next(filter(is_foreign, values), None)
    return values if other is None else [of_kind(x, other) if is_plain(x) else x for x in values]


def open_to(x: Any, *others: Any) -> Any:
    """Return a NumPy array as one that takes keys and entries of another kind than NumPy's."""
    for other in others if is_plain(x) else ():
        if dispatches(other):
            value = other._plain() if hasattr(type(other), "_plain") else other  # of a Tensor
            if is_foreign(value):
                return of_kind(x, value)
            return np.where(np.ones_like(other, bool, shape=x.shape), x, x)
    return x


def mixture(values: Sequence[Any]) -> str:
    """Return what to write where NumPy's arrays stand beside those of a library on a device."""
    other = next(filter(is_on_device, values), None)
    if other is None or not any(isinstance(x, np.ndarray) and x.ndim for x in values):
        return ""
    return (
        f" (an array of NumPy's stands beside one of {library_of(other)}: write of_kind(x, y), for "
        "x of NumPy's, to have it of the kind of y)"
    )


def to_numpy(x: Any) -> Any:
    """Return the numbers of a Tensor, or of an array of whatever kind, as an array of NumPy's.

    Of an array on a GPU it is a copy, and a lazy one is computed.

    Raises
    ------
    TypeError
        When it holds more than numbers, or comes from a library that has derivatives of its own.

    Examples
    --------
    >>> to_numpy([1.0, 2.0])
    array([1., 2.])
    """
    if hasattr(type(x), "_plain"):
        x = x._plain()
    for method in ("get", "compute") if is_foreign(x) else ():
        if hasattr(x, method):  # CuPy's, Dask's
            return getattr(x, method)()
    refuse_container(x)
    return np.asarray(x)


def entries_as_text(x: Any, before: str) -> str:
    """Return the entries of an array, behind some text; of a lazy one what is known of them."""
    if is_lazy(x):
        return f"lazy {x.dtype} of shape {x.shape}"
    return np.array2string(to_numpy(x), separator=", ", prefix=before)


# -- at the door -----------------------------------------------------------------------------


def as_computable(x: Any) -> Any:
    """Return a constant as an array or a number that the engine computes with.

    Raises
    ------
    TypeError
        When it holds no numbers, or more than numbers.
    """
    if type(x) in NUMBERS or isinstance(x, np.generic):
        return x
    if type(x) is not np.ndarray:
        x = at_present(x)
        refuse_container(x)
        if not dispatches(x):
            x = np.asarray(x)
    if x.dtype.kind not in "biufc":
        raise TypeError(
            f"not a number or an array of numbers, but of dtype {x.dtype}: {x!r:.60}. Where it "
            "holds numbers, write x.astype(float)"
        )
    return x


def own_value(value: Any, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Return a copy of a user's value: an array, or a NumPy scalar where there are no axes."""
    if type(value) is not np.ndarray and hasattr(type(value), "_plain"):
        value = value._plain()  # a Tensor's
    refuse_container(value)
    if dispatches(value):
        array = snapshot(value)
        array = array if dtype is None or array.dtype == dtype else array.astype(dtype)
    else:
        array = np.array(value, dtype=dtype)
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"a Tensor holds numbers, but this value has dtype {array.dtype}: {value!r:.80}"
        )
    return array if array.ndim else array[()]  # type: ignore[no-any-return]


def snapshot(x: Any) -> Any:
    """Return an array that can change as it is at present; of NumPy's the same array."""
    if hasattr(x, "snapshot"):
        return x.snapshot()
    return np.copy(x) if is_on_device(x) else x


def at_present(x: Any) -> Any:
    """Return an array that can be filled as the Tensor that it is now, and all else as it is."""
    return x.at_present() if hasattr(type(x), "at_present") else x


def refuse_container(x: Any) -> None:
    """Raise if an array-like object holds more than the engine would keep of it."""
    if type(x) is np.ndarray:
        return
    library = library_of(x)
    kind = f"{library}.{type(x).__name__}"
    if library in TO_NUMPY and hasattr(x, "__array__"):
        raise TypeError(
            f"a {kind} does not speak NumPy's protocols, and its own derivatives would be lost: "
            f"write {TO_NUMPY[library]} for its numbers"
        )
    if hasattr(x, "mask") and not callable(x.mask):
        raise TypeError(
            f"a masked array ({kind}) would lose its mask: select the entries that count, as in "
            "a.compressed(), or give the others weight 0 by np.where"
        )
    if isinstance(x, np.matrix):
        raise TypeError(
            "an np.matrix multiplies by other rules than an array: write np.asarray(M), and @ for "
            "the product of matrices"
        )
    if isinstance(x, np.ndarray):
        if type(x).__array_ufunc__ is not np.ndarray.__array_ufunc__:
            raise TypeError(
                f"a {kind} means more than its numbers, such as a unit, which a derivative would "
                "lose: write x.view(np.ndarray), or its own way to the plain numbers (x._value)"
            )
    elif hasattr(x, "__array_ufunc__") and not hasattr(x, "__array_function__"):
        raise TypeError(
            f"a {kind} would lose what it knows beside its numbers, such as labels: write "
            "x.to_numpy()"
        )
