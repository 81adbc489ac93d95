"""Keeps TensorFlow's native libraries from talking to the user.

While they are loaded they write to stderr before any log level is heard (glog's "All log messages before
absl::InitializeLog()"): about oneDNN, missing CUDA drivers, CPU instructions. What was written is shown after
all when the loading fails.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

STDERR = 2


@contextlib.contextmanager
def native_stderr_held() -> Iterator[None]:
    """Holds back what is written to the process's stderr, below Python's; drops it unless the body raises."""
    sys.stderr.flush()
    kept = os.dup(STDERR)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), STDERR)
        try:
            yield
        except BaseException:
            os.dup2(kept, STDERR)
            held.seek(0)
            os.write(STDERR, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, STDERR)
            os.close(kept)
