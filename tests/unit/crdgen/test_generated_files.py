"""The checked-in CRDs are what the models say, in the bytes that every YAML reader reads alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkrail_operator.crdgen.__main__ import FOLDERS, main
from checkrail_operator.crdgen.files import HEADER, differences, generated

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_checked_in_files_are_up_to_date(folder: str) -> None:
    assert differences(ROOT / folder) == []


def test_the_same_models_give_the_same_bytes() -> None:
    assert generated() == generated()


def test_text_that_go_reads_as_a_number_is_quoted() -> None:
    # PyYAML writes 1e-4 bare, for its own reader takes it for text; the API server's does not.
    bare = re.compile(r"^.*: [-+]?[0-9.]+[eE][-+]?[0-9]+$", re.MULTILINE)

    assert [line for text in generated().values() for line in bare.findall(text)] == []


def test_check_says_what_is_stale_and_writing_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(tmp_path)])
    fresh = main(["--check", str(tmp_path)])
    edited = tmp_path / "checkrail.dev_modelversions.yaml"
    edited.write_text(edited.read_text().replace("kind: ModelVersion\n", "kind: Version\n"))

    stale = main(["--check", str(tmp_path)])

    assert (fresh, stale) == (0, 1)
    said = capsys.readouterr().out
    assert "-    kind: Version\n+    kind: ModelVersion\n" in said
    assert said.endswith("The CRDs are stale: run make crds and commit the result.\n")
    main([str(tmp_path)])
    assert main(["--check", str(tmp_path)]) == 0


def test_files_of_kinds_that_are_gone_are_stale_and_taken_away(tmp_path: Path) -> None:
    main([str(tmp_path)])
    (tmp_path / "checkrail.dev_formers.yaml").write_text(HEADER + "kind: Former\n")
    by_hand = tmp_path / "by-hand.yaml"
    by_hand.write_text("kind: ConfigMap\n")

    stale = main(["--check", str(tmp_path)])
    main([str(tmp_path)])

    assert stale == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([by_hand.name, *generated()])
