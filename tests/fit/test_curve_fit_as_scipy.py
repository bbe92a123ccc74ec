"""SciPy's own tests of its curve_fit, with ours in its place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fit import curve_fit

scipys: Any = pytest.importorskip(
    "scipy.optimize.tests.test_minpack", reason="this SciPy is installed without its tests"
)


# One model calls a method of an array, which cannot be recorded.
@pytest.mark.filterwarnings("ignore:f cannot be recorded:UserWarning")
class TestCurveFit(scipys.TestCurveFit):  # type: ignore[misc]
    @pytest.fixture(autouse=True)
    def ours_in_the_place_of_scipys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scipys, "curve_fit", curve_fit)
        monkeypatch.setattr(scipys, "optimize", SimpleNamespace(curve_fit=curve_fit))

    @pytest.mark.xfail(
        strict=True,
        reason="SciPy's number is the covariance at MINPACK's last but one iterate, and is off by "
        "1.6e-6 of itself: SciPy's own trf and dogbox differ from it by as much",
    )
    def test_gh4555b(self) -> None:
        super().test_gh4555b()
