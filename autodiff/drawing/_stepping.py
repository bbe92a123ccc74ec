"""Stepping through the chain rule, forward and back, on a page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiff.drawing._graph import Names
    from autodiff.drawing._view import View
    from autodiff.drawing.reading._functions import Subject

MOST_OPS = 500  # beyond this nobody steps
ENDINGS = (".html", ".htm", "")  # of a page's file


def steps(
    f: Callable[..., Any] | None = None,
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
        Tensors, arrays, numbers, and structures of them.
    names : dict of str to Tensor, or list of str, optional
        What to call Tensors that ``f`` uses; in a list, its output. Arguments are named by the
        signature, and what is computed by the variables of ``f`` that it is bound to.
    theme : {"auto", "light", "dark"}
        "auto" follows the reader's settings.
    direction : {"TB", "LR", "BT", "RL"}
        Where data flow: from top to bottom, from left to right, ...
    title : str, optional
        By default "Stepping through" and the function's name.

    Returns
    -------
    Steps
        It shows itself in a notebook, ``save("steps.html")`` writes the page, and ``html`` is its
        text.

    Raises
    ------
    TypeError
        When ``f`` is no function, does not take the arguments, or does not return one real number
        that depends on them.
    ValueError
        When there are more than 500 ops, or an option is unknown.

    Notes
    -----
    ``f`` is called once: random numbers in it are drawn once, and the page is about these. Where
    ``f`` raises, the page leads as far as the call that failed, and its last step says why.
    Numbers have four decimals, or five digits where these say more. An array is shown by its shape
    and its range, or its few entries.

    Examples
    --------
    >>> page = steps(lambda x, y: x * y + y, 3.0, 2.0)
    >>> "∂output/∂y" in page.html
    True
    """
    from autodiff.drawing._graph import give_names, require_names
    from autodiff.drawing._values import printable
    from autodiff.drawing.page._phrases import with_printable_words
    from autodiff.drawing.page._steps import steps_of
    from autodiff.drawing.page._steps_page import page
    from autodiff.drawing.reading._functions import record_subject
    from autodiff.drawing.reading._nodes import view_of

    f, code = _require_function(f)
    _require_options(direction, theme, title)
    subject = record_subject(f, args, "steps")
    pairs = give_names(subject, names)
    view, keys = view_of(subject, unfold=True)
    require_names(view, keys, pairs)
    _require_one_number(subject, view)
    ops = sum(bool(node.formula) for node in view.nodes)
    if ops > MOST_OPS:
        raise ValueError(
            f"this computation has {ops} ops, and nobody steps through more than {MOST_OPS}: give "
            "a smaller part of it, fewer layers or fewer repeats"
        )
    view = with_printable_words(view)
    named = printable(title if title is not None else f"Stepping through {_name(f)}")
    start = (code.co_filename, code.co_firstlineno) if code else None
    html = page(view, steps_of(view, keys), start, theme=theme, direction=direction, title=named)
    return Steps(html, named)


def _require_function(f: Any) -> tuple[Callable[..., Any], CodeType | None]:
    """Return a function and its code."""
    from autodiff.drawing.reading._variables import code_of

    if callable(f):
        return f, code_of(f, "steps")
    given = "nothing" if f is None else f"a {type(f).__name__}"
    raise TypeError(
        f"steps expects a function and its arguments, but was given {given}: write steps(f, x), "
        "where f computes what steps is to show"
    )


def _require_options(direction: Any, theme: Any, title: Any) -> None:
    from autodiff.drawing._themes import THEMES
    from autodiff.drawing.pictures._dot import DIRECTIONS

    for option, given, known in (("direction", direction, DIRECTIONS), ("theme", theme, THEMES)):
        if not isinstance(given, str) or given not in known:
            raise ValueError(f"unknown {option} {given!r:.40}: give one of {', '.join(known)}")
    if title is not None and not isinstance(title, str):
        raise TypeError(f"the title of a page is a text, but got {title!r:.40}")


def _require_one_number(subject: Subject, view: View) -> None:
    """Raise if there is no way back from what a function returned, unless it failed before."""
    kinds = [node.kind for node in view.nodes]
    if "failed" in kinds:
        return
    y = subject.outputs[0]
    if len(subject.outputs) > 1:
        came, instead = f"{len(subject.outputs)} of them", "return their sum, or one of them"
    elif y.size != 1:
        came, instead = f"an array of shape {y.shape}", "return its sum, np.sum(...), or one entry"
    elif y.dtype.kind == "c":
        came, instead = "a complex number", "return its real part, or np.abs(...) ** 2"
    elif "output" not in kinds:
        came, instead = "an argument itself", "compute something from it"
    else:
        return
    raise TypeError(
        "steps expects a function that returns one real number, computed from its arguments, but "
        f"it returned {came}: {instead}"
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

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the page to a file, whole or not at all, and return its path.

        Directories that are missing are made.

        Raises
        ------
        ValueError
            When the name has an ending other than ".html" and ".htm".
        OSError
            When the file cannot be written.
        """
        from autodiff.drawing._whole_file import write_whole

        ending = Path(path).suffix
        if ending.lower() not in ENDINGS:
            raise ValueError(
                f"a page is not written as {ending!r}: it is HTML, and its file ends in .html, "
                ".htm or nothing; for a picture of the graph write draw(f, x).save(...)"
            )
        write_whole(Path(path), self.html.encode())
        return str(Path(path))


def _name(f: Callable[..., Any]) -> str:
    name: str = getattr(f, "__name__", type(f).__name__)
    return "a function" if name == "<lambda>" else name
