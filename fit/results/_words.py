"""Words of which several messages are made."""

from __future__ import annotations

from collections.abc import Sequence


def counted(n: int, of_what: str) -> str:
    """Return a number of things: 1 point, 2 points."""
    return f"{n} {of_what}" + ("" if n == 1 else "s")


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def signed(number: str) -> str:
    """Return a number as prose has it, with a minus and the sign of infinity."""
    return number.replace("-", "−").replace("inf", "∞")
