"""What is said of a handle that names no module."""

import pytest

from retrain.errors import InputError
from retrain.modules.sources.source import check_handle, source_of

FORMS = (
    "a module directory, a .keras file, a .tar.gz of a module, a directory at gs://, an https:// URL, "
    "keras_hub:PRESET, keras:NAME or builtin:"
)


def sentence(handle: str) -> str:
    """The words of the check, which are those of loading, too."""
    with pytest.raises(InputError) as info:
        check_handle(handle)
    with pytest.raises(InputError) as again:
        source_of(handle).load()
    assert str(again.value) == str(info.value)
    return str(info.value)
