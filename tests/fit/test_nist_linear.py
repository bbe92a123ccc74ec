"""All of NIST's linear problems, to their certified digits.

The data and certified values in ``nist_strd.json`` are those of the NIST Statistical Reference
Datasets, Linear Regression, https://www.itl.nist.gov/div898/strd/lls/lls.shtml, the latter with 16
digits by exact rational arithmetic. The condition of Filip's columns is 5·10⁹ even when they are
scaled; Wampler's residuals reach 7 times the size of what is to be found below them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fit import FitResult, linear, polynomial

SETS = json.loads(Path(__file__).with_name("nist_strd.json").read_text())
PROBLEMS = sorted(name for name, problem in SETS.items() if problem["linear"])


def fitted(name: str) -> FitResult:
    facts = SETS[name]
    x, y = np.array(facts["x"]).T, np.array(facts["y"])
    if name.startswith("NoInt"):
        return linear({"b1": lambda x: x}, x, y)
    if name == "Longley":
        rows = {f"b{k + 1}": lambda x, k=k: x[k] for k in range(len(x))}
        return linear({"b0": lambda x: 1.0, **rows}, x, y)
    return polynomial(x, y, degree=facts["n_params"] - 1)


def test_there_are_eleven_problems() -> None:
    assert len(PROBLEMS) == 11


@pytest.mark.parametrize("name", PROBLEMS)
def test_certified_values_to_twelve_digits(name: str) -> None:
    facts, result = SETS[name], fitted(name)
    atol = 0 if facts["residual_std"] else 1e-13  # where all residuals are 0
    assert_allclose(list(result.values.values()), facts["exact"], rtol=1e-12)
    assert_allclose(list(result.errors.values()), facts["exact_std"], rtol=1e-12, atol=atol)
    deviation = result.reduced_chi_squared**0.5
    assert_allclose(deviation, facts["residual_std"], rtol=1e-12, atol=atol)
    assert result.dof == facts["dof"]
    assert result.success
