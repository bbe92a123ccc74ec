"""Arguments in chunks: a function of each chunk, and what its values make together, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import numpy as np

from autodiff import is_lazy, reproducible
from optim.chunks._in_memory import in_memory
from optim.chunks._kept import Kept, check_that_they_travel

Combine: TypeAlias = Callable[[list[Any]], Any]

ENTRIES = "entries"  # the name of the axis along which the chunks lie
RULE = (
    "each value may depend on its own entries of the Dask arrays only, for it is computed of a few "
    "entries at a time: whatever has a value for each entry has to be given as a Dask array too"
)
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
        When chunks do not match, their sizes are unknown, or an array is masked, or there are not
        as many names as arguments; in a pass, when a chunk is not what its array says.
    TypeError
        When an argument is lazy, but no Dask array, or no tuple of arguments is given; in a pass,
        when what is to be called is no function.

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
        if not isinstance(args, tuple):
            kind = type(args).__name__
            raise TypeError(f"args is a {kind}, expected a tuple: write Chunks((x, y))")
        if names is not None and len(names) != len(args):
            raise ValueError(f"expected as many names as arguments, {len(args)}, got {names!r:.60}")
        self.args = args
        self.lazy = [i for i, x in enumerate(args) if is_lazy(x)]
        names = names or [f"args[{i}]" for i in range(len(args))]
        for i in self.lazy:
            _refuse_what_has_no_chunks(names[i], args[i])
            refuse_masked(names[i], args[i]._meta)
        self.sizes = _sizes_of_all({names[i]: args[i] for i in self.lazy if args[i].ndim})
        *starts, self.length = accumulate(self.sizes, initial=0)
        self.starts = tuple(starts)
        whole = tuple([None if i in self.lazy else x for i, x in enumerate(args)])
        expected = {
            i: (names[i], args[i].shape[:-1] if args[i].ndim else None, args[i].dtype)
            for i in self.lazy
        }
        self._template = Kept(Template(whole, expected, self.length))
        numbers = range(len(self.sizes))
        self._places = np.array([*zip(numbers, self.starts, self.sizes, strict=True)])

    def reduce(self, f: Callable[..., Any], combine: Combine, numbered: bool = False) -> Any:
        """Return ``f(*args)`` of all chunks, combined in a fixed tree, from one pass.

        A chunk without entries is left out, as one where ``f`` returns None; if all are, the result
        is None. Numbered, ``f`` takes first where its chunk starts.
        What ``f`` raises is passed on, with the chunk in a note. Chunks are alive while ``f`` runs;
        what it returns lives on until some are combined, and must be no view of a chunk.
        """
        _require_functions(f=f, combine=combine)
        check_that_they_travel(f, combine, self._template)
        return self.in_memory(self.reduction(f, combine, numbered).to_delayed().item())[0]

    def in_memory(self, *values: Any) -> tuple[Any, ...]:
        """Return values that are made of these arguments, the lazy ones computed in one pass.

        What reading the data raises is passed on, with the chunk in a note.
        """
        try:
            return in_memory(*values)
        except Exception as error:
            if not hasattr(error, "__notes__"):  # of the data, before a function was called
                self._name_chunk(error)
            raise

    def reduction(self, f: Callable[..., Any], combine: Combine, numbered: bool = False) -> Any:
        """Return the same as a lazy array without axes, which has to be of an array to compute."""
        _require_functions(f=f, combine=combine)
        combine_known = partial(_combine_known, Kept(combine))
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

    def _name_chunk(self, error: Exception) -> None:
        """Add a note of the first chunk whose data raise such an error, reading one at a time."""
        if type(error).__module__.startswith("distributed"):  # which has lost a worker
            return
        arrays = [self.args[i] for i in self.lazy if self.args[i].ndim]
        for number, (start, size) in enumerate(zip(self.starts, self.sizes, strict=True)):
            try:
                in_memory(*[x.blocks[..., number].any() for x in arrays])
            except type(error):
                error.add_note(_place(number, start, size, self.length))
                return

    def _parts(self, f: Callable[..., Any], numbered: bool) -> Any:
        """Return the values of each chunk, as a lazy array that has one for an entry."""
        return dask_array().blockwise(
            partial(_on_entries, Kept(f), self._template, numbered),
            (ENTRIES,),
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
        _require_functions(f=f)
        first = [f"before {i}" for i in range(len(before))]
        last = [f"after {i}" for i in range(len(after))]
        out = (*first, ENTRIES, *last)
        return dask_array().blockwise(
            partial(_on_chunk, Kept(f), self._template, False),
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
        """Return the lazy arguments, and where each chunk stands, with names for their axes.

        All share the last.
        """
        from dask.layers import ArrayValuesDep

        operands: list[Any] = []
        for i in self.lazy:
            x = self.args[i]
            axes = (*[f"axis {j} of {i}" for j in range(x.ndim - 1)], ENTRIES)
            operands += (x, axes[-x.ndim :] if x.ndim else ())
        places = ArrayValuesDep((self.sizes,), self._places)  # no task for each, as of an array
        return [*operands, places, (ENTRIES,)]

    def chunk_of(self, entry: int) -> tuple[int, int]:
        """Return in which chunk an entry stands, and at which place there."""
        chunk = int(np.searchsorted(self.starts, entry, side="right")) - 1
        return chunk, entry - self.starts[chunk]

    def place_of(self, entry: int) -> str:
        """Return where in its chunk an entry stands, in words.

        Examples
        --------
        >>> import dask.array as da
        >>> Chunks((da.ones(6, chunks=2),)).place_of(3)
        '1 of chunk 1'
        """
        chunk, place = self.chunk_of(entry)
        return f"{place} of chunk {chunk}"


def dask_array() -> Any:
    """Return Dask's arrays, whose functions have no types."""
    import dask.array

    return dask.array


class Template(NamedTuple):
    """What the tasks know beside their chunks.

    Attributes
    ----------
    args : tuple
        All arguments, None in the place of those that are in chunks.
    expected : dict
        Of each of these its name, the axes before the last, None where it has no axes, and its
        dtype.
    length : int
        How many entries there are in all.
    """

    args: tuple[Any, ...]
    expected: dict[int, tuple[str, tuple[int, ...] | None, np.dtype[Any]]]
    length: int


def _on_chunk(f: Kept, template: Kept, numbered: bool, *operands: Any) -> Any:
    """Return what f makes of the blocks of one chunk, put among the other arguments."""
    call: Callable[..., Any] = f.value
    known: Template = template.value
    *blocks, place = operands
    number, start, size = place.tolist()
    args = list(known.args)
    try:
        for i, block in zip(known.expected, blocks, strict=True):
            _refuse_another(block, number, size, *known.expected[i])
            args[i] = block
        with reproducible():  # for workers of a cluster have one thread of BLAS, a client many
            return call(start, *args) if numbered else call(*args)
    except Exception as error:
        error.add_note(_place(number, start, size, known.length))
        hint_at_rule(error)
        raise


def hint_at_rule(error: Exception) -> None:
    """Add the rule, where shapes or indices do not fit."""
    of_shapes = isinstance(error, ValueError) and "shape" in str(error).lower()
    if of_shapes or isinstance(error, IndexError):
        error.add_note(RULE)


def _on_entries(f: Kept, template: Kept, numbered: bool, *operands: Any) -> Any:
    """Return what f makes of one chunk, None where that has no entries."""
    _, _, size = operands[-1].tolist()
    return _on_chunk(f, template, numbered, *operands) if size else None


def _place(number: int, start: int, size: int, length: int) -> str:
    return f"in chunk {number}, entries {start} to {start + size - 1} of {length}"


def _itself(part: Any, axis: Any, keepdims: bool) -> Any:
    return part


def _combine_known(combine: Kept, parts: Any, axis: Any, keepdims: bool) -> Any:
    parts = parts if isinstance(parts, list) else [parts]
    known = [part for part in parts if part is not None]
    return combine.value(known) if known else None


# -- what is refused -------------------------------------------------------------------------


def _require_functions(**given: Any) -> None:
    """Refuse what is no function, which a task would be the first to tell."""
    for name, f in given.items():
        if not callable(f):
            raise TypeError(f"expected {name} to be a function, got {f!r:.60}")


def refuse_masked(name: str, values: Any) -> None:
    """Refuse an array whose mask would be lost."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is masked, and what its mask hides would count: write good = "
            f"~da.ma.getmaskarray({name}), in its place da.ma.getdata({name})[..., good]"
            ".compute_chunk_sizes(), and in that of each other array x[..., good]"
            ".compute_chunk_sizes()"
        )


def _refuse_another(
    block: Any,
    number: int,
    size: int,
    name: str,
    before: tuple[int, ...] | None,
    dtype: np.dtype[Any],
) -> None:
    """Refuse a block that is not what its array says."""
    refuse_masked(name, block)
    expected = () if before is None else (*before, size)
    if np.shape(block) != expected:
        raise ValueError(f"chunk {number} of {name} has shape {np.shape(block)}, not {expected}")
    found = getattr(block, "dtype", np.dtype(object))
    if found.kind not in {dtype.kind, *"biuf"}:
        raise ValueError(f"chunk {number} of {name} has dtype {found}, not {dtype}")


def _refuse_what_has_no_chunks(name: str, x: Any) -> None:
    if not isinstance(getattr(x, "chunks", None), tuple):
        kind = f"{type(x).__module__.partition('.')[0]} {type(x).__name__}"
        raise TypeError(
            f"{name} is a lazy {kind}, expected a Dask array: write "
            f"{name}.to_dask_array().compute_chunk_sizes() of a Series or a DataFrame's column"
        )
    if np.isnan(sum(map(sum, x.chunks))):
        raise ValueError(
            f"{name} has chunks of unknown sizes: write {name}.compute_chunk_sizes() in its place"
        )


def _sizes_of_all(arrays: dict[str, Any]) -> tuple[int, ...]:
    """Return the sizes of the chunks along the last axis, which all lazy arguments share."""
    if not arrays:
        raise ValueError("expected a Dask array with an axis, along which its chunks lie")
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
