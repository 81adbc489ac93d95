"""A run that was fine-tuned."""

import pathlib

import pytest

from tests.commands.worlds import FINE_TUNE, noisy_photos

MODULES = "--export_formats=saved_model,hub_module"


@pytest.fixture(scope="session")
def tuned_flags(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Those of a fine-tuning, of a module with batch norm, dropout and augmentation at work."""
    from tests import tiny_worlds

    directory = tmp_path_factory.mktemp("tuned")
    module = tiny_worlds.keras_file(directory / "module")
    return [
        f"--image_dir={noisy_photos(directory / 'photos')}",
        f"--tfhub_module={module}",
        *FINE_TUNE,
        MODULES,
    ]


@pytest.fixture(scope="session")
def tuned_run(tuned_flags: list[str], tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The run of these flags that nothing interrupted; read it, never change it."""
    from retrain.__main__ import main

    run = tmp_path_factory.mktemp("tuned") / "run"
    assert main(["retrain", *tuned_flags, f"--model_dir={run}"]) == 0
    return run
