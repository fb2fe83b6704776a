"""A scoring request on its way: read, inferred, answered, counted."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from checkrail_server import open_inference, rows
from checkrail_server.answers import Answer
from checkrail_server.decisions.log import Answered
from checkrail_server.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Container

    from checkrail_server.exchange import Exchange
    from checkrail_server.model import Feeds, Model
    from checkrail_server.service import Service
    from checkrail_server.tensors import Array


class ScoringJob(ABC):
    """Implements ``inference_queue.Job`` for one exchange."""

    __slots__ = ("_exchange", "_model", "_service", "feeds", "rows")

    feeds: Feeds
    rows: int
    request_id: str | None = None
    """What the request calls itself."""
    answered: Container[str] | None = None
    """Names of the outputs that the client gets; None: all."""

    def __init__(self, service: Service, model: Model, exchange: Exchange) -> None:
        """Remember whom to answer."""
        self._service = service
        self._model = model
        self._exchange = exchange

    @abstractmethod
    def answer(self, outputs: list[Array]) -> Answer:
        """Return the answer of ``outputs``, which are the model's."""

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._exchange.abandoned

    def done(self, outputs: list[Array], seconds: float) -> None:
        """Answer and count."""
        try:
            self._finish(outputs, seconds)
        finally:
            self._exchange.end_inference()

    def failed(self, error: BaseException) -> None:
        """Answer that the server failed: what reaches the model was checked against it."""
        try:
            self._service.fail(self._exchange, error)
        finally:
            self._exchange.end_inference()

    def dropped(self) -> None:
        """Give back what the request held."""
        self._exchange.end_inference()

    def _finish(self, outputs: list[Array], seconds: float) -> None:
        self._service.metrics.inferred(outputs, seconds)
        if self.abandoned:
            return
        try:
            answer = self._counted(outputs)
        except RequestError as error:
            self._service.refuse(self._exchange, error)
        except Exception as error:  # noqa: BLE001 - a bug fails one request, not the queue
            self._service.fail(self._exchange, error)
        else:
            self._service.send(self._exchange, answer)
            self._recorded(outputs)

    def _recorded(self, outputs: list[Array]) -> None:
        """Add the answer to the decision log, if there is one."""
        if recording := self._service.recording:
            exchange = self._exchange
            name = self.request_id
            if name is None and exchange.request_id:
                name = exchange.request_id.decode("latin-1")
            seconds = time.perf_counter() - exchange.started
            recording.log.take(self.feeds, outputs, (Answered(name, self.rows, seconds),))

    def _counted(self, outputs: list[Array]) -> Answer:
        # a label is chosen from the probabilities: whoever gets one relies on the other
        answered = None if self._model.classifier else self.answered
        finite = self._model.finite.check(outputs, answered)
        answer = self.answer(outputs)
        if not self._exchange.picked:
            self._service.metrics.scored(self.feeds, self.rows, outputs, finite=finite)
        return answer


class InferJob(ScoringJob):
    """An inference of the Open Inference Protocol."""

    __slots__ = ("_request", "answered", "request_id")

    def __init__(self, service: Service, model: Model, exchange: Exchange) -> None:
        """Read the request, see ``open_inference.InferRequest`` for what is raised."""
        super().__init__(service, model, exchange)
        self._request = open_inference.read(
            exchange.body, model, service.limits.rows, exchange.json_size
        )
        self.request_id = self._request.id
        self.feeds = self._request.feeds
        self.rows = self._request.rows
        self.answered = self._request.outputs

    def answer(self, outputs: list[Array]) -> Answer:
        """Return the protocol's answer."""
        version = self._service.settings.version
        return open_inference.answer(self._request, self._model, version, outputs)


class PredictJob(ScoringJob):
    """Rows of a person."""

    __slots__ = ()

    def __init__(self, service: Service, model: Model, exchange: Exchange) -> None:
        """Read the request, see ``rows.RowsRequest`` for what is raised."""
        super().__init__(service, model, exchange)
        request = rows.RowsRequest(exchange.body, model, service.limits.rows)
        self.feeds = request.feeds
        self.rows = request.rows

    def answer(self, outputs: list[Array]) -> Answer:
        """Return the predictions."""
        settings = self._service.settings
        return Answer(200, rows.answer(self._model, settings.version, settings.sha256, outputs))
