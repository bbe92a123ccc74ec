"""Training steps: what all of them share.

All parameters live in one flat buffer, so that a step over all of them is a handful of NumPy calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import inf
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autodiff import (
    Tensor,
    assign_value,
    holds_value,
    is_on_device,
    of_kind,
    recorded_state,
    to_numpy,
)
from optim.training._state_dict import check_state

RealArray: TypeAlias = NDArray[Any]  # of the dtype that the parameters have

# Updates go through a buffer in blocks that stay in the processor's cache.
BLOCK = 1 << 15


class Optimizer:
    """What all training steps share: the parameters in one buffer, and their gradients.

    A subclass states what it remembers from step to step, as ``slots``, and how it turns a
    gradient into a change of the values, as ``update``.

    Parameters
    ----------
    parameters : iterable of Tensor
        Real leaves of one dtype. Frozen ones, with ``requires_grad=False``, are left out: one that
        requires a gradient later is not trained by this optimiser.
    lr : float
        The learning rate. It may be changed between steps, by hand or by a schedule.
    weight_decay : float
        How strongly values are drawn to 0: see ``decoupled``.

    Raises
    ------
    ValueError, TypeError
        When a setting is out of its range, or something is not a parameter.

    Examples
    --------
    Steps of one size, whatever the gradient's:

    >>> class SignDescent(Optimizer):
    ...     def update(self, gradient, count, *state):
    ...         return self.lr * np.sign(gradient)
    >>> x = Tensor([3.0, -4.0])
    >>> optimizer = SignDescent([x], lr=0.5)
    >>> np.sum(x * x).backward()
    >>> optimizer.step()
    >>> x.data
    array([ 2.5, -3.5])
    """

    slots: tuple[str, ...] = ()  # names of the arrays kept from step to step, at first zeros

    # Whether weight decay shrinks the values by the factor 1 - lr · weight_decay beside the update
    # (Loshchilov and Hutter, 2019), or adds weight_decay · values to the gradient before it.
    decoupled = False

    def __init__(
        self, parameters: Iterable[Tensor], lr: float, *, weight_decay: float = 0.0
    ) -> None:
        if hasattr(parameters, "parameters"):
            raise TypeError("expected parameters, got a model: write model.parameters()")
        self.parameters = _trainable(list(parameters))
        if not 0 < lr < inf:
            raise ValueError(f"expected a positive, finite learning rate, got lr={lr}")
        if not 0 <= weight_decay < inf:
            raise ValueError(f"expected a weight_decay of at least 0, got {weight_decay}")
        self.lr = float(lr)
        self.weight_decay = float(weight_decay)
        self._steps = 0
        self._missed = [0] * len(self.parameters)  # of these steps, for lack of a gradient
        self._missed_none = True
        self._values = np.concatenate([np.ravel(p.data) for p in self.parameters])
        self._state = [np.zeros_like(self._values) for _ in self.slots]
        self._shapes = [p.shape for p in self.parameters]
        self._own()

    def _own(self) -> None:
        """Let the parameters be views of the buffer."""
        self._owned = list(zip(self.parameters, self._split(self._values), strict=True))
        self._own_again()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._own()  # copies of views are none

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        """Update the parameters from their gradients. One without a gradient stays as it is.

        Raises
        ------
        RuntimeError
            When no parameter has a gradient.
        ValueError
            When a gradient has another shape than its parameter.
        """
        recorded_state(self)._step()

    def _step(self) -> None:
        gradients = [p.grad for p in self.parameters]
        complete = [getattr(g, "shape", None) for g in gradients] == self._shapes
        if not complete:
            self._check_gradients()
        self._take_replaced_values()
        whole = self._values.size <= BLOCK or not isinstance(self._values, np.ndarray)
        if complete and whole and self._missed_none:
            gradient = np.concatenate([g.ravel() for g in gradients])
            self._move(self._values, gradient, self._steps + 1, self._state)
        else:  # in a large model a copy of all gradients takes too long
            self._move_one_by_one()
        self._steps += 1
        self._own_again()

    def _own_again(self) -> None:
        for p, view in self._owned:
            assign_value(p, view)

    def _take_replaced_values(self) -> None:
        """Copy what p.data = ... or another optimiser put in the place of a view of the buffer."""
        end = 0
        for p, view in self._owned:
            start, end = end, end + view.size
            if not holds_value(p, view):
                _check_place(p, view)
                self._values[start:end] = np.ravel(p.data)

    def _check_gradients(self) -> None:
        for p in self.parameters:
            if p.grad is not None and np.shape(p.grad) != p.shape:
                raise ValueError(
                    f"expected a gradient of shape {p.shape} for {label(p)}, got {np.shape(p.grad)}"
                )
        if all(p.grad is None for p in self.parameters):
            raise RuntimeError("no parameter has a gradient: call loss.backward() first")

    def _move_one_by_one(self) -> None:
        """Update each parameter that has a gradient, block by block."""
        end = 0
        for i, p in enumerate(self.parameters):
            start, end = end, end + p.size
            if p.grad is None:
                self._missed[i] += 1
                self._missed_none = False
                continue
            gradient = np.ravel(p.grad)
            for block in range(start, end, BLOCK):
                here = slice(block, min(block + BLOCK, end))
                self._move(
                    self._values[here],
                    gradient[block - start : here.stop - start],
                    self._steps + 1 - self._missed[i],
                    [s[here] for s in self._state],
                )

    def _move(
        self, values: RealArray, gradient: RealArray, count: int, state: list[RealArray]
    ) -> None:
        if self.weight_decay and self.decoupled:
            values *= 1 - self.lr * self.weight_decay
        elif self.weight_decay:
            gradient = gradient + self.weight_decay * values
        values -= self.update(gradient, count, *state)

    def update(self, gradient: RealArray, count: int, *state: RealArray) -> RealArray:
        """Return what to subtract from the values, and update the state in place.

        Parameters
        ----------
        gradient : numpy.ndarray
            Of any part of the parameters, flat. It is not to be written to.
        count : int
            The number of this step, from 1.
        *state : numpy.ndarray
            One array a slot, of the gradient's shape.
        """
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of what steps have changed, apart from the values of the parameters.

        It holds the kind of optimiser, the learning rate, how many steps each parameter has made,
        and each slot's array for each parameter as ``"slot.position"``. `pickle` and `numpy.savez`
        take it as it is.
        """
        return {
            "kind": type(self).__name__,
            "lr": float(self.lr),
            "counts": self._steps - np.array(self._missed),
            **{name: np.array(to_numpy(part)) for name, part in self._named_state().items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that ``state_dict`` returned, or that `numpy.load` read back.

        Parameters have the values that they hold: load those first, and plans of steps still fit.
        Settings other than the learning rate remain those that the optimiser was made with.

        Raises
        ------
        ValueError
            When the kind, the names, a shape or a dtype differ, or the learning rate or a count is
            out of its range; nothing is changed then.
        """
        state = check_state(state, self.state_dict())
        if not 0 <= state["lr"] < inf or state["counts"].min() < 0:
            raise ValueError(
                f"expected a learning rate and counts of at least 0, got {state['lr']} and "
                f"{state['counts']}"
            )
        self.lr = float(state["lr"])
        self._steps = int(state["counts"].max())
        self._missed = (self._steps - state["counts"]).tolist()
        self._missed_none = not any(self._missed)
        for name, part in self._named_state().items():
            part[...] = of_kind(state[name], part)
        self._take_replaced_values()
        self._own_again()

    def _split(self, flat: RealArray) -> list[RealArray]:
        """Return views of a flat array in the shapes of the parameters."""
        ends = list(accumulate(p.size for p in self.parameters))
        return [
            flat[end - p.size : end].reshape(p.shape)
            for p, end in zip(self.parameters, ends, strict=True)
        ]

    def _named_state(self) -> dict[str, RealArray]:
        return {
            f"{slot}.{position}": part
            for slot, flat in zip(self.slots, self._state, strict=True)
            for position, part in enumerate(self._split(flat))
        }


def label(p: Tensor) -> str:
    """Return what to call a parameter in messages."""
    return f"the parameter {p.name!r}" if p.name else f"a parameter of shape {p.shape}"


def _check_place(p: Tensor, other: Any) -> None:
    """Refuse a parameter that is on a GPU where others are not, or the other way round."""
    if is_on_device(p.data) != is_on_device(other):
        raise TypeError(
            f"{label(p)} is an array of {type(p.data).__module__.partition('.')[0]}, others of "
            f"{type(other).__module__.partition('.')[0]}: move all parameters, p.data = "
            "of_kind(p.data, x), and make the optimizer then"
        )


def _trainable(parameters: list[Tensor]) -> list[Tensor]:
    """Return those of the parameters that are not frozen, after a check of all."""
    if not parameters:
        raise ValueError(
            "expected at least one parameter, got none: in a Module write self.w = Tensor(array)"
        )
    for p in parameters:
        if not isinstance(p, Tensor) or p.op is not None or p.dtype.kind not in "fc":
            raise TypeError(
                f"expected Tensors of floats that no op made, as model.parameters(), got {p!r:.60}"
            )
    if len(set(parameters)) < len(parameters):
        raise ValueError("a parameter is listed twice")
    trainable = [p for p in parameters if p.requires_grad]
    if not trainable:
        raise ValueError(
            f"all {len(parameters)} parameters are frozen: set requires_grad = True for those that "
            "are to be trained"
        )
    for p in trainable:
        _check_place(p, trainable[0].data)
    dtypes = {p.dtype for p in trainable}
    if len(dtypes) > 1:
        raise ValueError(f"expected parameters of one dtype, got {sorted(map(str, dtypes))}")
    if dtypes.pop().kind == "c":
        raise TypeError(
            "expected real parameters, got complex ones: keep the real and the imaginary part as "
            "two parameters, and write re + 1j * im"
        )
    return trainable
