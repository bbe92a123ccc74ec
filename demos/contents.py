"""The lessons under their headings, in the order to read them in."""

from __future__ import annotations

from typing import NamedTuple


class Heading(NamedTuple):
    """A part of the course, which is a page of the site."""

    title: str
    about: str
    lessons: tuple[str, ...]


HEADINGS = {
    "multivariate_calculus": Heading(
        "Multivariate calculus",
        "Slopes, gradients, Jacobians and Hessians: what a derivative is.",
        (
            "rise_over_run",
            "product_rule",
            "gradients",
            "jacobians",
            "hessians",
            "sandpit",
        ),
    ),
    "chain_rule": Heading(
        "The chain rule",
        "Derivatives of functions of functions, up to networks that learn.",
        ("chains", "neuron", "order", "by_hand", "heart", "digits", "moons"),
    ),
    "taylor_series": Heading(
        "Taylor series",
        "Polynomials in the place of functions, and how far they reach.",
        ("taylor", "radius", "two_variables", "linearisation"),
    ),
    "optimisation": Heading(
        "Optimisation",
        "Roots and minima by steps that derivatives choose, with constraints.",
        ("newton_raphson", "descent", "lagrange"),
    ),
    "regression": Heading(
        "Regression",
        "Models brought to data by χ², and what may be said of them.",
        (
            "line",
            "heights",
            "pulls",
            "york",
            "nist",
            "undetermined",
            "intervals",
        ),
    ),
    "beyond": Heading(
        "Beyond",
        "The same code in single precision, in chunks, on workers, as a plan.",
        ("float32", "chunks", "cluster", "plans", "derivative_of_a_fit"),
    ),
}
LESSONS = tuple(
    name for heading in HEADINGS.values() for name in heading.lessons
)
LONG = ("heart", "digits")  # which --quick leaves out
