"""What a lesson shows, as files beside the pages and as HTML that speaks of them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

from demos.website.files import write
from demos.website.inks import CURVES, DASHES, STYLE, for_dark_paper

SHOWN_BY = ("savefig", "new_frame_seq", "pipe", "html")  # figures, animations, graphs, steps
MANY = 1500  # polygons, from which on a surface is painted and not drawn
_SAID = re.compile(r"^# Picture: (.+(?:\n# +(?!Picture: ).+)*)\n?", re.MULTILINE)


@contextmanager
def style() -> Iterator[None]:
    """Give the figures that are drawn inside the site's look, where Matplotlib is installed."""
    try:
        from matplotlib import cycler, rc_context
    except Exception:  # missing or broken: the lessons that draw say so
        yield
        return
    cycle = cycler(color=CURVES) + cycler(linestyle=DASHES)
    with rc_context(STYLE | {"axes.prop_cycle": cycle}):
        yield


def said(source: str) -> list[str]:
    """Return what a cell's comments ``# Picture: ...`` say is to be seen, one for each picture."""
    return [re.sub(r"\s*\n# +", " ", text).strip() for text in _SAID.findall(source)]


def without_words(source: str) -> str:
    """Return a cell's code without the comments that are told to those who do not see."""
    return re.sub(r"\n{3,}", "\n\n\n", _SAID.sub("", source)).strip("\n")


def pictures(shown: list[Any], source: str, folder: Path, name: str) -> str:
    """Write what a cell shows into a folder, and return it as HTML.

    Raises
    ------
    ValueError
        When a picture is without its words, for those who do not see it.
    """
    words = said(source)
    if len(words) != len(shown):
        raise ValueError(
            f"{name}: expected a comment '# Picture: ...' for each of the {len(shown)} things "
            f"that the cell shows, got {len(words)}"
        )
    parts = [
        _one(each, alt, folder, f"{name}_{i}")
        for i, (each, alt) in enumerate(zip(shown, words, strict=True), 1)
    ]
    return f'<div class="pictures">{"".join(parts)}</div>\n' if parts else ""


def _one(each: Any, alt: str, folder: Path, name: str) -> str:
    if hasattr(each, "new_frame_seq"):
        return _animation(each, alt, folder, name)
    if hasattr(each, "savefig"):
        return _image(_write(_as_svg(each, name), folder, name), alt)
    if hasattr(each, "pipe"):  # a graph, which knows both papers by itself
        (folder / f"{name}.svg").write_bytes(each.svg())
        return (  # and can be seen at its size
            f'<a class="graph" href="{name}.svg">'
            f'<img src="{name}.svg" alt="{escape(alt)}" loading="lazy"></a>'
        )
    each.save(folder / f"{name}.html")
    return (
        f'<iframe src="{name}.html" title="{escape(alt)}" loading="lazy"></iframe>'
        f'<p class="open"><a href="{name}.html">Open these steps on a page of their own</a></p>'
    )


def _as_svg(figure: Any, name: str) -> str:
    from matplotlib import rc_context
    from matplotlib.collections import PolyCollection

    for artist in figure.findobj(PolyCollection):
        if len(artist.get_facecolor()) > MANY:
            artist.set_rasterized(True)
    text = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(
            text,
            format="svg",
            metadata={"Date": None, "Creator": None},
            dpi=150,
        )
    return text.getvalue()


def _write(svg: str, folder: Path, name: str) -> str:
    write(folder / f"{name}.svg", svg)
    write(folder / f"{name}_dark.svg", for_dark_paper(svg))
    return name


def _image(name: str, alt: str) -> str:
    return (
        f'<picture><source srcset="{name}_dark.svg" media="(prefers-color-scheme: dark)">'
        f'<img src="{name}.svg" alt="{escape(alt)}" loading="lazy"></picture>'
    )


def _animation(animation: Any, alt: str, folder: Path, name: str) -> str:
    """Write the frames as pictures; the last is shown until the animation is started."""
    from matplotlib.animation import AbstractMovieWriter

    frames: list[str] = []

    class Frames(AbstractMovieWriter):
        def setup(self, fig: Any, outfile: Any, dpi: float | None = None) -> None:
            super().setup(fig, outfile, dpi)

        def grab_frame(self, **keywords: Any) -> None:
            frame = f"{name}_{len(frames):03}"
            frames.append(_write(_as_svg(self.fig, name), folder, frame))

        def finish(self) -> None:
            pass

    animation.save("", writer=Frames(fps=8), dpi=100)
    return (
        f'<div class="animation" data-name="{name}" data-frames="{len(frames)}">'
        f"{_image(frames[-1], alt)}</div>"
    )
