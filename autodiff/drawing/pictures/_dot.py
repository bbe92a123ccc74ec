"""A view in Graphviz's language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from autodiff.drawing._themes import FONT, SIZE, SMALL, THEMES, Theme
from autodiff.drawing._values import (
    Piece,
    caption,
    edge_hover_text,
    edge_text,
    hover_text,
    lines,
    printable,
)
from autodiff.drawing._view import Edge, Home, Vertex, View
from autodiff.drawing.pictures._picture import Origin, Picture, parts

FEW_NODES = 50
DIRECTIONS = ("TB", "BT", "LR", "RL")
DRUM = {  # stored from step to step; its text is at the bottom, clear of the rim
    "shape": "cylinder",
    "penwidth": "1.6",
    "margin": "0.12,0.035",
    "labelloc": "b",
}
SHAPES = {  # which tell the kinds of nodes apart without colours
    "leaf": {"penwidth": "1.6"},
    "parameter": DRUM,
    "constant": {"shape": "note"},
    "op": {"style": "filled,rounded"},
    "output": {"style": "filled,rounded", "peripheries": "2"},
    "scope": {"shape": "folder"},
    "cut": {"shape": "ellipse"},
    "failed": {"style": "filled,diagonals", "penwidth": "2.4"},
}
EDGES = {
    "constant": {"style": "dashed"},
    "cut": {"style": "dashed"},
    "op": {"weight": "4"},
}  # a straight spine
LABEL = {"shape": "plain", "style": "", "class": "label"}
BACK = {"style": "dashed", "constraint": "false"}


def picture(
    view: View,
    *,
    direction: str = "TB",
    theme: str = "auto",
    values: bool = True,
    gradients: bool = False,
) -> Picture:
    """Return the picture of a view.

    Raises
    ------
    ValueError
        When the direction or the theme is unknown.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"unknown direction {direction!r}: give one of {', '.join(DIRECTIONS)}")
    if not isinstance(theme, str) or theme not in THEMES:
        raise ValueError(f"unknown theme {theme!r}: give one of {', '.join(THEMES)}")
    colours = THEMES[theme]
    drawn = Picture(format="svg", **_style(colours, direction, len(view.nodes)))
    if view.notes:
        label = _label(caption(view.notes), colours)
        drawn.graph_attr |= {"label": label, "labelloc": "t", "labeljust": "l"}
    attributes = {node.key: _node(node, colours, values, gradients) for node in view.nodes}
    edges, before = _edges_and_labels(view, attributes, colours, direction in ("LR", "RL"))
    rows = [row for node in view.nodes for row in (*before.get(node.key, ()), node)]
    _add_nodes(drawn, rows, attributes, colours)
    for tail, head, how in edges:
        drawn.edge(tail, head, **how)
    drawn.origin = Origin(view, theme, values, gradients, parts(drawn))
    return drawn


def _edges_and_labels(
    view: View, attributes: dict[str, dict[str, str]], colours: Theme, aside: bool
) -> tuple[list[tuple[str, str, dict[str, str]]], dict[str, list[Vertex]]]:
    """Return the edges, and labels that are nodes before their heads; add their attributes."""
    nodes = {node.key: node for node in view.nodes}
    edges = [
        (e.tail, e.head, _edge(e, nodes[e.tail], nodes[e.head], colours, aside)) for e in view.edges
    ]
    before: dict[str, list[Vertex]] = {}
    for i in _labels_at_heads(view, aside):
        tail, head, how = edges[i]
        if "label" in how:
            key = f"label{i}"
            before.setdefault(head, []).append(Vertex(key, "label", ""))
            before[head][-1].home = nodes[head].home
            label, how["tooltip"] = how.pop("label"), how.pop("labeltooltip")
            attributes[key] = LABEL | {"label": label, "tooltip": how["tooltip"]}
            enters_box = not aside and _enters_box(nodes[tail].home, nodes[head].home)
            room = {"minlen": "2"} if enters_box else {}  # for a tail above the box, not beside it
            edges[i] = tail, key, how | {"arrowhead": "none"} | room
            edges.append((key, head, how | {"weight": "16"}))
    return edges, before


def _labels_at_heads(view: View, aside: bool) -> Iterator[int]:
    """Yield the edges whose labels would stand far from both ends, or across a cluster's border.

    Graphviz puts the label in the middle of an edge, and an operand's edges are long where it has
    other uses. Nor does it keep a label beside an edge within the cluster of the edge's ends. Such
    a label is a node just before the head.
    """
    homes = {node.key: node.home for node in view.nodes}
    heads: dict[str, set[str]] = {}
    for edge in view.edges:
        heads.setdefault(edge.tail, set()).add(edge.head)
    for i, edge in enumerate(view.edges):
        home = homes[edge.head]
        may_cross_border = homes[edge.tail] != home or (home and not aside)
        if not edge.leads_back and (may_cross_border or len(heads[edge.tail]) > 1):
            yield i


def _enters_box(tail: Home, head: Home) -> bool:
    """Whether a head is in a cluster that its tail is not in."""
    return head != tail[: len(head)]


def _style(theme: Theme, direction: str, count: int) -> dict[str, dict[str, str]]:
    """Return what the graph, its nodes and its edges have in common."""
    font = {"fontname": FONT, "fontsize": f"{SIZE:g}", "fontcolor": theme.text["name"]}
    graph = {"rankdir": direction, "bgcolor": theme.paper, "pad": "0.15"}
    # How long to look for straight edges: 150 nodes with an operand in common take a second by 1,
    # five by 8, and minutes without a limit.
    effort = {"nslimit": "8" if count <= FEW_NODES else "1"}
    spaces = {"nodesep": "0.3", "ranksep": "0.35"}
    order = {"outputorder": "edgesfirst"}  # then the nodes, in the order of computing
    node = {"shape": "box", "style": "filled", "margin": "0.12,0.07", "height": "0.3"}
    edge = {"color": theme.line, "arrowsize": "0.7"}
    beside = {"fontsize": f"{SMALL:g}", "fontcolor": theme.text["derivative"]}
    return {
        "graph_attr": graph | spaces | effort | order | font,
        "node_attr": node | font,
        "edge_attr": edge | font | beside,
    }


def _add_nodes(
    graph: Picture,
    nodes: Sequence[Vertex],
    attributes: dict[str, dict[str, str]],
    theme: Theme,
    depth: int = 0,
) -> None:
    """Add nodes whose scopes agree down to a depth, in clusters of the scopes below."""
    groups: dict[str | Home, list[Vertex]] = {}
    for node in nodes:
        is_deeper = len(node.home) > depth
        groups.setdefault(node.home[: depth + 1] if is_deeper else node.key, []).append(node)
    for group, members in groups.items():
        if isinstance(group, str):
            graph.node(group, **attributes[group])
            continue
        with graph.subgraph(name=f"cluster_{members[0].key}_{depth}") as cluster:
            cluster.graph_attr |= _cluster([name for name, _ in group], theme)
            _add_nodes(cluster, members, attributes, theme, depth + 1)


def _cluster(scopes: Sequence[str], theme: Theme) -> dict[str, str]:
    return {
        "label": _label([[Piece(printable(scopes[-1]), "fact")]], theme),
        "tooltip": _hover(f"scope {printable(' / '.join(scopes))}"),
        "labelloc": "t",
        "labeljust": "l",
        "style": "filled,rounded",
        "fillcolor": theme.fills["cluster"],
        "color": theme.outlines["cluster"],
    }


def _node(node: Vertex, theme: Theme, values: bool, gradients: bool) -> dict[str, str]:
    return {
        "label": _label(lines(node, values=values, gradients=gradients), theme),
        "tooltip": _hover(hover_text(node, values=values, gradients=gradients)),
        "class": node.kind,
        "fillcolor": theme.fills[node.kind],
        "color": theme.outlines[node.kind],
        **SHAPES[node.kind],
    }


def _edge(edge: Edge, tail: Vertex, head: Vertex, theme: Theme, aside: bool) -> dict[str, str]:
    said = edge_text(edge, tail, head)
    hover = _hover(edge_hover_text(edge, tail, head))
    attributes = {"tooltip": hover, **(BACK if edge.leads_back else EDGES.get(tail.kind, {}))}
    if said:
        said = said.replace(" = ", "\n= ", 1) if aside else said  # whose width sets ranks apart
        label = _label([[Piece(f" {line} ", "derivative")] for line in said.split("\n")], theme)
        attributes |= {"label": label, "labeltooltip": hover}
    return attributes


# -- text: none of it acts, neither as a tag nor as one of Graphviz's escapes such as ``\N`` -------


def _label(said: Sequence[Sequence[Piece]], theme: Theme) -> str:
    """Return lines of text as Graphviz marks up text."""
    return f"<{'<BR/>'.join(''.join(_marked_up(piece, theme) for piece in line) for line in said)}>"


def _marked_up(piece: Piece, theme: Theme) -> str:
    """Return a piece of text in its size, weight and colour."""
    text, role = piece
    marked_up = _escape(text.replace("\\", "\\\\"))
    if role in ("name", "warning"):
        marked_up = f"<B>{marked_up}</B>"
    if not text or role in ("name", "formula"):  # as what is common to the nodes says
        return marked_up * bool(text)
    return f'<FONT COLOR="{theme.text[role]}" POINT-SIZE="{SMALL:g}">{marked_up}</FONT>'


def _hover(text: str) -> str:
    """Return hover text; Graphviz reads the escapes in it twice."""
    return _escape(text.replace("\\", "\\\\\\\\")).replace("\n", "&#10;")


def _escape(text: str) -> str:
    """Return text as markup; its quotes too, for pygraphviz looks for a charset="..." in labels."""
    return escape(text).replace("&#x27;", "'")
