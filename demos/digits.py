# %% [markdown]
r"""
# Handwritten digits, and the mistakes

1797 handwritten digits come with scikit-learn (Alpaydin and Kaynak, 1998), each
an image of 8 × 8 pixels with values from 0 to 16. A network is to say which
digit it sees. Its 64 inputs are the pixels. Its 10 outputs are *scores* $s_k$,
one for each digit, and *softmax* makes probabilities of them:

$$ p_k = \frac{e^{s_k}}{\sum_j e^{s_j}} . $$

The *cost* of one image is $-\ln p_y$ for the right digit $y$, the
*cross-entropy*: 0 for an answer that is right and certain, and large for one
that is wrong and certain. Between are hidden layers of 128 and 64 *neurons*.

The *activation* of the hidden layers is *relu*, $\max(z, 0)$. `train` looks at
64 images at a time, a *batch*, and makes a step by their mean cost; after an
*epoch* it has seen each image once. The steps are *Adam*'s, with `lr`, the
*learning rate*, as about the size of each weight's step.

Success is measured on images that the network has not learnt from. One fifth is
set aside for this.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autodiff import no_grad, softmax

pixels, digits = load_digits(return_X_y=True)
pixels = (pixels / 16).astype(np.float32)
order = np.random.default_rng(0).permutation(len(digits))
learn, unseen = np.split(order, [len(digits) * 4 // 5])

model = nn.MLP([64, 128, 64, 10], activation="relu", seed=0, dtype=np.float32)
history = nn.train(
    model,
    nn.cross_entropy,
    (pixels[learn], digits[learn]),
    epochs=60,
    optimizer=optim.Adam(model.parameters(), lr=1e-3),
    batch_size=64,
    seed=0,
    progress=False,
)

with no_grad():
    probabilities = softmax(model(pixels)).data
answers = probabilities.argmax(axis=1)
right = answers == digits
print("| digits          | images | read correctly |")
print("| :-------------- | -----: | -------------: |")
print(f"| to learn from   | {len(learn):6} | {right[learn].mean():14.2%} |")
print(f"| unseen          | {len(unseen):6} | {right[unseen].mean():14.2%} |")
print("\naimed at for unseen images: 97 % or more")
print(f"parameters: {sum(p.size for p in model.parameters())}")

# %% [markdown]
r"""
There are far more parameters than images, and all images that it learnt from
are read correctly. That says little: they could have been learnt by heart. The
unseen ones say that they were not.
"""

# %%
# Picture: The mean cross-entropy against the epoch, on a logarithmic scale. It
# falls steeply in the first ten epochs and then steadily, from 2 to 0.005.
figure, axes = plt.subplots()
losses = history["loss"]
axes.semilogy(np.arange(1, len(losses) + 1), losses)
axes.set(xlabel="epoch", ylabel="mean cross-entropy", title="Learning digits")
plt.show()

# %% [markdown]
"""
## What it got wrong

A number of percent hides what went wrong. Here is each mistake: the digit that
was meant, what the network said, and how probable it took each of them to be.
"""

# %%
mistakes = unseen[~right[unseen]]
mistakes = mistakes[np.argsort(-probabilities[mistakes].max(axis=1))]
print("| meant | said | p of what it said | p of what was meant |")
print("| ----: | ---: | ----------------: | ------------------: |")
for i in mistakes:
    meant, said, p = digits[i], answers[i], probabilities[i]
    print(f"| {meant:5} | {said:4} | {p[said]:17.1%} | {p[meant]:19.1%} |")

confused = {}
for i in mistakes:
    confused.setdefault(f"{digits[i]} as {answers[i]}", []).append(i)
often = sorted(confused, key=lambda pair: -len(confused[pair]))
print("\nconfused:", ", ".join(f"{p} ({len(confused[p])}×)" for p in often))
faultless = sorted(set(range(10)) - set(digits[mistakes].tolist()))
print("always read correctly:", ", ".join(map(str, faultless)))

# %%
# Picture: The images of the mistakes in rows of four, each with what it is and
# what the network said above it.
columns = 4
rows = int(np.ceil(len(mistakes) / columns))
board = np.full((11 * rows, 9 * columns), np.nan)
figure, axes = plt.subplots(figsize=(5.2, 1.6 * rows))
for k, i in enumerate(mistakes):
    top, left = 11 * (k // columns) + 2, 9 * (k % columns)
    board[top : top + 8, left : left + 8] = pixels[i].reshape(8, 8)
    label = f"{digits[i]}, said {answers[i]}"
    axes.text(left + 3.5, top - 1.4, label, ha="center", va="center")
axes.imshow(board, cmap="cividis", interpolation="nearest")
axes.axis("off")
plt.show()
