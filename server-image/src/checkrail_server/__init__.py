"""The scoring server: an artifact by its digest in, predictions out."""
