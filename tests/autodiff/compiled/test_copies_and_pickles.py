"""Functions with plans where they are copied or pickled: as the function, with plans of its own."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autodiff import compile, replaying

X = np.linspace(0.0, 1.0, 5)
ROOT = Path(__file__).parents[3]


def waves(x: Any) -> Any:
    return np.sin(x) ** 2


@compile
def decorated(x: Any) -> Any:
    return np.cos(x)


class Scaled:
    """What keeps a plan of a method of its own."""

    def __init__(self) -> None:
        self.scale = 2.0
        self.fast = compile(self.scaled, eager_calls=0)

    def scaled(self, x: Any) -> Any:
        return self.scale * np.sin(x)


def pickled(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))


@pytest.mark.parametrize("again", [deepcopy, pickled])
@pytest.mark.parametrize("made", [lambda f: compile(f, eager_calls=0, threads=1), replaying])
def test_another_is_the_function_without_plans(again: Any, made: Callable[..., Any]) -> None:
    fast = made(waves)
    for _ in range(60):
        fast(X)
    assert len(fast.plans) == 1
    other = again(fast)
    assert type(other) is type(fast)
    np.testing.assert_allclose(other(X), np.sin(X) ** 2, rtol=1e-15)


@pytest.mark.parametrize("again", [deepcopy, pickled])
def test_what_was_asked_of_plans_is_kept(again: Any) -> None:
    other = again(compile(waves, eager_calls=0, donate="x", threads=2))
    assert (other.eager_calls, other.donate, other.threads) == (0, ("x",), 2)
    assert len(other.plans) == 0
    other(X.copy())
    assert len(other.plans) == 1


@pytest.mark.parametrize("again", [deepcopy, pickled])
def test_one_that_has_the_name_of_its_function_is_itself(again: Any) -> None:
    assert again(decorated) is decorated


@pytest.mark.parametrize("again", [deepcopy, pickled])
def test_a_method_is_that_of_the_copy(again: Any) -> None:
    first = Scaled()
    second = again(first)
    second.scale = 3.0
    np.testing.assert_allclose(first.fast(X), 2.0 * np.sin(X), rtol=1e-15)
    np.testing.assert_allclose(second.fast(X), 3.0 * np.sin(X), rtol=1e-15)


def test_of_the_program_that_was_started_it_travels_by_value(tmp_path: Path) -> None:
    pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")
    program = (
        "import sys, numpy as np, cloudpickle, autodiff\n"
        "@autodiff.compile\n"
        "def f(x): return 2 * x\n"
        f"open({str(tmp_path / 'f')!r}, 'wb').write(cloudpickle.dumps(f))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
    assert pickle.loads((tmp_path / "f").read_bytes())(3.0) == 6.0
