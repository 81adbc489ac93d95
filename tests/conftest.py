"""For every test: CPU only, quiet, no cache of the user's touched; and the tiny worlds as fixtures.

Nothing here imports TensorFlow, so that tests which do without it stay fast.
"""

import gc
import os
import pathlib
from collections.abc import Callable
from typing import NamedTuple

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["MPLBACKEND"] = "agg"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Eigen's kernels are the same on every CPU, and in TensorFlow 2.15 (tests/legacy). Those of oneDNN for AVX2
# are not: features of MobileNet v2 differ by 1.3e-5. tests/test_main.py runs what users have.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import hypothesis
import pytest

from tests import kept_reading_process

# The same examples each time; CONTRIBUTING.md tells how to have many others.
hypothesis.settings.register_profile("retrain", deadline=None, derandomize=True)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("retrain")

kept_reading_process.keep()


HERE = pathlib.Path(__file__).parent

# What tests write need not outlive a power cut: to wait for the disk is a hundredth of all.
os.fsync = lambda descriptor: None

# What is imported stays: to look through a million objects for garbage, again and again, is a sixth of all.
gc.disable()


# Beside these all files of tests are short.
LONGEST = (
    "legacy",
    "contracts",
    "commands",
    "test_readme.py",
    "test_keras.py",
    "exporters",
    "test_notebook.py",
    "sklearn",
)


def pytest_configure(config: pytest.Config) -> None:
    """xdist would begin with the files of the most tests, and end with the longest, which have few."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, lest one process be left with such a file when the other has nothing more to do."""
    items.sort(key=lambda item: _place(item.path.relative_to(HERE).parts[0]))


def _place(name: str) -> int:
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
    # Graphs of TensorFlow are many objects, and little garbage: by Python's 700, 10, 10 a fourteenth of all.
    gc.set_threshold(10_000, 20, 50)


def pytest_unconfigure() -> None:
    """Once more, so that pytest hears of what is lost with it: again and again is for nothing."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A directory with a classifier of colours, `module`, and its publisher's `labels.txt`; only read it."""
    from tests import tiny_worlds

    directory = tmp_path_factory.mktemp("published")
    tiny_worlds.published_module(directory / "module")
    (directory / "labels.txt").write_text("".join(f"{label}\n" for label in tiny_worlds.LABELS))
    return directory


@pytest.fixture(scope="session")
def loaded_module(averaging_module: str):
    """The averaging module as an ImageModule; use it frozen, never change it."""
    from retrain.modules.loading import load_module

    return load_module(averaging_module)


@pytest.fixture(scope="session")
def trained_run(
    colour_folder: str, averaging_module: str, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """The directory of a run of `train` on the two; read it, never change it."""
    from retrain.__main__ import main

    run = tmp_path_factory.mktemp("trained") / "run"
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", f"--model_dir={run}"]
    assert main(["retrain", *flags]) == 0
    return run


@pytest.fixture(scope="session")
def telling_run(averaging_module: str, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A run of `train` on 60 images of colours, whose exports tell how familiar images are; only read it."""
    from retrain.__main__ import main
    from tests import tiny_worlds

    directory = tmp_path_factory.mktemp("telling")
    tiny_worlds.colour_folder(directory / "colours", 20)
    flags = [f"--image_dir={directory / 'colours'}", f"--tfhub_module={averaging_module}"]
    assert main(["retrain", *flags, f"--model_dir={directory / 'run'}", "--validation_percentage=45"]) == 0
    return directory / "run"


class Result(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a command line, given as words after `python -m retrain`, in this process."""
    from retrain.__main__ import main

    def run(*words: object) -> Result:
        capfd.readouterr()
        return Result(main(["retrain", *map(str, words)]), *capfd.readouterr())

    return run
