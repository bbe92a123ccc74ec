"""Module: a function with parameters."""

from collections.abc import Iterator, Mapping
from reprlib import recursive_repr
from textwrap import indent
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodiff import Tensor, of_kind, scope, to_numpy
from nn._pytorch import INSTEAD


class Module:
    """A function with parameters: a subclass keeps them as attributes, and defines ``forward``.

    A parameter is a Tensor of floats that no op made, held by an attribute, or by a list, tuple or
    dictionary in one; a frozen one, with ``requires_grad=False``, is a parameter too. Its name is
    the path that leads to it, as ``layers.0.weight``, from the outermost module that holds it.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Tensor(2.0)
    ...
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> Scale()(3.0).item(), Scale().named_parameters()
    (6.0, [('factor', Tensor(2., name='factor'))])
    """

    training: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self.training = True  # of the object, where plans see that it changes
        return self

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output: what a subclass defines."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward(self, x)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what ``forward`` returns."""
        with scope(self):
            return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor | Module | list | tuple | dict):
            _named_parameters(self, {**vars(self), name: value})
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # which would take every name for one that exists

        def __getattr__(self, name: str) -> Any:
            if name in INSTEAD:
                raise AttributeError(f"a module has no {name} here: {INSTEAD[name]}")
            return super().__getattribute__(name)  # which raises Python's own error

    @recursive_repr()
    def __repr__(self) -> str:
        entries = []
        for path, entry in entries_of(vars(self), ""):
            if isinstance(entry, Module):
                entries.append(f"{path}: {entry!r}")
            elif isinstance(entry, Tensor):
                entries.append(f"{path} {entry.shape}{'' if entry.requires_grad else ' frozen'}")
            elif callable(entry) or (isinstance(entry, str | int | float) and path != "training"):
                entries.append(f"{path}={getattr(entry, '__name__', repr(entry))}")
        count = sum(t.size for _, t in _inside(self, "", set()) if isinstance(t, Tensor))
        total = f"  {count:,} parameter{'s' * (count != 1)}" if count else ""
        text = ", ".join(entries)
        if len(self.named_modules()) > 1:
            text = indent("\n".join(["", *entries, ""]), "  ")
        return f"{type(self).__name__}({text}){total}"

    def parameters(self) -> list[Tensor]:
        """Return the parameters of this module and of those inside it, in order of definition."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Return the parameters, each once, with the paths that lead to them."""
        return _named_parameters(self, vars(self))

    def named_modules(self) -> list[tuple[str, "Module"]]:
        """Return this module, with the path "", and those inside it, each once."""
        return [(path, m) for path, m in _inside(self, "", set()) if isinstance(m, Module)]

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

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return copies of the parameters' values by name.

        They are of this package's shapes: PyTorch has a `Linear` weight transposed, as files do.
        """
        return {name: np.array(to_numpy(p.data)) for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Give the parameters these values, or raise a ValueError that lists all that misfit."""
        parameters = dict(self.named_parameters())
        arrays = {name: to_numpy(value) for name, value in state.items()}
        wrong = [f"{name} is missing" for name in parameters if name not in arrays]
        with np.errstate(over="ignore"):
            for name, array in arrays.items():
                if (parameter := parameters.get(name)) is None:
                    wrong.append(f"{name} is no parameter")
                elif array.shape != parameter.shape:
                    wrong.append(f"{name} has shape {array.shape}, not {parameter.shape}")
                elif not np.can_cast(array.dtype, parameter.dtype, "same_kind"):
                    wrong.append(f"{name} is of {array.dtype}, not {parameter.dtype}")
                elif np.any(np.isinf(array.astype(parameter.dtype)) & np.isfinite(array)):
                    wrong.append(f"{name} has numbers beyond {parameter.dtype}")
        if wrong:
            raise ValueError(f"state does not fit this {type(self).__name__}: {'; '.join(wrong)}")
        for name, array in arrays.items():
            parameters[name].data = of_kind(array, parameters[name].data)


def entries_of(held: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield what is held with its path, of lists, tuples and dictionaries what is in them."""
    if not isinstance(held, list | tuple | dict):
        yield path, held
    else:
        for key, value in held.items() if isinstance(held, dict) else enumerate(held):
            yield from entries_of(value, f"{path}.{key}" if path else str(key))


def _inside(held: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Tensor | Module]]:
    """Yield the Tensors and modules in what is held, each once: modules may hold one another."""
    for inner, entry in entries_of(held, path):
        if isinstance(entry, Tensor | Module) and id(entry) not in seen:
            seen.add(id(entry))
            yield inner, entry
            if isinstance(entry, Module):
                yield from _inside(vars(entry), inner, seen)


def _named_parameters(module: Module, attributes: dict[str, Any]) -> list[tuple[str, Tensor]]:
    """Return the parameters that a module has by these attributes, named by their paths."""
    kind = type(module).__name__
    inside = _inside(attributes, "", {id(module)})
    found = [(path, entry) for path, entry in inside if isinstance(entry, Tensor)]
    for path, t in found:
        if t.op is not None and t.op.name != "argument":  # of what is differentiated
            raise TypeError(
                f"{kind}.{path} would be what {t.op.name} made, which is no parameter: write "
                "Tensor(t.data), or keep t.data"
            )
        if t.dtype.kind not in "fc":
            raise TypeError(
                f"{kind}.{path} would be of {t.dtype}, which is no parameter: write "
                "Tensor(x.astype(float)), or keep the plain array"
            )
    if len(names := [path for path, _ in found]) > len({*names}):
        raise ValueError(f"{kind} would have two parameters of one name among {names}")
    for path, t in found:
        if not f".{t.name}".endswith(f".{path}"):  # the name that a module around has given
            t.name = path
    return found
