"""help() on a package begins with what is where, and leaves no public name out."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

import fit
import nn


@pytest.mark.parametrize("package", [nn, fit], ids=lambda package: package.__name__)
def test_the_overview_of_a_package_has_all_its_names(package: ModuleType) -> None:
    rows = re.findall(r"^\| [^|]+ \| (.+) \|$", package.__doc__ or "", re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert told >= set(package.__all__)
    assert "Examples\n--------\n>>> " in (package.__doc__ or "")
