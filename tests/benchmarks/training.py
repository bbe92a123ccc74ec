"""Time `nn.train` beside the training loops of PyTorch and scikit-learn, where installed.

``python -m tests.benchmarks.training`` trains 64-128-64-10 on four fifths of scikit-learn's digits
for 20 epochs, by Adam on batches of 64 in float32, and evaluates it on the others after each.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import cache, partial
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

# First, for it limits the threads before NumPy is imported.
from tests.benchmarks import THREADS  # isort: skip

import numpy as np

import nn
import optim
from tests.benchmarks.timing import measure

EPOCHS, BATCH, HELD_OUT = 20, 64, 360
SIZES = [64, 128, 64, 10]
AGREE = 0.03  # to which all are right in as large a part of the rows
TARGETS = {"PyTorch, DataLoader": 0.22, "PyTorch, indices": 0.22, "scikit-learn": 0.40}


@cache
def digits() -> tuple[Any, Any]:
    """Return the images and their labels, in random order."""
    from sklearn.datasets import load_digits

    x, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return (x[order] / 16).astype(np.float32), labels[order]


# -- the contestants, each of which returns how many of the held-out rows it has right -----------


def by_chainrule() -> float:
    x, labels = digits()
    model = nn.MLP(SIZES, seed=0, dtype=np.float32)
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        history = nn.train(
            model,
            nn.cross_entropy,
            (x[HELD_OUT:], labels[HELD_OUT:]),
            epochs=EPOCHS,
            optimizer=optim.Adam(model.parameters(), lr=1e-3),
            batch_size=BATCH,
            validation=(x[:HELD_OUT], labels[:HELD_OUT]),
            metrics=[nn.accuracy],
            seed=0,
        )
    return history["accuracy"][-1]


def by_a_loop() -> float:
    """Train by a loop that is written out, without plans."""
    x, labels = digits()
    model = nn.MLP(SIZES, seed=0, dtype=np.float32)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    rng = np.random.default_rng(0)
    right = 0.0
    for _ in range(EPOCHS):
        for inputs, targets in nn.batches(x[HELD_OUT:], labels[HELD_OUT:], size=BATCH, seed=rng):
            optimizer.zero_grad()
            loss = nn.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
        outputs = model(x[:HELD_OUT]).data
        nn.cross_entropy(outputs, labels[:HELD_OUT])
        right = nn.accuracy(labels[:HELD_OUT], outputs)
    return right


def by_pytorch(*, loader: bool) -> float:
    import torch

    x, labels = map(torch.from_numpy, digits())
    inputs, targets = x[HELD_OUT:], labels[HELD_OUT:]
    torch.manual_seed(0)
    layers: list[Any] = []
    for m, n in pairwise(SIZES):
        layers += [torch.nn.Linear(m, n), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = torch.nn.CrossEntropyLoss()
    rows = torch.utils.data.TensorDataset(inputs, targets)
    batches = torch.utils.data.DataLoader(rows, batch_size=BATCH, shuffle=True)
    right = 0.0
    for _ in range(EPOCHS):
        total = 0.0
        if not loader:
            order = torch.randperm(len(inputs)).split(BATCH)
            batches = ((inputs[rows], targets[rows]) for rows in order)
        model.train()
        for some, theirs in batches:
            optimizer.zero_grad()
            loss = loss_of(model(some), theirs)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(some)
        model.eval()
        with torch.no_grad():
            outputs = model(x[:HELD_OUT])
            loss_of(outputs, labels[:HELD_OUT]).item()
            right = (outputs.argmax(1) == labels[:HELD_OUT]).float().mean().item()
    return right


def by_scikit_learn() -> float:
    """Train as many rows, and let as many be held out, which has to be by scikit-learn's choice."""
    from sklearn.neural_network import MLPClassifier

    x, labels = digits()
    model = MLPClassifier(
        SIZES[1:-1],
        batch_size=BATCH,
        max_iter=EPOCHS,
        early_stopping=True,
        validation_fraction=HELD_OUT / len(x),
        n_iter_no_change=EPOCHS,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of iterations that were not enough
        model.fit(x, labels)
    return float(model.validation_scores_[-1])


def main() -> None:
    """Print how long each takes, and how long `nn.train` takes as a part of that."""
    if not find_spec("sklearn"):
        raise SystemExit("the digits are scikit-learn's: pip install scikit-learn")
    contestants: dict[str, Callable[[], float]] = {
        "nn.train": by_chainrule,
        "nn, loop by hand": by_a_loop,
        "scikit-learn": by_scikit_learn,
    }
    if find_spec("torch"):
        import torch

        torch.set_num_threads(THREADS)
        contestants["PyTorch, DataLoader"] = partial(by_pytorch, loader=True)
        contestants["PyTorch, indices"] = partial(by_pytorch, loader=False)
    print(f"{'-'.join(map(str, SIZES))}, {EPOCHS} epochs of digits, on {THREADS} threads")
    print(f"{'':20}{'ms':>8}{'nn.train as a part of it':>27}\n{'':20}{'median':>8}", end="")
    print(f"{'median':>14}{'shortest':>13}{'accuracy':>11}")
    right = {name: call() for name, call in contestants.items()}
    for r in measure({name: partial(_call, f) for name, f in contestants.items()}, rtol=AGREE):
        target = TARGETS.get(r.contestant, 0.0)
        note = f"   ≤ {target:.2f}" + ", missed" * (1 / r.ratio > target) if target else ""
        print(
            f"{r.contestant:20}{1e3 * r.seconds:8.1f}{1 / r.ratio:14.2f}{1 / r.best:13.2f}"
            f"{right[r.contestant]:11.3f}{note}",
            flush=True,
        )


def _call(contestant: Callable[[], float]) -> Callable[[], float]:
    return contestant


if __name__ == "__main__":
    main()
