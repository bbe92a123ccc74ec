"""MLPs with the interface of scikit-learn: `MLPClassifier` and `MLPRegressor`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets

from autodiff import log_softmax, softmax
from nn._losses import cross_entropy, mean_squared_error
from nn._metrics import accuracy, r_squared
from nn._perceptron import Perceptron


class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]
    """An MLP that tells classes apart, trained on the cross-entropy of their softmax.

    It has the interface of scikit-learn's, and its names where they mean the same.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        How many neurons each hidden layer has.
    activation : str
        After each hidden layer; see `MLP`.
    solver : {"adam", "sgd"}
        How steps are made; "sgd" has Nesterov's momentum, 0.9.
    alpha : float
        The loss of a batch gains alpha/2 times the sum of the squares of all weights of layers,
        divided by the number of rows, or by the sum of their weights.
    batch_size : int or "auto"
        How many rows a step sees; "auto" are 200, or all where there are fewer.
    learning_rate_init : float
        The learning rate.
    max_iter : int
        How many epochs there are at most.
    random_state : int, numpy.random.RandomState or None
        For the initial weights, the order of the rows, and what is held out.
    tol, n_iter_no_change : float, int
        Training ends when more than so many epochs in a row have each brought the loss, or with
        ``early_stopping`` the score, less than ``tol`` beyond its best.
    early_stopping : bool
        Whether a part of the rows is held out, whose score says when to stop. The network is then
        the one with the best score.
    validation_fraction : float
        The part held out.

    Attributes
    ----------
    network_ : MLP
        What was trained; its outputs are logits.
    classes_ : ndarray
        The labels, in the order of the outputs.
    n_iter_ : int
        How many epochs it took.
    loss_curve_, validation_scores_ : list of float
        The mean loss of each epoch, and the score of what is held out.

    Examples
    --------
    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> y = ["equal", "different", "different", "equal"]
    >>> model = MLPClassifier(16, learning_rate_init=0.05, tol=1e-3, random_state=0).fit(X, y)
    >>> model.predict([[0.0, 0.0], [0.0, 1.0]]).tolist()
    ['equal', 'different']
    """

    _loss = staticmethod(cross_entropy)
    _metric = staticmethod(accuracy)

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Any:
        """Train for one epoch of these rows, from where the last call ended.

        In the first call ``classes`` are all labels that will ever come.
        """
        if not hasattr(self, "network_"):
            if classes is None:
                raise ValueError("expected classes, all labels, in the first call of partial_fit")
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"expected the classes of the first call, {self.classes_}, or none; got {classes}"
            )
        return self._fit_partly(X, y, sample_weight, classes)

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

    def _learn_outputs(self, outputs: ArrayLike) -> int:
        check_classification_targets(outputs)
        self._labels = LabelEncoder().fit(outputs)
        self.classes_ = self._labels.classes_
        return len(self.classes_)

    def _targets(self, outputs: ArrayLike, dtype: np.dtype[Any]) -> NDArray[Any]:
        return np.asarray(self._labels.transform(outputs))


class MLPRegressor(RegressorMixin, Perceptron):  # type: ignore[misc]
    """An MLP that predicts numbers, trained on half their mean squared error.

    It has the interface of scikit-learn's, and its names where they mean the same.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        How many neurons each hidden layer has.
    activation : str
        After each hidden layer; see `MLP`.
    solver : {"adam", "sgd"}
        How steps are made; "sgd" has Nesterov's momentum, 0.9.
    alpha : float
        The loss of a batch gains alpha/2 times the sum of the squares of all weights of layers,
        divided by the number of rows, or by the sum of their weights.
    batch_size : int or "auto"
        How many rows a step sees; "auto" are 200, or all where there are fewer.
    learning_rate_init : float
        The learning rate.
    max_iter : int
        How many epochs there are at most.
    random_state : int, numpy.random.RandomState or None
        For the initial weights, the order of the rows, and what is held out.
    tol, n_iter_no_change : float, int
        Training ends when more than so many epochs in a row have each brought the loss, or with
        ``early_stopping`` the score, less than ``tol`` beyond its best.
    early_stopping : bool
        Whether a part of the rows is held out, whose R² says when to stop. The network is then
        the one with the best score.
    validation_fraction : float
        The part held out.

    Attributes
    ----------
    network_ : MLP
        What was trained.
    n_iter_ : int
        How many epochs it took.
    loss_curve_, validation_scores_ : list of float
        The loss of each epoch, and the R² of what is held out.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> model = MLPRegressor(20, "tanh", batch_size=10, learning_rate_init=0.01, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.98
    True
    """

    _outputs_may_be: ClassVar[dict[str, bool]] = {"multi_output": True, "y_numeric": True}
    _metric = staticmethod(r_squared)

    @staticmethod
    def _loss(predictions: Any, targets: Any, sample_weight: Any) -> Any:
        return mean_squared_error(predictions, targets, sample_weight=sample_weight) / 2

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Train for one epoch of these rows, from where the last call ended."""
        return self._fit_partly(X, y, sample_weight)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return a number for each row, or a row of them where y had several columns."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _learn_outputs(self, outputs: NDArray[Any]) -> int:
        return 1 if outputs.ndim == 1 else outputs.shape[1]

    def _targets(self, outputs: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        return outputs.reshape(len(outputs), -1).astype(dtype)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
