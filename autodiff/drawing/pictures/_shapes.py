"""The outlines of nodes in SVG: what tells their kinds apart without colours."""

from __future__ import annotations

FOLD = 8.0  # the corner of a page, the tab of a folder, the rim of a cylinder
ROUND = 7.0
CUT = 7.0  # the corners of a stop sign
DOUBLE = 3.0  # between an output's two lines


def outline(kind: str, width: float, height: float) -> str:
    """Return a kind's outline as the data of a path, relative to the upper left corner."""
    w, h = width, height
    if kind == "leaf":
        return path("h", w, "v", h, "h", -w, "z")
    if kind == "parameter":
        rim = FOLD / 2
        top = path("m", 0, rim, "a", w / 2, rim, 0, 0, 1, w, 0, "v", h - FOLD)
        return top + path("a", w / 2, rim, 0, 0, 1, -w, 0, "z", "a", w / 2, rim, 0, 0, 0, w, 0)
    if kind == "constant":
        page = path("h", w - FOLD, "l", FOLD, FOLD, "v", h - FOLD, "h", -w, "z")
        return page + path("m", w - FOLD, 0, "v", FOLD, "h", FOLD)
    if kind == "scope":
        tab = path("v", -FOLD / 2, "h", 3 * FOLD, "l", FOLD / 2, FOLD / 2)
        return tab + path("h", w - 3.5 * FOLD, "v", h, "h", -w, "z")
    if kind == "cut":
        r = h / 2
        right = path("m", r, 0, "h", w - h, "a", r, r, 0, 0, 1, 0, h)
        return right + path("h", h - w, "a", r, r, 0, 0, 1, 0, -h, "z")
    if kind == "failed":
        across, down = w - 2 * CUT, h - 2 * CUT
        right = path("m", CUT, 0, "h", across, "l", CUT, CUT, "v", down, "l", -CUT, CUT)
        return right + path("h", -across, "l", -CUT, -CUT, "v", -down, "z")
    if kind == "output":
        inner = _round_corners(w - 2 * DOUBLE, h - 2 * DOUBLE, ROUND - DOUBLE)
        return _round_corners(w, h, ROUND) + path("m", DOUBLE - ROUND, DOUBLE) + inner
    return _round_corners(w, h, ROUND)


def _round_corners(w: float, h: float, r: float) -> str:
    across, down = w - 2 * r, h - 2 * r
    right = path("m", r, 0, "h", across, "a", r, r, 0, 0, 1, r, r, "v", down)
    left = path("h", -across, "a", r, r, 0, 0, 1, -r, -r, "v", -down)
    return right + path("a", r, r, 0, 0, 1, -r, r) + left + path("a", r, r, 0, 0, 1, r, -r, "z")


def path(*parts: str | float) -> str:
    """Return the data of a path from commands and numbers."""
    words = [part if isinstance(part, str) else f"{number(part)} " for part in parts]
    return "".join(words).replace(" -", "-")


def number(value: float) -> str:
    """Return a coordinate, to a tenth of a point."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")  # + 0.0 makes a zero of -0.0
