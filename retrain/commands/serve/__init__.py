"""The verb `serve`: a classifier behind HTTP."""
