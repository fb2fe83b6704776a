"""Malformed HTTP/1.1: a grammar of requests of which one production at a time is broken."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from attack.malformed import Malformed
from harness.raw_http import LIVE, ROW, chunked, get, post, with_fields

if TYPE_CHECKING:
    from random import Random

TOKEN = (string.ascii_letters + string.digits + "-_").encode()
DELIMITERS = b' "(),/;<=>?@[]{}\\'
CONTROLS = bytes([*range(1, 9), 11, 12, *range(14, 32), 127])
CODINGS = (b"gzip", b"identity", b"xchunked", b"chunked, identity", b"chunked;q=1", b'"chunked"')
CHUNKED = b"Transfer-Encoding: chunked"


def token(random: Random, longest: int = 12) -> bytes:
    """Return a name of a field or a method."""
    return bytes(random.choices(TOKEN, k=random.randint(1, longest)))


def request_line(random: Random) -> Malformed:
    """Break the method, the target or the version."""
    method, target, version = b"GET", b"/v2/health/live", b"HTTP/1.1"
    match random.randrange(5):
        case 0:
            method = b"X" + token(random).lower() + bytes([random.choice(DELIMITERS)])
        case 1:
            target = b"/" + token(random) + bytes([random.choice(CONTROLS)]) + token(random)
        case 2:
            target = b"/" + token(random) + b" " + token(random)
        case 3:
            version = random.choice((b"HTTP/", b"HTTP/1", b"HTTP/1.", b"HTTP/3.0", b"ICY/1.1"))
        case _:
            version = b"HTTP/%d.%d" % (random.randint(2, 9), random.randint(2, 9))
    line = b"%b %b %b\r\n" % (method, target, version)
    return Malformed("request line", line + b"Host: x\r\n\r\n")


def field(random: Random) -> Malformed:
    """Break one header field."""
    name, value = token(random), token(random, 40)
    match random.randrange(7):
        case 0:
            line = name + bytes([random.choice(DELIMITERS + CONTROLS)]) + b"a: " + value
        case 1:
            line = b"%b: %b%c%b" % (name, value, random.choice(CONTROLS), value)
        case 2:
            line = b"%b : %b" % (name, value)
        case 3:
            line = b"%b: %b\r\n %b" % (name, value, value)
        case 4:
            line = b"%b: %b\n%b: %b" % (name, value, name, value)
        case 5:
            line = b": " + value
        case _:
            line = b"Host: " + token(random)
    return Malformed("field", get(line))


def header_size(random: Random) -> Malformed:
    """Send more header than there may be."""
    if random.random() < 0.5:
        data = get(*[b"%b: %d" % (token(random), number) for number in range(120)])
    else:
        data = get(b"%b: %b" % (token(random), b"a" * random.randint(17_000, 60_000)))
    return Malformed("header size", data)


def framing(random: Random) -> Malformed:
    """Leave in doubt where a request ends, as smuggled requests do."""
    length = b"Content-Length: %d" % len(ROW)
    coding = b"Transfer-Encoding: " + random.choice(CODINGS)
    number = random.randint(1, 10**6)
    match random.randrange(7):
        case 0:
            fields = [length, b"Content-Length: %d" % number]
        case 1:
            fields = [length, CHUNKED]
        case 2:
            fields = [CHUNKED, length]
        case 3:
            fields = [coding]
        case 4:
            fields = [coding, CHUNKED]
        case 5:
            sign = random.choice((b"-", b"+", b"0x", b"1,", b"1 ", b"'"))
            fields = [b"Content-Length: %b%d" % (sign, number)]
        case _:
            fields = [b"Content-Length: " + b"9" * random.randint(21, 300)]
    random.shuffle(fields)
    return Malformed("framing", with_fields(*fields, body=ROW))


def chunk(random: Random) -> Malformed:
    """Break a chunk."""
    start = chunked(*[ROW] * random.randint(0, 3))
    broken = (
        b"%bg\r\n" % token(random),
        b"-%x\r\n" % random.randint(1, 99),
        b"0x5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\r\nhellooo\r\n",
        b"5\nhello\n",
        b"f" * random.randint(17, 99) + b"\r\n",
        b";a=b\r\n",
    )
    return Malformed("chunk", start + random.choice(broken))


def announced_size(random: Random) -> Malformed:
    """Announce a body that is larger than any may be."""
    field_ = b"Content-Length: %d" % random.randint(1_048_577, 10**12)
    return Malformed("announced size", with_fields(field_, body=b""))


def expectation(random: Random) -> Malformed:
    """Expect what no server of ours does."""
    return Malformed("expectation", post(ROW, b"Expect: " + token(random)))


def nowhere(random: Random) -> Malformed:
    """Ask for what is not there, or by another method."""
    if random.random() < 0.5:
        return Malformed("path", get(path=b"/" + token(random) + b"/" + token(random)))
    method = random.choice((b"PUT", b"DELETE", b"PATCH", b"TRACE", b"OPTIONS"))
    return Malformed("method", get().replace(b"GET", method))


def garbled(random: Random) -> Malformed:
    """Change, cut and double bytes of requests at random."""
    seeds = (LIVE, post(ROW), chunked(ROW, b""), post(ROW, b"Expect: 100-continue"), LIVE * 3)
    data = bytearray(random.choice(seeds))
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(data))
        match random.randrange(3):
            case 0:
                data[at] = random.randrange(256)
            case 1:
                del data[at : at + random.randint(1, 20)]
            case _:
                data[at:at] = data[at : at + random.randint(1, 20)]
        data = data or bytearray(b"\0")
    return Malformed("garbled HTTP/1.1", bytes(data), whole=False)


def noise(random: Random) -> Malformed:
    """Send what is no text at all."""
    data = bytes([random.randrange(128, 256)]) + random.randbytes(random.randint(1, 300))
    return Malformed("noise", data)


MAKERS = (
    *(request_line, field, header_size, framing, chunk, announced_size, expectation, nowhere),
    *(garbled, garbled, noise),
)
