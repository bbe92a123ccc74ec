"""The table of rules on arrays that behave as CuPy's: derivatives are NumPy's, and stay there."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import (
    Tensor,
    check_grads,
    checkpoint,
    debug,
    divergence,
    grad,
    hessian,
    hessian_diagonal,
    hvp,
    implicit,
    is_on_device,
    jacobian,
    jvp,
    laplacian,
    of_kind,
    softmax_cross_entropy,
    taylor,
    to_numpy,
    value_and_grad,
    vjp,
)
from tests.autodiff.cases import CASES
from tests.autodiff.cases.case import Case
from tests.autodiff.device_arrays import DeviceArray, words

# -- the table -------------------------------------------------------------------------------

MIXES = "the case itself brings an array of NumPy's"
NAMES = "names of several results"

REASONS = {
    r"Unsupported type|Implicit conversion": MIXES,
    r"no implementation found for 'numpy\.(\S+)'": "",
    r"__array_ufunc__\(<ufunc '(\w+)'>": "",
    r"(\w+\(\) got an unexpected keyword argument '\w+')": "",
    r"`cupy_(\w+\.\w+)` is not supported": "",
    r"'tuple' object has no attribute": NAMES,
    r"object has no attribute '(\w+)'": "",
}


def reason_why_not(f: Callable[..., Any], *args: Any) -> str | None:
    """Return what CuPy lacks to compute a function, without a derivative; None if it can."""
    try:
        value = f(*args)
    except (TypeError, AttributeError, NotImplementedError) as error:
        for pattern, reason in REASONS.items():
            if match := re.search(pattern, str(error)):
                return reason or match[1].replace("() got an unexpected keyword argument ", " ")
        raise
    return None if isinstance(value, DeviceArray) else MIXES


def on_device(arrays: Any) -> tuple[DeviceArray, ...]:
    return tuple(map(DeviceArray, arrays))


WITHOUT = {id(case): reason_why_not(case.f, *on_device(case.args)) for case in CASES}

# What CuPy 14.2 lacks, of what the cases call: functions, keywords, methods of ufuncs.
LACKS = {
    *words("airy betaincc betainccinv dawsn ellipe elliprd elliprf erfi fresnel hankel1 hankel1e"),
    *words("hankel2 hankel2e hyp0f1 hyp1f1 hyp2f1 hyperu iv ive jv jve kn kv kve modstruve"),
    *words("ndtri_exp owens_t powm1 spence stdtr stdtrit struve voigt_profile wofz wrightomega"),
    *words("yv yve eval_chebyt eval_chebyu eval_gegenbauer eval_genlaguerre eval_hermite"),
    *words("eval_hermitenorm eval_jacobi eval_laguerre eval_legendre"),
    *words("block geomspace insert polyder polyint unstack matvec vecdot vecmat mT"),
    *words("linalg.diagonal linalg.matrix_norm linalg.multi_dot linalg.outer linalg.svdvals"),
    *words("linalg.tensordot linalg.trace linalg.vecdot linalg.vector_norm"),
    *words("maximum.reduce minimum.reduce fmax.reduce fmin.reduce logaddexp.reduce"),
    *words("logaddexp2.reduce maximum.accumulate minimum.accumulate"),
    *("cholesky 'upper'", "clip 'min'", "eye 'device'", "full 'device'", "ones 'device'"),
    *(
        "max 'initial'",
        "min 'initial'",
        "mean 'where'",
        "prod 'initial'",
        "prod 'where'",
    ),
    *("sum 'initial'", "sum 'where'", "std 'mean'", "std 'where'", "var 'mean'", "var 'where'"),
    *("var 'correction'", "pinv 'hermitian'", "pinv 'rtol'", "quantile 'weights'", "take 'mode'"),
    *("float_power", "multiply"),  # of lists, to which the case gives them
    NAMES,
}
# Functions whose rules call others of scipy.special, which CuPy lacks.
RULES_LACK = {
    *words("boxcox boxcox1p ellipeinc ellipk ellipkinc ellipkm1 exprel i0 i0e i1 i1e"),
    *words("inv_boxcox inv_boxcox1p j0 j1 shichi sici"),
}


NEWER = {"matvec", "unstack", "vecmat"}  # than the oldest NumPy that is allowed


def test_what_cupy_lacks_is_known_by_name() -> None:
    known = {name for name in LACKS if hasattr(np, name) or name not in NEWER} | {MIXES}
    assert {reason for reason in WITHOUT.values() if reason} == known


def rules_lack_something(case: Case) -> bool:
    numpys = case.f is np.i0 or case.name == "i0-large"  # whose rule calls no other function
    return re.split(r"[ -]", case.name)[0] in RULES_LACK and not numpys


COMPUTED = [case for case in CASES if WITHOUT[id(case)] is None]
POSSIBLE = [case for case in COMPUTED if not rules_lack_something(case)]
LACKING_RULES = [case for case in COMPUTED if rules_lack_something(case)]
every_case = pytest.mark.parametrize("case", POSSIBLE, ids=str)


def agree(found: Any, expected: Any) -> None:
    """Check that results are on the device, all of them, and NumPy's."""
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for pair in zip(found, expected, strict=True):
            agree(*pair)
    else:
        assert isinstance(found, DeviceArray)
        np.testing.assert_allclose(found.host, expected, rtol=1e-10, atol=1e-12)
        assert found.dtype == np.asarray(expected).dtype


def weights(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


@every_case
def test_values_and_first_derivatives(case: Case) -> None:
    x = on_device(case.args)
    agree(case.f(*map(Tensor, x)).data, case.f(*map(Tensor, case.args)).data)
    value, pull = vjp(case.f, *case.args)
    w = weights(np.shape(value), 9)
    agree(vjp(case.f, *x)[1](DeviceArray(w)), pull(w))
    v = tuple(weights(a.shape, i) for i, a in enumerate(case.args))
    agree(jvp(case.f, x, on_device(v)), jvp(case.f, case.args, v))


@every_case
def test_batches_of_seeds_and_second_derivatives(case: Case) -> None:
    x = on_device(case.args)
    for mode in ("forward", "reverse"):
        J = jacobian(case.f, mode=mode)
        agree(J(*x), J(*case.args))
    v = tuple(weights(a.shape, i) for i, a in enumerate(case.args))
    w = weights(np.shape(case.f(*case.args)), 9)
    found = grad(lambda *a: np.sum(DeviceArray(w) * jvp(case.f, a, on_device(v))[1]))(*x)
    agree(found, grad(lambda *a: np.sum(w * jvp(case.f, a, v)[1]))(*case.args))


@pytest.mark.parametrize("case", LACKING_RULES, ids=str)
def test_rules_that_call_what_cupy_lacks_say_so(case: Case) -> None:
    x = on_device(case.args)
    ones = on_device(map(np.ones_like, case.args))
    second = grad(lambda *x: np.sum(jvp(case.f, x, ones)[1]))
    with pytest.raises(TypeError, match="returned NotImplemented from __array_ufunc__"):
        second(*x)


# -- derivatives of every kind ---------------------------------------------------------------

X = np.array([0.5, 1.5, -1.0])
V = np.array([1.0, -2.0, 0.5])


def f(x: Any) -> Any:
    return np.sum(np.exp(-(x**2)) * np.sin(x)) + x[0] * x[1] ** 3


def g(x: Any) -> Any:
    return np.exp(x) * x[0]


def filled(x: Any) -> Any:
    a = np.zeros(4, like=x)
    a[0] = x[0] * x[1]
    a[1:3] = x[1:] ** 2
    return np.sum(a * a)


DERIVATIVES: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda x, v: grad(f)(x),
    "value_and_grad": lambda x, v: value_and_grad(f)(x),
    "jacobian": lambda x, v: jacobian(g)(x),
    "hessian": lambda x, v: hessian(f)(x),
    "hvp": lambda x, v: hvp(f, x, v),
    "hessian_diagonal": lambda x, v: hessian_diagonal(f)(x),
    "laplacian": lambda x, v: laplacian(f)(x),
    "divergence": lambda x, v: divergence(lambda x: x**2 * x[0])(x),
    "third": lambda x, v: grad(lambda x: np.sum(hvp(f, x, v) ** 2))(x),
    "taylor": lambda x, v: taylor(lambda t: np.exp(t) * np.sin(t) / (1 + t * t), x, 5).coefficients,
    "taylor along": lambda x, v: taylor(lambda x: np.exp(x) * np.cumsum(x), x, 3, v).coefficients,
    "columns": lambda x, v: jacobian(lambda p, t: p[0] * np.exp(-p[1] * t) + p[2])(
        x, of_kind(np.linspace(0, 4, 50), x)
    ),
    "stacked": lambda x, v: jacobian(lambda x: [x[0] * x[1], x[2] ** 2])(x),
    "indices": lambda x, v: grad(lambda x: np.sum(x[np.array([0, 2, 2])] ** 2))(x),
    "mask": lambda x, v: grad(lambda x: np.sum(x[x > 0] ** 2))(x),
    "set": lambda x, v: grad(lambda x: np.sum(x.at[np.array([0, 2])].set(v[:2]) ** 2))(x),
    "zero times infinity": lambda x, v: grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)))(
        0 * x
    ),
    "filled": lambda x, v: grad(filled)(x),
    "unused": lambda x, v: grad(lambda a, b: np.sum(a), argnums=(0, 1))(x, v),
    "structure": lambda x, v: grad(lambda p: np.sum(p["a"] * p["b"]))({"a": x, "b": v})["b"],
    "integers": lambda x, v: grad(f)((2 * x).astype(np.int64)),
    "checkpoint": lambda x, v: grad(checkpoint(f))(x),
    "implicit": lambda x, v: grad(lambda a: np.sum(implicit(lambda y, a: y**2 - a, np.sqrt)(a)))(
        x**2
    ),
    "cross_entropy": lambda x, v: grad(
        lambda x: softmax_cross_entropy(x[None, :], of_kind(np.array([2]), v))
    )(x),
    "compile": lambda x, v: [autodiff.compile(value_and_grad(f))(x) for _ in range(3)][-1],
    "replaying": lambda x, v: [autodiff.replaying(grad(f))(x) for _ in range(3)][-1],
}


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.filterwarnings("ignore:.*compile.*")
def test_derivatives_are_numpys_and_stay_on_the_device(name: str) -> None:
    derivative = DERIVATIVES[name]
    agree(derivative(DeviceArray(X), DeviceArray(V)), derivative(X, V))


def test_single_precision_stays() -> None:
    assert grad(f)(DeviceArray(X.astype(np.float32))).dtype == np.float32


def test_parameters_of_numpys_and_data_on_a_device() -> None:
    data = DeviceArray(X)
    found = grad(lambda p: np.sum((p[0] * data - p[1]) ** 2))(np.array([1.0, 2.0]))
    expected = grad(lambda p: np.sum((p[0] * X - p[1]) ** 2))(np.array([1.0, 2.0]))
    np.testing.assert_allclose(to_numpy(found), expected)


def test_check_grads() -> None:
    check_grads(f, DeviceArray(X), order=2)


# -- the Tensor ------------------------------------------------------------------------------


def test_a_tensor_copies_its_value_and_the_graph_its_constants() -> None:
    value, constant = DeviceArray(X.copy()), DeviceArray(V.copy())
    x = Tensor(value)
    y = np.sum(x * constant)
    value[0] = constant[0] = 100.0
    y.backward()
    agree(x.data, X)
    agree(x.grad, V)


def test_a_gradient_has_memory_of_its_own() -> None:
    seed = DeviceArray(np.ones(3))
    _, pull = vjp(lambda x: x + 0, DeviceArray(X))
    image = pull(seed)
    image[0] = 7.0
    agree(seed, np.ones(3))


def test_a_tensor_is_shown_copied_and_read() -> None:
    x = Tensor(DeviceArray(X), name="x")
    assert repr(x) == "Tensor([ 0.5,  1.5, -1. ], name='x')"
    assert x.tolist() == X.tolist()
    assert f"{np.sum(x):.1f}" == "1.0"
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        agree(twin.data, X)


def test_an_array_of_numpys_beside_one_on_a_device_is_refused_with_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"multiply of .* write of_kind\(x, y\)"):
        Tensor(DeviceArray(X)) * V
    agree((Tensor(DeviceArray(X)) * of_kind(V, DeviceArray(X))).data, X * V)


def test_two_arguments_with_one_gradient_have_an_array_each() -> None:
    x, v = DeviceArray(X), DeviceArray(V)
    image = hvp(lambda p: np.sum((p["a"] + p["b"]) ** 3), {"a": x, "b": x}, {"a": v, "b": v})
    image["a"][0] = 7.0
    agree(image["b"], 24 * X * V)


def test_debug_finds_the_op_that_made_a_nan() -> None:
    with (
        pytest.raises(FloatingPointError, match=r"log .*1 NaN"),
        debug(),
        np.errstate(all="ignore"),
    ):
        grad(lambda x: np.sum(np.log(x)))(DeviceArray(X))


def test_to_numpy_and_back() -> None:
    x = DeviceArray(X)
    assert is_on_device(x)
    assert not is_on_device(X)
    for there in (x, Tensor(x)):
        assert type(to_numpy(there)) is np.ndarray
        np.testing.assert_array_equal(to_numpy(there), X)
    agree(of_kind(X, x), X)
    assert of_kind(X, V) is X
