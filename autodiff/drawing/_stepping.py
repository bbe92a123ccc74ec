"""Stepping through the chain rule, forward and back, on a page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiff.drawing._graph import Names
    from autodiff.drawing._view import View
    from autodiff.drawing.reading._functions import Subject

MOST_OPS = 500  # beyond this nobody steps


def steps(
    f: Callable[..., Any],
    *args: Any,
    names: Names = None,
    theme: str = "auto",
    direction: str = "TB",
    title: str | None = None,
) -> Steps:
    """Show how ``f`` is computed and differentiated, step by step.

    The page shows the graph and the source side by side. Going forward each op's value appears
    with its local derivatives, as formulas and with the numbers in them; going back each cotangent
    comes along its edge, is multiplied by the local derivative and added to what came before.

    Parameters
    ----------
    f : callable
        Takes the arguments as Tensors and returns one real number.
    *args
        Arrays, numbers, and structures of them.
    names : dict of str to Tensor, or list of str, optional
        What to call Tensors that ``f`` uses; in a list, its output. Arguments are named by the
        signature, and what is computed by the variables of ``f`` that it is bound to.
    theme : {"auto", "light", "dark"}
        "auto" follows the reader's settings.
    direction : {"TB", "LR"}
        Whether data flow from top to bottom or from left to right.
    title : str, optional
        By default the function's name.

    Returns
    -------
    Steps
        It shows itself in a notebook, and ``save("steps.html")`` writes the page.

    Raises
    ------
    TypeError, ValueError
        When ``f`` does not return one real number that depends on the arguments, or there are more
        than 500 ops.

    Examples
    --------
    >>> page = steps(lambda x, y: x * y + y, 3.0, 2.0)
    >>> "∂output/∂y" in page.html
    True
    """
    from autodiff.drawing._graph import give_names
    from autodiff.drawing.page._steps import steps_of
    from autodiff.drawing.page._steps_page import page
    from autodiff.drawing.reading._functions import record_subject
    from autodiff.drawing.reading._nodes import view_of
    from autodiff.drawing.reading._variables import code_of

    _require_options(f, direction, theme)
    subject = record_subject(f, args, "steps")
    give_names(subject, names)
    view, keys = view_of(subject, unfold=True)
    _require_one_output(subject, view)
    ops = sum(bool(node.formula) for node in view.nodes)
    if ops > MOST_OPS:
        raise ValueError(
            f"this computation has {ops} ops, and nobody steps through more than {MOST_OPS}: give "
            "a smaller part of it, fewer layers or fewer repeats"
        )
    named = title if title is not None else f"Stepping through {_name(f)}"
    code = code_of(f)
    start = (code.co_filename, code.co_firstlineno) if code else None
    html = page(view, steps_of(view, keys), start, theme=theme, direction=direction, title=named)
    return Steps(html, named)


def _require_options(f: Any, direction: str, theme: str) -> None:
    from autodiff.drawing._themes import THEMES
    from autodiff.drawing.pictures._dot import DIRECTIONS

    if not callable(f):
        raise TypeError(
            f"steps expects a function and its arguments, but was given {type(f).__name__}: write "
            "steps(f, x), where f computes what steps is to show"
        )
    for option, given, known in (("direction", direction, DIRECTIONS), ("theme", theme, THEMES)):
        if given not in known:
            raise ValueError(f"unknown {option} {given!r}: give one of {', '.join(known)}")


def _require_one_output(subject: Subject, view: View) -> None:
    kinds = [node.kind for node in view.nodes]
    if "failed" not in kinds and (len(subject.outputs) != 1 or "output" not in kinds):
        raise TypeError(
            "steps expects a function that returns one real number, computed from its arguments, "
            f"but it returned {len(subject.outputs)}, or an argument itself: return a sum of them"
        )


class Steps:
    """A page that steps through the chain rule. In a notebook it shows itself.

    Attributes
    ----------
    html : str
        The page, which needs nothing beside it.
    title : str
    """

    def __init__(self, html: str, title: str) -> None:
        self.html = html
        self.title = title

    def __repr__(self) -> str:
        return f'<Steps {self.title!r}: save("steps.html") writes the page>'

    def _repr_html_(self) -> str:
        from html import escape

        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(self.html)}" '
            'style="width: 100%; height: 46rem; border: 0"></iframe>'
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file: whole, or not at all.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        from autodiff.drawing._whole_file import write_whole

        write_whole(Path(path), self.html.encode())


def _name(f: Callable[..., Any]) -> str:
    name: str = getattr(f, "__name__", type(f).__name__)
    return "a function" if name == "<lambda>" else name
