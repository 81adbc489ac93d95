import contextlib

import pytest

from tests.studies.studies import ABOUT, opened


@pytest.fixture
def make_study():
    """Opens the study in a directory, as one worker more; closed at the end of the test."""
    with contextlib.ExitStack() as studies:
        yield lambda directory, about=ABOUT: studies.enter_context(opened(directory, about))
