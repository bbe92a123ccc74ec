"""A headless Chromium that opens pages, and hears what it complains of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_loop_runs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test run coroutines, though Playwright's loop goes on once a browser was opened."""
    loop = asyncio._get_running_loop()
    if loop is None or "browser" in request.fixturenames:
        yield
    else:
        asyncio._set_running_loop(None)
        yield
        asyncio._set_running_loop(loop)


RESET = """(step) => {
  document.activeElement.blur();
  for (const part of document.querySelectorAll("details")) part.open = false;
  for (const box of [document.documentElement, ...boxes]) box.scrollTo(0, 0);
  play(false);
  now = -1;
  show(step);
  fit(false);
}"""


@pytest.fixture(scope="module")
def load(browser: Any, address: dict[str, str]) -> Iterator[Any]:
    """Yield what loads a page, and what each page complained of."""
    contexts = []

    def load_page(name: str, step: int | None = None) -> tuple[Any, list[str]]:
        contexts.append(browser.new_context(reduced_motion="reduce", offline=True))
        page, complaints = contexts[-1].new_page(), []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address[name] + (f"#step-{step}" if step is not None else ""))
        return page, complaints

    yield load_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def pages() -> dict[str, Any]:
    """The pages that tests share, by name."""
    return {}


@pytest.fixture
def opened(load: Any, pages: dict[str, Any]) -> Iterator[Any]:
    """Yield what opens a page at a step; at the end nothing may have been complained of.

    A page is loaded once and put back to how it was, unless a test wants it ``afresh``.
    """
    used = []

    def open_page(
        name: str = "micrograd",
        step: int | None = None,
        *,
        width: int = 1280,
        height: int = 720,
        colour: str = "light",
        motion: str = "reduce",
        afresh: bool = False,
    ) -> Any:
        if afresh or name not in pages:
            used.append(load(name, step))
            if not afresh:
                pages[name] = used[-1]
        else:
            used.append(pages[name])
        page, _ = used[-1]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=colour, reduced_motion=motion)
        if not afresh:
            page.evaluate(RESET, step or 0)
        return page

    yield open_page
    assert [complaint for _, complaints in used for complaint in complaints] == []
