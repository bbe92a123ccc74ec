"""Steps that adapt to each parameter: divided by the size of the gradients it has had."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

import numpy as np

from autodiff import Tensor
from optim.search._keywords import OF_PYTORCH, answering
from optim.training._optimizer import Optimizer, RealArray


def _check_eps(eps: float) -> None:
    if not 0 < eps < inf:
        raise ValueError(f"expected a positive eps, or 0 would be divided by 0, got {eps}")


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    Parameters
    ----------
    parameters : iterable of Tensor
    lr : float
        The learning rate, the size of the first step.
    eps : float
        Added to the root.
    weight_decay : float
        Times the values, this is added to the gradient.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", Journal of Machine Learning Research 12 (2011).

    Examples
    --------
    >>> x = Tensor(3.0)
    >>> optimizer = Adagrad([x], lr=0.5)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    2.5
    """

    slots = ("squares",)

    @answering(OF_PYTORCH)
    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-2,
        eps: float = 1e-10,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        _check_eps(eps)
        super().__init__(parameters, lr, weight_decay=weight_decay)
        self.eps = eps

    def update(self, gradient: RealArray, count: int, *state: RealArray) -> RealArray:
        """Return lr · g / (√Σg² + eps)."""
        (squares,) = state
        change = gradient * gradient
        squares += change
        np.sqrt(squares, out=change)
        change += self.eps
        np.divide(gradient, change, out=change)
        change *= self.lr
        return change


class RMSprop(Optimizer):
    """Steps divided by the root of a running average of the squared gradient.

    Parameters
    ----------
    parameters : iterable of Tensor
    lr : float
        The learning rate.
    alpha : float
        How much the average keeps at each step.
    eps : float
        Added to the root.
    momentum : float
        How much of the last step is kept and made again.
    weight_decay : float
        Times the values, this is added to the gradient.

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera: Neural Networks for Machine Learning
    (2012).

    Examples
    --------
    The average starts at 0, so the first step is lr / √(1 - alpha):

    >>> x = Tensor(3.0)
    >>> optimizer = RMSprop([x], lr=0.05)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    2.5
    """

    @answering(OF_PYTORCH)
    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        if not 0 <= alpha < 1:
            raise ValueError(f"expected an alpha in [0, 1), got {alpha}")
        if not 0 <= momentum < 1:
            raise ValueError(f"expected a momentum in [0, 1), got {momentum}")
        _check_eps(eps)
        self.slots = ("squares", "velocity") if momentum else ("squares",)
        super().__init__(parameters, lr, weight_decay=weight_decay)
        self.alpha = alpha
        self.eps = eps
        self.momentum = momentum

    def update(self, gradient: RealArray, count: int, *state: RealArray) -> RealArray:
        """Return lr · g / (√v + eps), where v ← alpha · v + (1 - alpha) g²."""
        squares, *velocities = state
        change = gradient * gradient
        change *= 1 - self.alpha
        squares *= self.alpha
        squares += change
        np.sqrt(squares, out=change)
        change += self.eps
        np.divide(gradient, change, out=change)
        for velocity in velocities:
            velocity *= self.momentum
            velocity += change
            change[...] = velocity
        change *= self.lr
        return change


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
    weight_decay : float
        Times the values, this is added to the gradient. `AdamW` keeps the two apart.

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

    slots = ("gradients", "squares")

    @answering(OF_PYTORCH)
    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"expected two betas in [0, 1), got {betas}")
        _check_eps(eps)
        super().__init__(parameters, lr, weight_decay=weight_decay)
        self.betas = betas
        self.eps = eps

    def update(self, gradient: RealArray, count: int, *state: RealArray) -> RealArray:
        """Return lr · m̂ / (√v̂ + eps)."""
        gradients, squares = state  # decaying sums: 1 / (1 - beta) times the averages
        beta1, beta2 = self.betas
        gradients *= beta1
        gradients += gradient
        change = gradient * gradient
        squares *= beta2
        squares += change
        root = ((1 - beta2) / (1 - beta2**count)) ** 0.5  # turns √squares into √v̂
        np.sqrt(squares, out=change)
        change += self.eps / root
        np.divide(gradients, change, out=change)
        change *= self.lr * (1 - beta1) / (1 - beta1**count) / root
        return change


class AdamW(Adam):
    """Adam, with weight decay apart from the gradient: values shrink by 1 - lr · weight_decay.

    Parameters
    ----------
    parameters : iterable of Tensor
    lr : float
        The learning rate, about the size of each step.
    betas : tuple of two floats
        How much the two averages keep at each step.
    eps : float
        Added to the root of the second average.
    weight_decay : float
        How strongly all values are drawn to 0, whatever the size of their gradients.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    Examples
    --------
    >>> x = Tensor(3.0)
    >>> optimizer = AdamW([x], lr=0.5, weight_decay=0.2)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    2.2
    """

    decoupled = True

    @answering(OF_PYTORCH)
    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay=weight_decay)
