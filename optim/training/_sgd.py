"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

from autodiff import Tensor
from optim.search._keywords import OF_PYTORCH, answering
from optim.training._optimizer import Optimizer, RealArray


class SGD(Optimizer):
    """Steepest descent on mini-batches, with momentum if wanted.

    Parameters
    ----------
    parameters : iterable of Tensor
    lr : float
        The learning rate.
    momentum : float
        How much of the last velocity is kept: v ← momentum · v + g, starting from 0.
    nesterov : bool
        Step along g + momentum · v instead of v.
    weight_decay : float
        Times the values, this is added to the gradient g: the gradient of
        weight_decay / 2 · Σ values².

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational
    Mathematics and Mathematical Physics 4 (1964). Nesterov, "A method of solving a convex
    programming problem with convergence rate O(1/k²)", Soviet Mathematics Doklady 27 (1983), as
    written by Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013.

    Examples
    --------
    >>> x = Tensor(3.0)
    >>> optimizer = SGD([x], lr=0.25)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.item()
    1.5
    """

    @answering(OF_PYTORCH)
    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"expected a momentum in [0, 1), got {momentum}")
        if nesterov and not momentum:
            raise ValueError("Nesterov's step needs a momentum above 0")
        self.slots = ("velocity",) if momentum else ()
        super().__init__(parameters, lr, weight_decay=weight_decay)
        self.momentum = momentum
        self.nesterov = nesterov

    def update(self, gradient: RealArray, count: int, *state: RealArray) -> RealArray:
        """Return lr times the velocity."""
        if not state:
            return self.lr * gradient
        (velocity,) = state
        velocity *= self.momentum
        velocity += gradient
        if self.nesterov:
            return self.lr * (gradient + self.momentum * velocity)
        return self.lr * velocity
