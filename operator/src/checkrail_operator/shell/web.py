"""Plain HTTP to pods and to Prometheus: short, bounded, and never an error of the pass.

Addresses of pods come from their statuses, those of Prometheus from users' specs. A pod may answer
anything: it is cut off by size and time, redirects are not followed, and no proxy of the
environment is used. Prometheus is asked only where the operator's settings allow the address: the
operator stands in another place of the network than the user does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Mapping
from typing import Protocol

import aiohttp

from checkrail_operator.observe.rollout_reads import Fetched, Reads

LOG = logging.getLogger(__name__)
PASS_SECONDS = 5.0
"""All reads of a pass together: a pod that does not answer holds up its own object, shortly."""
MOST_BYTES = 2**18
AT_ONCE = 16
"""Reads of one pass."""
OK = 200
LATE = Fetched(None, f"no answer within {PASS_SECONDS:g} s")
NOT_ALLOWED = Fetched(
    None,
    "the operator may not ask this address; whoever installed it can allow it with"
    " rollouts.prometheusAddresses of the chart",
)
NO_ANSWER = Fetched(None, "no answer that could be read; the operator's log says why")
"""Of Prometheus. Users get no more: the operator is no tool to look around in the network with."""


class Web(Protocol):
    """Reads what a rollout needs beside the API server."""

    async def read(self, reads: Reads) -> tuple[dict[str, Fetched], dict[str, Fetched]]:
        """Return what pods and what queries answered, by their names; raises nothing."""


class HttpWeb:
    """``Web`` by aiohttp."""

    def __init__(self, prometheus: Collection[str] = ()) -> None:
        """Open no connection yet; inside an event loop.

        Args:
            prometheus: Addresses that queries may name.
        """
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=PASS_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        self._prometheus = {address.rstrip("/") for address in prometheus}

    async def read(self, reads: Reads) -> tuple[dict[str, Fetched], dict[str, Fetched]]:
        """Return what pods and what queries answered, by their names; raises nothing."""
        free = asyncio.Semaphore(AT_ONCE)
        tasks = {
            **{("pod", n): self._pod(free, url) for n, url in reads.pods.items()},
            **{("query", n): self._query(free, *query) for n, query in reads.queries.items()},
        }
        found = await _in_time(tasks)
        return (
            {name: fetched for (kind, name), fetched in found.items() if kind == "pod"},
            {name: fetched for (kind, name), fetched in found.items() if kind == "query"},
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def _pod(self, free: asyncio.Semaphore, url: str) -> Fetched:
        return await self._fetch(free, url, {})

    async def _query(self, free: asyncio.Semaphore, address: str, query: str) -> Fetched:
        if address.rstrip("/") not in self._prometheus:
            return NOT_ALLOWED
        url = f"{address.rstrip('/')}/api/v1/query"
        fetched = await self._fetch(free, url, {"query": query})
        if fetched.text is None:
            LOG.info(
                "query was not answered",
                extra={"fields": {"address": address, "why": fetched.trouble}},
            )
            return NO_ANSWER
        return fetched

    async def _fetch(self, free: asyncio.Semaphore, url: str, query: Mapping[str, str]) -> Fetched:
        async with free:
            try:
                return await self._body(url, query)
            except TimeoutError:
                return LATE
            except (aiohttp.ClientError, OSError, ValueError) as error:
                return Fetched(None, str(error)[:200] or type(error).__name__)

    async def _body(self, url: str, query: Mapping[str, str]) -> Fetched:
        async with self._session.get(url, params=query, allow_redirects=False) as answer:
            if answer.status != OK:
                return Fetched(None, f"answered {answer.status}")
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > MOST_BYTES:
                    return Fetched(None, f"answered more than {MOST_BYTES} bytes")
            return Fetched(body.decode(errors="replace"))


async def _in_time(
    reads: Mapping[tuple[str, str], Awaitable[Fetched]],
) -> dict[tuple[str, str], Fetched]:
    """Return what comes within ``PASS_SECONDS``; what does not is late."""
    if not reads:
        return {}
    tasks = {name: asyncio.ensure_future(read) for name, read in reads.items()}
    _, late = await asyncio.wait(tasks.values(), timeout=PASS_SECONDS)
    for task in late:
        task.cancel()
    return {name: LATE if task in late else task.result() for name, task in tasks.items()}
