"""A picture: what Graphviz or the own layout draws of a view, as bytes, in files, in notebooks."""

from __future__ import annotations

import os
from functools import partialmethod
from pathlib import Path
from typing import NamedTuple

import graphviz

from autodiff.drawing._view import View
from autodiff.drawing._whole_file import write_whole
from autodiff.drawing.pictures._head import with_head
from autodiff.drawing.pictures._programs import drawer, require_known

SOURCES = ("", ".gv", ".dot")  # the endings of what Graphviz reads
INSTEAD = (
    "pip install 'chainrule[draw]', or install Graphviz so that its program dot is on the PATH"
)


class Origin(NamedTuple):
    """What a picture was made of, and the lines of DOT that it then had."""

    view: View
    theme: str
    values: bool
    gradients: bool
    body: tuple[str, ...]


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz is untyped
    """A graph that shows itself in a notebook, and is written in any of Graphviz's formats.

    The program ``dot`` draws it, or where there is none the Graphviz in pygraphviz; where neither
    is, it is drawn as SVG by a simpler layout of its own. What ``graphviz.Digraph`` offers applies:
    ``source`` is the text for Graphviz, and ``graph_attr["rankdir"] = "LR"`` turns the graph from
    left to right.
    """

    origin: Origin | None = None

    def copy(self) -> Picture:
        """Return an independent copy."""
        copied: Picture = super().copy()
        copied.origin = self.origin
        return copied

    def svg(self) -> bytes:
        """Return the picture as SVG; raises as `pipe` does."""
        return self._image("svg", self.engine)

    def png(self) -> bytes:
        """Return the picture as PNG; raises as `pipe` does."""
        return self._image("png", self.engine)

    def pdf(self) -> bytes:
        """Return the picture as PDF; raises as `pipe` does."""
        return self._image("pdf", self.engine)

    def pipe(
        self, format: str | None = None, *, engine: str | None = None, encoding: str | None = None
    ) -> bytes | str:
        """Return the image in a format such as "svg", "png" or "pdf"; as text with an encoding.

        Raises
        ------
        ValueError
            When the format or the engine is unknown.
        RuntimeError
            When there is no program that draws, or it fails.
        TimeoutError
            When the program has not drawn it within a minute.
        """
        image = self._image(format or self.format, engine or self.engine)
        return image if encoding is None else image.decode(encoding)

    def save(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write the picture in the format that the file's name ends in, and return its path.

        Without an ending, with ".gv" or ".dot", or without a name, the DOT source is written.

        Raises
        ------
        ValueError
            When the ending is no format that is known.
        OSError
            When the file cannot be written.
        RuntimeError, TimeoutError
            As `pipe` does.
        """
        ending = Path(filename).suffix if filename is not None else ""
        if ending.lower() in SOURCES:
            return self._save_source(filename, directory, bool(skip_existing))
        path = Path(self.directory if directory is None else directory or "", filename or "")
        if not (skip_existing and path.exists()):
            write_whole(path, self._image(ending[1:].lower(), self.engine))
        return str(path)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
    ) -> str:
        """Write the DOT source and beside it the image, and return the image's path.

        Name either the source by ``filename``, to which the image's name adds the format, or the
        image by ``outfile``, whose ending says the format. ``cleanup`` removes the source again,
        and ``view`` opens the image. Raises as `save` does, before anything is written.
        """
        if outfile is not None:
            format = format or Path(outfile).suffix[1:]
            filename = filename or Path(outfile).with_suffix(".gv")
        format = format or self.format
        image = self._image(format, engine or self.engine)
        source = Path(self._save_source(filename, directory))
        path = Path(f"{source}.{format}") if outfile is None else Path(self.directory, outfile)
        write_whole(path, image)
        if cleanup and source != path:
            source.unlink()
        if view:
            graphviz.view(path)
        return str(path)

    view = partialmethod(render, view=True)

    def _save_source(
        self,
        filename: str | os.PathLike[str] | None,
        directory: str | os.PathLike[str] | None,
        skip_existing: bool = False,
    ) -> str:
        if filename is not None:
            self.filename = filename
        if directory is not None:
            self.directory = directory
        path = Path(self.filepath)
        if not (skip_existing and path.exists()):
            write_whole(path, self.source.encode(self.encoding))
        return str(path)

    def _image(self, format: str, engine: str) -> bytes:
        """Return the image in a format; nothing else is ever given in its place."""
        require_known(format, engine)
        if image_of := drawer():
            image = image_of(self.source.encode(), format, engine)
            is_svg = format in ("svg", "svg_inline")
            auto = self.origin is not None and self.origin.theme == "auto"
            return with_head(image, auto) if is_svg else image
        if format != "svg" or engine != "dot":
            raise RuntimeError(f"no program that draws {format!r}: {INSTEAD}")
        return self._own_svg().encode()

    def _own_svg(self) -> str:
        from autodiff.drawing.pictures._svg import svg

        if self.origin is None or self.origin.body != tuple(self.body):
            raise RuntimeError(f"no program that draws what was added to the picture: {INSTEAD}")
        view, theme, values, gradients, _ = self.origin
        direction = self.graph_attr.get("rankdir", "TB")
        return svg(view, direction=direction, theme=theme, values=values, gradients=gradients)
