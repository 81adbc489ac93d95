"""What was freed goes back to the system, between two stages of a run.

glibc keeps memory that lies below some that is still in use: a tenth of a gigabyte of features that were read
in blocks, for as long as the process lives (malloc_trim(3)).
"""

import ctypes


def give_back() -> None:
    """Takes some milliseconds; nothing is done where the C library has no malloc_trim."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
