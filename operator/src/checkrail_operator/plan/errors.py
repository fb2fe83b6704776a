"""The ways a pass ends early that are not bugs."""


class InvalidSpecError(Exception):
    """An edit is needed; the message names the field and what to change. Not retried."""


class DefaultsError(InvalidSpecError):
    """The operator's defaults do not complete the spec: they can be mended as well as the spec."""


class TransientError(Exception):
    """The API server is away, throttling or in conflict: run a new pass, with backoff."""


class ForbiddenError(TransientError):
    """The API server does not allow it: a quota, an admission policy, or a right that we lack.

    No edit of the object mends that, but somebody may at any time: the pass is repeated as well.
    """

    def __init__(self, what: str, message: str) -> None:
        super().__init__(
            f"The API server refuses {what}: {message.rstrip('. ')}. A quota or an admission "
            f"policy forbids it, or the operator lacks a right. It is tried again by itself."
        )


class NameConflictError(Exception):
    """An object of a name that a child needs exists and is not ours. Never touched."""

    def __init__(self, api_version: str, kind: str, name: str) -> None:
        super().__init__(
            f"{kind} {name} exists and is not owned by this object: delete or rename it, or "
            f"create this object under another name"
        )
        self.api_version = api_version
        self.kind = kind
        self.name = name
