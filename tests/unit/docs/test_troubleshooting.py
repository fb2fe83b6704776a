import re
from pathlib import Path

from checkrail_api.reasons import Reason

PAGE = Path(__file__).parents[3] / "docs" / "troubleshooting.md"


def test_every_reason_has_a_section_and_every_section_a_reason() -> None:
    sections = re.findall(r"^### (\w+)$", PAGE.read_text(), flags=re.MULTILINE)

    assert sorted(sections) == sorted(reason.value for reason in Reason)
