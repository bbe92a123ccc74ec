"""train: a model, a loss and data, and an optimiser that brings them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nn._checkpoints import restore, state_of
from nn._epochs import Run
from nn._evaluation import Loss, Metric, metrics_by_name
from nn._files import name_beside
from nn._history import History
from nn._module import Module
from optim import Optimizer, ReduceOnPlateau, Schedule


def train(
    model: Module,
    loss: Loss,
    data: Sequence[ArrayLike],
    *,
    epochs: int,
    optimizer: Optimizer,
    schedule: Callable[[int], float] | Schedule | ReduceOnPlateau | None = None,
    batch_size: int = 32,
    validation: Sequence[ArrayLike] | float | None = None,
    metrics: Sequence[Metric] = (),
    callbacks: Sequence[Callable[[History], Any]] = (),
    early_stopping: int | None = None,
    seed: int | np.random.Generator | None = None,
    progress: bool = True,
    checkpoint: str | Path | None = None,
) -> History:
    """Train a model on batches in random order, and return the history of its losses.

    Each step is a replayed plan, of which `autodiff.compile` tells what a model may do in it. The
    model stays in the state of use, as after ``model.eval()``, however the training ends. Ctrl-C
    ends it after the step that is being made, with what was reached so far; a second one interrupts
    it.

    Parameters
    ----------
    model : Module
    loss : callable
        Takes the model's outputs and the targets, and where there are weights ``sample_weight=``.
    data : tuple of array_like
        Inputs and targets, and perhaps weights, as many as rows. A batch of weight 0 is left out.
    epochs : int
        How often all rows are gone through, what a checkpoint brings included.
    optimizer : Optimizer
        Of the model's parameters: ``optim.Adam(model.parameters())``.
    schedule : callable, Schedule or ReduceOnPlateau, optional
        The course of the learning rate over the epochs, as ``optim.cosine_decay(20)``. A function
        is tried before the first step.
    batch_size : int
        The last batch of an epoch may be smaller.
    validation : tuple of array_like or float, optional
        Data as above, or which part of these to set aside.
    metrics : sequence of callable
        Functions of targets and predictions, evaluated after each epoch on the data for
        validation, else on all. Predictions are the model's outputs; but a function that calls
        them ``y_pred``, as scikit-learn's do, is given class labels where outputs have a score for
        each class; and where the targets are 0 and 1, or -1 and 1, if it is one of scikit-learn's
        for classes or the loss is `binary_cross_entropy` or `hinge`.
    callbacks : sequence of callable
        Called with the history after each epoch. One ends the training by raising StopIteration.
    early_stopping : int, optional
        After how many epochs without a smaller loss (of validation, if there is) to stop. The
        model then has the parameters of its best epoch, however the training ended.
    seed : int or numpy.random.Generator, optional
        For the order of the rows, and which are set aside.
    progress : bool
        Whether to show a progress bar.
    checkpoint : path, optional
        A file to write the state to after an epoch, once a second at most, and at the end. Where
        there is one, training goes on from it, and ends as it would have without a break, bit for
        bit; to rounding, where the model's code branches on values. It holds parameters and the
        `numpy.random.Generator` objects of the modules, the optimiser, the schedule, the order of
        the rows and the history; but no other attributes that ``forward`` changes, as running
        means in plain arrays or counters, and nothing that callbacks keep.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        When arguments do not fit one another, or the file is no checkpoint of such a training.
        The model, the optimiser and their generators are then as they were.
    FloatingPointError
        When a loss or a gradient is not finite, before the step is made. It names the op.

    Examples
    --------
    >>> from nn import MLP, mean_squared_error
    >>> from optim import Adam
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> model = MLP([1, 16, 1], "tanh", seed=0)
    >>> optimizer = Adam(model.parameters(), lr=0.01)
    >>> history = train(model, mean_squared_error, (x, x**2), epochs=200, optimizer=optimizer,
    ...                 seed=0, progress=False)
    >>> history["loss"][-1] < 0.001
    True
    """
    _check(model, loss, optimizer)
    _check_schedule(schedule, optimizer)
    _check_counts(epochs=epochs, batch_size=batch_size, early_stopping=early_stopping)
    metrics = _functions("metrics", metrics)
    callbacks = _functions("callbacks", callbacks)
    path = None if checkpoint is None else _path(checkpoint)
    order = np.random.default_rng(seed)
    run = Run(
        model,
        loss,
        optimizer,
        schedule,
        batch_size,
        metrics_by_name(metrics, loss),
        early_stopping,
        order,
    )
    with _undone_if_refused(run):
        run.prepare(data, validation, path, epochs)
        run.make_epochs(epochs, callbacks, path, progress)
    return run.history


@contextmanager
def _undone_if_refused(run: Run) -> Iterator[None]:
    owners, modes = run.owners, [(m, m.training) for _, m in run.model.named_modules()]
    before = state_of(owners)
    try:
        yield
    except Exception as error:
        # In the first epoch every row is met, so what does not fit is found in it.
        if not run.epochs_made and not isinstance(error, FloatingPointError):
            restore(owners, before)
            for module, mode in modes:
                module.training = mode
        raise


def _check(model: Any, loss: Any, optimizer: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"expected a Module as model, got {type(model).__name__}")
    if not callable(loss):
        raise TypeError(f"expected a function of predictions and targets as loss, got {loss!r:.60}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"expected an optimizer, as optim.Adam(model.parameters()), got {optimizer!r:.60}"
        )
    others = set(optimizer.parameters).difference(model.parameters())
    if others:
        raise ValueError(
            f"the optimizer has {len(others)} parameters that are none of the model's: make it of "
            "model.parameters(), and keep what else is trained in a Module with the model"
        )


def _check_schedule(schedule: Any, optimizer: Optimizer) -> None:
    is_kept = isinstance(schedule, Schedule | ReduceOnPlateau)
    if schedule is not None and not is_kept and not callable(schedule):
        raise TypeError(
            "expected as schedule a function of the epochs made, as optim.cosine_decay(20), a "
            f"Schedule or a ReduceOnPlateau, got {schedule!r:.60}"
        )
    if is_kept and schedule.optimizer is not optimizer:
        raise ValueError("the schedule sets the learning rate of another optimizer")


def _check_counts(early_stopping: Any, **counts: Any) -> None:
    if early_stopping is not None:
        counts["early_stopping"] = early_stopping
    for name, count in counts.items():
        if isinstance(count, bool) or not hasattr(count, "__index__") or count < 1:
            raise ValueError(f"expected {name} to be a whole number of 1 or more, got {count!r}")


def _functions(name: str, given: Any) -> tuple[Callable[..., Any], ...]:
    if callable(given) or not isinstance(given, Iterable):
        raise TypeError(
            f"expected a sequence of functions as {name}: write {name}=[f], got {given!r:.60}"
        )
    functions = tuple(given)
    for f in functions:
        if not callable(f):
            raise TypeError(f"expected functions as {name}, got {f!r:.60} among them")
    return functions


def _path(checkpoint: str | Path) -> Path:
    path = Path(checkpoint)
    try:
        if (path.exists() and not path.is_file()) or not path.parent.is_dir():
            raise ValueError(
                f"expected a file in a directory that exists as checkpoint, got {path}"
            )
        beside = name_beside(path)
        beside.touch(exist_ok=False)
        beside.unlink()
    except OSError as error:
        raise ValueError(f"no checkpoint can be written to {path}: {error}") from error
    return path
