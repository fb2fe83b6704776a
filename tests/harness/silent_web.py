"""A network on which nobody answers."""

from checkrail_operator.observe.rollout_reads import Fetched, Reads


class SilentWeb:
    """Implements ``shell.web.Web`` for passes that read nothing but the API server."""

    async def read(self, reads: Reads) -> tuple[dict[str, Fetched], dict[str, Fetched]]:
        """Answer nothing."""
        silence = Fetched(None, "no answer")
        return dict.fromkeys(reads.pods, silence), dict.fromkeys(reads.queries, silence)
