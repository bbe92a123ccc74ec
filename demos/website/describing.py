"""pdoc, with signatures as one writes them and a search that needs no server; run as a program.

Its templates are beside it. What it imports to describe it stays in its own process.
"""

from __future__ import annotations

import json
import re
import runpy
from typing import Any

import numpy.typing
import pdoc.doc
import pdoc.render

from demos.contents import HEADINGS

_PLAIN = (
    (r"ForwardRef\('([^']*)'\)", r"\1"),
    (r": '([^']*)'", r": \1"),  # an annotation that only a type checker evaluates
    (r"<(?:class '(?:\w+\.)*|function )(\w+)'?>", r"\1"),  # a default
    (r"\b(autodiff|nn|optim|fit)\.[\w.]*\b_\w+\.(?:\w+\.)*(\w+)", r"\1.\2"),
    (r"\b(?:scipy|numpy|typing|random)\.(?:\w+\.)*(\w+)", r"\1"),
    (r"ndarray\[tuple\[Any, \.\.\.\], dtype\[\w+\]\]", "ndarray"),
)


def plain(signature: str) -> str:
    """Return a part of a signature without what an interpreter adds to it.

    >>> plain("scale: scipy.optimize._optimize.OptimizeResult = <function constant>")
    'scale: OptimizeResult = constant'
    """
    for found, written in _PLAIN:
        signature = re.sub(found, written, signature)
    return signature


def main() -> None:
    """Run pdoc with the command line's arguments."""
    # Those of NumPy's types that are unions would be spelt out without names.
    for name in ("ArrayLike", "DTypeLike"):
        setattr(numpy.typing, name, type(name, (), {"__module__": "numpy.typing"}))
    spelt: Any = pdoc.doc._remove_collections_abc  # through which all signatures go
    pdoc.doc._remove_collections_abc = lambda text: plain(spelt(text))
    pdoc.render.precompile_index = lambda docs, _: json.dumps(
        # names and docstrings are searched
        [doc | {"signature": "", "bases": plain(doc.get("bases", ""))} for doc in docs]
    )
    pdoc.render.env.globals["headings"] = HEADINGS
    runpy.run_module("pdoc", run_name="__main__")


if __name__ == "__main__":
    main()
