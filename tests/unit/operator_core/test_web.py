"""Reading a URL that anything may answer."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from checkrail_operator.observe.rollout_reads import Fetched
from checkrail_operator.shell.web import MOST_BYTES, HttpWeb


async def _answer(request: web.Request) -> web.StreamResponse:
    match request.path:
        case "/metrics":
            return web.Response(text=f"query {request.query.get('query')}")
        case "/elsewhere":
            raise web.HTTPFound("/metrics")
        case "/much":
            return web.Response(body=b"x" * (MOST_BYTES + 1))
        case _:
            raise web.HTTPNotFound


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path}", _answer)
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


async def test_the_text_of_an_answer_is_returned(http: HttpWeb, url: str) -> None:
    assert await http.fetch(f"{url}/metrics", {"query": "a b"}) == Fetched("query a b")


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        pytest.param("elsewhere", "answered 302", id="a redirect is not followed"),
        pytest.param("nothing", "answered 404", id="an error"),
        pytest.param("much", f"answered more than {MOST_BYTES} bytes", id="too much"),
    ],
)
async def test_anything_else_is_a_reason(http: HttpWeb, url: str, path: str, trouble: str) -> None:
    assert await http.fetch(f"{url}/{path}") == Fetched(None, trouble)


async def test_nobody_there_is_a_reason(http: HttpWeb) -> None:
    found = await http.fetch("http://127.0.0.1:1/metrics")
    assert found.text is None
    assert "127.0.0.1:1" in found.trouble
