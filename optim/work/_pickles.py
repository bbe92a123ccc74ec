"""Bytes of what is sent to a worker; what is opened from them is what was sent, or an error."""

from __future__ import annotations

import pickle
from functools import lru_cache
from io import BytesIO
from typing import Any

from optim.work._versions import PYTHON, Versions, compare_versions, has_version, note_versions


def dumps(content: Any, by_value: bool) -> bytes:
    """Return bytes of functions and data, and of the versions of those that travel by name.

    By value, functions of a program or a session travel, too, as cloudpickle makes bytes of them.
    """
    file = BytesIO()
    pickler = _noting(by_value)(file, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dump(content)
    pickle.dump((PYTHON, pickler.versions), file)
    return file.getvalue()


def try_dumps(content: Any, by_value: bool) -> None:
    """Raise what `dumps` would, without copies of arrays: these are left out of the bytes."""
    left_out: list[Any] = []
    kind, protocol = _noting(by_value), pickle.HIGHEST_PROTOCOL
    kind(BytesIO(), protocol=protocol, buffer_callback=left_out.append).dump(content)


def loads(payload: bytes) -> Any:
    """Return what bytes were made of.

    Raises
    ------
    RuntimeError
        When a function, class or number that it uses is another version here.
    """
    file = BytesIO(payload)
    content = pickle.load(file)
    python, versions = pickle.load(file)
    if python == PYTHON:
        compare_versions(versions)
    return content


def with_needs(error: Exception) -> RuntimeError:
    """Return why bytes cannot be opened in a worker, with what it needs."""
    if type(error) is RuntimeError:  # of other versions, which says so itself
        return error
    return RuntimeError(
        f"a worker cannot open what it is sent ({type(error).__name__}: {error}): it needs the "
        "modules that this program has, as of Dask by client.upload_file, and a pool of processes "
        "made after the functions that it is to call"
    )


@lru_cache(maxsize=2)
def _noting(by_value: bool) -> Any:
    """Return a pickler that notes the versions of the functions and classes that it meets."""
    kind: Any = pickle.Pickler
    if by_value:
        import cloudpickle

        kind = cloudpickle.Pickler

    class Noting(kind):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.versions: Versions = {}
            self.by_value = (
                {"__main__", *cloudpickle.list_registry_pickle_by_value()} if by_value else ()
            )

        def reducer_override(self, x: Any) -> Any:
            if has_version(x):
                note_versions(self.versions, x, self.by_value)
            return super().reducer_override(x) if by_value else NotImplemented

    return Noting
