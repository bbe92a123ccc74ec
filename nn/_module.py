"""Module: a function with parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff import Tensor

Self = TypeVar("Self", bound="Module")

# What PyTorch's modules have beside, and what to write here.
_INSTEAD = {
    "to": "give dtype= when the model is built; arrays stay in the computer's memory",
    **dict.fromkeys(["cuda", "cpu"], "arrays stay in the computer's memory: leave it out"),
    **dict.fromkeys(["float", "double", "half"], "give dtype= when the model is built"),
    "modules": "named_modules() gives pairs of a path and a module",
    "children": "named_modules() gives pairs of a path and a module",
    "buffers": "what is no parameter is a plain array: an attribute like any other",
    "register_buffer": "what is no parameter is a plain array: self.name = array",
    "register_parameter": "a parameter is a Tensor: self.name = Tensor(array)",
    "requires_grad_": "write p.requires_grad = False for each p of parameters()",
}


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

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
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
        return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        for path, held in _search(value, name, set()):
            _require_parameter(self, path, held)
        super().__setattr__(name, value)
        if isinstance(value, Tensor | Module | list | tuple | dict):
            _give_names(_tensors_in(self))

    if not TYPE_CHECKING:  # which would take every name for one that exists

        def __getattr__(self, name: str) -> Any:
            if name in _INSTEAD:
                raise AttributeError(f"modules have no {name} here: {_INSTEAD[name]}")
            return super().__getattribute__(name)  # which raises Python's own error

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
        """
        found = _tensors_in(self)
        for tensor, path in found.items():
            _require_parameter(self, path, tensor)
        _give_names(found)
        return [(path, tensor) for tensor, path in found.items()]

    def named_modules(self) -> list[tuple[str, Module]]:
        """Return this module, with the path "", and those inside it, each once."""
        return [(path, m) for path, m in _search(self, "", set()) if isinstance(m, Module)]

    def train(self: Self, mode: bool = True) -> Self:
        """Let this module and those inside it behave as in training, as Dropout does; return it."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
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
            When entries are missing, unknown, of another shape or no numbers. It lists them all,
            and no parameter has changed.
        """
        parameters = dict(self.named_parameters())
        problems = [f"{name} is missing" for name in parameters if name not in state]
        values = {name: np.asarray(value) for name, value in state.items()}
        for name, value in values.items():
            if name not in parameters:
                problems.append(f"{name} is no parameter")
            elif value.shape != parameters[name].shape:
                problems.append(f"{name} has shape {value.shape}, not {parameters[name].shape}")
            elif not np.can_cast(value.dtype, parameters[name].dtype, "same_kind"):
                problems.append(f"{name} is of {value.dtype}, not {parameters[name].dtype}")
        if problems:
            raise ValueError(
                f"the state does not fit this {type(self).__name__}: {'; '.join(problems)}"
            )
        for name, value in values.items():
            parameters[name].data = value


def _search(held: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Tensor | Module]]:
    """Yield the modules and Tensors in what is held, with the paths that lead to them.

    Each module once, for they may hold one another.
    """
    if isinstance(held, Tensor):
        yield path, held
    if not isinstance(held, Module | list | tuple | dict) or id(held) in seen:
        return
    seen.add(id(held))
    if isinstance(held, Module):
        yield path, held
        held = vars(held)
    inside = list(held.items() if isinstance(held, dict) else enumerate(held))
    for key, value in inside:
        yield from _search(value, f"{path}.{key}" if path else f"{key}", seen)


def _tensors_in(module: Module) -> dict[Tensor, str]:
    """Return the Tensors in a module, each with the first path that leads to it."""
    found: dict[Tensor, str] = {}
    for path, held in _search(module, "", set()):
        if isinstance(held, Tensor):
            found.setdefault(held, path)
    return found


def _give_names(found: dict[Tensor, str]) -> None:
    """Name Tensors by their paths, but for those that a module further out has named."""
    for tensor, path in found.items():
        if not f".{tensor.name}".endswith(f".{path}"):
            tensor.name = path


def _require_parameter(module: Module, path: str, held: Any) -> None:
    """Raise if this is a Tensor that can be no parameter."""
    if not isinstance(held, Tensor):
        return
    where = f"{type(module).__name__}.{path}"
    if held.op is not None and held.op.name != "argument":  # of a function that is differentiated
        raise TypeError(
            f"{where} would be a Tensor that {held.op.name} made, but a parameter is a leaf: "
            "write Tensor(t.data), or keep t.data if it is no parameter"
        )
    if held.dtype.kind not in "fc":
        raise TypeError(
            f"{where} would be a Tensor of {held.dtype}, but a parameter has floats: write "
            "Tensor(array.astype(float)), or keep the plain array if it is no parameter"
        )
