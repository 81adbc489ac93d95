"""Processes that train together, on one machine or several, each with the same command."""
