"""train: a model, a loss and data, and an optimiser that brings them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nn._epochs import Training
from nn._evaluation import Metric, metrics_by_name
from nn._history import History
from nn._module import Module
from nn._steps import Loss
from optim import Executor, Optimizer, ReduceOnPlateau, Schedule, random_generator


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
    executor: Executor | None = None,
    shards: int = 1,
) -> History:
    """Train a model on batches in random order, and return the history of its losses.

    Each step is a replayed plan, of which `autodiff.compile` tells what a model may do in it. The
    model is left in the state of use, as after ``model.eval()``. Ctrl-C ends the training with
    what was reached so far.

    Parameters
    ----------
    model : Module
    loss : callable
        Takes the model's outputs and the targets, and where there are weights ``sample_weight=``.
    data : tuple of array_like
        Inputs and targets, and perhaps weights, as many as rows. Rows of weight 0 are left out.
        Dask arrays, and data sets of h5py or Zarr, are read into memory whole, once: batches are
        drawn from all rows.
    epochs : int
        How often all rows are gone through, what a checkpoint brings included.
    optimizer : Optimizer
        Of the model's parameters: ``optim.Adam(model.parameters())``.
    schedule : callable, Schedule or ReduceOnPlateau, optional
        The course of the learning rate over the epochs, as ``optim.cosine_decay(20)``.
    batch_size : int
        The last batch of an epoch may be smaller.
    validation : tuple of array_like or float, optional
        Data as above, or which part of these to set aside.
    metrics : sequence of callable
        Functions of targets and predictions, evaluated after each epoch on the data for
        validation, else on all. Predictions are the model's outputs; but a function that calls
        them ``y_pred``, as scikit-learn's do, is given labels where the targets are labels and the
        outputs are scores of classes, or the loss is `binary_cross_entropy` or `hinge`.
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
        bit. It holds parameters and random generators of the modules, the optimiser, the schedule,
        the order of the rows and the history; not other attributes that ``forward`` changes, as
        running means, nor what callbacks keep or change beside these.
    executor : concurrent.futures.Executor or alike, optional
        Computes the shards, each on a copy of model and loss that a worker keeps; the values of the
        parameters travel at each step. What these take from a module by its name, a worker has for
        itself: a loss has to hold the model, as ``functools.partial(loss, model)``. The optimiser,
        validation and metrics stay here.
        On two cores (`python -m tests.benchmarks.sharding`) two processes make a step of
        64-256-256-10 at 0.2 of the speed of one with one thread of BLAS for 64 rows, 0.8 for 1024
        and 1.3 for 4096; of 784-1024-1024-10 at 0.5 for 256 and 1.1 for 1024. Two threads of BLAS
        in one process are faster than either: shards pay beyond one machine.
    shards : int
        Into how many parts of equal size to split each batch. Its gradient is the sum of theirs, by
        the weight of their rows and in a fixed tree: the same bits whatever computes them, and that
        of one shard to rounding. The loss has to be a mean over rows, which the first batch has to
        show, at other parameters too. A model that draws random numbers, as Dropout does, or
        changes its own attributes, or what is in them, is refused where there are several.

    Raises
    ------
    TypeError, ValueError
        When arguments do not fit one another, or the file is no checkpoint of such a training. The
        parameters, the optimiser and the generators are then as they were.
    FloatingPointError
        When a loss or a gradient is not finite, before the step is made. It names the op.

    Examples
    --------
    >>> from nn import MLP, mean_squared_error
    >>> from optim import Adam
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> model = MLP([1, 16, 1], "tanh", seed=0)
    >>> history = train(model, mean_squared_error, (x, x**2), epochs=200, seed=0, progress=False,
    ...                 optimizer=Adam(model.parameters(), lr=0.01))
    >>> history["loss"][-1] < 0.001
    True
    """
    _check(model, optimizer, schedule, executor, shards)
    _check_functions(metrics=metrics, callbacks=callbacks)
    _check_counts(early_stopping, epochs=epochs, batch_size=batch_size, shards=shards)
    training = Training(
        model,
        loss,
        optimizer,
        schedule,
        batch_size,
        metrics_by_name(metrics, loss),
        tuple(callbacks),
        early_stopping,
        random_generator(seed),
        Path(checkpoint) if checkpoint else None,
        executor,
        shards,
    )
    with training.undone_if_refused():
        training.prepare(data, validation)
        training.make_epochs(epochs, progress)
    return training.history


def _check(model: Any, optimizer: Any, schedule: Any, executor: Any, shards: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"expected a Module as model, got {type(model).__name__}")
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
    if not (schedule is None or callable(schedule) or hasattr(schedule, "step")):
        raise TypeError(
            "expected as schedule a function of the epochs made, as optim.cosine_decay(20), a "
            f"Schedule or a ReduceOnPlateau, got {schedule!r:.60}"
        )
    if getattr(schedule, "optimizer", optimizer) is not optimizer:
        raise ValueError("the schedule sets the learning rate of another optimizer")
    if executor is not None and shards == 1:
        raise ValueError(
            "an executor computes shards of each batch: write shards=n beside it, with as many as "
            "it has workers"
        )


def _check_functions(**functions: Any) -> None:
    for name, given in functions.items():
        if callable(given) or not isinstance(given, Iterable):
            raise TypeError(
                f"expected a sequence of functions: write {name}=[f], got {given!r:.60}"
            )


def _check_counts(early_stopping: Any, **counts: Any) -> None:
    if early_stopping is not None:
        counts["early_stopping"] = early_stopping
    for name, count in counts.items():
        if isinstance(count, bool) or not hasattr(count, "__index__") or count < 1:
            raise ValueError(f"expected {name} to be a whole number of 1 or more, got {count!r}")
