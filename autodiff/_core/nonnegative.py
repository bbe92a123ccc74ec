"""Linear ops that move entries and add them up, so that what they make of masks is known."""

from __future__ import annotations

from autodiff._core.op import Linear


class Nonnegative(Linear):
    """A linear op whose matrix has no negative entry, so that nothing cancels.

    Given, in the place of its operands, masks of the entries that depend on something, it computes
    what is 0 just where the output does not depend on it.
    """

    __slots__ = ()
