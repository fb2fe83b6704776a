"""``make attack``: exit code 1 when a bound is broken."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from attack.report import broken, late, lines
from attack.run import Plan, run


def main() -> int:
    """Attack, and print what came of it."""
    parser = argparse.ArgumentParser(prog="attack", description="Attack a server of our own.")
    parser.add_argument("--requests", type=int, default=Plan.requests)
    parser.add_argument("--connections", type=int, default=Plan.connections)
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="at most")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    plan = Plan(**vars(parser.parse_args()))
    print(f"seed {plan.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(plan, Path(folder))
    print("\n".join(lines(outcome)))
    failed = broken(outcome) + late(outcome)
    for sentence in failed:
        print(f"BROKEN: {sentence}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
