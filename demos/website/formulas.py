"""Formulas as MathML, with the spaces and primes that browsers do not set by themselves."""

from __future__ import annotations

import re
from typing import Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert

_SPACE = "http://www.w3.org/1998/Math/MathML"
_ROWS = {f"{{{_SPACE}}}{name}" for name in ("math", "mrow", "mstyle", "mtd")}
_SCRIPTS = {f"{{{_SPACE}}}{name}" for name in ("msub", "msup", "msubsup")}
_IDENTIFIER, _OPERATOR = f"{{{_SPACE}}}mi", f"{{{_SPACE}}}mo"
_THIN = "0.167em"


def mathml(source: str, display: Literal["block", "inline"]) -> str:
    """Return a formula in LaTeX as MathML.

    Raises
    ------
    ValueError
        When it has what MathML cannot be made of.
    """
    formula = convert(source, display=display)
    if re.search(r"<mi>(&<|[\\}])", formula):
        raise ValueError(f"expected a formula that MathML can be made of, got {source!r}")
    math = ElementTree.fromstring(formula)
    for element in list(math.iter()):
        _set_primes(element)
        if element.tag in _ROWS:
            _space_functions(element)
    ElementTree.register_namespace("", _SPACE)
    return ElementTree.tostring(math, encoding="unicode")


def _set_primes(element: Element) -> None:
    """Put primes at the size of letters: their signs are small and high as they are."""
    if element.tag not in _SCRIPTS or not set(element[-1].text or " ") <= set("′″‴"):
        return
    prime = Element(_OPERATOR, lspace="0", rspace="0")
    prime.text = element[-1].text
    base, *below = element[:-1]
    if below:
        whole = Element(f"{{{_SPACE}}}msub")
        whole.extend([base, *below])
        base = whole
    element.tag = f"{{{_SPACE}}}mrow"
    element[:] = [base, prime]


def _space_functions(row: Element) -> None:
    """Put thin spaces where TeX does, as in a sin x, about names that are no operators."""
    for place in reversed(range(len(row))):
        if not _is_function(row[place]):
            continue
        before, after = row[place - 1 : place], row[place + 1 : place + 2]
        if after and after[0].tag != _OPERATOR:
            apply = Element(_OPERATOR, lspace="0", rspace=_THIN)
            apply.text = "\u2061"
            row.insert(place + 1, apply)
        operand = before and (before[0].tag != _OPERATOR or before[0].text in (")", "]"))
        if operand and not _is_function(before[0]):
            row.insert(place, Element(f"{{{_SPACE}}}mspace", width=_THIN))


def _is_function(element: Element) -> bool:
    """Return whether an element is a name like sin, by itself or with scripts."""
    if element.tag in _SCRIPTS:
        return _is_function(element[0])
    name = element.text or ""
    return element.tag == _IDENTIFIER and len(name) > 1 and name.isalpha()
