"""A scoring request on its way to the model, and what it wants to hear of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from checkrail_server import open_inference, rows
from checkrail_server.answers import Answer
from checkrail_server.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Container

    from checkrail_server.exchange import Exchange
    from checkrail_server.limits import Limits
    from checkrail_server.model import Feeds, Model
    from checkrail_server.row_layout import Packed
    from checkrail_server.settings import Settings
    from checkrail_server.tensors import Array

TOLD_CHARACTERS = 256
"""What the decision log keeps of a request's id."""


class HasFeeds(Protocol):
    """A request that was read."""

    @property
    def feeds(self) -> Feeds:
        """The inputs."""


class Answerer(Protocol):
    """Who has a request scored: the service, as far as a job has to do with it."""

    settings: Settings
    limits: Limits

    def refuse(self, exchange: Exchange, error: RequestError) -> None:
        """Answer an error."""

    def fail(self, exchange: Exchange, error: BaseException) -> None:
        """Answer 500 and log what happened."""

    def report_bug(self, error: BaseException) -> None:
        """Log what this program did not expect."""


class ScoringJob(ABC):
    """Implements ``inference_queue.Job`` for one exchange."""

    __slots__ = ("_model", "_service", "exchange", "rows", "source")

    rows: int
    source: HasFeeds
    """What was read, which has the inputs."""
    answered: Container[str] | None = None
    """Names of the outputs that the client gets; None: all."""
    packed: Packed | None = None
    """See ``inference_queue.Job``."""
    plain: bool = False
    """Whether the answer is the protocol's JSON of all outputs, with no more than an id beside."""
    id: str | None = None
    """What the client calls the request."""

    def __init__(self, service: Answerer, model: Model, exchange: Exchange) -> None:
        """Remember whom to answer."""
        self._service = service
        self._model = model
        self.exchange = exchange

    @property
    def feeds(self) -> Feeds:
        """The inputs."""
        return self.source.feeds

    @abstractmethod
    def answer(self, outputs: list[Array]) -> Answer:
        """Return the answer of ``outputs``, which are the model's."""

    @property
    def told_id(self) -> str | None:
        """What the client calls the request, in it or in its header, cut to be kept."""
        if self.id is not None:
            return self.id[:TOLD_CHARACTERS]
        if self.exchange.request_id:
            return self.exchange.request_id[:TOLD_CHARACTERS].decode("latin-1")
        return None

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.exchange.abandoned

    def failed(self, error: BaseException) -> None:
        """Answer that the server failed: what reaches the model was checked against it."""
        try:
            if isinstance(error, RequestError):
                self._service.report_bug(error)
                self._service.refuse(self.exchange, error)
            else:
                self._service.fail(self.exchange, error)
        finally:
            self.exchange.end_inference()

    def dropped(self) -> None:
        """Give back what the request held."""
        self.exchange.end_inference()


class InferJob(ScoringJob):
    """An inference of the Open Inference Protocol."""

    __slots__ = ("_request", "answered", "id", "packed", "plain")

    def __init__(self, service: Answerer, model: Model, exchange: Exchange) -> None:
        """Read the request, see ``open_inference.InferRequest`` for what is raised."""
        super().__init__(service, model, exchange)
        self.source = self._request = request = open_inference.read(
            exchange.body, model, service.limits.rows, exchange.json_size
        )
        self.rows = request.rows
        self.packed = request.packed
        self.answered = request.outputs
        self.id = request.id
        self.plain = request.outputs is None and not (request.parameters or request.binary)

    def answer(self, outputs: list[Array]) -> Answer:
        """Return the protocol's answer."""
        version = self._service.settings.version
        return open_inference.answer(self._request, self._model, version, outputs)


class PredictJob(ScoringJob):
    """Rows of a person."""

    __slots__ = ()

    def __init__(self, service: Answerer, model: Model, exchange: Exchange) -> None:
        """Read the request, see ``rows.RowsRequest`` for what is raised."""
        super().__init__(service, model, exchange)
        request = rows.RowsRequest(exchange.body, model, service.limits.rows)
        self.source = request
        self.rows = request.rows

    def answer(self, outputs: list[Array]) -> Answer:
        """Return the predictions."""
        settings = self._service.settings
        return Answer(200, rows.answer(self._model, settings.version, settings.sha256, outputs))


Answered = tuple[ScoringJob, slice, Answer]
"""A request, its rows in the run, and what it gets."""
