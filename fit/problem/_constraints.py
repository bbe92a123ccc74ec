"""Constraints: functions of parameters by name, which the fit makes zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from fit.problem._parameters import names_of_arguments

Constraint: TypeAlias = Callable[..., Any]


def constraints_by_name(
    constraints: Constraint | Sequence[Constraint] | None, names: tuple[str, ...]
) -> tuple[Callable[[dict[str, Any]], Any], ...]:
    """Return each constraint as a function of all parameters by name."""
    if constraints is None:
        return ()
    several = [constraints] if callable(constraints) else constraints
    if not isinstance(several, Sequence) or not all(map(callable, several)):
        raise ValueError(f"expected functions of parameters as constraints, got {constraints!r}")

    return tuple(
        partial(_given_by_name, f, names_of_arguments(f, names, "constraints")) for f in several
    )


def _given_by_name(f: Constraint, needed: tuple[str, ...], by_name: dict[str, Any]) -> Any:
    return f(*(by_name[name] for name in needed))
