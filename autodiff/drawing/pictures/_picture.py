"""A picture: what Graphviz or the own layout draws of a view, as bytes, in files, in notebooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import graphviz

from autodiff.drawing._view import View
from autodiff.drawing._whole_file import write_whole
from autodiff.drawing.pictures._head import with_head
from autodiff.drawing.pictures._programs import (
    Request,
    drawer,
    require_image,
    require_known,
    require_no_dot,
)

SOURCES = ("", "gv", "dot")  # the endings of what Graphviz reads
INSTEAD = (
    "pip install 'chainrule[draw]', or install Graphviz so that its program dot is on the PATH"
)


class Origin(NamedTuple):
    """What a picture was made of, and what `parts` of DOT it then had."""

    view: View
    theme: str
    values: bool
    gradients: bool
    parts: tuple[Any, ...]


def parts(graph: graphviz.Digraph) -> tuple[Any, ...]:
    """Return what a graph's source says, but for its direction."""
    attributes = {name: value for name, value in graph.graph_attr.items() if name != "rankdir"}
    return tuple(graph.body), attributes, dict(graph.node_attr), dict(graph.edge_attr)


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
        return self._image("svg")

    def png(self) -> bytes:
        """Return the picture as PNG; raises as `pipe` does."""
        return self._image("png")

    def pdf(self) -> bytes:
        """Return the picture as PDF; raises as `pipe` does."""
        return self._image("pdf")

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> bytes | str:
        """Return the image in a format such as "svg", "png" or "pdf"; as text with an encoding.

        The arguments are those of ``graphviz.Digraph.pipe``: what ``renderer``, ``formatter`` and
        ``neato_no_op`` ask for the program ``dot`` alone does. What Graphviz warns of is not shown,
        ``quiet`` or not.

        Raises
        ------
        ValueError
            When the format, the engine, the renderer or the formatter is unknown.
        RuntimeError
            When there is no program that draws what was asked for, or it fails.
        TimeoutError
            When the program has not drawn it within a minute.
        """
        image = self._image(format, engine, renderer, formatter, neato_no_op)
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
        ending = "" if filename is None else _ending(filename).lower()
        if ending in SOURCES:
            return self._save_source(filename, directory, bool(skip_existing))
        path = Path(self.directory if directory is None else directory or "", filename or "")
        if not (skip_existing and path.exists()):
            write_whole(path, self._image(ending))
        return str(path)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Write the DOT source and beside it the image, and return the image's path.

        Name either the source by ``filename``, to which the image's name adds the format, or the
        image by ``outfile``, whose ending says the format. ``cleanup`` removes the source again,
        and ``view`` opens the image. The other arguments are those of ``graphviz.Digraph.render``
        and `pipe`. Raises as `save` does, before anything is written.
        """
        if outfile is not None:
            format = format or _ending(outfile).lower()
            filename = filename or Path(outfile).with_suffix(".gv")
        format = format or self.format
        home = self.directory if directory is None else directory
        source = Path(home, self.filename if filename is None else filename)
        added = (formatter or self.formatter, renderer or self.renderer, format)
        path = Path(".".join(map(str, filter(None, (source, *added)))))
        path = path if outfile is None else Path(home, outfile)
        _require_free(path, source, raise_if_result_exists, overwrite_source)
        image = self._image(format, engine, renderer, formatter, neato_no_op)
        self._save_source(filename, directory)
        write_whole(path, image)
        if cleanup and source.resolve() != path.resolve():
            source.unlink()
        if view or quiet_view:
            graphviz.view(path, quiet=quiet_view)
        return str(path)

    def view(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        cleanup: bool = False,
        quiet: bool = False,
        quiet_view: bool = False,
        **more: Any,
    ) -> str:
        """Render the picture and open the image; the arguments are those of `render`."""
        given = {"cleanup": cleanup, "quiet": quiet, "quiet_view": quiet_view, **more}
        return self.render(filename, directory, view=True, **given)

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

    def _image(
        self,
        format: str | None = None,
        engine: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        no_op: bool | int | None = None,
    ) -> bytes:
        """Return the image in a format; nothing else is ever given in its place."""
        request = Request(
            format or self.format,
            engine or self.engine,
            renderer or self.renderer,
            formatter or self.formatter,
            int(no_op or 0),
        )
        require_known(request)
        if image_of := drawer():
            image = image_of(self.source.encode(), request)
            require_image(image, request.format)
            is_svg = request.format in ("svg", "svg_inline") and not request.renderer
            auto = self.origin is not None and self.origin.theme == "auto"
            return with_head(image, auto) if is_svg else image
        require_no_dot(request)
        if request[:2] != ("svg", "dot"):
            raise RuntimeError(f"no program that draws {request.format!r}: {INSTEAD}")
        return self._own_svg().encode()

    def _own_svg(self) -> str:
        from autodiff.drawing.pictures._svg import svg

        if self.origin is None or self.origin.parts != parts(self):
            raise RuntimeError(
                f"no program that draws what was added to the picture or changed in it: {INSTEAD}"
            )
        view, theme, values, gradients, _ = self.origin
        direction = self.graph_attr.get("rankdir", "TB")
        return svg(view, direction=direction, theme=theme, values=values, gradients=gradients)


def _require_free(path: Path, source: Path, is_new: bool, may_be_source: bool) -> None:
    """Raise where an image must not be written at the path."""
    if is_new and path.exists():
        raise graphviz.FileExistsError(f"the image is there already: {str(path)!r}")
    if source.resolve() == path.resolve() and not may_be_source:
        raise ValueError(
            f"the image would replace its source {str(source)!r}: give another outfile, or "
            "overwrite_source=True"
        )


def _ending(filename: str | os.PathLike[str]) -> str:
    """Return what follows the last dot of a name, the first character or not: "svg"."""
    _, dot, ending = Path(filename).name.rpartition(".")
    return ending if dot else ""
