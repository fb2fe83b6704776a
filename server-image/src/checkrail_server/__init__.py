"""The scoring server: an artifact by its digest in, predictions out."""

import os

# ONNX Runtime's Linux builds since 1.29 report every model to their maker unless this is set before
# the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

VERSION = "0.1.0"
"""The distribution's version; the image carries the sources without its metadata."""
