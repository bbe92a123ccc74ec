"""Files that are written whole, or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside the path and put it there once it is complete.

    Directories that are missing are made, a link is followed, and what replaces a file has its
    permissions.

    Raises
    ------
    OSError
        Of the kind that the system says, when it cannot be written.
    """
    path = Path(os.path.realpath(path))
    beside = path.with_name(f".{uuid4().hex}")
    try:
        if path.exists() and not path.is_file():  # a pipe, a terminal; of a directory this raises
            path.write_bytes(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            if path.exists():
                shutil.copymode(path, beside)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        reason = f"the file cannot be written ({error.strerror})"
        raise OSError(error.errno, reason, str(path)) from None
