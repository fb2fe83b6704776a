"""A real browser without a screen, and the page it shows."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

REFUSED = "Failed to load resource: the server responded with a status of "
"""What the console says of an answer 4xx, which a page may ask for."""
SCRIPT = Path(__file__).parents[2] / "scripts" / "chromium"


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium; skip where there is none and none can be installed."""
    found = subprocess.run([SCRIPT], check=False, capture_output=True, text=True)
    if found.returncode:
        pytest.skip(found.stderr.strip())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip())
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """Open ``url``; on leaving, nothing must have been wrong, its policy included."""
    page = browser.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.goto(url)
    yield page
    page.close()
    assert [each for each in wrong if not each.startswith(REFUSED)] == []
