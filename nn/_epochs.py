"""A training under way, epoch by epoch."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, inf
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from nn._batches import Rows, batches, rows_of, split
from nn._checkpoints import part, read_checkpoint, restore, state_of, write_checkpoint
from nn._evaluation import Loss, Metric, outputs_and_loss, value_of
from nn._history import History
from nn._module import Module
from nn._steps import Step, plan_of, training_step
from optim import Optimizer, ReduceOnPlateau, Schedule

# A plan for the smaller batch at the end of an epoch costs as much as it spares in so many epochs.
EPOCHS_OF_A_PLAN = 50

SECONDS_OF_A_FILE = 1.0  # between two, for writing one may take longer than a short epoch


@dataclass
class Run:
    """What a training works on, and how far it has come."""

    model: Module
    loss: Loss
    optimizer: Optimizer
    schedule: Any
    batch_size: int
    metrics: dict[str, Metric]
    patience: int | None
    order: np.random.Generator
    history: History = field(default_factory=History)
    best: dict[str, Any] = field(default_factory=dict)  # the model's state after its best epoch
    epochs_made: int = 0  # by this call
    unwritten: dict[str, Any] = field(default_factory=dict)  # the state after the latest epoch
    written: float = -inf  # when
    plans: dict[int, Step] = field(default_factory=dict)  # by the number of rows

    @property
    def owners(self) -> dict[str, Any]:
        """What carries the state of the training, by name."""
        owners = {"model": self.model, "optimizer": self.optimizer, "order": self.order}
        return owners | ({"schedule": self.schedule} if hasattr(self.schedule, "step") else {})

    @cached_property
    def precision(self) -> np.dtype[Any]:
        """The type of the floats with the fewest digits among the parameters."""
        types = [np.finfo(p.dtype).dtype for p in self.optimizer.parameters]
        return min(types, key=lambda dtype: dtype.itemsize)

    # -- before the first step -----------------------------------------------------------------

    def prepare(self, data: Any, validation: Any, path: Path | None, epochs: int) -> None:
        """Take the data, go on from a file if there is one, and try the schedule."""
        saved = read_checkpoint(path) if path and path.exists() else None
        if saved is not None:
            with _refuse_other(path):
                self.order.bit_generator.state = saved["start"]
        self.start = self.order.bit_generator.state
        self.rows = rows_of("data", data)
        self.held_out: Rows = ()
        if isinstance(validation, float):
            self.rows, self.held_out = split(self.rows, validation, self.order)
        elif validation is not None:
            self.held_out = rows_of("validation", validation)
        for name, rows in (("data", self.rows), ("validation", self.held_out)):
            if rows and not self.weight_of(rows):
                raise ValueError(
                    f"the weights of all {len(rows[0])} rows of {name} are 0, in the precision of "
                    "the model: no loss is left"
                )
        if self.schedule is not None and not hasattr(self.schedule, "step"):
            self.schedule = Schedule(self.optimizer, self.schedule)
        self.step = training_step(self.model, self.loss, self.optimizer)
        if saved is not None:
            with _refuse_other(path):
                self.go_on_from(saved)
        if isinstance(self.schedule, Schedule) and len(self.history) < epochs:
            try_schedule(self.schedule, epochs - len(self.history))

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on after this epoch."""
        best = {f"best/{name}": value for name, value in self.best.items()}
        columns = {f"history/{name}": [*x] for name, x in self.history.columns.items()}
        course = {"start": self.start, "ending": self.history.ending}
        return state_of(self.owners) | best | columns | self.settings() | course

    def settings(self) -> dict[str, Any]:
        """Return what has to be the same in a training that goes on."""
        return {
            "batch_size": self.batch_size,
            "rows of data": len(self.rows[0]),
            "rows of validation": len(self.held_out[0]) if self.held_out else 0,
            "metrics": [*self.metrics],
            "early_stopping": self.patience,
        }

    def go_on_from(self, saved: dict[str, Any]) -> None:
        """Take a state that `state` returned."""
        settings = self.settings()
        other = [f"{k} was {saved[k]} and is {x}" for k, x in settings.items() if saved[k] != x]
        if other:
            raise ValueError("; ".join(other))
        names = ["loss", *["validation_loss"] * bool(self.held_out), *self.metrics]
        columns = {name: saved[f"history/{name}"] for name in names}
        self.history = History(columns)
        self.history.ending = str(saved["ending"])
        self.best = part(saved, "best")
        if self.patience is not None:
            self.model.load_state_dict(self.best)  # which refuses what is not whole
        restore(self.owners, saved)

    # -- epochs --------------------------------------------------------------------------------

    def make_epochs(self, epochs: int, callbacks: Any, path: Path | None, progress: bool) -> None:
        """Go through the epochs that are left."""
        history = self.history
        steps = ceil(len(self.rows[0]) / self.batch_size)
        bar = _bar(progress, steps * epochs, steps * len(history))
        with self._orderly_end(path), bar, _noted_interrupt() as interrupted:
            while not self.is_over(epochs):
                with np.errstate(all="ignore"):  # as in `outputs_and_loss`
                    loss = self.make_steps(bar, interrupted)
                if loss is None:
                    history.ending = f"interrupted in epoch {1 + len(history)}"
                    break
                self.end_epoch(loss, callbacks, is_kept=path is not None)
                bar.set_postfix(history.last, refresh=False)
                if path and monotonic() - self.written >= SECONDS_OF_A_FILE:
                    self.write(path)

    @contextmanager
    def _orderly_end(self, path: Path | None) -> Iterator[None]:
        """However it ends: take the best parameters, and write what is not in the file."""
        try:
            yield
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

    def make_steps(self, bar: Any, interrupted: list[int]) -> float | None:
        """Make the steps of an epoch, and return the mean loss, unless there was a Ctrl-C."""
        self.model.train()
        total, count = 0.0, 0.0
        for batch in batches(*self.rows, size=self.batch_size, seed=self.order):
            weight = self.weight_of(batch)
            if weight:
                total += weight * float(value_of(self.step_for(batch)(*batch)))
                count += weight
            bar.update()
            if interrupted:
                return None
        return total / count

    def weight_of(self, rows: Rows) -> float:
        """Return the sum of the weights, as losses have them: in the model's precision."""
        if len(rows) < 3:
            return float(len(rows[0]))
        return float(np.sum(rows[2].astype(self.precision), dtype=np.float64))

    def step_for(self, batch: Rows) -> Step:
        """Return what makes a step on such a batch."""
        size = len(batch[0])
        if size not in self.plans:
            is_rest = size < min(self.batch_size, len(self.rows[0]))
            if is_rest and len(self.history) < EPOCHS_OF_A_PLAN:
                return self.step
            self.plans[size] = plan_of(self.step, batch, self.owners)
        return self.plans[size]

    def end_epoch(self, loss: float, callbacks: Any, is_kept: bool) -> None:
        """Add an epoch to the history, and let the schedule and the callbacks know."""
        history = self.history
        history.append(loss=loss, **self.evaluate())
        self.epochs_made += 1
        if isinstance(self.schedule, ReduceOnPlateau):
            self.schedule.step(history[history.monitored][-1])
        elif self.schedule is not None:
            self.schedule.step()
        if self.patience is not None and history.best_epoch == len(history):
            self.best = self.model.state_dict()
        try:
            for callback in callbacks:
                callback(history)
        except StopIteration:
            history.ending = f"stopped by a callback after epoch {len(history)}"
        finally:
            if is_kept:
                self.unwritten = self.state()

    def evaluate(self) -> dict[str, float]:
        """Return the loss of validation, if there is one, and the metrics."""
        if not self.held_out and not self.metrics:
            return {}
        inputs, *targets = self.held_out or self.rows
        self.model.eval()
        outputs, loss = outputs_and_loss(self.model, self.loss, inputs, *targets)
        values = {name: f(targets[0], outputs) for name, f in self.metrics.items()}
        return {"validation_loss": loss, **values} if self.held_out else values


def try_schedule(schedule: Schedule, epochs: int) -> None:
    """Raise if it has no rate after the next epoch, or after so many."""
    state, lr = schedule.state_dict(), schedule.optimizer.lr
    for count in (1, epochs):
        steps = schedule.steps + count
        try:
            schedule.load_state_dict(state | {"steps": steps})
        except Exception as error:
            raise ValueError(f"the schedule fails after {steps} epochs: {error}") from error
        finally:
            schedule.load_state_dict(state)
            schedule.optimizer.lr = lr


@contextmanager
def _refuse_other(path: Path | None) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is of another training: {error}") from error


def _bar(progress: bool, total: int, done: int) -> Any:
    from tqdm.auto import tqdm

    return tqdm(total=total, initial=done, unit="step", disable=not progress)


@contextmanager
def _noted_interrupt() -> Iterator[list[int]]:
    """Within it, the first Ctrl-C is noted in a list; a second one is what it is elsewhere."""
    noted: list[int] = []
    usual = signal.default_int_handler

    def note(number: int, frame: Any) -> None:
        noted.append(number)
        signal.signal(signal.SIGINT, usual)

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not usual:  # no business of ours
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, usual)
