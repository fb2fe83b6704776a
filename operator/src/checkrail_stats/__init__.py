"""Sequential tests of two arms: pure functions, the standard library only, no clock."""
