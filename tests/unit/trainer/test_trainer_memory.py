from checkrail_trainer.memory import peak_rss_bytes

HELD = 256 * 2**20


def test_the_peak_counts_memory_that_was_given_back() -> None:
    held = b"x" * HELD
    del held

    peak = peak_rss_bytes()

    assert peak is not None
    assert peak > HELD
