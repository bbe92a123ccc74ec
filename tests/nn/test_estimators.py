"""Estimators: scikit-learn's own checks of its interface, and what they make of real data."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
from sklearn import datasets, neural_network
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import nn
from nn import MLPClassifier, MLPRegressor, _estimators
from optim import SGD

unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
@pytest.mark.filterwarnings("ignore")  # some of them give what is warned of
def test_scikit_learns_checks(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


def moons() -> tuple[Any, Any]:
    X, y = datasets.make_moons(60, noise=0.1, random_state=0)
    return X, y


def waves() -> tuple[Any, Any]:
    x = np.linspace(-1, 1, 60)[:, None]
    return x, np.sin(3 * x[:, 0])


SETTINGS = {"learning_rate_init": 0.05, "max_iter": 1000, "random_state": 0}
CASES = {
    "classifier": (MLPClassifier(16, **SETTINGS), moons()),
    "regressor": (MLPRegressor(16, "tanh", n_iter_no_change=50, **SETTINGS), waves()),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Any, Any, Any]:
    estimator, (X, y) = CASES[request.param]
    return clone(estimator), X, y


def parameters(estimator: Any) -> Any:
    return np.concatenate([p.data.ravel() for p in estimator.network_.parameters()])


# -- settings that mean what they do in scikit-learn ------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_steps_are_those_of_scikit_learn(kind: str, weighted: bool, solver: str) -> None:
    X, y = datasets.load_iris(return_X_y=True)
    rng = np.random.default_rng(0)
    keywords: dict[str, Any] = {"sample_weight": rng.uniform(size=len(X))} if weighted else {}
    settings = {"activation": "tanh", "alpha": 3.0, "learning_rate_init": 0.01, "solver": solver}
    theirs = getattr(neural_network, kind)(hidden_layer_sizes=(5, 4), epsilon=1e-300, **settings)
    if weighted and "sample_weight" not in signature(theirs.fit).parameters:
        pytest.skip("this version of scikit-learn's has no sample weights")
    ours = getattr(nn, kind)((5, 4), **settings)
    first = {"classes": [0, 1, 2]} if kind == "MLPClassifier" else {}
    ours.partial_fit(X, y, sample_weight=np.zeros(len(X)), **first)  # which makes no step
    theirs.partial_fit(X, y, **first)
    del theirs._optimizer  # and its momentum
    for layer, W, b in zip(ours.network_.layers, theirs.coefs_, theirs.intercepts_, strict=True):
        W[...], b[...] = layer.weight.data, layer.bias.data
    ours._optimizer.eps = 1e-300  # which both Adams add, but one before a root is corrected
    for _ in range(12):
        ours.partial_fit(X, y, **keywords)
        theirs.partial_fit(X, y, **keywords)
        assert ours.loss_curve_[-1] == pytest.approx(theirs.loss_curve_[-1], rel=1e-9)
    for layer, W, b in zip(ours.network_.layers, theirs.coefs_, theirs.intercepts_, strict=True):
        np.testing.assert_allclose(layer.weight.data, W, rtol=1e-8)
        np.testing.assert_allclose(layer.bias.data, b, rtol=1e-8, atol=1e-12)
    assert ours.n_iter_ == 12


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("solver", "best"), ("alpha", -1.0), ("batch_size", 0), ("batch_size", "all")),
        *(("max_iter", 0), ("n_iter_no_change", 2.5), ("learning_rate_init", 0.0)),
        *(("hidden_layer_sizes", x) for x in ("10", "", None, 2.0, 0)),
        *((name, "big") for name in ("alpha", "tol", "max_iter", "validation_fraction")),
        *((name, None) for name in ("alpha", "tol", "solver", "batch_size")),
        *((name, None) for name in ("learning_rate_init", "early_stopping", "max_iter")),
        *((name, [1]) for name in ("solver", "alpha", "early_stopping")),
        *((name, np.nan) for name in ("tol", "alpha", "learning_rate_init")),
        *(("tol", -1.0), ("validation_fraction", 1.0)),
    ],
)
def test_settings_out_of_range_are_named(name: str, value: Any, case: Any) -> None:
    estimator, X, y = case
    estimator.set_params(**{name: value})
    with pytest.raises(ValueError, match=f"The '{name}' parameter of MLP.* must be"):
        estimator.fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"), [("solver", "lbfgs"), ("activation", "step"), ("activation", None)]
)
def test_solvers_and_activations_that_there_are_not_are_named(
    name: str, value: Any, case: Any
) -> None:
    estimator, X, y = case
    with pytest.raises(ValueError, match=f"{name}.*expected|expected {name} .*got 'lbfgs'"):
        estimator.set_params(**{name: value}).fit(X, y)


@pytest.mark.parametrize("layers", [(4, 0), [None], (2.5,)])
def test_hidden_layers_of_no_size_are_told(layers: Any, case: Any) -> None:
    estimator, X, y = case
    with pytest.raises((TypeError, ValueError), match="expected whole sizes"):
        estimator.set_params(hidden_layer_sizes=layers).fit(X, y)


@pytest.mark.parametrize("layers", [7, (7,), [7], np.array([7])])
def test_hidden_layers_are_a_number_or_several(layers: Any, case: Any) -> None:
    estimator, X, y = case
    estimator.set_params(hidden_layer_sizes=layers, tol=0.1).fit(X, y)
    assert [layer.weight.shape[1] for layer in estimator.network_.layers][:-1] == [7]


def test_no_hidden_layer_is_a_linear_model() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 2))
    y = X @ [2.0, -1.0] + 3
    model = MLPRegressor((), alpha=0.0, n_iter_no_change=300, **SETTINGS).fit(X, y)
    assert model.network_.layers[0].weight.data.ravel() == pytest.approx([2, -1], abs=1e-3)


def test_a_random_state_repeats(case: Any) -> None:
    estimator, X, y = case
    first, second = (parameters(clone(estimator).fit(X, y)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    estimator.set_params(random_state=1)
    assert not np.array_equal(first, parameters(estimator.fit(X, y)))


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_training_starts_in_the_range_of_scikit_learns(activation: str, case: Any) -> None:
    estimator, X, y = case
    settings = {"activation": activation, "learning_rate_init": 1e-9, "hidden_layer_sizes": 400}
    theirs = getattr(neural_network, type(estimator).__name__)(random_state=0)
    ours = estimator
    first = {"classes": [0, 1]} if isinstance(estimator, MLPClassifier) else {}
    for model in (ours, theirs):
        model.set_params(**settings).partial_fit(X, y, **first)
    layer = ours.network_.layers[0]
    for own, other in [(layer.weight, theirs.coefs_[0]), (layer.bias, theirs.intercepts_[0])]:
        assert abs(own.data).max() == pytest.approx(abs(other).max(), rel=0.02)
        assert np.std(own.data) == pytest.approx(np.std(other), rel=0.1)


@unconverged
def test_a_wave_with_bends_away_from_zero_is_fitted() -> None:
    x = np.linspace(-3, 3, 300)[:, None]
    y = np.sin(2 * x[:, 0])
    fits = [MLPRegressor(max_iter=1000, random_state=s).fit(x, y) for s in range(5)]
    assert np.median([model.score(x, y) for model in fits]) > 0.9


def test_single_precision_stays(case: Any) -> None:
    estimator, X, y = case
    estimator.fit(X.astype(np.float32), y)
    assert parameters(estimator).dtype == np.float32
    assert estimator.score(X, y) > 0.95  # given double precision


# -- batches and weights ----------------------------------------------------------------------


def test_no_more_points_than_a_batch_are_one(case: Any) -> None:
    estimator, X, y = case
    several, one, more = (
        parameters(clone(estimator).set_params(batch_size=size).fit(X, y)) for size in (20, 60, 999)
    )
    np.testing.assert_array_equal(one, more)
    assert not np.array_equal(one, several)


def test_a_weight_counts_a_row_so_often(case: Any) -> None:
    estimator, X, y = case
    counts = np.arange(len(X)) % 4
    weighted = clone(estimator).set_params(max_iter=50, tol=0.0)
    repeated = clone(weighted)
    with pytest.warns(ConvergenceWarning):
        weighted.fit(X, y, sample_weight=counts)
    with pytest.warns(ConvergenceWarning):
        repeated.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), rtol=1e-7)


def test_losses_divide_by_the_sum_of_the_weights(case: Any) -> None:
    estimator, X, y = case
    estimator.set_params(alpha=0.0, batch_size=16)
    light = clone(estimator).fit(X, y, sample_weight=np.full(len(X), 0.5))
    np.testing.assert_allclose(parameters(light), parameters(estimator.fit(X, y)), rtol=1e-5)


def test_a_batch_of_weight_zero_is_skipped(case: Any) -> None:
    estimator, X, y = case
    estimator.fit(X, y)
    before = parameters(estimator)
    estimator.partial_fit(X, y, sample_weight=np.zeros(len(X)))
    np.testing.assert_array_equal(parameters(estimator), before)
    with pytest.raises(ValueError, match="at least 0, not all of them zero"):
        estimator.fit(X, y, sample_weight=np.zeros(len(X)))


@pytest.mark.parametrize("sample_weight", [[1.0], -np.ones(60), np.ones((60, 1)), "heavy"])
def test_weights_are_one_for_each_row(sample_weight: Any, case: Any) -> None:
    estimator, X, y = case
    with pytest.raises(ValueError, match=r"weights of at least 0|could not convert"):
        estimator.fit(X, y, sample_weight=sample_weight)


def test_a_call_that_is_refused_leaves_the_network_as_it_is(case: Any) -> None:
    estimator, X, y = case
    with pytest.raises(ValueError, match="weights of at least 0"):
        estimator.partial_fit(
            X, y, [1.0], *([[0, 1]] if hasattr(estimator, "predict_proba") else [])
        )
    assert not hasattr(estimator, "network_")
    before = parameters(estimator.fit(X, y))
    for attempt in (estimator.fit, estimator.partial_fit):
        with pytest.raises(ValueError, match="weights of at least 0"):
            attempt(X, y, sample_weight=[1.0])
    np.testing.assert_array_equal(parameters(estimator), before)


def test_a_fit_that_fails_leaves_the_estimator_as_it_is() -> None:
    X, y = moons()
    model = MLPClassifier(8, learning_rate_init=0.1, tol=1e-2, random_state=0).fit(X, y)
    before, attributes = model.predict(X), dict(vars(model))
    others = np.array(["no", "yes", "perhaps"])[np.arange(60) % 3]
    for inputs, labels, weights in [
        (X[:, :1], others, [1.0]),
        (X, others, np.zeros(60)),
        (X * 5e307, others, None),  # which is found in training
    ]:
        with pytest.raises((ValueError, FloatingPointError)):
            model.fit(inputs, labels, weights)
        assert vars(model) == attributes
        np.testing.assert_array_equal(model.predict(X), before)


# -- the end of training ----------------------------------------------------------------------


def test_ends_when_the_loss_no_longer_falls(case: Any) -> None:
    estimator, X, y = case
    estimator.set_params(tol=1e-2, n_iter_no_change=3).fit(X, y)
    curve = estimator.loss_curve_
    assert len(curve) == estimator.n_iter_ < 200
    best = np.minimum.accumulate(curve)
    falls = best[:-1] - curve[1:] >= 1e-2
    assert not falls[-4:].any()  # more than 3 in a row, and not before
    assert all(falls[i : i + 4].any() for i in range(len(falls) - 4))


def test_an_end_by_the_limit_is_told(case: Any) -> None:
    estimator, X, y = case
    with pytest.warns(ConvergenceWarning, match="max_iter=5 epochs were not enough") as told:
        estimator.set_params(max_iter=5).fit(X, y)
    assert told[0].filename == __file__


def test_an_interrupted_training_is_one(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator, X, y = case
    interrupted = nn.History()
    interrupted.ending = "interrupted in epoch 1"
    monkeypatch.setattr("nn._estimators.train", lambda *given, **settings: interrupted)
    with pytest.warns(UserWarning, match="may still fall: interrupted in epoch 1") as told:
        estimator.fit(X, y)
    assert told[0].filename == __file__
    assert (estimator.n_iter_, estimator.loss_curve_) == (0, [])


def test_early_stopping_keeps_the_best_network(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = datasets.make_classification(120, flip_y=0.4, random_state=0)
    histories = []

    def noted(*given: Any, **settings: Any) -> Any:
        histories.append(nn.train(*given, **settings))
        return histories[-1]

    monkeypatch.setattr("nn._estimators.train", noted)
    model = MLPClassifier(50, early_stopping=True, learning_rate_init=0.05, random_state=0)
    model.set_params(validation_fraction=0.5, n_iter_no_change=5).fit(X, y)
    (history,) = histories
    best = 1 + int(np.argmin(history["validation_loss"]))
    assert best < len(history) == model.n_iter_
    stopped = clone(model).set_params(max_iter=best)
    with pytest.warns(ConvergenceWarning):
        stopped.fit(X, y)
    np.testing.assert_array_equal(parameters(model), parameters(stopped))


def test_early_stopping_is_for_fits_alone() -> None:
    X, y = moons()
    early, other = (MLPClassifier(8, early_stopping=s, random_state=0) for s in (True, False))
    for model in (early, other):
        model.partial_fit(X, y, classes=[0, 1])
    np.testing.assert_array_equal(parameters(early), parameters(other))


def test_a_loss_that_is_not_finite_names_the_op() -> None:
    X, y = waves()
    with pytest.raises(FloatingPointError, match="square"):
        MLPRegressor(learning_rate_init=1e150, random_state=0).fit(X, y)


# -- classes, partial fits --------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        *([0, 1], [-5, 3], [False, True], ["no", "yes"], [0.0, 2.0]),
        *(np.array(["a", "b"], object), np.array([7, 300], np.uint16)),
    ],
)
def test_classes_are_of_any_type(labels: Any) -> None:
    X, y = moons()
    labels = np.asarray(labels)
    model = MLPClassifier(8, learning_rate_init=0.1, tol=1e-2, random_state=0).fit(X, labels[y])
    assert model.classes_.tolist() == labels.tolist()
    assert model.predict(X).dtype == labels.dtype
    assert np.mean(model.predict(X) == labels[y]) > 0.8
    np.testing.assert_allclose(np.log(model.predict_proba(X)), model.predict_log_proba(X))


def test_other_classes_in_a_later_call_are_refused() -> None:
    X, y = datasets.make_classification(40, random_state=0)
    model = nn.MLPClassifier(4, random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    model.partial_fit(X, y, classes=[2, 1, 0])
    with pytest.raises(ValueError, match=r"classes of the first call, \[0 1 2\], got \[0, 1\]"):
        model.partial_fit(X, y, classes=[0, 1])


def test_an_interrupt_ends_a_loop_of_partial_fits(monkeypatch: Any) -> None:
    X, y = datasets.make_classification(40, random_state=0)
    model = nn.MLPClassifier(4, random_state=0).partial_fit(X, y, classes=[0, 1])

    def interrupted(*args: Any, **keywords: Any) -> nn.History:
        return nn.History(ending="interrupted in epoch 1")

    monkeypatch.setattr(_estimators, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, y)


def test_partial_fit_goes_on_where_it_was(case: Any) -> None:
    estimator, X, y = case
    first = {"classes": [0, 1]} if isinstance(estimator, MLPClassifier) else {}
    estimator.partial_fit(X[:20], y[:20], **first)
    for _ in range(60):
        for start in (0, 20, 40):
            estimator.partial_fit(X[start : start + 20], y[start : start + 20])
    assert estimator.score(X, y) > 0.95
    assert estimator.n_iter_ == 181


def test_partial_fit_is_told_all_classes_at_first() -> None:
    X, y = moons()
    with pytest.raises(ValueError, match="all labels, in the first call"):
        MLPClassifier().partial_fit(X, y)
    model = MLPClassifier(random_state=0).partial_fit(X, y, classes=[2, 1, 0])
    assert model.predict_proba(X).shape == (60, 3)
    before = parameters(model)
    with pytest.raises(ValueError, match="unseen labels"):
        model.partial_fit(X, y + 2)
    np.testing.assert_array_equal(parameters(model), before)


def test_several_outputs() -> None:
    X, y = waves()
    model = MLPRegressor(16, "tanh", n_iter_no_change=50, **SETTINGS)
    model.fit(X, np.stack([y, 1 - y], axis=1))
    np.testing.assert_allclose(model.predict(X).sum(axis=1), 1, atol=0.1)
    assert model.predict(X).shape == (60, 2)


# -- in scikit-learn's company ----------------------------------------------------------------


@unconverged
def test_in_pipelines_and_grids(case: Any) -> None:
    estimator, X, y = case
    pipeline = make_pipeline(StandardScaler(), estimator)
    name = pipeline.steps[-1][0]
    cv = KFold(3, shuffle=True, random_state=0)
    grid = GridSearchCV(pipeline, {f"{name}__learning_rate_init": [1e-5, 0.02]}, cv=cv)
    grid.fit(X, y)
    assert grid.best_params_ == {f"{name}__learning_rate_init": 0.02}
    assert cross_val_score(pipeline, X, y, cv=cv).mean() > 0.9


def test_pickled_it_predicts_and_learns_on(case: Any) -> None:
    estimator, X, y = case
    estimator.fit(X, y)
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.predict(X), estimator.predict(X))
    for model in (estimator, again):
        model.partial_fit(X, y)
    np.testing.assert_array_equal(parameters(again), parameters(estimator))


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_without_scikit_learn_one_line_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "nn._estimators")
    monkeypatch.delattr(nn, "_estimators")
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError, match=r"nn.MLP.* needs scikit-learn: pip .*chainrule\[nn\]'$"):
        getattr(nn, name)
    assert name not in nn.__all__
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert name not in dir(nn)  # of which help takes each


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_help_lists_it_and_its_settings(name: str) -> None:
    assert name in dir(nn)
    assert name in (nn.__doc__ or "")
    for setting in getattr(nn, name)().get_params():
        assert setting in str(signature(getattr(nn, name)))


# -- real data --------------------------------------------------------------------------------

# R² and shares of right answers of scikit-learn 1.9.1's, for random_state=0 and the same folds.
DIABETES = [0.2282, 0.4392, 0.5726, 0.4317, 0.6093]
TUMOURS = [0.9474, 0.9825, 0.9912, 0.9912, 0.9646]
DIGITS = [0.9778, 0.9639, 0.9833, 0.9833, 0.9777]


def scores(model: Any, data: Any, cv: Any) -> Any:
    return cross_val_score(make_pipeline(StandardScaler(), model), *data, cv=cv)


def assert_no_worse(ours: Any, theirs: Any) -> None:
    """Fail if ours are more than a standard error over the folds below theirs."""
    assert np.mean(ours) >= np.mean(theirs) - np.std(theirs, ddof=1) / np.sqrt(len(theirs))


@unconverged
@pytest.mark.parametrize(
    ("load", "share", "theirs"),
    [(datasets.load_digits, 0.975, DIGITS), (datasets.load_breast_cancer, 0.97, TUMOURS)],
)
def test_digits_and_tumours_are_told_apart(load: Any, share: float, theirs: Any) -> None:
    X, y = load(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    models = [MLPClassifier(random_state=seed) for seed in range(3)]
    data = X.astype(np.float32), y
    ours = np.mean([scores(model, data, folds) for model in models], axis=0)
    assert np.mean(ours) >= share
    assert_no_worse(ours, theirs)


@unconverged
def test_diabetes_is_foreseen() -> None:
    model = TransformedTargetRegressor(MLPRegressor(random_state=0), transformer=StandardScaler())
    folds = KFold(5, shuffle=True, random_state=0)
    ours = scores(model, datasets.load_diabetes(return_X_y=True), folds)
    assert np.mean(ours) >= np.mean(DIABETES)


def test_moons_are_told_apart_in_a_hundred_steps_as_in_micrograd() -> None:
    X, y = datasets.make_moons(100, noise=0.1, random_state=1)
    signs = 2 * y[:, None] - 1
    model = nn.MLP([2, 16, 16, 1], seed=0)
    optimizer = SGD(model.parameters(), lr=1.0)
    for step in range(100):
        optimizer.lr = 1.0 - 0.9 * step / 100
        optimizer.zero_grad()
        loss = nn.hinge(model(X), signs) + 1e-4 * nn.l2_penalty(model.parameters())
        loss.backward()
        optimizer.step()
    assert nn.accuracy(y, model(X)) == 1.0
