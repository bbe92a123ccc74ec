"""Arguments in chunks: a function of each chunk, and what its values make together, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, TypeAlias
from uuid import uuid4

import numpy as np

from autodiff import is_lazy
from optim.chunks._kept import Kept

Combine: TypeAlias = Callable[[list[Any]], Any]

ENTRIES = "entries"  # the name of the axis along which the chunks lie
PARTS = 16  # that a task combines: a power of two, so that pairs of pairs stay what they are


def is_in_chunks(args: Any) -> bool:
    """Whether an argument is a lazy array with an axis, along which it has chunks."""
    args = args if isinstance(args, tuple) else (args,)
    return any(is_lazy(x) and getattr(x, "shape", None) != () for x in args)


class Chunks:
    """Arguments, some of them Dask arrays, whose chunks along their last axes belong together.

    Parameters
    ----------
    args : tuple
    names : sequence of str, optional
        What the arguments are called in messages.

    Raises
    ------
    ValueError
        When chunks do not match, or their sizes are unknown.
    TypeError
        When an argument is lazy, but no Dask array.

    Attributes
    ----------
    sizes : tuple of int
        How many entries each chunk has along the last axis.
    starts : tuple of int
        The number of the first entry of each.
    length : int
        Of the last axis in all.
    lazy : list of int
        The places of the arguments that are in chunks.

    Examples
    --------
    >>> import dask.array as da
    >>> x, y = da.arange(6.0, chunks=2), da.ones(6, chunks=2)
    >>> Chunks((x, y)).reduce(lambda x, y: x @ y, sum)
    np.float64(15.0)
    """

    def __init__(self, args: tuple[Any, ...], names: Sequence[str] | None = None) -> None:
        self.args = args
        self.lazy = [i for i, x in enumerate(args) if is_lazy(x)]
        names = names or [f"args[{i}]" for i in range(len(args))]
        for i in self.lazy:
            _refuse_unknown(names[i], args[i])
        self.sizes = _sizes_of_all({names[i]: args[i] for i in self.lazy if args[i].ndim})
        *starts, self.length = accumulate(self.sizes, initial=0)
        self.starts = tuple(starts)
        whole = tuple([None if i in self.lazy else x for i, x in enumerate(args)])
        self._template = Kept((whole, tuple(self.lazy)))

    def reduce(self, f: Callable[..., Any], combine: Combine, numbered: bool = False) -> Any:
        """Return ``f(*args)`` of all chunks, combined in a fixed tree, from one pass.

        A chunk without entries is left out. Numbered, ``f`` takes first where its chunk starts.
        """
        return self.reduction(f, combine, numbered).to_delayed().item().compute()

    def reduction(self, f: Callable[..., Any], combine: Combine, numbered: bool = False) -> Any:
        """Return the same as a lazy array without axes, which has to be of an array to compute."""
        combine_known = partial(_combine_known, combine)
        return dask_array().reduction(
            self._parts(f, numbered),
            chunk=_itself,
            combine=combine_known,
            aggregate=combine_known,
            axis=0,
            concatenate=False,
            split_every=PARTS,
            dtype=object,
            meta=np.empty((), object),
        )

    def _parts(self, f: Callable[..., Any], numbered: bool) -> Any:
        """Return the values of each chunk, as a lazy array that has one for an entry."""
        starts: list[Any] = []
        if numbered:
            starts = [dask_array().from_array(np.array(self.starts), chunks=1), (ENTRIES,)]
        return dask_array().blockwise(
            partial(_on_chunk, f, self._template, numbered),
            (ENTRIES,),
            *starts,
            *self._operands(),
            name=f"chunk-{uuid4().hex}",  # for what f returns depends on more than its arguments
            adjust_chunks={ENTRIES: 1},
            align_arrays=False,
            concatenate=True,
            dtype=object,
            meta=np.empty(0, object),
        )

    def map(self, f: Callable[..., Any], before: tuple[int, ...], after: tuple[int, ...]) -> Any:
        """Return ``f(*args)`` of all chunks as a lazy array of floats.

        Each has the entries of its chunk along one axis, between those ``before`` and ``after``.
        """
        first = [f"before {i}" for i in range(len(before))]
        last = [f"after {i}" for i in range(len(after))]
        out = (*first, ENTRIES, *last)
        return dask_array().blockwise(
            partial(_on_chunk, f, self._template, False),
            out,
            *self._operands(),
            name=f"values-{uuid4().hex}",
            new_axes=dict(zip(first + last, before + after, strict=True)),
            align_arrays=False,
            concatenate=True,
            dtype=float,
            meta=np.empty((0,) * len(out)),
        )

    def _operands(self) -> list[Any]:
        """Return the lazy arguments, each with names for its axes, of which all share the last."""
        operands: list[Any] = []
        for i in self.lazy:
            x = self.args[i]
            axes = (*[f"axis {j} of {i}" for j in range(x.ndim - 1)], ENTRIES)
            operands += (x, axes[-x.ndim :] if x.ndim else ())
        return operands

    def chunk_of(self, entry: int) -> tuple[int, int]:
        """Return in which chunk an entry stands, and at which place there."""
        chunk = int(np.searchsorted(self.starts, entry, side="right")) - 1
        return chunk, entry - self.starts[chunk]


def dask_array() -> Any:
    """Return Dask's arrays, whose functions have no types."""
    import dask.array

    return dask.array


def _on_chunk(f: Callable[..., Any], template: Kept, numbered: bool, *blocks: Any) -> Any:
    """Return what f makes of the blocks of one chunk, put among the other arguments."""
    args, lazy = template.value
    given = list(args)
    for i, block in zip(lazy, blocks[numbered:], strict=True):
        given[i] = block
    return f(int(blocks[0].item()), *given) if numbered else f(*given)


def _itself(part: Any, axis: Any, keepdims: bool) -> Any:
    return part


def _combine_known(combine: Combine, parts: Any, axis: Any, keepdims: bool) -> Any:
    parts = parts if isinstance(parts, list) else [parts]
    known = [part for part in parts if part is not None]
    return combine(known) if known else None


# -- what is refused -------------------------------------------------------------------------


def _refuse_unknown(name: str, x: Any) -> None:
    if not isinstance(getattr(x, "chunks", None), tuple):
        kind = f"{type(x).__module__.partition('.')[0]} {type(x).__name__}"
        raise TypeError(
            f"{name} is a lazy {kind}, expected a Dask array: write "
            "x.to_dask_array(lengths=True) of a Series or a DataFrame's column"
        )
    if np.isnan(sum(map(sum, x.chunks))):
        raise ValueError(
            f"{name} has chunks of unknown sizes: write x = x.compute_chunk_sizes() before, or "
            "to_dask_array(lengths=True) of a column"
        )


def _sizes_of_all(arrays: dict[str, Any]) -> tuple[int, ...]:
    """Return the sizes of the chunks along the last axis, which all lazy arguments share."""
    (first, x), *others = arrays.items()
    sizes = tuple(x.chunks[-1])
    for name, other in others:
        found = tuple(other.chunks[-1])
        if sum(found) != sum(sizes):
            raise ValueError(
                f"{first} has {sum(sizes)} entries along its last axis, {name} has "
                f"{sum(found)}: expected as many, for a chunk takes the matching ones of all"
            )
        if found != sizes:
            raise ValueError(
                f"the chunks do not match: {first} has {_in_words(sizes)} entries along its "
                f"last axis, {name} has {_in_words(found)}: write "
                f"{name}.rechunk({{-1: {first}.chunks[-1]}})"
            )
    return sizes


def _in_words(sizes: Sequence[int]) -> str:
    shown = ", ".join(map(str, sizes[:4]))
    return f"({shown}, ... {len(sizes)} in all)" if len(sizes) > 4 else f"({shown})"
