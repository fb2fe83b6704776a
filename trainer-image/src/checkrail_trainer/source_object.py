"""What a source is made of: objects of a store, or files."""

from typing import Protocol


class SourceObject(Protocol):
    """An object or file of a source."""

    @property
    def key(self) -> str:
        """Its name within bucket or file system."""

    @property
    def uri(self) -> str:
        """Its address, as DuckDB takes it."""

    @property
    def etag(self) -> str:
        """Changes whenever it does."""

    @property
    def bytes(self) -> int:
        """Its size."""
