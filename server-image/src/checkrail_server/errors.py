"""What goes wrong: at the start for good or for now, and in a request."""


class LoadError(Exception):
    """The artifact cannot be served, and trying again would not help."""


class StoreUnavailableError(Exception):
    """The object store does not answer; it may later."""


class RequestError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, *, headers: bytes = b"") -> None:
        """Answer ``status`` and ``message``; ``headers`` are whole lines, each with its CRLF."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def unprocessable(message: str) -> RequestError:
    """A request of the right form that does not fit the model."""
    return RequestError(422, message)


def malformed(message: str) -> RequestError:
    """A request that is not of the protocol's form."""
    return RequestError(400, message)


def unavailable(message: str) -> RequestError:
    """A request that may be answered elsewhere, or here in a second."""
    return RequestError(503, message, headers=b"retry-after: 1\r\n")
