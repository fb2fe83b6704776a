"""What is freed is the system's again."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
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


def kept_kibibytes(*, asked: bool) -> int:
    program = PROGRAM.format(asked=asked)
    return int(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout
    )


def test_large_blocks_are_given_back() -> None:
    assert kept_kibibytes(asked=True) < 4_096


def test_glibc_would_keep_them() -> None:
    """Where this fails, what ``heap`` asks for is not needed any more."""
    assert kept_kibibytes(asked=False) > 20_480
