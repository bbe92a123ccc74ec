"""MLPs with the interface of scikit-learn: `MLPClassifier` and `MLPRegressor`."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass
from functools import partial
from math import sqrt
from typing import Any, ClassVar
from warnings import warn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import neural_network
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from autodiff import eager, log_softmax, no_grad, softmax
from nn._history import History
from nn._layers import MLP
from nn._losses import cross_entropy, l2_penalty, mean_squared_error
from nn._training import train
from optim import SGD, Adam

_SOLVERS: dict[str, Any] = {"adam": Adam, "sgd": partial(SGD, momentum=0.9, nesterov=True)}


@dataclass(eq=False, repr=False)
class _Perceptron(BaseEstimator):  # type: ignore[misc]
    """What both share: a subclass has a loss, and turns y into targets."""

    hidden_layer_sizes: int | Sequence[int] = (100,)
    activation: str = "relu"
    _: KW_ONLY
    solver: str = "adam"
    alpha: float = 1e-4
    batch_size: int | str = "auto"
    learning_rate_init: float = 1e-3
    max_iter: int = 200
    random_state: Any = None
    tol: float = 1e-4
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **neural_network.MLPClassifier._parameter_constraints,
        "activation": "no_validation",  # which MLP does
    }

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """Train a new network on X, shape (n, features), and return the estimator.

        Ctrl-C ends the training with what was reached so far. A fit that fails changes nothing.
        """
        history = self._learn(X, y, sample_weight)
        if not history.ending.startswith("stopped"):
            why = history.ending or f"max_iter={self.max_iter} epochs were not enough"
            warn(f"the loss may still fall: {why}", ConvergenceWarning, stacklevel=2)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: Any = None) -> Any:
        """Train for one epoch of these rows, from where the last call ended."""
        with eager():  # a plan takes the time of more steps than there are here
            self._learn(X, y, sample_weight, epochs=1)
        return self

    def _learn(
        self, X: Any, y: Any, sample_weight: Any, epochs: int = 0, classes: Any = None
    ) -> Any:
        """Train a copy, and become it: for so many epochs, or anew until more are in vain."""
        self._validate_params()
        if self.solver not in _SOLVERS:
            raise ValueError(f"expected solver to be one of {[*_SOLVERS]}, got {self.solver!r}")
        learner, anew = copy(self), not (epochs and hasattr(self, "network_"))
        kinds = dict.fromkeys(["multi_output", "y_numeric"], isinstance(self, RegressorMixin))
        X, y = validate_data(learner, X, y, dtype=[np.float64, np.float32], reset=anew, **kinds)
        labels = y if classes is None else classes
        targets, width = learner._targets(y, labels if anew else None)
        rows = [X, targets]
        if sample_weight is not None:
            weights = np.asarray(sample_weight, X.dtype)
            fits = weights.shape == y.shape[:1] and np.all(weights >= 0)
            if not fits or not (epochs or weights.any()):
                raise ValueError(
                    f"expected sample_weight to be {len(X)} weights of at least 0, not all of "
                    f"them zero, got {weights!r:.60}"
                )
            rows = [part[weights > 0] for part in (*rows, weights)]
        if anew:
            learner._start(X, width)
        history = learner._train(rows, epochs) if len(rows[0]) else History()
        self.__dict__ = learner.__dict__
        if epochs and history.ending.startswith("interrupted"):
            raise KeyboardInterrupt
        return history

    def _start(self, X: NDArray[Any], width: int) -> None:
        self._rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        hidden = np.atleast_1d(self.hidden_layer_sizes).tolist()
        self.network_ = MLP([X.shape[1], *hidden, width], self.activation, dtype=X.dtype)
        scale = 2 if self.activation in ("logistic", "sigmoid") else 6
        for layer in self.network_.layers:
            limit = sqrt(scale / sum(layer.weight.shape))
            for parameter in layer.parameters():  # biases too, so that not all neurons bend at 0
                parameter.data = self._rng.uniform(-limit, limit, parameter.shape)
        parameters = self.network_.parameters()
        self._optimizer = _SOLVERS[self.solver](parameters, self.learning_rate_init)
        self.n_iter_ = 0
        self.loss_curve_: list[float] = []

    def _train(self, rows: Any, epochs: int) -> History:
        weights = [layer.weight for layer in self.network_.layers]
        loss_of, half = self._loss, self.alpha / 2
        holds_out = self.early_stopping and not epochs

        def loss(predictions: Any, targets: Any, sample_weight: Any = None) -> Any:
            size = len(targets) if sample_weight is None else np.sum(sample_weight)
            own = loss_of(predictions, targets, sample_weight=sample_weight)
            return own + half / size * l2_penalty(weights)

        def stop_in_vain(history: History) -> None:
            losses = np.array(history["validation_loss" if holds_out else "loss"])
            gains, n = np.minimum.accumulate(losses)[:-1] - losses[1:], self.n_iter_no_change
            if len(gains) > n and max(gains[-1 - n :]) < self.tol:
                raise StopIteration

        history = train(
            self.network_,
            loss,
            rows,
            epochs=epochs or self.max_iter,
            optimizer=self._optimizer,
            batch_size=200 if isinstance(self.batch_size, str) else self.batch_size,
            validation=float(self.validation_fraction) if holds_out else None,
            early_stopping=self.max_iter if holds_out else None,  # which keeps the best network
            callbacks=[stop_in_vain],
            seed=self._rng,
            progress=False,
        )
        self.loss_curve_ += history.to_dict().get("loss", [])
        self.n_iter_ = len(self.loss_curve_)
        return history

    def _outputs(self, X: ArrayLike) -> NDArray[Any]:
        check_is_fitted(self)
        dtype = self.network_.layers[0].weight.dtype
        with no_grad():
            return np.array(self.network_(validate_data(self, X, dtype=dtype, reset=False)).data)


class MLPClassifier(ClassifierMixin, _Perceptron):  # type: ignore[misc]
    """An MLP that tells classes apart, trained on the cross-entropy of their softmax.

    Parameters mean what they do in scikit-learn's `MLPClassifier`, but for these.

    Parameters
    ----------
    activation : str or callable
        As of `MLP`.
    solver : {"adam", "sgd"}
        The latter with Nesterov's momentum, 0.9.
    early_stopping, validation_fraction : bool, float
        Whether such a part of the rows is held out, whose loss then says when to stop, and which
        epoch's network is kept.

    Attributes
    ----------
    network_ : MLP
        What was trained; a classifier's outputs are logits, in the order of ``classes_``.
    n_iter_, loss_curve_ : int, list of float
        The number of epochs, and the mean loss of each.

    Examples
    --------
    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> y = ["equal", "different", "different", "equal"]
    >>> model = MLPClassifier(16, learning_rate_init=0.05, tol=1e-3, random_state=0).fit(X, y)
    >>> model.predict([[0.0, 0.0], [0.0, 1.0]]).tolist()
    ['equal', 'different']
    """

    _loss = staticmethod(cross_entropy)

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: Any = None, classes: Any = None
    ) -> Any:
        """Train for one epoch of these rows; ``classes``, at first, are all that will ever come."""
        if classes is None and not hasattr(self, "network_"):
            raise ValueError("expected classes, all labels, in the first call of partial_fit")
        known = getattr(self, "classes_", classes)
        if classes is not None and not np.array_equal(np.unique(classes), np.unique(known)):
            raise ValueError(f"expected the classes of the first call, {known}, got {classes}")
        with eager():
            self._learn(X, y, sample_weight, epochs=1, classes=classes)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest class of each row."""
        likeliest = np.argmax(self._outputs(X), axis=1)
        return np.asarray(self.classes_[likeliest])

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the probability of each class, in the order of ``classes_``, for each row."""
        return np.asarray(softmax(self._outputs(X)))

    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the logarithms of the probabilities."""
        return np.asarray(log_softmax(self._outputs(X)))

    def _targets(self, y: NDArray[Any], labels: ArrayLike | None) -> tuple[NDArray[Any], int]:
        """Return what the network is trained on, and the number of its outputs."""
        if labels is not None:
            check_classification_targets(labels)
            self.classes_ = np.unique(labels)
        return LabelEncoder().fit(self.classes_).transform(y), len(self.classes_)


class MLPRegressor(MultiOutputMixin, RegressorMixin, _Perceptron):  # type: ignore[misc]
    """An MLP that predicts numbers, trained on half their mean squared error.

    Parameters and attributes are those of `MLPClassifier`.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> model = MLPRegressor(20, "tanh", batch_size=10, learning_rate_init=0.01, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.98
    True
    """

    @staticmethod
    def _loss(predictions: Any, targets: Any, sample_weight: Any) -> Any:
        return mean_squared_error(predictions, targets, sample_weight=sample_weight) / 2

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return a number for each row, or a row of them where y had several columns."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _targets(self, y: NDArray[Any], labels: object) -> tuple[NDArray[Any], int]:
        targets = y.reshape(len(y), -1)
        return targets, targets.shape[1]
