"""Plain HTTP to pods and to Prometheus: short, bounded, and never an error of the pass.

Addresses come from pods' statuses and from users' specs, so an answer may be anything: it is cut
off by size and time, redirects are not followed, and no proxy of the environment is used.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import aiohttp

from checkrail_operator.observe.rollout_reads import Fetched

TIMEOUT = aiohttp.ClientTimeout(total=5, sock_connect=2)
"""Of one read, seconds."""
MOST_BYTES = 2**20
AT_ONCE = 32
OK = 200


class Web(Protocol):
    """Reads a URL."""

    async def fetch(self, url: str, query: Mapping[str, str] | None = None) -> Fetched:
        """Return the text that ``url`` answers, or why there is none; raises nothing."""


class HttpWeb:
    """``Web`` by aiohttp, some reads at once."""

    def __init__(self) -> None:
        """Open no connection yet; inside an event loop."""
        self._session = aiohttp.ClientSession(
            timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )
        self._free = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, url: str, query: Mapping[str, str] | None = None) -> Fetched:
        """Return the text that ``url`` answers, or why there is none; raises nothing."""
        async with self._free:
            try:
                return await self._fetch(url, query)
            except TimeoutError:
                return Fetched(None, f"no answer within {TIMEOUT.total:g} s")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                return Fetched(None, str(error)[:200] or type(error).__name__)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def _fetch(self, url: str, query: Mapping[str, str] | None) -> Fetched:
        async with self._session.get(url, params=query, allow_redirects=False) as answer:
            if answer.status != OK:
                return Fetched(None, f"answered {answer.status}")
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > MOST_BYTES:
                    return Fetched(None, f"answered more than {MOST_BYTES} bytes")
            return Fetched(body.decode(errors="replace"))
