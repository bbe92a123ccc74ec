"""Functions of z = x + iy, analytic or not: what each derivative is, or that it is refused.

The other means: u(x, y) + i v(x, y) written out, and complex steps by x and by y.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from autodiff import (
    Tensor,
    check_grads,
    checkpoint,
    custom,
    divergence,
    elementwise,
    grad,
    hessian,
    hessian_diagonal,
    hvp,
    implicit,
    jacobian,
    jvp,
    laplacian,
    linear,
    linear_approximation,
    linearize,
    multilinear,
    quadratic_approximation,
    taylor,
    value_and_grad,
    vjp,
)
from autodiff._core.record import value_of
from tests.autodiff.oracles import complex_step, richardson

Z = np.array([0.7 + 0.4j, 1.3 - 0.8j, 0.5 + 1.1j])
T = np.array([0.3 - 1.2j, -0.5 + 0.4j, 1.1 + 0.9j])
W = np.array([1.5 - 0.5j, -0.7 - 1.1j, 0.4 + 0.8j])
X, Y = Z.real.copy(), Z.imag.copy()


class Case(NamedTuple):
    """A function of z, and its real and imaginary part as functions of x and y."""

    f: Callable[[Any], Any]
    u: Callable[[Any, Any], Any]
    v: Callable[[Any, Any], Any]
    analytic: bool


def none(x: Any, y: Any) -> Any:
    return 0 * x


def length(x: Any, y: Any) -> Any:
    return np.sqrt(x * x + y * y)


CASES = {
    "exp": Case(
        np.exp, lambda x, y: np.exp(x) * np.cos(y), lambda x, y: np.exp(x) * np.sin(y), True
    ),
    "cube": Case(
        lambda z: z**3, lambda x, y: x**3 - 3 * x * y**2, lambda x, y: 3 * x**2 * y - y**3, True
    ),
    "1/z": Case(
        lambda z: 1 / z, lambda x, y: x / (x * x + y * y), lambda x, y: -y / (x * x + y * y), True
    ),
    "|z|²/z̄": Case(lambda z: np.abs(z) ** 2 / np.conj(z), lambda x, y: x, lambda x, y: y, True),
    "conj": Case(np.conj, lambda x, y: x, lambda x, y: -y, False),
    "z̄z": Case(lambda z: np.conj(z) * z, lambda x, y: x * x + y * y, none, False),
    "z²z̄": Case(
        lambda z: z**2 * np.conj(z),
        lambda x, y: x * (x * x + y * y),
        lambda x, y: y * (x * x + y * y),
        False,
    ),
    "sign": Case(np.sign, lambda x, y: x / length(x, y), lambda x, y: y / length(x, y), False),
    "real, complex": Case(lambda z: np.real(z) + 0j, lambda x, y: x, none, False),
    "abs": Case(np.abs, length, none, False),
    "real": Case(np.real, lambda x, y: x, none, False),
    "imag": Case(np.imag, lambda x, y: y, none, False),
    "|z|²": Case(lambda z: np.abs(z) ** 2, lambda x, y: x * x + y * y, none, False),
    "angle": Case(np.angle, lambda x, y: np.arctan(y / x), none, False),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
COMPLEX = {name: case for name, case in CASES.items() if np.iscomplexobj(case.f(Z))}
REAL = {name: case for name, case in CASES.items() if name not in COMPLEX}


def slope(case: Case, dx: Any, dy: Any, x: Any = X, y: Any = Y) -> Any:
    """The change of u + iv along (dx, dy)."""
    u, v = (complex_step(part, (x, y), (dx, dy)) for part in (case.u, case.v))
    return u + 1j * v


def close(actual: Any, expected: Any, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-13)


def test_the_cases_are_what_they_say() -> None:
    for case in CASES.values():
        close(case.f(Z), case.u(X, Y) + 1j * case.v(X, Y))
        cauchy_riemann = np.allclose(slope(case, 0 * X, 1 + 0 * X), 1j * slope(case, 1, 0))
        assert cauchy_riemann == case.analytic


# -- what every function has -----------------------------------------------------------------


@every_case
def test_along_a_direction(case: Case) -> None:
    expected = slope(case, T.real, T.imag)
    close(jvp(case.f, Z, T)[1], expected)
    close(linearize(case.f, Z)[1](T), expected)
    close(jvp(checkpoint(case.f), Z, T)[1], expected)


@every_case
def test_a_cotangent_keeps_the_real_part_of_its_product(case: Case) -> None:
    w = W if np.iscomplexobj(case.f(Z)) else W.real
    pulled = vjp(case.f, Z)[1](w)
    by_x, by_y = slope(case, 1, 0), slope(case, 0 * X, 1 + 0 * X)
    close(pulled, np.real(w * by_x) - 1j * np.real(w * by_y))


def wave(case: Case) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]:
    """A real function that brings the case complex cotangents, of z, and of x and y."""
    return (
        lambda z: np.sum(np.real(W * np.exp(1j * case.f(z)))),
        lambda x, y: np.sum(
            np.exp(-case.v(x, y)) * (W.real * np.cos(case.u(x, y)) - W.imag * np.sin(case.u(x, y)))
        ),
    )


def slopes(of_both: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """∂/∂x - i ∂/∂y, entry by entry."""
    zero = np.zeros(3)
    by_x = [complex_step(of_both, (x, y), (one, zero)) for one in np.eye(3)]
    by_y = [complex_step(of_both, (x, y), (zero, one)) for one in np.eye(3)]
    return np.array(by_x) - 1j * np.array(by_y)


@every_case
def test_the_gradient_of_a_real_function(case: Case) -> None:
    f, of_both = wave(case)
    expected = slopes(of_both, X, Y)
    close(grad(f)(Z), expected)
    close(value_and_grad(f)(Z)[1], expected)
    close(grad(lambda z: f(checkpoint(lambda z: z * 1)(z)))(Z), expected)
    leaf = Tensor(Z)
    f(leaf).backward()
    close(leaf.grad, expected)


@every_case
def test_the_change_of_the_gradient_along_a_direction(case: Case) -> None:
    f, of_both = wave(case)
    expected = richardson(lambda x, y: slopes(of_both, x, y), (X, Y), (T.real, T.imag))
    close(hvp(f, Z, T), expected, rtol=1e-9)
    close(jvp(grad(f), Z, T)[1], expected, rtol=1e-9)
    # Backward twice it is the same map, for its real part is symmetric.
    close(vjp(grad(f), Z)[1](T), expected, rtol=1e-9)


@every_case
def test_a_series_along_a_direction(case: Case) -> None:
    p = taylor(case.f, Z, 5, direction=T)
    t = 0.2 * np.exp(2j * np.pi * np.arange(32) / 32)[:, None]  # Cauchy's integral along a circle
    x, y = X + t * T.real, Y + t * T.imag
    for k in range(6):
        expected = np.mean((case.u(x, y) + 1j * case.v(x, y)) * t**-k, axis=0)
        np.testing.assert_allclose(p.coefficients[k], expected, rtol=1e-6, atol=1e-7)
    assert p.coefficients.dtype == case.f(Z).dtype


@pytest.mark.parametrize("case", REAL.values(), ids=REAL)
def test_the_tangent_plane_of_a_real_function(case: Case) -> None:
    p = linear_approximation(lambda z: np.sum(W.real * case.f(z)), Z)
    expected = np.sum(W.real * np.real(case.f(Z) + slope(case, T.real, T.imag)))
    assert p(Z + T) == pytest.approx(expected, rel=1e-12)
    assert p(np.stack([Z, Z + T])).dtype == float


# -- what only some have ---------------------------------------------------------------------


REFUSED = r"needs an analytic .*, but along i .*\(z\.real, z\.imag\)"
every_mode = pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])


@every_mode
@pytest.mark.parametrize("case", COMPLEX.values(), ids=COMPLEX)
def test_the_jacobian_of_a_complex_function(case: Case, mode: str) -> None:
    of_matrix = jacobian(lambda z: case.f(z)[:2], mode=mode)
    of_number = jacobian(case.f, mode=mode)
    if case.analytic:
        close(of_matrix(Z), np.diag(slope(case, 1, 0))[:2])
        close(of_number(Z[1]), slope(case, 1, 0)[1])
        close(divergence(case.f)(Z), np.sum(slope(case, 1, 0)))
    else:
        for derivative, z in ((of_matrix, Z), (of_number, Z[1]), (divergence(case.f), Z)):
            with pytest.raises(TypeError, match=REFUSED):
                derivative(z)


@every_case
def test_the_jacobian_by_both_parts_that_is_named_instead(case: Case) -> None:
    by_x, by_y = jacobian(lambda x, y: case.f(x + 1j * y), (0, 1))(X, Y)
    close(by_x, np.diag(slope(case, 1, 0)))
    close(by_y, np.diag(slope(case, 0 * X, 1 + 0 * X)))


@pytest.mark.parametrize("case", REAL.values(), ids=REAL)
def test_the_jacobian_of_a_real_function(case: Case) -> None:
    expected = slope(case, 1, 0) - 1j * slope(case, 0 * X, 1 + 0 * X)
    close(jacobian(case.f)(Z), np.diag(expected))
    with pytest.raises(TypeError, match=REFUSED):
        divergence(case.f)(Z)


def test_only_complex_arguments_have_to_be_analytic() -> None:
    f = lambda x, z: np.abs(x) * np.conj(x + 0j) * z  # noqa: E731
    by_x, by_z = jacobian(f, (0, 1))(X, Z)
    close(by_x, np.diag(2 * X * Z))
    close(by_z, np.diag(X * X + 0j))
    with pytest.raises(TypeError, match=REFUSED):
        jacobian(lambda x, z: f(x, np.conj(z)), (0, 1))(X, Z)
    close(jacobian(lambda x: f(x, np.conj(Z)))(X), np.diag(2 * X * np.conj(Z)))


def test_twice_an_analytic_function() -> None:
    close(jacobian(jacobian(lambda z: z**3))(Z[0]), 6 * Z[0])
    with pytest.raises(TypeError, match=REFUSED):
        jacobian(lambda z: jacobian(lambda y: y * z)(z) * np.conj(z))(Z[0])


@pytest.mark.parametrize("order", [0, 4])
@every_case
def test_the_series_about_a_point(case: Case, order: int) -> None:
    for z in (Z, Z[1]):
        if case.analytic:
            p = taylor(case.f, z, order)
            close(
                p.derivative()(z) if order else p.next_coefficient,
                slope(case, 1, 0, z.real, z.imag),
            )
        else:
            with pytest.raises(TypeError, match=r"taylor .* analytic.*x0, order, direction"):
                taylor(case.f, z, order)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_what_vanishes_to_first_order_is_told_apart_too(power: int) -> None:
    f = lambda z: z + (z * np.conj(z)) ** power  # noqa: E731
    with pytest.raises(TypeError, match="analytic"):
        taylor(f, 0j, 2 * power)
    with pytest.raises(TypeError, match="analytic"):
        taylor(f, 0j, 2 * power - 1)  # for the remainder
    if power > 1:
        assert taylor(f, 0j, 2 * power - 2).coefficients[:2].tolist() == [0, 1]


@pytest.mark.parametrize(
    "second",
    [hessian, hessian_diagonal, laplacian, lambda f: lambda z: quadratic_approximation(f, z)],
)
@every_case
def test_second_derivatives_by_a_complex_number(second: Any, case: Case) -> None:
    """They are three for each pair: by both parts, as the message says."""
    with pytest.raises(
        TypeError, match=r"real argument, .*complex128.*f\(v\[0\] \+ 1j \* v\[1\]\)"
    ):
        second(wave(case)[0])(Z)


@every_case
def test_the_hessian_by_both_parts(case: Case) -> None:
    f, of_both = wave(case)
    H = hessian(lambda v: f(v[0] + 1j * v[1]))(np.stack([X, Y]))
    expected = richardson(lambda x, y: slopes(of_both, x, y), (X, Y), (T.real, T.imag))
    along = np.einsum("iajb,jb->ia", H, np.stack([T.real, T.imag]))
    close(along[0] - 1j * along[1], expected, rtol=1e-9)


def test_a_complex_argument_beside_a_real_one() -> None:
    with pytest.raises(TypeError, match="hessian needs a real argument"):
        hessian(lambda x, z: x * np.abs(z), (0, 1))(1.0, 1j)
    assert hessian(lambda x, z: x**2 * np.abs(z))(1.0, 1j) == 2.0


class TestRounding:
    """What is analytic but for the last digits is not taken for something else."""

    @pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
    def test_a_derivative_that_cancels(self, dtype: Any) -> None:
        eps = np.finfo(dtype).eps
        z = (np.linspace(0, 9, 50) + 1j).astype(dtype)
        for f in (
            lambda z: np.sin(z) ** 2 + np.cos(z) ** 2 - 1,
            lambda z: (np.abs(z) ** 2 / np.conj(z) - z) * 1000,
        ):
            assert np.max(np.abs(jacobian(f)(z))) < 1e5 * eps
            for one in z[:20]:
                assert abs(jacobian(f)(one)) < 1e5 * eps
                taylor(f, one, 8)

    def test_a_linear_system_of_a_bad_condition(self) -> None:
        A = np.vander(np.linspace(0.1, 1, 12)) + 0j
        J = jacobian(lambda b: A @ np.linalg.solve(A, b))(np.arange(12) + 1j)
        np.testing.assert_allclose(J, np.eye(12), atol=1e-5)

    def test_little_of_another_kind_is_seen_beside_it(self) -> None:
        for small in (1e-2, 1e-10):
            with pytest.raises(TypeError, match="analytic"):
                jacobian(lambda z, s=small: np.exp(z) + s * np.conj(z))(Z)
            with pytest.raises(TypeError, match="analytic"):
                taylor(lambda z, s=small: np.exp(z) + s * np.conj(z), Z[0], 3)

    def test_infinite_entries_hide_nothing(self) -> None:
        with pytest.raises(TypeError, match="analytic"):
            jacobian(lambda z: np.stack([np.sqrt(z[0]), np.conj(z[1])]))(np.array([0j, 1j]))


class TestImplicit:
    def test_an_analytic_residual(self) -> None:
        root = implicit(lambda y, a: y**2 - a * np.conj(a), lambda a: np.abs(a) + 0j)
        slope = Z[0] / abs(Z[0])
        close(jvp(root, Z[0], T[0])[1], np.real(np.conj(slope) * T[0]))
        close(grad(lambda a: np.real(root(a)))(Z[0]), np.conj(slope))

    def test_a_real_solution_of_a_complex_argument(self) -> None:
        root = implicit(lambda y, a: y - np.abs(a), np.abs)
        f = lambda a: np.real(np.exp(1j * root(a)))  # noqa: E731
        r = abs(Z[0])
        close(grad(f)(Z[0]), -np.sin(r) * np.conj(Z[0]) / r)
        close(hvp(f, Z[0], T[0]), hvp(lambda a: np.cos(np.abs(a)), Z[0], T[0]))

    def test_another_residual(self) -> None:
        root = implicit(lambda y, a: np.conj(y) ** 2 - a, lambda a: np.conj(np.sqrt(a)))
        assert root(Tensor(Z[0])).data == np.conj(np.sqrt(Z[0]))
        for derivative in (jacobian(root), grad(lambda a: np.real(root(a)))):
            with pytest.raises(
                TypeError, match=r"residual .* analytic in a complex y.*one real array"
            ):
                derivative(Z[0])


def test_sinc_far_from_the_real_axis() -> None:
    z = np.array([0.2 + 2.5j, 3.1 - 1.6j, -2.2 + 0.7j])
    expected = (np.cos(np.pi * z) - np.sinc(z)) / z
    close(jvp(np.sinc, z, np.ones(3))[1], expected)
    close(jacobian(np.sinc)(z), np.diag(expected))


# -- ops of one's own ------------------------------------------------------------------------

OWN = {
    "custom": (custom(np.abs, vjp=lambda g, out, z: g * np.conj(z) / out), "abs"),
    "custom with jvp": (
        custom(
            np.abs,
            vjp=lambda g, out, z: g * np.conj(z) / out,
            jvp=lambda t, out, z: np.real(t * np.conj(z) / out),
        ),
        "abs",
    ),
    "linear": (linear(np.real, lambda g, out, z: g + 0j), "real"),
}


@pytest.mark.parametrize("name", OWN)
def test_an_own_op_that_makes_real_numbers_of_complex_ones(name: str) -> None:
    """A complex cotangent reaches its rule as a real one: nothing else counts of it."""
    op, plain = OWN[name]
    case = CASES[plain]
    f, of_both = wave(case._replace(f=op))
    close(grad(f)(Z), slopes(of_both, X, Y))
    close(jvp(op, Z, T)[1], slope(case, T.real, T.imag))
    expected = richardson(lambda x, y: slopes(of_both, x, y), (X, Y), (T.real, T.imag))
    close(hvp(f, Z, T), expected, rtol=1e-9)


def test_a_multilinear_op_that_does() -> None:
    inner = multilinear(
        lambda a, b: np.real(a * np.conj(b)),
        lambda g, out, a, b: g * np.conj(b),
        lambda g, out, a, b: g * np.conj(a),
        core=(0, 0),
    )
    f, of_both = wave(CASES["|z|²"]._replace(f=lambda z: inner(z, z)))
    close(grad(f)(Z), slopes(of_both, X, Y))
    close(jvp(lambda z: inner(z, z), Z, T)[1], slope(CASES["|z|²"], T.real, T.imag))


def test_an_elementwise_op_that_does_is_refused() -> None:
    op = elementwise(np.abs, lambda g, out, x: g * np.sign(x))
    assert grad(lambda x: np.sum(op(x)))(X).tolist() == [1, 1, 1]
    for attempt in (
        lambda: grad(lambda z: np.sum(op(z)))(Z),
        lambda: jvp(op, Z, T),
        lambda: taylor(op, Z, 2, direction=T),
    ):
        with pytest.raises(TypeError, match=r"absolute makes real .* by custom with vjp and jvp"):
            attempt()


def test_a_rule_for_the_way_forward_that_stays_complex() -> None:
    op = custom(np.abs, vjp=lambda g, out, z: g, jvp=lambda t, out, z: t * np.conj(z) / out)
    assert jvp(op, X, X)[1].tolist() == X.tolist()
    with pytest.raises(TypeError, match=r"tangent of complex128, but .* return np\.real of it"):
        jvp(op, Z, T)


# -- what is complex where only a real number fits -------------------------------------------


@pytest.mark.parametrize("one", [1j, np.complex128(1j), Tensor(1j)])
def test_a_complex_tangent_or_cotangent_of_a_real_number(one: Any) -> None:
    for attempt in (
        lambda: jvp(np.sin, 1.0, one),
        lambda: linearize(np.sin, 1.0)[1](one),
        lambda: hvp(np.sin, 1.0, one),
        lambda: vjp(np.abs, 1j)[1](one),
        lambda: np.abs(Tensor(1j)).backward(one),
    ):
        with pytest.raises(
            TypeError, match=r"of float64 has a real cotangent or tangent.*complex128"
        ):
            attempt()
    with pytest.raises(TypeError, match=r"x0 is real, .*complex128: make x0 complex"):
        taylor(np.sin, 1.0, 2, direction=value_of(one))


def test_backward_of_a_complex_number() -> None:
    z = Tensor(Z[0])
    with pytest.raises(TypeError, match=r"real number, .*complex128: .*y\.real\.backward\(\)"):
        (z * z).backward()
    assert z.grad is None
    (z * z).backward(1.0)
    close(z.grad, 2 * Z[0])


def test_checking_differences_of_complex_numbers() -> None:
    for f, x in ((np.abs, Z), (lambda x: np.exp(1j * x), X)):
        with pytest.raises(TypeError, match=r"real numbers, but it .* complex ones: .*\.real, and"):
            check_grads(f, x)
