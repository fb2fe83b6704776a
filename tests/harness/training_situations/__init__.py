"""Every situation of the status table, and the ways into it: one function each."""

import inspect
from collections.abc import Awaitable, Callable

from harness.training_situations import attempts, created, ended, gates, held, queued, starting
from harness.training_world import TrainingWorld

Situation = Callable[[TrainingWorld], Awaitable[None]]
"""Plays a new world up to the pass that matters, which is not run."""

SITUATIONS: dict[str, Situation] = {
    name: function
    for module in (created, starting, attempts, ended, held, queued, gates)
    for name, function in vars(module).items()
    if inspect.iscoroutinefunction(function) and function.__module__ == module.__name__
}
"""By name, which is the golden file's."""
