"""Pictures of computation graphs, in which each node reads like a line of the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from autodiff._core.array_kinds import at_present
from autodiff._core.tensor import Tensor
from autodiff.drawing._view import View
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
) -> tuple[View, str | None]:
    """Return the view of Tensors, of a function and its arguments or a plan; the key of its start.

    All that is shown of a graph is made of this; the keywords are those of `draw`.
    """
    if len(given) == 1 and hasattr(given[0], "lines"):
        return view_of_plan(given[0].lines), None
    subject = _subject_of(given)
    give_names(subject, names)
    view, keys = view_of(subject, gradients=gradients, derivatives=derivatives, unfold=unfold)
    return view, None if start is None else _key_of(start, view, keys)


def draw(
    *outputs: Any,
    names: Names = None,
    values: bool = True,
    gradients: bool = False,
    derivatives: bool = False,
    collapse: str | bool = "auto",
    direction: str = "TB",
    theme: str = "auto",
    start: Tensor | str | None = None,
    reach: int | None = None,
    unfold: bool = False,
) -> Picture:
    """Draw the graph behind one Tensor or several, that of a function, or a plan.

    Leaves (arguments and inputs), parameters, constants, ops and outputs differ by their shapes
    and colours. A node shows its name (v1, v2, ... where it has none), the call that computed it,
    its shape, and its value, or the least and the greatest where there are many; a leaf its
    gradient, too, once ``backward`` has run.

    Parameters
    ----------
    *outputs : Tensor, or a function and its arguments
        What to draw, with all that it was computed from. A function is call_of, and watched: its
        arguments are named as in its signature, each call is one node, worded as the program wrote
        it, and `scope`s and modules are boxes. Where it raises, the picture shows what it had
        computed, and the call that raised. Or a plan of a compiled function, whose picture has a
        node for each NumPy call of a replay.
    names : dict of str to Tensor, or list of str, optional
        What to call some Tensors, or the outputs in their order.
    values : bool
        Whether to show values.
    gradients : bool
        Whether to compute the gradient of each node, for the picture alone: ``grad`` stays as it
        is.
    derivatives : bool
        Whether to write the local derivative at each edge: "∂y/∂x = cos(x) = 0.54", or, of an op
        that is not elementwise, the map "g ↦ g @ W.T" that takes ``g``, the cotangent of the node
        that the edge leads to, to what comes back along the edge. Hover text has it whole.
    collapse : "auto", bool or str
        Whether to fold repeats and close scopes; "auto" does so for large graphs.
    direction : "TB", "LR", "BT" or "RL"
        Where data flow: from top to bottom, ...
    theme : "auto", "light" or "dark"
    start : Tensor or str, optional
        Draw only what lies between this Tensor, or the node of this name, and the outputs.
    reach : int, optional
        Draw only what is at most so many edges away from the outputs.
    unfold : bool
        Whether to show composite functions, as ``np.std``, op by op.

    Returns
    -------
    Picture
        A ``graphviz.Digraph``: it shows itself in a notebook, and ``save("graph.svg")`` writes it.

    Raises
    ------
    TypeError
        When there is neither a Tensor nor a function, or a function does not take the arguments or
        returns nothing that depends on them.
    ValueError
        When the start is not in the graph.

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


def _subject_of(given: tuple[Any, ...]) -> Subject:
    """Return what is to be drawn: what a function computes, or what led to Tensors."""
    given = tuple(map(at_present, given))
    if given and callable(given[0]) and type(given[0]) is not Tensor:
        return record_subject(given[0], given[1:])
    if not given or any(type(y) is not Tensor for y in given):
        kinds = ", ".join(type(y).__name__ for y in given) or "nothing"
        raise TypeError(
            f"draw expects Tensors, but was given {kinds}: compute with Tensors, such as "
            'x = Tensor(2.0, name="x"), and draw the result, or give a function and its arguments'
        )
    return Subject(list(dict.fromkeys(given)))


def give_names(subject: Subject, names: Names) -> None:
    """Note what else the picture is to call some Tensors."""
    if isinstance(names, Mapping):
        pairs = list(names.items())
    else:
        pairs = list(zip(names or (), subject.outputs, strict=False))
        if len(names or ()) > len(pairs):
            raise ValueError(f"{len(names or ())} names were given for {len(pairs)} output(s)")
    for name, x in pairs:
        x = at_present(x)
        if not isinstance(name, str) or type(x) is not Tensor:
            raise TypeError(
                "names are a dict of texts to Tensors, or a list of texts for the outputs, but got "
                f"{name!r:.40} for a {type(x).__name__}"
            )
        subject.names[identity(x)] = name


def _key_of(start: Tensor | str, view: View, keys: dict[Any, str]) -> str:
    """Return the key of the node where a picture is to start."""
    if isinstance(start, str):
        found = [node.key for node in view.nodes if node.name == start]
    else:
        found = [keys[start]] if start in keys else []
    if not found:
        names = ", ".join(node.name for node in view.nodes[:10])
        raise ValueError(f"start is not in this graph, whose nodes are {names}: got {start!r:.60}")
    return found[0]
