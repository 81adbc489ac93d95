"""For every test: CPU only, quiet, no cache of the user's touched; and the tiny worlds as fixtures.

Nothing here imports TensorFlow, so that tests which do without it stay fast.
"""

import os
import pathlib

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["MPLBACKEND"] = "agg"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import hypothesis
import pytest

hypothesis.settings.register_profile("retrain", deadline=None, derandomize=True)
hypothesis.settings.load_profile("retrain")


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The user's cache directory, for this process and those it starts."""
    directory = tmp_path_factory.mktemp("user_cache")
    os.environ["RETRAIN_CACHE_DIR"] = str(directory)
    return directory


@pytest.fixture
def seed() -> int:
    """The seed that Python, NumPy and TensorFlow have been given for this test."""
    import keras

    keras.utils.set_random_seed(0)
    return 0


@pytest.fixture(scope="session")
def colour_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Class folders of cyan, magenta and yellow images; read it, never change it."""
    from tests import tiny_worlds

    directory = tmp_path_factory.mktemp("colours")
    tiny_worlds.colour_folder(directory)
    return str(directory)


@pytest.fixture(scope="session")
def averaging_module(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SavedModel whose features are the mean of each colour channel; read it, never change it."""
    from tests import tiny_worlds

    directory = tmp_path_factory.mktemp("averaging") / "module"
    tiny_worlds.averaging_module(directory)
    return str(directory)
