"""A network on which nobody answers."""

from collections.abc import Mapping

from checkrail_operator.observe.rollout_reads import Fetched


class SilentWeb:
    """Implements ``shell.web.Web`` for passes that read nothing but the API server."""

    async def fetch(self, url: str, query: Mapping[str, str] | None = None) -> Fetched:
        """Answer nothing."""
        del query
        return Fetched(None, f"{url} did not answer")
