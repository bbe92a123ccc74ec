"""Pictures of computation graphs, in which each node reads like a line of the program."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autodiff._core.array_kinds import at_present
from autodiff._core.structures import is_container
from autodiff._core.tensor import Tensor
from autodiff.drawing._view import View
from autodiff.drawing.folding._starts import key_of_start
from autodiff.drawing.reading._functions import Subject, record_subject
from autodiff.drawing.reading._nodes import view_of
from autodiff.drawing.reading._plan import view_of as view_of_plan
from autodiff.drawing.reading._words import identity

if TYPE_CHECKING:
    from autodiff.drawing.pictures._picture import Picture

Names: TypeAlias = Mapping[str, Tensor] | Sequence[str] | None


def read_view(
    *given: Any,
    names: Names = None,
    gradients: bool = False,
    derivatives: bool = False,
    unfold: bool = False,
    start: Tensor | str | None = None,
    door: str = "draw",
) -> tuple[View, str | None]:
    """Return the view of Tensors, of a function and its arguments or a plan; the key of its start.

    All that is shown of a graph is made of this; the keywords are those of `draw`, and the public
    function that is called.
    """
    require_flags(gradients=gradients, derivatives=derivatives, unfold=unfold)
    if len(given) == 1 and hasattr(given[0], "lines") and not callable(given[0]):  # a plan
        _require_none_given(
            door, names=names, gradients=gradients, derivatives=derivatives, unfold=unfold,
            start=start,
        )  # fmt: skip
        return view_of_plan(given[0].lines), None
    subject = _subject_of(given, door)
    pairs = give_names(subject, names)
    view, keys = view_of(subject, gradients=gradients, derivatives=derivatives, unfold=unfold)
    require_names(view, keys, pairs)
    return view, None if start is None else key_of_start(start, view, keys)


def draw(
    *outputs: Any,
    names: Names = None,
    values: bool = True,
    gradients: bool = False,
    derivatives: bool = False,
    collapse: str | bool | Collection[str] = "auto",
    direction: str = "TB",
    theme: str = "auto",
    start: Tensor | str | None = None,
    reach: int | None = None,
    unfold: bool = False,
) -> Picture:
    """Draw the graph behind one Tensor or several, that of a function, or a plan.

    Leaves (arguments and inputs), parameters, constants, ops and outputs differ by their shapes
    and colours. A node shows its name, the call that computed it, its shape, and its value: the
    entries, or the least and the greatest where there are many, to five digits. A leaf shows its
    gradient, too, once ``backward`` has run.

    Parameters
    ----------
    *outputs : Tensor, or a function and its arguments
        What to draw, with all that it was computed from. A function is called once, and watched:
        its arguments are named as in its signature and other nodes by its variables, and those of
        your functions that it calls (c₁, c₂ where one is bound again), each call is one node,
        worded as the program wrote it, and `scope`s and modules are boxes. Where it raises, the
        picture shows what it had computed, and the call or the line that raised. Or a plan of a
        compiled function, whose picture has a node for each NumPy call of a replay.
    names : dict of str to Tensor, or list of str, optional
        What to call some Tensors, or the outputs in their order. Names go before variables; what
        has neither is v1, v2, ... What would be called as one before it is numbered: y₂.
    values : bool
        Whether to show values.
    gradients : bool
        Whether to compute the gradient of each node, for the picture alone: ``grad`` stays as it
        is. "not computed" is not 0.
    derivatives : bool
        Whether to write the local derivative at each edge: "∂y/∂x = cos(x) = 0.54", or, of an op
        that is not elementwise, the map "g ↦ g @ W.T" that takes ``g``, the cotangent of the node
        that the edge leads to, to what comes back along the edge. Where another operand of a call
        depends on x, too, it is written "∂(x + v1)/∂x = 1": of the call alone, with v1 held fixed,
        unlike the gradient ∂y/∂x. Hover text has it whole. "…"
        stands where there is no formula, as for a call of several ops, which ``unfold=True`` shows.
    collapse : "auto", bool, str or collection of str
        Whether to fold repeats, hide plain constants and close scopes. "auto" folds repeats where
        there are more than 300 nodes, closes scopes where there are more than 60 and folds their
        repeats, and of what still has more than 300 shows the 60 nodes nearest to the outputs; a
        note says so. False shows everything, which takes seconds and megabytes of thousands of
        nodes. Other texts, such as ["encoder", "decoder"], close the scopes of these names.

        "×500, the last" is drawn once for 500 repeats, as in the last of them. Its edges say what
        goes into the "first repeat", and what into the "next repeat, as x₄₉₉": under this name,
        that of the one before, it is in the formula. "numbers differ" where the formula has other
        numbers in other repeats.
    direction : "TB", "BT", "LR" or "RL"
        Where data flow: from top to bottom, bottom to top, left to right or right to left.
    theme : "auto", "light" or "dark"
        "auto" follows the reader's settings where the format can: in SVG.
    start : Tensor or str, optional
        Draw only what lies between this Tensor, or the node of this name, and the outputs: "x4" is
        x₄, too.
    reach : int, optional
        Draw only what is at most so many edges away from the outputs.
    unfold : bool
        Whether to show composite functions, as ``np.std``, op by op. What is one op here, as
        ``np.convolve``, stays one node.

    Returns
    -------
    Picture
        A ``graphviz.Digraph``: it shows itself in a notebook, and ``save`` writes it in the format
        that the file's name ends in: ".svg", ".png", ".pdf" and what else Graphviz knows; the DOT
        source under ".gv", ".dot" and without an ending. Directories that are missing are made.
        SVG needs nothing installed.

    Raises
    ------
    TypeError
        When there is neither a Tensor nor a function, a function does not take the arguments or
        returns nothing that depends on them, names are no texts for Tensors, an option is neither
        True nor False, or a plan is asked for what only Tensors have.
    ValueError
        When the start or a Tensor with a name is not in the graph, a name is there already, or
        another argument is none of those above.

    Examples
    --------
    >>> import numpy as np
    >>> x = Tensor(3.0, name="x")
    >>> y = x * np.sin(x)
    >>> picture = draw(y)
    >>> "v2</B> = x * v1" in picture.source
    True
    >>> picture = draw(lambda mass, speed: mass * speed**2 / 2, 2.0, 3.0, gradients=True)
    """
    from autodiff.drawing.folding._folding import fold
    from autodiff.drawing.pictures._dot import picture

    require_flags(values=values)
    view, start_key = read_view(
        *outputs,
        names=names,
        gradients=gradients,
        derivatives=derivatives,
        unfold=unfold,
        start=start,
    )
    folded = fold(view, collapse, start_key, reach)
    return picture(folded, direction=direction, theme=theme, values=values, gradients=gradients)


def _subject_of(given: tuple[Any, ...], door: str) -> Subject:
    """Return what is to be drawn: what a function computes, or what led to Tensors."""
    given = tuple(map(at_present, given))
    if given and callable(given[0]) and type(given[0]) is not Tensor:
        return record_subject(given[0], given[1:], door)
    if not given or any(type(y) is not Tensor for y in given):
        kinds = ", ".join(type(y).__name__ for y in given) or "nothing"
        instead = (
            'compute with Tensors, such as x = Tensor(2.0, name="x"), and '
            f"write {door}(y) for the result y, or {door}(f, x) for a function f of x"
        )
        held = given[0] if len(given) == 1 and is_container(given[0]) else ()
        if any(type(y) is Tensor for y in (held.values() if isinstance(held, dict) else held)):
            each = "outputs.values()" if isinstance(held, dict) else "outputs"
            instead = f"write {door}(*{each}), one Tensor behind the other"
        raise TypeError(f"{door} expects Tensors, but was given {kinds}: {instead}")
    return Subject(list(dict.fromkeys(given)))


def require_flags(**flags: Any) -> None:
    """Raise if an option that is on or off is neither."""
    for name, given in flags.items():
        if not isinstance(given, bool | np.bool):
            raise TypeError(f"{name} is True or False, but got {given!r:.40}")


def _require_none_given(door: str, **keywords: Any) -> None:
    """Raise if something is asked for that a plan does not know."""
    given = [name for name, value in keywords.items() if value is not None and value is not False]
    if given:
        raise TypeError(
            f"a plan has no {', '.join(given)}, for it has neither values nor Tensors: leave that "
            f"out, or write {door}(f, x) for the function that was compiled"
        )


# -- names ---------------------------------------------------------------------------------------


def give_names(subject: Subject, names: Names) -> list[tuple[str, Tensor]]:
    """Note what else the picture is to call some Tensors, and return names and Tensors."""
    pairs = _pairs(names, subject.outputs)
    for name, x in pairs:
        if not isinstance(name, str) or type(x) is not Tensor:
            raise TypeError(
                f"{_NAMES_ARE}, but got {name!r:.40} for a {type(x).__name__}: write "
                'names={"y": y}'
            )
        if not name:
            raise ValueError('names calls a Tensor "", which nobody can read: give it a name')
        subject.names[identity(x)] = name
        subject.given.add(identity(x))
    return pairs


def require_names(view: View, keys: Mapping[Any, str], pairs: Sequence[tuple[str, Tensor]]) -> None:
    """Raise if a name that was given is that of no node, or that of several."""
    failed = any(node.kind == "failed" for node in view.nodes)  # which may have been on the way
    called = {node.key: node.name for node in view.nodes}
    for name, x in pairs:
        key = keys.get(identity(x))
        if key is None and not failed:
            raise ValueError(
                f"names calls a Tensor {name!r} that the picture does not show: give names to the "
                "Tensors that the outputs were computed from"
            )
        if key is not None and called[key] != name:
            raise ValueError(
                f"names calls a Tensor {name!r}, and so is another in this graph: give another name"
            )


def _pairs(names: Names, outputs: Sequence[Tensor]) -> list[tuple[Any, Any]]:
    """Return names with the Tensors that they are for."""
    if isinstance(names, Mapping):
        return [(name, at_present(x)) for name, x in names.items()]
    if isinstance(names, str) or not isinstance(names, Sequence | None):
        instead = f"names=[{names!r:.40}]" if isinstance(names, str) else 'names={"y": y}'
        raise TypeError(f"{_NAMES_ARE}, but got {names!r:.40}: write {instead}")
    given = names or ()
    if len(given) > len(outputs):
        raise ValueError(
            f"{len(given)} names were given for {len(outputs)} output(s): a list names the outputs "
            "alone, arguments are called as in the function's signature, and other Tensors by a "
            'dict, names={"w": w}'
        )
    return list(zip(given, outputs, strict=False))


_NAMES_ARE = "names are a dict of texts to Tensors, or a list of texts for the outputs"
