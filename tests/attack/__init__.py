"""A bounded attack on a scoring server of our own: ``make attack``."""
