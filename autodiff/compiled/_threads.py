"""Blocks shared out among threads, which are started for a call and end before it does."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextvars import copy_context
from threading import Event, Lock, Thread
from typing import Any

_helping = Lock()  # held by the one call of the process that others help; further ones are alone


def compute_blocks(compute: Callable[[int, Any], None], count: int, buffers: Sequence[Any]) -> None:
    """Call a function for each block's number, in as many threads as there are sets of buffers.

    What a call does depends on the number alone, so that it does not matter in which thread it is
    made. When one of them raises, the others end after the block that they are at.
    """
    if len(buffers) == 1 or not _helping.acquire(blocking=False):
        for number in range(count):
            compute(number, buffers[0])
        return
    try:
        _share_out(compute, count, buffers)
    finally:
        _helping.release()


def _share_out(compute: Callable[[int, Any], None], count: int, buffers: Sequence[Any]) -> None:
    parts = len(buffers)
    errors: list[BaseException] = []
    helpers: list[Thread] = []
    over = Event()  # never taken back: a thread that begins late does nothing then

    def work(part: int) -> None:
        try:
            for number in range(count * part // parts, count * (part + 1) // parts):
                if over.is_set():
                    break
                compute(number, buffers[part])
        except BaseException as error:
            errors.append(error)
            over.set()

    try:
        own = [0]
        for part in range(1, parts):
            # NumPy's errstate is the context's.
            helper = Thread(target=copy_context().run, args=(work, part), daemon=True)
            helpers.append(helper)  # before it starts, at which an interrupt may come
            try:
                helper.start()
            except RuntimeError:  # no thread is to be had, as when the interpreter ends
                own.append(part)
        for part in own:
            work(part)
    except BaseException as error:  # an interrupt
        errors.append(error)
        over.set()
    _wait_for(helpers, errors, over)
    try:
        if errors:
            raise errors[0]
    finally:
        errors.clear()  # which their tracebacks hold


def _wait_for(helpers: Sequence[Thread], errors: list[BaseException], over: Event) -> None:
    """Wait until all threads have ended, also after an interrupt, at which they do so soon."""
    while True:
        try:
            for helper in helpers:
                if helper.is_alive():
                    helper.join()
            return
        except BaseException as error:
            errors.append(error)
            over.set()


def _forget_helpers() -> None:
    """Let a process that was forked have helpers, whatever the other one was at."""
    global _helping
    _helping = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)
