"""A multilayer perceptron reads handwritten digits.

The 1797 digits of 8 × 8 pixels that come with scikit-learn (Alpaydin and Kaynak, 1998), four fifths
to learn from and one fifth to be tested on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import nn
import optim
from autodiff import no_grad
from demos._plots import BLUE, panels, save

EPOCHS = 60


def data() -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels, scaled to [0, 1], and the digits."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise SystemExit(
            "the digits come with scikit-learn: pip install chainrule[demos]"
        ) from None
    pixels, digits = load_digits(return_X_y=True)
    return (pixels / 16).astype(np.float32), digits


def split(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from and those to be tested on."""
    order = np.random.default_rng(0).permutation(count)
    return np.split(order, [count * 4 // 5])  # type: ignore[return-value]


def train(model: nn.MLP, x: np.ndarray, y: np.ndarray, epochs: int) -> nn.History:
    """Train by Adam on mini-batches, and return the losses of the epochs."""
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    return nn.train(
        model, nn.cross_entropy, (x, y), epochs=epochs, optimizer=optimizer, batch_size=64, seed=0
    )


def predict(model: nn.MLP, x: np.ndarray) -> np.ndarray:
    """Return the digit with the highest score for each row."""
    with no_grad():
        return np.argmax(model(x).data, axis=1)


def run(gallery: Path) -> None:
    """Train the network, print its accuracy and draw the losses and the confusions."""
    x, y = data()
    learn, test = split(len(x))
    model = nn.MLP([64, 128, 64, 10], activation="relu", seed=0, dtype=np.float32)
    losses = train(model, x[learn], y[learn], EPOCHS)["loss"]
    guesses = predict(model, x[test])
    correct = guesses == y[test]
    learned = np.mean(predict(model, x[learn]) == y[learn])
    print("                digits   read correctly")
    print(f"to learn from   {len(learn):6d}   {learned:14.2%}")
    print(f"to be tested    {len(test):6d}   {correct.mean():14.2%}")
    print(f"\nMean cross-entropy: {losses[0]:.4f} in the first epoch, {losses[-1]:.4f} in the last")

    figure, (left, middle, right) = panels(3, width=4.4)
    left.semilogy(np.arange(1, EPOCHS + 1), losses, color=BLUE)
    left.set(xlabel="epoch", ylabel="mean cross-entropy", title="Training loss")

    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (y[test], guesses), 1)
    middle.imshow(confusion, cmap="Blues", vmax=confusion.max() * 1.3)
    for i, j in np.argwhere(confusion):
        middle.text(j, i, confusion[i, j], ha="center", va="center", fontsize="small")
    middle.set(xlabel="read as", ylabel="digit", title="Test digits", xticks=range(10))
    middle.set_yticks(range(10))

    wrong = test[~correct][:6]
    mistakes = np.zeros((2 * 10, 3 * 10)) + np.nan
    right.set_title("Mistakes: digit → read as" if len(wrong) else "No mistakes", pad=18)
    for k, row in enumerate(wrong):
        top, side = 10 * (k // 3), 10 * (k % 3)
        mistakes[top + 1 : top + 9, side + 1 : side + 9] = x[row].reshape(8, 8)
        label = f"{y[row]} → {predict(model, x[row : row + 1])[0]}"
        right.text(side + 4.5, top - 0.2, label, ha="center", fontsize="small")
    right.imshow(mistakes, cmap="gray_r")
    right.axis("off")
    save(figure, gallery / "digits.svg")
