"""A uri is a key or a glob, and a key is only a name: DuckDB gives some characters a meaning."""

from __future__ import annotations

import pytest

from checkrail_api.data import Source
from checkrail_api.reasons import Reason
from checkrail_trainer.failures import MESSAGE_LENGTH, RunFailedError
from checkrail_trainer.s3 import S3Object
from checkrail_trainer.source_keys import check_keys, check_uri


def source(key: str) -> Source:
    return Source(name="cases", uri=f"s3://lake/{key}")


@pytest.mark.parametrize(
    ("key", "found"),
    [
        pytest.param("day/1?s3_endpoint=evil.csv", "the character `?`", id="settings"),
        pytest.param("day/1*.csv", "the character `*`", id="a star"),
        pytest.param("day/[1.csv", "the character `[`", id="the begin of a class"),
        pytest.param("day/1].csv", "the character `]`", id="the end of a class"),
        pytest.param("day/{1,2}.csv", "the character `{`", id="braces"),
        pytest.param("day/1#.csv", "the character `#`", id="a fragment"),
        pytest.param("day/1\\.csv", "the character `\\`", id="an escape"),
        pytest.param("day/1\x00.csv", "the control character U+0000", id="a null"),
        pytest.param("day/1\n.csv", "the control character U+000A", id="a line's end"),
        pytest.param("day/1\x7f.csv", "the control character U+007F", id="a delete"),
        pytest.param("day/1\x85.csv", "the control character U+0085", id="an upper control"),
        pytest.param("day/../../other/1.csv", "the segment `..`", id="another bucket"),
        pytest.param("day/./1.csv", "the segment `.`", id="the same folder"),
    ],
)
def test_a_key_that_is_more_than_a_name_is_refused(key: str, found: str) -> None:
    with pytest.raises(RunFailedError) as caught:
        check_keys(
            source("day/*.csv"),
            [S3Object("lake", "day/0.csv", "e", 1), S3Object("lake", key, "e", 1)],
        )

    assert (caught.value.reason, caught.value.exit_code) == (Reason.SOURCE_UNREADABLE, 10)
    assert caught.value.message == (
        f"source `cases` ('s3://lake/day/*.csv') matches the object {key!r}, whose key holds "
        f"{found}; it would be read as more than a name, so nothing was read. Rename or delete "
        "the object and find out who wrote it, or make the uri match fewer objects"
    )


def test_a_long_key_leaves_room_for_what_to_do() -> None:
    key = f"day/{'x' * 1000}?.csv"

    with pytest.raises(RunFailedError, match="make the uri match fewer objects") as caught:
        check_keys(source(f"{'*' * 1000}.csv"), [S3Object("lake", key, "e", 1)])

    assert len(caught.value.message) < MESSAGE_LENGTH / 2


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("day=1/..a/b..c/.x/a+b c&d=e,f;g:h@i!$'\"(j)%41~^|<>`}.csv", id="punctuation"),
        pytest.param("jour/été 日.csv", id="other alphabets"),
        pytest.param("day//1.csv", id="an empty segment"),
    ],
)
def test_any_other_key_is_a_name(key: str) -> None:
    check_uri(source(key))
    check_keys(source("day/*.csv"), [S3Object("lake", key, "e", 1)])


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("day/*.csv", id="a star"),
        pytest.param("**/?.csv", id="two stars and a question mark"),
        pytest.param("day/[0-9][!a].csv", id="classes"),
        pytest.param("day/[*?].csv", id="a class of glob characters"),
    ],
)
def test_a_glob_is_a_uri(key: str) -> None:
    check_uri(source(key))


@pytest.mark.parametrize(
    ("key", "found"),
    [
        pytest.param("day/{1,2}.csv", "the character `{`", id="braces"),
        pytest.param("day/[1.csv", "the character `[`", id="a class without its end"),
        pytest.param("day/1].csv", "the character `]`", id="a class without its begin"),
        pytest.param("day/[].csv", "the character `[`", id="an empty class"),
        pytest.param("day/[{].csv", "the character `[`", id="a class of a brace"),
        pytest.param("day/[\\].csv", "the character `[`", id="a class of an escape"),
        pytest.param("day/1\\*.csv", "the character `\\`", id="an escape"),
        pytest.param("day/*.csv#.csv", "the character `#`", id="a fragment"),
        pytest.param("day/*\t.csv", "the control character U+0009", id="a tab"),
        pytest.param("day/../*.csv", "the segment `..`", id="the folder above"),
        pytest.param("[z-a].csv", "the range `z-a`, which runs backwards", id="a backward range"),
        pytest.param("[!].csv", "the class `[!]`, which is empty", id="a class of nothing"),
    ],
)
def test_a_uri_that_is_neither_key_nor_glob_is_refused(key: str, found: str) -> None:
    with pytest.raises(RunFailedError) as caught:
        check_uri(source(key))

    assert caught.value.reason == Reason.SOURCE_UNREADABLE
    assert caught.value.message == (
        f"source `cases`: the uri {f's3://lake/{key}'!r} holds {found}; expected a key, or a glob "
        "of `*`, `**`, `?` and classes such as `[ab]`. Correct spec.data.sources; objects with "
        "such keys must be renamed"
    )
