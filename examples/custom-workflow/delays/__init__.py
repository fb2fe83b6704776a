"""Workflows of the flight team."""
