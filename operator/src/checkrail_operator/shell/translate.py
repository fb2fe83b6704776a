"""Foreign exceptions become ours at the door; nothing inside knows aiohttp or kubernetes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from kubernetes.aio.client.exceptions import ApiException

from checkrail_operator.plan.errors import ForbiddenError, InvalidSpecError, TransientError
from checkrail_operator.shell.cluster import NamespaceTerminatingError

FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
_REFUSED = frozenset({400, 413, 422})


class ThrottledError(TransientError):
    """The API server asks to come back later.

    Attributes:
        after_seconds: The least delay it asks for.
    """

    def __init__(self, message: str, after_seconds: float) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what the client raises into the errors of a pass; ``what`` names the request."""
    try:
        yield
    except ApiException as error:
        raise from_api(error, what) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise TransientError(f"{what}: no answer from the API server: {error!r}") from error


def from_api(error: ApiException, what: str) -> Exception:
    """Return the error of ours for an answer of the API server."""
    answer = status_of(error)
    message = answer.get("message") or error.reason or "no message"
    causes = [c.get("reason") for c in answer.get("details", {}).get("causes", ())]
    if "NamespaceTerminating" in causes:
        return NamespaceTerminatingError(message)
    if error.status in _REFUSED:
        return InvalidSpecError(f"the API server refused {what}: {message}")
    if error.status == FORBIDDEN:
        return ForbiddenError(what, message)
    if after := (error.headers or {}).get("Retry-After"):
        return ThrottledError(f"{what}: {error.status} {message}", _seconds(after))
    return TransientError(f"{what}: {error.status} {message}")


def status_of(error: ApiException) -> dict[str, Any]:
    """Return the ``metav1.Status`` of an answer; empty when it is none."""
    try:
        answer = json.loads(error.body or "")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 1.0
