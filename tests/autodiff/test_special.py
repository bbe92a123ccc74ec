"""scipy.special: corners, tails, higher orders, several outputs and refusals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import special

from autodiff import Tensor, custom, grad, jvp


def slope(f: Callable[..., Any], *args: float, by: int = 0) -> Any:
    return grad(f, by)(*args)


def test_scipy_is_imported_only_when_it_is_used() -> None:
    code = "import sys, autodiff; assert not any(m.startswith('scipy') for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Two public functions of SciPy's are Python's, around ufuncs that have no public name.
OTHER_NAMES = """
within = special._ufuncs
zeta, riemann_zeta, lambertw = within._zeta, within._riemann_zeta, within._lambertw
del within._zeta, within._riemann_zeta, within._lambertw
special.zeta = lambda x, q=None: riemann_zeta(x) if q is None else zeta(x, q)
special.lambertw = lambda z, k=0, tol=1e-8: lambertw(z, k, tol)
assert abs(grad(lambda q: special.zeta(3, q))(1.5) + 3 * special.zeta(4, 1.5)) < 1e-12
assert abs(grad(lambda z: special.lambertw(z).real)(np.e) - 0.5 / np.e) < 1e-12
"""
NO_UFUNCS = """
special.zeta = lambda x, q=None: np.asarray(x).item()
special.lambertw = lambda z, k=0, tol=1e-8: np.asarray(z).item() + 0j
for f in (special.zeta, special.lambertw):
    try:
        grad(f)(1.0)
    except TypeError as error:
        assert "without losing its derivative" in str(error)
    else:
        raise AssertionError(f)
"""


@pytest.mark.parametrize("change", [OTHER_NAMES, NO_UFUNCS])
def test_what_is_private_to_scipy_may_change(change: str) -> None:
    code = (
        "import numpy as np; from autodiff import grad; from scipy import special\n"
        f"{change}\n"
        "assert abs(grad(special.erf)(0.0) - 2 / np.sqrt(np.pi)) < 1e-15\n"
        "assert grad(lambda x: special.jv(1, x))(0.0) == 0.5"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


class TestCorners:
    """Where a formula would say 0/0 or 0 · inf, the derivative is the limit, or 0 at a corner."""

    def test_x_log_y_at_the_origin(self) -> None:
        for f, y in [(special.xlogy, 0.0), (special.xlog1py, -1.0)]:
            assert slope(f, 0.0, y) == slope(f, 0.0, y, by=1) == 0
        assert slope(special.xlogy, 0.0, 2.0) == np.log(2)
        assert slope(special.xlogy, 0.0, 2.0, by=1) == 0

    def test_relative_entropy_with_empty_bins(self) -> None:
        observed, expected = np.array([0.0, 0.0, 2.0]), np.array([0.0, 3.0, 4.0])
        by_expected = grad(lambda q: np.sum(special.rel_entr(observed, q)))(expected)
        assert by_expected.tolist() == [0, 0, -0.5]
        by_expected = grad(lambda q: np.sum(special.kl_div(observed, q)))(expected)
        assert by_expected.tolist() == [1, 1, 0.5]

    def test_a_true_infinity_is_told(self) -> None:
        assert slope(special.entr, 0.0) == np.inf
        assert slope(special.rel_entr, 0.0, 1.0) == -np.inf
        assert slope(lambda p: np.where(p > 0, special.entr(p), 0.0), 0.0) == 0

    def test_the_reciprocal_of_gamma_at_its_zeros(self) -> None:
        at = [slope(special.rgamma, -n) for n in (0.0, 1.0, 2.0, 3.0)]
        np.testing.assert_allclose(at, [1, -1, 2, -6])  # (-1)ⁿ n!
        assert grad(grad(special.rgamma))(0.0) == pytest.approx(2 * np.euler_gamma)

    def test_bessel_functions_at_zero(self) -> None:
        assert [slope(f, 0.0) for f in (special.j0, special.j1, special.i1)] == [0, 0.5, 0.5]
        assert slope(lambda x: special.jv(np.arange(4), x).sum(), 0.0) == 0.5
        assert slope(special.i0e, 0.0) == 0

    def test_integrals_at_zero(self) -> None:
        sine_integral = grad(lambda x: special.sici(x)[0])
        assert sine_integral(0.0) == 1
        assert grad(grad(sine_integral))(0.0) == pytest.approx(-1 / 3)
        assert slope(lambda x: special.lambertw(x).real, 0.0) == 1
        assert slope(special.spence, 1.0) == -1

    def test_powers_that_vanish(self) -> None:
        log2 = np.log(2)
        assert slope(special.boxcox, 2.0, 0.0, by=1) == pytest.approx(log2**2 / 2)
        assert slope(special.boxcox1p, 1.0, 0.0, by=1) == pytest.approx(log2**2 / 2)
        assert slope(special.inv_boxcox, 1.0, 0.0, by=1) == pytest.approx(-np.e / 2)
        assert slope(special.inv_boxcox1p, 1.0, 0.0, by=1) == pytest.approx(-np.e / 2)
        assert slope(special.exprel, 0.0) == 0.5

    def test_robust_losses_at_their_corners(self) -> None:
        assert [slope(special.huber, 1.0, r, by=1) for r in (-9.0, -1.0, 0.0, 9.0)] == [
            -1,
            -1,
            0,
            1,
        ]
        assert slope(special.pseudo_huber, 0.0, 0.0) == slope(special.pseudo_huber, 0.0, 0.0, by=1)
        assert slope(special.pseudo_huber, 1.0, 0.0, by=1) == 0

    def test_a_sphere_and_no_modulus(self) -> None:
        assert slope(special.ellipk, 0.0) == pytest.approx(np.pi / 8)
        assert slope(special.ellipe, 0.0) == pytest.approx(-np.pi / 8)
        expected = (2 * 0.5 - np.sin(2 * 0.5)) / 8
        assert slope(special.ellipkinc, 0.5, 0.0, by=1) == pytest.approx(expected)
        assert slope(special.ellipeinc, 0.5, 0.0, by=1) == pytest.approx(-expected)

    def test_the_first_bin_of_a_chi_square(self) -> None:
        assert [slope(lambda x, a=a: special.gammainc(a, x), 0.0) for a in (1, 2, 0.5)] == [
            1.0,
            0.0,
            np.inf,
        ]

    @pytest.mark.parametrize("x", [0.0, 1e-300, 1e-20])
    @pytest.mark.parametrize(
        ("f", "derivatives"),
        [  # of the power series: x² exp(-x) / 2 and so on are their slopes
            (lambda x: special.gammainc(1, x), [1, -1, 1, -1]),
            (lambda x: special.gammainc(2, x), [0, 1, -2, 3]),
            (lambda x: special.gammainc(3, x), [0, 0, 1, -3]),
            (lambda x: special.gammaincc(3, x), [0, 0, -1, 3]),
            (lambda x: special.pdtr(2, x), [0, 0, -1, 3]),
            (lambda x: special.pdtrc(1, x), [0, 1, -2, 3]),
            (lambda x: special.chdtr(4, 2 * x), [0, 1, -2, 3]),
            (lambda x: special.chdtrc(4, 2 * x), [0, -1, 2, -3]),
            (lambda x: special.betainc(2, 3, x), [0, 12, -48, 72]),
            (lambda x: special.betainc(3, 1, x), [0, 0, 6, 0]),
            (lambda x: special.betaincc(2, 0.5, x), [0, -0.75, -0.75, -27 / 16]),
            (lambda x: special.betainc(1, 1, x), [1, 0, 0, 0]),
        ],
    )
    def test_the_end_of_a_distribution(self, f: Any, derivatives: list[float], x: float) -> None:
        for order, expected in enumerate(derivatives, 1):
            f = grad(f)
            assert f(x) == pytest.approx(expected, rel=1e-13, abs=1e-15), order

    def test_the_other_end_of_a_distribution(self) -> None:
        f: Any = partial(special.betainc, 3, 2)  # 4 x³ - 3 x⁴
        for expected in (0, -12, -48, -72):
            f = grad(f)
            assert f(1.0) == pytest.approx(expected, rel=1e-13, abs=1e-15)

    @pytest.mark.parametrize("n", [0.5, 2.0, 4.3])
    def test_the_binomial_where_it_vanishes_on_the_left(self, n: float) -> None:
        assert slope(special.binom, n, -1.0, by=1) == pytest.approx(1 / (n + 1))
        assert slope(special.binom, n, -2.0, by=1) == pytest.approx(-1 / (n + 1) / (n + 2))
        mixed = grad(lambda n: slope(special.binom, n, -1.0, by=1))(n)
        assert mixed == pytest.approx(-1 / (n + 1) ** 2)
        curved = (special.psi(n + 2) + np.euler_gamma) * 2 / (n + 1)
        assert grad(grad(special.binom, 1), 1)(n, -1.0) == pytest.approx(curved)

    def test_a_jacobi_polynomial_ends_with_its_degree(self) -> None:
        f: Any = partial(special.eval_jacobi, 3, 0.5, 1.5)
        for _ in range(4):
            f = grad(f)
        assert f(-1.0) == f(1.0) == 0

    def test_a_voigt_profile_without_width_is_a_lorentzian(self) -> None:
        def lorentzian(x: Any, gamma: Any) -> Any:
            return gamma / np.pi / (x * x + gamma * gamma)

        def voigt(x: Any, gamma: Any) -> Any:
            return special.voigt_profile(x, 0.0, gamma)

        for by in (0, 1):
            assert slope(voigt, 1.0, 0.5, by=by) == pytest.approx(
                slope(lorentzian, 1.0, 0.5, by=by)
            )
            second = [grad(grad(f, by), by)(1.0, 0.5) for f in (voigt, lorentzian)]
            assert second[0] == pytest.approx(second[1])
        assert slope(special.voigt_profile, 1.0, 0.0, 0.5, by=1) == 0

    def test_a_voigt_profile_without_damping_is_a_gaussian(self) -> None:
        def gaussian(x: Any, sigma: Any) -> Any:
            return np.exp(-0.5 * (x / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)

        for by in (0, 1):
            expected = slope(gaussian, 0.3, 1.5, by=by)
            assert slope(special.voigt_profile, 0.3, 1.5, 0.0, by=by) == pytest.approx(expected)


class TestTails:
    """Where the function itself is accurate, so is its derivative."""

    def test_logistic_functions(self) -> None:
        x = np.array([-np.inf, -1e300, -800.0, 800.0, 1e300, np.inf])
        for f, expected in [
            (special.log_expit, [1, 1, 1, 0, 0, 0]),
            (special.expit, [0, 0, 0, 0, 0, 0]),
        ]:
            assert grad(lambda x, f=f: np.sum(f(x)))(x).tolist() == expected
        assert slope(special.expit, 40.0) == pytest.approx(np.exp(-40.0), rel=1e-14)

    @pytest.mark.parametrize("x", [29.9, 30.1, 1e3, 1e6, 1e60])
    def test_scaled_error_functions(self, x: float) -> None:
        t = 0.5 / x**2  # the asymptotic series, whose fourth term is below 1e-7 of the first
        erfcx = 2 / np.sqrt(np.pi) * (-t + 3 * t**2 - 15 * t**3)
        assert slope(special.erfcx, x) == pytest.approx(erfcx, rel=1e-7, abs=0)
        dawsn = -t - 3 * t**2 - 15 * t**3
        assert (
            slope(special.dawsn, -x)
            == slope(special.dawsn, x)
            == pytest.approx(dawsn, rel=1e-7, abs=0)
        )
        assert grad(grad(special.erfcx))(x) * x == pytest.approx(
            4 * t / np.sqrt(np.pi), rel=4e-3, abs=0
        )

    def test_the_series_takes_over_without_a_step(self) -> None:
        near, far = 30 * (1 - 1e-14), 30 * (1 + 1e-14)
        for f in (special.erfcx, special.dawsn, lambda y: special.wofz(y * (0.6 + 0.8j)).real):
            assert slope(f, near) == pytest.approx(slope(f, far), rel=3e-12, abs=0)
        for by in range(3):
            steps = [
                slope(special.voigt_profile, 0.6 * z, 0.5**0.5, 0.8 * z, by=by) for z in (near, far)
            ]
            assert steps[0] == pytest.approx(steps[1], rel=1e-9, abs=0)

    @pytest.mark.parametrize(
        ("z", "fourth"),
        [  # by mpmath at 60 digits
            (40 + 0j, 1.32854495398087e-07j),
            (40 - 1e-20j, -1.6567341414115e-28 + 1.32854495398087e-07j),
            (-50 - 3j, -1.27280282885084e-08 - 4.11463835165483e-08j),
            (35 - 10j, -2.09605319231504e-07 + 3.73400429519351e-08j),
        ],
    )
    def test_the_faddeeva_function_below_the_real_axis(self, z: complex, fourth: complex) -> None:
        def derivative(n: int, z: Any) -> Any:
            return jvp(lambda z: derivative(n - 1, z), z, 1 + 0j)[1] if n else special.wofz(z)

        assert derivative(4, z) == pytest.approx(fourth, rel=1e-12, abs=0)

    def test_scaled_error_functions_at_infinity(self) -> None:
        assert slope(special.erfcx, np.inf) == slope(special.dawsn, np.inf) == 0

    def test_the_logarithm_of_the_normal_distribution(self) -> None:
        x = np.array([-1e10, -1e4, 60.0, np.inf])
        expected = [1e10, 1e4 + 1e-4, 0, 0]
        g = grad(lambda x: np.sum(special.log_ndtr(x)))(x)
        np.testing.assert_allclose(g, expected, rtol=1e-12)


def test_inverses_undo_each_other() -> None:
    for f, inverse, x in [
        (special.erf, special.erfinv, 0.7),
        (special.erfc, special.erfcinv, 0.7),
        (special.ndtr, special.ndtri, 0.7),
        (special.log_ndtr, special.ndtri_exp, -20.0),
        (special.expit, special.logit, 0.7),
        (lambda x: special.gammainc(3, x), lambda p: special.gammaincinv(3, p), 2.0),
        (lambda x: special.gammaincc(3, x), lambda p: special.gammainccinv(3, p), 2.0),
        (lambda x: special.betainc(3, 2, x), lambda p: special.betaincinv(3, 2, p), 0.6),
        (lambda x: special.stdtr(4, x), lambda p: special.stdtrit(4, p), -1.0),
        (lambda x: special.chdtrc(4, x), lambda p: special.chdtri(4, p), 3.0),
        (lambda x: special.boxcox(x, 0.3), lambda y: special.inv_boxcox(y, 0.3), 3.0),
    ]:
        identity = grad(lambda x, f=f, inverse=inverse: inverse(f(x)))
        assert identity(x) == pytest.approx(1, rel=1e-9, abs=0)
        assert grad(identity)(x) == pytest.approx(0, abs=1e-8)


def test_differential_equations() -> None:
    x = 1.7
    assert grad(grad(lambda x: special.airy(x)[2]))(x) == pytest.approx(x * special.airy(x)[2])
    for n in (0, 3):
        first = grad(lambda x, n=n: special.jv(n, x))
        assert x * x * grad(first)(x) + x * first(x) + (x * x - n * n) * special.jv(
            n, x
        ) == pytest.approx(0, abs=1e-13)
    for n in (0, 1, 5):
        first = grad(lambda x, n=n: special.eval_hermite(n, x))
        assert grad(first)(x) == pytest.approx(
            2 * x * first(x) - 2 * n * special.eval_hermite(n, x), abs=1e-9
        )


def test_functions_of_scipy_that_call_ufuncs_work_as_they_stand() -> None:
    assert slope(lambda x: special.jvp(2, x), 1.5) == pytest.approx(special.jvp(2, 1.5, 2))
    assert slope(lambda x: special.kvp(2, x), 1.5) == pytest.approx(special.kvp(2, 1.5, 2))
    assert slope(special.legendre(3), 0.5) == pytest.approx(7.5 * 0.25 - 1.5)
    assert slope(lambda q: special.zeta(3, q), 1.5) == pytest.approx(-3 * special.zeta(4, 1.5))


def test_several_outputs() -> None:
    x = Tensor([0.5, 1.0])
    outputs = special.airy(x)
    assert type(outputs) is tuple
    for output, expected in zip(outputs, special.airy(x.data), strict=True):
        np.testing.assert_array_equal(output.data, expected)
    np.sum(outputs[0]).backward()
    np.testing.assert_array_equal(x.grad, special.airy(x.data)[1])


def test_the_complex_error_function_is_analytic() -> None:
    for z in (0.3 + 0.2j, -1 - 2j, 40 + 3j, 1e8j):
        _, along_one = jvp(special.wofz, z, 1 + 0j)
        _, along_i = jvp(special.wofz, z, 1j)
        assert along_i == 1j * along_one
    _, tangent = jvp(special.wofz, 1e8j, 1 + 0j)
    assert tangent == pytest.approx(1j / np.sqrt(np.pi) * 1e-16, rel=1e-12)


def test_steps_are_constants() -> None:
    assert not special.round(Tensor(2.4)).requires_grad
    assert not special.gammasgn(Tensor(-0.5)).requires_grad


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda a: special.gammainc(a, 1.0),
            r"special\.gammainc .* argument a here.*stop_gradient",
        ),
        (lambda b: special.betainc(1.0, b, 0.5), r"special\.betainc .* argument b here"),
        (lambda v: special.jv(v, 1.0), r"special\.jv .* argument v here"),
        (lambda s: special.zeta(s, 1.0), "zeta .* argument x here"),
        (special.zeta, r"special\.zeta .* no derivative of it, .*custom\(special\.zeta, vjp"),
        (lambda k: special.lambertw(1.0, k).real, r"special\.lambertw .* as its branch k"),
        (lambda x: special.ellip_harm(5, 8, 1, 1, x), r"special\.ellip_harm .* no rule here"),
        (lambda x: special.spherical_jn(1, x), r"special(\.spherical_jn)? (does not|cannot be)"),
        (lambda c: special.hyp2f1(1.0, 1.0, c, 0.5), r"special\.hyp2f1 .* argument c here"),
        (lambda x: special.jve(1, x + 1j).real, r"special\.jve .* at real arguments only"),
        (lambda x: special.psi(x + 1j).real, r"special\.psi .* at real arguments only"),
        (lambda x: special.mathieu_a(1, x), "mathieu_a"),
    ],
)
def test_what_has_no_rule_is_refused_by_name(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        grad(f)(2.0)


def test_the_zeta_function_with_a_derivative_of_ones_own() -> None:
    own = custom(special.zeta, vjp=lambda g, out, x: g * -0.9375482543158438)
    assert slope(own, 2.0) == -0.9375482543158438


def test_functions_that_have_no_public_name_are_called_by_that_of_their_caller() -> None:
    with pytest.raises(TypeError, match=r"^scipy\.special\.zeta of a Tensor has no out="):
        special.zeta(2.0, Tensor(1.5), out=np.zeros(()))


def test_an_order_may_be_a_tensor_that_needs_no_gradient() -> None:
    order = Tensor(2.0, requires_grad=False)
    assert slope(lambda x: special.jv(order, x), 1.5) == pytest.approx(special.jvp(2, 1.5))
