"""A headless Chromium that opens pages, and what keeps thousands of tests fast."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let BLAS have one thread in each worker, as each has one core.

    Where all have all cores, their threads wait for each other: searches by SciPy took ten times
    as long.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what has come about so far.

    A look at the objects of fifty thousand tests takes 0.6 s, each time that a test collects.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def several_threads_of_blas() -> Iterator[None]:
    """Let BLAS have two threads in a module's tests, and what it likes in processes they start."""
    from autodiff.compiled._blas_threads import _threads

    counts = [(setting, telling()) for setting, telling in _threads()]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OPENBLAS_NUM_THREADS", raising=False)
        for setting, _ in counts:
            setting(2)
        yield
        for setting, count in counts:
            setting(count)
