"""The Tensor: a value that remembers how it was made."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff._core.array_kinds import own_value
from autodiff._core.ndarray import NDArrayInterface, Operand, operations

if TYPE_CHECKING:
    from autodiff._core.op import Op

next_index = itertools.count(1).__next__
new = object.__new__


class Tensor(NDArrayInterface):
    """An array or number that remembers how it was made, so that it can be differentiated.

    NumPy's functions, operators and slices work on it as they do on an array, and each records
    one node of the computational graph: the op, its inputs and its value.

    Parameters
    ----------
    value : array_like
        Copied. Integers and booleans are kept as they are and never require a gradient.
    requires_grad : bool
        Whether ``backward`` computes a gradient for this Tensor.
    name : str, optional
        What to call it in pictures and messages.

    Examples
    --------
    >>> import numpy as np
    >>> x = Tensor([1.0, 2.0])
    >>> y = np.sum(x**2)
    >>> y.backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = (
        "__weakref__",
        "_index",
        "_value",
        "_values",
        "grad",
        "inputs",
        "name",
        "op",
        "requires_grad",
    )

    op: Op | None  # what made it; None for a leaf
    inputs: tuple[Any, ...]  # the op's arguments: Tensors and constants
    _values: tuple[Any, ...]  # the same arguments with plain values for Tensors
    grad: Any  # a leaf's gradient, once ``backward`` has run
    _index: int  # larger than any input's: sorting by it is the topological order

    def __init__(self, value: Operand, requires_grad: bool = True, name: str | None = None) -> None:
        if not isinstance(requires_grad, bool | np.bool):
            raise TypeError(
                f"requires_grad is True or False, but got {requires_grad!r:.40}: a name goes by "
                "keyword, as in Tensor(2.0, name='x')"
            )
        if not (name is None or isinstance(name, str)):
            raise TypeError(f"a Tensor's name is a str, but got {name!r:.40}")
        self._value = own_value(value._value if type(value) is Tensor else value)
        self.op = None
        self.inputs = self._values = ()
        self.name = name
        self.requires_grad = bool(requires_grad) and self._value.dtype.kind in "fc"
        self.grad = None
        self._index = next_index()

    def __init_subclass__(cls) -> None:
        raise TypeError(
            f"{cls.__name__} cannot inherit from Tensor, for what NumPy's functions return would "
            "be a plain Tensor again: let it hold one instead"
        )

    # -- the value ---------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The value, as a plain array that cannot be written to.

        A leaf's can be replaced: instead of ``p.data -= step``, which would write into the array,
        it is ``p.data = p.data - step``.
        """
        if type(self._value) is not np.ndarray:
            return self._value
        view = self._value.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, new_value: ArrayLike) -> None:
        if self.op is not None:
            raise TypeError(
                f"only a leaf's value can be replaced, and {self.op.name} made this Tensor: "
                "build a new Tensor instead"
            )
        value = own_value(new_value, self.dtype)
        if value.shape != self.shape:
            raise ValueError(f"the new value has shape {value.shape}, the Tensor {self.shape}")
        assign_value(self, value)

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self._value), separator=", ", prefix="Tensor(")
        origin = f", op={self.op.name}" if self.op else ""
        label = f", name={self.name!r}" if self.name else ""
        return f"Tensor({text}{origin}{label})"

    # -- derivatives -------------------------------------------------------------------------

    def backward(self, cotangent: ArrayLike | None = None) -> None:
        """Add the gradient of this Tensor to the ``grad`` of every leaf that it depends on.

        The graph is kept: calling it again adds the same gradients again.

        Parameters
        ----------
        cotangent : array_like, optional
            The weight of each entry, of this Tensor's shape. For a single entry it may be left
            out and is 1.

        Raises
        ------
        ValueError
            When there are several entries and no cotangent, or it has another shape.
        TypeError
            When nothing that this Tensor depends on requires a gradient, or it is complex and there
            is no cotangent.
        RuntimeError
            When a leaf's value was replaced after this Tensor was computed from it.
        """
        operations[Tensor.backward](self, cotangent)  # of walks.py, which imports this file


def assign_value(leaf: Tensor, value: NDArray[Any]) -> None:
    """Make a leaf hold this very array, not a copy, as its new value.

    For optimisers, which keep all parameters in one buffer and write into it: call it after each
    writing, so that graphs recorded with the old value are known to be stale.
    """
    leaf._value = value
    leaf._index = next_index()


# -- recording: the hook that is called, or None where nothing is recorded ----------------------


class Hook:
    """What recording calls: with each new node, and where something goes wrong.

    This one does nothing; debugging puts its own in the place.
    """

    def on_node(self, out: Tensor) -> None:
        """Look at a new node."""

    def place(self) -> str:
        """Return, for an error's message, where the program called what is computed."""
        return ""

    def on_divergence(self, walk: Callable[[Callable[[Tensor], Any]], Any]) -> None:
        """Look at a walk that ended in infinities; called with what stands in for a node's op."""


PLAIN = Hook()
recording: ContextVar[Hook | None] = ContextVar("recording", default=PLAIN)


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording a graph, in this thread or task alone.

    Works as a context manager and, called, as a decorator.

    Examples
    --------
    >>> x = Tensor(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    token = recording.set(None)
    try:
        yield
    finally:
        recording.reset(token)


def stop_gradient(x: Operand) -> Any:
    """Return the same value as a constant: no derivative flows through it.

    Examples
    --------
    >>> from autodiff import grad
    >>> float(grad(lambda x: x * stop_gradient(x))(3.0))
    3.0
    """
    return constant(x._value) if type(x) is Tensor else x


def constant(value: Any) -> Tensor:
    """Return a Tensor around a value that needs no copy and no gradient."""
    return node(value, None, (), (), None)


def node(
    value: Any,
    op: Op | None,
    inputs: tuple[Any, ...],
    values: tuple[Any, ...],
    hook: Hook | None,
) -> Tensor:
    """Return a Tensor without copying or checking anything; under a hook it requires a gradient."""
    out = new(Tensor)
    out._value = value
    out.op = op
    out.inputs = inputs
    out._values = values
    out.name = None
    out.grad = None
    out._index = next_index()
    if hook is None:
        out.requires_grad = False
        return out
    out.requires_grad = True
    if hook is not PLAIN:
        hook.on_node(out)
    return out
