"""Globs name objects as DuckDB's do, and ETags of many objects are one digest."""

from __future__ import annotations

import pytest

from checkrail_api.data import Source
from checkrail_trainer.globs import glob_pattern
from checkrail_trainer.s3 import S3Object
from checkrail_trainer.sources import Located


@pytest.mark.parametrize(
    ("glob", "key", "matches"),
    [
        pytest.param("a/*.parquet", "a/x.parquet", True, id="a star"),
        pytest.param("a/*.parquet", "a/b/x.parquet", False, id="a star stays in its segment"),
        pytest.param("a/**/x.csv", "a/b/c/x.csv", True, id="two stars cross segments"),
        pytest.param("a/**/x.csv", "a/x.csv", True, id="two stars may be nothing"),
        pytest.param("a?.csv", "a1.csv", True, id="a question mark is one character"),
        pytest.param("a?.csv", "a/.csv", False, id="but no slash"),
        pytest.param("[ab].csv", "b.csv", True, id="a class"),
        pytest.param("[!ab].csv", "b.csv", False, id="a negated class"),
        pytest.param("a+b(1).csv", "a+b(1).csv", True, id="everything else stands for itself"),
    ],
)
def test_a_glob(glob: str, key: str, matches: bool) -> None:  # noqa: FBT001 - a table's column
    assert (glob_pattern(glob).fullmatch(key) is not None) is matches


@pytest.mark.parametrize(
    ("glob", "key", "matches"),
    [
        pytest.param("[^a].csv", "^.csv", True, id="a caret is a character"),
        pytest.param("[a&&b].csv", "&.csv", True, id="no operators"),
        pytest.param("[0-9-].csv", "-.csv", True, id="a minus at the end"),
        pytest.param("[[a].csv", "[.csv", True, id="a bracket"),
    ],
)
def test_a_class_means_its_characters_and_ranges(glob: str, key: str, matches: bool) -> None:  # noqa: FBT001 - a table's column
    assert (glob_pattern(glob).fullmatch(key) is not None) is matches


def etag_of(*objects: S3Object) -> str:
    source = Source(name="t", uri="s3://lake/*.csv")
    return Located(source, objects, None).etag


def test_the_etag_of_one_object_is_its_own() -> None:
    assert etag_of(S3Object("lake", "a", "abc", 1)) == "abc"


def test_the_etag_of_many_moves_when_any_of_them_does() -> None:
    one, two = S3Object("lake", "a", "abc", 1), S3Object("lake", "b", "def", 1)
    other = S3Object("lake", "b", "xyz", 1)

    assert len({etag_of(one, two), etag_of(one, other), etag_of(one, one)}) == 3
