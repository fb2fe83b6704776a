"""What the trainer says: progress lines and termination message; nothing else is believed."""

from pydantic import TypeAdapter, ValidationError

from checkrail_api.model_version import Artifact
from checkrail_api.record import Record, read_record
from checkrail_api.reports import ProgressEvent, TrainerFailure, TrainerSuccess

_REPORT: TypeAdapter[TrainerSuccess | TrainerFailure] = TypeAdapter(TrainerSuccess | TrainerFailure)


def last_progress(log: str) -> ProgressEvent | None:
    """Return the last line that is a progress event; all other lines are ignored."""
    for line in reversed(log.splitlines()):
        try:
            event = ProgressEvent.model_validate_json(line)
        except ValidationError:
            continue
        if "event" in event.model_fields_set:
            return event
    return None


def record_in(log: str, report: TrainerSuccess | TrainerFailure | None) -> Record | None:
    """Return the record that ``report`` vouches for, or None if the log does not hold all of it.

    Lines end with a line feed and nothing else: a category may hold any other separator.
    """
    if not isinstance(report, TrainerSuccess):
        return None
    return read_record(log.split("\n"), report.record_sha256)


def termination_report(message: str) -> TrainerSuccess | TrainerFailure | None:
    """Return the report that a termination message holds, or None if it holds no valid one.

    A success must also fit into a ModelVersion, which bounds its artifact more tightly.
    """
    try:
        report = _REPORT.validate_json(message)
        if isinstance(report, TrainerSuccess):
            artifact = report.artifact
            Artifact(
                uri=artifact.uri,
                sha256=artifact.sha256,
                size_bytes=artifact.size_bytes,
                opset=artifact.opset,
            )
    except ValidationError:
        return None
    return report
