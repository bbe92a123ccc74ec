"""The programs that draw: Graphviz's ``dot``, or the Graphviz that comes with pygraphviz."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryFile
from threading import Event, Lock, Timer
from typing import IO, NamedTuple, cast

import graphviz

SECONDS = 60.0  # that an image may take; the largest that `draw` asks for take a few
MARKS = {  # how images begin, but for what XML says before, and how they end
    "svg": (b"<svg", b"</svg>"),
    "svg_inline": (b"<svg", b"</svg>"),
    "png": (b"\x89PNG", b"IEND\xaeB`\x82"),
    "pdf": (b"%PDF", b"%%EOF"),
}
WITHIN_PYGRAPHVIZ = Path(__file__).with_name("_within_pygraphviz.py")


class Request(NamedTuple):
    """How an image is to be drawn; what comes after the engine only the program dot does."""

    format: str
    engine: str
    renderer: str | None = None
    formatter: str | None = None
    no_op: int = 0  # whether neato takes positions as given: 1 of nodes, 2 of edges too


def require_known(request: Request) -> None:
    """Raise a ValueError if Graphviz knows no such format, engine, renderer or formatter."""
    format, engine, renderer, formatter, _ = request
    if format not in graphviz.FORMATS:
        instead = (
            "a page is what steps(f, x).save writes"
            if format in ("html", "htm")
            else "under a name that ends in .gv, .dot or has no dot in it the source is saved"
        )
        raise ValueError(
            f"unknown format {format!r}: give 'svg', 'png', 'pdf' or another of graphviz.FORMATS; "
            f"{instead}"
        )
    if engine not in graphviz.ENGINES:
        raise ValueError(f"unknown engine {engine!r}: give one of {sorted(graphviz.ENGINES)}")
    for what, name, known in (
        ("renderer", renderer, graphviz.RENDERERS),
        ("formatter", formatter, graphviz.FORMATTERS),
    ):
        if name is not None and name not in known:
            raise ValueError(f"unknown {what} {name!r}: give one of {sorted(known)}")
    if formatter is not None and renderer is None:
        raise graphviz.RequiredArgumentError(
            f"formatter={formatter!r} needs a renderer: give renderer='cairo' or another as well"
        )


def require_no_dot(request: Request) -> None:
    """Raise where something is asked for that only the program dot does."""
    _, _, renderer, formatter, no_op = request
    if renderer or formatter or no_op:
        raise RuntimeError(
            "renderer, formatter and neato_no_op need Graphviz's program dot on the PATH, but got "
            f"renderer={renderer!r}, formatter={formatter!r}, neato_no_op={no_op}"
        )


def require_image(image: bytes, format: str) -> None:
    """Raise where what was drawn is not of the format, or not all of it, as its ends show."""
    begin, end = MARKS.get(format, (b"", b""))
    is_whole = begin in image and image.rstrip().endswith(end)
    if format in ("svg", "svg_inline"):
        try:
            image.decode()
        except UnicodeDecodeError:
            is_whole = False
    if not is_whole:
        raise _failure(format, f"what it wrote is no {format[:3].upper()}".encode())


def drawer() -> Callable[[bytes, Request], bytes] | None:
    """Return what draws DOT source as it is requested; None if nothing is installed."""
    if which("dot"):
        return _by_dot
    return _by_pygraphviz if find_spec("pygraphviz") else None


def _by_dot(source: bytes, request: Request) -> bytes:
    format, engine, renderer, formatter, no_op = request
    output = ":".join(filter(None, (format, renderer, formatter)))
    command = ["dot", f"-T{output}", f"-K{engine}", *[f"-n{no_op}"] * bool(no_op)]
    try:
        result = subprocess.run(command, input=source, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise _too_long(format) from None
    except OSError as error:
        said = f"{which('dot')} cannot be run ({error.strerror})"
        raise _failure(format, said.encode()) from None
    if result.returncode or not result.stdout:
        raise _failure(format, result.stderr)
    return result.stdout


def _too_long(format: str) -> TimeoutError:
    return TimeoutError(
        f"Graphviz did not draw {format!r} within {SECONDS:g} s and was ended: draw less of the "
        "graph, or write the source with save('graph.gv') and draw that by hand"
    )


def _failure(format: str, said: bytes) -> RuntimeError:
    lines = said.decode(errors="replace").splitlines() or ["no reason given"]
    reason = next((line for line in lines if line.startswith("Error")), lines[-1])
    return RuntimeError(f"Graphviz could not draw {format!r}: {reason}")


# -- pygraphviz: a process that is kept for the next image ---------------------------------------

_one_at_a_time = Lock()
_kept: dict[int, _KeptProcess] = {}  # by the process that started it, for that may fork


def _by_pygraphviz(source: bytes, request: Request) -> bytes:
    require_no_dot(request)
    with _one_at_a_time:
        process = _kept.pop(os.getpid(), None)
        if process and process.has_ended():
            process.end()
            process = None
        process = process or _KeptProcess()
        image = process.image(source, request.format, request.engine)
        _kept[os.getpid()] = process
    return image


@atexit.register
def _end() -> None:
    if process := _kept.pop(os.getpid(), None):
        process.end()


class _KeptProcess:
    """Graphviz in a process of its own; one that failed in any way has ended."""

    def __init__(self) -> None:
        self.complaints = TemporaryFile()  # noqa: SIM115  # closed by end
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(WITHIN_PYGRAPHVIZ)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
        )
        self.requests = cast("IO[bytes]", self.process.stdin)
        self.images = cast("IO[bytes]", self.process.stdout)

    def image(self, source: bytes, format: str, engine: str) -> bytes:
        late = Event()

        def end_late() -> None:
            late.set()
            self.process.kill()

        limit = Timer(SECONDS, end_late)
        limit.start()
        try:
            image = self._answer(f"{format} {engine} {len(source)}\n".encode() + source)
        except BaseException:
            self.end()  # what it still writes would be taken for the next image
            raise
        finally:
            limit.cancel()
        if image:
            return image
        said = self.end()
        raise _too_long(format) if late.is_set() else _failure(format, said)

    def _answer(self, request: bytes) -> bytes:
        """Return the image, or nothing where the process has ended."""
        self.complaints.seek(0)
        self.complaints.truncate()
        try:
            self.requests.write(request)
            self.requests.flush()
        except OSError:
            return b""
        length = int(self.images.readline() or 0)
        image = self.images.read(length)
        return image if len(image) == length else b""

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> bytes:
        """End the process and return what it had complained of."""
        self.process.kill()
        with suppress(OSError):  # of a request that it did not read
            self.process.communicate()
        with self.complaints:
            self.complaints.seek(0)
            return self.complaints.read()
