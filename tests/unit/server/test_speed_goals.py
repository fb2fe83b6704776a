"""The goals on the page of `make bench-server`: met and missed follow from the run's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speed_figures import Cell, Failed, Figures, Kind
from speed_goals import goals
from speed_load import Load
from speed_page import publish

if TYPE_CHECKING:
    from pathlib import Path

SERVERS = ["Checkrail", "Checkrail, 30 named inputs", "KServe", "MLServer", "mosec"]


def figures(ours: dict[int, tuple[float, float]]) -> Figures:
    """Return a run: requests/s and p99 of ours by connections; the others make 100/s and 10 ms."""
    found = Figures()
    for number, (rate, p99) in ours.items():
        found.take("Checkrail", Cell(Kind.JSON, number), Load(rate, p99 / 2, p99))
        for name in SERVERS[2:]:
            found.take(name, Cell(Kind.JSON, number), Load(100, 5, 10))
    return found


def verdicts(found: Figures) -> dict[str, str]:
    return {goal.what: goal.verdict for goal in goals(found, SERVERS)}


def test_a_goal_is_met_at_its_bound_and_missed_beyond_it() -> None:
    found = figures({1: (350, 2.0), 16: (1499, 2.1), 64: (2000, 0.5)})
    found.ready("Checkrail", 0.6)
    found.memory("Checkrail", 110_000_001)

    assert verdicts(found) == {
        "requests/s at 1, times KServe's": "met",
        "requests/s at 16, times KServe's": "missed",
        "requests/s at 64, times KServe's": "met",
        **{
            f"requests/s at {n}, times {name}'s": "met" for name in SERVERS[3:] for n in (1, 16, 64)
        },
        "p99 at 1, times KServe's": "met",
        "p99 at 16, times KServe's": "missed",
        "p99 at 64, times KServe's": "met",
        "ready from a directory, s": "not measured",
        "ready from an S3 store, s": "met",
        "memory, MB": "missed",
    }


def test_to_be_as_fast_as_another_is_not_to_be_faster() -> None:
    found = verdicts(figures({1: (100, 1), 16: (101, 1), 64: (99, 1)}))

    assert [found[f"requests/s at {n}, times mosec's"] for n in (1, 16, 64)] == [
        "missed",
        "met",
        "missed",
    ]


def test_a_goal_beside_a_server_that_failed_is_neither_met_nor_missed() -> None:
    found = figures({1: (350, 2.0)})
    found.take("KServe", Cell(Kind.JSON, 1), Failed("no answer"))

    assert set(verdicts(found).values()) == {"met", "not measured"}
    assert verdicts(found)["requests/s at 1, times KServe's"] == "not measured"


def test_the_page_shows_each_goal_beside_what_was_reached(tmp_path: Path) -> None:
    page = publish(figures({1: (400, 1), 16: (1600, 1), 64: (1900, 1)}), SERVERS, tmp_path)

    assert "| requests/s at 1, times KServe's | at least 3.5 | 4.00 | met |" in page
    assert "| requests/s at 64, times KServe's | at least 20 | 19.00 | missed |" in page
