"""What `steps` is given, what it refuses and in which words, and where its page is saved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, draw, steps, text


def square(x: Any) -> Any:
    return x * x


PAGE = steps(square, 3.0)


# -- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["page.html", "page.htm", "PAGE.HTML", "page", "made/page.html"])
def test_a_page_is_saved_as_html_and_its_path_returned(tmp_path: Path, name: str) -> None:
    assert PAGE.save(tmp_path / name) == str(tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8") == PAGE.html


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf", "a.gv", "page.html.txt"])
def test_a_page_is_not_written_as_anything_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{re.escape(repr(Path(name).suffix))}.*\.html.*\.htm"):
        PAGE.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_who_wants_a_picture_is_told_of_draw(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"draw\(f, x\)\.save"):
        PAGE.save(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a\ud800", "\udfff", "a\0b", "\x1b[1m"])
def test_what_no_file_can_hold_is_spelt(tmp_path: Path, name: str) -> None:
    x = Tensor(2.0, name=name)
    page = steps(lambda y: x * y, 3.0, title=name, names=[name * 2])
    page.save(tmp_path / "page.html")
    spelt = repr(name)[1:-1]
    assert page.title == spelt
    assert f"<h1>{spelt}</h1>" in page.html
    assert f'<th scope="row">{spelt}</th>' in page.html
    assert f"∂{spelt * 2}/∂·" in page.html
    page._repr_html_().encode()
    record = re.search(r'id="data">(.*?)</script>', page.html, re.DOTALL)
    assert record is not None
    assert [step["heading"] for step in json.loads(record[1])["steps"]][1] == (
        f"{spelt * 2} = {spelt} * y"
    )


# -- options ---------------------------------------------------------------------------------


@pytest.mark.parametrize("title", [3, b"loss", ["loss"]])
def test_a_title_is_a_text(title: Any) -> None:
    with pytest.raises(TypeError, match=f"title .*text.*{re.escape(repr(title))}"):
        steps(square, 3.0, title=title)


@pytest.mark.parametrize("option", ["theme", "direction"])
@pytest.mark.parametrize("given", ["sepia", 3, None, ["light"], np.ones(2)])
def test_unknown_options_are_refused_with_those_that_are_known(option: str, given: Any) -> None:
    options: dict[str, Any] = {option: given}
    with pytest.raises(ValueError, match=f"unknown {option} .*: give one of .*(auto|LR)"):
        steps(square, 3.0, **options)


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
def test_data_flow_in_the_directions_of_draw(direction: str) -> None:
    assert "output" in steps(square, 3.0, direction=direction).html


# -- functions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((), "nothing"),
        ((None,), "nothing"),
        ((3.0,), "a float"),
        (([1.0, 2.0],), "a list"),
        ((Tensor(3.0) * 2.0,), "a Tensor"),
    ],
)
def test_what_is_no_function_is_refused(given: tuple[Any, ...], says: str) -> None:
    with pytest.raises(TypeError, match=rf"given {says}: write steps\(f, x\)"):
        steps(*given)


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("around", [lambda f: f, partial, lambda f: partial(partial(f))])
@pytest.mark.parametrize("args", [(), (1.0,)])
@pytest.mark.parametrize("door", [steps, draw, text])
def test_a_function_that_wraps_itself_is_refused(
    door: Any, length: int, around: Any, args: Any
) -> None:
    ring: list[Any] = [lambda x: x * x, lambda x: x / 2.0][:length]
    for k, f in enumerate(ring):
        f.__wrapped__ = ring[k - 1]
    with pytest.raises(TypeError, match=r"__wrapped__ leads back to itself") as caught:
        door(around(ring[0]), *args)
    assert str(caught.value).startswith(f"{door.__name__} expects a function")


@pytest.mark.parametrize(
    ("f", "x", "came", "instead"),
    [
        (lambda x: x * 2.0, np.ones(3), "an array of shape (3,)", "np.sum"),
        (lambda x: x * 2.0, np.ones((2, 1)), "an array of shape (2, 1)", "np.sum"),
        (lambda x: x * 2j, 1.0, "a complex number", "np.abs(...) ** 2"),
        (lambda x: x * 2j, np.ones(3), "an array of shape (3,)", "np.sum"),
        (lambda x: [x * 2.0, x * 3.0], 1.0, "2 of them", "their sum"),
        (lambda x: {"a": x * 2.0, "b": x, "c": -x}, 1.0, "3 of them", "their sum"),
        (lambda x: x, 1.0, "an argument itself", "compute"),
    ],
)
def test_a_function_returns_one_real_number(
    f: Callable[..., Any], x: Any, came: str, instead: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(came)) as caught:
        steps(f, x)
    assert str(caught.value).startswith("steps expects a function that returns one real number")
    assert instead in str(caught.value)
    assert "backward" not in str(caught.value)
    assert "cotangent" not in str(caught.value)


def test_an_array_of_one_entry_is_one_number() -> None:
    assert "output" in steps(lambda x: x * 2.0, np.ones((1, 1))).html
