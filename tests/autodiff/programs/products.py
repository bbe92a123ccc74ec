"""Lines that multiply arrays, and functions of matrices and polynomials."""

from __future__ import annotations

from tests.autodiff.programs.choosing import Chooser
from tests.autodiff.programs.template import template


@template(weight=4)
def products(some: Chooser) -> str | None:
    """Write a product of two arrays whose axes fit, by one of its many names."""
    x = some.of_rank(1, 3)
    if x is None:
        return None
    n = some.shape(x)[-1]
    y = some.array(lambda y: y.ndim > 0 and y.shape[-1] == n) or x
    z = some.array(lambda y: y.ndim > 0 and y.shape[-2 if y.ndim > 1 else 0] == n)
    forms = [f"np.inner({x}, {y}) / {n}", f"np.einsum('...i,...i->...', {x}, {y})"]
    forms += [f"np.tensordot({x}, {y}, (-1, -1)) / {n}"]
    if z is not None:
        forms += [f"{x} @ {z} / {n}", f"np.dot({x}, {z}) / {n}", f"np.matmul({x}, {z}) / {n}"] * 2
    constant = some.constant((n, some.among([1, 2, 3, n])))
    forms += [f"{x} @ {constant}", f"{some.constant((some.among([2, n]), n))} @ {x}[..., None]"]
    return some.among(forms)


@template(analytic=False, holomorphic=False)
def conjugate_products(some: Chooser) -> str | None:
    """Write a product of two stacks of vectors, which conjugates the first."""
    x = some.of_rank(1, 3)
    if x is None:
        return None
    n = some.shape(x)[-1]
    y = some.array(lambda y: y.ndim > 0 and y.shape[-1] == n) or x
    return some.among([f"np.vecdot({x}, {y})", f"np.linalg.vecdot({y}, {x})", f"np.vdot({x}, {x})"])


@template(weight=2)
def outer_products(some: Chooser) -> str | None:
    """Write all products of entries of two arrays."""
    x = some.array(lambda x: x.size <= 6)
    y = some.array(lambda x: x.size <= 6)
    forms = ["np.outer({x}, {y})", "np.kron({x}, {y})", "np.multiply.outer({x}, {y})"]
    forms += ["np.tensordot({x}, {y}, 0)", "np.add.outer({x}, {y})"]
    return x and y and some.among(forms).format(x=x, y=y)


@template(weight=2.5)
def einsums(some: Chooser) -> str | None:
    """Write a sum of products by labels, those of an operand with itself among them."""
    vector = some.array(lambda x: x.ndim == 1)
    if vector is None:
        return None
    n = some.shape(vector)[0]
    other = some.array(lambda x: x.shape == (n,)) or vector
    matrix = some.array(lambda x: x.ndim == 2 and x.shape[0] == n)
    forms = [
        "'i,i->', {x}, {y}",
        "'i,j->ij', {x}, {y}",
        "'i,i->i', {x}, {y}",
        "'i,j,j->i', {x}, {y}, {x}",
    ]
    forms += ["'i,i,i', {x}, {x}, {y}", "'i->', {x}", "'i,j->', {x}, {y}"]
    if matrix is not None:
        forms += ["'ij,i->j', {m}, {x}", "'i,ij->ij', {x}, {m}", "'ij,ik->jk', {m}, {m}"]
        forms += ["'ij->ji', {m}", "'ij->j', {m}", "'i,ij,i->', {x}, {m}, {y}", "'ij,i', {m}, {y}"]
    arguments = some.among(forms).format(x=vector, y=other, m=matrix)
    return f"np.einsum({arguments}) / {n}"


@template(weight=1.5)
def matrices(some: Chooser) -> str | None:
    """Write a function of a matrix, square and regular where it has to be."""
    x = some.array(lambda x: x.ndim == 2 and max(x.shape) <= 4)
    if x is None:
        return None
    m, n = some.shape(x)
    square = f"(3 * np.eye({n}) + np.tanh({x}.T @ {x} / {m}))"
    forms = ["np.trace({x})", "np.diagonal({x})", "np.tril({x})", "np.triu({x}, 1)", "np.diag({x})"]
    forms += ["np.linalg.inv({s})", "np.linalg.det({s}) / 30", "np.linalg.solve({s}, {x}.T)"]
    forms += ["np.linalg.matrix_power({s}, 2) / 9", "np.rot90({x})"]
    return some.among(forms).format(x=x, s=square)


@template()
def polynomials(some: Chooser) -> str | None:
    """Write a polynomial or a convolution by one value of another."""
    p, x = some.array(lambda x: x.ndim == 1 and x.size <= 4), some.array(lambda x: x.size <= 9)
    q = some.array(lambda x: x.ndim == 1 and x.size <= 6)
    forms = [
        "np.polyval({p}, np.tanh({x}))",
        "np.convolve({p}, {q})",
        "np.polymul(np.exp({p}), np.exp({q}))",
    ]
    return p and x and some.among(forms).format(p=p, x=x, q=q)


@template(analytic=False, holomorphic=False)
def transforms(some: Chooser) -> str | None:
    """Write a real part of a Fourier transform."""
    x = some.of_rank(1, 3)
    if x is None:
        return None
    a = some.axis(x)
    forms = ["np.real(np.fft.fft({x}, axis={a}))", "np.imag(np.fft.fft({x}, axis={a}))"]
    forms += ["np.abs(np.fft.rfft(2 + {x}, axis={a}))**2 / 9", "np.fft.irfft({x}, n=4, axis={a})"]
    forms += ["np.real(np.exp(1j * {x}) * (1 + 2j))"]
    return some.among(forms).format(x=x, a=a)
