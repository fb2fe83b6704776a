"""The trainer: the resolved spec in, a published artifact out."""

import os

# ONNX Runtime's Linux builds since 1.29 report every model to their maker unless this is set before
# the import. The variable is inherited by the process of the parity check.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
