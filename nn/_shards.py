"""Steps whose gradients are taken over shards of each batch, here or by an executor.

A worker keeps a copy of the model and the loss, and the plan of their gradient, by the bytes that
they are sent as. These hold no values of parameters: the values travel with each step.
"""

from __future__ import annotations

import copyreg
import pickle
from collections import ChainMap
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import lru_cache
from io import BytesIO
from threading import local
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import autodiff
from autodiff import Tensor, no_grad
from nn._batches import Rows
from nn._module import Module, entries_of
from nn._steps import Loss, Step, loss_of, name_the_op, value_of, weight_of
from optim import Executor, Optimizer, Outcomes, parallel_map, tree_sum

Shard: TypeAlias = tuple[float, Rows]  # its part of the batch's weight, and its rows
Part: TypeAlias = tuple[Any, list[NDArray[Any] | None]]  # of the loss, and of the gradient
Gradient: TypeAlias = Callable[[Shard], Part]
PartsOf: TypeAlias = Callable[[list[Shard]], list[Part]]
Sum: TypeAlias = tuple[Any, dict[int, Any]]  # of parts, with the gradients by their parameters

MOST_MODELS = 4  # that a worker keeps
AS_ROWS = (
    "with shards, a loss has to be a mean over rows (by their weights, where they have some), and "
    "a model has to take each row by itself; else train with shards=1"
)
BY_NAME = (
    "what a loss or a model takes from a module by its name, each worker has for itself, so that "
    "it is no more what is trained here: give it as an argument, as functools.partial(loss, model)"
)

_kept = local()  # for each thread, as two of them may not set the parameters of one copy


def sharded_step(
    model: Module, loss: Loss, optimizer: Optimizer, shards: int, executor: Executor | None
) -> Step:
    """Return the function that makes a step on a batch, and gives the loss before it.

    Its gradient is the sum, in a fixed tree, of those of the shards, each weighted as its rows.
    """
    parameters = model.parameters()
    parts_of = _parts_here(model, loss) if executor is None else _parts_by(executor, model, loss)
    seen = False

    def step(*batch: Any) -> Any:
        nonlocal seen
        expected = None if seen else _loss_of_whole(model, loss, batch)
        items = split_into_shards(batch, shards)
        parts = parts_of(items)
        value, gradients = tree_sum(_with_zeros(parts, parameters))
        if not all(np.isfinite(x).all() for x in (value, *gradients.values())):
            name_the_op(model, loss, *batch)
        if expected is not None:
            _check_mean(
                expected,
                [part for part, _ in parts],
                f"its shards have the mean {{:.6g}}: {AS_ROWS}",
            )
            _check_elsewhere(model, loss, batch, items, None if executor is None else parts_of)
        for i, p in enumerate(parameters):
            p.grad = gradients.get(i)
        optimizer.step()
        seen = True
        return value

    return step


def split_into_shards(batch: Rows, shards: int) -> list[Shard]:
    """Return the shards of a batch, as many as there are rows at most."""
    count = min(shards, len(batch[0]))
    parts = list(zip(*(np.array_split(a, count) for a in batch), strict=True))
    return [(weight_of(rows) / weight_of(batch), rows) for rows in parts]


def _parts_here(model: Module, loss: Loss) -> PartsOf:
    """Return the function that computes the parts of shards one by one."""
    gradient = shard_gradient(model, loss)
    return lambda shards: _parts_or_refusal(shards, parallel_map(gradient, shards))


def _parts_by(executor: Executor, model: Module, loss: Loss) -> PartsOf:
    """Return the function that hands shards to an executor, and gives their parts."""
    parameters = model.parameters()

    def parts_of(shards: list[Shard]) -> list[Part]:
        common = content_of(model, loss), [p.data for p in parameters]
        outcomes = parallel_map(
            gradient_in_worker, shards, common=common, executor=executor, batch_size=1
        )
        return _parts_or_refusal(shards, outcomes)

    return parts_of


def _parts_or_refusal(shards: list[Shard], outcomes: Outcomes) -> list[Part]:
    """Return the parts of all shards; raise what the first raised that failed."""
    for i, error in sorted(outcomes.failures.items()):
        count = sum(len(rows[0]) for _, rows in shards)
        error.add_note(f"in shard {i + 1} of {len(shards)}, of a batch of {count} rows")
        raise error
    return outcomes.values


def shard_gradient(model: Module, loss: Loss) -> Gradient:
    """Return the function that gives a shard's part of the loss and of the gradient, by plans."""
    return autodiff.compile(_gradient_of_shard(model, loss), eager_calls=0)


def _gradient_of_shard(model: Module, loss: Loss) -> Gradient:
    parameters = model.parameters()

    def gradient(shard: Shard) -> Part:
        part, (inputs, *targets) = shard
        for p in parameters:
            p.grad = None
        value = part * loss_of(loss, model(inputs), *targets)
        value.backward()
        return value, [p.grad for p in parameters]

    return gradient


# -- what travels ------------------------------------------------------------------------------


def content_of(model: Module, loss: Loss) -> bytes:
    """Return a model, without the values of its parameters, and a loss as bytes.

    By cloudpickle where it is installed, as it is with Dask and loky: it takes lambdas, and what
    is defined in a function or in the program that was started.
    """
    parameters = set(model.parameters())

    def without_value(t: Tensor) -> Any:
        if t in parameters:
            return _parameter, (t.shape, t.dtype.str, t.requires_grad, t.name)
        return t.__reduce_ex__(pickle.HIGHEST_PROTOCOL)

    pickler, file = _pickler(), BytesIO()
    known = getattr(pickler(file), "dispatch_table", copyreg.dispatch_table)
    table = {"dispatch_table": ChainMap({Tensor: without_value}, known)}
    try:
        type("Packer", (pickler,), table)(file).dump((model, loss))
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        raise TypeError(
            f"an executor takes a model and a loss that can be pickled ({error}): define what they "
            "are made of in a module, or install cloudpickle"
        ) from error
    return file.getvalue()


def gradient_in_worker(content: bytes, values: Sequence[NDArray[Any]], shard: Shard) -> Part:
    """Return a shard's part of the loss and of the gradient, by a model that arrived as bytes."""
    known = vars(_kept).setdefault("gradients", lru_cache(MOST_MODELS)(_gradient_of))
    parameters, gradient = known(content)
    for p, value in zip(parameters, values, strict=True):
        p.data = value
    with np.errstate(all="ignore"):  # what is not finite ends in an error of its own
        return gradient(shard)  # type: ignore[no-any-return]


def _gradient_of(content: bytes) -> tuple[list[Tensor], Gradient]:
    model, loss = pickle.loads(content)
    return model.parameters(), shard_gradient(model, loss)


def _pickler() -> Any:
    try:
        from cloudpickle import Pickler
    except ModuleNotFoundError:
        return pickle.Pickler
    return Pickler


def _parameter(shape: tuple[int, ...], dtype: str, requires_grad: bool, name: str) -> Tensor:
    return Tensor(np.zeros(shape, dtype), requires_grad, name)


def _with_zeros(parts: list[Part], parameters: list[Tensor]) -> list[tuple[Any, dict[int, Any]]]:
    """Return parts whose gradients are those of the parameters that have one in any shard."""
    met = [i for i in range(len(parameters)) if any(part[1][i] is not None for part in parts)]
    return [
        (value, {i: np.zeros_like(parameters[i].data) if gradient[i] is None else gradient[i]
                 for i in met})
        for value, gradient in parts
    ]  # fmt: skip


# -- what shards cannot do -----------------------------------------------------------------------


def _loss_of_whole(model: Module, loss: Loss, batch: Rows) -> Any:
    """Return the loss of a batch; refuse a model that a call changes, by what it does to a copy."""
    model = _copy_of(model)
    before = _attributes(model)
    inputs, *targets = (a.copy() for a in batch)  # for a model may write into what it is given
    with no_grad():
        value = value_of(loss_of(loss, model(inputs), *targets))
    after = _attributes(model)
    for path, module in model.named_modules():
        for name in sorted(n for p, n in before.keys() | after.keys() if p == path):
            old, new = (state.get((path, name)) for state in (before, after))
            if old is new or (isinstance(new, bytes | tuple) and old == new):
                continue
            entry = dict(entries_of(vars(module), "")).get(name)
            drawn = isinstance(entry, np.random.Generator)
            does = f"draws random numbers from {name}" if drawn else f"changes {name}"
            raise ValueError(
                f"{type(module).__name__} {does} when it is called, and each shard has a copy of "
                f"the model{f', where it is {path}' * bool(path)}: train it with shards=1"
            )
    return value


def _copy_of(model: Module) -> Module:
    try:
        return deepcopy(model)
    except TypeError as error:
        raise TypeError(
            f"shards are computed on copies of a model, and this {type(model).__name__} holds what "
            f"cannot be copied ({error}): train it with shards=1"
        ) from error


def _attributes(model: Module) -> dict[tuple[str, str], Any]:
    """Return what the modules hold, by path and name, such that it can be compared later."""
    return {
        (path, name): _comparable(value)
        for path, module in model.named_modules()
        for name, value in entries_of(vars(module), "")
    }


def _comparable(value: Any) -> Any:
    """Return what an object holds, as bytes or a tuple; itself where nothing tells."""
    value = value_of(value)
    if isinstance(value, np.ndarray | np.generic):
        return value.shape, value.dtype, value.tobytes()
    if isinstance(value, Module):  # of which there are attributes of its own
        return value
    try:
        return pickle.dumps(value)
    except Exception:  # as of a lambda, or whatever others' objects raise
        return value


def _check_elsewhere(
    model: Module, loss: Loss, batch: Rows, shards: list[Shard], by_workers: PartsOf | None
) -> None:
    """Refuse a loss or a gradient that is not the mean over shards at parameters near those given.

    Where a training starts it may be so by chance: after a last layer of zeros, all rows are alike.
    Refuse as well what workers make otherwise of the shards than they are here.
    """
    found = _parts_elsewhere(model, loss, batch, shards, by_workers)
    if found is None:
        return
    whole, *parts = found
    here, there = parts[: len(shards)], parts[len(shards) :]
    mean = tree_sum(here)
    if not all(np.isfinite(x).all() for v, slopes in (whole, mean) for x in (v, *slopes.values())):
        return
    mean_there = "its shards have the mean {:.6g} near the parameters given"
    _check_mean(whole[0], [part for part, _ in here], f"{mean_there}: {AS_ROWS}")
    _check_gradient(model, whole, here, f"the mean of those of its shards: {AS_ROWS}")
    if there:
        made_there = "workers make it {:.6g} near the parameters given"
        _check_mean(mean[0], [part for part, _ in there], f"{made_there}: {BY_NAME}")
        _check_gradient(model, mean, there, f"what workers make it: {BY_NAME}")


def _parts_elsewhere(
    model: Module, loss: Loss, batch: Rows, shards: list[Shard], by_workers: PartsOf | None
) -> list[Sum] | None:
    """Return a batch and its shards near the parameters given; None where the model raises there.

    The shards follow a second time as workers compute them.
    """
    gradient, parameters = _gradient_of_shard(model, loss), model.parameters()
    given = [p.data for p in parameters]
    try:
        for p, x in zip(parameters, given, strict=True):
            p.data = _beside(x)
        parts = [
            gradient((part, tuple(a.copy() for a in rows)))
            for part, rows in [(1.0, batch), *shards]
        ]
        parts += by_workers(shards) if by_workers else []
    except (ArithmeticError, ValueError):  # for it may be defined nowhere else
        return None
    finally:
        for p, x in zip(parameters, given, strict=True):
            p.data = x
    return _with_zeros([(value_of(value), slopes) for value, slopes in parts], parameters)


def _check_gradient(model: Module, expected: Sum, parts: list[Sum], instead: str) -> None:
    """Refuse a gradient of a batch that is not that of the parts."""
    slopes, (_, found) = expected[1], tree_sum(parts)
    sizes = {i: max(np.max(abs(own[i]), initial=0.0) for _, own in parts) for i in found}
    largest = max(sizes.values(), default=0.0)
    for i, (name, _) in enumerate(model.named_parameters()):
        if i in found and np.any(
            abs(slopes[i] - found[i]) > _slack(found[i].dtype, sizes[i], largest)
        ):
            raise ValueError(f"the gradient of a batch by {name} is not {instead}")


def _beside(x: Any) -> Any:
    """Return numbers near those of an array, which share nothing special: no zeros, no pattern."""
    count = np.cumsum(np.ones_like(x)).reshape(x.shape)
    return x + 0.1 * np.where(x == 0, 1.0, x) * np.sin(count)


def _check_mean(expected: Any, parts: list[Any], instead: str) -> None:
    """Refuse a loss of a batch that is not the sum of its parts."""
    value, scale = tree_sum(parts), max(abs(expected), sum(map(abs, parts)))
    if abs(expected - value) > _slack(value.dtype, scale, scale):
        raise ValueError(f"the loss of a batch is {expected:.6g}, but {instead.format(value)}")


def _slack(dtype: Any, size: Any, largest: Any) -> Any:
    """Return by how much sums may differ, by rounding."""
    rounding = np.finfo(dtype).eps
    return np.sqrt(rounding) * size + 100 * rounding * largest
