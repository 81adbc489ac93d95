"""Sweeps: the space that is searched, how it is drawn from, the study that keeps trials, their ranking."""
