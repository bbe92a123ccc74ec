"""replaying: what a solver calls again and again, planned once that pays, without a word."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from autodiff._core.checks import require_function
from autodiff._core.hook import PLAIN, Hook, recording
from autodiff._core.types import Function, Structure
from autodiff.compiled._captured import (
    Captured,
    captured_by,
    contents_of,
    with_captured,
    without_arrays,
)
from autodiff.compiled._compile import Compiled, Entry, Known
from autodiff.compiled._key import fitting, leaves_and_key
from autodiff.compiled._program import Guard
from autodiff.compiled._recording import Recording, record
from autodiff.compiled._watch import Watch
from autodiff.compiled._ways import way_of_calls

# When planning starts: after as many calls as it costs. For small arrays that is 45 to 50 of them,
# of a model of 3 and of one of 11 parameters; with its Jacobian an eager call takes 65 µs on 50
# points, 175 on 1000 and 5000 on 100 000, and planning 3 ms, 7 and 14.
PLANNING = 50
SMALL = 2500  # entries that take as long as the calls beside them
FEW = 2  # calls that are never planned for: what is called three times has no plan

MOST_RECORDED = 1 << 30  # bytes that a recording may take, unasked

MOST_FAMILIES = 128  # functions of different code whose plans are kept
MOST_OF_OBJECTS = 16  # of those that keep objects alive, which may be large
MOST_BYTES = 1 << 27  # of the buffers of all plans that are kept

# What a replay would not do, or not see: code that mentions one of these is called as it stands.
OUTSIDE = frozenset(
    {
        *("print", "input", "breakpoint", "sleep", "stdout", "stderr", "flush", "send", "emit"),
        *("logging", "logger", "getLogger", "debug", "warning", "warn", "exception", "critical"),
        *("open", "write", "writelines", "read", "readline", "readlines", "read_text"),
        *("read_bytes", "write_text", "write_bytes", "load", "loadtxt", "genfromtxt", "fromfile"),
        *("fromregex", "memmap", "save", "savez", "savetxt", "tofile", "execute"),
        *("environ", "getenv", "system", "popen", "check_output"),
        *("globals", "locals", "eval", "exec", "attrgetter"),
        *("time", "perf_counter", "monotonic", "now", "today", "is_set", "secrets", "urandom"),
        *("random", "default_rng", "RandomState"),
    }
)


class Family(Known):
    """What is known of functions that differ in nothing but the arrays that they capture.

    Attributes
    ----------
    template : callable or None
        One of the functions, without its arrays.
    """

    def __init__(self, template: Function | None, holds_objects: bool = False) -> None:
        super().__init__()
        self.template: Any = template
        self.holds_objects = holds_objects

    def call(self, arrays: Sequence[Any], *args: Any) -> Any:
        """Call the function that captures these arrays."""
        f: Any = with_captured(self.template, arrays)
        return f(*args)


UNPLANNED = Family(None)  # of functions that cannot be taken apart

_families: OrderedDict[Any, Family] = OrderedDict()
_lock = Lock()


def replaying(f: Function) -> Function:
    """Return a function that computes what ``f`` does, for a solver that calls it very often.

    It is for functions that somebody else has written, where `compile` is for one's own: they are
    planned once as many calls were made as planning costs, plans are found again, and nothing is
    said about functions that cannot be planned. These are called as they are written.

    Plans are kept by the code of ``f`` and what it captures: a function that is made anew, as a
    lambda in a loop over data sets, finds the plan of the one before, if the arrays in its closure
    have the same shapes and types, and all else in it is the same, but for floats.

    Parameters
    ----------
    f : callable
        Takes and returns arrays, numbers, and structures of them, by position.

    Returns
    -------
    callable
        It returns plain arrays that belong to the caller; given Tensors, and within `eager`, what
        ``f`` returns.

    Notes
    -----
    What a replay leaves unseen is told of in `compile`. Functions that change other objects, that
    write to variables of enclosing functions, or whose code mentions printing, logging, files,
    the environment or ``eval``, are never planned, nor is what computes arrays of more than 1 GB in
    all. ``.plans`` of what is returned says what is planned, and why something is not.

    Planning starts after 50 calls of small arrays, and after 2 of 100 000 entries. It takes some
    milliseconds. Captured whole numbers belong to a plan, and globals are looked at in each call:
    what changes from one function to the next is better captured, or an argument.

    A replay agrees with a call to rounding, and all replays of a plan to the last bit. The plans
    take up to 128 MB between calls; see `forget_plans`.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import grad
    >>> def gradient_of(data):
    ...     return replaying(grad(lambda x: np.sum((x - data) ** 2)))
    >>> for n in range(100):
    ...     gradient = gradient_of(np.full(2, float(n)))(np.zeros(2))
    >>> gradient
    array([-198., -198.])
    """
    require_function(f, "replaying")
    return Replaying(f)


def forget_plans() -> None:
    """Forget all plans of `replaying`, and let go of their memory, so that what comes starts cold.

    Examples
    --------
    >>> forget_plans()
    """
    with _lock:
        _families.clear()


class Replaying(Compiled):
    """A function with the plans of its family; what `replaying` returns."""

    most_changes = 1
    most_recordings = 6  # for what Python reads at each call, such as a search, may take long
    _known: Family

    def __init__(self, f: Function) -> None:
        self.f = f
        self.eager_calls, self.donate, self.threads = 1, (), None
        self._take_apart()

    def __repr__(self) -> str:
        return f"<replaying {getattr(self.f, '__qualname__', self.f)}, {len(self.plans)} plans>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Replaying, (self.f,)

    def _take_apart(self) -> None:
        """Look at what the function captures, and find its family."""
        captured = captured_by(self.f)
        if captured is None:
            captured, self._known = Captured((), (), []), UNPLANNED
        else:
            self._known = _family_of(self.f, captured)
        _, self._arrays, self._variables, _ = captured

    def __call__(self, *args: Structure) -> Any:
        hook = recording.get()
        try:
            for cell, contents in self._variables:
                if cell.cell_contents is not contents:
                    self._take_apart()
                    break
        except ValueError:  # of a variable without a value
            if any(contents_of(cell) is not contents for cell, contents in self._variables):
                self._take_apart()
        leaves = (*self._arrays, *args)
        plan, fits, way = self._known.latest
        alike = fits is not None and hook is PLAIN and fits(leaves)
        if alike and way_of_calls.get() is way and not plan.is_stale():
            result = plan.replay(leaves)
            if type(result) is not Guard:
                return result
        return self._call_by_key(hook, args, {})

    def _call_by_key(self, hook: Hook, args: Any, kwargs: Any) -> Any:
        if self._known is UNPLANNED:
            return self.f(*args)
        return super()._call_by_key(hook, args, kwargs)

    def _leaves_and_key(self, args: Any, kwargs: Any) -> tuple[list[Any], Any]:
        return leaves_and_key((self._arrays, *args), kwargs)

    def _fitting(self, args: Any) -> Callable[[Any], bool] | None:
        return fitting((*self._arrays, *args))

    def _eager_calls(self, leaves: list[Any]) -> int:
        largest = max((getattr(x, "size", 1) for x in leaves), default=1)
        return max(FEW, int(PLANNING / (1 + largest / SMALL)))

    def _record(
        self, args: Any, kwargs: Any, leaves: list[Any], donated: tuple[int, ...], lines: bool
    ) -> Recording | str:
        given = (self._arrays, *args)
        known = self._known
        try:
            watch = Watch([known.template])
        except Exception as error:
            return f"what it uses cannot be looked at ({type(error).__name__}: {error})"
        outside = OUTSIDE & watch.names
        if outside:
            return f"its code mentions {min(outside)}"
        if watch.unseen or not watch.is_whole:
            return "it uses too much, or what nobody can look at"
        return record(known.call, given, {}, leaves, (), lines, known.template, MOST_RECORDED)

    def _plan_if_confirmed(self, entry: Entry, recording: Recording) -> str:
        problem = super()._plan_if_confirmed(entry, recording)
        _forget_beyond(MOST_BYTES)
        return problem

    def _refuse(self, entry: Entry, problem: str, args: Any, kwargs: Any) -> Any:
        self._stay_eager(entry, problem)
        return self._call(args, kwargs)

    def _tell(self, message: str) -> None:
        pass


def _family_of(f: Function, captured: Captured) -> Family:
    """Return where the plans of functions like this one are kept."""
    with _lock:
        if captured.key in _families:
            _families.move_to_end(captured.key)
            return _families[captured.key]
    family = Family(without_arrays(f), captured.holds_objects)
    with _lock:
        while len(_families) >= MOST_FAMILIES:
            _families.popitem(last=False)
        of_objects = [key for key, x in _families.items() if x.holds_objects]
        for key in of_objects[: max(0, len(of_objects) + family.holds_objects - MOST_OF_OBJECTS)]:
            del _families[key]
        return _families.setdefault(captured.key, family)


def _forget_beyond(most: int) -> None:
    """Forget the families that were not asked for longest while the plans of all take too much."""
    with _lock:
        sizes = {key: _bytes_of(family) for key, family in _families.items()}
        excess = sum(sizes.values()) - most
        for key, size in list(sizes.items())[:-1]:
            if excess <= 0:
                break
            del _families[key]
            excess -= size


def _bytes_of(family: Family) -> int:
    """Return the size of the buffers of a family's plans."""
    return sum(plan.cost.peak for x in list(family.entries.values()) for plan in x.plans)
