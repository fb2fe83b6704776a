"""Writes the decision log: segments of the server's spool become Parquet files in an object store.

A process of its own, so that no request sees the time and the memory of pyarrow.
"""
