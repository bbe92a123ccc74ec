"""All of NIST's nonlinear problems, from both of their starts, to their certified digits.

The data, models, starts and certified values in ``nist_strd.json`` are those of the NIST
Statistical Reference Datasets, Nonlinear Regression,
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml. They are certified to 11 digits.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fit import Model, chi_squared, curve_fit, fit

SETS = json.loads(Path(__file__).with_name("nist_strd.json").read_text())
PROBLEMS = sorted(name for name, problem in SETS.items() if not problem["linear"])
FITS = [
    pytest.param(name, start, id=f"{name}-{start + 1}") for name in PROBLEMS for start in (0, 1)
]

# Its residuals, of some 1e-13, are made of the rounding errors of its data, of some 1.
ROUNDED = "Lanczos1"


def problem(name: str) -> tuple[Callable[..., Any], np.ndarray, np.ndarray]:
    """Return the model, x (a row for each variable) and y of one set."""
    facts = SETS[name]
    expression = compile(facts["model"], name, "eval")
    y = np.array(facts["y"])
    if "y_transform" in facts:
        assert facts["y_transform"] == "np.log(y)"
        y = np.log(y)

    def model(x: np.ndarray, *parameters: Any) -> Any:
        variables = dict(zip(facts["xvars"], np.atleast_2d(x), strict=True))
        return eval(
            expression, {"np": np} | variables | dict(zip(facts["params"], parameters, strict=True))
        )

    return model, np.array(facts["x"]).T, y


def test_there_are_27_problems_with_two_starts() -> None:
    assert len(PROBLEMS) == 27
    assert len(FITS) == 54


@pytest.mark.parametrize(("name", "start"), FITS)
def test_curve_fit_reaches_the_certified_values(name: str, start: int) -> None:
    model, x, y = problem(name)
    facts = SETS[name]
    popt, pcov, _, message, ier = curve_fit(model, x, y, facts["starts"][start], full_output=True)
    deviation = np.sqrt(chi_squared(model, x, y)(popt) / facts["dof"])
    assert_allclose(popt, facts["certified"], rtol=1e-9)
    rtol = 1e-2 if name == ROUNDED else 1e-9
    assert_allclose(np.sqrt(np.diag(pcov)), facts["certified_std"], rtol=rtol)
    assert_allclose(deviation, facts["residual_std"], rtol=rtol)
    assert ier == 1
    assert ("rounding" in message) == (name == ROUNDED)


@pytest.mark.parametrize(("name", "start"), FITS)
def test_fit_reaches_the_certified_values(name: str, start: int) -> None:
    model, x, y = problem(name)
    facts = SETS[name]
    result = fit(Model(model, names=facts["params"]), x, y, p0=facts["starts"][start])
    assert result.success
    assert result.dof == facts["dof"]
    assert_allclose(list(result.values.values()), facts["certified"], rtol=1e-9)
    rtol = 1e-2 if name == ROUNDED else 1e-9
    assert_allclose(list(result.errors.values()), facts["certified_std"], rtol=rtol)
    assert_allclose(result.variance**0.5, facts["residual_std"], rtol=rtol)
