"""What kind of array a value is: one that the engine computes with, or one that it refuses.

It computes with NumPy's arrays and numbers, and with arrays of other libraries that speak NumPy's
protocols, as Dask's and CuPy's do. What is array_like becomes a plain array where nothing is lost.
A mask, a unit and labels would be: such containers are refused, with what to write instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

NUMBERS = frozenset({float, int, bool, complex, np.float64, np.float32})


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
        if not hasattr(x, "__array_function__") or isinstance(x, np.ndarray):
            x = np.asarray(x)
    if x.dtype.kind not in "biufc":
        raise TypeError(
            f"not a number or an array of numbers, but of dtype {x.dtype}: {x!r:.60}. Where it "
            "holds numbers, write x.astype(float)"
        )
    return x


def is_lazy(x: Any) -> bool:
    """Return whether a value is an array whose numbers have yet to be computed, as Dask's are.

    Examples
    --------
    >>> is_lazy(np.zeros(3))
    False
    """
    return hasattr(x, "__dask_graph__")


def own_value(value: Any, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Return a copy of a user's value: an array, or a NumPy scalar where there are no axes."""
    if type(value) is not np.ndarray and hasattr(type(value), "_plain"):
        value = value._plain()  # a Tensor's
    refuse_container(value)
    duck = hasattr(value, "__array_function__") and not isinstance(value, np.ndarray)
    array = snapshot(value) if duck else np.array(value, dtype=dtype)
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"a Tensor holds numbers, but this value has dtype {array.dtype}: {value!r:.80}"
        )
    return array if array.ndim else array[()]


def snapshot(x: Any) -> Any:
    """Return an array that can change as it is at present; of NumPy's the same array."""
    return x.snapshot() if hasattr(x, "snapshot") else x


def at_present(x: Any) -> Any:
    """Return an array that can be filled as the Tensor that it is now, and all else as it is."""
    return x.at_present() if hasattr(type(x), "at_present") else x


def refuse_container(x: Any) -> None:
    """Raise if an array-like object holds more than the engine would keep of it."""
    if type(x) is np.ndarray:
        return
    kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}"
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
