"""Workflows of users: ``package.module:Class``, found in an image built from ours.

What is wrong with one ends the run for good: a retry would import the same code.
"""

from __future__ import annotations

import inspect
import logging
import traceback
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeGuard

from checkrail_api.reasons import Reason
from checkrail_api.workflows import BUILT_IN
from checkrail_trainer.failures import RunFailedError, first_lines, nearest
from checkrail_trainer.workflow import Numbers, Task, Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

EXPECTED = "a subclass of checkrail_trainer.workflow.Workflow"


def custom_class(workflow: str) -> type[Workflow]:
    """Import ``package.module:Class``.

    Raises:
        RunFailedError: BadWorkflow; the message says what was found.
    """
    module, _, name = workflow.partition(":")
    held = vars(_module(workflow, module))
    found = held.get(name)
    if found is None:
        known = [each for each, value in held.items() if _is_workflow(value)]
        raise bad_workflow(
            workflow, f"the module {module} has no class {name}; {nearest(name, known)}"
        )
    if not _is_workflow(found):
        kind = (
            "a class of something else" if isinstance(found, type) else f"a {type(found).__name__}"
        )
        raise bad_workflow(workflow, f"{name} is {kind}; expected {EXPECTED}")
    if missing := sorted(found.__abstractmethods__):
        raise bad_workflow(workflow, f"{name} does not define {', '.join(missing)}")
    for attribute, kinds in (("task", Task), ("numbers", Numbers)):
        if not isinstance(getattr(found, attribute, None), kinds):
            members = " or ".join(f"{kinds.__name__}.{each.name}" for each in kinds)
            raise bad_workflow(workflow, f"{name}.{attribute} must be {members}")
    return found


def bad_workflow(workflow: str, what: str) -> RunFailedError:
    """Return the failure of a workflow that is not as it must be."""
    return RunFailedError(
        Reason.BAD_WORKFLOW,
        f"spec.train.workflow {workflow}: {what}. Correct the name, or the image in spec.pod.image",
    )


@contextmanager
def in_workflow(workflow: str, step: str) -> Iterator[None]:
    """Translate what the code of a custom workflow raises in ``step``, such as ``fit``.

    The message names the place and the kind of the error, and not its text: that may hold values
    of the data, and a status is read by more people. The log has all of it. Memory that has run
    out is not the code's fault, so the ladder's next rung may help.

    What a built-in one raises is a bug of ours and goes on as it is.

    Raises:
        RunFailedError: BadWorkflow.
    """
    try:
        yield
    except (RunFailedError, MemoryError):
        raise
    except Exception as error:
        if workflow in BUILT_IN:
            raise
        log.exception("the workflow raised", extra={"workflow": workflow, "step": step})
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise bad_workflow(
            workflow,
            f"{step} raised {type(error).__name__} at {place.name}, line {place.lineno} of "
            f"{place.filename.rpartition('/')[2]}; the log has its message",
        ) from error


def _module(workflow: str, module: str) -> Any:
    try:
        return import_module(module)
    except MemoryError:
        raise
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise bad_workflow(
                workflow, f"the image has no module {error.name}; expected a module on PYTHONPATH"
            ) from error
        raise _import_failed(workflow, module, error) from error
    except (Exception, SystemExit) as error:
        raise _import_failed(workflow, module, error) from error


def _import_failed(workflow: str, module: str, error: BaseException) -> RunFailedError:
    """Tell the error's text as well: no data has been read yet."""
    return bad_workflow(
        workflow, f"importing {module} raised {type(error).__name__}: {first_lines(error)}"
    )


def _is_workflow(value: object) -> TypeGuard[type[Workflow]]:
    return inspect.isclass(value) and issubclass(value, Workflow) and value is not Workflow
