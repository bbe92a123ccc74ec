"""Run the checks on a program, each as often as it is worth its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tests.autodiff.programs import filling, first_order, higher_order, planned
from tests.autodiff.programs.program import Program
from tests.autodiff.programs.subject import Subject

Check = Callable[[Subject], None]
CHECKS: dict[Check, float] = {
    **first_order.CHECKS,
    **higher_order.CHECKS,
    **planned.CHECKS,
    **filling.CHECKS,
}
BY_NAME: dict[str, Check] = {check.__name__: check for check in CHECKS}
# What a documented refusal says.
REFUSALS = (
    "and so no Taylor series",
    "has no Taylor series",
    "is at its corner, 0, in a walk forward",
)
refused: Counter[str] = Counter()


@dataclass(frozen=True)
class Failure:
    """The check that a program fails, and what it says."""

    check: str
    message: str

    @property
    def kind(self) -> str:
        """What disagrees, without the numbers."""
        return f"{self.check}: {self.message.partition(':')[0]}"


def failure(program: Program, checks: Iterable[str] | None = None) -> Failure | None:
    """Return the first check that fails, of those named or of some by the program's seed."""
    for name in chosen(program.seed) if checks is None else checks:
        with np.errstate(all="ignore"):
            try:
                BY_NAME[name](Subject(program, name))
            except Exception as error:
                if any(refusal in str(error) for refusal in REFUSALS):
                    refused[f"{name}: {error}"[:100]] += 1
                    continue
                kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
                return Failure(name, f"{kind}{error}")
    return None


def chosen(seed: int) -> list[str]:
    """Return the checks that a program gets."""
    rng = np.random.default_rng([seed, 1])
    return [check.__name__ for check, share in CHECKS.items() if rng.random() < share]
