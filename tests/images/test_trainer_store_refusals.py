"""What can be wrong with the store of a run, or with what a run may ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import trainer
from harness.control_plane import free_ports
from harness.object_store import ObjectStoreServer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.images


def test_wrong_keys_are_refused_by_name(lake: ObjectStoreServer, tmp_path: Path) -> None:
    wrong = {"CHECKRAIL_STORE_AWS_SECRET_ACCESS_KEY": "other"}

    ended = trainer.train(trainer.run_spec(lake, data=trainer.CASES), lake, tmp_path, wrong)

    assert ended.failure == (10, "AccessDenied")
    assert ended.report["message"] == (
        f"{lake.endpoint} refused the credentials of spec.store for bucket `models` "
        "(SignatureDoesNotMatch): they must be allowed to list, read and, in the store, write. "
        "Correct the Secret, or the bucket's policy"
    )


def test_no_keys_at_all_are_refused(lake: ObjectStoreServer, tmp_path: Path) -> None:
    absent = dict.fromkeys(
        ("CHECKRAIL_DATA_AWS_ACCESS_KEY_ID", "CHECKRAIL_DATA_AWS_SECRET_ACCESS_KEY"), ""
    )

    ended = trainer.train(trainer.run_spec(lake, data=trainer.CASES), lake, tmp_path, absent)

    assert ended.failure == (10, "AccessDenied")
    assert "neither keys of spec.data.objectStore (CHECKRAIL_DATA_" in ended.report["message"]
    assert "Name a Secret in its credentialsSecretRef" in ended.report["message"]


def test_a_missing_bucket_of_the_store_ends_the_run_before_data_is_read(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    spec = trainer.run_spec(lake, data=trainer.CASES)
    spec["store"]["uri"] = "s3://modles/team-a"

    ended = trainer.train(spec, lake, tmp_path)

    assert ended.failure == (10, "BucketNotFound")
    assert "bucket `modles` does not exist" in ended.report["message"]
    assert "source read" not in ended.log


def test_a_store_that_does_not_answer_is_worth_a_retry(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    spec = trainer.run_spec(lake, data=trainer.CASES)
    spec["store"]["endpoint"] = f"http://127.0.0.1:{free_ports(1)[0]}"

    ended = trainer.train(spec, lake, tmp_path)

    assert ended.failure == (20, "StoreUnavailable")
    assert spec["store"]["endpoint"] in ended.report["message"]


def test_data_is_read_over_tls_from_a_trusted_server_only(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """The label is wrong, so that a run which could read the data ends right after it."""
    with ObjectStoreServer(tmp_path / "server", tls=True) as secure:
        for bucket in ("lake", "models"):
            secure.make_bucket(bucket)
        secure.put("s3://lake/breast-cancer.parquet", lake.get("s3://lake/breast-cancer.parquet"))
        spec = trainer.run_spec(secure, data={**trainer.CASES, "label": "Kind"})
        trust = {"AWS_CA_BUNDLE": str(secure.certificate)}

        trusted = trainer.train(spec, secure, tmp_path / "trusted", trust)
        unknown = trainer.train(spec, secure, tmp_path / "unknown")

    assert trusted.failure == (10, "LabelNotFound")
    assert unknown.failure == (20, "StoreUnavailable")
    assert "certificate verify failed" in unknown.report["message"]
