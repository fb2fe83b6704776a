"""Reading a URL that anything may answer."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from checkrail_operator.observe.rollout_reads import Fetched, Reads
from checkrail_operator.shell import web as web_module
from checkrail_operator.shell.web import (
    AT_ONCE,
    LATE,
    MOST_BYTES,
    NO_ANSWER,
    NOT_ALLOWED,
    HttpWeb,
)


async def _answer(request: web.Request) -> web.StreamResponse:
    match request.path:
        case "/metrics":
            return web.Response(text=f"query {request.query.get('query')}")
        case "/prometheus/api/v1/query":
            return web.Response(text=f"asked for {request.query['query']}")
        case "/elsewhere":
            raise web.HTTPFound("/metrics")
        case "/much":
            return web.Response(body=b"x" * (MOST_BYTES + 1))
        case _:
            raise web.HTTPNotFound


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", _answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[HttpWeb]:
    made = HttpWeb()
    yield made
    await made.close()


async def read(http: HttpWeb, url: str) -> Fetched:
    metrics, _ = await http.read(Reads({"pod": url}))
    return metrics["pod"]


async def ask(http: HttpWeb, address: str) -> Fetched:
    _, answers = await http.read(Reads(queries={"check": (address, "a b")}))
    return answers["check"]


async def test_the_text_of_a_pod_is_returned(http: HttpWeb, url: str) -> None:
    assert await read(http, f"{url}/metrics") == Fetched("query None")


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        pytest.param("elsewhere", "answered 302", id="a redirect is not followed"),
        pytest.param("nothing", "answered 404", id="an error"),
        pytest.param("much", f"answered more than {MOST_BYTES} bytes", id="too much"),
    ],
)
async def test_anything_else_is_a_reason(http: HttpWeb, url: str, path: str, trouble: str) -> None:
    assert await read(http, f"{url}/{path}") == Fetched(None, trouble)


async def test_nobody_there_is_a_reason(http: HttpWeb) -> None:
    found = await read(http, "http://127.0.0.1:1/metrics")
    assert found.text is None
    assert "127.0.0.1:1" in found.trouble


async def test_prometheus_is_asked_where_that_is_allowed(url: str) -> None:
    http = HttpWeb([f"{url}/prometheus/"])
    assert await ask(http, f"{url}/prometheus") == Fetched("asked for a b")
    await http.close()


async def test_no_other_address_is_asked(http: HttpWeb, url: str) -> None:
    assert await ask(http, url) == NOT_ALLOWED


async def test_a_user_learns_nothing_of_an_address_that_gives_no_answer() -> None:
    closed = "http://127.0.0.1:1"
    http = HttpWeb([closed])
    assert await ask(http, closed) == NO_ANSWER
    await http.close()


async def test_hosts_that_never_answer_hold_a_pass_up_once_and_not_one_after_the_other(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far more of them than are read at once; each alone would take up the whole deadline."""
    monkeypatch.setattr(web_module, "PASS_SECONDS", 1.0)
    http = HttpWeb()
    silent = [f"silent-{n}" for n in range(4 * AT_ONCE)]
    with socket.create_server(("127.0.0.1", 0), backlog=len(silent)) as nobody_accepts:
        deaf = f"http://127.0.0.1:{nobody_accepts.getsockname()[1]}"
        async with asyncio.timeout(3):
            found, _ = await http.read(
                Reads({"quick": f"{url}/metrics", **dict.fromkeys(silent, deaf)})
            )
    await http.close()
    assert found == {"quick": Fetched("query None"), **dict.fromkeys(silent, LATE)}
