from demo.split import Share, failures, shares


def line(at: float, version: str, status: int = 200) -> dict[str, object]:
    return {"at": at, "version": version, "status": status}


def test_each_step_counts_only_requests_away_from_its_ends() -> None:
    lines = [
        line(0.0, "old"),
        line(11.9, "old"),  # the gateway may still route by the old weight
        line(12.0, "new"),
        line(13.0, "old"),
        line(14.0, "old", status=503),
        line(17.9, "old"),
        line(18.5, "new"),  # the weight may have changed before it was seen
        line(22.0, "new"),
    ]

    assert shares(lines, [(10.0, 5), (20.0, 100)], "new") == [
        Share(weight=5, requests=4, observed_percent=100 / 3, failed=1),
        Share(weight=100, requests=1, observed_percent=100.0, failed=0),
    ]


def test_a_step_without_requests_has_no_share() -> None:
    assert shares([], [(0.0, 5)], "new") == [
        Share(weight=5, requests=0, observed_percent=0.0, failed=0)
    ]


def test_failures_are_counted_by_what_went_wrong() -> None:
    lines = [line(0.0, "old"), line(1.0, "", 503), line(2.0, "", 503)]

    assert failures([*lines, {"status": 0, "error": "TimeoutError: "}]) == {
        "HTTP 503": 2,
        "TimeoutError: ": 1,
    }
