"""A workflow that cannot be used ends the run at once, and the message says what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkrail_api.reasons import Reason
from checkrail_api.workflows import BUILT_IN, Task
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.params import check_params
from checkrail_trainer.workflows import CLASSES, task_of
from checkrail_trainer.workflows.custom import custom_class, in_workflow

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """
from checkrail_trainer.workflow import Numbers, Task, Workflow

class Good(Workflow):
    task = Task.REGRESSION
    numbers = Numbers.IMPUTED
    allowed = frozenset({"depth"})
    def fit(self, train): ...

class Unfinished(Workflow):
    task = Task.REGRESSION
    numbers = Numbers.IMPUTED

class NoTask(Workflow):
    numbers = Numbers.IMPUTED
    def fit(self, train): ...

class WrongNumbers(Workflow):
    task = Task.REGRESSION
    numbers = "raw"
    def fit(self, train): ...

class Other: ...

def function(): ...
"""


@pytest.fixture(autouse=True)
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on the path of modules, as an image has."""
    folder = tmp_path / "ours_of_this_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "models.py").write_text(MODULE)
    (folder / "raising.py").write_text("raise OSError('no library libgomp')")
    (folder / "leaving.py").write_text("raise SystemExit(0)")
    (folder / "needy.py").write_text("import a_library_that_nobody_has")
    monkeypatch.syspath_prepend(tmp_path)


def test_a_good_one_tells_its_task_before_any_data() -> None:
    assert task_of("ours_of_this_test.models:Good") is Task.REGRESSION
    check_params("ours_of_this_test.models:Good", {"depth": 3})


def test_a_parameter_that_it_does_not_take_is_refused() -> None:
    with pytest.raises(RunFailedError, match="did you mean `depth`") as caught:
        check_params("ours_of_this_test.models:Good", {"dept": 3})

    assert caught.value.reason is Reason.BAD_PARAMS


def test_every_built_in_workflow_has_a_class_and_a_task() -> None:
    assert CLASSES.keys() == BUILT_IN.keys()
    assert {name: task_of(name) for name in BUILT_IN} == BUILT_IN


@pytest.mark.parametrize(
    ("workflow", "said"),
    [
        pytest.param("nowhere.models:Good", "no module nowhere", id="no package"),
        pytest.param("ours_of_this_test.model:Good", "test.model;", id="no module"),
        pytest.param("ours_of_this_test.models:Goof", "did you mean `Good`", id="no class"),
        pytest.param("ours_of_this_test.models:Other", "something else", id="no workflow"),
        pytest.param("ours_of_this_test.models:function", "is a function", id="no class but code"),
        pytest.param("ours_of_this_test.models:Unfinished", "not define fit", id="no fit"),
        pytest.param("ours_of_this_test.models:NoTask", "Task.CLASSIFICATION or", id="no task"),
        pytest.param("ours_of_this_test.models:WrongNumbers", "Numbers.IMPUTED", id="numbers"),
        pytest.param("ours_of_this_test.raising:Good", "OSError: no library", id="import raises"),
        pytest.param("ours_of_this_test.leaving:Good", "raised SystemExit", id="import leaves"),
        pytest.param(
            "ours_of_this_test.needy:Good", "ModuleNotFoundError: No module", id="import needs"
        ),
    ],
)
def test_one_that_cannot_be_used_is_refused(workflow: str, said: str) -> None:
    with pytest.raises(RunFailedError) as caught:
        custom_class(workflow)

    assert (caught.value.reason, caught.value.exit_code) == (Reason.BAD_WORKFLOW, 10)
    assert caught.value.message.startswith(f"spec.train.workflow {workflow}: ")
    assert said in caught.value.message


def test_what_its_code_raises_is_told_by_place_and_without_its_text() -> None:
    with pytest.raises(RunFailedError) as caught, in_workflow("ours.models:Good", "fit"):
        raise ValueError("wage 4321 is too much")

    assert caught.value.reason is Reason.BAD_WORKFLOW
    assert "fit raised ValueError at test_what_its_code_raises" in caught.value.message
    assert "4321" not in caught.value.message


@pytest.mark.parametrize(
    ("workflow", "error"),
    [
        pytest.param("ours.models:Good", MemoryError("full"), id="memory"),
        pytest.param("xgboost-classifier", ValueError("ours"), id="a bug of a built-in one"),
        pytest.param(
            "ours.models:Good", RunFailedError(Reason.BAD_PARAMS, "depth"), id="its own refusal"
        ),
    ],
)
def test_what_is_not_the_codes_fault_goes_on_as_it_is(workflow: str, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, in_workflow(workflow, "fit"):
        raise error

    assert caught.value is error
