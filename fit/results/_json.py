"""Results of fits as JSON, to the last bit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np

from autodiff import is_lazy
from fit.arguments._numbers import Array
from fit.models._model import Combination, Constant, Model
from fit.models._peaks import Gaussian, Lorentzian, PseudoVoigt, Voigt
from fit.models._shapes import Exponential, Line, Logistic, Polynomial, PowerLaw, Shape, Sine, Step
from fit.problem._errors_in_x import distance_of, refuse_errors_in_x
from fit.problem._losses import LOSSES
from fit.problem._parameters import Parameters
from fit.problem._problem import Problem
from fit.problem._sigma import Relative
from fit.uncertainties._covariance import Determined
from fit.uncertainties._estimate import Estimate
from optim import Status

Result = TypeVar("Result", bound=Estimate)

FORMAT = "chainrule fit result"
VERSION = 1
SAME = 1e-6  # relative differences up to here are rounding, by another version of NumPy
SHAPES: dict[str, type[Shape]] = {
    shape.__name__: shape
    for shape in (
        Exponential,
        Gaussian,
        Line,
        Logistic,
        Lorentzian,
        Polynomial,
        PowerLaw,
        PseudoVoigt,
        Sine,
        Step,
        Voigt,
    )
}


def to_json(result: Estimate, warnings: Sequence[str]) -> str:
    """Return a result as JSON; `FitResult.to_json`."""
    if is_lazy(result.problem.y):
        raise TypeError(
            "JSON would hold all data, which are in chunks: pickle the result, or keep its values, "
            "errors and covariance"
        )
    if not isinstance(result.problem.x, np.ndarray):
        raise TypeError(
            f"x is a {type(result.problem.x).__name__}, and JSON holds numbers only: fit a model "
            "that takes an array, with a row for each variable"
        )
    if not isinstance(result.problem.loss, str):
        raise TypeError(
            "the loss is a function, and JSON holds none: to keep a result, fit with a loss by its "
            f"name, {', '.join(LOSSES)}, or pickle it"
        )
    document = {
        "format": FORMAT,
        "version": VERSION,
        **_of_problem(result.problem),
        "p": result.p,
        "triangle": result.triangle,
        "weighted_residuals": result.weighted_residuals,
        "chi_squared": result.chi_squared,
        "success": result.success,
        "status": result.status.name,
        "message": result.message,
        "nfev": result.nfev,
        "method": result.method,
        "path": result.path,
        "starts": result.starts,
        "determined": result.determined._asdict(),
        "values": result.values,
        "covariance": result.covariance,
        "residuals": result.residuals,
        "dof": result.dof,
        "warnings": warnings,
    }
    return json.dumps(_plain(document), ensure_ascii=False, allow_nan=False)


def from_json(text: str, model: Callable[..., Any] | None, of: type[Result]) -> Result:
    """Return the result, of some class, that a text holds; `FitResult.from_json`."""
    document = _document(text)
    given = model if model is None or isinstance(model, Model) else Model(model)
    try:
        stored = _model(document["model"])
        problem = _problem(document, given or stored)
        result = _result(document, problem, of)
        _check_shapes(result, stored.names)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"the text is no complete fit result: {what}") from None
    if given is not None and given.names != stored.names:
        raise ValueError(
            f"the model {given} has the parameters {', '.join(given.names)}, but {stored} was "
            f"fitted, with {', '.join(stored.names)}"
        )
    if given is None and not _is_complete(stored):
        return result
    if not _gives_residuals(result):
        raise ValueError(
            f"the model {problem.model} does not give the residuals of this fit: expected the "
            f"model that was fitted, {stored}"
        )
    return result


# -- writing ---------------------------------------------------------------------------------


def _of_problem(problem: Problem) -> dict[str, Any]:
    parameters = problem.parameters
    return {
        "model": _tree(problem.model),
        "x": problem.x,
        "y": problem.y,
        "weights": problem.weights,
        "x_sigma": problem.x_sigma,
        "relative": None if problem.relative is None else problem.relative._asdict(),
        "parameters": {
            "names": parameters.names,
            "free": parameters.free,
            "start": parameters.start,
            "lower": parameters.lower,
            "upper": parameters.upper,
            "fixed": parameters.fixed,
            "tied": {name: needed for name, (_, needed) in parameters.ties.items()},
        },
        "constraints": len(problem.constraints),
        "left_out": problem.left_out,
        "loss": problem.loss,
        "f_scale": problem.f_scale,
        "absolute": problem.absolute,
    }


def _plain(value: Any) -> Any:
    """Return what JSON can hold, with strings for numbers that it cannot."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _tree(model: Model) -> dict[str, Any]:
    """Return how a model is made, as far as that has names."""
    if isinstance(model, Combination):
        left, right = _tree(model.left), _tree(model.right)
        return {"operator": model.operator, "left": left, "right": right}
    if isinstance(model, Constant):
        return {"constant": model.value}
    if isinstance(model, Shape) and type(model) is SHAPES.get(type(model).__name__):
        degree = {"degree": model.degree} if isinstance(model, Polynomial) else {}
        plain = Polynomial(model.degree) if isinstance(model, Polynomial) else type(model)()
        prefix = model.names[0].removesuffix(plain.names[0])
        return {"shape": type(model).__name__, "prefix": prefix, **degree}
    return {"function": model.label, "names": model.names}


# -- reading ---------------------------------------------------------------------------------


def _document(text: str) -> dict[str, Any]:
    if not isinstance(text, str | bytes):
        raise TypeError(
            f"expected the text that to_json has returned, got {type(text).__name__}: of a dict "
            "json.dumps(...) is one, of a file its read()"
        )
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"the text is not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f'the text is no fit result: it has no "format": "{FORMAT}"')
    if document.get("version") != VERSION:
        raise ValueError(
            f"the fit result has the version {document.get('version')!r} of the format: this "
            f"release reads version {VERSION}"
        )
    return document


def _model(tree: dict[str, Any]) -> Model:
    if "operator" in tree:
        return Combination(tree["operator"], _model(tree["left"]), _model(tree["right"]))
    if "constant" in tree:
        return Constant(float(tree["constant"]))
    if "shape" in tree:
        shape = SHAPES.get(tree["shape"])
        if shape is None:
            raise ValueError(f"there is no model {tree['shape']!r}")
        if shape is Polynomial:
            return Polynomial(tree["degree"], tree["prefix"])
        return shape(tree["prefix"])
    label = str(tree["function"])
    absent = _absent(
        f"the model {label} is a function, and JSON holds none: give it again, as in "
        "FitResult.from_json(text, model=...)"
    )
    return Model(absent, names=tree["names"], label=label)


def _absent(why: str) -> Callable[..., Any]:
    """Return what stands for a function that could not be stored."""

    def absent(*arguments: Any) -> NoReturn:
        raise ValueError(why)

    return absent


def _problem(document: dict[str, Any], model: Model) -> Problem:
    x, y = _array(document["x"]), _array(document["y"])
    weights, x_sigma = (
        None if document[key] is None else _array(document[key]) for key in ("weights", "x_sigma")
    )
    method = str(document["method"])
    refuse_errors_in_x(method, weights, x_sigma)
    stored, relative = document["parameters"], document["relative"]
    ties = {
        name: (_absent(f"the tie of {name} is a function, and JSON holds none"), tuple(needed))
        for name, needed in stored["tied"].items()
    }
    parameters = Parameters(
        tuple(stored["names"]),
        tuple(stored["free"]),
        _array(stored["start"]),
        _array(stored["lower"]),
        _array(stored["upper"]),
        {name: float(value) for name, value in stored["fixed"].items()},
        ties,
    )
    constraint = _absent("constraints are functions, and JSON holds none")
    return Problem(
        model,
        x,
        y,
        weights,
        x_sigma,
        None if relative is None else Relative(_array(relative["fraction"]), str(relative["of"])),
        int(document["left_out"]),
        parameters,
        (constraint,) * int(document["constraints"]),
        str(document["loss"]),
        float(document["f_scale"]),
        bool(document["absolute"]),
        distance_of(method),
    )


def _result(document: dict[str, Any], problem: Problem, of: type[Result]) -> Result:
    """Return the result of a problem, with what needs the model, ties or constraints known."""
    n = len(problem.parameters.free)
    determined = document["determined"]
    path = document["path"]
    result = of(
        problem,
        _array(document["p"]),
        _array(document["triangle"]).reshape(-1, n),
        _array(document["weighted_residuals"]),
        float(document["chi_squared"]),
        bool(document["success"]),
        _status(document["status"]),
        str(document["message"]),
        int(document["nfev"]),
        str(document["method"]),
        None if path is None else _array(path),
        Determined(
            _array(determined["spread"]).reshape(n, -1),
            _array(determined["undetermined"]).reshape(-1, n),
            _array(determined["scale"]),
        ),
        (int(document["starts"][0]), int(document["starts"][1])),
    )
    vars(result).update(
        values={name: float(value) for name, value in document["values"].items()},
        covariance=_array(document["covariance"]),
        residuals=_array(document["residuals"]),
        dof=int(document["dof"]),
        warnings=[str(warning) for warning in document["warnings"]],
    )
    return result


def _status(name: Any) -> Status:
    if name not in Status.__members__:
        raise ValueError(f"there is no status {name!r}: there are {', '.join(Status.__members__)}")
    return Status[name]


def _array(numbers: Any) -> Array:
    return np.array(numbers, float)


def _check_shapes(result: Estimate, names: tuple[str, ...]) -> None:
    """Raise a ValueError if something is of another size than what belongs to it."""
    problem, parameters = result.problem, result.problem.parameters
    data, free, every = (len(problem.y),), (len(parameters.free),), (len(parameters.names),)
    known = {*parameters.free, *parameters.fixed, *parameters.ties}
    if not names == parameters.names == tuple(result.values) or known != set(names):
        raise ValueError(f"expected values of {', '.join(names)}")
    if problem.weights is not None and problem.weights.shape not in ((), data, data * 2):
        raise ValueError(f"weights has shape {problem.weights.shape}, expected {data}")
    for name, array, shape in (
        ("x_sigma", problem.x_sigma, problem.x.shape),
        ("weighted_residuals", result.weighted_residuals, data),
        ("residuals", result.residuals, data),
        ("p", result.p, free),
        ("start", parameters.start, free),
        ("lower", parameters.lower, free),
        ("upper", parameters.upper, free),
        ("scale", result.determined.scale, free),
        ("covariance", result.covariance, every * 2),
    ):
        if array is not None and array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, expected {shape}")


def _is_complete(model: Model) -> bool:
    """Whether a model that was read can be evaluated."""
    if isinstance(model, Combination):
        return _is_complete(model.left) and _is_complete(model.right)
    return isinstance(model, Shape | Constant)


def _gives_residuals(result: Estimate) -> bool:
    problem = result.problem
    values = np.asarray(problem.model(problem.x, *result.values.values()))
    if values.shape not in ((), problem.y.shape):
        return False
    expected = problem.y - result.residuals
    return bool(np.allclose(values, expected, SAME, SAME * np.abs(problem.y).max()))
