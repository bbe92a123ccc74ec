"""What the estimators of scikit-learn's kind share: their settings, and how they train."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from copy import copy
from itertools import pairwise
from math import inf, sqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from autodiff import Tensor, eager, no_grad
from nn._batches import Rows
from nn._history import History
from nn._layers import MLP, Linear
from nn._losses import l2_penalty
from nn._settings import hidden_sizes, require_settings
from nn._training import train
from optim import SGD, Adam


class Perceptron(BaseEstimator):  # type: ignore[misc]
    """An estimator, but for what it predicts.

    A subclass states its loss, its score of what is held out, and how outputs become targets.
    """

    _outputs_may_be: ClassVar[dict[str, bool]] = {}  # keywords of validate_data
    _loss: ClassVar[Callable[..., Any]]
    _metric: ClassVar[Callable[..., float]]

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 1e-4,
        batch_size: int | str = "auto",
        learning_rate_init: float = 1e-3,
        max_iter: int = 200,
        random_state: Any = None,
        tol: float = 1e-4,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """Train a new network, and return the estimator.

        Ctrl-C ends the training, with what was reached so far. A fit that fails leaves the
        estimator as it was.

        Parameters
        ----------
        X : array_like, shape (n, features)
        y : array_like, shape (n,)
            For the regressor also of shape (n, outputs).
        sample_weight : array_like, shape (n,), optional
            How much each row counts. Rows of weight 0 are left out.

        Raises
        ------
        ValueError
            When the data or a setting cannot be used.
        FloatingPointError
            When a loss or a gradient is not finite. It names the op.

        Warns
        -----
        ConvergenceWarning
            When ``max_iter`` epochs were not enough.
        UserWarning
            When Ctrl-C ended the training.
        """
        fresh = copy(self)
        ending = fresh._fit_anew(X, y, sample_weight).ending
        self.__dict__ = dict(vars(fresh))
        if ending.startswith("interrupted"):
            warnings.warn(f"the training was {ending}: the network may fit badly", stacklevel=2)
        elif not ending:
            warnings.warn(
                f"max_iter={self.max_iter} epochs were not enough: allow more, or a larger tol",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _fit_anew(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> History:
        """Train a new network until it is no longer worth it."""
        require_settings(self.get_params())
        inputs, outputs = self._data(X, y, reset=True)
        width = self._learn_outputs(outputs)
        rows = self._rows(inputs, outputs, sample_weight)
        if not len(rows[0]):
            raise ValueError("expected a sample_weight above 0 for at least one row, got zeros")
        self._start(inputs, width)
        held_out: Rows = ()
        if self.early_stopping:
            rows, held_out = self._parts(rows)
        return self._train_until_in_vain(rows, held_out)

    def _fit_partly(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, known: Any = None
    ) -> Any:
        """Train for one epoch; at first a new network, for ``known`` outputs if not for y."""
        fresh = copy(self)
        require_settings(fresh.get_params())
        first = not hasattr(self, "network_")
        inputs, outputs = fresh._data(X, y, reset=first)
        width = fresh._learn_outputs(outputs if known is None else known) if first else 0
        rows = fresh._rows(inputs, outputs, sample_weight)
        if first:
            fresh._start(inputs, width)
        if len(rows[0]):
            with eager():  # a plan takes the time of more steps than there are here
                fresh._train(rows, epochs=1)
        self.__dict__ = dict(vars(fresh))
        return self

    def _data(self, X: ArrayLike, y: ArrayLike, reset: bool) -> Any:
        floats = (np.float64, np.float32)
        return validate_data(self, X, y, dtype=floats, reset=reset, **self._outputs_may_be)

    def _rows(self, inputs: NDArray[Any], outputs: Any, sample_weight: ArrayLike | None) -> Rows:
        """Return what is trained on: the rows whose weight is not 0."""
        targets = self._targets(outputs, inputs.dtype)
        if sample_weight is None:
            return inputs, targets
        weights = check_array(
            sample_weight, ensure_2d=False, dtype=inputs.dtype, input_name="sample_weight"
        )
        if weights.shape != inputs.shape[:1] or weights.min() < 0:
            raise ValueError(
                f"expected {len(inputs)} weights of at least 0 as sample_weight, got the shape "
                f"{weights.shape} and {weights.min()} as the least"
            )
        counts = weights > 0
        return inputs[counts], targets[counts], weights[counts]

    def _start(self, inputs: NDArray[Any], width: int) -> None:
        """Make the network, its optimiser, and what is noted while it trains."""
        self._rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        sizes = [inputs.shape[1], *hidden_sizes(self.hidden_layer_sizes), width]
        self.network_ = MLP([1, 1], self.activation)
        self.network_.layers = [
            self._first_layer(m, n, inputs.dtype) for m, n in pairwise(map(int, sizes))
        ]
        parameters, lr = self.network_.parameters(), self.learning_rate_init
        self._optimizer = (
            Adam(parameters, lr)
            if self.solver == "adam"
            else SGD(parameters, lr, momentum=0.9, nesterov=True)
        )
        self.n_iter_ = 0
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] = []

    def _first_layer(self, inputs: int, outputs: int, dtype: Any) -> Linear:
        """Return a layer from which training starts, with the weights' range for the biases too.

        Where biases start at 0, all neurons of relu bend at 0. The ranges are scikit-learn's.
        """
        limit = sqrt((2 if self.activation in ("logistic", "sigmoid") else 6) / (inputs + outputs))
        layer = Linear(inputs, outputs, init="zeros", dtype=dtype)
        layer.weight = Tensor(self._rng.uniform(-limit, limit, (inputs, outputs)).astype(dtype))
        layer.bias = Tensor(self._rng.uniform(-limit, limit, outputs).astype(dtype))
        return layer

    def _parts(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return the rows to train on, and those that are held out."""
        parts = train_test_split(
            *rows,
            test_size=self.validation_fraction,
            random_state=int(self._rng.integers(2**31)),
            stratify=rows[1] if hasattr(self, "classes_") else None,
        )
        return tuple(parts[::2]), tuple(parts[1::2])

    def _train_until_in_vain(self, rows: Rows, held_out: Rows) -> History:
        """Train until ``n_iter_no_change`` epochs in a row have brought less than ``tol``."""
        network, best, best_state, in_vain = self.network_, -inf, {}, 0

        def stop_in_vain(history: History) -> None:
            nonlocal best, best_state, in_vain
            merit = history["score"][-1] if held_out else -history["loss"][-1]
            in_vain = 0 if merit >= best + self.tol else in_vain + 1
            if merit > best:
                best, best_state = merit, network.state_dict() if held_out else {}
            if in_vain > self.n_iter_no_change:
                raise StopIteration

        history = self._train(rows, self.max_iter, held_out, [stop_in_vain])
        if best_state:
            network.load_state_dict(best_state)
        return history

    def _train(
        self, rows: Rows, epochs: int, held_out: Rows = (), callbacks: Sequence[Any] = ()
    ) -> History:
        """Train on the rows, and note what the estimator tells of it."""
        shrunk = [layer.weight for layer in self.network_.layers]
        loss_of, metric, half = type(self)._loss, type(self)._metric, self.alpha / 2

        def loss(predictions: Any, targets: Any, sample_weight: Any = None) -> Any:
            size = len(targets) if sample_weight is None else np.sum(sample_weight)
            own = loss_of(predictions, targets, sample_weight=sample_weight)
            return own + half / size * l2_penalty(shrunk)

        def score(targets: Any, predictions: Any) -> float:
            return metric(targets, predictions, sample_weight=(*held_out, None)[2])

        history = train(
            self.network_,
            loss,
            rows,
            epochs=epochs,
            optimizer=self._optimizer,
            batch_size=200 if self.batch_size == "auto" else int(self.batch_size),
            validation=held_out or None,
            metrics=[score] if held_out else [],
            callbacks=callbacks,
            seed=self._rng,
            progress=False,
        )
        self.n_iter_ += len(history)
        self.loss_curve_ += history.columns.get("loss", [])
        self.validation_scores_ += history.columns.get("score", [])
        return history

    def _outputs(self, X: ArrayLike) -> NDArray[Any]:
        """Return what the network says of inputs that a caller gives."""
        check_is_fitted(self)
        dtype = self.network_.layers[0].weight.dtype
        with no_grad():
            return np.array(self.network_(validate_data(self, X, dtype=dtype, reset=False)).data)
