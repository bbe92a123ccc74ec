"""Schedules, against PyTorch's and by what must hold of any."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor
from optim import (
    SGD,
    ReduceOnPlateau,
    Schedule,
    constant,
    cosine_decay,
    exponential_decay,
    step_decay,
    warm_up,
)

PYTORCH = json.loads((Path(__file__).parent / "training_by_pytorch.json").read_text())
COURSES = {
    "constant": constant,
    "step_decay": step_decay(every=7, factor=0.3),
    "exponential_decay": exponential_decay(0.93),
    "cosine_decay": cosine_decay(steps=59, floor=0.1),
    "warm_up": warm_up(9, then=cosine_decay(50)),
}


def an_optimizer(lr: float = 0.4) -> SGD:
    return SGD([Tensor(1.0)], lr=lr)


def saved_and_read(state: dict[str, Any]) -> Any:
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    return np.load(file)


# -- against PyTorch -------------------------------------------------------------------------


@pytest.mark.parametrize("name", COURSES)
def test_the_rates_are_pytorchs(name: str) -> None:
    expected = PYTORCH["schedules"][name]["rates"]
    optimizer = an_optimizer()
    schedule = Schedule(optimizer, COURSES[name])
    rates = []
    for _ in expected:
        rates.append(optimizer.lr)
        schedule.step()
    np.testing.assert_allclose(rates, expected, rtol=1e-9, atol=1e-15)


def test_plateaus_are_pytorchs() -> None:
    optimizer = an_optimizer()
    schedule = ReduceOnPlateau(optimizer, **PYTORCH["plateau"]["settings"])
    rates = []
    for loss in PYTORCH["plateau"]["losses"]:
        schedule.step(loss)
        rates.append(optimizer.lr)
    np.testing.assert_allclose(rates, PYTORCH["plateau"]["rates"], rtol=1e-12)


# -- what must hold --------------------------------------------------------------------------


def test_a_cosine_stays_at_its_floor() -> None:
    course = cosine_decay(steps=10, floor=0.25)
    assert [course(t) for t in (10, 11, 1000)] == [0.25] * 3


def test_warming_up_ends_where_the_next_course_starts() -> None:
    course = warm_up(4, then=lambda t: 10.0 + t)
    assert [course(t) for t in (3, 4, 5)] == [0.8, 10, 11]


def test_a_warm_up_begins_with_the_first_step() -> None:
    optimizer = an_optimizer(lr=1.0)
    Schedule(optimizer, warm_up(3))
    assert optimizer.lr == 0.25


def test_one_course_may_serve_two_optimisers() -> None:
    course = exponential_decay(0.5)
    first, second = an_optimizer(lr=1.0), an_optimizer(lr=8.0)
    schedules = [Schedule(first, course), Schedule(second, course)]
    schedules[0].step()
    assert (first.lr, second.lr) == (0.5, 8)


def test_float32_parameters_stay_float32_whatever_the_course_returns() -> None:
    x = Tensor(np.ones(2, np.float32))
    optimizer = SGD([x], lr=1.0)
    Schedule(optimizer, lambda t: np.float64(0.5))
    np.sum(x).backward()
    optimizer.step()
    assert (type(optimizer.lr), x.dtype, x.data.tolist()) == (float, np.float32, [0.5, 0.5])


def test_a_saved_schedule_goes_on() -> None:
    course = warm_up(2, then=cosine_decay(9))
    straight = Schedule(an_optimizer(), course)
    for _ in range(5):
        straight.step()
    resumed = Schedule(an_optimizer(lr=7.0), course)
    resumed.load_state_dict(saved_and_read(straight.state_dict()))
    for _ in range(3):
        assert resumed.optimizer.lr == straight.optimizer.lr
        straight.step()
        resumed.step()


def test_a_saved_plateau_goes_on() -> None:
    straight = ReduceOnPlateau(an_optimizer(), patience=2)
    for loss in (1.0, 2.0, 2.0):
        straight.step(loss)
    resumed = ReduceOnPlateau(an_optimizer(), patience=2)
    resumed.load_state_dict(saved_and_read(straight.state_dict()))
    resumed.step(1.5)
    assert resumed.optimizer.lr == pytest.approx(0.04)


def test_a_plateau_takes_a_tensor() -> None:
    schedule = ReduceOnPlateau(an_optimizer())
    schedule.step(2 * Tensor(1.5))
    assert schedule.best == 3


def test_losses_below_zero_improve_downwards() -> None:
    schedule = ReduceOnPlateau(an_optimizer(), patience=0, threshold=0.1)
    for loss in (-1.0, -2.0):
        schedule.step(loss)
    assert (schedule.best, schedule.optimizer.lr) == (-2, 0.4)
    schedule.step(-2.1)
    assert schedule.optimizer.lr == pytest.approx(0.04)


def test_a_plateau_never_raises_the_rate() -> None:
    schedule = ReduceOnPlateau(an_optimizer(lr=0.1), patience=0, min_lr=0.5)
    for _ in range(3):
        schedule.step(1.0)
    assert schedule.optimizer.lr == 0.1


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_changes_nothing(loss: float) -> None:
    schedule = ReduceOnPlateau(an_optimizer(), patience=0)
    schedule.step(1.0)
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=f"expected a finite loss, got {loss}"):
        schedule.step(loss)
    assert (schedule.state_dict(), schedule.optimizer.lr) == (before, 0.4)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_rate_that_is_none_changes_nothing(bad: float) -> None:
    schedule = Schedule(an_optimizer(), lambda t: bad if t == 2 else 1.0)
    schedule.step()
    with pytest.raises(ValueError, match="learning rate of at least 0 after 2 steps"):
        schedule.step()
    assert (schedule.optimizer.lr, schedule.steps) == (0.4, 1)


def test_a_state_of_another_schedule_changes_nothing() -> None:
    optimizer = an_optimizer()
    schedule = Schedule(optimizer, exponential_decay(0.5))
    schedule.step()
    for state in (ReduceOnPlateau(optimizer).state_dict(), {"kind": "Schedule", "steps": 3}):
        with pytest.raises(ValueError, match=r"expected the state of Schedule|lacks"):
            schedule.load_state_dict(state)
    assert (schedule.steps, optimizer.lr) == (1, 0.2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: step_decay(every=0), "every of at least 1"),
        (lambda: step_decay(every=2, factor=0.0), "positive factor"),
        (lambda: exponential_decay(-1.0), "positive factor"),
        (lambda: cosine_decay(steps=0), "steps of at least 1"),
        (lambda: cosine_decay(steps=5, floor=2.0), "floor in"),
        (lambda: warm_up(0), "steps of at least 1"),
        (lambda: ReduceOnPlateau(an_optimizer(), factor=1.0), r"factor in \(0, 1\)"),
        (lambda: ReduceOnPlateau(an_optimizer(), patience=-1), "patience"),
        (lambda: ReduceOnPlateau(an_optimizer(), threshold=-1.0), "threshold"),
        (lambda: ReduceOnPlateau(an_optimizer(), min_lr=math.nan), "min_lr"),
    ],
)
def test_refusals(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
