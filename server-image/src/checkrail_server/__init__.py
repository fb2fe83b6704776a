"""The scoring server: an artifact by its digest in, predictions out."""

VERSION = "0.1.0"
"""The distribution's version; the image carries the sources without its metadata."""
