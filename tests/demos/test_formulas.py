"""Formulas are MathML that reads as TeX sets it."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("latex2mathml", reason="latex2mathml is not installed")

from demos.website.formulas import mathml

APPLY, SPACE = '<mo lspace="0" rspace="0.167em">\u2061</mo>', '<mspace width="0.167em" />'


def inside(source: str) -> str:
    """Return the row of a formula, without its outermost element."""
    found = re.fullmatch(r"<math [^>]*><mrow>(.*)</mrow></math>", mathml(source, "inline"))
    assert found
    return found[1]


def test_a_formula_says_how_it_is_shown() -> None:
    assert 'display="block"' in mathml("x", "block")
    assert mathml("x", "inline").startswith('<math xmlns="http://www.w3.org/1998/Math/MathML"')


@pytest.mark.parametrize(
    ("source", "spaces"),
    [
        (r"\sin x", "sin A x"),
        (r"a \sin a + b \cos c", "a S sin A a + b S cos A c"),
        (r"r \sin\theta \cos\varphi", "r S sin A θ S cos A φ"),
        (r"16 \sin^3 t", "16 S sin 3 A t"),
        (r"\log_{10} x", "log 10 A x"),
        (r"-\ln p", "− ln A p"),
        (r"\ln\sin x", "ln A sin A x"),
        (r"(1 + x) \tanh Z", "( 1 + x ) S tanh A Z"),
        (r"\sin(x)", "sin ( x )"),  # a bracket stands close
        (r"a b", "a b"),
    ],
)
def test_thin_spaces_stand_about_names_of_functions(source: str, spaces: str) -> None:
    text = inside(source).replace(APPLY, " A ").replace(SPACE, " S ")
    assert re.sub(r"<[^>]+>", " ", text).split() == spaces.split()


@pytest.mark.parametrize("cell", [r"\sin t", r"\frac{1}{2}"])
def test_a_matrix_is_a_table(cell: str) -> None:
    formula = mathml(rf"\begin{{pmatrix}} {cell} & 1 \end{{pmatrix}}", "block")
    assert formula.count("<mtd>") == 2
    assert (APPLY in formula) == ("sin" in cell)


@pytest.mark.parametrize(
    ("source", "row"),
    [
        ("f'", '<mrow><mi>f</mi><mo lspace="0" rspace="0">′</mo></mrow>'),
        ("f''", '<mrow><mi>f</mi><mo lspace="0" rspace="0">″</mo></mrow>'),
        (
            "x_0'",
            '<mrow><msub><mi>x</mi><mn>0</mn></msub><mo lspace="0" rspace="0">′</mo></mrow>',
        ),
        ("x^2", "<msup><mi>x</mi><mn>2</mn></msup>"),
    ],
)
def test_primes_have_the_size_of_letters(source: str, row: str) -> None:
    assert inside(source) == row


@pytest.mark.parametrize(
    "source", [r"\begin{aligned} a &= b \end{aligned}", r"\nosuchthing", r"b}{c}"]
)
def test_what_cannot_be_shown_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="expected a formula that MathML can be made of"):
        mathml(source, "block")
