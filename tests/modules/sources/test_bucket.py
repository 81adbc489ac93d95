import errno
import pathlib

import pytest

from retrain import gfile
from retrain.errors import InputError
from retrain.modules.sources import archive_members
from retrain.modules.sources.path_sources import SavedModel
from retrain.modules.sources.source import Source, source_of
from tests.at_address import copied, write

HERE = "ram://models/module"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> pathlib.Path:
    monkeypatch.setenv("RETRAIN_CACHE_DIR", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    gfile.tf.io.gfile.rmtree("ram://models")


@pytest.fixture
def timed(monkeypatch):
    """Files have times, as in a bucket."""
    listed = gfile.files_below

    def with_times(folder: str) -> dict[str, tuple[int, int]]:
        return {name: (size, 7) for name, (size, _) in listed(folder).items()}

    monkeypatch.setattr(gfile, "files_below", with_times)


def fetched(handle: str) -> Source:
    return source_of(handle).fetched()


def sentence(handle: str) -> str:
    with pytest.raises(InputError) as info:
        fetched(handle)
    return str(info.value)


def test_a_module_is_copied_once(cache, timed, monkeypatch):
    write(f"{HERE}/saved_model.pb", b"graph")
    write(f"{HERE}/variables/variables.index", b"index")
    source = fetched(HERE)
    module = pathlib.Path(source.location)
    assert source == SavedModel(HERE, str(module))
    assert cache / "modules" in module.parents
    assert (module / "saved_model.pb").read_bytes() == b"graph"
    assert (module / "variables" / "variables.index").read_bytes() == b"index"
    monkeypatch.setattr(gfile, "copy", lambda source, target: pytest.fail("it is there already"))
    assert fetched(HERE) == source


def test_one_that_changed_is_another(timed):
    write(f"{HERE}/saved_model.pb", b"graph")
    one = fetched(HERE)
    write(f"{HERE}/saved_model.pb", b"another graph")
    assert fetched(HERE).location != one.location


def test_of_which_no_times_are_known_is_copied_for_the_run(cache):
    write(f"{HERE}/saved_model.pb", b"graph")
    module = pathlib.Path(fetched(HERE).location)
    assert (module / "saved_model.pb").read_bytes() == b"graph"
    assert cache not in module.parents


@pytest.mark.parametrize("export", ["export/saved_model", "export/hub_module", "best/export/saved_model"])
def test_of_a_run_what_it_exported_is_copied_alone(export):
    write(f"{HERE}/run.flags", b"")
    write(f"{HERE}/{export}/saved_model.pb", b"graph")
    assert [path.name for path in pathlib.Path(fetched(HERE).location).iterdir()] == ["saved_model.pb"]


def test_what_is_no_module_is_a_sentence(monkeypatch, cache):
    assert sentence(HERE).startswith(f"{HERE!r} does not exist; a module handle is a module directory, ")
    write(f"{HERE}/notes.txt", b"")
    assert sentence(HERE) == (
        f"{HERE!r} is no module: there is no saved_model.pb in it, and no run that exported one."
    )
    write(f"{HERE}/saved_model.pb", b"graph")
    monkeypatch.setattr(archive_members, "MOST_FILES", 1)
    assert sentence(HERE) == (
        f"{HERE!r} holds more than 1 files, and modules hold less: if it is one all the same, copy it to "
        "a disk."
    )


def test_a_copy_that_fails_leaves_nothing(monkeypatch, timed, cache):
    write(f"{HERE}/saved_model.pb", b"graph")

    def fail(source, target):
        raise OSError(errno.EIO, "no answer", source)

    monkeypatch.setattr(gfile, "copy", fail)
    assert sentence(HERE) == (
        f"{HERE!r} could not be fetched (no answer): see to it that this machine may read there, or copy "
        "what is there to a disk."
    )
    assert not [*(cache / "modules").iterdir()]


def test_it_predicts(command, trained_run, colour_folder):
    copied(str(trained_run / "export"), "ram://models/run/export")
    words = ["predict", "--tfhub_module=ram://models/run", f"{colour_folder}/cyan"]
    result = command(*words)
    assert result.status == 0, result.err
    assert [line.split("\t")[1] for line in result.out.splitlines()[1:]] == ["cyan"] * 8
