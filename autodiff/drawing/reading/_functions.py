"""Recording a function to draw it: its arguments become leaves that bear their names."""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from autodiff._core.array_kinds import at_present
from autodiff._core.closed_arrays import result_of
from autodiff._core.functions import argument
from autodiff._core.hook import next_index, recording
from autodiff._core.structures import as_numbers, is_container, map_structure
from autodiff._core.tensor import Tensor
from autodiff.drawing._scopes import drawing_scopes
from autodiff.drawing.reading._calls import CallHook, CallNote
from autodiff.drawing.reading._failures import Failure, failure_of
from autodiff.drawing.reading._op_words import is_ours
from autodiff.drawing.reading._variables import code_of, variables_of
from autodiff.drawing.reading._words import (
    Snapshot,
    identity,
    is_operand,
    snapshot_of,
    without_origin,
)

if TYPE_CHECKING:
    from autodiff._core.op import Op


@dataclass
class Subject:
    """What is to be drawn: the Tensors that were computed, and what is known of them.

    Names, arguments and parameters are kept by `identity`, by which nodes are told apart; ``given``
    are those that are named for the picture alone. Where there is no name there may be a variable
    of the function, and of an output its place in what the function returned. ``is_hindered`` says
    that a profiler kept calls from being watched.
    """

    outputs: list[Tensor]
    names: dict[Any, str] = field(default_factory=dict)
    given: set[Any] = field(default_factory=set)
    variables: dict[Tensor, str] = field(default_factory=dict)
    results: dict[Tensor, str] = field(default_factory=dict)
    arguments: dict[Any, Any] = field(default_factory=dict)
    parameters: set[Any] = field(default_factory=set)
    calls: dict[Tensor, CallNote] = field(default_factory=dict)
    failure: Failure | None = None
    of_function: bool = False
    began: float = math.inf  # the index of the first Tensor that a function made
    is_hindered: bool = False

    @cached_property
    def ops(self) -> Counter[CallNote]:
        """How many ops each call recorded."""
        return Counter(self.calls.values())

    def original(self, x: Any) -> Any:
        """Return what the picture shows of an operand: where it merely stands for another, that.

        So does the argument of a function that is differentiated inside, and what an op made that
        the program did not call, and that changed nothing; and a graph's copy of an argument.
        """
        if isinstance(x, np.ndarray):
            return self._argument_of(x)
        while type(x) is Tensor and x.op is not None and not self._has_name(x):
            called = x in self.calls and self.ops[self.calls[x]] == 1
            if x.op.compute is not argument and (called or not _changes_nothing(x)):
                break
            x = x.inputs[0]
        return x

    def _argument_of(self, x: Any) -> Any:
        """Return the argument that an array is, by where it comes from, or else by its entries."""
        if type(x) is Snapshot:
            return x if identity(x) in self.arguments else without_origin(x)
        same = self._arrays.get(identity(x), ())
        return same[0] if len(same) == 1 else x

    @cached_property
    def _arrays(self) -> dict[Any, list[Any]]:
        """The arguments that are arrays, by their entries."""
        found = defaultdict(list)
        for x in self.arguments.values():
            if type(x) is Snapshot:
                found[identity(without_origin(x))].append(x)
        return found

    def _has_name(self, x: Tensor) -> bool:
        return bool(x in self.names or x in self.results or x.name)


def _changes_nothing(y: Tensor) -> bool:
    """Whether an op was to give a shape or dtype that its operand had already."""
    x, op = y.inputs[0], cast("Op", y.op)
    same = type(x) is Tensor and x.shape == y.shape and x.dtype == y.dtype
    return same and is_ours(op) and op.name in ("astype", "broadcast_to", "reshape")


def record_subject(f: Callable[..., Any], args: Sequence[Any], door: str = "draw") -> Subject:
    """Call ``f`` on fresh leaves and return what it computed; where it raises, until then.

    ``door`` is the public function that takes ``f`` and its arguments, for messages.

    Raises
    ------
    TypeError
        When ``f`` takes other arguments, wraps itself, or returns nothing that depends on a Tensor.
    """
    if isinstance(f, type) and hasattr(f, "named_parameters"):
        raise TypeError(
            f"{door} calls what it is given, and {f.__name__} is a class of models: make one, "
            f"model = {f.__name__}(...), and write {door}(model, x)"
        )
    code = code_of(f, door)
    owner: Any = f if hasattr(f, "named_parameters") else getattr(f, "__self__", None)
    named = owner.named_parameters() if hasattr(owner, "named_parameters") else []
    subject = Subject([], {identity(p): path for path, p in named}, of_function=True)
    subject.parameters = set(subject.names)
    leaves = _leaves(_argument_names(f, args, door), args, subject)
    subject.began = next_index()
    hook = CallHook()
    token, scopes_token = recording.set(hook), drawing_scopes.set(hook.scopes)
    try:
        with hook.watching_returns(), variables_of(code) as subject.variables:
            result = result_of(f, leaves, {})
    except Exception as error:
        subject.failure = failure_of(error, hook, subject.arguments)
    finally:
        drawing_scopes.reset(scopes_token)
        recording.reset(token)
        hook.entries.clear()
        hook.scopes.at_errors.clear()
        hook.scopes.of_generators.clear()
    subject.is_hindered = hook.is_hindered
    subject.calls = hook.calls.copy()  # for a thread may be at work still
    if subject.failure is None:
        _take_outputs(result, f, subject)
    return subject


# -- arguments -----------------------------------------------------------------------------------


def _leaves(names: Sequence[str], args: Sequence[Any], subject: Subject) -> list[Any]:
    """Return the arguments with named Tensors in the place of floats; integers stay.

    Python's integers are taken as floats where there is nothing else to differentiate by.
    """
    paths: list[tuple[str, Any]] = []
    for name, x in zip(names, args, strict=True):
        map_structure(lambda path, leaf: paths.append((path, leaf)), x, name)
    taken = {path for path, x in paths if is_operand(x) or type(x) in (int, float, complex)}
    floats = any(_is_float(x) for _, x in paths) or bool(subject.parameters)

    def leaf(path: str, x: Any) -> Any:
        x = at_present(x)
        if type(x) is not Tensor and (_is_float(x) or (type(x) is int and not floats)):
            x = Tensor(as_numbers(path, x))
        if is_operand(x):
            known = snapshot_of(x) if isinstance(x, np.ndarray) else x
            subject.arguments[identity(known)] = known
            own = getattr(x, "name", None)
            name = re.sub(r"\['(\w+)'\]", r".\1", path) if own is None or own in taken else own
            subject.names.setdefault(identity(known), name)
        return x

    return [map_structure(leaf, x, name) for name, x in zip(names, args, strict=True)]


def _is_float(x: Any) -> bool:
    """Whether something is a Tensor, or holds floats, and so can be differentiated by."""
    if isinstance(x, list | tuple):
        return not is_container(x) and np.asarray(x).dtype.kind in "fc"
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    return type(x) is Tensor or isinstance(x, float | complex) or kind in ("f", "c")


def _argument_names(f: Callable[..., Any], args: Sequence[Any], door: str) -> list[str]:
    """Return what a function calls its arguments, and raise if it does not take as many."""
    target = getattr(f, "forward", f) if hasattr(f, "named_parameters") else f
    try:
        signature = inspect.signature(target)
    except ValueError:  # of what is written in C
        return [f"x{i}" for i, _ in enumerate(args, 1)]
    try:
        bound = signature.bind(*args)
    except TypeError as error:
        taken = _required_arguments(signature)
        call = ", ".join([_spoken_name(f, "model"), *taken])
        number = f"the {len(args)} argument{'s' * (len(args) > 1)}" if args else "no argument"
        raise TypeError(
            f"{door} calls {_spoken_name(f)}({', '.join(taken)}) with {number} behind it: {error}; "
            f"write {door}({call})"
        ) from None
    found = []
    for parameter, value in bound.arguments.items():
        if signature.parameters[parameter].kind is inspect.Parameter.VAR_POSITIONAL:
            found += [f"{parameter}[{i}]" for i, _ in enumerate(value)]
        else:
            found.append(parameter)
    return found


def _required_arguments(signature: inspect.Signature) -> list[str]:
    """Return what a function calls the arguments that it cannot do without."""
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = signature.parameters.values()
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]


def _spoken_name(f: Any, instance: str = "") -> str:
    """Return a function's name; "f" of a lambda, and of an object its class, or what is given."""
    name: str = getattr(f, "__name__", instance or type(f).__name__)
    return "f" if name == "<lambda>" else name


# -- outputs -------------------------------------------------------------------------------------


def _take_outputs(result: Any, f: Callable[..., Any], subject: Subject) -> None:
    """Note the Tensors in what a function returned, and name them by where they are in it."""

    def take(path: str, y: Any) -> None:
        y = at_present(y)
        if type(y) is Tensor and not any(y is known for known in subject.outputs):
            subject.outputs.append(y)
            if not y.name:
                subject.results[y] = re.sub(r"\['(\w+)'\]", r".\1", path)

    map_structure(take, result, "output")
    if not any(y.requires_grad for y in subject.outputs):
        raise TypeError(
            f"{_spoken_name(f)} returned {_description(result, subject.outputs)}, so there is no "
            "graph to show: return what is computed from the arguments, by NumPy's functions"
        )


def _description(result: Any, outputs: Sequence[Tensor]) -> str:
    """Return what has no graph behind it, and why."""
    if outputs:
        return f"a Tensor of dtype {outputs[0].dtype}, which has no derivative by an argument"
    kind = type(result).__name__
    article = "an" if kind[0] in "aeiou" else "a"
    return f"{'None' if result is None else f'{article} {kind}'}, which depends on no Tensor"
