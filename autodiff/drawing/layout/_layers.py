"""Layers of a graph: which layer each item is on, its place from left to right, and its abscissa.

The steps are those of Sugiyama, Tagawa and Toda (1981), "Methods for visual understanding of
hierarchical system structures". What a signal passes on its way is a point of its layer, so that
nothing stands where an edge runs.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from autodiff.drawing.layout._abscissae import abscissae, straighten
from autodiff.drawing.layout._signals import APART, Link, Signal, sweeps

LONGEST = 32  # layers; a signal that goes further runs beside all the others


class Stop(NamedTuple):
    """Where a signal passes layers: an abscissa, and the first and the last of them."""

    x: float
    first: int
    last: int


@dataclass
class Layers:
    """Where items are: their layers and abscissae, and those of what each signal passes."""

    rank: list[int]
    x: list[float]
    passes: list[list[float]]  # by signal: an abscissa for each layer after the tail's
    lanes: list[float]  # by signal: the abscissa of what goes far

    def stops(self, number: int, signal: Signal, use: int) -> list[Stop]:
        """Return where a signal passes on its way to one of its heads, both ends included."""
        head = signal.heads[use]
        start, end = self.rank[signal.tail], self.rank[head]
        stops = [Stop(self.x[signal.tail] + signal.leaves, start, start)]
        if end - start > LONGEST:
            stops.append(Stop(self.lanes[number], start + 1, end - 1))
        else:
            between = zip(self.passes[number], range(start + 1, end), strict=False)
            stops += [Stop(x, rank, rank) for x, rank in between]
        return [*stops, Stop(self.x[head] + signal.arrives[use], end, end)]


def layers_of(
    widths: Sequence[float], signals: Sequence[Signal], entrances: int, exits: int
) -> Layers:
    """Return the layers of items, of which the first and the last have layers of their own."""
    rank = _ranks(len(widths), signals, entrances, exits)
    points, links, chains = _points(rank, signals)
    layers = _in_few_crossings(points, links)
    half = [width / 2 for width in widths] + [0.0] * (len(points) - len(widths))
    x = abscissae(layers, half, signals, links)
    straighten(x, layers, half, chains)
    return Layers(
        rank,
        x[: len(widths)],
        [[x[point] for point in chain] for chain in chains],
        _lanes(rank, signals, max((a + b for a, b in zip(x, half, strict=True)), default=0.0)),
    )


# -- layers ----------------------------------------------------------------------------------


def _ranks(count: int, signals: Sequence[Signal], entrances: int, exits: int) -> list[int]:
    """Return the layer of each item: below its operands, and near what uses it."""
    tails: list[list[int]] = [[] for _ in range(count)]
    heads: list[list[int]] = [[] for _ in range(count)]
    for signal in signals:
        heads[signal.tail] += signal.heads
        for head in signal.heads:
            tails[head].append(signal.tail)
    rank = [0] * count
    for item in range(entrances, count):
        above = max((rank[tail] + 1 for tail in tails[item]), default=0)
        rank[item] = max(above, min(entrances, 1))
    for item in range(count - exits - 1, entrances - 1, -1):
        if heads[item] and len(heads[item]) >= len(tails[item]):
            inner = [rank[head] for head in heads[item] if head < count - exits]
            rank[item] = max(rank[item], min(inner, default=0) - 1)
    last = max(rank[: count - exits], default=0) + 1
    rank[count - exits :] = [last] * exits
    return rank


def _points(
    rank: list[int], signals: Sequence[Signal]
) -> tuple[list[int], list[Link], list[list[int]]]:
    """Return the layer of each point, the links between points, and each signal's points.

    The first points are the items; the others are where a signal passes a layer.
    """
    points = list(rank)
    links: list[Link] = []
    chains = []
    for number, signal in enumerate(signals):
        start = rank[signal.tail]
        near = [i for i, head in enumerate(signal.heads) if rank[head] - start <= LONGEST]
        length = max((rank[signal.heads[i]] - start for i in near), default=1)
        chain = [signal.tail, *range(len(points), len(points) + length - 1)]
        points += range(start + 1, start + length)
        links += [Link(upper, lower, number, None) for upper, lower in pairwise(chain)]
        for i in near:
            head = signal.heads[i]
            links.append(Link(chain[rank[head] - start - 1], head, number, i))
        chains.append(chain[1:])
    return points, links, chains


def _lanes(rank: list[int], signals: Sequence[Signal], right: float) -> list[float]:
    """Return the abscissae, right of everything, on which signals go far without meeting."""
    lanes = [right] * len(signals)
    free: list[tuple[int, int]] = []  # where each lane is free again, and which
    for number in sorted(range(len(signals)), key=lambda i: rank[signals[i].tail]):
        start = rank[signals[number].tail]
        end = max(rank[head] for head in signals[number].heads)
        if end - start > LONGEST:
            lane = heappop(free)[1] if free and free[0][0] < start else len(free)
            heappush(free, (end, lane))
            lanes[number] = right + (lane + 1) * APART
    return lanes


# -- from left to right ----------------------------------------------------------------------


def _in_few_crossings(rank: list[int], links: Sequence[Link]) -> list[list[int]]:
    """Return each layer's points from left to right, with few crossings of links."""
    above: list[list[int]] = [[] for _ in rank]
    below: list[list[int]] = [[] for _ in rank]
    for link in links:
        above[link.lower].append(link.upper)
        below[link.upper].append(link.lower)
    layers = _as_read(rank, above)
    best, fewest = layers, _crossings(layers, below)
    for sweep in range(sweeps(len(rank))):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        layers = _by_neighbours(layers, above if downwards else below, downwards)
        count = _crossings(layers, below)
        if count < fewest:
            best, fewest = layers, count
    return best


def _as_read(rank: list[int], above: list[list[int]]) -> list[list[int]]:
    """Return the layers with operands from left to right, as a formula names them."""
    layers: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    seen = [False] * len(rank)
    for bottom in sorted(range(len(rank)), key=lambda point: (-rank[point], point)):
        stack = [bottom]
        while stack:
            point = stack.pop()
            if not seen[point]:
                seen[point] = True
                layers[rank[point]].append(point)
                stack += reversed(above[point])
    return layers


def _by_neighbours(
    layers: list[list[int]], neighbours: list[list[int]], downwards: bool
) -> list[list[int]]:
    """Return the layers, each point at the mean of its neighbours in the layer gone before."""
    place = [0] * len(neighbours)
    done = []
    for layer in layers if downwards else reversed(layers):
        means = {v: _mean(place[u] for u in neighbours[v]) for v in layer if neighbours[v]}
        moved = iter(sorted(means, key=lambda v: means[v]))
        ordered = [next(moved) if v in means else v for v in layer]
        for i, v in enumerate(ordered):
            place[v] = i
        done.append(ordered)
    return done if downwards else done[::-1]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _crossings(layers: list[list[int]], below: list[list[int]]) -> int:
    """Return how many pairs of links cross."""
    place = [0] * len(below)
    for layer in layers:
        for i, v in enumerate(layer):
            place[v] = i
    count = 0
    for layer in layers:
        ends: list[int] = []
        for v in layer:
            lower = sorted(place[w] for w in below[v])
            count += sum(len(ends) - bisect_right(ends, end) for end in lower)
            for end in lower:
                insort(ends, end)
    return count
