"""From pydantic models to structural CRDs; raises on what a CRD cannot express."""
