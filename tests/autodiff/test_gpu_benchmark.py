"""The run on a GPU: what it says where there is none, and its checks on a stand-in for CuPy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.autodiff.device_arrays import DeviceArray
from tests.benchmarks import gpu


def test_without_cupy_it_says_so_and_ends_well() -> None:
    hidden = "import sys; sys.modules['cupy'] = None; from tests.benchmarks.gpu import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "nothing is run: CuPy is not installed (pip install cupy-cuda12x, or as your CUDA is)\n"
    )


def test_a_wrong_derivative_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [case for case in gpu.CASES if case.name in ("exp", "insert")]
    monkeypatch.setattr(gpu, "CASES", cases)
    *_, last = gpu.check_rules(DeviceArray)
    agreeing = sum(case.name == "exp" for case in cases)
    assert last.startswith(f"{agreeing} of {len(cases)} cases agree")
    first, *_ = gpu.check_rules(lambda x: DeviceArray(2 * x))
    assert "Not equal to tolerance" in first


def test_tasks_run_on_either_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (np.asarray, DeviceArray):
        gpu.training_step([6, 4, 3], 5, place)()
        assert gpu.gradient_of_chi_squared(20, place)().shape == (3,)
        assert gpu.rosenbrock_gradient(20, place)().shape == (20,)
