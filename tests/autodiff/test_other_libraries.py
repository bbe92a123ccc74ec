"""Arrays of libraries that do not speak NumPy's protocols are refused, with what to write."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import fit
import nn
import optim
from autodiff import Tensor, grad, hvp, jacobian, jvp, softmax, taylor, to_numpy, vjp


class Foreign:
    """What becomes an array of NumPy's for whoever asks, as JAX's and PyTorch's arrays do."""

    dtype = "float32"  # of their own
    shape = (3,)
    ndim = 1

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.ones(3, dtype)

    def __len__(self) -> int:
        return 3

    def __getitem__(self, i: int) -> float:
        return [1.0, 1.0, 1.0][i]


LIBRARIES = {
    "torch": (type("Tensor", (Foreign,), {"__module__": "torch"})(), "x.detach().cpu().numpy()"),
    "jax": (type("ArrayImpl", (Foreign,), {"__module__": "jaxlib._jax"})(), "np.asarray(x)"),
    "tensorflow": (
        type("EagerTensor", (Foreign,), {"__module__": "tensorflow.python.framework.ops"})(),
        "x.numpy()",
    ),
}
T = Tensor(np.ones(3))


def set_data(x: Any) -> None:
    Tensor(np.ones(3)).data = x


def fill(x: Any) -> None:
    a = np.zeros(3, like=T)
    a[:] = x


DOORS: dict[str, Callable[[Any], Any]] = {
    "Tensor": Tensor,
    "data": set_data,
    "operand": lambda x: T * x,
    "first operand": lambda x: np.multiply(x, T),
    "where": lambda x: np.where(T > 0, T, x),
    "stack": lambda x: np.stack([T, x]),
    "product": lambda x: T @ x,
    "fill": fill,
    "argument": grad(lambda x: np.sum(x**2)),
    "constant": lambda x: grad(lambda p: np.sum(p * x))(np.ones(3)),
    "returned": lambda x: grad(lambda p: x)(np.ones(3)),
    "jacobian": jacobian(lambda x: x),
    "structure": lambda x: grad(lambda p: np.sum(p["a"]))({"a": x}),
    "tangent": lambda x: jvp(lambda p: p**2, np.ones(3), x),
    "cotangent": lambda x: vjp(lambda p: p**2, np.ones(3))[1](x),
    "backward": lambda x: (T * 2).backward(x),
    "hvp": lambda x: hvp(lambda p: np.sum(p**3), np.ones(3), x),
    "taylor": lambda x: taylor(np.exp, x, 2),
    "softmax": softmax,
    "to_numpy": to_numpy,
    "layer": lambda x: nn.Linear(3, 1)(x),
    "targets": lambda x: nn.mean_squared_error(T, x),
    "predictions": lambda x: nn.mean_squared_error(x, T),
    "classes": lambda x: nn.cross_entropy(Tensor(np.ones((3, 2))), x),
    "accuracy": lambda x: nn.accuracy(x, np.ones(3)),
    "batches": lambda x: nn.batches(x, size=2),
    "state": lambda x: nn.Linear(3, 1).load_state_dict({"weight": x, "bias": x}),
}


N = np.ones(3)


def distance(p: Any, a: Any = 0.0) -> Any:
    return np.sum((p - a) ** 2)


def straight(x: Any, slope: float = 1.0, intercept: float = 0.0) -> Any:
    return slope * x + intercept


for name in ("bfgs", "lbfgs", "newton", "newton_cg", "gradient_descent", "minimize"):
    minimum: Callable[..., Any] = getattr(optim, name)
    DOORS |= {
        f"{name} from": partial(minimum, distance),
        f"{name} args": lambda x, minimum=minimum: minimum(distance, N, args=(x,)),
        f"{name} of": lambda x, minimum=minimum: minimum(lambda p: x, N),
    }
DOORS |= {
    "lagrange from": lambda x: optim.lagrange(distance, x, [np.sum]),
    "lagrange of": lambda x: optim.lagrange(lambda p: x, N, [np.sum]),
    "constraint": lambda x: optim.lagrange(distance, N, [lambda p: x]),
    "roots from": lambda x: optim.newton_raphson(np.sin, x),
    "roots of": lambda x: optim.newton_raphson(lambda p: x, N),
    "residuals from": lambda x: optim.least_squares(np.sin, x),
    "residuals of": lambda x: optim.least_squares(lambda p: x, N),
    "residuals args": lambda x: optim.least_squares(np.subtract, N, args=(x,)),
    "residuals and a Jacobian": lambda x: optim.least_squares(lambda p: x, N, jac=np.diag),
    "start in parts": lambda x: optim.bfgs(lambda p: distance(p["a"]), {"a": x}),
    "fit x": lambda x: fit.fit(straight, x, N),
    "fit y": lambda x: fit.fit(straight, N, x),
    "fit sigma": lambda x: fit.fit(straight, N, N, x),
    "fit p0": lambda x: fit.fit(straight, N, N, p0=x),
    "fit_many": lambda x: fit.fit_many(straight, N, np.ones((2, 3)), x),
    "line": lambda x: fit.line(N, x),
    "predict": lambda x: fit.line([0.0, 1.0, 2.0], N).predict(x),
    "curve_fit x": lambda x: fit.curve_fit(straight, x, N),
    "curve_fit y": lambda x: fit.curve_fit(straight, N, x),
    "curve_fit sigma": lambda x: fit.curve_fit(straight, N, N, sigma=x),
    "curve_fit p0": lambda x: fit.curve_fit(straight, N, N, p0=x),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_they_are_refused_by_name_at_the_door(library: str, door: str) -> None:
    x, instead = LIBRARIES[library]
    with pytest.raises(TypeError, match=r"\w+\.\w+ does not speak NumPy's protocols") as caught:
        DOORS[door](x)
    assert instead in str(caught.value)
    assert library in str(caught.value)
    of_fit, _, name = door.partition(" ")
    if of_fit in ("fit", "curve_fit"):
        assert str(caught.value).startswith((f"{name}: a ", f"{name}data: a "))
