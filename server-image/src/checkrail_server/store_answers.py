"""What an object store's refusal means: try again, or give up, and why."""

from __future__ import annotations

import re

from checkrail_server.errors import LoadError, StoreUnavailableError

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
MISSING = 404
STATUS = re.compile(r"status code: (\d{3})")
CODE = re.compile(r"<Code>(\w{1,64})</Code>")
DEBUG = "\n\nDebug source:"
"""What follows in a message of obstore is Rust's view of the error."""
REDIRECT = "redirect"
INSTANCE = "169.254.169.254"
"""Where the identity of a machine is asked for when there is no other."""
CHARACTERS = 500
"""Of a message that is passed on."""


def failure(where: str, text: str) -> LoadError | StoreUnavailableError:
    """Return what an error of obstore means, which says ``text`` of the object at ``where``."""
    said, _, debug = text.partition(DEBUG)
    said = said.strip()[:CHARACTERS]
    if INSTANCE in said:
        return StoreUnavailableError(
            f"{where}: no keys are set, and the machine gives no credentials: {said}"
        )
    if not (found := STATUS.search(said)):
        if REDIRECT in said:
            return LoadError(f"{where} cannot be read: {said}")
        return StoreUnavailableError(f"{where}: {said}: {_innermost(debug)}")
    code = CODE.search(text)
    return refusal(where, int(found[1]), code[1] if code else "no code")


def refusal(where: str, status: int, code: str) -> LoadError | StoreUnavailableError:
    """Return what the answer ``status`` means, whose document says ``code``."""
    if status >= SERVER_ERROR or status == TOO_MANY_REQUESTS:
        return StoreUnavailableError(f"{where}: the store answered {status} {code}")
    if status == MISSING:
        return LoadError(f"{where} does not exist: the store answered {code}")
    return LoadError(
        f"{where} cannot be read: the store answered {status} {code}; "
        "check the credentials Secret and the store's policy"
    )


def _innermost(debug: str) -> str:
    """Return the cause that has none itself: the last line with a value, in Rust's notation."""
    values = [line.strip(" ,") for line in debug.splitlines()]
    values = [line for line in values if line and line[-1] not in "({[)}]"]
    name, _, value = values[-1].partition(": ") if values else ("", "", "")
    cause = (value or name).strip('"')
    return f"its certificate: {cause}" if "InvalidCertificate" in debug else cause
