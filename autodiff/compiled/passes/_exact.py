"""Which nodes have to keep all bits, for a choice between nearly equal numbers hangs on them."""

from __future__ import annotations

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._functions import Opaque
from autodiff.compiled._program import FINITE, Node, Program

# Of the functions with float results those that jump.
_JUMPS = frozenset(
    {
        *(np.floor, np.ceil, np.rint, np.trunc, np.sign, np.copysign, np.heaviside, np.spacing),
        *(np.floor_divide, np.remainder, np.fmod, np.divmod, np.modf, np.frexp, np.nextafter),
        *(np.round, np.fix, np.unique, np.around, np.arctan2, np.signbit, np.angle),
    }
)


def exact_nodes(program: Program) -> set[Node]:
    """Return the nodes of which each bit counts, for guards or choices depend on them."""
    exact = {guard.node for guard in program.guards if guard.expected is not FINITE}
    for node in reversed(program.nodes):
        if node in exact or _chooses(node):
            exact.add(node)
            if node.function is not functions.shape_of:
                exact.update([x for x in node.inputs if type(x) is Node])
    return exact


def _chooses(node: Node) -> bool:
    """Whether a node's value jumps where those it is computed of move a little."""
    function = node.function
    if type(function) is Opaque:
        function = function.function
    if function in _JUMPS:
        return True
    if node.dtype is not None:
        return node.dtype.kind not in "fc"
    return type(node.value) not in (float, complex, tuple)
