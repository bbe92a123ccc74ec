"""Where the points of layers stand from left to right, so that signals run straight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf

from autodiff.drawing.layout._signals import APART, Link, Signal, sweeps

PORTS = 14.0  # between arrows that end at one item
STRAIGHT = 8  # how much more a passing signal stays on its line than an end of it
Neighbours = list[list[tuple[int, float, int]]]  # of each point: point, how far aside, weight


def abscissae(
    layers: list[list[int]], half: list[float], signals: Sequence[Signal], links: Sequence[Link]
) -> list[float]:
    """Return where the middles of the points are: near those they are linked to, and apart."""
    _spread_arrivals(half, signals, links, layers)
    above, below = _neighbours(len(half), signals, links)
    both = [a + b for a, b in zip(above, below, strict=True)]
    x = [0.0] * len(half)
    half_way = sweeps(len(x))
    for sweep in range(2 * half_way):
        neighbours = both if sweep >= half_way else below if sweep % 2 else above
        for layer in reversed(layers) if sweep % 2 else layers:
            wanted = [
                _median((x[u] + shift, weight) for u, shift, weight in neighbours[v])
                if neighbours[v]
                else x[v]
                for v in layer
            ]
            weights = [sum(weight for *_, weight in neighbours[v]) or 0.1 for v in layer]
            gaps = [half[a] + half[b] + APART for a, b in pairwise(layer)]
            for v, value in zip(layer, _apart(wanted, weights, gaps), strict=True):
                x[v] = value
    return x


def straighten(
    x: list[float], layers: list[list[int]], half: list[float], chains: list[list[int]]
) -> None:
    """Move what a signal passes onto as few straight lines as its neighbours leave room for."""
    left = {b: a for layer in layers for a, b in pairwise(layer)}
    right = {a: b for b, a in left.items()}
    for chain in chains:
        line: list[int] = []
        low, high = -inf, inf
        for point in chain:
            least = x[a] + half[a] + APART if (a := left.get(point)) is not None else -inf
            most = x[b] - half[b] - APART if (b := right.get(point)) is not None else inf
            if max(low, least) > min(high, most):
                _move(line, x, low, high)
                line, low, high = [], -inf, inf
            line.append(point)
            low, high = max(low, least), min(high, most)
        _move(line, x, low, high)


def _move(line: list[int], x: list[float], low: float, high: float) -> None:
    """Move points onto one line between two others, near where most of them are."""
    if line:
        middle = sorted(x[point] for point in line)[len(line) // 2]
        for point in line:
            x[point] = min(max(middle, low), high)


def _spread_arrivals(
    half: list[float], signals: Sequence[Signal], links: Sequence[Link],
    layers: list[list[int]],
) -> None:  # fmt: skip
    """Give each arrow that ends at a node a place of its own, so that they do not cross there."""
    place = {point: i for layer in layers for i, point in enumerate(layer)}
    came_from = {(link.signal, link.use): place[link.upper] for link in links}
    arrows: dict[int, list[tuple[float, int, int]]] = {}
    for number, signal in enumerate(signals):
        for use, head in enumerate(signal.heads):
            if signal.is_arrow[use]:
                left = came_from.get((number, use), len(place))
                arrows.setdefault(head, []).append((left, number, use))
    for head, found in arrows.items():
        apart = min(PORTS, 1.6 * half[head] / len(found))
        for i, (_, number, use) in enumerate(sorted(found)):
            signals[number].arrives[use] = (i - (len(found) - 1) / 2) * apart


def _neighbours(
    points: int, signals: Sequence[Signal], links: Sequence[Link]
) -> tuple[Neighbours, Neighbours]:
    """Return each point's neighbours above and below."""
    above: Neighbours = [[] for _ in range(points)]
    below: Neighbours = [[] for _ in range(points)]
    for upper, lower, number, use in links:
        signal = signals[number]
        leaves = signal.leaves if upper == signal.tail else 0.0
        shift = leaves - (0.0 if use is None else signal.arrives[use])
        weight = signal.weight * (STRAIGHT if use is None else 1)
        above[lower].append((upper, shift, weight))
        below[upper].append((lower, -shift, weight))
    return above, below


def _median(values: Iterable[tuple[float, int]]) -> float:
    """Return the weighted median, which keeps to the line of what weighs most."""
    ordered = sorted(values)
    half = sum(weight for _, weight in ordered) / 2
    passed = 0.0
    for i, (value, weight) in enumerate(ordered):
        passed += weight
        if passed == half:
            return (value + ordered[i + 1][0]) / 2
        if passed > half:
            return value
    return 0.0


def _apart(wanted: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """Return the points nearest to those wanted, in weighted least squares, that keep the gaps.

    Without the gaps it is an isotonic regression, which pooling adjacent violators solves.
    """
    offset, offsets = 0.0, [0.0]
    for gap in gaps:
        offset += gap
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, members = want - offset, 1
        while pools and pools[-1][0] > mean:
            left, more, others = pools.pop()
            mean = (left * more + mean * weight) / (more + weight)
            weight, members = weight + more, members + others
        pools.append((mean, weight, members))
    means = [mean for mean, _, members in pools for _ in range(members)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
