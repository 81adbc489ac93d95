"""The verb `export`: further formats of what a run has trained."""
