"""One walk over a program that puts other nodes, or constants, in the places of some.

A rule takes a node, whose inputs have been rewritten, and the walk. It returns what stands for
the node, or None. What has another shape or dtype than the node had is refused, so that a rule
need not know NumPy's promotion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.types import Shape
from autodiff.compiled import _functions as functions
from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._exact import exact_nodes
from autodiff.compiled.passes._operands import has_type
from autodiff.compiled.passes._unused import drop_unused


class Rewriting:
    """A walk over a program."""

    def __init__(self, program: Program, exact: RuleTable, rounding: RuleTable) -> None:
        self.program = program
        functions = dict.fromkeys([*exact, *rounding])
        self.all_rules: RuleTable = {
            f: (*exact.get(f, ()), *rounding.get(f, ())) for f in functions
        }
        self.exact_rules: RuleTable = exact
        self.exact = exact_nodes(program) if rounding else set()
        self.rules: RuleTable = self.all_rules
        self.nodes: list[Node] = []
        self.memo: dict[Any, Any] = {}  # what rules find out once
        self.replaced: dict[Node, Any] = {}
        self.uses: Counter[Node] = Counter()  # by how many calls and ends; see `count_uses`

    def count_uses(self) -> None:
        """Count by how many calls each node is used, and as what the program is computed for."""
        for y in self.program.nodes:
            self.uses.update([x for x in y.inputs if type(x) is Node])
        self.uses.update([x for x in self.program.ends() if type(x) is Node])

    def run(self) -> None:
        """Take all nodes in order."""
        program, replaced = self.program, self.replaced
        with np.errstate(all="ignore"):
            for node in program.nodes:
                new = node
                if replaced:
                    node.inputs = with_replaced(node.inputs, replaced)
                if node.inputs and Node not in map(type, node.inputs):
                    new = node.function(*node.inputs, **node.options)
                elif node.function in self.all_rules:
                    self.rules = self.exact_rules if node in self.exact else self.all_rules
                    new = self._stands_for(node)
                if new is not node:
                    replaced[node] = new
                    if type(new) is Node:
                        self.uses[new] += self.uses[node]
                else:
                    self.nodes.append(node)
        program.nodes = self.nodes
        substitute(program, replaced)

    def make(self, function: Any, *inputs: Any, **options: Any) -> Any:
        """Return a new node, or what stands for it; of constants the value."""
        value = function(*[x.value if type(x) is Node else x for x in inputs], **options)
        if not any(type(x) is Node for x in inputs) and function is not functions.full:
            return value
        node = Node(function, inputs, options, value)
        new = self._stands_for(node)
        if new is node:
            self.nodes.append(node)
        return new

    def in_shape(self, x: Any, shape: Shape) -> Any:
        """Return an array in a shape, that it may have."""
        return x if x.shape == shape else self.make(functions.reshape, x, shape=shape)

    def _stands_for(self, node: Node) -> Any:
        for rule in self.rules.get(node.function, ()):
            new = rule(node, self)
            if new is not None and _is_like(new, node):
                return new
        return node


RewritingRule: TypeAlias = Callable[[Node, Rewriting], Any]
RuleTable: TypeAlias = Mapping[Any, Iterable[RewritingRule]]


def rewrite(program: Program, exact: RuleTable, rounding: RuleTable, *, uses: bool = False) -> None:
    """Apply rules to all nodes.

    Parameters
    ----------
    program : Program
    exact, rounding : dict of sequences of rules
        By the function of the nodes that they take: those that keep all bits, and those that keep
        values to rounding, which nodes on which a choice depends are spared.
    uses : bool
        Whether rules ask how often nodes are used.
    """
    walk = Rewriting(program, exact, rounding)
    if uses:
        walk.count_uses()
    walk.run()


def with_replaced(inputs: tuple[Any, ...], replaced: dict[Node, Any]) -> tuple[Any, ...]:
    """Return inputs with other values in the places of some nodes."""
    return tuple([replaced.get(x, x) if type(x) is Node else x for x in inputs])


def substitute(program: Program, replaced: dict[Node, Any]) -> None:
    """Put other values in the places of some that a program is computed for.

    A guard of a constant holds. What nothing needs any more is dropped.
    """
    if replaced:
        for guard in program.guards:
            guard.node = replaced.get(guard.node, guard.node)
        program.guards = [guard for guard in program.guards if type(guard.node) is Node]
        program.results = [replaced.get(x, x) if type(x) is Node else x for x in program.results]
        for effect in program.effects:
            if type(effect.node) is Node:
                effect.node = replaced.get(effect.node, effect.node)
        drop_unused(program)


def _is_like(new: Any, node: Node) -> bool:
    """Whether a value has the shape and the type of a node's."""
    if node.dtype is None:
        value = new.value if type(new) is Node else new
        return type(value) is type(node.value)
    return has_type(new, node.dtype) and bool(new.shape == node.shape)
