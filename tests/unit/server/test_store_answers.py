"""What the words of obstore mean: texts as it gave them to requests of these kinds."""

from __future__ import annotations

import pytest

from checkrail_server.errors import LoadError, StoreUnavailableError
from checkrail_server.store_answers import failure

WHERE = "s3://models/a/model.onnx"
ASKED = "Error performing GET http://127.0.0.1:7070/models/a/model.onnx in 1.2ms - "


def answered(status: str, code: str) -> str:
    document = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>" if code else ""
    return (
        f"{ASKED}Server returned non-2xx status code: {status}: {document}\n\nDebug source:\nX {{}}"
    )


def unsent(cause: str) -> str:
    return f"""Generic S3 error: {ASKED}HTTP error: error sending request

Debug source:
Generic {{
    store: "S3",
    source: Error(
        Connect,
        {cause},
    ),
}}
"""


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        pytest.param(
            "Object at location a not found: " + answered("404 Not Found", "NoSuchBucket"),
            LoadError,
            f"{WHERE} does not exist: the store answered NoSuchBucket",
            id="no bucket",
        ),
        pytest.param(
            answered("403 Forbidden", "SignatureDoesNotMatch"),
            LoadError,
            f"{WHERE} cannot be read: the store answered 403 SignatureDoesNotMatch; "
            "check the credentials Secret and the store's policy",
            id="a wrong key",
        ),
        pytest.param(
            answered("503 Service Unavailable", "SlowDown"),
            StoreUnavailableError,
            f"{WHERE}: the store answered 503 SlowDown",
            id="a store that is busy",
        ),
        pytest.param(
            answered("429 Too Many Requests", ""),
            StoreUnavailableError,
            f"{WHERE}: the store answered 429 no code",
            id="too many requests",
        ),
        pytest.param(
            f"{ASKED}Received redirect without LOCATION, this normally indicates an incorrectly "
            "configured region",
            LoadError,
            "incorrectly configured region",
            id="another region",
        ),
        pytest.param(
            unsent('Os { code: 111,\n message: "Connection refused",\n}'),
            StoreUnavailableError,
            "error sending request: Connection refused",
            id="nobody listens",
        ),
        pytest.param(
            unsent("error: InvalidCertificate(\n UnknownIssuer,\n)"),
            StoreUnavailableError,
            "error sending request: its certificate: UnknownIssuer",
            id="an authority that is not trusted",
        ),
        pytest.param(
            "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 3s"
            " - HTTP error: error sending request",
            StoreUnavailableError,
            "no keys are set, and the machine gives no credentials",
            id="no credentials",
        ),
        pytest.param("", StoreUnavailableError, WHERE, id="nothing"),
    ],
)
def test_an_error_says_what_to_do(text: str, kind: type[Exception], message: str) -> None:
    found = failure(WHERE, text)

    assert type(found) is kind
    assert message in str(found)


def test_a_long_answer_is_cut() -> None:
    found = failure(WHERE, ASKED + "x" * 100_000)

    assert len(str(found)) < 1_000
