"""What `draw`, `text` and `steps` do not take, and what they say to write instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import Tensor, compile, draw, steps, text

X = Tensor(2.0, name="x")
Y = np.sin(X)


@pytest.mark.parametrize("door", [draw, text])
@pytest.mark.parametrize("option", ["values", "gradients", "derivatives", "unfold"])
@pytest.mark.parametrize("given", ["no", 1, None])
def test_an_option_is_on_or_off(door: Callable[..., Any], option: str, given: Any) -> None:
    with pytest.raises(TypeError, match=f"^{option} is True or False, but got {given!r}"):
        door(Y, **{option: given})


@pytest.mark.parametrize("start", [[1], np.ones(2), 1, {"x": 1}])
def test_a_start_is_a_tensor_or_a_name(start: Any) -> None:
    with pytest.raises(TypeError, match=r"^start is a Tensor of the graph or the name of a node"):
        text(Y, start=start)


@pytest.mark.parametrize("theme", [["light"], "blue", None])
def test_a_theme_is_one_that_is_known(theme: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown theme .*: give one of"):
        draw(Y, theme=theme)


def test_a_name_is_not_empty() -> None:
    with pytest.raises(ValueError, match="give it a name"):
        draw(Y, names={"": Y})


def test_a_list_of_names_is_for_outputs() -> None:
    with pytest.raises(ValueError, match=r"arguments are called as in .* dict, names="):
        text(lambda a, b: a * b, 1.0, 2.0, names=["a", "b"])


@pytest.mark.parametrize(
    ("f", "x", "came"),
    [
        (np.argmax, np.arange(3.0), "argmax returned a Tensor of dtype int64, which has no"),
        (lambda x: x * 2, True, "f returned an int, which depends on no Tensor"),
        (lambda x: "s", 1.0, "f returned a str, which depends on no Tensor"),
        (lambda x: None, 1.0, "f returned None, which depends on no Tensor"),
    ],
)
def test_a_function_returns_what_depends_on_its_arguments(f: Any, x: Any, came: str) -> None:
    with pytest.raises(TypeError, match=f"^{came}"):
        text(f, x)


@pytest.mark.parametrize("door", [draw, text, steps])
def test_a_class_of_models_is_no_model(door: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"MLP is a class of models: make one, model = MLP\(...\)"):
        door(nn.MLP, [2, 2])


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    page = steps(lambda x: x * x, 2.0)
    with pytest.raises(OSError, match="the file cannot be written"):
        page.save(tmp_path)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("v1.2", "unknown format '2'.*under a name .* the source is saved"),
        ("x.html", r"unknown format 'html'.*steps\(f, x\).save"),
    ],
)
def test_an_ending_is_a_format(name: str, instead: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=instead):
        draw(Y).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


class TestPlans:
    """Plans have neither Tensors nor values."""

    @pytest.mark.parametrize("door", [draw, text])
    @pytest.mark.parametrize(
        "keyword",
        [{"start": "x"}, {"names": ["a"]}, {"derivatives": True}, {"unfold": True},
         {"gradients": True}],
    )  # fmt: skip
    def test_refuse_what_they_do_not_know(
        self, door: Callable[..., Any], keyword: dict[str, Any]
    ) -> None:
        fast = compile(lambda x: np.sin(x) * x, eager_calls=0)
        fast(np.arange(3.0))
        with pytest.raises(TypeError, match=f"^a plan has no {next(iter(keyword))}"):
            door(fast.plans[0], **keyword)
