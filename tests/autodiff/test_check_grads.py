"""check_grads finds mistakes, and says where."""

from __future__ import annotations

import numpy as np
import pytest

from autodiff import check_grads, custom, elementwise, stop_gradient


def test_passes_what_is_right() -> None:
    check_grads(lambda x, y: np.sin(x) * y**2, np.array([0.1, 0.7]), 1.3, order=3)
    check_grads(np.cos, np.float32(0.5), order=1, rtol=1e-2, atol=1e-2)


def test_names_argument_mode_order_and_entry() -> None:
    wrong = elementwise(lambda x: x**2, lambda g, out, x: g * np.where(x > 1, 3 * x, 2 * x))
    with pytest.raises(AssertionError, match=r"forward, order 1, argument 1\) at entry \(2,\)"):
        check_grads(lambda a, x: a + wrong(x), 0.5, np.array([0.1, 0.2, 2.0]))


def test_finds_a_wrong_second_derivative() -> None:
    # A rule that leaves the graph: the right number, but a constant to the next order.
    wrong = elementwise(lambda x: x * x, lambda g, out, x: g * 2 * stop_gradient(x))
    check_grads(wrong, 0.5, order=1, modes=["reverse"])
    with pytest.raises(AssertionError, match=r"reverse → .*order 2"):
        check_grads(wrong, 0.5, order=2, modes=["reverse"])


def test_finds_modes_that_differ() -> None:
    wrong = custom(lambda x: 2 * x, vjp=lambda g, out, x: 2 * g, jvp=lambda t, out, x: 3 * t)
    check_grads(wrong, 0.5, modes=["reverse"])
    with pytest.raises(AssertionError, match="forward"):
        check_grads(wrong, 0.5, modes=["forward"])


def test_finds_a_nan() -> None:
    wrong = elementwise(lambda x: x * 1.0, lambda g, out, x: g * np.nan)
    with pytest.raises(AssertionError, match="the rules give nan"):
        check_grads(wrong, 0.5)


@pytest.mark.parametrize("options", [{"order": 0}, {"modes": ["sideways"]}])
def test_unknown_options(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected order >= 1"):
        check_grads(np.sin, 0.5, **options)  # type: ignore[arg-type]
