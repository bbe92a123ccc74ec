"""Schedules: how the learning rate changes while training goes on.

Most are plain functions of the number of steps made, which give a multiple of the initial rate;
`Schedule` applies one to an optimiser. `ReduceOnPlateau` looks at the loss instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, inf, isfinite, pi
from typing import Any

from autodiff import Tensor, recorded_state
from optim.training._optimizer import Optimizer
from optim.training._state_dict import check_state

Course = Callable[[int], float]


class Schedule:
    """A learning rate that follows a function of the number of steps made.

    Call ``step()`` after the optimiser's own, as often as the function counts: once a batch or
    once an epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Its learning rate now is the initial one.
    course : callable
        Takes the number of steps made, from 0, and returns a multiple of the initial rate:
        `constant`, `step_decay`, `exponential_decay`, `cosine_decay`, `warm_up` or your own.

    Raises
    ------
    ValueError
        When the rate would be negative or not finite.

    Examples
    --------
    >>> from optim import SGD
    >>> optimizer = SGD([Tensor(1.0)], lr=0.8)
    >>> schedule = Schedule(optimizer, step_decay(every=2, factor=0.5))
    >>> for _ in range(5):
    ...     print(optimizer.lr, end=" ")
    ...     schedule.step()
    0.8 0.8 0.4 0.4 0.2
    """

    def __init__(self, optimizer: Optimizer, course: Course) -> None:
        self.optimizer = optimizer
        self.course = course
        self.initial_lr = optimizer.lr
        self.steps = 0
        optimizer.lr = self._rate(self.initial_lr, 0)

    def step(self) -> None:
        """Set the optimiser's learning rate for the next step."""
        self = recorded_state(self)
        recorded_state(self.optimizer).lr = self._rate(self.initial_lr, self.steps + 1)
        self.steps += 1

    def _rate(self, initial_lr: float, steps: int) -> float:
        rate = initial_lr * float(self.course(steps))
        if not 0 <= rate < inf:
            raise ValueError(
                f"expected a learning rate of at least 0 after {steps} steps, got {rate}"
            )
        return rate

    def state_dict(self) -> dict[str, Any]:
        """Return the kind, the initial learning rate and the number of steps made."""
        return {"kind": "Schedule", "initial_lr": self.initial_lr, "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that ``state_dict`` returned; sets the optimiser's learning rate.

        Raises
        ------
        ValueError
            When it is no such state; nothing is changed then.
        """
        state = check_state(state, self.state_dict())
        initial_lr, steps = float(state["initial_lr"]), int(state["steps"])
        self.optimizer.lr = self._rate(initial_lr, steps)
        self.initial_lr, self.steps = initial_lr, steps


def constant(steps: int) -> float:
    """Return 1: the learning rate stays. For `Schedule`, or after a `warm_up`.

    Examples
    --------
    >>> constant(7)
    1.0
    """
    return 1.0


def step_decay(every: int, factor: float = 0.1) -> Course:
    """Return the course that is multiplied by a factor at every so many steps.

    Examples
    --------
    >>> [step_decay(every=2, factor=0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    _check_steps("every", every)
    _check_factor(factor)
    return lambda steps: factor ** (steps // every)


def exponential_decay(factor: float) -> Course:
    """Return the course that is multiplied by a factor at each step.

    Examples
    --------
    >>> [exponential_decay(0.5)(t) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """
    _check_factor(factor)
    return lambda steps: factor**steps


def cosine_decay(steps: int, floor: float = 0.0) -> Course:
    """Return the course that falls from 1 to a floor along half a wave, and stays there.

    Parameters
    ----------
    steps : int
        How long the fall takes.
    floor : float
        The multiple of the initial rate at its end.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
    equation 5, without restarts.

    Examples
    --------
    >>> course = cosine_decay(steps=4)
    >>> [round(course(t), 3) for t in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    _check_steps("steps", steps)
    if not 0 <= floor <= 1:
        raise ValueError(f"expected a floor in [0, 1], got {floor}")
    return lambda t: floor + (1 - floor) * (1 + cos(pi * min(t, steps) / steps)) / 2


def warm_up(steps: int, then: Course = constant) -> Course:
    """Return the course that climbs in a straight line for some steps, then follows another.

    The first step already moves: the multiples are 1, 2, … of 1 / (steps + 1), and 1 is where the
    other course starts.

    References
    ----------
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017), section 2.2.

    Examples
    --------
    >>> course = warm_up(3, then=cosine_decay(2))
    >>> [round(course(t), 3) for t in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.0]
    """
    _check_steps("steps", steps)
    return lambda t: (t + 1) / (steps + 1) if t < steps else then(t - steps)


class ReduceOnPlateau:
    """A learning rate that is cut when the loss has stopped falling.

    Parameters
    ----------
    optimizer : Optimizer
    factor : float
        What the rate is multiplied by, in (0, 1).
    patience : int
        How many steps in a row the loss may fail to improve before the rate is cut.
    threshold : float
        A loss counts as improved if it is below the best one by more than this part of itself.
    min_lr : float
        The rate is not cut below this.

    Raises
    ------
    ValueError
        When a setting is out of its range.

    Examples
    --------
    >>> from optim import SGD
    >>> optimizer = SGD([Tensor(1.0)], lr=0.8)
    >>> schedule = ReduceOnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in [3.0, 2.0, 2.0, 2.0]:
    ...     schedule.step(loss)
    >>> optimizer.lr
    0.4
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        min_lr: float = 0.0,
    ) -> None:
        if not 0 < factor < 1:
            raise ValueError(f"expected a factor in (0, 1), got {factor}")
        if patience < 0 or not 0 <= threshold < inf or not 0 <= min_lr < inf:
            raise ValueError(
                f"expected patience, threshold and min_lr of at least 0, got {patience}, "
                f"{threshold} and {min_lr}"
            )
        self.optimizer = optimizer
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.min_lr = min_lr
        self.best = inf
        self.waited = 0

    def step(self, loss: Any) -> None:
        """Take the loss after an epoch, and cut the learning rate where it has stopped falling.

        Raises
        ------
        ValueError
            When the loss is not finite; nothing is changed then.
        """
        self, optimizer = recorded_state(self), recorded_state(self.optimizer)
        value = float(loss.item() if isinstance(loss, Tensor) else loss)
        if not isfinite(value):
            raise ValueError(f"expected a finite loss, got {value}: the training has diverged")
        if self.best - value > self.threshold * abs(value):
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            lr = optimizer.lr
            optimizer.lr = min(lr, max(lr * self.factor, self.min_lr))
            self.waited = 0

    def state_dict(self) -> dict[str, Any]:
        """Return the kind, the best loss, and the number of steps since. Settings are not in it."""
        return {"kind": "ReduceOnPlateau", "best": self.best, "waited": self.waited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that ``state_dict`` returned; the rate itself is the optimiser's.

        Raises
        ------
        ValueError
            When it is no such state; nothing is changed then.
        """
        state = check_state(state, self.state_dict())
        self.best, self.waited = float(state["best"]), int(state["waited"])


def _check_steps(name: str, steps: int) -> None:
    if steps < 1:
        raise ValueError(f"expected {name} of at least 1, got {steps}")


def _check_factor(factor: float) -> None:
    if not 0 < factor < inf:
        raise ValueError(f"expected a positive factor, got {factor}")
