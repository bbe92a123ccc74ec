"""Training on arrays that behave as CuPy's: the numbers are those of NumPy's arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
import nn
import optim
from autodiff import of_kind, to_numpy
from tests.autodiff.device_arrays import DeviceArray

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
LABELS = rng.integers(0, 3, 40)
Y = rng.normal(size=(40, 3)).astype(np.float32)

LOSSES = {"labels": (nn.cross_entropy, LABELS), "numbers": (nn.mean_squared_error, Y)}
MAKES: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
    "RMSprop": lambda p: optim.RMSprop(p, momentum=0.5),
    "Adagrad": lambda p: optim.Adagrad(p, weight_decay=0.1),
}


def network(x: Any) -> nn.MLP:
    """Return a network whose parameters are where the data are."""
    model = nn.MLP([5, 8, 3], seed=0, dtype=np.float32)
    for p in model.parameters():
        p.data = of_kind(p.data, x)
    return model


def agree(a: nn.Module, b: nn.Module) -> None:
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        assert type(p.data) is DeviceArray
        np.testing.assert_allclose(to_numpy(p), to_numpy(q), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("planned", [False, True])
@pytest.mark.parametrize("targets", LOSSES)
@pytest.mark.parametrize("make", MAKES)
@pytest.mark.filterwarnings("ignore:.*compile.*")
def test_steps(make: str, targets: str, planned: bool) -> None:
    loss, y = LOSSES[targets]

    def trained(x: Any, y: Any) -> nn.MLP:
        model = network(x)
        optimizer = MAKES[make](model.parameters())

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            value = loss(model(x), y)
            value.backward()
            optimizer.step()
            return value

        step = autodiff.compile(step) if planned else step
        for _ in range(5):
            step(x, y)
        return model

    agree(trained(DeviceArray(X), DeviceArray(y)), trained(X, y))


@pytest.mark.parametrize("targets", LOSSES)
@pytest.mark.filterwarnings("ignore:.*compile.*")
def test_the_training_loop(targets: str) -> None:
    loss, y = LOSSES[targets]

    def trained(x: Any, y: Any) -> tuple[nn.MLP, nn.History]:
        model = network(x)
        history = nn.train(
            model,
            loss,
            (x, y),
            epochs=3,
            optimizer=optim.Adam(model.parameters()),
            batch_size=16,
            validation=0.25,
            metrics=[nn.accuracy] if y.ndim == 1 else [],
            early_stopping=2,
            seed=0,
            progress=False,
        )
        return model, history

    (there, found), (here, expected) = trained(DeviceArray(X), DeviceArray(y)), trained(X, y)
    agree(there, here)
    for name in ("loss", "validation_loss"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)


def test_states_are_numpys_and_parameters_stay_where_they_are(tmp_path: Path) -> None:
    model = network(DeviceArray(X))
    optimizer = optim.Adam(model.parameters())
    nn.mean_squared_error(model(DeviceArray(X)), DeviceArray(Y)).backward()
    optimizer.step()
    state, steps = model.state_dict(), optimizer.state_dict()
    assert {type(a) for a in state.values()} == {np.ndarray}
    nn.save(model, tmp_path / "model.safetensors")
    model.load_state_dict(state)
    optimizer.load_state_dict(steps)
    agree(model, model)
    nn.load(tmp_path / "model.safetensors", model)
    agree(model, model)


def test_layers_clipping_and_metrics() -> None:
    x = DeviceArray(X)
    norm = nn.LayerNorm(5, dtype=np.float32)
    expected = norm(X).data
    for p in norm.parameters():
        p.data = of_kind(p.data, x)
    np.testing.assert_allclose(to_numpy(norm(x)), expected, rtol=1e-5)
    dropout, same = nn.Dropout(seed=0), nn.Dropout(seed=0)
    np.testing.assert_array_equal(to_numpy(dropout(x)), same(X))
    assert nn.accuracy(DeviceArray(LABELS), DeviceArray(Y)) == nn.accuracy(LABELS, Y)
    model = network(x)
    nn.mean_squared_error(model(x), DeviceArray(Y)).backward()
    optim.clip_by_norm(model.parameters(), 0.1)
    optim.clip_by_value(model.parameters(), 0.01)
    assert max(float(np.max(np.abs(p.grad))) for p in model.parameters()) <= 0.01


def test_parameters_move_together_and_before_the_optimizer_is_made() -> None:
    model = network(X)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    first, *others = model.parameters()
    first.data = DeviceArray(first.data)
    with pytest.raises(TypeError, match="move all parameters"):
        optim.Adam(model.parameters())
    for p in others:
        p.data = DeviceArray(p.data)
    nn.mean_squared_error(model(DeviceArray(X)), DeviceArray(Y)).backward()
    with pytest.raises(TypeError, match="and make the optimizer then"):
        optimizer.step()
