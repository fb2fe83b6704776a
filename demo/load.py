"""An open-loop load: requests leave on time whether or not earlier ones came back.

A closed loop would slow down with the server and hide what users see (coordinated omission). Each
answer becomes one line of JSON on stdout: when it was due, how long it took, status, version.

Run inside the cluster's network: ``local-cluster/cluster exec -- .venv/bin/python -m demo.load``.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

VERSION_HEADER = "x-checkrail-model-version"
REQUEST_SECONDS = 10
MAX_SECONDS = 1800
SEED = 20261128


async def one(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]
) -> dict[str, Any]:
    """Send one request; return its line. A failure to connect or answer has status 0."""
    wall, start = time.time(), time.perf_counter()
    line: dict[str, Any] = {"at": round(wall, 4)}
    try:
        async with session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            line |= {"status": answer.status, "version": answer.headers.get(VERSION_HEADER, "")}
    except (aiohttp.ClientError, TimeoutError) as error:
        line |= {"status": 0, "version": "", "error": f"{type(error).__name__}: {error}"}
    return line | {"seconds": round(time.perf_counter() - start, 6)}


async def open_loop(
    url: str,
    bodies: Sequence[bytes],
    headers: Mapping[str, str],
    *,
    rate: float,
    seconds: float,
    connect: bool = False,
) -> None:
    """Send ``rate`` requests a second for ``seconds`` or until SIGTERM; print a line for each.

    Each takes one of ``bodies`` by chance (seeded): in turn, they could fall into step with a
    gateway that splits in turn, and each version would see some of them only. With ``connect`` each
    makes a connection of its own, which a Service sends to any pod.
    """
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    under_way: set[asyncio.Task[None]] = set()
    chance = random.Random(SEED)  # noqa: S311 - a load, not a secret

    async def tell(session: aiohttp.ClientSession) -> None:
        print(json.dumps(await one(session, url, chance.choice(bodies), headers)), flush=True)

    connector = aiohttp.TCPConnector(force_close=connect)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        start = time.perf_counter()
        for number in range(int(rate * seconds)):
            wait = start + number / rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            if stop.is_set():
                break
            task = asyncio.create_task(tell(session))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)


async def burst(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    requests: int,
    workers: int = 16,
    connect: bool = False,
) -> list[dict[str, Any]]:
    """Send ``requests`` as fast as ``workers`` allow, see `open_loop`; return every line."""
    lines: list[dict[str, Any]] = []
    left = iter(range(requests))

    async def work(session: aiohttp.ClientSession) -> None:
        for _ in left:
            line = await one(session, url, body, headers)
            lines.append(line)

    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    connector = aiohttp.TCPConnector(force_close=connect)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        await asyncio.gather(*(work(session) for _ in range(workers)))
    return lines


def main() -> None:
    """Read the arguments and send."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True, help="Host header: the route's host name")
    parser.add_argument("--path", default="/predict")
    parser.add_argument(
        "--service", help="URL to send to instead of the gateway's, a connection for each request"
    )
    parser.add_argument(
        "--body", required=True, help="JSON, or @FILE: lines of JSON that the load takes by chance"
    )
    parser.add_argument("--rate", type=float, default=100, help="requests a second, open loop")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--burst", type=int, help="send so many as fast as possible instead")
    args = parser.parse_args()
    if not 0 < args.seconds <= MAX_SECONDS:
        sys.exit(f"load: --seconds {args.seconds}: expected more than 0, at most {MAX_SECONDS}")
    text = args.body
    lines = Path(text[1:]).read_bytes() if text.startswith("@") else text.encode()
    bodies = lines.splitlines()
    url = (args.service or os.environ["CHECKRAIL_GATEWAY_URL"]) + args.path
    headers = {"Host": args.host, "Content-Type": "application/json"}
    connect = args.service is not None
    if args.burst:
        sent = burst(url, bodies[0], headers, requests=args.burst, connect=connect)
        for answer in asyncio.run(sent):
            print(json.dumps(answer))
    else:
        pace = {"rate": args.rate, "seconds": args.seconds}
        asyncio.run(open_loop(url, bodies, headers, **pace, connect=connect))


if __name__ == "__main__":
    main()
