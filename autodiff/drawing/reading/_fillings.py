"""Fillings: what the program wrote into arrays that can be filled, since each was made or read."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from autodiff._core.fillable import Fillable
from autodiff._core.tensor import Tensor
from autodiff.drawing.reading._words import Words, brackets_around, call_of

READ: CodeType = Fillable.at_present.__code__
_UFUNC: CodeType = Fillable.__array_ufunc__.__code__
WRITE: CodeType = Fillable.__setitem__.__code__


@dataclass
class Filling:
    """What was written into an array, by statements of the program.

    Attributes
    ----------
    base : list
        The words for what it was before.
    writes : dict
        The words for each write: of one entry by its key, of more by a number.
    count : int
        How many writes are known of, of all that there were.
    is_known : bool
        Whether each of them is a statement of the program.
    note : CallNote, optional
        Of the ops that were recorded meanwhile.
    """

    base: Words
    count: int = 0
    writes: dict[Any, Words] = field(default_factory=dict)
    is_known: bool = True
    note: Any = None

    @property
    def words(self) -> Words:
        """The statements, one behind the other."""
        parts = [part for part in (self.base, *self.writes.values()) if part]
        return [piece for i, part in enumerate(parts) for piece in ["; "] * (i > 0) + part]


class Fillings:
    """The fillings of a function that is recorded, by the arrays' indices."""

    def __init__(self) -> None:
        self._by_index: dict[int, Filling] = {}

    def note_base(self, array: Fillable, base: Words) -> None:
        """Note what an array is at present."""
        self._by_index[array._pieces.made] = Filling(base, array._pieces.writes)

    def note_write(self, frames: list[FrameType], entry: FrameType | None) -> None:
        """Note a write by the frames from where it is done outwards, up to the program's."""
        array, key, given = map(frames[0].f_locals.get, ("self", "key", "value"))
        assert isinstance(array, Fillable)
        filling = self._by_index.setdefault(array._pieces.made, Filling([]))
        filling.count += 1
        number: Any = len(filling.writes)
        if len(frames) == 2 and array._source is None:
            value = call_of("", [given])[1:-1]
            name = _name_in(frames[-1], array)
            is_entry = {int}.issuperset(map(type, key if type(key) is tuple else (key,)))
            mark = key if is_entry else ("", number)
            filling.writes.pop(mark, None)
            filling.writes[mark] = [name, brackets_around(key), " = ", *value]
        elif entry is not None and entry.f_code is _UFUNC:
            filling.writes[entry] = _words_of_at(entry, frames[-1])
        else:
            filling.is_known = False

    def filling_at(self, frame: FrameType | None) -> Filling | None:
        """Return the filling of the array that a frame reads or writes, if all is known of it."""
        if frame is None or not is_filling(frame):
            return None
        found = frame.f_locals
        array = found["args"][0] if frame.f_code is _UFUNC else found["self"]
        filling = self._by_index.get(array._pieces.made) if isinstance(array, Fillable) else None
        if filling is None or array._source is not None or not filling.is_known:
            return None
        return filling if filling.words and filling.count == array._pieces.writes else None

    def note_read(self, frame: FrameType, result: Tensor, calls: dict[Tensor, Any]) -> None:
        """Note what an array was when it was read."""
        filling = self.filling_at(frame)
        if filling is not None:
            note = calls.get(result)
            if note is not None and note is filling.note:
                note.words, note.results = filling.words, [(result, "")]
            self.note_base(frame.f_locals["self"], [result])


def _words_of_at(frame: FrameType, program: FrameType) -> Words:
    """Return the words for a ufunc's method at."""
    found = frame.f_locals
    array, *args = found["args"]
    _, *rest = call_of("", args)
    return [f"{found['ufunc'].__name__}.at({_name_in(program, array)}, ", *rest]


def _name_in(program: FrameType, array: Fillable) -> str:
    """Return what a function of the program calls an array."""
    names = (name for name, x in program.f_locals.items() if x is array)
    return next(names, "")


def is_filling(frame: FrameType) -> bool:
    """Whether a frame reads an array that was filled, or writes into it by a ufunc's method at."""
    found = frame.f_locals
    if frame.f_code is _UFUNC:
        return bool(found["method"] == "at")
    return frame.f_code is READ and found["self"]._source is None
