"""What scoring servers say of a candidate in shadow: JSON to reports.

As with counters, the text comes from a pod that a user may have built: it becomes a report within
its bounds, or a sentence.
"""

from pydantic import ValidationError

from checkrail_api.shadow import ShadowReport
from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.deployment.shadow_counts import ShadowReading


def see_shadows(raw: Raw) -> ShadowReading:
    """Return the reports by UID of their pods, and why pods gave none by their names."""
    uids = {c["metadata"]["name"]: c["metadata"]["uid"] for c in raw.children if c["kind"] == "Pod"}
    reports: dict[str, ShadowReport] = {}
    unread: dict[str, str] = {}
    for name, fetched in sorted(raw.shadows.items()):
        if fetched.text is None:
            unread[name] = fetched.trouble
            continue
        try:
            reports[uids[name]] = ShadowReport.model_validate_json(fetched.text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"])) or "document"
            unread[name] = f"no report of a shadow: {place}: {first['msg']}"[:200]
    return ShadowReading(reports, unread)
