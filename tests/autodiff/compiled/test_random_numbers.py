"""Random numbers: drawn anew at each replay, as an eager call draws them; or it is an error."""

from __future__ import annotations

import itertools
import random
import time
from types import SimpleNamespace

import numpy as np
import pytest
from agreement import assert_same

from autodiff import Tensor, compile, eager, recorded_state

X = np.random.default_rng(0).normal(size=(3, 4))


def rngs():
    return np.random.default_rng(3), np.random.default_rng(3)


def many_draws(x, rng):
    mask = rng.random(x.shape) < 0.5
    y = np.sum(x * mask)
    if y > 0:
        y = y * rng.normal()
    if y > 4:
        y = y * np.inf
    shuffled = x.copy()
    rng.shuffle(shuffled)
    p = Tensor(x)
    np.sum(p * p * rng.normal(size=4)).backward()
    return y, p.grad, shuffled, rng.permutation(3), rng.integers(5, size=2), rng.choice([1.0, 2.0])


class Dropout:
    """A layer that holds its generator."""

    def __init__(self, rng):
        self.rng = rng

    def __call__(self, x):
        return many_draws(x, recorded_state(self.rng))


@pytest.mark.parametrize("held", [False, True])
def test_draws_are_those_of_the_eager_run(held):
    """Where guards are hit and missed, infinities met and calls eager: the states agree."""
    rng, same = rngs()
    layer = Dropout(rng)
    compiled = compile(layer if held else many_draws, eager_calls=0)
    with np.errstate(all="ignore"):
        for i in range(40):
            x = X + (i % 2) - 0.5
            result = compiled(x) if held else compiled(x, rng)
            for a, b in zip(result, many_draws(x, same), strict=True):
                assert_same(np.asarray(a), np.asarray(b))
            assert rng.bit_generator.state == same.bit_generator.state
    assert sum(plan.runs for plan in compiled.plans) > 10


def test_another_generator_takes_the_place_of_an_argument():
    compiled = compile(lambda x, rng: x * rng.normal(size=x.shape), eager_calls=0)
    for seed in (1, 1, 2, 3):
        expected = X * np.random.default_rng(seed).normal(size=X.shape)
        assert_same(compiled(X, np.random.default_rng(seed)), expected)
    assert compiled.plans[0].runs == 3


def test_generators_held_and_given_together():
    (held, same_held), (given, same_given) = rngs(), rngs()

    def make(held):
        return lambda x, rng: x * rng.normal() + recorded_state(held).normal()

    compiled, plain = compile(make(held), eager_calls=0), make(same_held)
    for _ in range(6):
        assert_same(compiled(X, given), plain(X, same_given))
    assert compiled.plans[0].runs == 5


def test_one_generator_that_is_held_and_given():
    rng, same = rngs()

    def make(held):
        return lambda x, rng: x * rng.normal() + recorded_state(held).normal()

    compiled, plain = compile(make(rng), eager_calls=0), make(same)
    for _ in range(6):
        assert_same(compiled(X, rng), plain(X, same))


def test_a_generator_given_to_what_asks_for_its_state():
    rng, same = rngs()
    compiled = compile(lambda x, rng: x * recorded_state(rng).normal(), eager_calls=0)
    for _ in range(4):
        assert_same(compiled(X, rng), X * same.normal())


def test_outside_of_plans_it_is_the_generator():
    rng, same = rngs()
    assert recorded_state(rng) is rng
    compiled = compile(lambda x: x * recorded_state(rng).normal(), eager_calls=0)
    for _ in range(3):
        with eager():
            assert_same(compiled(X), X * same.normal())
        assert_same(compiled(X), X * same.normal())


def test_a_call_that_raises_has_drawn_what_it_drew():
    rng, same = rngs()

    def f(x, t, rng):
        x = x * rng.normal()
        if t > 0:
            raise KeyError
        return x * rng.normal()

    compiled = compile(f, eager_calls=0)
    for i in range(8):
        for call, g in ((compiled, rng), (f, same)):
            if i in (0, 3, 6):
                with pytest.raises(KeyError):
                    call(X, 1.0, g)
            else:
                call(X, -1.0, g)
        assert rng.bit_generator.state == same.bit_generator.state
    assert compiled.plans[0].runs >= 2


HELD = SimpleNamespace(
    rng=np.random.default_rng(0), old=np.random.RandomState(0), python=random.Random(0)
)
COUNT = itertools.count()


@pytest.mark.parametrize("eager_calls", [0, 3])
@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x * np.random.normal(size=4), "a constant that multiply is given.*HERE"),  # noqa: NPY002
        (lambda x: x + random.random(), "a constant that add is given.*HERE"),
        (lambda x: x * time.perf_counter(), "a constant that multiply is given.*HERE"),
        (lambda x: x * next(COUNT), "a constant that multiply is given.*HERE"),
        (lambda x: x.ravel()[np.random.permutation(12)], "a constant that getitem is given.*HERE"),  # noqa: NPY002
        (lambda x: x.sum(axis=next(COUNT) % 2), "what add.reduce is given.*HERE"),
        (lambda x: np.sin(x) if next(COUNT) % 2 else np.cos(x), "what is computed .*, then .*HERE"),
        (lambda x: x * HELD.rng.normal(), "draws from a random generator that it holds"),
        (lambda x: x * HELD.old.normal(), "draws from a random generator that it holds"),
        (lambda x: x * HELD.python.random(), "draws from a random generator that it holds"),
        (
            lambda x: x if HELD.rng.random() < 2 else -x,
            "draws from a random generator that it holds",
        ),
        (lambda x, r=HELD.rng: x * r.normal(), "draws from a random generator"),
    ],
)
def test_numbers_from_elsewhere_are_an_error(f, message, eager_calls):
    compiled = compile(f, eager_calls=eager_calls)
    for _ in range(eager_calls):
        compiled(X)
    message = "(?s)" + message.replace("HERE", "at .*test_random_numbers.py:.*lambda x:")
    if eager_calls and "draws" not in message:
        compiled(X)  # which is compared with the next one
    with pytest.raises(RuntimeError, match=message):
        compiled(X)
    assert compiled.plans == []


def test_second_recordings_draw_nothing_and_change_nothing():
    rng, same = rngs()
    p = Tensor(1.0)

    def f(x, rng):
        p.data = p.data * 2
        return x * rng.normal()

    compiled = compile(f, eager_calls=0)
    assert_same(compiled(X, rng), X * same.normal())
    assert rng.bit_generator.state == same.bit_generator.state
    assert p.item() == 2.0
