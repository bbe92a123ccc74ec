"""What is left out of a large picture: repeats, the insides of scopes, what is far away."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any, TypeAlias

from autodiff.drawing._alarms import with_alarms, without_source
from autodiff.drawing._clusters import Cluster
from autodiff.drawing._view import View
from autodiff.drawing.folding._closing import with_scopes_closed
from autodiff.drawing.folding._constants import without_plain_constants
from autodiff.drawing.folding._repeats import FOLDED, without_repeats
from autodiff.drawing.folding._slices import (
    many,
    nearest_part,
    part_from_start,
    part_near_outputs,
)
from autodiff.drawing.folding._starts import nearest_names

Collapse: TypeAlias = str | bool | Collection[str]

AT_A_GLANCE = 60  # nodes that are read at once
MOST_NODES = 300  # that can be read


def fold(
    view: View, collapse: Collapse = "auto", start_key: str | None = None,
    reach: int | None = None,
) -> View:  # fmt: skip
    """Return what is to be drawn of a view.

    Parameters
    ----------
    view : View
    collapse : "auto", bool, str or collection of str
        Whether to fold repeats, hide plain constants and close the innermost scopes. "auto" folds
        repeats where there are more than 300 nodes, closes scopes where there are still more than
        60, the innermost first, folds repeats of these, and of more than 300 keeps the 60 nearest
        to the outputs. Other texts are names of scopes to be closed; of more than 60 nodes repeats
        are then folded.
    start_key : str, optional
        The key of a node: only what lies between it and the outputs is kept, and the leaves that
        go into that.
    reach : int, optional
        Only what is at most so many edges away from the outputs is kept.

    Raises
    ------
    TypeError, ValueError
        When ``collapse`` or ``reach`` is none of these.
    """
    names = _names_to_close(view, collapse)
    _require_edges(reach)
    whole = folded = with_alarms(view)
    if start_key is not None:
        folded = part_from_start(folded, start_key)
    if reach is not None:
        folded = part_near_outputs(folded, reach)
    if collapse == "auto":
        folded = _small_enough(folded)
    elif collapse is True:
        folded = with_scopes_closed(_without_repeats(folded), _is_innermost)
    elif names:
        folded = _with_named_scopes_closed(folded, names)
    folded.notes = [*folded.notes, *_meaning_of_repeats(folded), *without_source(whole, folded)]
    return folded


def _names_to_close(view: View, collapse: Any) -> set[str]:
    """Return the names of scopes that were asked for."""
    if isinstance(collapse, bool) or (isinstance(collapse, str) and collapse == "auto"):
        return set()
    named = [collapse] if isinstance(collapse, str) or not isinstance(collapse, Collection) else (
        list(collapse)
    )  # fmt: skip
    known = dict.fromkeys(name for node in view.nodes for name in node.scopes)
    for name in named:
        if not isinstance(name, str) or name not in known:
            near = nearest_names(name, known)
            scopes = f" or names of scopes, such as {near}" if known else "; there are no scopes"
            raise ValueError(f"collapse is 'auto', True, False{scopes}; got {name!r:.60}")
    return set(named)


def _require_edges(reach: Any) -> None:
    if reach is not None and (isinstance(reach, bool) or not isinstance(reach, int)):
        raise TypeError(f"reach is a number of edges, such as 3, but got {reach!r:.60}")
    if reach is not None and reach < 0:
        raise ValueError(f"reach is a number of edges, 0 or more, but got {reach}")


def _meaning_of_repeats(view: View) -> list[str]:
    """Return a note that says what is drawn of repeats, if there are any."""
    if not any(FOLDED.match(node.note) for node in view.nodes):
        return []
    said = "×: drawn once for so many repeats, as in the last"
    operands = [edge.operand for edge in view.edges if edge.leads_back and edge.operand]
    if operands:
        said += f"; what it takes from the one before, such as {operands[0]}, is not drawn"
    return [said]


# -- "auto" and names ------------------------------------------------------------------------


def _without_repeats(view: View) -> View:
    return without_plain_constants(without_repeats(view))


def _small_enough(view: View) -> View:
    """Return the view as it is or, with a note, so much of it as can be read."""
    once = _without_repeats(view) if len(view.nodes) > MOST_NODES else view
    closed = _with_inner_scopes_closed(once)
    is_closed = [node.formula for node in closed.nodes] != [node.formula for node in once.nodes]
    folded = _without_repeats(closed) if is_closed else closed
    folded.notes = [*folded.notes, *_what_was_done(view, folded, is_closed)]
    return nearest_part(folded, AT_A_GLANCE) if len(folded.nodes) > MOST_NODES else folded


def _with_named_scopes_closed(view: View, names: set[str]) -> View:
    """Return the view with some scopes closed and, if it is large, without repeats."""
    folded = with_scopes_closed(view, lambda cluster: cluster.scopes[-1] in names)
    if len(view.nodes) > AT_A_GLANCE:
        folded = _without_repeats(folded)
        folded.notes = [*folded.notes, *_what_was_done(view, folded, False)]
    return folded


def _what_was_done(view: View, folded: View, is_closed: bool) -> list[str]:
    """Return a note that says what was folded and closed, if anything was."""
    is_folded = any(FOLDED.match(node.note) for node in folded.nodes)
    done = ["repeats folded"] * is_folded + ["scopes closed"] * is_closed
    note = f"{many(len(view.nodes))} nodes: {', '.join(done)} (collapse=False shows all)"
    return [note] * bool(done)


def _with_inner_scopes_closed(view: View) -> View:
    """Return the view with scopes closed until it is small, but for the outermost if it can be."""
    innermost = max((len(node.scopes) for node in view.nodes), default=0)
    for depth in range(innermost, 0, -1):
        is_enough = AT_A_GLANCE if depth in (innermost, *range(2, innermost)) else MOST_NODES
        if len(view.nodes) > is_enough:
            view = with_scopes_closed(view, partial(_is_as_deep, depth))
    return view


def _is_innermost(cluster: Cluster) -> bool:
    return not any(isinstance(member, Cluster) for member in cluster.members)


def _is_as_deep(depth: int, cluster: Cluster) -> bool:
    return len(cluster.scopes) >= depth
