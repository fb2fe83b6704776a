"""The language that operator, trainer and server share: kinds, reports and names; no I/O."""
