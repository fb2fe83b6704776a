from __future__ import annotations

import json
import logging

import pytest

from checkrail_operator.health import Check, report
from checkrail_operator.logs import JsonLines
from checkrail_operator.settings import SettingsError, from_environ

NEEDED = {
    "CHECKRAIL_TRAINER_IMAGE": "trainer:1",
    "CHECKRAIL_SERVER_IMAGE": "server:1",
    "CHECKRAIL_LEASE_NAMESPACE": "system",
}


@pytest.mark.parametrize(
    ("name", "value", "want"),
    [
        pytest.param(
            "CHECKRAIL_TRAINER_IMAGE",
            "",
            "CHECKRAIL_TRAINER_IMAGE is not set: it has no default",
            id="missing",
        ),
        pytest.param(
            "CHECKRAIL_DEFAULT_STORE",
            "[]",
            "CHECKRAIL_DEFAULT_STORE is '[]': expected a JSON object",
            id="no object",
        ),
        pytest.param(
            "CHECKRAIL_SERVING_NETWORK_POLICY",
            "no",
            "CHECKRAIL_SERVING_NETWORK_POLICY is 'no': expected true or false",
            id="no switch",
        ),
        pytest.param(
            "CHECKRAIL_RESYNC_SECONDS",
            "0",
            "CHECKRAIL_RESYNC_SECONDS is '0': expected a number greater than 0",
            id="zero",
        ),
        pytest.param(
            "CHECKRAIL_METRICS_PORT",
            "80a",
            "CHECKRAIL_METRICS_PORT is '80a': expected a port, or 0 for any",
            id="no port",
        ),
        pytest.param(
            "CHECKRAIL_LEASE_RENEW_SECONDS",
            "10",
            "CHECKRAIL_LEASE_RENEW_SECONDS is 10: expected at most half of "
            "CHECKRAIL_LEASE_DURATION_SECONDS, 15, so that one renewal may fail",
            id="renewed too rarely",
        ),
        pytest.param(
            "CHECKRAIL_LOG_LEVEL",
            "loud",
            "CHECKRAIL_LOG_LEVEL is 'LOUD': expected one of ('DEBUG', 'INFO', 'WARNING', 'ERROR')",
            id="no level",
        ),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, want: str) -> None:
    with pytest.raises(SettingsError) as error:
        from_environ({**NEEDED, name: value})
    assert str(error.value) == want


@pytest.mark.parametrize(
    ("namespaces", "want"),
    [
        pytest.param("", True, id="all namespaces"),
        pytest.param("a, system", True, id="the Lease's too"),
        pytest.param("a,b", False, id="others only"),
    ],
)
def test_the_lease_is_a_heartbeat_where_it_may_be_watched(namespaces: str, want: bool) -> None:  # noqa: FBT001 - a table's column
    settings = from_environ({**NEEDED, "CHECKRAIL_WATCH_NAMESPACES": namespaces})
    assert settings.has_heartbeat is want


def test_the_health_answer_names_what_failed_and_what_was_expected() -> None:
    checks = [Check("queue", 5, lambda: 1.26), Check("resync", 900, lambda: 901)]
    assert report(checks) == (
        False,
        "ok queue: 1.3 s, at most 5 s\nFAILED resync: 901.0 s, at most 900 s\n",
    )


def test_a_log_line_is_a_constant_message_and_fields() -> None:
    record = logging.makeLogRecord(
        {"name": "checkrail_operator.loop", "msg": "bug", "fields": {"name": "run"}, "created": 0}
    )
    line = json.loads(JsonLines().format(record))
    assert (line["message"], line["name"]) == ("bug", "run")


def test_a_librarys_sentence_becomes_a_field() -> None:
    record = logging.makeLogRecord({"name": "kopf.objects", "msg": "no %s", "args": ("way",)})
    line = json.loads(JsonLines().format(record))
    assert (line["message"], line["detail"]) == ("library message", "no way")
