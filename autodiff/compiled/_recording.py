"""Recording a call: what it computes, what it does to its surroundings, and whether both repeat."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from sys import getrefcount
from types import FrameType
from typing import Any

import numpy as np

from autodiff._core.hook import recording
from autodiff._core.tensor import Tensor
from autodiff.compiled._key import arrangement, is_leaf, objects_among, with_stand_ins
from autodiff.compiled._origins import Argument
from autodiff.compiled._program import FINITE, Guard, Node, Program
from autodiff.compiled._random import TracedGenerator
from autodiff.compiled._recorder import Recorder, carry_out, recorded_by
from autodiff.compiled._results import own, results_of, with_values
from autodiff.compiled._tape import NotPlannableError, Tape
from autodiff.compiled._traced import Traced
from autodiff.compiled._watch import Watch


@dataclass(eq=False)
class Recording:
    """A call as it was recorded. What it does to its surroundings waits to be carried out."""

    program: Program
    watch: Watch
    lines: list[tuple[str, int]]
    result: Any
    effects: list[tuple[Any, Any]]  # with the values
    finite: bool
    drawn: bool  # whether from a random generator that the recording does not follow
    lasting: str  # what else the call did that outlives it, in words
    hidden: str  # what it uses of which nobody sees whether it has changed, in words
    recorder: Recorder

    def carry_out(self) -> None:
        """Let what the call does to its surroundings come true."""
        carry_out(self.effects)

    def undo(self) -> None:
        """Leave everything as it was before the call."""
        self.recorder.undo()

    def let_go(self) -> None:
        """Forget what was computed, which takes memory, but not how."""
        self.result, self.effects = None, []
        for node in (*self.program.sources, *self.program.nodes):
            node.value = None


def record(
    f: Callable[..., Any],
    args: Any,
    kwargs: Any,
    leaves: Sequence[Any],
    donated: Sequence[int],
    lines: bool,
    watched: Any = None,
    most_bytes: float = inf,
) -> Recording | str:
    """Return the recording of a call, or why there is none; then nothing has changed.

    What is looked at beside the arguments is what ``f`` uses, or ``watched`` in its place. What it
    computes takes no more than ``most_bytes``.
    """
    tape = Tape(lines, most_bytes)
    recorder = Recorder(tape)
    roots = [watched or f, *objects_among((args, kwargs))]
    failure = ""
    try:
        before = Watch(roots)
        structure, results, effects = _call_with_stand_ins(
            recorder, f, args, kwargs, leaves, donated
        )
        tape.program.conclude(structure, results, effects)
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
    except BaseException:  # an interrupt
        recorder.undo()
        _let_go_of_stand_ins(recorder)
        raise
    owners = [owner for owner, *_ in recorder.states.values()]
    holders = _let_go_of_stand_ins(recorder)
    if not (failure or tape.refusal):
        try:
            return _recording_of(recorder, before, _watch_of(tape, roots, owners), holders)
        except Exception as error:  # of what the watch looks at
            failure = f"{type(error).__name__}: {error}"
    recorder.undo()
    return failure or tape.refusal


def _recording_of(recorder: Recorder, before: Watch, watch: Watch, holders: list[str]) -> Recording:
    """Return a call as it was recorded, with the values that it gives."""
    program = recorder.tape.program
    values = [own(_value(x)) for x in program.results]
    return Recording(
        program,
        watch,
        recorder.tape.lines,
        with_values(program.structure, values),
        [(effect, _value(effect.node)) for effect in program.effects],
        recorder.finite and all(map(_finite, values)),
        not {id(x) for x in before.used_generators()}
        <= {id(g.generator) for g in recorder.generators},
        _lasting(before, holders),
        _what_is_hidden(before),
        recorder,
    )


def _lasting(before: Watch, holders: list[str]) -> str:
    """Return what a call did that outlives it, in words."""
    if holders:
        return f"the call keeps what it computes in a {holders[0]}"
    change = before.change()
    return f"{change} in the call" if change else ""


def _what_is_hidden(before: Watch) -> str:
    """Return what a call uses of which nobody sees whether it has changed, in words."""
    if before.iterators:
        return f"it goes on a {type(before.iterators[0]).__name__}"
    if before.unseen:
        return f"nobody sees what its {type(before.unseen[0]).__name__} holds"
    return ""


def _watch_of(tape: Tape, roots: Any, owners: Any) -> Watch:
    """Return what looks at all that a call used, without what it carries from call to call."""
    watch = Watch(roots, owners)
    for array, copy in tape.constants.values():
        # Nobody but the tape, the variable here and the call that counts holds what the call made.
        if array.base is not None or getrefcount(array) > 3:
            watch.watch_array(array, copy)
    return watch


def _call_with_stand_ins(
    recorder: Recorder, f: Any, args: Any, kwargs: Any, leaves: Sequence[Any], donated: Any
) -> tuple[Any, list[Any], list[Any]]:
    """Call a function with stand-ins; return its results' structure, these, and its effects."""
    stand_ins: list[Any] = []
    for i, x in enumerate(leaves):  # one array has one stand-in, wherever it is given
        same = [stand_ins[k] for k in range(i) if leaves[k] is x and type(x) is np.ndarray]
        stand_ins += same[:1] or [_stand_in(recorder, x, i, i in donated)]
    following = iter(stand_ins)
    given, named = with_stand_ins(args, following), with_stand_ins(kwargs, following)
    hook = recorder if recording.get().records else recorder.paused
    with recorded_by(recorder, hook):
        out = f(*given, **named)
        if arrangement((given, named), _is_stand_in) != arrangement((args, kwargs), is_leaf):
            raise NotPlannableError("the call changes a list, dict or object that it was given")
        structure, results = results_of(out)
        results = [x.current() if type(x) is Traced else x for x in results]
        effects = recorder.effects()
    for x in results:
        if type(x) is Node and (x.dtype is None or x.dtype.kind in "fc"):
            recorder.tape.program.guards.append(Guard(x, FINITE))
    return structure, results, effects


def _stand_in(recorder: Recorder, x: Any, number: int, donated: bool) -> Any:
    if isinstance(x, np.random.Generator):
        return recorder.stand_in_of_generator(x, Argument(number))
    stand_in = recorder.tape.source(x, Argument(number), writable=donated)
    if donated:
        recorder.tape.program.donated.add(stand_in.node)
    return stand_in


def _is_stand_in(x: Any) -> bool:
    return type(x) in (Traced, TracedGenerator)


def _value(x: Any) -> Any:
    return x.value if type(x) is Node else x


def _finite(x: Any) -> bool:
    kind = getattr(getattr(x, "dtype", None), "kind", "f" if type(x) is float else "")
    return kind not in tuple("fc") or bool(np.all(np.isfinite(x)))


# -- what a call leaves behind ---------------------------------------------------------------------


def _let_go_of_stand_ins(recorder: Recorder) -> list[str]:
    """Put values in the place of stand-ins that outlive the call; return what holds them."""
    tape = recorder.tape
    recorder.forget()
    if not tape.left_behind():
        return []
    gc.collect()
    left = {id(x): x for x in tape.left_behind()}
    if not left:
        return []
    found = [_replace_stand_ins(holder, left) for holder in gc.get_referrers(*left.values())]
    return [name for name in found if name]


def _replace_stand_ins(holder: Any, left: dict[int, Traced]) -> str:
    """Put values in the place of the stand-ins that something holds; return what it is."""
    if holder is left:
        return ""
    if type(holder) is Tensor:
        holder._value, holder._grad = _plain(holder._value), _plain(holder._grad)
        holder._values = tuple(map(_plain, holder._values))
    elif type(holder) is list:
        holder[:] = map(_plain, holder)
    elif type(holder) is dict:
        holder.update({key: _plain(x) for key, x in holder.items() if type(x) is Traced})
    elif type(holder) is not Traced and hasattr(holder, "__dict__"):
        attributes = vars(holder)
        attributes.update({key: _plain(x) for key, x in attributes.items() if type(x) is Traced})
    elif isinstance(holder, tuple | Traced | FrameType):  # those of the search itself
        return ""
    return type(holder).__name__


def _plain(x: Any) -> Any:
    """Return the value of a stand-in."""
    if type(x) is not Traced:
        return x
    function, options = x.view
    if x.base is None:
        return x.node.value
    return function(_plain(x.base), *map(_plain, x.parts), **options)
