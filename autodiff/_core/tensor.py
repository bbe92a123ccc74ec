"""The Tensor: a value that remembers how it was made."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from autodiff._core.array_kinds import refuse_container
from autodiff._core.ndarray import NDArrayInterface, Operand, operations, unchanging

if TYPE_CHECKING:
    from autodiff._core.op import Op

# False, True, or the Debugger that every new Tensor is shown to.
recording: ContextVar[Any] = ContextVar("recording", default=True)
next_index = itertools.count(1).__next__
new = object.__new__


_OF_MATH = ", and NumPy's functions in the place of math's"


class LostGraphError(TypeError):
    """A Tensor stands where only its value would fit, so its derivative would be lost."""


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

    _value: NDArray[Any]  # or a NumPy scalar, which is several times faster
    op: Op | None  # what made it; None for a leaf
    inputs: tuple[Any, ...]  # the op's arguments: Tensors and constants
    _values: tuple[Any, ...]  # the same arguments with plain values for Tensors
    name: str | None
    requires_grad: bool
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

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self._value.shape

    @shape.setter
    def shape(self, v: Any) -> NoReturn:
        raise unchanging("shape", "x = x.reshape(v)")

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._value.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return self._value.dtype

    @dtype.setter
    def dtype(self, v: Any) -> NoReturn:
        raise unchanging("dtype", "x = x.astype(v)")

    def item(self, *args: Any) -> Any:
        """Return the only entry, or that at an index, as a Python number outside the graph."""
        return self._value.item(*args)

    def tolist(self) -> Any:
        """Return the entries as nested lists of Python numbers, outside the graph."""
        return self._value.tolist()

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self._value), separator=", ", prefix="Tensor(")
        origin = f", op={self.op.name}" if self.op else ""
        label = f", name={self.name!r}" if self.name else ""
        return f"Tensor({text}{origin}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._value.item(), spec) if spec and self.size == 1 else repr(self)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a Tensor of shape () has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __float__(self) -> float:
        return float(self._value_outside("a float", "t.item()", _OF_MATH))

    def __int__(self) -> int:
        return int(self._value_outside("an int", "t.item()"))

    def __complex__(self) -> complex:
        return complex(self._value_outside("a complex", "t.item()", _OF_MATH))

    def __index__(self) -> int:
        return self._value_outside("an index", "t.item()").__index__()

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._value_outside("a plain array", "t.data"), dtype=dtype, copy=copy)

    def _value_outside(self, target: str, instead: str, more: str = "") -> NDArray[Any]:
        """Return the value for use outside the graph, unless a derivative would be lost."""
        if self.requires_grad:
            from autodiff._core.refusals import stand_in

            raise LostGraphError(
                f"a Tensor of shape {self.shape} that requires a gradient cannot become {target} "
                f"without losing its derivative. Write {instead} if a constant is meant; to build "
                "an array out of Tensors use np.stack, np.concatenate or np.where"
                f"{more}{stand_in()}"
            )
        return self._value

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(
            "a Tensor's value never changes: instead of x[i] = v write x = x.at[i].set(v) or "
            "np.where(mask, v, x), or collect the parts in a list and np.stack them"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        if self.op is not None:
            raise TypeError(
                f"only a leaf can be copied or pickled, and {self.op.name} made this Tensor: "
                "use t.data"
            )
        return Tensor, (self._value, self.requires_grad, self.name)

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
        operations[Tensor.backward](self, cotangent)


def own_value(value: Any, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Return a copy of a user's value: an array, or a NumPy scalar where there are no axes."""
    refuse_container(value)
    duck = hasattr(value, "__array_function__") and not isinstance(value, np.ndarray)
    array = value if duck else np.array(value, dtype=dtype)
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"a Tensor holds numbers, but this value has dtype {array.dtype}: {value!r:.80}"
        )
    return array if array.ndim else array[()]


def assign_value(leaf: Tensor, value: NDArray[Any]) -> None:
    """Make a leaf hold this very array, not a copy, as its new value.

    For optimisers, which keep all parameters in one buffer and write into it: call it after each
    writing, so that graphs recorded with the old value are known to be stale.
    """
    leaf._value = value
    leaf._index = next_index()


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
    token = recording.set(False)
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
    return node(value, None, (), (), False)


def node(
    value: Any,
    op: Op | None,
    inputs: tuple[Any, ...],
    values: tuple[Any, ...],
    requires_grad: bool,
) -> Tensor:
    """Return a Tensor without copying or checking anything."""
    out = new(Tensor)
    out._value = value
    out.op = op
    out.inputs = inputs
    out._values = values
    out.name = None
    out.requires_grad = requires_grad
    out.grad = None
    out._index = next_index()
    return out
