"""The trainer: the resolved spec in, a published artifact out."""
