"""Training steps: small updates of many parameters, from one gradient after another.

All parameters live in one flat buffer, so that a step over all of them is a handful of NumPy calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff import Tensor, assign_value

Array = NDArray[Any]

# Updates go through a buffer in blocks that stay in the processor's cache.
BLOCK = 1 << 15


class Optimizer:
    """What all training steps share: the parameters in one buffer, and their gradients.

    Subclasses state ``slots``, how many flat arrays of state they keep, and ``update``.
    """

    slots = 0

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        self.parameters = list(parameters)
        _check_parameters(self.parameters)
        if not lr > 0:
            raise ValueError(f"expected a positive learning rate, got lr={lr}")
        self.lr = lr
        self.steps = 0
        self._values = np.concatenate([np.ravel(p.value) for p in self.parameters])
        self._state = [np.zeros_like(self._values) for _ in range(self.slots)]
        ends = np.cumsum([p.size for p in self.parameters])
        self._views = [
            part.reshape(p.shape)
            for part, p in zip(np.split(self._values, ends[:-1]), self.parameters, strict=True)
        ]
        for p, view in zip(self.parameters, self._views, strict=True):
            assign_value(p, view)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        """Update all parameters from their gradients; one without a gradient counts as 0.

        Raises
        ------
        RuntimeError
            When no parameter has a gradient.
        """
        gradients = self._gradients()
        for p, view in zip(self.parameters, self._views, strict=True):
            if p.value is not view:  # replaced from outside, by p.data = ... or another optimiser
                view[...] = p.value
        self.steps += 1
        start = 0
        for gradient in gradients:
            for offset in range(0, gradient.size, BLOCK):
                part = gradient[offset : offset + BLOCK]
                here = slice(start + offset, start + offset + part.size)
                values = self._values[here]
                values -= self.update(part, *[s[here] for s in self._state])
            start += gradient.size
        for p, view in zip(self.parameters, self._views, strict=True):
            assign_value(p, view)

    def _gradients(self) -> list[Array]:
        """Return the gradients, flat; those of a small model as one."""
        gradients = [p.grad for p in self.parameters]
        if any([g is None for g in gradients]):  # noqa: C419  # a list is faster here
            if all(g is None for g in gradients):
                raise RuntimeError("no parameter has a gradient: call loss.backward() first")
            gradients = [
                np.zeros_like(view) if g is None else g
                for g, view in zip(gradients, self._views, strict=True)
            ]
        flat = [g.ravel() for g in gradients]
        return [np.concatenate(flat)] if self._values.size <= BLOCK else flat

    def update(self, gradient: Array, *state: Array) -> Array:
        """Return what to subtract from the values; the state is updated in place."""
        raise NotImplementedError


def _check_parameters(parameters: list[Tensor]) -> None:
    if not parameters:
        raise ValueError("expected at least one parameter, got none")
    for p in parameters:
        if not isinstance(p, Tensor) or p.op is not None or not p.requires_grad:
            raise TypeError(
                f"expected a Tensor that no op made and that requires a gradient, got {p!r:.60}"
            )
    if len(set(parameters)) < len(parameters):
        raise ValueError("a parameter is listed twice")
    dtypes = {p.dtype for p in parameters}
    if len(dtypes) > 1:
        raise ValueError(f"expected parameters of one dtype, got {sorted(map(str, dtypes))}")


class SGD(Optimizer):
    """Steepest descent on mini-batches, with momentum if wanted.

    Parameters
    ----------
    parameters : iterable of Tensor
    lr : float
        The learning rate.
    momentum : float
        How much of the last velocity is kept: v ← momentum · v + g.
    nesterov : bool
        Step along g + momentum · v instead of v (Nesterov, 1983; Sutskever et al., 2013).

    Examples
    --------
    >>> x = Tensor(3.0)
    >>> optimizer = SGD([x], lr=0.25)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.item()
    1.5
    """

    slots = 1

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"expected a momentum in [0, 1), got {momentum}")
        if nesterov and not momentum:
            raise ValueError("Nesterov's step needs a momentum above 0")
        self.slots = 1 if momentum else 0
        super().__init__(parameters, lr)
        self.momentum = momentum
        self.nesterov = nesterov

    def update(self, gradient: Array, *state: Array) -> Array:
        """Return lr times the velocity."""
        if not state:
            return self.lr * gradient
        (velocity,) = state
        velocity *= self.momentum
        velocity += gradient
        if self.nesterov:
            return self.lr * (gradient + self.momentum * velocity)
        return self.lr * velocity


class Adam(Optimizer):
    """Steps scaled by running averages of the gradient and of its square.

    Parameters
    ----------
    parameters : iterable of Tensor
    lr : float
        The learning rate, about the size of each step.
    betas : tuple of two floats
        How much the two averages keep at each step.
    eps : float
        Added to the root of the second average.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.

    Examples
    --------
    >>> x = Tensor(3.0)
    >>> optimizer = Adam([x], lr=0.5)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    2.5
    """

    slots = 2

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"expected betas in [0, 1), got {betas}")
        super().__init__(parameters, lr)
        self.betas = betas
        self.eps = eps

    def update(self, gradient: Array, *state: Array) -> Array:
        """Return lr · m̂ / (√v̂ + eps)."""
        total, squares = state  # decaying sums: 1 / (1 - beta) times the averages
        beta1, beta2 = self.betas
        total *= beta1
        total += gradient
        change = gradient * gradient
        squares *= beta2
        squares += change
        root = sqrt((1 - beta2) / (1 - beta2**self.steps))  # turns √squares into √v̂
        np.sqrt(squares, out=change)
        change += self.eps / root
        np.divide(total, change, out=change)
        change *= self.lr * (1 - beta1) / (1 - beta1**self.steps) / root
        return change
