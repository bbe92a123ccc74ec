"""help(optim): its tables say what the signatures, the statuses and the methods' code say."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import optim
from optim import Status

METHODS: dict[str, Callable[..., Any]] = {
    method.__name__: method
    for method in map(vars(optim).get, optim.__all__)
    if inspect.isfunction(method) and "x0" in inspect.signature(method).parameters
}
LIMITS = ("maxiter", "max_nfev", "options")
SHARED = {"f", "fun", "residuals", "x0", "args", *LIMITS, "callback", "path", "progress"}


def tables(text: str) -> list[list[list[str]]]:
    """Return the rows of each table, headings first; an entry may be empty."""
    found = []
    for heading, rows in re.findall(r"^(\|.*\n)\|[-|]+\|\n((?:\|.*\n?)+)", text, re.MULTILINE):
        lines = (heading + rows).splitlines()
        found.append([[entry.strip() for entry in line.split("|")[1:-1]] for line in lines])
    return found


FINDS, ARGUMENTS, MEANINGS, OUTCOMES = tables(optim.__doc__ or "")


# -- what the code can return ----------------------------------------------------------------


def parts_of(function: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))


def statuses_in(tree: ast.AST) -> Iterator[Status]:
    """Yield the statuses that are written as values, not those that others are compared with."""
    compared = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        is_status = isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Status"
        if is_status and id(node) not in compared and node.attr in Status.__members__:
            yield Status[node.attr]


def named_in(tree: ast.AST, module: Any) -> Iterator[Any]:
    """Yield what the names in a piece of code stand for in its module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            yield getattr(module, name, None)


def outcomes(method: Callable[..., Any]) -> set[Status]:
    """Return the statuses in all that a method calls, other public methods excepted."""
    seen: set[int] = set()
    found: set[Status] = set()
    objects = False  # to what the function returns
    left: list[Any] = [method]
    while left:
        part = left.pop()
        if isinstance(part, tuple) and part and isinstance(part[0], Status):
            found.add(part[0])
        is_code = inspect.isfunction(part) or inspect.isclass(part)
        if not is_code or not part.__module__.startswith("optim.") or id(part) in seen:
            continue
        seen.add(id(part))
        if part is Status or (part in METHODS.values() and part is not method):
            continue
        tree = parts_of(part)
        found.update(statuses_in(tree))
        objects |= "raise ObjectiveError" in ast.unparse(tree)
        left.extend(named_in(tree, sys.modules[part.__module__]))
    return found if objects else found - {Status.INVALID}


# -- the tables of help(optim) ---------------------------------------------------------------


@pytest.mark.parametrize("table", [FINDS, ARGUMENTS, OUTCOMES])
def test_each_method_has_its_row(table: list[list[str]]) -> None:
    names = [row[0] for row in table[1:]]
    assert sorted(names) == sorted(METHODS)
    assert names == [row[0] for row in FINDS[1:]]


@pytest.mark.parametrize(("name", "own", "tolerance", "limit"), ARGUMENTS[1:])
def test_the_table_of_arguments_is_that_of_the_signatures(
    name: str, own: str, tolerance: str, limit: str
) -> None:
    parameters = inspect.signature(METHODS[name]).parameters
    (its_tolerance,) = (word for word in parameters if word.endswith("tol"))
    (its_limit,) = (word for word in parameters if word in LIMITS)
    for word, told in ((its_tolerance, tolerance), (its_limit, limit)):
        assert told == f"{word}={parameters[word].default!r}"
    its_own = [word for word in parameters if word not in SHARED | {its_tolerance}]
    assert own == ", ".join(its_own)


def test_the_table_of_meanings_is_that_of_the_statuses() -> None:
    assert MEANINGS[1:] == [[f"{status.value} {status.name}", status.meaning] for status in Status]


@pytest.mark.parametrize("row", OUTCOMES[1:], ids=lambda row: row[0])
def test_the_table_of_outcomes_is_that_of_the_code(row: list[str]) -> None:
    name, *told = row
    assert OUTCOMES[0][1:] == [str(status.value) for status in Status]
    possible = outcomes(METHODS[name])
    assert told == [str(status.value) if status in possible else "" for status in Status]


def test_what_methods_share_is_described_once() -> None:
    described = re.findall(r"^(\w.*) : ", optim.__doc__ or "", re.MULTILINE)
    names = {name for line in described for name in line.split(", ")}
    for method in METHODS.values():
        parameters = inspect.signature(method).parameters
        shared = SHARED - {"residuals", "fun", "options"}
        assert names >= {word for word in parameters if word in shared or word.endswith("tol")}


# -- help on a method ------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in METHODS if name != "minimize"])
def test_help_on_a_method_points_to_what_all_share(name: str) -> None:
    described = inspect.getdoc(METHODS[name]) or ""
    assert re.search(r"callback, path, progress\n    As of all methods: see `optim`.\n", described)
    for heading in ("Parameters", "Returns", "Raises", "References", "Examples"):
        assert f"\n{heading}\n{'-' * len(heading)}\n" in described
    assert "ValueError, TypeError\n    As of all methods" in described
    assert not tables(described)


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (("gradient_descent", "bfgs", "lbfgs", "newton", "newton_cg"), "f"),
        (("gradient_descent", "bfgs", "lbfgs", "newton", "newton_cg", "least_squares"), "x0"),
        (("bfgs", "lbfgs", "newton", "newton_cg"), "tol"),
        (("newton_raphson", "halley"), "xtol"),
    ],
)
def test_siblings_describe_an_argument_in_the_same_words(names: tuple[str, ...], word: str) -> None:
    described = {
        re.findall(rf"^{word} : .*\n(?: .*\n)+", inspect.getdoc(METHODS[name]) or "", re.MULTILINE)[
            0
        ]
        for name in names
    }
    assert len(described) == 1
