"""What the image says about itself without its metadata."""

import subprocess
import sys
import tomllib
from pathlib import Path

from checkrail_server import VERSION, termination

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_the_server_states_the_distributions_version() -> None:
    assert tomllib.loads(PROJECT.read_text())["project"]["version"] == VERSION


def test_the_termination_message_is_left_where_the_kubelet_made_a_file(tmp_path: Path) -> None:
    made, absent = tmp_path / "made", tmp_path / "absent"
    made.write_text("older")

    termination.write_message("model.onnx has SHA-256 ...", made)
    termination.write_message("anything", absent)

    assert (made.read_text(), absent.exists()) == ("model.onnx has SHA-256 ...", False)


def test_importing_the_server_keeps_onnx_runtime_from_reporting_models() -> None:
    code = "import checkrail_server, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert told.stdout == "1\n"
