"""Progress and durations as people read them in a column of ``kubectl get``."""

from checkrail_api.reports import Phase
from checkrail_api.training_status import Progress

DONE = 100
UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def progress(phase: Phase, percent: int, eta_seconds: int | None = None) -> Progress:
    """Return how far a run is, with what a column shows: ``Training 42%, 31s left``."""
    left = f", {duration(eta_seconds)} left" if eta_seconds is not None else ""
    done = f"{phase.value} {percent}%{left}" if percent < DONE else f"{DONE}%"
    return Progress(
        phase=phase,
        percent=percent,
        eta_seconds=eta_seconds,
        summary=done,
    )


def duration(seconds: int) -> str:
    """Return a duration by its two largest units: ``45s``, ``1m32s``, ``2h5m``, ``3d``."""
    parts: list[str] = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
    return "".join(parts[:2]) or "0s"
