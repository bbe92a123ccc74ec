"""A headless Chromium that opens pages, and hears what it complains of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, address: dict[str, str]) -> Iterator[Any]:
    """Yield what opens a page; at the end nothing may have been complained of."""
    complaints: list[str] = []
    contexts = []

    def open_page(name: str = "micrograd", step: str = "", **options: Any) -> Any:
        options = {"reduced_motion": "reduce", "offline": True} | options
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address[name] + step)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
