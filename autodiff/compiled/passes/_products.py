"""Products of powers of factors, each made of one made before where that takes the fewest calls."""

from __future__ import annotations

from collections import defaultdict
from math import prod
from typing import Any

import numpy as np

from autodiff.compiled._program import NO_OPTIONS, Node
from autodiff.compiled.passes._operands import shape_of

NEAR = 4  # of the products of a factor, how many are looked at: the last


class Products:
    """The products that have been made, and the nodes that make them."""

    def __init__(self, factors: dict[int, Any]) -> None:
        self.factors = factors  # by their ids
        self.nodes: list[Node] = []
        self.calls: dict[Any, Node] = {}
        self.made: dict[frozenset[tuple[int, int]], list[tuple[Any, Any]]] = {}
        # By one factor of each, the same for all products of some factors.
        self.with_factor: defaultdict[int, list[tuple[Any, dict[int, int], Any]]] = defaultdict(
            list
        )

    def make(self, c: float, powers: dict[int, int], node: Node) -> Any:
        """Return a node that computes c · Π fᵏ, of shape and type of a given one."""
        c, powers = self._constants_first(c, powers)
        groups: defaultdict[Any, dict[int, int]] = defaultdict(dict)
        for f, k in powers.items():
            groups[shape_of(self.factors[f])][f] = k
        result: Any = c
        for shape in sorted(groups, key=prod):
            group = groups[shape]
            if shape_of(result):
                result = self._call(np.multiply, result, self._times(1.0, group))
            else:
                result = self._times(result, group)
        return result

    def _constants_first(self, c: float, powers: dict[int, int]) -> tuple[float, dict[int, int]]:
        """Return a product with one factor for the constant arrays of each shape, and c in one."""
        constants = [(f, k) for f, k in powers.items() if type(self.factors[f]) is not Node]
        if not constants:
            return c, powers
        rest = {f: k for f, k in powers.items() if type(self.factors[f]) is Node}
        by_shape: dict[Any, list[tuple[int, int]]] = {}
        for f, k in constants:
            by_shape.setdefault(self.factors[f].shape, []).append((f, k))
        folded = {}
        for known in by_shape.values():
            call = (c, *known)
            if call not in self.calls:
                self.calls[call] = c * prod([self.factors[f] ** float(k) for f, k in known])
            folded[id(self.calls[call])] = 1
            self.factors[id(self.calls[call])] = self.calls[call]
            c = 1.0
        return c, folded | rest

    def _times(self, scalar: Any, powers: dict[int, int]) -> Any:
        """Return the product of a scalar and powers of factors of one shape."""
        for other, x in self.made.get(frozenset(powers.items()), ()):
            if other is scalar or (
                type(scalar) is float and type(other) is float and other == scalar
            ):
                return x
        start = self._nearest(scalar, powers)
        if start is None:
            result = self._from_factors(scalar, powers)
        else:
            other, known, x = start
            rest = {f: k - known.get(f, 0) for f, k in powers.items() if k != known.get(f, 0)}
            result = x if not rest else self._rest(x, rest)
            if rest:
                self._keep(other, powers, result)
            result = self._multiple(_ratio(scalar, other), result)
        self._keep(scalar, powers, result)
        return result

    def _nearest(self, scalar: Any, powers: dict[int, int]) -> Any:
        """Return the product that needs the fewest calls more, if they are fewer than from anew."""
        best, fewest = None, sum(map(abs, powers.values())) - 1 + (not _is_one(scalar))
        for f in powers:
            for entry in self.with_factor[f][-NEAR:]:
                other, known, _ = entry
                if not _divides(known, powers) or _ratio(scalar, other) is None:
                    continue
                rest = {f: k - known.get(f, 0) for f, k in powers.items() if k != known.get(f, 0)}
                calls = 0 if not rest else 1 if self._exists(rest) else sum(map(abs, rest.values()))
                calls += not _is_one(_ratio(scalar, other))
                if calls < fewest:
                    best, fewest = entry, calls
        return best

    def _exists(self, powers: dict[int, int]) -> bool:
        return any(_is_one(c) for c, _ in self.made.get(frozenset(powers.items()), ()))

    def _rest(self, x: Any, rest: dict[int, int]) -> Any:
        """Return a product with further powers."""
        for sign, function in ((1, np.multiply), (-1, np.divide)):
            part = {f: k * sign for f, k in rest.items() if k * sign > 0}
            if part:
                x = self._call(function, x, self._times(1.0, part))
        return x

    def _from_factors(self, scalar: Any, powers: dict[int, int]) -> Any:
        above = {f: k for f, k in powers.items() if k > 0}
        below = {f: -k for f, k in powers.items() if k < 0}
        if not below:
            return self._multiple(scalar, self._positive(above))
        if not above:
            return self._call(np.divide, scalar, self._times(1.0, below))
        result = self._call(np.divide, self._times(1.0, above), self._times(1.0, below))
        self._keep(1.0, powers, result)
        return self._multiple(scalar, result)

    def _positive(self, powers: dict[int, int]) -> Any:
        """Return the product of powers, all above zero."""
        result, so_far = None, {}
        for f, k in powers.items():
            so_far[f] = k
            power = self._power(f, k)
            result = power if result is None else self._call(np.multiply, result, power)
            self._keep(1.0, so_far, result)
        return result

    def _power(self, f: int, k: int) -> Any:
        if k == 1:
            return self.factors[f]
        for other, x in self.made.get(frozenset({(f, k)}), ()):
            if _is_one(other):
                return x
        half = self._power(f, k // 2)
        result = self._call(np.square, half)
        if k % 2:
            result = self._call(np.multiply, result, self.factors[f])
        self._keep(1.0, {f: k}, result)
        return result

    def _multiple(self, scalar: Any, x: Any) -> Any:
        if _is_one(scalar):
            return x
        if type(scalar) is float and scalar == -1:
            return self._call(np.negative, x)
        return self._call(np.multiply, scalar, x)

    def _keep(self, scalar: Any, powers: dict[int, int], x: Any) -> None:
        powers = dict(powers)
        known = self.made.setdefault(frozenset(powers.items()), [])
        if not any(y is x for _, y in known):
            known.append((scalar, x))
            self.with_factor[max(powers)].append((scalar, powers, x))

    def _call(self, function: Any, *inputs: Any) -> Any:
        value = function(*[x.value if type(x) is Node else x for x in inputs])
        if not any(type(x) is Node for x in inputs):
            return value
        call = (function, *[x if type(x) is float else id(x) for x in inputs])
        if call not in self.calls:
            self.calls[call] = Node(function, inputs, NO_OPTIONS, value)
            self.nodes.append(self.calls[call])
        return self.calls[call]


def _is_one(scalar: Any) -> bool:
    return type(scalar) is float and scalar == 1


def _ratio(scalar: Any, other: Any) -> Any:
    """Return what a scalar is as a multiple of another one, where no call need find it."""
    if scalar is other:
        return 1.0
    if type(other) is not float:
        return None
    if _is_one(other):
        return scalar
    return scalar / other if type(scalar) is float else None


def _divides(known: dict[int, int], powers: dict[int, int]) -> bool:
    return known.keys() <= powers.keys() and all(
        k * powers.get(f, 0) > 0 and abs(k) <= abs(powers[f]) for f, k in known.items()
    )
