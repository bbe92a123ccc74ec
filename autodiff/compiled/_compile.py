"""compile: a function that is recorded once it is called again and again, and replayed."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import update_wrapper
from itertools import combinations, pairwise
from threading import Lock
from types import MethodType
from typing import Any

import numpy as np

from autodiff._core.checks import require_function
from autodiff._core.hook import NO_GRAD, PLAIN, Hook, recording
from autodiff._core.machine import usable_threads
from autodiff._core.place import line_at
from autodiff._core.types import Function, Structure
from autodiff.compiled._compare import difference, equal, same_path
from autodiff.compiled._key import UnplannedError, fitting, holds_tensor, leaves_and_key
from autodiff.compiled._origins import Argument, Attribute
from autodiff.compiled._plan import Plan, Plans, values_read
from autodiff.compiled._program import FINITE, Guard, Program
from autodiff.compiled._recording import Recording, record
from autodiff.compiled._results import own_values
from autodiff.compiled._source import write
from autodiff.compiled._ways import EAGER, PLANNED, REPRODUCIBLE, way_of_calls
from autodiff.compiled.passes import improve

MOST_KEYS = 64  # sets of shapes and types that a function keeps plans for
MOST_PLANS = 8  # ways through a function for one of them
MOST_CHANGES = 3  # recordings of calls that do what a replay would not
# A function that was recorded so often, and replayed less than this many times as often, stays
# eager: what Python reads in it changes from call to call.
MOST_RECORDINGS = 16
WORTHWHILE = 4
MOST_AT_ONCE = 4  # recordings of a call that is to be planned at once: two of them alike


def compile(
    f: Function,
    *,
    eager_calls: int = 4,
    donate: str | tuple[str, ...] = (),
    threads: int | None = None,
) -> Compiled:
    """Return a function that computes what ``f`` does, and is fast when it is called often.

    What changes from call to call has to be an argument, a Tensor, or the state of an optimiser.
    Of arguments with the same shapes, types and structure a *plan* is made: the NumPy calls of one
    call of ``f``, with all derivatives in it, as straight-line code on memory that is used again.
    Later calls replay it. Everything that ``f`` finds elsewhere, such as global numbers and arrays
    in closures, is a constant of the plan; where it has changed, the call is recorded anew.

    Parameters
    ----------
    f : callable
        Takes and returns arrays, numbers, and structures of them. Strings, booleans, None and
        other objects among its arguments belong to a plan as they are; generators
        (`numpy.random.Generator`) are drawn from anew at each replay, also those that an object
        holds where it draws from ``recorded_state(rng)``. `backward`, ``p.grad``,
        ``p.data = ...``, `zero_grad` and ``step`` inside have their effects in each replay.
    eager_calls : int
        How many calls of one kind are made as ``f`` is written before two are recorded. With 0 the
        first call makes the plan: it then calls ``f`` twice or more often, and undoes what the
        further calls do to Tensors, optimisers and generators.
    donate : str or tuple of str
        Names of arguments that ``f`` may write into. What these arrays hold after a call is not
        defined; others are never changed.
    threads : int, optional
        How many threads may compute a replay's longest arrays: what is computed entry by entry of
        arrays beyond the processor's cache is done block by block, and by several threads where
        there are functions in it that take long, as exponentials do. By default as many as there
        are processors that the process may use, 4 at most, and not more than the environment
        variable OMP_NUM_THREADS says. They start for a call and end before it does; of calls at
        the same time one has more threads than its own. The results do not depend on it.

    Returns
    -------
    callable
        It returns plain arrays, and copies of what ``f`` returns: they belong to the caller.
        Derivatives with respect to Tensors that ``f`` finds outside are taken inside of ``f``.
        Called with Tensors, as inside of `grad`, it is ``f``: write ``compile(grad(f))``, for
        ``grad(compile(f))`` plans nothing. Its ``plans`` say what was planned,
        why, and how often each plan ran; each has its ``source`` and its ``cost``. Copied
        and pickled it is without plans.

    Raises
    ------
    RuntimeError
        By a call that was recorded, when an earlier one differs from it, or draws random numbers,
        in a way that no argument explains. The call then has had no effect on Tensors.
    ValueError
        When a donated argument is read-only, or shares memory with another one.

    Warns
    -----
    UserWarning
        Once, when calls stay as ``f`` is written: because ``f`` writes into its arguments, changes
        other objects, or because what Python reads of values differs too often.

    Notes
    -----
    A recording takes the time of some calls, and holds all values on the way until it ends. A
    function made anew in a loop is compiled anew: `replaying` finds its plan again.

    Where Python reads a value, as in ``if t > 0``, ``int(t)``, ``t.item()``, ``x[x > 0]``, a replay
    reads it again, and where it differs another plan is recorded, for up to 8 ways through ``f``.
    Where an output or a derivative is not finite, the call is made as ``f`` is written. Results
    agree to rounding. There are plans for 64 kinds of arguments at most; a function that is
    recorded 16 times, and hardly replayed, stays as it is written. Arrays that ``f`` finds
    elsewhere are compared at each call: large ones are better read-only
    (``X.flags.writeable = False``), or arguments. Calls that compute with another library's arrays,
    lazy ones as Dask's or such on a GPU as CuPy's, are made as ``f`` is written.

    A call that turns out not to be recordable, or not finite, is made again as ``f`` is written:
    what it did to other objects than Tensors and optimisers, such as a counter, it does twice.

    What remains unseen: whether ``type(x)`` of an argument is that of an array, and which
    attributes it has (``isinstance`` is answered as for arrays); the sign of a zero, and overflow
    on the way, where only they decide; `numpy.errstate` inside; what ``f`` prints or writes to
    files, which only the calls do that are no replays; clocks, files and C extensions that happen
    to give the same twice; what code reaches by computed names, in C, in modules named as Python's
    own, or beyond the first 400 things that ``f`` uses; attributes and globals that did not exist;
    and the warnings of NumPy on the way to results that are finite.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import Tensor, value_and_grad
    >>> fast = compile(value_and_grad(lambda x: np.sum(np.sin(x) ** 2)), eager_calls=0)
    >>> for n in range(3):
    ...     value, gradient = fast(np.full(2, float(n)))
    >>> gradient
    array([-0.7568025, -0.7568025])
    >>> len(fast.plans), fast.plans[0].runs
    (1, 2)

    A training step, whose parameters are Tensors:

    >>> from optim import SGD
    >>> slope = Tensor(1.0)
    >>> optimizer = SGD([slope], lr=0.1)
    >>> def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = np.mean((slope * x - y) ** 2)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> step = compile(step)
    >>> x = np.array([1.0, 2.0])
    >>> for _ in range(50):
    ...     loss = step(x, 3 * x)
    >>> round(slope.item(), 6)
    3.0
    """
    require_function(f, "compile")
    _check_count("eager_calls", eager_calls, 0)
    if threads is not None:
        _check_count("threads", threads, 1)
    names = (donate,) if isinstance(donate, str) else tuple(donate)
    return Compiled(f, eager_calls, names, threads)


def _check_count(name: str, count: Any, least: int) -> None:
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"expected {name} to be a whole number of {least} or more, got {count!r}")
    if count < least:
        raise ValueError(f"expected {name} to be a whole number of {least} or more, got {count}")


@dataclass
class Entry:
    """What is known of calls with arguments of one kind."""

    eager_left: int
    plans: list[Plan] = field(default_factory=list)
    pending: list[Recording] = field(default_factory=list)  # that wait for a second one
    recordings: int = 0
    past_runs: int = 0  # of plans that are no more
    not_finite: int = 0  # recordings that met infinities
    changes: int = 0  # recordings of calls that did what a replay would not
    change: str = ""  # what was another thing in a later call, in words
    stays_eager: str = ""  # why


@dataclass(eq=False)
class Known:
    """What is known of the calls of a function."""

    entries: dict[Any, Entry] = field(default_factory=dict)  # by the keys of their arguments
    # The plan that was replayed last, what says whether leaves are of its kind, and within what.
    latest: tuple[Any, Callable[[Any], bool] | None, str] = (None, None, PLANNED)
    lock: Any = field(default_factory=Lock)


class Compiled:
    """A function with its plans; what `compile` returns."""

    most_changes = MOST_CHANGES
    most_recordings = MOST_RECORDINGS

    def __init__(
        self, f: Function, eager_calls: int, donate: tuple[str, ...], threads: int | None
    ) -> None:
        update_wrapper(self, f)
        self.f = f
        self.eager_calls = eager_calls
        self.donate = donate
        self.threads = threads
        if donate:
            self._signature = inspect.signature(f)
            for name in donate:
                if name not in self._signature.parameters:
                    raise TypeError(f"donate={name!r} names no argument of {_name(f)}")
        self._known = Known()

    def __repr__(self) -> str:
        return f"<compiled {_name(self.f)}, {len(self.plans)} plans>"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Travel by its name, as a function does, or as the function, without plans.

        What the program that was started calls so, another process may not find.
        """
        name = getattr(self, "__qualname__", "")
        module = sys.modules.get(self.__module__)
        if self.__module__ != "__main__" and getattr(module, name, None) is self:
            return name
        return Compiled, (self.f, self.eager_calls, self.donate, self.threads)

    @property
    def plans(self) -> Plans:
        """All plans, as a list that prints as a table."""
        entries = list(self._known.entries.values())
        reasons = [entry.stays_eager for entry in entries if entry.stays_eager]
        return Plans([plan for entry in entries for plan in entry.plans], reasons)

    def __call__(self, *args: Structure, **kwargs: Any) -> Any:
        hook = recording.get()
        plan, fits, way = self._known.latest
        alike = fits is not None and not kwargs and hook is PLAIN and fits(args)
        if alike and way_of_calls.get() is way and not plan.is_stale():
            result = plan.replay(args)
            if type(result) is not Guard:
                return result
        return self._call_by_key(hook, args, kwargs)

    def _call_by_key(self, hook: Hook, args: Any, kwargs: Any) -> Any:
        if hook is not PLAIN and hook is not NO_GRAD:  # another recording, or debugging
            return self._call(args, kwargs)
        try:
            leaves, key = self._leaves_and_key(args, kwargs)
        except UnplannedError:
            return self._call(args, kwargs)
        donated = self._numbers_donated(args, kwargs, leaves) if self.donate else ()
        way = way_of_calls.get()
        if way is EAGER:
            return self._call(args, kwargs)
        key = (hook.records, way, key)
        entry = self._known.entries.get(key) or self._new_entry(key, leaves)
        for plan in entry.plans:
            if plan.is_stale():
                entry.change = plan.change() or entry.change
                self._forget(entry, plan)
                continue
            result = plan.replay(leaves)
            if type(result) is not Guard:
                if hook is PLAIN and not (kwargs or self.donate):
                    self._known.latest = plan, self._fitting(args), way
                return result
            if result.expected is FINITE:
                return self._call(args, kwargs)
        if entry.stays_eager:
            return self._call(args, kwargs)
        if way is REPRODUCIBLE:
            return self._plan_at_once(entry, args, kwargs, leaves, donated)
        if entry.eager_left > 0:
            entry.eager_left -= 1
            return self._call(args, kwargs)
        return self._record_call(entry, args, kwargs, leaves, donated)

    def _leaves_and_key(self, args: Any, kwargs: Any) -> tuple[list[Any], Any]:
        """Return what a plan of the function takes, and the key of the plans for it."""
        return leaves_and_key(args, kwargs)

    def _fitting(self, args: Any) -> Callable[[Any], bool] | None:
        """Return what tells fast whether other arguments are of the kind of these, if anything."""
        return fitting(args)

    def _call(self, args: Any, kwargs: Any) -> Any:
        """Call the function itself; of Tensors that it returns, return the values."""
        out = self.f(*args, **kwargs)
        return out if holds_tensor((args, kwargs)) else own_values(out)

    def _numbers_donated(self, args: Any, kwargs: Any, leaves: list[Any]) -> tuple[int, ...]:
        """Return the numbers of the leaves that may be overwritten."""
        bound = self._signature.bind(*args, **kwargs).arguments
        given = [x for name in self.donate if name in bound for x in _arrays(bound[name])]
        numbers = tuple(i for i, x in enumerate(leaves) if any(x is y for y in given))
        for i in numbers:
            if not leaves[i].flags.writeable:
                raise ValueError(f"an array of shape {leaves[i].shape} is donated, but read-only")
        for i, j in combinations(range(len(leaves)), 2):
            if (i in numbers or j in numbers) and np.may_share_memory(leaves[i], leaves[j]):
                raise ValueError(
                    f"an array of shape {leaves[i].shape} shares memory with another argument of "
                    "the same call, so it cannot be donated: give a copy"
                )
        return numbers

    def _new_entry(self, key: Any, leaves: list[Any]) -> Entry:
        entries = self._known.entries
        with self._known.lock:
            while len(entries) >= MOST_KEYS:
                del entries[next(iter(entries))]
            return entries.setdefault(key, Entry(self._eager_calls(leaves)))

    def _eager_calls(self, leaves: list[Any]) -> int:
        """Return how many calls with such leaves are made before two are recorded."""
        return self.eager_calls

    def _forget(self, entry: Entry, plan: Plan) -> None:
        with self._known.lock:
            if plan in entry.plans:
                entry.plans = [other for other in entry.plans if other is not plan]
                entry.past_runs += plan.runs

    # -- recording -----------------------------------------------------------------------------

    def _record(
        self, args: Any, kwargs: Any, leaves: list[Any], donated: tuple[int, ...], lines: bool
    ) -> Recording | str:
        """Return the recording of a call, or why there is none."""
        return record(self.f, args, kwargs, leaves, donated, lines)

    def _record_call(
        self, entry: Entry, args: Any, kwargs: Any, leaves: list[Any], donated: tuple[int, ...]
    ) -> Any:
        """Make the call while it is recorded; plan it if another call goes the same way."""
        first = self._record(args, kwargs, leaves, donated, lines=bool(entry.pending))
        if isinstance(first, str):
            result = self._call(args, kwargs)  # which raises where the function does
            self._stay_eager(entry, first)
            return result
        entry.recordings += 1
        problem = self._plan_if_confirmed(entry, first)
        most = 0 if self.eager_calls or first not in entry.pending else 1 if entry.plans else 2
        for _ in range(most):  # what the first call of all does for once is left behind
            again = self._record(args, kwargs, leaves, donated, lines=True)
            if isinstance(again, str):
                break
            again.undo()
            problem = self._plan_if_confirmed(entry, again)
            if not problem and again not in entry.pending:
                break
        if problem:  # and the next call is compared with this one
            entry.pending = entry.pending[-1:]
            first.undo()
            for waiting in entry.pending:
                waiting.let_go()
            return self._refuse(entry, problem, args, kwargs)
        if not first.finite:  # the walk of plain arrays decides
            first.undo()
            return self._call(args, kwargs)
        first.carry_out()
        result = first.result
        for waiting in entry.pending:
            waiting.let_go()
        if entry.changes >= self.most_changes:
            self._stay_eager(entry, first.lasting or first.hidden)
        elif entry.recordings >= self.most_recordings:
            runs = entry.past_runs + sum(plan.runs for plan in entry.plans)
            if runs < WORTHWHILE * entry.recordings:
                self._stay_eager(entry, _what_changes(entry))
        return result

    def _plan_at_once(
        self, entry: Entry, args: Any, kwargs: Any, leaves: list[Any], donated: tuple[int, ...]
    ) -> Any:
        """Plan a call and replay it; make it as it is written where there is no plan for it.

        Nothing that is kept for later calls depends on the values in this one.
        """
        trial = Entry(0)
        for _ in range(MOST_AT_ONCE):  # what the first call of all does for once is left behind
            recording = self._record(args, kwargs, leaves, donated, lines=bool(trial.pending))
            if isinstance(recording, str):
                result = self._call(args, kwargs)  # which raises where the function does
                self._stay_eager(entry, recording)
                return result
            recording.undo()
            if _reads_what_is_computed(recording.program):
                entry.stays_eager = "what Python reads of a value decides, and plans round it"
            if entry.stays_eager or not recording.finite:
                return self._call(args, kwargs)
            problem = self._plan_if_confirmed(trial, recording)
            if trial.plans:
                with self._known.lock:
                    entry.plans = [*trial.plans, *entry.plans][:MOST_PLANS]
                result = trial.plans[0].replay(leaves)
                return self._call(args, kwargs) if type(result) is Guard else result
            reason = recording.lasting or recording.hidden
            if recording.drawn or recording.hidden:
                break
        if problem:
            return self._refuse(entry, problem, args, kwargs)
        self._stay_eager(entry, reason or _what_changes(trial))
        return self._call(args, kwargs)

    def _plan_if_confirmed(self, entry: Entry, recording: Recording) -> str:
        """Plan a call if an earlier one was the same; return in what it differs without reason."""
        if recording.drawn:
            return (
                f"{_name(self.f)} draws from a random generator that it holds, which a recording "
                "does not see: make the generator an argument, or draw from recorded_state(rng)"
            )
        entry.changes += bool(recording.lasting)
        if not recording.finite:  # the eager walk decides, for longer each time
            entry.not_finite = min(entry.not_finite + 1, 10)
            entry.eager_left = 2**entry.not_finite
        if recording.lasting or not recording.finite:
            return ""
        with self._known.lock:
            changes = [r.watch.change() for r in entry.pending]
            entry.change = next(filter(None, changes), entry.change)
            pending = [r for r, change in zip(entry.pending, changes, strict=True) if not change]
            alike = [r for r in pending if same_path(r.program, recording.program)]
            found = difference(alike[-1].program, recording.program) if alike else None
            if alike and found is None and recording.hidden:  # which may be something else
                entry.changes = self.most_changes
                return ""
            if alike and found is None:
                entry.pending = [r for r in pending if r is not alike[-1]]
                entry.plans = [_plan(recording, self.threads), *entry.plans][:MOST_PLANS]
                return ""
            entry.pending = [*pending, recording][-MOST_PLANS:]
        return self._problem(recording, *found) if found else ""

    def _problem(self, recording: Recording, number: int, what: str) -> str:
        place = line_at(*recording.lines[number]) if number < len(recording.lines) else ""
        return (
            f"two calls of {_name(self.f)} differ in {what}, though no argument, Tensor or array "
            "that it uses explains it: make an argument of what changes from call to call, and "
            f"draw random numbers from a numpy.random.Generator that is an argument{place}"
        )

    def _refuse(self, entry: Entry, problem: str, args: Any, kwargs: Any) -> Any:
        """Say that calls differ without a reason that is seen."""
        raise RuntimeError(problem)

    def _stay_eager(self, entry: Entry, reason: str) -> None:
        entry.stays_eager = reason
        entry.plans, entry.pending = [], []
        self._known.latest = None, None, PLANNED
        self._tell(f"{_name(self.f)} stays eager: {reason}")

    def _tell(self, message: str) -> None:
        warnings.warn(message, stacklevel=6)


def _reads_what_is_computed(program: Program) -> bool:
    """Whether Python reads more than settings, such as an optimiser's: values of a call."""
    origins = [program.sources.get(guard.node) for guard in values_read(program.guards)]
    return not all(isinstance(x, Attribute) for x in origins)


def _plan(recording: Recording, threads: int | None) -> Plan:
    program = recording.program
    leaves = [node.value for node in program.sources if type(program.sources[node]) is Argument]
    improve(program)
    source = write(program, threads=threads or usable_threads())
    for node in (*program.sources, *program.nodes):
        node.value = None
    return Plan(program, source, recording.watch, ", ".join(map(_kind, leaves)))


def _arrays(x: Any) -> list[Any]:
    return [y for y in leaves_and_key((x,), {})[0] if isinstance(y, np.ndarray)]


def _kind(x: Any) -> str:
    return f"{x.dtype} {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__


def _name(f: Any) -> str:
    return getattr(f, "__qualname__", None) or type(f).__name__


def _what_changes(entry: Entry) -> str:
    """Return why recordings do not agree, for a message."""
    programs = [*[x.program for x in entry.pending], *[x.program for x in entry.plans]]
    for a, b in pairwise(programs):
        for x, y in zip(a.guards, b.guards, strict=False):
            if x.line and x.line == y.line and not equal(x.expected, y.expected):
                return f"what Python reads of a value differs from call to call{x.line}"
    change = entry.change or "something that it uses has changed"
    return f"{change}, as before in other calls: make an argument of what changes"


__all__ = ["Compiled", "compile"]
