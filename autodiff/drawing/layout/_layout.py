"""Where the nodes of a view stand and its edges run, without any program that draws graphs.

Each cluster is laid out by itself, the innermost first, and then is one item of the cluster around
it. Where a signal crosses a cluster's border there is a port, so that no edge runs over a node and
no node stands in a cluster that it does not belong to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from autodiff.drawing._clusters import (
    Cluster,
    Target,
    Wires,
    cluster_tree,
    homes_of,
    way_of,
    wires_of,
)
from autodiff.drawing._themes import SMALL, text_width
from autodiff.drawing._view import Vertex, View
from autodiff.drawing.layout._layers import Layers, Stop, layers_of
from autodiff.drawing.layout._signals import Signal

Point = tuple[float, float]
TURNS: dict[str, Callable[[float, Point], Point]] = {  # given the height
    "TB": lambda height, p: p,
    "BT": lambda height, p: (p[0], height - p[1]),
    "LR": lambda height, p: (p[1], p[0]),
    "RL": lambda height, p: (height - p[1], p[0]),
}
SPINE = 64  # how much straighter runs what was computed than what was given
GAP = 30.0  # between layers, in points
SLOPE = 0.08  # more gap where an edge goes far aside
MARGIN = 18.0  # within a cluster's border
BAND = 12.0  # of a cluster's name, which edges cross straight on


class Box(NamedTuple):
    """A cluster's border: its upper left and lower right corners, and where edges cross it."""

    scopes: tuple[str, ...]
    corner: Point
    opposite: Point
    crossings: list[Point]


@dataclass
class Positions:
    """Middles of nodes by key, a route for each edge, and the clusters' borders, in points.

    The pieces of a route are straight in the direction of the picture, or lead from one layer to
    the next.
    """

    size: Point
    centres: dict[str, Point] = field(default_factory=dict)
    routes: list[list[Point]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


@dataclass
class Room:
    """A cluster that has been laid out, with positions from its upper left corner.

    ``enters`` and ``exits`` are the abscissae at which a signal, known by the key of the node that
    makes it, crosses the border; ``legs`` are its ways to its targets.
    """

    size: Point
    middles: list[Point]  # of the members
    enters: dict[str, float]
    exits: dict[str, float]
    legs: dict[tuple[str, Target], list[Point]]


@dataclass
class Interior:
    """What is laid out in a cluster: items are what enters, then the members, then what exits."""

    wires: Wires
    enters: list[str]
    exits: list[str]
    sizes: list[Point]
    signals: list[Signal]
    layers: Layers


@dataclass
class Rooms:
    """What all clusters' layouts need, and those there are so far."""

    sizes: dict[str, Point]
    homes: dict[str, list[Cluster]]  # the clusters that a node is in, outermost first
    wires: dict[Cluster, Wires]  # the signals in a cluster, their targets
    furnished: dict[Cluster, Room] = field(default_factory=dict)


def layout(view: View, sizes: dict[str, Point], direction: str = "TB") -> Positions:
    """Return where everything stands in a picture whose nodes have these widths and heights.

    ``direction`` is "TB" (from top to bottom), "BT", "LR" or "RL"; another raises ValueError.
    """
    if direction not in TURNS:
        raise ValueError(f"unknown direction {direction!r}: give one of {', '.join(TURNS)}")
    if direction in ("LR", "RL"):
        sizes = {key: (height, width) for key, (width, height) in sizes.items()}
    root = cluster_tree(view)
    homes = homes_of(root)
    rooms = Rooms(sizes, homes, wires_of(view.edges, homes))
    _furnish(root, rooms)
    found = Positions(rooms.furnished[root].size)
    origins = {root: (0.0, 0.0)}
    _place(root, rooms, origins, found)
    for number, edge in enumerate(view.edges):
        route: list[Point] = []
        for cluster, target in way_of(number, edge, homes):
            x, y = origins[cluster]
            route += [(x + a, y + b) for a, b in rooms.furnished[cluster].legs[edge.tail, target]]
        found.routes.append(_without_stops(route))
    return _in_direction(found, direction)


# -- one cluster -----------------------------------------------------------------------------


def _furnish(cluster: Cluster, rooms: Rooms) -> None:
    """Lay out a cluster and all within it."""
    for member in cluster.members:
        if isinstance(member, Cluster):
            _furnish(member, rooms)
    wires = rooms.wires.get(cluster, {})
    enters = [key for key in wires if cluster not in rooms.homes[key]]
    exits = [key for key, targets in wires.items() if None in targets]
    sizes = [(0.0, BAND)] * len(enters)
    sizes += [rooms.sizes[m.key] if isinstance(m, Vertex) else rooms.furnished[m].size
              for m in cluster.members]  # fmt: skip
    sizes += [(0.0, 0.0)] * len(exits)
    signals = _signals(cluster, rooms, enters, exits)
    layers = layers_of([width for width, _ in sizes], signals, len(enters), len(exits))
    inner = Interior(wires, enters, exits, sizes, signals, layers)
    rooms.furnished[cluster] = _room(cluster, inner)


def _signals(cluster: Cluster, rooms: Rooms, enters: list[str], exits: list[str]) -> list[Signal]:
    """Return what leads from item to item: first what enters, then the members, then what exits."""
    number: dict[str | Cluster, int] = {key: i for i, key in enumerate(enters)}
    for i, member in enumerate(cluster.members, len(enters)):
        number[member.key if isinstance(member, Vertex) else member] = i
    leave = {key: i for i, key in enumerate(exits, len(number))}
    signals = []
    for key, targets in rooms.wires.get(cluster, {}).items():
        home = rooms.homes[key]
        made_in = home[home.index(cluster) + 1 :][:1] if cluster in home else []
        tail = number[made_in[0] if made_in else key]
        signal = Signal(tail, [], sum(_port(rooms, inner, key, "exits") for inner in made_in))
        for target in targets:
            signal.is_arrow.append(isinstance(target, tuple))
            if isinstance(target, Cluster):
                signal.heads.append(number[target])
                signal.arrives.append(_port(rooms, target, key, "enters"))
            else:
                signal.heads.append(leave[key] if target is None else number[target[0]])
                signal.arrives.append(0.0)
        signals.append(signal)
    made = {head for signal in signals for head in signal.heads} | set(range(len(enters)))
    for signal in signals:
        signal.weight = SPINE if signal.tail in made else 1
    return signals


def _port(rooms: Rooms, cluster: Cluster, key: str, side: str) -> float:
    """Return how far from its middle a signal crosses a cluster's border."""
    room = rooms.furnished[cluster]
    at: float = getattr(room, side)[key]
    return at - room.size[0] / 2


def _room(cluster: Cluster, inner: Interior) -> Room:
    """Return the cluster's room with what has been laid out in it."""
    wires, layers, first = inner.wires, inner.layers, len(inner.enters)
    ways = {
        (key, target): (signal.tail, signal.heads[use], layers.stops(number, signal, use))
        for number, (key, signal) in enumerate(zip(wires, inner.signals, strict=True))
        for use, target in enumerate(wires[key])
    }
    tops, bases, height = _heights(inner, [stops for *_, stops in ways.values()])
    reach = [stop.x for *_, stops in ways.values() for stop in stops] or [0.0]
    for x, (width, _) in zip(layers.x, inner.sizes, strict=True):
        reach += [x - width / 2, x + width / 2]
    shift = MARGIN - min(reach)
    title = text_width("".join(cluster.scopes[-1:]), SMALL)
    middles = _middles(inner, tops, bases, shift)
    legs = {}
    for way, (tail, head, stops) in ways.items():
        leg = [(stop.x + shift, y) for stop in stops for y in (tops[stop.first], bases[stop.last])]
        if tail >= first:  # what enters comes from the border
            leg[0] = leg[0][0], middles[tail][1] + inner.sizes[tail][1] / 2
        leg[-1] = leg[-1][0], middles[head][1] - inner.sizes[head][1] / 2
        legs[way] = leg
    return Room(
        (max(max(reach) + shift, title) + MARGIN, height),
        middles[first : first + len(cluster.members)],
        dict(zip(inner.enters, (x for x, _ in middles), strict=False)),
        {key: legs[key, None][-1][0] for key in inner.exits},
        legs,
    )


def _middles(
    inner: Interior, tops: list[float], bases: list[float], shift: float
) -> list[Point]:  # fmt: skip
    """Return the middles of items; what is given stands at the end of its layer, near its use."""
    used = {head for signal in inner.signals for head in signal.heads}
    middles = []
    for item, (x, rank) in enumerate(zip(inner.layers.x, inner.layers.rank, strict=True)):
        half = inner.sizes[item][1] / 2
        y = (tops[rank] + bases[rank]) / 2 if item in used else bases[rank] - half
        middles.append((x + shift, y))
    return middles


def _heights(
    inner: Interior, ways: list[list[Stop]]
) -> tuple[list[float], list[float], float]:  # fmt: skip
    """Return where each layer begins and ends, and the height of all, margins included."""
    rank = inner.layers.rank
    tall, aside = [0.0] * (max(rank, default=-1) + 1), [0.0] * (max(rank, default=-1) + 1)
    for at, (_, height) in zip(rank, inner.sizes, strict=True):
        tall[at] = max(tall[at], height)
    for way in ways:
        for upper, lower in pairwise(way):
            if upper.first == upper.last == lower.first - 1 == lower.last - 1:
                aside[upper.last] = max(aside[upper.last], abs(upper.x - lower.x))
    tops, bases = [], []
    y = 0.0 if inner.enters else MARGIN
    for height, distance in zip(tall, aside, strict=True):
        tops.append(y)
        bases.append(y + height)
        y += height + GAP + min(SLOPE * distance, GAP)
    return tops, bases, max(bases, default=0.0) + (0.0 if inner.exits else MARGIN)


# -- the whole -------------------------------------------------------------------------------


def _place(cluster: Cluster, rooms: Rooms, origins: dict[Cluster, Point], found: Positions) -> None:
    """Note where all that is in a cluster stands in the picture."""
    room, (left, top) = rooms.furnished[cluster], origins[cluster]
    if cluster.scopes:
        right, bottom = left + room.size[0], top + room.size[1]
        crossings = [(left + x, top) for x in room.enters.values()]
        crossings += [(left + x, bottom) for x in room.exits.values()]
        found.boxes.append(Box(cluster.scopes, (left, top), (right, bottom), crossings))
    for member, (x, y) in zip(cluster.members, room.middles, strict=True):
        if isinstance(member, Vertex):
            found.centres[member.key] = left + x, top + y
        else:
            width, height = rooms.furnished[member].size
            origins[member] = left + x - width / 2, top + y - height / 2
            _place(member, rooms, origins, found)


def _without_stops(route: list[Point]) -> list[Point]:
    """Return a route without the points on the way of a straight piece."""
    kept = route[:1]
    for point, after in pairwise(route[1:]):
        if point not in (kept[-1], after) and not kept[-1][0] == point[0] == after[0]:
            kept.append(point)
    return [*kept, route[-1]]


def _in_direction(found: Positions, direction: str) -> Positions:
    """Return the layout, made from top to bottom, in a direction."""
    width, height = found.size
    to = partial(TURNS[direction], height)
    boxes = []
    for scopes, corner, opposite, crossings in found.boxes:
        (a, b), (c, d) = to(corner), to(opposite)
        ends = (min(a, c), min(b, d)), (max(a, c), max(b, d))
        boxes.append(Box(scopes, *ends, list(map(to, crossings))))
    return Positions(
        (height, width) if direction in ("LR", "RL") else (width, height),
        {key: to(centre) for key, centre in found.centres.items()},
        [[to(point) for point in route] for route in found.routes],
        boxes,
    )
