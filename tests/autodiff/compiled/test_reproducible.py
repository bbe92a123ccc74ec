"""Within reproducible, no result depends on what was computed before."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autodiff import (
    Tensor,
    compile,
    eager,
    forget_plans,
    grad,
    hessian,
    jacobian,
    replaying,
    reproducible,
    value_and_grad,
)
from autodiff.compiled import _blas_threads
from optim import SGD, Adam

pytestmark = pytest.mark.usefixtures("several_threads_of_blas")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 37))
POINTS = RNG.normal(size=(3, 3))


@pytest.fixture(autouse=True)
def _cold() -> Any:
    forget_plans()
    yield
    forget_plans()


def decay(p: Any) -> Any:
    return p[0] * np.exp(-p[1] * X) + p[2]


def peak(p: Any) -> Any:
    return p[0] * np.exp(-0.5 * ((X - p[1]) / p[2]) ** 2)


def squares(p: Any) -> Any:
    return np.sum((decay(p) - Y) ** 2)


DERIVATIVES = {
    "gradient": grad(squares),
    "value and gradient": value_and_grad(squares),
    "Jacobian": jacobian(peak),
    "Hessian": hessian(squares),
}


def bits(x: Any) -> Any:
    """Return numbers in a form that tells all of them."""
    return [bits(y) for y in x] if isinstance(x, tuple) else np.asarray(x).tolist()


def fresh(name: str) -> Any:
    """Return what a process gives that computes nothing else."""
    program = f"from test_reproducible import *; print(first({name!r}))"
    path = os.pathsep.join([str(Path(__file__).parents[3]), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def first(name: str) -> Any:
    """Return a derivative at the first point, by a function that is made for it."""
    with reproducible():
        return bits(replaying(DERIVATIVES[name])(POINTS[0]))


# -- the same bits -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.parametrize("plan", [compile, replaying])
def test_calls_agree_whatever_came_before(plan: Any, name: str) -> None:
    f = DERIVATIVES[name]
    cold = first(name)
    for _ in range(60):  # so that there are plans of calls outside
        plan(f)(POINTS[1])
    warm = plan(f)
    for p in POINTS[1:]:
        warm(p)
    with reproducible():
        for p in (*POINTS[::-1], *POINTS):
            found = bits(warm(p))
        assert bits(warm(POINTS[0])) == cold
        assert found == bits(plan(f)(POINTS[-1]))
    assert bits(f(POINTS[0])) != cold  # or nothing could be seen here


def test_a_fresh_process_gives_the_same() -> None:
    assert fresh("Hessian") == repr(first("Hessian"))


def test_threads_give_the_same() -> None:
    f = compile(DERIVATIVES["Hessian"])

    def call(p: Any) -> Any:
        with reproducible():
            return bits(f(p))

    expected = [*map(call, POINTS)]
    for _ in range(3):
        f = compile(DERIVATIVES["Hessian"])
        with ThreadPoolExecutor(3) as executor:
            assert [*executor.map(call, [*POINTS] * 5)] == expected * 5


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_a_training_step_has_its_effects_once(optimizer: Any) -> None:
    def trained(context: Any, before: int) -> Any:
        p = Tensor(POINTS[0])
        moving = optimizer([p], lr=0.01)

        def step(y: Any) -> Any:
            moving.zero_grad()
            loss = np.mean((decay(p) - y) ** 2)
            loss.backward()
            moving.step()
            return loss

        step = compile(step)
        with context():
            for n in range(before):
                step(Y + n)
            p.data = POINTS[1]
            moving = optimizer([p], lr=0.01)
            losses = [step(Y).item() for _ in range(5)]
        return losses, p.data.tolist()

    cold = trained(reproducible, 0)
    assert trained(reproducible, 3) == cold
    for found, expected in zip(cold, trained(eager, 0), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_generators_go_on_as_if_they_were_drawn_from_once() -> None:
    noisy = compile(lambda x, rng: x * 2 + rng.normal(size=3))
    rng, other = np.random.default_rng(5), np.random.default_rng(5)
    with reproducible():
        for _ in range(3):
            np.testing.assert_array_equal(noisy(np.ones(3), rng), 2 + other.normal(size=3))


# -- what is not planned ---------------------------------------------------------------------


def test_where_python_reads_a_value_calls_are_as_written() -> None:
    def bent(p: Any) -> Any:
        return squares(p) if p[0] * p[1] > 0 else p[2] * np.sum(p)

    f = grad(bent)
    planned = compile(f)
    with warnings.catch_warnings(), reproducible():
        warnings.simplefilter("error")
        for p in (*POINTS, *-POINTS):
            assert bits(planned(p)) == bits(f(p))
    assert "eager" in repr(planned.plans)


def test_a_call_that_raises_or_is_not_finite_changes_no_later_one() -> None:
    def inverse(a: Any) -> Any:
        return np.linalg.inv(a) @ np.log(a[0])

    good, singular = np.array([[2.0, 1.0], [1.0, 3.0]]), np.ones((2, 2))
    with reproducible():
        expected = compile(inverse)(good)
        planned = compile(inverse)
        for _ in range(20):
            with pytest.raises(np.linalg.LinAlgError):
                planned(singular)
            with np.errstate(invalid="ignore"):
                assert np.isnan(planned(-good)).all()
        assert bits(planned(good)) == bits(expected)
    assert [plan.runs for plan in planned.plans] == [1]


def test_what_is_done_once_is_planned_all_the_same() -> None:
    kept: dict[str, Any] = {}

    def scaled(p: Any) -> Any:
        if "scale" not in kept:
            kept["scale"] = np.linspace(1.0, 2.0, 3)
        return squares(p * kept["scale"])

    planned = compile(grad(scaled))
    with reproducible():
        cold = bits(planned(POINTS[0]))
        assert bits(planned(POINTS[0])) == cold
    assert [plan.runs for plan in planned.plans] == [2]


def test_what_counts_its_calls_is_called_as_written() -> None:
    counts = [0]

    def counted(p: Any) -> Any:
        counts[0] += 1
        return squares(p)

    planned = replaying(grad(counted))
    with reproducible():
        for _ in range(3):
            assert bits(planned(POINTS[0])) == bits(grad(squares)(POINTS[0]))
        before = counts[0]
        planned(POINTS[0])
    assert counts[0] == before + 1


def test_random_numbers_from_nowhere_are_told_of() -> None:
    rng = np.random.default_rng(0)
    planned = compile(lambda x: x + rng.normal())
    with reproducible(), pytest.raises(RuntimeError, match="draws from a random generator"):
        planned(np.ones(2))


# -- where it holds --------------------------------------------------------------------------


def test_calls_outside_are_what_they_were() -> None:
    f = DERIVATIVES["gradient"]
    planned = compile(f)
    with reproducible():
        within = bits(planned(POINTS[0]))
    for _ in range(4):
        assert bits(planned(POINTS[0])) == bits(f(POINTS[0])) != within


def test_the_innermost_of_eager_and_reproducible_holds() -> None:
    planned = compile(lambda x: x * 2)
    with reproducible(), eager():
        planned(np.ones(2))
    assert not planned.plans
    with eager(), reproducible():
        planned(np.ones(2))
    assert planned.plans[0].runs == 1


def threads_of_blas() -> list[int]:
    return [telling() for _, telling in _blas_threads._threads()]


def test_blas_has_one_thread_until_all_are_out() -> None:
    before = threads_of_blas()
    if not before:
        pytest.skip("NumPy is linked with another BLAS than OpenBLAS")

    def look(n: int) -> bool:
        with reproducible():
            np.ones(10).dot(np.ones(10))
            return {*threads_of_blas()} == {1}

    with reproducible():
        with ThreadPoolExecutor(4) as executor:
            assert all(executor.map(look, range(100)))
        assert {*threads_of_blas()} == {1}
    assert threads_of_blas() == before
    with pytest.raises(ZeroDivisionError), reproducible():
        raise ZeroDivisionError
    assert threads_of_blas() == before


FIRST_IMPORT = """
import numpy as np
from autodiff import reproducible
with reproducible():
    from scipy.linalg import blas, lu_factor
    a = np.random.default_rng(1).normal(size=(500, 500))
    print(lu_factor(a)[0].sum(), blas.ddot(a.ravel(), a.ravel()))
"""


def test_scipys_blas_has_one_thread_where_it_is_imported_within() -> None:
    def printed(count: str) -> str:
        path = str(Path(__file__).parents[3])
        done = subprocess.run(
            [sys.executable, "-c", FIRST_IMPORT],
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": count},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert printed("1") == printed("2")
