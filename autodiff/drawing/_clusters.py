"""Scopes as a tree: which nodes were recorded in which, so that no cluster needs itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from autodiff.drawing._view import Edge, Home, Vertex, View


@dataclass(eq=False)
class Cluster:
    """Nodes recorded in one scope without a break, and the clusters among them, in order.

    A scope that is entered twice has two clusters. Whatever was computed between them, no edge
    leads from a member to an earlier one.
    """

    home: Home = ()
    members: list[Vertex | Cluster] = field(default_factory=list)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The names of the scopes, outermost first."""
        return tuple(name for name, _ in self.home)

    def nodes(self) -> Iterator[Vertex]:
        """Yield the nodes in this cluster and in those within it, in order."""
        for member in self.members:
            if isinstance(member, Vertex):
                yield member
            else:
                yield from member.nodes()


def cluster_tree(view: View) -> Cluster:
    """Return the cluster of all nodes, with the scopes' clusters within it.

    What nothing was computed from, such as a parameter, stands just before its first use.
    """
    edges = [edge for edge in view.edges if not edge.leads_back]
    heads = {edge.head for edge in edges}
    first_use: dict[str, str] = {}
    place = {node.key: i for i, node in enumerate(view.nodes)}
    for edge in sorted(edges, key=lambda edge: place[edge.head]):
        if edge.tail not in heads:
            first_use.setdefault(edge.tail, edge.head)
    used_by: dict[str, list[Vertex]] = {}
    for node in view.nodes:
        if node.key in first_use:
            used_by.setdefault(first_use[node.key], []).append(node)
    path = [Cluster()]
    for node in view.nodes:
        if node.key not in first_use:
            path = _path_to(node.home, path)
            for source in used_by.get(node.key, ()):
                _put_before(source, path)
            path[-1].members.append(node)
    return path[0]


def _path_to(home: Home, path: list[Cluster]) -> list[Cluster]:
    """Return the open clusters that lead to ``home``, where those in ``path`` were open."""
    kept = [cluster for cluster in path if cluster.home == home[: len(cluster.home)]]
    for depth in range(len(kept), len(home) + 1):
        kept.append(Cluster(home[:depth]))
        kept[-2].members.append(kept[-1])
    return kept


def _put_before(source: Vertex, path: list[Cluster]) -> None:
    """Add a node in front of what is open, in the innermost of its scopes that is open."""
    home = [cluster for cluster in path if cluster.home == source.home[: len(cluster.home)]]
    member: Vertex | Cluster = source
    for depth in range(len(source.home), len(home) - 1, -1):
        member = Cluster(source.home[:depth], [member])
    if len(home) == len(path):
        home[-1].members.append(member)
    else:
        home[-1].members.insert(-1, member)


# -- edges: what uses a node is reached through the borders of clusters ---------------------------

# A use (a node and the number of the edge), a cluster that is entered, or the border.
Target: TypeAlias = tuple[str, int] | Cluster | None
# What signals lead to, by the key of the node that makes each.
Wires: TypeAlias = dict[str, dict[Target, None]]


def homes_of(root: Cluster) -> dict[str, list[Cluster]]:
    """Return the clusters that each node is in, outermost first."""
    homes: dict[str, list[Cluster]] = {}
    paths = [[root]]
    while paths:
        path = paths.pop()
        for member in path[-1].members:
            if isinstance(member, Vertex):
                homes[member.key] = path
            else:
                paths.append([*path, member])
    return homes


def way_of(
    number: int, edge: Edge, homes: dict[str, list[Cluster]]
) -> list[tuple[Cluster, Target]]:
    """Return the clusters an edge runs through, and its target in each."""
    outwards, inwards = homes[edge.tail], homes[edge.head]
    shared = sum(a is b for a, b in zip(outwards, inwards, strict=False))
    way: list[tuple[Cluster, Target]] = [(cluster, None) for cluster in outwards[: shared - 1 : -1]]
    way += pairwise(inwards[shared - 1 :])
    return [*way, (inwards[-1], (edge.head, number))]


def wires_of(edges: list[Edge], homes: dict[str, list[Cluster]]) -> dict[Cluster, Wires]:
    """Return which signals there are in each cluster, and their targets there."""
    wires: dict[Cluster, Wires] = {}
    for number, edge in enumerate(edges):
        for cluster, target in way_of(number, edge, homes):
            wires.setdefault(cluster, {}).setdefault(edge.tail, {})[target] = None
    return wires
