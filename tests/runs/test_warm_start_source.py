import pathlib
import tarfile

import pytest

from retrain import files
from retrain.errors import InputError
from retrain.runs.warm_start_source import WarmStartSource, find_source
from retrain.settings.config import Config, check, to_flags
from retrain.settings.module import ModuleSettings


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A run with two checkpoints, and a checkpoint that lies elsewhere."""
    monkeypatch.chdir(tmp_path)
    for place in ("run/ckpt-9", "run/ckpt-10", "else/ckpt-10"):
        files.write_text(f"{place}/variables.index", "")
    files.write_text("run/run.flags", to_flags(Config.of(image_dir="/photos"), "train"))
    return tmp_path


def exported(directory: str) -> None:
    files.write_text(f"{directory}/saved_model.pb", "")
    files.write_text(f"{directory}/assets.extra/retrain.json", "{}")


def sentence(given: str) -> str:
    with pytest.raises(InputError) as raised:
        find_source(given)
    return str(raised.value)


def found(given: str) -> tuple[str, str, str | None, str]:
    """What the user named, an export, the directory of a run, a checkpoint in it."""
    named, export, run, checkpoint = find_source(given)
    return named, export, None if run is None else str(run), checkpoint


def test_a_run_is_its_export_or_else_its_newest_checkpoint():
    assert found("run") == ("run", "", "run", "run/ckpt-10/variables")
    exported("run/export/hub_module")
    assert found("run") == ("run", "run/export/hub_module", None, "")
    exported("run/export/saved_model")
    assert found("run") == ("run", "run/export/saved_model", None, "")


@pytest.mark.parametrize("given", ["run/ckpt-9", "run/ckpt-9/", "run/ckpt-9/variables"])
def test_a_checkpoint_is_known_by_its_directory_or_its_path(given):
    assert found(given) == (given, "", "run", "run/ckpt-9/variables")


def test_an_exported_classifier_is_itself():
    exported("module")
    assert find_source("module") == WarmStartSource("module", "module")


def test_an_archive_of_an_exported_classifier_is_unpacked(here, monkeypatch):
    monkeypatch.setenv("RETRAIN_CACHE_DIR", str(here / "cache"))
    exported("packed/module")
    with tarfile.open("module.tar.gz", "w:gz") as archive:
        archive.add("packed/module", "module")
    named, export, _, _ = find_source("module.tar.gz")
    assert named == "module.tar.gz"
    assert (here / "cache") in pathlib.Path(export).parents
    assert pathlib.Path(export, "assets.extra/retrain.json").is_file()
    (here / "cache").rename("moved")
    with pytest.raises(InputError, match=r"'module\.tar\.gz' holds more than 1e-09 GiB, "):
        find_source("module.tar.gz", ModuleSettings(max_archive_gb=1e-9))


def test_what_cannot_be_begun_with(here):
    places = "the directory of a run, one of its checkpoints, such as RUN/ckpt-100, or an exported classifier"
    assert sentence("gone") == f"--warm_start_from='gone' does not exist: name {places}."
    assert sentence("else") == f"--warm_start_from='else' is none of these: name {places}."
    assert sentence("else/ckpt-10") == (
        "--warm_start_from='else/ckpt-10' is a checkpoint, but not in the directory of its run, where "
        "run.flags would say which module it is of: name it there."
    )
    files.write_text("begun/run.flags", to_flags(Config.of(), "train"))
    assert sentence("begun") == (
        "The run --warm_start_from='begun' has neither exports nor checkpoints: let it go on first."
    )
    files.write_text("module/saved_model.pb", "")
    assert sentence("module") == (
        "'module' is no classifier exported by retrain: it has no assets.extra/retrain.json; name a run "
        "or its export/saved_model; predict and evaluate take other classifiers with --label_map."
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"tfhub_module": "module"},
            "--warm_start_from brings the module of its run with it: leave --tfhub_module out.",
        ),
        (
            {"warm_start_head": True, "label_map": "labels.txt"},
            "--warm_start_from and --warm_start_head both say where the head begins: give one of the two.",
        ),
    ],
)
def test_there_is_one_start(settings, expected):
    with pytest.raises(InputError) as raised:
        check(
            Config.of(image_dir="photos", warm_start_from="run", **settings),
            "train",
            ["image_dir", *settings],
        )
    assert str(raised.value) == expected
