"""Malformed HTTP/2 and gRPC: each message is a whole connection, from its preface on."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hpack import Encoder

from attack.malformed import Malformed
from harness.grpc_client import SERVICE, framed
from harness.grpc_requests import INFER, flight

if TYPE_CHECKING:
    from random import Random

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
GREETING = PREFACE + b"\0\0\0\x04\0\0\0\0\0"
FLOOD = 20_000
"""Frames of a flood: more than any client has a reason to send."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame (RFC 9113, section 4.1)."""
    return struct.pack(">IBI", len(payload) << 8 | kind, flags, stream) + payload


def head(path: str = INFER, media_type: str = "application/grpc", **fields: str) -> bytes:
    """Return the header block of a call; it fills no table, so it means the same anywhere."""
    pseudo = {":method": "POST", ":scheme": "http", ":authority": "t", ":path": path}
    named = {**pseudo, "content-type": media_type, **fields}
    block: bytes = Encoder().encode([(name, value, True) for name, value in named.items()])
    return block


def call(content: bytes, block: bytes, stream: int = 1) -> bytes:
    """Return the frames of a whole call."""
    frames = frame(HEADERS, END_HEADERS, stream, block)
    parts = [content[at : at + 16_384] for at in range(0, len(content), 16_384)] or [b""]
    frames += b"".join(frame(DATA, 0, stream, part) for part in parts[:-1])
    return frames + frame(DATA, END_STREAM, stream, parts[-1])


def no_frames(random: Random) -> Malformed:
    """Send noise where frames belong."""
    size = random.randint(9, 300)
    first = frame(SETTINGS, 0, random.randint(1, 99)) + random.randbytes(size)
    return Malformed("HTTP/2 frame", GREETING + first)


def frame_of_wrong_form(random: Random) -> Malformed:
    """Break the size, the stream or the order of one frame."""
    wrong = random.choice(
        (
            frame(PING, 0, 0, bytes(7)),
            frame(PING, 0, 1, bytes(8)),
            frame(SETTINGS, 0, 0, bytes(5)),
            frame(SETTINGS, 1, 0, bytes(6)),
            frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**31)),
            frame(SETTINGS, 0, 0, struct.pack(">HI", 5, 1)),
            frame(WINDOW, 0, 0, bytes(4)),
            frame(WINDOW, 0, 0, struct.pack(">I", 2**31 - 1)) * 2,
            frame(RST_STREAM, 0, 0, bytes(4)),
            frame(DATA, 0, 0, b"a"),
            frame(DATA, 0, 7, b"a"),
            frame(HEADERS, END_HEADERS, 0, head()),
            frame(HEADERS, END_HEADERS, 2, head()),
            frame(HEADERS, 0, 1, head()) + frame(PING, 0, 0, bytes(8)),
            frame(CONTINUATION, END_HEADERS, 1, head()),
            frame(PUSH, END_HEADERS, 1, bytes(4) + head()),
            frame(DATA, 8, 1, b"\xff"),
            frame(HEADERS, END_HEADERS, 1, random.randbytes(40) + b"\xff" * 9),
            b"\xff\xff\xff\x00\x00\0\0\0\x01" + bytes(70_000),
        )
    )
    return Malformed("HTTP/2 frame", GREETING + wrong)


def call_to_nowhere(random: Random) -> Malformed:
    """Call what is not there, or as what is no call of gRPC."""
    if random.random() < 0.5:
        block = head(f"/{random.randbytes(6).hex()}/x")
    else:
        block = head(media_type="application/json")
    return Malformed("gRPC call", GREETING + call(framed(flight()), block))


def header_of_a_call(random: Random) -> Malformed:
    """Send more header than there may be, or a header bomb of indexed fields."""
    if random.random() < 0.5:
        block = head(**{f"x-{number}": "a" * 150 for number in range(120)})
        first = frame(HEADERS, 0, 1, block[:16_000])
        return Malformed("HTTP/2 header", GREETING + first + frame(9, 4, 1, block[16_000:]))
    bomb = head() + b"\x40\x01a\x7f\x81\x1e" + b"a" * 4_000 + b"\xbe" * 10_000
    return Malformed("HTTP/2 header", GREETING + frame(HEADERS, 5, 1, bomb[:16_384]))


def message(random: Random) -> Malformed:
    """Break the message of a call: its prefix, its bytes or what it says."""
    content = framed(flight())
    wrong = random.choice(
        (
            b"",
            content[:-1],
            content + b"a",
            b"\1" + content[1:],
            framed(b"\xff" * random.randint(1, 99)),
            framed(flight(model_name="nothing")),
            framed(flight(raw_input_contents=[b"", b"", b""])),
            framed(flight(raw_input_contents=[b"\0\0\x80\x7f"] * 3)),
            framed(flight(raw_input_contents=[b"abcd"] * 4)),
            framed(flight(inputs=[])),
            framed(flight(inputs=[{"name": "distance", "datatype": "FP32", "shape": [2**62, 4]}])),
            framed(flight(outputs=[{"name": "nothing"}])),
        )
    )
    return Malformed("gRPC message", GREETING + call(wrong, head()))


def garbled(random: Random) -> Malformed:
    """Change bytes of right calls at random."""
    live = call(framed(b""), head(f"{SERVICE}ServerLive"), 3)
    data = bytearray(call(framed(flight()), head()) + live)
    for _ in range(random.randint(1, 5)):
        data[random.randrange(len(data))] = random.randrange(256)
    return Malformed("garbled HTTP/2", GREETING + bytes(data), whole=False)


def _calls(count: int, *, whole: bool) -> bytes:
    """Return calls that are reset as soon as they are begun, or as soon as they are whole."""
    block, message_ = head(), framed(b"")
    return b"".join(
        (call(message_, block, stream) if whole else frame(HEADERS, END_HEADERS, stream, block))
        + frame(RST_STREAM, 0, stream, bytes(4))
        for stream in range(1, 2 * count, 2)
    )


BEGUN = frame(HEADERS, END_HEADERS, 1, head())
FLOODS = {
    "PING": frame(PING, 0, 0, bytes(8)) * FLOOD,
    "SETTINGS": frame(SETTINGS, 0, 0) * FLOOD,
    "SETTINGS of windows": frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 9)) * FLOOD,
    "PRIORITY": frame(PRIORITY, 0, 1, bytes([0, 0, 0, 3, 9])) * FLOOD,
    "WINDOW_UPDATE": frame(WINDOW, 0, 0, struct.pack(">I", 1)) * FLOOD,
    "unknown frames": frame(0x55, 0, 0) * FLOOD,
    "empty DATA": BEGUN + frame(DATA, 0, 1) * FLOOD,
    "DATA of a byte": BEGUN + frame(DATA, 0, 1, b"a") * FLOOD,
    "rapid reset": _calls(FLOOD // 4, whole=True),
    "reset before the message": _calls(FLOOD // 2, whole=False),
    "CONTINUATION": frame(HEADERS, 0, 1, head()) + frame(CONTINUATION, 0, 1) * FLOOD,
}
"""Frames that cost a server work and bring nothing."""


def flood(random: Random) -> Malformed:
    """Send one of ``FLOODS``."""
    kind = random.choice(list(FLOODS))
    return Malformed(f"flood: {kind}", GREETING + FLOODS[kind])


MAKERS = (
    *(no_frames, frame_of_wrong_form, frame_of_wrong_form, call_to_nowhere, header_of_a_call),
    *(message, message, garbled, garbled),
)
