"""Products and quotients as c · Π fᵏ: numbers first, and each made of the nearest that exists.

The forms of all products are found in one walk, through products of products. A second walk makes
those that something else needs, each of one made before where that takes the fewest calls.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._exact import exact_nodes
from autodiff.compiled.passes._operands import has_type, is_constant_scalar, is_real
from autodiff.compiled.passes._products import Products
from autodiff.compiled.passes._rewriting import substitute, with_replaced

Powers: TypeAlias = dict[Any, int]  # by the id of the factor, in the order in which they came
LONGEST = 8  # factors; what is longer is a factor itself, so that chains of products stay short


class Monomial(NamedTuple):
    """A product of powers."""

    coefficient: float
    powers: Powers


def share_products(program: Program) -> None:
    """Write products as monomials and make each from the nearest that exists."""
    forms, factors, needed = _forms(program)
    products = Products(factors)
    replaced: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in program.nodes:
            form = forms.get(node)
            if form is None:
                node.inputs = with_replaced(node.inputs, replaced)
                products.nodes.append(node)
            elif node in needed:
                new = products.make(form.coefficient, form.powers, node)
                if new is not node:
                    replaced[node] = factors[id(node)] = new
    program.nodes = products.nodes
    substitute(program, replaced)


def _forms(program: Program) -> tuple[dict[Node, Monomial], dict[int, Any], set[Node]]:
    """Return the monomials of nodes, the factors by their ids, and which nodes others need."""
    forms: dict[Node, Monomial] = {}
    factors: dict[int, Any] = {}
    needed = {x for x in program.ends() if type(x) is Node}
    exact = exact_nodes(program)
    for node in program.nodes:
        form_of = _FORMS.get(node.function)
        if form_of is not None and is_real(node) and node not in exact:
            operands = [_operand(x, node, forms, factors) for x in node.inputs]
            form = form_of(*operands) if None not in operands else None
            if form is not None and _is_short(form, node):
                forms[node] = form
                needed.update([factors[i] for i in form.powers if type(factors[i]) is Node])
                continue
        needed.update([x for x in node.inputs if type(x) is Node])
    return forms, factors, needed


def _operand(
    x: Any, node: Node, forms: dict[Node, Monomial], factors: dict[int, Any]
) -> Monomial | None:
    """Return an operand of a product as a monomial; None where it has another type."""
    if is_constant_scalar(x):
        return Monomial(float(x), {})
    form = forms.get(x) if type(x) is Node else None
    if form is not None:
        return form if has_type(x, node.dtype) else None
    if not has_type(x, node.dtype):
        return None
    factors[id(x)] = x
    return Monomial(1.0, {id(x): 1})


def _is_short(form: Monomial, node: Node) -> bool:
    """Whether a monomial is worth having: not too long, and with a coefficient of its type."""
    if sum(map(abs, form.powers.values())) > LONGEST or not form.powers:
        return False
    info = np.finfo(node.dtype)
    return bool(info.tiny <= abs(form.coefficient) <= info.max)


# -- what functions do to monomials ----------------------------------------------------------------


def _product(x: Monomial, y: Monomial) -> Monomial | None:
    """Return a product; None where a factor would cancel, which may be zero."""
    if len(y.powers) > len(x.powers):
        x, y = y, x
    powers = dict(x.powers)
    for f, k in y.powers.items():
        n = powers.get(f, 0)
        if n * k < 0:
            return None
        powers[f] = n + k
    return Monomial(x.coefficient * y.coefficient, powers)


def _power(x: Monomial, y: Monomial) -> Monomial | None:
    k = y.coefficient
    if y.powers or k != int(k) or not 1 <= abs(k) <= LONGEST:
        return None
    return _to_the(x, int(k))


def _to_the(x: Monomial, k: int) -> Monomial | None:
    if k < 0 and x.coefficient == 0:
        return None
    try:
        return Monomial(x.coefficient**k, {f: n * k for f, n in x.powers.items()})
    except OverflowError:
        return None


def _quotient(x: Monomial, y: Monomial) -> Monomial | None:
    inverse = _to_the(y, -1)
    return None if inverse is None else _product(x, inverse)


_FORMS: dict[Any, Any] = {
    np.multiply: _product,
    np.divide: _quotient,
    np.negative: lambda x: Monomial(-x.coefficient, x.powers),
    np.square: lambda x: _to_the(x, 2),
    np.reciprocal: lambda x: _to_the(x, -1),
    np.power: _power,
}
