"""Effects: the API server, the Lease, the clock. Small and boring."""
