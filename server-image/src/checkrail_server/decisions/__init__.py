"""The decision log: what was answered, on its way to an object store.

    answers --> DecisionLog --> Spool (files) --> checkrail_decision_writer --> Parquet files
                in memory       a thread          a process of its own

Nothing here waits for anything: a request adds its values to a buffer, and a thread writes them to
a file. pyarrow and the object store are in another process, whose time and memory no request sees.
"""
