"""The directory of a run: what is in it, whose it is, how a run in it goes on."""
