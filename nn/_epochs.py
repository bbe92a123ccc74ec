"""A training under way, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil, inf
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

import autodiff
from nn._batches import Rows, batches, rows_of, split
from nn._checkpoints import part, read_checkpoint, restore, state_of, write_checkpoint
from nn._evaluation import Metric, outputs_and_loss
from nn._files import name_beside
from nn._history import History
from nn._module import Module
from nn._shards import sharded_step
from nn._steps import Loss, Step, training_step, value_of, weight_of
from optim import Executor, Optimizer, ReduceOnPlateau, Schedule

SECONDS_OF_A_FILE = 1.0  # between two, for writing one may take longer than a short epoch


@dataclass
class Training:
    """What a training works on, and how far it has come."""

    model: Module
    loss: Loss
    optimizer: Optimizer
    schedule: Any
    batch_size: int
    metrics: dict[str, Metric]
    callbacks: tuple[Callable[[History], Any], ...]
    patience: int | None
    order: np.random.Generator
    checkpoint: Path | None
    executor: Executor | None
    shards: int
    held_out: Rows = ()
    history: History = field(default_factory=History)
    epochs_before: int = 0  # this call, in a file
    best: dict[str, Any] = field(default_factory=dict)  # the model's state after its best epoch
    unwritten: dict[str, Any] = field(default_factory=dict)  # the state after the latest epoch
    written: float = -inf  # when

    # -- before the first step -----------------------------------------------------------------

    def prepare(self, data: Any, validation: Any) -> None:
        """Take the data, and go on from a file if there is one."""
        path = self.checkpoint
        saved = read_checkpoint(path) if path and path.exists() else None
        if saved:
            self.order.bit_generator.state = saved["start"]
        self.start = self.order.bit_generator.state
        self.rows = rows_of("data", data)
        if isinstance(validation, float | np.floating):
            self.rows, self.held_out = split(self.rows, float(validation), self.order)
        elif validation is not None:
            self.held_out = rows_of("validation", validation)
        self.full_batch = min(self.batch_size, len(self.rows[0]))
        if callable(self.schedule):
            self.schedule = Schedule(self.optimizer, self.schedule)
        if saved:
            try:
                self.go_on_from(saved)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path} is of another training: {error}") from error
        elif path:
            beside = name_beside(path)
            beside.touch()  # which fails before the work, not after
            beside.unlink()

    def make_step(self) -> tuple[Step, Step]:
        """Return the step on a batch of any size, and the one on batches of the full size."""
        model, loss, optimizer = self.model, self.loss, self.optimizer
        if self.shards > 1:  # whose gradients are replayed, whatever their size
            step = sharded_step(model, loss, optimizer, self.shards, self.executor)
            return step, step
        step = training_step(model, loss, optimizer)
        return step, self.plan_of(step)

    def plan_of(self, step: Step) -> Step:
        """Return a step as it is replayed, on batches of the full size.

        The call that is recorded agrees with its replays to rounding. It is undone, so that all
        calls count alike, whichever was the first: what goes on from a file takes the same way.
        """
        before = state_of(self.owners())
        plan = autodiff.compile(step, eager_calls=0)
        with np.errstate(all="ignore"):  # what is not finite ends in an error of its own
            for _ in range(2):  # for what is restored may take another plan than what was given
                self.model.train()
                try:  # with copies, for a model may write into what it is given
                    plan(*[a[: self.full_batch].copy() for a in self.rows])
                finally:
                    restore(self.owners(), before)
        return plan

    def owners(self) -> dict[str, Any]:
        """Return what carries the state of the training, by name."""
        owners = {"model": self.model, "optimizer": self.optimizer, "order": self.order}
        return owners | ({"schedule": self.schedule} if hasattr(self.schedule, "step") else {})

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on after this epoch."""
        best = {f"best/{name}": value for name, value in self.best.items()}
        columns = {name: [*values] for name, values in self.history.columns.items()}
        course = {"columns": columns, "ending": self.history.ending}
        return state_of(self.owners()) | best | self.settings() | course | {"start": self.start}

    def settings(self) -> dict[str, Any]:
        """Return what has to be the same in a training that goes on."""
        return {
            "batch_size": self.batch_size,
            "rows of data": len(self.rows[0]),
            "rows of validation": len(self.held_out[0]) if self.held_out else 0,
            "metrics": [*self.metrics],
            "early_stopping": self.patience,
            "shards": self.shards,
            "schedule": type(self.schedule).__name__,
        }

    def go_on_from(self, saved: dict[str, Any]) -> None:
        """Take a state that `state` returned."""
        settings = self.settings()
        other = [f"{k} was {saved[k]} and is {x}" for k, x in settings.items() if saved[k] != x]
        if other:
            raise ValueError("; ".join(other))
        history = History(saved["columns"], saved["ending"])
        restore(self.owners(), saved)
        self.history, self.best, self.epochs_before = history, part(saved, "best"), len(history)

    @contextmanager
    def undone_if_refused(self) -> Iterator[None]:
        """Give everything the state that it had, where an argument turns out not to fit."""
        owners, modes = self.owners(), [(m, m.training) for _, m in self.model.named_modules()]
        before = state_of(owners)
        try:
            yield
        except Exception as error:
            no_epoch = len(self.history) == self.epochs_before  # in the first every row is met
            if no_epoch and not isinstance(error, FloatingPointError):
                restore(owners, before)
                for module, mode in modes:
                    module.training = mode
            raise

    # -- epochs ----------------------------------------------------------------------------------

    def make_epochs(self, epochs: int, progress: bool) -> None:
        """Go through the epochs that are left."""
        from tqdm.auto import tqdm

        history, path = self.history, self.checkpoint
        steps = ceil(len(self.rows[0]) / self.full_batch)
        done, total = steps * len(history), steps * epochs
        bar = tqdm(total=total, initial=done, unit="step", disable=not progress)
        try:
            with bar:
                self.step, self.plan = self.make_step()
                while not self.is_over(epochs):
                    self.end_epoch(self.make_steps(bar))
                    bar.set_postfix(history.last, refresh=False)
                    if path and monotonic() - self.written >= SECONDS_OF_A_FILE:
                        self.write(path)
        except KeyboardInterrupt:
            history.ending = f"interrupted in epoch {1 + len(history)}"
        finally:
            self.model.eval()
            if self.best:
                self.model.load_state_dict(self.best)
            if path and self.unwritten:
                self.write(path)

    def is_over(self, epochs: int) -> bool:
        """Whether enough epochs were made, or the loss has not become smaller for too long."""
        history = self.history
        best = history.best_epoch
        if self.patience is not None and len(history) - best >= self.patience:
            history.ending = f"stopped early: {history.monitored} is least in epoch {best}"
        return bool(history.ending) or len(history) >= epochs

    def write(self, path: Path) -> None:
        """Write a file to go on from."""
        state, self.unwritten = self.unwritten, {}  # no second try where the disk is full
        write_checkpoint(path, state)
        self.written = monotonic()

    def make_steps(self, bar: Any) -> float:
        """Make the steps of an epoch, and return the mean loss."""
        self.model.train()
        total = weight = 0.0
        with np.errstate(all="ignore"):
            for batch in batches(*self.rows, size=self.batch_size, seed=self.order):
                step = self.plan if len(batch[0]) == self.full_batch else self.step
                own = weight_of(batch)
                total += own * float(value_of(step(*batch)))
                weight += own
                bar.update()
        return total / weight

    def end_epoch(self, loss: float) -> None:
        """Add an epoch to the history, and let the schedule and the callbacks know."""
        history = self.history
        history.append(loss=loss, **self.evaluate())
        if isinstance(self.schedule, ReduceOnPlateau):
            self.schedule.step(history[history.monitored][-1])
        elif self.schedule is not None:
            self.schedule.step()
        if self.patience is not None and history.best_epoch == len(history):
            self.best = self.model.state_dict()
        try:
            for callback in self.callbacks:
                callback(history)
        except StopIteration:
            history.ending = f"stopped by a callback after epoch {len(history)}"
        finally:
            if self.checkpoint:
                self.unwritten = self.state()
                restore(self.owners(), self.unwritten)  # as what goes on from the file begins

    def evaluate(self) -> dict[str, float]:
        """Return the loss of validation, if there is one, and the metrics."""
        if not self.held_out and not self.metrics:
            return {}
        inputs, *targets = self.held_out or self.rows
        self.model.eval()
        outputs, loss = outputs_and_loss(self.model, self.loss, inputs, *targets)
        values = {name: f(targets[0], outputs) for name, f in self.metrics.items()}
        return {"validation_loss": loss, **values} if self.held_out else values
