"""A training step that is compiled trains as the step does."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from autodiff import Tensor, compile, recorded_state
from optim import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    ReduceOnPlateau,
    RMSprop,
    Schedule,
    clip_by_norm,
    clip_by_value,
    cosine_decay,
)

OPTIMISERS = {
    "SGD": lambda ps: SGD(ps, 0.1),
    "momentum": lambda ps: SGD(ps, 0.1, 0.9),
    "Nesterov": lambda ps: SGD(ps, 0.1, 0.9, True, weight_decay=0.01),
    "Adam": lambda ps: Adam(ps, 0.05),
    "Adam with decay": lambda ps: Adam(ps, 0.05, weight_decay=0.1),
    "AdamW": lambda ps: AdamW(ps, 0.05),
    "RMSprop": lambda ps: RMSprop(ps, 0.05, momentum=0.5),
    "Adagrad": lambda ps: Adagrad(ps, 0.1),
}


class Model:
    """A layer, its optimiser, and a step over both."""

    def __init__(self, make=OPTIMISERS["Adam"], dtype=np.float64):
        rng = np.random.default_rng(1)
        self.W, self.b = Tensor(rng.normal(size=(4, 3)).astype(dtype)), Tensor(np.zeros(3, dtype))
        self.parameters = [self.W, self.b]
        self.optimizer = make(self.parameters)

    def loss(self, x):
        return np.mean((np.tanh(x @ self.W + self.b) - 1) ** 2)

    def step(self, x):
        self.optimizer.zero_grad()
        loss = self.loss(x)
        loss.backward()
        self.change_gradients()
        self.optimizer.step()
        return loss

    def change_gradients(self):
        pass


def train_both(kind=Model, *args, n=20, between=lambda i, model: None, dtype=np.float64, **kwargs):
    """Train a model compiled and another eager; assert that they agree after each step."""
    model, plain = kind(*args, dtype=dtype, **kwargs), kind(*args, dtype=dtype, **kwargs)
    step = compile(model.step, eager_calls=0)
    rng = np.random.default_rng(2)
    rounding = 100 * np.finfo(dtype).eps
    for i in range(n):
        x = rng.normal(size=(5, 4)).astype(dtype)
        np.testing.assert_allclose(step(x), plain.step(x).data, rtol=rounding)
        for p, q in zip(model.parameters, plain.parameters, strict=True):
            assert p.dtype == q.dtype
            np.testing.assert_allclose(p.data, q.data, rtol=rounding, atol=rounding)
            assert (p.grad is None) == (q.grad is None)
        state, expected = model.optimizer.state_dict(), plain.optimizer.state_dict()
        for name in expected.keys() - {"kind"}:
            np.testing.assert_allclose(state[name], expected[name], rtol=rounding, atol=rounding)
        between(i, model)
        between(i, plain)
    assert sum(plan.runs for plan in step.plans) >= n // 2
    return model, step


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_all_optimisers(name, dtype):
    train_both(Model, OPTIMISERS[name], dtype=dtype)


def test_a_learning_rate_that_is_set_by_hand():
    def slower(i, model):
        model.optimizer.lr = 0.05 / (i + 2)

    train_both(between=slower)


def test_a_schedule():
    schedules = {}

    def follow(i, model):
        schedule = schedules.setdefault(model, Schedule(model.optimizer, cosine_decay(20)))
        schedule.step()

    train_both(between=follow)


def test_settings_that_are_changed():
    def change(i, model):
        if i == 7:
            model.optimizer.betas = (0.8, 0.99)
            model.optimizer.eps = 1e-4
            model.optimizer.weight_decay = 0.1

    train_both(between=change)


def test_a_flag_that_is_changed():
    def change(i, model):
        model.optimizer.nesterov = i >= 7

    train_both(Model, OPTIMISERS["momentum"], between=change)


def test_a_state_that_is_loaded():
    states = {}

    def back(i, model):
        if i == 5:
            states[model] = model.optimizer.state_dict()
        if i == 12:
            model.optimizer.load_state_dict(states[model])

    train_both(between=back)


def test_a_plan_still_fits_parameters_that_were_replaced_before_a_state_is_loaded():
    model, x = Model(), np.ones((2, 4))
    step = compile(model.step, eager_calls=0)
    state, W = model.optimizer.state_dict(), np.array(model.W.data)
    first = step(x)
    model.W.data = W
    model.b.data = np.zeros(3)
    model.optimizer.load_state_dict(state)
    assert step(x) == pytest.approx(first, rel=1e-14)
    assert [plan.runs for plan in step.plans] == [1]


@pytest.mark.parametrize("when", [{5, 12}, set(range(20))])
def test_parameters_that_are_replaced_from_outside(when):
    def clipped(i, model):
        if i in when:
            model.W.data = np.clip(model.W.data, -0.5, 0.5)

    train_both(between=clipped)


def test_parameters_that_are_replaced_before_the_step():
    class Clipped(Model):
        def change_gradients(self):
            self.W.data = np.clip(self.W.data, -0.5, 0.5)

    train_both(Clipped)


def test_a_parameter_without_a_gradient():
    class Half(Model):
        def loss(self, x):
            return np.mean(np.tanh(x @ self.W) ** 2)

    train_both(Half)


@pytest.mark.parametrize("limit", [0.01, 0.3, 100.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_clipped_by_norm(limit, dtype):
    class Clipped(Model):
        def change_gradients(self):
            clip_by_norm(self.parameters, limit)

    train_both(Clipped, dtype=dtype)


def test_clipped_by_value():
    class Clipped(Model):
        def change_gradients(self):
            clip_by_value(self.parameters, 0.02)

    train_both(Clipped)


def test_two_optimisers():
    class Two(Model):
        def __init__(self, dtype):
            super().__init__(lambda ps: SGD(ps[:1], 0.1, 0.9), dtype)
            self.other = Adam(self.parameters[1:], 0.1)

        def change_gradients(self):
            self.other.step()

    train_both(Two)


def test_two_optimisers_of_one_parameter():
    class Two(Model):
        def __init__(self, dtype):
            super().__init__(dtype=dtype)
            self.other = SGD(self.parameters[1:], 0.1, 0.9)

        def change_gradients(self):
            self.other.step()

    train_both(Two)


def test_two_steps_in_one_call():
    class Twice(Model):
        def step(self, x):
            super().step(x)
            return super().step(x)

    train_both(Twice)


def test_gradients_that_add_up_over_calls():
    class Adding(Model):
        def step(self, x):
            loss = self.loss(x)
            loss.backward()
            self.optimizer.step()
            return loss

    train_both(Adding, OPTIMISERS["SGD"])


def test_a_schedule_inside():
    class Scheduled(Model):
        def __init__(self, dtype):
            super().__init__(dtype=dtype)
            self.schedule = Schedule(self.optimizer, lambda steps: 0.5 ** min(steps, 3))

        def change_gradients(self):
            self.schedule.step()

    train_both(Scheduled)


def test_a_rate_that_follows_the_loss_inside():
    class Waiting(Model):
        def __init__(self, dtype):
            super().__init__(dtype=dtype)
            self.waiting = ReduceOnPlateau(self.optimizer, patience=1, threshold=0.5)

        def step(self, x):
            loss = super().step(x)
            self.waiting.step(loss)
            return loss

    model, plain = Waiting(np.float64), Waiting(np.float64)
    step = compile(model.step, eager_calls=0)

    def call_often():
        for i in range(20):
            x = np.full((5, 4), float(i))
            np.testing.assert_allclose(step(x), plain.step(x).data, rtol=1e-12)
            assert model.optimizer.lr == plain.optimizer.lr
            assert model.waiting.state_dict() == plain.waiting.state_dict()

    with pytest.warns(UserWarning, match="what Python reads of a value differs"):
        call_often()


def test_an_optimiser_of_ones_own():
    class Rounds(Optimizer):
        slots = ("sums",)

        def update(self, gradient, count, *state):
            (sums,) = state
            sums += gradient / count
            return self.lr * np.where(sums > 0.1, sums, gradient)

    train_both(Model, lambda ps: Rounds(ps, 0.1))


def test_what_is_pickled_between_goes_on_alike():
    model, step = train_both()
    again, plain = pickle.loads(pickle.dumps([model, model.parameters])), pickle.dumps(model)
    model, plain = again[0], pickle.loads(plain)
    step = compile(model.step, eager_calls=0)
    for i in range(5):
        x = np.full((5, 4), i / 4)
        np.testing.assert_allclose(step(x), plain.step(x).data, rtol=1e-12)
    np.testing.assert_allclose(model.W.data, plain.W.data, rtol=1e-12)


def test_graphs_from_before_the_step_are_stale():
    model, step = train_both()
    before = model.loss(np.ones((5, 4)))
    step(np.ones((5, 4)))
    with pytest.raises(RuntimeError, match="was replaced after"):
        before.backward()


def test_evaluating_between_steps_does_not_disturb_plans():
    model, step = train_both()
    loss = compile(model.loss, eager_calls=0)
    for i in range(6):
        x = np.full((5, 4), i / 4)
        step(x)
        np.testing.assert_allclose(loss(x), model.loss(x).data, rtol=1e-12)
    assert loss.plans[0].runs == 5


class TestRecordedState:
    def test_of_an_object_of_ones_own(self):
        class Average:
            def __init__(self):
                self.mean, self.count, self.last, self.old = np.zeros(3), 0, [0.0, 0.0], True

            def __call__(self, x):
                self = recorded_state(self)
                self.count += 1
                self.mean += (x - self.mean) / self.count
                self.last[1] = np.sum(x)
                self.old = False
                return self.mean * 2

        average, plain = Average(), Average()
        compiled = compile(average, eager_calls=0)
        array = average.mean
        for i in range(9):
            x = np.arange(3.0) * i
            np.testing.assert_allclose(compiled(x), plain(x), rtol=1e-12)
            assert average.mean is array
            assert type(average.count) is int
            np.testing.assert_allclose(average.mean, plain.mean, rtol=1e-12)
            assert (average.count, average.last, average.old) == (
                plain.count,
                plain.last,
                plain.old,
            )
        assert sum(plan.runs for plan in compiled.plans) >= 6

    @pytest.mark.parametrize("value", [np.zeros(3), "other", {}])
    def test_of_what_becomes_something_else(self, value):
        class Odd:
            x = 0.0

            def __init__(self):
                self.x = None

            def __call__(self, y):
                self = recorded_state(self)
                self.x = value
                return y * 2

        odd = Odd()
        compiled = compile(odd, eager_calls=0)
        if isinstance(value, str):
            compiled(1.0)
        else:
            with pytest.warns(UserWarning, match="x of a Odd becomes another"):
                compiled(1.0)
        assert odd.x is value
