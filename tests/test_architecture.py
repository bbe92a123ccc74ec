"""What may import what, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "autodiff": set(),
    "optim": {"autodiff"},
    "nn": {"autodiff", "optim"},
    "fit": {"autodiff", "optim"},
}


def imports(path: Path) -> set[str]:
    found = set()
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            found.add(statement.module or "")
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_arrows_run_one_way(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        ours = {name.split(".")[0] for name in imports(path)} & {*MAY_IMPORT, "demos", "tests"}
        assert ours <= MAY_IMPORT[package] | {package}, path


@pytest.mark.parametrize("package", ["nn", "optim", "fit", "demos"])
def test_only_the_public_face_of_another_package_is_used(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        for name in imports(path):
            head, _, rest = name.partition(".")
            if head in MAY_IMPORT and head != package:
                assert not rest, f"{path} imports {name}"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_importing_loads_nothing_heavy(package: str) -> None:
    heavy = "['scipy.optimize', 'scipy.stats', 'matplotlib', 'graphviz', 'pygraphviz', 'sklearn']"
    code = f"import sys, {package}; print([m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_every_public_name_exists_and_is_documented(package: str) -> None:
    module = __import__(package)
    for name in module.__all__:
        assert getattr(module, name).__doc__, f"{package}.{name}"
