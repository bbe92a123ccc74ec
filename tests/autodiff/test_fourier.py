"""numpy.fft: complex derivatives, mixtures of real and complex, types and refusals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, grad, jvp, vjp

rng = np.random.default_rng(5)
z = rng.normal(size=(4, 5)) + 1j * rng.normal(size=(4, 5))
x = rng.normal(size=(4, 5))


@pytest.mark.parametrize(
    "f",
    [
        np.fft.fft,
        np.fft.ifft,
        partial(np.fft.fft, n=3, axis=0),
        partial(np.fft.ifft, n=7, norm="ortho"),
        np.fft.fft2,
        np.fft.ifftn,
        np.fft.fftshift,
        partial(np.fft.ifftshift, axes=0),
    ],
)
def test_a_complex_transform_is_complex_linear(f: Callable[..., Any]) -> None:
    t = rng.normal(size=z.shape) + 1j * rng.normal(size=z.shape)
    value, tangent = jvp(f, z, t)
    np.testing.assert_allclose(value, f(z))
    np.testing.assert_allclose(tangent, f(t))
    w = rng.normal(size=value.shape) + 1j * rng.normal(size=value.shape)
    pulled = vjp(f, z)[1](w)
    np.testing.assert_allclose(np.sum(pulled * t), np.sum(w * tangent))  # no conjugation


def test_parseval() -> None:
    energy = grad(lambda x: np.sum(np.abs(np.fft.fft(x, norm="ortho")) ** 2))
    np.testing.assert_allclose(energy(x), 2 * x)
    np.testing.assert_allclose(energy(z), 2 * np.conj(z))  # du/dx - i du/dy of |z|²


def test_there_and_back_is_the_identity() -> None:
    for there, back in [
        (np.fft.fft2, np.fft.ifft2),
        (np.fft.rfft, partial(np.fft.irfft, n=5)),
        (np.fft.ihfft, partial(np.fft.hfft, n=5)),
        (np.fft.rfftn, partial(np.fft.irfftn, s=x.shape, axes=(0, 1))),
        (np.fft.fftshift, np.fft.ifftshift),
    ]:
        pulled = vjp(lambda x, f=there, b=back: np.real(b(f(x))), x)[1](x)
        np.testing.assert_allclose(pulled, x, atol=1e-14)


def test_the_gradient_of_a_filter_is_the_filter_backwards() -> None:
    kernel = rng.normal(size=5)

    def filtered(x: Any) -> Any:
        return np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(kernel), 5)

    columns = np.stack([filtered(e) for e in np.eye(5)])
    w = rng.normal(size=5)
    np.testing.assert_allclose(vjp(filtered, x[0])[1](w), columns @ w)


def test_a_complex_factor_behind_a_real_transform() -> None:
    f = grad(lambda z: np.sum(np.real(1j * np.fft.irfft(z, 5) * z[:, :1])))
    h, e = 1e-6, np.zeros(z.shape)
    e[1, 0] = h

    def u(z: Any) -> Any:
        return np.sum(np.real(1j * np.fft.irfft(z, 5) * z[:, :1]))

    along_real, along_imag = (u(z + e) - u(z - e)) / (2 * h), (u(z + 1j * e) - u(z - 1j * e)) / 2
    np.testing.assert_allclose(f(z)[1, 0], along_real - 1j * along_imag / h, rtol=1e-6)


def test_single_precision_stays() -> None:
    single = Tensor(x.astype(np.float32))
    assert np.fft.rfft(single).dtype == np.complex64
    assert np.fft.irfft(np.fft.rfft(single)).dtype == np.float32
    g = grad(lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2))(x.astype(np.float32))
    assert g.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: np.fft.fft(t, 0), "axis of 0 points"),
        (lambda t: np.fft.rfft(t, -2), "axis of -2 points"),
        (lambda t: np.fft.irfft(t[:, :1]), "axis of 0 points"),
        (lambda t: np.fft.fft(t, axis=2), "axis 2 is out of bounds"),
        (lambda t: np.fft.fft(t, norm="unitary"), "fft of .*norm"),
        (lambda t: np.fft.fft2(t[0]), "out of bounds"),
        (lambda t: np.fft.fftn(t, (3,), (0, 1)), "a length is needed for each axis"),
    ],
)
def test_what_does_not_fit(call: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(Tensor(x))


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match="rfft of"):
        np.fft.rfft(Tensor(z))
    with pytest.raises(TypeError, match=r"np\.fft\.fft of a Tensor has no out=: use the result"):
        np.fft.fft(Tensor(z), out=np.zeros_like(z))
