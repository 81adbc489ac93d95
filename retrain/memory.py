"""What was freed goes back to the system: between two stages of a run, and of large blocks at once.

glibc keeps memory that lies below some that is still in use: a tenth of a gigabyte of features that were read
in blocks, for as long as the process lives (malloc_trim(3)).
"""

import ctypes

M_MMAP_THRESHOLD = -3
LARGE = 4 * 2**20


def give_back() -> None:
    """Takes some milliseconds; nothing is done where the C library has no malloc_trim."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))


def return_at_once() -> None:
    """From now on blocks of 4 MB and more are given back as they are freed, where glibc would keep those of
    up to 32 MB that it has seen freed before (M_MMAP_THRESHOLD of mallopt(3))."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(M_MMAP_THRESHOLD, LARGE)
