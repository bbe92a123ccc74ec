"""What a step says of its op: what the formulas mean, in words beside them."""

from __future__ import annotations

from autodiff.drawing.page._equations import is_broadcast, slope
from autodiff.drawing.page._phrases import list_of
from autodiff.drawing.page._uses import Use

_PRODUCT = "times what it was multiplied by, added up over all that each entry went into"
_MOVED = "each entry back in its place"
_PART = "cut to the part that {tail} became"

REASONS = {
    "sum": "given to each entry, for each is added once",
    "mean": "shared out evenly, for each entry makes the same part of the mean",
    "max": "given to the greatest entry, and 0 to the others",
    "min": "given to the least entry, and 0 to the others",
    "cumsum": "added up, for each entry, over the sums that it is in",
    "broadcast_to": "added up over the copies",
    "getitem": "put where the entries were read, and 0 elsewhere",
    "scatter": "read where the entries were put",
    **dict.fromkeys(("concatenate", "stack", "gather"), _PART),
    **dict.fromkeys(("reshape", "transpose", "flip", "roll", "fftshift", "ifftshift"), _MOVED),
    **dict.fromkeys(("matmul", "matvec", "vecmat", "vecdot", "einsum", "convolution"), _PRODUCT),
}


def how_it_changes(uses: list[Use]) -> str:
    """Return how fast a value changes with others; of arrays, what the formulas say of that."""
    formulas = [use.formula for use in uses if use.formula is not None]
    if not uses or len(formulas) < len(uses):
        return ""
    if any(formula.value is None for formula in formulas):
        return _lines_below(uses)
    times = [f"{slope(use)} times " * (slope(use) != "1") for use in uses]
    rates = [f"{n}as fast as {use.tail.name}" for n, use in zip(times, uses, strict=True)]
    return f" It changes {list_of(rates)}."


def _lines_below(uses: list[Use]) -> str:
    """Return what the formulas of arrays are."""
    tails = list_of([*dict.fromkeys(use.tail.name for use in uses)])
    lines, are, say = ("lines", "are", "say") if uses[1:] else ("line", "is", "says")
    if uses[0].is_factor:
        return f" Entry by entry, it changes with {tails} as the {lines} below {say}."
    return f" The {lines} below {are} what it will pass back to {tails}."


def what_is_held_fixed(uses: list[Use]) -> str:
    """Return what the local derivatives leave out, where their symbols tell."""
    tails = dict.fromkeys(u.tail.name for u in uses if u.is_factor and u.holds_others)
    if not tails:
        return ""
    return f" Other operands are held fixed, though they depend on {list_of([*tails])}, too."


def what_it_does(use: Use, why: str) -> str:
    """Return what an op makes of what came to it, and why some of that is 0."""
    if why.startswith("since"):
        return f", {why}"
    where = f", added up where {use.tail.name} was broadcast" * is_broadcast(use)
    how = _reason(use) if use.op.structural else f"times {use.symbol}{where}"
    return f": what came to it, {how}" + f", {why}" * bool(why)


def _reason(use: Use) -> str:
    """Return how an op makes what it passes back of what came to it."""
    if use.formula is None:
        return f"by the rule of {use.op.name}"
    words = REASONS.get(use.op.name, "as the formula of this step says")
    return words.replace("{tail}", use.tail.name)
