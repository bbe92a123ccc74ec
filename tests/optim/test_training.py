"""Training steps, against PyTorch's and by what must hold of any."""

from __future__ import annotations

import copy
import io
import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autodiff import Tensor
from optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, clip_by_norm, clip_by_value

Make = Callable[[Any], Any]

PYTORCH = json.loads((Path(__file__).parent / "training_by_pytorch.json").read_text())
PUBLIC = [getattr(optim, name) for name in optim.__all__]
OPTIMIZERS = {
    kind.__name__: kind
    for kind in PUBLIC
    if isinstance(kind, type) and issubclass(kind, Optimizer) and kind is not Optimizer
}

# One of each, with everything on.
MAKES = {
    "plain": lambda p: SGD(p, lr=0.01, weight_decay=0.1),
    "momentum": lambda p: SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
    "nesterov": lambda p: SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "adagrad": lambda p: Adagrad(p, lr=0.1, weight_decay=0.1),
    "rmsprop": lambda p: RMSprop(p, lr=0.01, momentum=0.5, weight_decay=0.1),
    "adam": lambda p: Adam(p, lr=0.1, weight_decay=0.1),
    "adamw": lambda p: AdamW(p, lr=0.1, weight_decay=0.1),
}
each_kind = pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)


def quartic(*parameters: Tensor) -> Any:
    return sum(np.sum(p**4 - 3 * p) for p in parameters)


def train(optimizer: Any, steps: int, loss: Callable[..., Any] = quartic) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        loss(*optimizer.parameters).backward()
        optimizer.step()


def some_parameters(dtype: Any = np.float64) -> list[Tensor]:
    return [Tensor(np.array(2, dtype)), Tensor(np.array([[-0.5, 0.25], [1.5, 1]], dtype))]


# -- against PyTorch -------------------------------------------------------------------------


def title(case: dict[str, Any]) -> str:
    return " ".join([case["optimizer"], *(f"{k}={v}" for k, v in case["settings"].items())])


@pytest.mark.parametrize("case", PYTORCH["updates"] + PYTORCH["clipping"], ids=title)
def test_a_hundred_steps_are_pytorchs(case: dict[str, Any]) -> None:
    X, Y, W, b = (PYTORCH["problem"][name] for name in "XYWb")
    X, Y, W, b = np.array(X), np.array(Y), Tensor(W), Tensor(b)
    optimizer = OPTIMIZERS[case["optimizer"]]([W, b], **case["settings"])
    clip, values, norms = case.get("clip", {}), [], []
    factor = 1000 if clip else 10
    for step in range(1, 101):
        optimizer.zero_grad()
        shift = b.data if case.get("skips_b") and step % 3 == 1 else b
        (factor * np.mean((np.tanh(X @ W + shift) - Y) ** 2)).backward()
        norm = clip_by_norm([W, b], clip["max_norm"]) if "max_norm" in clip else math.nan
        if "limit" in clip:
            clip_by_value([W, b], clip["limit"])
        optimizer.step()
        if step in PYTORCH["recorded"]:
            values.append([*W.data.ravel(), *b.data])
            norms.append(norm)
    # PyTorch divides by the norm + 1e-6, so what it clips is shorter by as much.
    tolerance = {"rtol": 1e-7, "atol": 1e-8} if clip else {"rtol": 1e-9}
    np.testing.assert_allclose(values, case["values"], **tolerance)
    if "norms" in case:
        np.testing.assert_allclose(norms, case["norms"], rtol=1e-7)


def test_every_optimizer_is_compared_with_pytorch_and_made_with_everything_on() -> None:
    compared = {case["optimizer"] for case in PYTORCH["updates"] if "values" in case}
    made = {type(make([Tensor(1.0)])).__name__ for make in MAKES.values()}
    assert made == set(OPTIMIZERS), "each optimiser is to be in MAKES"
    assert compared == set(OPTIMIZERS), (
        "each is to be among the updates of training_by_pytorch.json; where PyTorch is installed, "
        "python -m tests.optim.by_pytorch writes its values"
    )


# -- states ----------------------------------------------------------------------------------


def by_pickle(state: Any) -> Any:
    return pickle.loads(pickle.dumps(state))


def by_savez(state: Any) -> Any:
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    return np.load(file)


@each_kind
@pytest.mark.parametrize("through", [by_pickle, by_savez])
def test_a_saved_state_goes_on_to_the_last_bit(make: Make, through: Callable[[Any], Any]) -> None:
    straight = make(some_parameters())
    train(straight, 4)
    straight.lr = 0.003
    straight.zero_grad()
    quartic(straight.parameters[0]).backward()  # the other one has no gradient
    straight.step()
    resumed = make([Tensor(p.data) for p in straight.parameters])
    resumed.load_state_dict(through(straight.state_dict()))
    for optimizer in (straight, resumed):
        train(optimizer, 5)
    for p, q in zip(straight.parameters, resumed.parameters, strict=True):
        assert p.data.tolist() == q.data.tolist()


def test_a_state_is_a_copy_of_what_steps_change() -> None:
    x = Tensor([1.0, 2.0])
    optimizer = SGD([x], lr=0.1, momentum=0.5)
    np.sum(x).backward()
    optimizer.step()
    state = optimizer.state_dict()
    optimizer.step()
    assert state["velocity.0"].tolist() == [1, 1]
    assert [state["kind"], state["lr"], state["counts"].tolist()] == ["SGD", 0.1, [1]]
    assert state.keys() == {"kind", "lr", "counts", "velocity.0"}


def same_state(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda p: AdamW(p), "expected the state of Adam, got that of AdamW"),
        (lambda p: Adam(p[:1]), r"it lacks \['gradients.1', 'squares.1'\] and has nothing beyond"),
        (lambda p: Adam([*p, Tensor(1.0)]), r"nothing and has \['gradients.2', 'squares.2'\]"),
        (
            lambda p: Adam(p[::-1]),
            r"'gradients.0' in the state of Adam has shape \(2, 2\).*expected \(\)",
        ),
        (lambda p: Adam(some_parameters(np.float32)), "dtype float32: expected.*float64"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(other: Make, message: str) -> None:
    optimizer = Adam(some_parameters())
    train(optimizer, 2)
    before = optimizer.state_dict()
    wrong = other(some_parameters())
    train(wrong, 3)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(wrong.state_dict())
    assert same_state(optimizer.state_dict(), before)


def test_momentum_cannot_go_on_from_a_state_without() -> None:
    plain, heavy = SGD(some_parameters(), lr=1.0), SGD(some_parameters(), lr=1.0, momentum=0.9)
    with pytest.raises(ValueError, match=r"lacks.*'velocity.0'.*other parameters or settings"):
        heavy.load_state_dict(plain.state_dict())


def test_an_empty_state_is_of_no_kind() -> None:
    with pytest.raises(ValueError, match="got that of None"):
        SGD([Tensor(1.0)], lr=1.0).load_state_dict({})


# -- what must hold of any step --------------------------------------------------------------


@each_kind
def test_steps_over_many_blocks_are_steps_over_one(make: Make) -> None:
    start = [0.5, -1.0, 2.0]
    large, small = Tensor(np.tile(start, 40_000)), Tensor(start)
    for x in (large, small):
        train(make([x]), 3, loss=lambda x: np.sum(x * x * x))
    assert np.all(large.data.reshape(-1, 3) == small.data)
    assert np.all(small.data != start)


@each_kind
def test_parameters_together_move_as_each_alone(make: Make) -> None:
    together, alone = some_parameters(), some_parameters()
    train(make(together), 3)
    for p, q in zip(together, alone, strict=True):
        train(make([q]), 3)
        assert p.data.tolist() == q.data.tolist()


@each_kind
def test_float32_parameters_stay_float32(make: Make) -> None:
    optimizer = make(some_parameters(np.float32))
    train(optimizer, 2)
    kept = [optimizer.state_dict()[f"{slot}.{i}"] for slot in optimizer.slots for i in range(2)]
    assert {a.dtype for a in [*optimizer.parameters, *kept]} == {np.dtype(np.float32)}


@each_kind
def test_a_parameter_without_a_gradient_stays_and_keeps_its_state(make: Make) -> None:
    x, y = some_parameters()
    optimizer = make([x, y])
    train(optimizer, 2)
    value, state = y.data.tolist(), optimizer.state_dict()
    train(optimizer, 2, loss=lambda x, y: quartic(x))
    assert y.data.tolist() == value
    assert optimizer.state_dict()["counts"].tolist() == [4, 2]
    for name in (name for name in state if name.endswith(".1")):
        assert np.array_equal(optimizer.state_dict()[name], state[name])


def test_a_step_outdates_what_was_recorded_before() -> None:
    x = Tensor(1.0, name="x")
    optimizer = SGD([x], lr=0.1)
    y = x * x
    y.backward()
    optimizer.step()
    with pytest.raises(RuntimeError, match="'x' was replaced after multiply"):
        y.backward()


def test_values_set_from_outside_are_seen() -> None:
    x = Tensor([1.0, 2.0])
    optimizer = SGD([x], lr=0.5)
    x.data = [10.0, 20.0]
    np.sum(x).backward()
    optimizer.step()
    assert x.data.tolist() == [9.5, 19.5]


def test_two_optimisers_may_share_a_parameter() -> None:
    x = Tensor([1.0])
    first, second = SGD([x], lr=1.0), SGD([x], lr=1.0)
    for optimizer in (first, second, first):
        optimizer.zero_grad()
        np.sum(x * 0.25).backward()
        optimizer.step()
    assert x.data.tolist() == [0.25]


def test_gradients_are_left_as_they_are() -> None:
    for make in MAKES.values():
        x = Tensor([1.0, -2.0])
        optimizer = make([x])
        np.sum(x * x).backward()
        optimizer.step()
        assert x.grad.tolist() == [2, -4]
        optimizer.zero_grad()
        assert x.grad is None


def test_a_network_learns() -> None:
    for make in MAKES.values():
        network = nn.MLP([2, 8, 1], activation="tanh", seed=0)
        x = np.random.default_rng(0).normal(size=(50, 2))

        def loss(*_: Any, network: Any = network, x: Any = x) -> Any:
            return nn.mean_squared_error(network(x), x[:, :1] * x[:, 1:])

        before = loss().item()
        train(make(network.parameters()), 100, loss)
        assert loss().item() < before


# -- refusals --------------------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda x, y: None, RuntimeError, r"call loss\.backward\(\) first"),
        (
            lambda x, y: setattr(y, "grad", np.ones(4)),
            ValueError,
            r"expected a gradient of shape \(2, 2\) for a parameter of shape.*got \(4,\)",
        ),
    ],
)
def test_a_step_that_fails_changes_nothing(
    make: Make, spoil: Any, error: type[Exception], message: str
) -> None:
    x, y = some_parameters()
    optimizer = make([x, y])
    train(optimizer, 2)
    before = [x.data.tolist(), y.data.tolist(), optimizer.state_dict()]
    optimizer.zero_grad()
    spoil(x, y)
    with pytest.raises(error, match=message):
        optimizer.step()
    assert [x.data.tolist(), y.data.tolist()] == before[:2]
    assert same_state(optimizer.state_dict(), before[2])


def test_frozen_parameters_are_left_out() -> None:
    x, y = Tensor([3.0, 4.0]), Tensor(2.0)
    frozen = [Tensor(v, requires_grad=False) for v in (np.ones(3), np.float32(1), 1j)]
    values = [p._value for p in frozen]
    optimizer = Adam([frozen[0], x, frozen[1], y, frozen[2]], lr=0.1)
    alone = Adam([a := Tensor([3.0, 4.0]), b := Tensor(2.0)], lr=0.1)
    assert optimizer.parameters == [x, y]
    frozen[0].requires_grad = True  # too late for this optimiser
    for _ in range(3):
        for p, q, o in ((x, y, optimizer), (a, b, alone)):
            o.zero_grad()
            (np.sum(p * p) * q + np.sum(frozen[0] ** 2)).backward()
            o.step()
    assert x.data.tolist() == a.data.tolist()
    assert y.item() == b.item()
    assert same_state(optimizer.state_dict(), alone.state_dict())
    assert [p._value is value for p, value in zip(frozen, values, strict=True)] == [True] * 3


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: SGD([], lr=1.0), ValueError, "at least one parameter"),
        (lambda x: SGD(nn.Linear(1, 1), lr=1.0), TypeError, "write model.parameters()"),
        (lambda x: SGD([np.ones(2)], lr=1.0), TypeError, "expected Tensors"),
        (lambda x: SGD([x * 2], lr=1.0), TypeError, "no op made"),
        (lambda x: SGD([Tensor(1)], lr=1.0), TypeError, "Tensors of floats that no op made"),
        (lambda x: SGD([x, Tensor(1)], lr=1.0), TypeError, "Tensors of floats that no op made"),
        (
            lambda x: SGD([Tensor(1.0, requires_grad=False)], lr=1.0),
            ValueError,
            "all 1 parameters are frozen: set requires_grad = True",
        ),
        (lambda x: SGD([Tensor(1j)], lr=1.0), TypeError, "real and the imaginary part"),
        (lambda x: SGD([x, Tensor(np.float32(1))], lr=1.0), ValueError, "of one dtype"),
        (lambda x: SGD([x, x], lr=1.0), ValueError, "listed twice"),
        (lambda x: SGD([x], lr=-1.0), ValueError, "positive, finite learning rate"),
        (lambda x: SGD([x], lr=math.inf), ValueError, "positive, finite learning rate"),
        (lambda x: SGD([x], lr=1.0, weight_decay=-1.0), ValueError, "weight_decay of at least 0"),
        (lambda x: SGD([x], lr=1.0, momentum=1.0), ValueError, "momentum in"),
        (lambda x: SGD([x], lr=1.0, nesterov=True), ValueError, "needs a momentum"),
        (lambda x: RMSprop([x], alpha=1.0), ValueError, "alpha in"),
        (lambda x: RMSprop([x], momentum=-0.1), ValueError, "momentum in"),
        (lambda x: RMSprop([x], eps=0.0), ValueError, "positive eps"),
        (lambda x: Adagrad([x], eps=0.0), ValueError, "positive eps"),
        (lambda x: Adam([x], betas=(0.9, 1.0)), ValueError, "betas in"),
        (lambda x: Adam([x], betas=(0.9,)), ValueError, "two betas"),
        (lambda x: AdamW([x], eps=math.nan), ValueError, "positive eps"),
    ],
)
def test_refusals(make: Make, error: type[Exception], message: str) -> None:
    x = Tensor(1.0)
    value = x._value
    with pytest.raises(error, match=message):
        make(x)
    assert x._value is value


def test_a_step_of_ones_own_needs_an_update_only() -> None:
    class Heavy(Optimizer):
        slots = ("total",)

        def update(self, gradient: Any, count: int, *state: Any) -> Any:
            (total,) = state
            total += gradient
            return self.lr * total / count

    x = Tensor(8.0)
    train(Heavy([x], lr=1.0), 3, loss=lambda x: 2 * x)
    assert x.item() == 2


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))], ids=["copy", "pickle"]
)
def test_a_copy_trains_its_own_parameters(copied: Any) -> None:
    model = nn.MLP([2, 3, 1], activation="tanh", seed=0)
    optimizer = Adam(model.parameters(), lr=0.1)
    other, its = copied((model, optimizer))
    before = [p.data.tolist() for p in model.parameters()]
    np.sum(other(np.ones((4, 2)))).backward()
    its.step()
    assert [p.data.tolist() for p in model.parameters()] == before
    changed = [p.data.tolist() for p in other.parameters()]
    assert all(new != old for new, old in zip(changed, before, strict=True))


@pytest.mark.parametrize("wrong", [{"lr": math.nan}, {"lr": -1.0}, {"counts": np.array([-1])}])
def test_a_state_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    optimizer = SGD([Tensor(1.0)], lr=0.5)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match="at least 0"):
        optimizer.load_state_dict(before | wrong)
    assert same_state(optimizer.state_dict(), before)
