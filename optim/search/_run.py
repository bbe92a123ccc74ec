"""How a method is run: it yields its iterates, and what is common to all methods happens here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import closing
from copy import deepcopy
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from optim.search._objective import Iterate, ObjectiveError, Problem

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


class Status(IntEnum):
    """How a search ended, for all methods: the ``status`` of their results.

    Attributes
    ----------
    meaning : str
        The same in words.
    success : bool
        Whether what was asked for was found: of CONVERGED only.

    Examples
    --------
    >>> for status in Status:
    ...     print(f"{status.value:2} {status!s:10} {status.meaning}")
     0 CONVERGED  what was asked for was found
     1 LIMIT      the steps or evaluations allowed were not enough
     2 STALLED    no step leads on, though this is not what was asked for
     3 NOT_FINITE a value or a derivative is infinite or NaN
     4 UNBOUNDED  f falls without end
     5 OTHER_KIND a stationary point, but not of the kind that was asked for
     6 INFEASIBLE the constraints contradict one another, or the start is out of bounds
     7 SINGULAR   a derivative has lost rank: several points serve equally well, or none is told
     8 WANDERS    the iterates go round, or run away
     9 INVALID    the function returns something else than was asked for
    99 STOPPED    the callback stopped the search
    """

    meaning: str

    CONVERGED = 0, "what was asked for was found"
    LIMIT = 1, "the steps or evaluations allowed were not enough"
    STALLED = 2, "no step leads on, though this is not what was asked for"
    NOT_FINITE = 3, "a value or a derivative is infinite or NaN"
    UNBOUNDED = 4, "f falls without end"
    OTHER_KIND = 5, "a stationary point, but not of the kind that was asked for"
    INFEASIBLE = 6, "the constraints contradict one another, or the start is out of bounds"
    SINGULAR = 7, "a derivative has lost rank: several points serve equally well, or none is told"
    WANDERS = 8, "the iterates go round, or run away"
    INVALID = 9, "the function returns something else than was asked for"
    STOPPED = 99, "the callback stopped the search"

    def __new__(cls, value: int, meaning: str) -> Status:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @property
    def success(self) -> bool:
        return self is Status.CONVERGED

    def __str__(self) -> str:
        return self.name


Verdict: TypeAlias = tuple[Status, str]
Search: TypeAlias = Generator[Iterate, None, Verdict]
Callback: TypeAlias = Callable[["OptimizeResult"], Any]


def run(
    search: Search,
    problem: Problem,
    *,
    method: str,
    maxiter: int,
    callback: Callback | None = None,
    path: bool = False,
    progress: bool = False,
    badness: Callable[[Iterate], float] = lambda point: point.fun,
) -> OptimizeResult:
    """Follow the search of a method to its end, and return what it found.

    That is the last iterate where it converged, and else the one of least ``badness``.
    """
    from scipy.optimize import OptimizeResult

    check_count("maxiter", maxiter)
    check_callback(callback)
    best = last = Iterate(problem.start, np.nan)
    least = np.inf
    points = []
    nit = -1
    verdict: Verdict | None = None
    # What overflows at a trial point is no news to the user: such a point is refused.
    with np.errstate(all="ignore"), closing(search), closing(_bar(progress, maxiter)) as bar:
        while verdict is None:
            try:
                last = next(search)
            except StopIteration as end:
                verdict = end.value
                break
            except ObjectiveError as error:
                verdict = Status.INVALID, str(error)
                break
            nit += 1
            bad = badness(last)
            if not nit or bad < least:
                best, least = last, bad
            if path:
                points.append(last.x)
            if nit:
                bar.update()
            if nit and callback is not None:
                try:
                    callback(OptimizeResult(deepcopy(problem.result_fields(last)), nit=nit))
                except StopIteration:
                    verdict = Status.STOPPED, f"the callback stopped the search after step {nit}"
            if nit >= maxiter:
                verdict = verdict or (Status.LIMIT, f"{maxiter} steps (maxiter) were not enough")
    status, message = verdict
    if status.success and not np.isfinite(last.x).all():
        status = Status.NOT_FINITE
        message = f"x is not finite: start from finite numbers, not from {problem.start!r:.60}"
    success = status.success
    result = OptimizeResult(problem.result_fields(last if success else best))
    result.update(method=method, nit=max(nit, 0))
    result.update(status=status, success=success, message=message)
    if path:
        shaped = [problem.shaped(x.copy()) for x in points or [problem.start]]
        result.path = np.stack(shaped) if isinstance(shaped[0], np.ndarray | np.generic) else shaped
    return result


def check_count(name: str, count: Any, least: int = 0) -> None:
    """Refuse as a number of steps, or of evaluations, what is no whole number or too small.

    Raises
    ------
    TypeError
        When it is no whole number, be it ``100.0`` or ``inf``.
    ValueError
        When it is less than ``least``.

    Examples
    --------
    >>> check_count("maxiter", np.int64(3))
    >>> check_count("maxiter", 1e3)
    Traceback (most recent call last):
        ...
    TypeError: expected maxiter to be a whole number of 0 or more, got 1000.0: write 1000
    """
    is_number = isinstance(count, int | float | np.integer | np.floating)
    got = f"{count}" if is_number else f"{count!r:.60}"
    wrong = f"expected {name} to be a whole number of {least} or more, got {got}"
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        if isinstance(count, float | np.floating) and np.isfinite(count) and count >= least:
            wrong += f": write {round(float(count))}"
        elif isinstance(count, float | np.floating) and count > 0:
            wrong += f": write a large one, as {10**9}"
        raise TypeError(wrong)
    if count < least:
        raise ValueError(wrong)


def check_callback(callback: Any) -> None:
    """Refuse as a callback what is no function, before it is called."""
    if callback is not None and not callable(callback):
        raise TypeError(f"expected callback to be a function, got {callback!r:.60}")


def check_choice(name: str, value: Any, choices: Collection[str], or_else: str = "") -> None:
    """Refuse what is none of the words that an argument may be.

    Examples
    --------
    >>> check_choice("find", "least", ["min", "max"])
    Traceback (most recent call last):
        ...
    ValueError: expected find to be one of 'min', 'max', got 'least'
    """
    if not isinstance(value, str) or value not in choices:
        words = ", ".join(map(repr, choices))
        raise ValueError(f"expected {name} to be one of {words}{or_else}, got {value!r:.60}")


def check_number(
    name: str, value: Any, what: str, fits: Callable[[Any], bool], instead: str = ""
) -> None:
    """Refuse an argument that is no number, or not such a one as is described.

    ``instead`` is what to write, if that can be said.

    Raises
    ------
    TypeError
        When it is no number.
    ValueError
        When it does not fit.

    Examples
    --------
    >>> check_number("step", 0, "a positive number", lambda step: step > 0)
    Traceback (most recent call last):
        ...
    ValueError: expected step to be a positive number, got 0
    """
    is_number = isinstance(value, int | float | np.integer | np.floating)
    is_number = is_number and not isinstance(value, bool)
    if is_number and fits(value):
        return
    got = f"{value}" if is_number else f"{value!r:.60}"
    wrong = f"expected {name} to be {what}, got {got}{instead and f': {instead}'}"
    raise ValueError(wrong) if is_number else TypeError(wrong)


def check_tolerance(name: str, tol: Any, relative: bool = False) -> None:
    """Refuse as a tolerance what is no finite number of 0 or more, below 1 if it is relative.

    0 is to search as far as rounding lets it.

    Raises
    ------
    TypeError
        When it is no number.
    ValueError
        When it is too small or too large.

    Examples
    --------
    >>> check_tolerance("tol", 1e-9, relative=True)
    >>> check_tolerance("tol", 2, relative=True)
    Traceback (most recent call last):
        ...
    ValueError: expected tol to be a number from 0 to below 1, got 2: write 0 to go down to rounding
    """
    what = "a number from 0 to below 1" if relative else "a finite number of 0 or more"
    below = 1 if relative else np.inf
    check_number(name, tol, what, lambda tol: 0 <= tol < below, "write 0 to go down to rounding")


class _NoBar:
    def update(self) -> None:
        pass

    def close(self) -> None:
        pass


def _bar(progress: bool, total: int) -> Any:
    """Return a progress bar, or nothing that looks like one."""
    if not progress:
        return _NoBar()
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="step")
