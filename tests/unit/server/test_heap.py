"""What is freed is the system's again, but for some room."""

from __future__ import annotations

import subprocess
import sys

LARGE_AND_SMALL = """
from pathlib import Path
from checkrail_server import heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4

if {asked}:
    heap.give_large_blocks_back()
large = b"x" * (20 << 20)
del large  # from here on glibc keeps what is smaller
before = resident()
kept = []
for number in range(40):
    body = b"x" * (1 << 20)
    kept.append((body, b"x" * (600 + number)))
kept = [small for _, small in kept]
del body
print(resident() - before)
"""
"""Large blocks with small ones between them, which stay."""


REQUESTS = """
from resource import RUSAGE_SELF, getrusage
from checkrail_server import heap

def faults():
    return getrusage(RUSAGE_SELF).ru_minflt

def request():
    return [bytearray(100 << 10) for _ in range(5)]

heap.give_large_blocks_back()
if {asked}:
    heap.keep_room()
request()
before = faults()
for _ in range(100):
    request()
print(faults() - before)
"""
"""Requests of half a megabyte, in parts that are not large."""


def printed(program: str, *, asked: bool) -> int:
    command = [sys.executable, "-c", program.format(asked=asked)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def test_large_blocks_are_given_back() -> None:
    kibibytes = printed(LARGE_AND_SMALL, asked=True)

    assert kibibytes < 4_096


def test_glibc_would_keep_them() -> None:
    """Where this fails, what ``heap`` asks for is not needed any more."""
    kibibytes = printed(LARGE_AND_SMALL, asked=False)

    assert kibibytes > 20_480


def test_requests_take_no_new_pages() -> None:
    assert printed(REQUESTS, asked=True) < 100


def test_glibc_would_take_them_anew() -> None:
    """Where this fails, what ``heap`` asks for is not needed any more."""
    assert printed(REQUESTS, asked=False) > 1_000
