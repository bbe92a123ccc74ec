"""Files of the site, which a failure to write names."""

from __future__ import annotations

from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a text.

    Raises
    ------
    OSError
        When that fails, with the path, which a disk that is full leaves out.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
