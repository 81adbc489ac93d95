import gzip
import io

import pytest

from retrain.modules.sources.gzip_check import GZIP_ERRORS, check_gzip
from tests.modules.sources.test_fetched_sources import flipped

CONTENT = bytes(range(256)) * 100


@pytest.mark.parametrize("content", [gzip.compress(CONTENT), CONTENT, b""])
def test_what_is_whole_is_left_at_its_beginning(content):
    file = io.BytesIO(content)
    file.seek(0, io.SEEK_END)
    check_gzip(file)
    assert file.read() == content


def test_what_is_damaged_or_cut_short():
    packed = gzip.compress(CONTENT)
    for damaged in (flipped(packed, len(packed) - 5), flipped(packed, len(packed) // 2), packed[:-1]):
        with pytest.raises(GZIP_ERRORS):
            check_gzip(io.BytesIO(damaged))
