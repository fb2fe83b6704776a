"""docs/server-speed.md and its plots, from the figures of one run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from speed_figures import ROWS, SHARES, Cell, Failed, Figures, Kind
from speed_goals import BESIDE, FLOOR, OURS, goals
from speed_plots import Series, line_plot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

CONNECTIONS = (1, 16, 64)
NOTHING = "-"
TEXT = """# Speed of the scoring server

`make bench-server` measures this and writes this page. Every server has one core to itself and
the load has the other one; the figures are medians of the repeats, in each of which the servers
take turns in the other order. All serve the same model: XGBoost, 500 trees, depth 6, 30 features.
A request is one row unless told otherwise, as JSON of the Open Inference Protocol, over
connections that are kept. Ours runs as it does in a pod: metrics, limits, deadlines and the
digest's header are on, and of named inputs each value is compared with what training saw.
Measured {date}.

## Goals

What Checkrail is meant to reach, and what this run has reached:

{goals}

## Requests a second

{rates}

Ready is from exec to the first answer of the model; the others read a file, Checkrail an S3 store
unless told otherwise, as it does in a pod. Memory is resident, of all processes, after all loads
of this page. "{floor}" reads nothing and always says the same: what the machine and the load take
of every figure here.

Checkrail's requests/s, and its p99, as multiples of the others':

{ratios}

![Requests a second by connections](server-speed-connections.svg)

## Latency in an open loop

Requests come at random instants (Poisson) at a share of the server's own peak at 64 connections,
and latency counts from the instant at which a request was due, so that a pause is paid by all
that it delays.

{open}

![Latency by load](server-speed-open-loop.svg)

## gRPC

One call at a time over each connection, requests/s.

{grpc}

![gRPC calls a second by connections](server-speed-grpc.svg)

## Rows

16 connections, rows/s. Binary is the binary tensor extension, both ways.

{rows}

![Rows a second by rows of a request](server-speed-rows.svg)
"""


def publish(figures: Figures, servers: Sequence[str], folder: Path) -> str:
    """Write the page and its plots into ``folder``, and return the page."""
    page = TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        goals=_table(
            ["", "goal", "reached", ""], (goal.line() for goal in goals(figures, servers))
        ),
        rates=_rates(figures, servers),
        floor=FLOOR.capitalize(),
        ratios=_ratios(figures, [name for name in servers if not name.startswith(OURS)]),
        open=_open(figures),
        grpc=_of_kind(figures, servers, Kind.GRPC, CONNECTIONS),
        rows=_rows(figures, servers),
    )
    (folder / "server-speed.md").write_text(page)
    plots = {
        "connections": line_plot(
            "Requests a second, one row each",
            "connections",
            "requests/s",
            _series(servers, CONNECTIONS, lambda name, x: figures.median(name, _json(x))),
        ),
        "grpc": line_plot(
            "gRPC calls a second, one row each",
            "connections",
            "calls/s",
            _series(servers, CONNECTIONS, lambda name, x: figures.median(name, _grpc(x))),
        ),
        "open-loop": line_plot(
            "Latency in an open loop",
            "requests/s that come",
            "ms",
            _latencies(figures),
        ),
        "rows": line_plot(
            "Rows a second, 16 connections, JSON",
            "rows of a request",
            "rows/s",
            _series(servers, ROWS, lambda name, x: _rows_a_second(figures, name, Kind.ROWS, x)),
        ),
    }
    for name, content in plots.items():
        (folder / f"server-speed-{name}.svg").write_text(content)
    return page


def _json(connections: float) -> Cell:
    return Cell(Kind.JSON, connections)


def _grpc(connections: float) -> Cell:
    return Cell(Kind.GRPC, connections)


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def _shown(value: float | Failed | None, form: str = ",.0f") -> str:
    if value is None:
        return NOTHING
    return str(value) if isinstance(value, Failed) else format(value, form)


def _rates(figures: Figures, servers: Sequence[str]) -> str:
    head = ["server", *(f"{number}" for number in CONNECTIONS)]
    head += [f"p99 at {number}, ms" for number in CONNECTIONS]
    lines = []
    for name in servers:
        memory = figures.memory_bytes(name)
        lines.append(
            [
                name,
                *(_shown(figures.median(name, _json(number))) for number in CONNECTIONS),
                *(
                    _shown(figures.median(name, _json(number), "p99"), ".2f")
                    for number in CONNECTIONS
                ),
                _shown(figures.ready_seconds(name), ".2f"),
                _shown(memory and memory / 1e6),
            ]
        )
    return _table([*head, "ready, s", "MB"], lines)


def _ratios(figures: Figures, others: Sequence[str]) -> str:
    def ratio(name: str, number: int, what: str) -> str:
        ours, theirs = (figures.median(each, _json(number), what) for each in (OURS, name))
        if isinstance(ours, float) and isinstance(theirs, float):
            return f"{ours / theirs:.2f}"
        return NOTHING

    head = ["beside", *(f"requests/s at {number}" for number in CONNECTIONS)]
    head += [f"p99 at {number}" for number in CONNECTIONS]
    return _table(
        head,
        (
            [name, *(ratio(name, n, what) for what in ("rate", "p99") for n in CONNECTIONS)]
            for name in others
        ),
    )


def _open(figures: Figures) -> str:
    lines = [
        [
            name,
            f"{share:.0%}",
            *(
                _shown(figures.median(name, Cell(Kind.OPEN, share), what), form)
                for what, form in (
                    ("rate", ",.0f"),
                    ("p50", ".2f"),
                    ("p99", ".2f"),
                    ("p999", ".2f"),
                )
            ),
        ]
        for name in (OURS, BESIDE)
        for share in SHARES
    ]
    return _table(["server", "load", "requests/s", "p50, ms", "p99, ms", "p99.9, ms"], lines)


def _of_kind(figures: Figures, servers: Sequence[str], kind: Kind, numbers: Sequence[float]) -> str:
    lines = (
        [name, *(_shown(figures.median(name, Cell(kind, number))) for number in numbers)]
        for name in servers
        if figures.median(name, Cell(kind, numbers[0])) is not None
    )
    return _table(["server", *(f"{number:g} connections" for number in numbers)], lines)


def _rows_a_second(figures: Figures, name: str, kind: Kind, rows: float) -> float | Failed | None:
    rate = figures.median(name, Cell(kind, rows))
    return rate * rows if isinstance(rate, float) else rate


def _rows(figures: Figures, servers: Sequence[str]) -> str:
    lines = (
        [
            name,
            *(_shown(_rows_a_second(figures, name, Kind.ROWS, rows)) for rows in ROWS),
            _shown(_rows_a_second(figures, name, Kind.BINARY, 64)),
        ]
        for name in servers
        if figures.median(name, Cell(Kind.ROWS, 1)) is not None
    )
    head = ["server", *(f"{rows:,} of a request" for rows in ROWS), "64 of a request, binary"]
    return _table(head, lines)


def _series(
    servers: Sequence[str],
    numbers: Sequence[float],
    value: Callable[[str, float], float | Failed | None],
) -> list[Series]:
    """Return a line for each server of which something was measured."""
    found = (
        Series(name, [(x, y) for x in numbers if isinstance(y := value(name, x), float)])
        for name in servers
    )
    return [series for series in found if series.points]


def _latencies(figures: Figures) -> list[Series]:
    def points(name: str, what: str) -> list[tuple[float, float]]:
        found = [
            (
                figures.median(name, Cell(Kind.OPEN, share)),
                figures.median(name, Cell(Kind.OPEN, share), what),
            )
            for share in SHARES
        ]
        return [(x, y) for x, y in found if isinstance(x, float) and isinstance(y, float)]

    return [
        Series(f"{name}, {said}", points(name, what))
        for name in (OURS, BESIDE)
        for what, said in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"))
    ]
