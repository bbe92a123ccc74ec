"""Long short-term memory with elementwise weights: the loss of ADBench's LSTM."""

from __future__ import annotations

from typing import Any

import numpy as np


def loss(parameters: Any, around: Any, start: Any, sequence: Any) -> Any:
    """Return the mean cross-entropy of what is predicted to follow each row of a sequence.

    A layer has two rows of parameters, the weights and biases of its four gates, and two rows in a
    state, what it puts out and its cell. Of the rows around the layers the first scales what goes
    in, the other two what comes out. To the sum of exponentials ADBench adds 2.
    """
    steps, width = len(sequence) - 1, len(around[0])
    states = np.empty((steps + 1, *start.shape), like=parameters)
    states[0] = start
    gains = np.zeros(steps, like=parameters)
    for t in range(steps):
        x = around[0] * sequence[t]
        for i in range(0, len(start), 2):
            x, cell = layer(parameters[i : i + 2], states[t, i : i + 2], x)
            states[t + 1, i] = x
            states[t + 1, i + 1] = cell
        scores = around[1] * x + around[2]
        scores = scores - np.log(2 + np.sum(np.exp(scores)))
        gains[t] = sequence[t + 1] @ scores
    return -np.sum(gains) / (steps * width)


def layer(parameters: Any, state: Any, x: Any) -> tuple[Any, Any]:
    """Return what a layer puts out, and its new cell."""
    (weights, biases), (output, cell) = parameters, state
    gates = np.empty_like(weights)
    forget, entry, release, change = gates.reshape(4, -1)
    forget[:] = release[:] = x
    entry[:] = change[:] = output
    gates *= weights
    gates += biases
    cell = cell * sigmoid(forget) + sigmoid(entry) * np.tanh(change)
    return sigmoid(release) * np.tanh(cell), cell


def sigmoid(x: Any) -> Any:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))


def example(layers: int = 2, width: int = 3, steps: int = 5) -> tuple[Any, ...]:
    """Return parameters, a state to start from, and a sequence of rows of bits."""
    rng = np.random.default_rng(4)
    sequence = rng.integers(0, 2, (steps + 1, width)).astype(float)
    return (
        rng.normal(size=(2 * layers, 4 * width)),
        rng.normal(size=(3, width)),
        rng.normal(size=(2 * layers, width)),
        sequence,
    )
