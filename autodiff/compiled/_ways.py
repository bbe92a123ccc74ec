"""How compiled functions are called: planned once that pays, as written, or reproducibly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum

from autodiff.compiled._blas_threads import blas_on_one_thread


class Way(Enum):
    """How compiled functions are called."""

    PLANNED = "planned once that pays"
    EAGER = "as they are written"
    REPRODUCIBLE = "planned at once, or never"


way_of_calls: ContextVar[Way] = ContextVar("way_of_calls", default=Way.PLANNED)


@contextmanager
def eager() -> Iterator[None]:
    """Compute without plans: within it, compiled functions are called as they were written.

    It holds for this thread or task alone.

    Examples
    --------
    >>> from autodiff import compile
    >>> square = compile(lambda x: x * x, eager_calls=0)
    >>> with eager():
    ...     square(3.0)
    9.0
    >>> square.plans
    no plans
    """
    token = way_of_calls.set(Way.EAGER)
    try:
        yield
    finally:
        way_of_calls.reset(token)


@contextmanager
def reproducible() -> Iterator[None]:
    """Compute so that no result depends on what was computed before, to the last bit.

    A replay of a plan agrees with a call as it is written to rounding only. Within it, what
    `compile` and `replaying` would plan later is planned at the first call, and returns what a
    replay does; a function of which Python reads values, as in ``if t > 0``, is called as it is
    written. It holds for this thread or task alone, but for BLAS, which rounds otherwise with
    another number of threads: it has one, in the whole process, while any thread is within.

    Notes
    -----
    Planning calls a function two to four times, and undoes what that does to Tensors, optimisers
    and generators. Another processor, or another version of NumPy, may round otherwise, and so may
    products of arrays with gaps between their entries: where such an array is sent to a
    process, it arrives without gaps.

    Examples
    --------
    >>> from autodiff import compile
    >>> square = compile(lambda x: x * x)
    >>> with reproducible():
    ...     square(3.0)
    9.0
    >>> square.plans[0].runs
    1
    """
    token = way_of_calls.set(Way.REPRODUCIBLE)
    try:
        with blas_on_one_thread():
            yield
    finally:
        way_of_calls.reset(token)
