"""A server that reads nothing and always says the same: what machine and load take."""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

BODY = b"0" * 256
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


class FixedAnswer(asyncio.Protocol):
    """One client."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - asyncio's signature
        """Answer, whatever it is: requests are small, and come in one piece."""
        self._transport.write(ANSWER)


async def main() -> None:
    """Serve until a signal."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FixedAnswer, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
