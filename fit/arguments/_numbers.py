"""Arguments as arrays and numbers, or a refusal that names the first bad entry."""

from __future__ import annotations

from numbers import Real
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff import is_lazy, is_on_device, to_numpy
from optim import random_generator

Array: TypeAlias = NDArray[np.float64]
EPS = float(np.finfo(float).eps)  # the relative distance of neighbouring numbers
AS_MEANT = "give a dict of them, by names of your choice, which the model takes as it is"
INSTEAD = "give nan_policy='omit' to leave those points out"  # of masked entries, and NaN


def as_x(x: Any, name: str = "x", check_finite: bool = True) -> Any:
    """Return what a model is evaluated at, with floats for lists, arrays and numbers."""
    if isinstance(x, np.ndarray):
        return numbers(name, x, check_finite)
    is_array = isinstance(x, list | tuple | Real)
    # One column of a table is an array of numbers; a table is the model's own affair.
    is_array = is_array or (hasattr(x, "__array__") and np.ndim(x) == 1)
    if not is_array:
        return x
    refuse_unequal(name, x)
    return numbers(name, x, check_finite)


def refuse_unequal(name: str, x: Any, instead: str = AS_MEANT) -> None:
    """Refuse several arrays of unequal shapes, which are no array, but may be meant as they are."""
    if not isinstance(x, list | tuple):
        return
    shapes = dict.fromkeys(map(np.shape, x))
    if len(shapes) > 1:
        raise ValueError(
            f"{name} is a {type(x).__name__} of the shapes {', '.join(map(str, shapes))}, which "
            f"make no array: {instead}"
        )


def numbers(name: str, values: ArrayLike, check_finite: bool = True) -> Array:
    """Return an argument as an array of floats, or raise a ValueError that names it."""
    array = values if type(values) is np.ndarray else as_array(name, values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")
    if not array.size:
        raise ValueError(f"{name} is empty")
    array = array.astype(float)
    if check_finite and not all_finite(array):
        refuse(name, array, ~np.isfinite(array), "expected finite numbers")
    return array


def as_array(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return an argument as an array, or raise if it is none, or another library's."""
    refuse_lazy(name, values)
    if is_masked(values):
        raise ValueError(f"{name} has masked entries: {INSTEAD}")
    try:
        # What knows NumPy's ufuncs, as a table's column does, is an array of its own choice.
        return np.asarray(values) if hasattr(values, "__array_ufunc__") else to_numpy(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array: {error}") from None
    except TypeError as refusal:
        if not is_on_device(values):
            raise TypeError(f"{name}: {refusal}") from None
        raise TypeError(
            f"{name} is a {type(values).__name__} on a GPU, expected numbers in memory, where fits "
            f"are computed: write autodiff.to_numpy({name})"
        ) from None


def refuse_lazy(name: str, values: Any) -> None:
    """Refuse an array that would come into memory in one piece."""
    if is_lazy(values):
        raise ValueError(
            f"{name} is a lazy {type(values).__name__}, expected numbers in memory: select a part, "
            f"as {name}[::1000].compute()"
        )


def refuse_chunks(by: str, **arguments: Any) -> None:
    """Refuse Dask arrays, also several in a list, where another function takes them."""
    for name, values in arguments.items():
        first = values[:1] if isinstance(values, list | tuple) else [values]
        if any(map(is_lazy, first)):
            raise ValueError(
                f"{name} is in Dask arrays, and {by} takes numbers in memory: write fit.fit, which "
                f"takes one data set in chunks, or compute a part, as {name}[::1000].compute()"
            )


def all_finite(array: Array) -> bool:
    """Whether all entries are finite, in a third of the time of ``all`` where they are few."""
    return bool(np.count_nonzero(np.isfinite(array)) == array.size)


def is_masked(values: Any) -> bool:
    """Whether entries are masked of an array, or of one in a list, where NumPy forgets them."""
    parts = values if isinstance(values, list | tuple) else [values]
    some = any(issubclass(kind, np.ma.MaskedArray) for kind in {*map(type, parts)})
    return some and any(map(np.ma.is_masked, parts))


def nan_for_masked(values: Any) -> Any:
    """Return an argument with NaN for what is masked."""
    if not is_masked(values):
        return values
    if isinstance(values, list | tuple):
        return [nan_for_masked(part) for part in values]
    return np.ma.filled(values.astype(float), np.nan)


def number(name: str, value: Any, check_finite: bool = True) -> float:
    """Return an argument as a number, or raise a ValueError that names it."""
    array = numbers(name, value, check_finite)
    if array.size != 1:
        raise ValueError(f"{name} has shape {array.shape}, expected a number")
    return float(array.item())


def check_count(name: str, count: Any, least: int) -> None:
    """Refuse what is no whole number of that many or more."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
        raise ValueError(f"expected {name} as a whole number, {least} or more, got {count!r:.60}")


def check_level(level: Any) -> None:
    """Refuse what is no probability of a region or an interval."""
    if not 0 < number("level", level, check_finite=False) < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")


def seeds_of(seed: Any, n: int) -> list[np.random.SeedSequence]:
    """Return seeds for n draws that are independent of one another."""
    sequence: Any = random_generator(seed).bit_generator.seed_seq
    return list(sequence.spawn(n))


def check_callback(callback: Any) -> None:
    """Refuse as a callback what is no function, before it is called."""
    if callback is not None and not callable(callback):
        raise TypeError(f"expected callback to be a function, got {callback!r:.60}")


def refuse(name: str, array: Array, bad: NDArray[np.bool_], expected: str) -> NoReturn:
    """Raise a ValueError that names the first bad entry of an argument."""
    first = tuple(map(int, np.argwhere(bad)[0]))
    entry = f"{name}[{', '.join(map(str, first))}]" if first else name
    count = f" ({bad.sum()} of {array.size} are not)" if array.size > 1 else ""
    raise ValueError(f"{entry} is {array[first]}, {expected}{count}")
