"""Folders of files made up by a test: what is in them matters only where the test says so."""

import os
import pathlib
from collections.abc import Callable

import pytest


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> Callable[..., str]:
    """Makes DIR with these files (bytes by path, or paths: each with its own content); returns DIR."""

    def make(files: dict[str, bytes] | list[str], directory: str = "photos") -> str:
        contents = files if isinstance(files, dict) else {path: os.fsencode(path) for path in files}
        for path, content in contents.items():
            file = tmp_path / directory / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return str(tmp_path / directory)

    return make
