"""``python -m checkrail_operator``: settings from the environment, then run until SIGTERM."""

import os
import sys


def main() -> int:
    """Run the operator and return its exit status."""
    from checkrail_operator import logs, settings  # noqa: PLC0415 - a wrong setting is told at once

    try:
        told = settings.from_environ(os.environ)
    except settings.SettingsError as error:
        print(f"checkrail-operator: {error}", file=sys.stderr)
        return 2
    logs.configure(told.log_level)

    import asyncio  # noqa: PLC0415 - the imports below take two seconds

    import uvloop  # noqa: PLC0415

    from checkrail_operator.process import run  # noqa: PLC0415
    from checkrail_operator.shell.connect import NoClusterError  # noqa: PLC0415

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(told))
    except NoClusterError as error:
        print(f"checkrail-operator: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
