"""A small network learns to draw a heart.

The 1-6-7-2 logistic network of Imperial College's course *Multivariate Calculus*: 77 weights and
biases, drawn from N(0, 1)/2, learn the closed curve x(t) = 16 sin³t,
y(t) = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t by plain steepest descent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from autodiff import no_grad
from demos._plots import BLUE, GREEN, ORANGE, panels, save

STEPS = 50_000
SHOWN = {1_000: ORANGE, 5_000: GREEN, STEPS: BLUE}


def curve(points: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Return t/2π and the heart at t, both coordinates scaled into (0, 1)."""
    t = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return t[:, None] / (2 * np.pi), (np.stack([x, y], axis=1) / 20 + 1) / 2


def network(seed: int = 0) -> nn.MLP:
    """Return the network with the course's random weights."""
    model = nn.MLP([1, 6, 7, 2], activation="logistic", output_activation="logistic")
    rng = np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.data = rng.normal(size=parameter.shape) / 2
    return model


def cost(model: nn.MLP, t: np.ndarray, heart: np.ndarray) -> Any:
    """Return the mean squared distance between the network's points and the heart's."""
    return np.sum((model(t) - heart) ** 2) / len(t)


def train(steps: int) -> tuple[list[float], dict[int, np.ndarray]]:
    """Return the costs before every step and after the last, and the curves worth showing."""
    t, heart = curve()
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=7.0)
    costs, shown = [], {}
    for step in tqdm(range(steps + 1), desc="steps", unit_scale=True, leave=False):
        if step in SHOWN:
            with no_grad():
                shown[step] = model(curve(400)[0]).data
        optimizer.zero_grad()
        loss = cost(model, t, heart)
        costs.append(loss.item())
        loss.backward()
        optimizer.step()
    return costs, shown


def run(gallery: Path) -> None:
    """Train the network, print the cost and draw the curves."""
    costs, shown = train(STEPS)
    print("   step   mean squared distance")
    for step in (0, 100, 1_000, 10_000, STEPS):
        print(f"{step:>7,}   {costs[step]:.6f}")

    figure, (left, right) = panels(2)
    heart = curve(400)[1]
    left.plot(*heart.T, color="0.75", linewidth=6, label="the heart")
    for step, points in shown.items():
        left.plot(*points.T, color=SHOWN[step], label=f"after {step:,} steps")
    left.set(aspect="equal", xlabel="x", ylabel="y", title="What the network draws")
    left.legend(loc="upper center", frameon=False, ncols=2, fontsize="small")
    left.set_ylim(0, 1.15)
    right.loglog(np.arange(1, len(costs) + 1), costs, color=BLUE)
    right.set(xlabel="step", ylabel="mean squared distance", title="How it gets there")
    save(figure, gallery / "heart.svg")
