"""Module: a function with parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff import Tensor, scope
from nn._pytorch import INSTEAD_OF_METHODS


class Module:
    """A function with parameters: subclass it, keep Tensors and Modules as attributes, and define
    ``forward``.

    A parameter is a Tensor of floats that no op made, held by an attribute, or by a list, tuple or
    dictionary in one; a frozen one, with ``requires_grad=False``, is a parameter too. Its name is
    the path that leads to it, as ``layers.0.weight``, from the outermost module that holds it.

    Examples
    --------
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Tensor(2.0)
    ...
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> model = Scale()
    >>> model(3.0).item()
    6.0
    >>> model.named_parameters()
    [('factor', Tensor(2., name='factor'))]
    """

    training: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self.training = True  # of the object, where plans see that it changes
        return self

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output: what a subclass defines."""
        raise NotImplementedError(
            f"{type(self).__name__} defines no forward: write def forward(self, x) in the class"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what ``forward`` returns."""
        with scope(self):
            return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        _require_parameters(self, _tensors_in(value, name))
        super().__setattr__(name, value)
        if isinstance(value, Tensor | Module | list | tuple | dict):
            _give_names(_tensors_in(self))

    if not TYPE_CHECKING:  # which would take every name for one that exists

        def __getattr__(self, name: str) -> Any:
            if name in INSTEAD_OF_METHODS:
                raise AttributeError(f"a module has no {name} here: {INSTEAD_OF_METHODS[name]}")
            return super().__getattribute__(name)  # which raises Python's own error

    def __repr__(self) -> str:
        return _text(self, set())

    # -- what is inside ----------------------------------------------------------------------

    def parameters(self) -> list[Tensor]:
        """Return the parameters of this module and of those inside it, in order of definition."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Return the parameters with the paths that lead to them, in order of definition.

        One that is held twice is listed once.

        Raises
        ------
        TypeError
            When a list or dictionary has come to hold a Tensor that is no parameter.
        ValueError
            When two parameters have one name, as of {1: a, "1": b}, or a list holds itself.
        """
        found = _tensors_in(self)
        _require_parameters(self, found)
        _give_names(found)
        return [(path, tensor) for tensor, path in found.items()]

    def named_modules(self) -> list[tuple[str, Module]]:
        """Return this module, with the path "", and those inside it, each once."""
        return [(path, m) for path, m in _search(self, "", set()) if isinstance(m, Module)]

    def train(self, mode: bool = True) -> Self:
        """Let this module and those inside it behave as in training, as Dropout does; return it."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Let this module and those inside it behave as in use, not in training; return it."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    # -- state -------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return copies of the parameters' values by name."""
        return {name: np.array(p.data) for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Give the parameters the values that `state_dict` returned, in their own dtypes.

        Raises
        ------
        ValueError
            When entries are missing, unknown, of another shape, no numbers or too large for the
            dtype. It lists them all, and no parameter has changed.
        TypeError
            When it is no dictionary.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                "expected a dictionary of arrays by name, as state_dict() returns, got "
                f"{state!r:.60}"
            )
        parameters = dict(self.named_parameters())
        problems = [f"{name} is missing" for name in parameters if name not in state]
        for name, value in state.items():
            problem = _misfit(value, parameters[name]) if name in parameters else "is no parameter"
            problems += [f"{name} {problem}"] * bool(problem)
        if problems:
            raise ValueError(
                f"the state does not fit this {type(self).__name__}: {'; '.join(problems)}"
            )
        for name, value in state.items():
            parameters[name].data = np.asarray(value)


def _misfit(value: ArrayLike, parameter: Tensor) -> str:
    """Return why a parameter cannot have this value, "" if it can."""
    try:
        array = np.asarray(value)
    except ValueError:  # of rows of several lengths
        return "is no array of numbers"
    if array.shape != parameter.shape:
        return f"has shape {array.shape}, not {parameter.shape}"
    if not np.can_cast(array.dtype, parameter.dtype, "same_kind"):
        return f"is of {array.dtype}, not {parameter.dtype}"
    with np.errstate(over="ignore"):
        beyond = np.isinf(array.astype(parameter.dtype)) & ~np.isinf(array)
    return f"has {array[beyond][0]}, which is beyond {parameter.dtype}" if beyond.any() else ""


def entries_of(held: Any, path: str, around: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield what is held with its path, of lists, tuples and dictionaries what is in them."""
    if not isinstance(held, list | tuple | dict):
        yield path, held
        return
    if id(held) in around:
        raise ValueError(
            f"{path}, a {type(held).__name__}, is inside itself, so that paths never end"
        )
    around = (*around, id(held))
    for key, value in held.items() if isinstance(held, dict) else enumerate(held):
        yield from entries_of(value, f"{path}.{key}" if path else str(key), around)


def _search(held: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Tensor | Module]]:
    """Yield the Tensors and modules in what is held, with the paths that lead to them.

    Each module once, for they may hold one another.
    """
    for inner, entry in entries_of(held, path):
        if isinstance(entry, Tensor):
            yield inner, entry
        elif isinstance(entry, Module) and id(entry) not in seen:
            seen.add(id(entry))
            yield inner, entry
            yield from _search(vars(entry), inner, seen)


def _tensors_in(held: Any, path: str = "") -> dict[Tensor, str]:
    """Return the Tensors in what is held, each with the first path that leads to it."""
    found: dict[Tensor, str] = {}
    for inner, entry in _search(held, path, set()):
        if isinstance(entry, Tensor):
            found.setdefault(entry, inner)
    return found


def _give_names(found: dict[Tensor, str]) -> None:
    """Name Tensors by their paths, but for those that a module further out has named."""
    for tensor, path in found.items():
        if not f".{tensor.name}".endswith(f".{path}"):
            tensor.name = path


def _require_parameters(module: Module, found: dict[Tensor, str]) -> None:
    """Raise if a Tensor can be no parameter, or two have one path."""
    kind = type(module).__name__
    taken = set()
    for tensor, path in found.items():
        if why := _why_no_parameter(tensor):
            raise TypeError(f"{kind}.{path} would be a Tensor {why} if it is no parameter")
        if path in taken:
            raise ValueError(
                f"{kind} would have two parameters of the name {path}: write keys that differ as "
                "text, and without dots"
            )
        taken.add(path)


def _why_no_parameter(tensor: Tensor) -> str:
    """Return what makes this Tensor no parameter, and what to write, "" if it is one."""
    if tensor.op is not None and tensor.op.name != "argument":  # of what is differentiated
        return (
            f"that {tensor.op.name} made, but a parameter is a leaf: write Tensor(t.data), or keep "
            "t.data"
        )
    if tensor.dtype.kind not in "fc":
        return (
            f"of {tensor.dtype}, but a parameter has floats: write Tensor(array.astype(float)), or "
            "keep the plain array"
        )
    return ""


# -- as a text -------------------------------------------------------------------------------


def _text(module: Module, seen: set[int]) -> str:
    """Return a module with what is inside it, each module that it holds on lines of its own."""
    kind = type(module).__name__
    if id(module) in seen:
        return f"{kind}(...)"
    seen.add(id(module))
    count = sum(tensor.size for tensor in _tensors_in(module) if not _why_no_parameter(tensor))
    total = f"  {count:,} parameter{'s' * (count != 1)}" if count else ""
    entries = []
    for path, held in entries_of(vars(module), ""):
        if isinstance(held, Module):
            entries.append(f"{path}: {_text(held, seen)}")
        elif isinstance(held, Tensor) and not _why_no_parameter(held):
            entries.append(f"{path} {held.shape}{'' if held.requires_grad else ' frozen'}")
        elif callable(held):
            entries.append(f"{path}={getattr(held, '__name__', held)}")
        elif isinstance(held, str | int | float) and not isinstance(held, bool):
            entries.append(f"{path}={held!r}")
    if any(isinstance(held, Module) for _, held in entries_of(vars(module), "")):
        lines = "\n".join(entries).replace("\n", "\n  ")
        return f"{kind}(\n  {lines}\n){total}"
    return f"{kind}({', '.join(entries)}){total}"
