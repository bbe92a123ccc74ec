"""replaying: what a solver calls again and again, planned once that pays, without a word."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from autodiff._core.checks import require_function
from autodiff._core.hook import PLAIN, Hook, recording
from autodiff._core.types import Function, Structure
from autodiff.compiled._captured import Captured, captured_by, with_captured, without_arrays
from autodiff.compiled._compile import Compiled, Entry, Known, within_eager
from autodiff.compiled._key import fitting, leaves_and_key
from autodiff.compiled._program import Guard
from autodiff.compiled._recording import Recording, record
from autodiff.compiled._watch import Watch

# When planning starts: after as many calls as it costs. For small arrays that is 45 to 50 of them,
# of a model of 3 and of one of 11 parameters; with its Jacobian an eager call takes 65 µs on 50
# points, 175 on 1000 and 5000 on 100 000, and planning 3 ms, 7 and 14.
PLANNING = 50
SMALL = 2500  # entries that take as long as the calls beside them
FEW = 2  # calls that are never planned for: what is called three times has no plan

MOST_FAMILIES = 128  # functions of different code whose plans are kept
MOST_BYTES = 1 << 29  # of the buffers of all plans that are kept

# What a replay would not do: code that mentions these is called as it is written.
OUTSIDE = frozenset({"print", "input", "open", "breakpoint", "sleep"})


class Family(Known):
    """What is known of functions that differ in nothing but the arrays that they capture.

    Attributes
    ----------
    template : callable or None
        One of the functions, without its arrays.
    """

    def __init__(self, template: Function | None) -> None:
        super().__init__()
        self.template: Any = template

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
    have the same shapes and types, and all else in it is the same.

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
    What changes from call to call has to be an argument; what a replay leaves unseen is told of in
    `compile`. A function whose code mentions ``print`` or ``open`` is never planned.

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
    """Forget all plans of `replaying`, so that what comes next starts cold."""
    with _lock:
        _families.clear()


class Replaying(Compiled):
    """A function with the plans of its family; what `replaying` returns."""

    most_recordings = 6  # for what Python reads at each call, such as a search, may take long
    _known: Family

    def __init__(self, f: Function) -> None:
        self.f = f
        self.eager_calls, self.donate, self.threads = 1, (), None
        self._take_apart()

    def _take_apart(self) -> None:
        """Look at what the function captures, and find its family."""
        captured = captured_by(self.f)
        if captured is None:
            captured, self._known = Captured((), (), []), UNPLANNED
        else:
            self._known = _family_of(self.f, captured)
        _, self._arrays, self._variables = captured

    def __call__(self, *args: Structure) -> Any:
        hook = recording.get()
        for cell, contents in self._variables:
            if cell.cell_contents is not contents:
                self._take_apart()
                break
        leaves = (*self._arrays, *args)
        plan, fits = self._known.latest
        alike = fits is not None and hook is PLAIN and fits(leaves)
        if alike and not within_eager.get() and not plan.is_stale():
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
        outside = OUTSIDE & Watch([known.template]).names
        if outside:
            return f"it mentions {min(outside)}"
        return record(known.call, given, {}, leaves, (), lines, watched=known.template)

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
    family = Family(without_arrays(f))
    with _lock:
        while len(_families) >= MOST_FAMILIES:
            _families.popitem(last=False)
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
