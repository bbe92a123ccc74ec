"""The common ops as lines of programs: each template writes one expression, in files by family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.autodiff.programs.choosing import Chooser


@dataclass(frozen=True)
class Template:
    """How to write an expression, and what is known of its op."""

    write: Callable[[Chooser], str | None]
    analytic: bool = True
    holomorphic: bool = True
    corner: bool = False
    weight: float = 1.0


TEMPLATES: list[Template] = []


def template(**known: Any) -> Callable[[Callable[[Chooser], str | None]], Any]:
    """Add the decorated function to the templates."""

    def add(write: Callable[[Chooser], str | None]) -> Any:
        TEMPLATES.append(Template(write, **known))
        return write

    return add
