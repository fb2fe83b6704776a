"""A link that leads nowhere is a page that nobody finds."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    broken = [
        (path, anchor)
        for path, anchor in LINK.findall(text)
        if not path.startswith(("http://", "https://"))
        if not _is_there(page.parent / path if path else page, anchor)
    ]

    assert broken == []


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()

    assert [page.name for page in (ROOT / "docs").glob("*.md") if page.name not in readme] == []


def _is_there(target: Path, anchor: str) -> bool:
    if not target.exists():
        return False
    return not anchor or anchor in {_anchor(line) for line in target.read_text().splitlines()}


def _anchor(line: str) -> str:
    """Return the anchor that GitHub gives a heading; empty for any other line."""
    if not line.startswith("#"):
        return ""
    words = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
    return words.replace(" ", "-")
