"""Ratios measured side by side in one run, printed and never asserted: `python -m tests.benchmarks.NAME`."""
