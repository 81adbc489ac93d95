import pytest

from retrain.commands.module_check import check_modules, local_directory
from retrain.errors import InputError
from retrain.settings.config import Config
from retrain.settings.needs import Circumstances


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory with what looks like a SavedModel, and what does not look like a module."""
    monkeypatch.chdir(tmp_path)
    for name in ("module", "empty"):
        (tmp_path / name).mkdir()
    for name in ("module/saved_model.pb", "model.keras", "model.onnx"):
        (tmp_path / name).touch()


def complaint(verb: str = "train", handles=(), varied=frozenset(), **settings: object) -> str | None:
    try:
        check_modules(Circumstances(Config.of(**settings), verb, varied=frozenset(varied)), handles)
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize("handle", ["builtin:", "module", "model.keras"])
def test_modules_there_are(handle):
    assert complaint(tfhub_module=handle) is None


def test_a_run_brings_its_export_and_says_so(tmp_path, caplog):
    (tmp_path / "run/export").mkdir(parents=True)
    (tmp_path / "module").rename(tmp_path / "run/export/saved_model")
    with caplog.at_level("INFO", "absl"):
        assert complaint(tfhub_module="run") is None
    assert caplog.messages == ["'run' is a run: its export is taken, 'run/export/saved_model'."]
    assert [local_directory(handle) for handle in ("run", "builtin:", "model.keras")] == [
        "run/export/saved_model",
        None,
        None,
    ]


def test_handles_that_name_no_module():
    assert complaint(tfhub_module="gone").startswith("'gone' does not exist; a module handle is ")
    assert complaint(tfhub_module="model.onnx").startswith(
        "'model.onnx' is a file of an unknown kind; a module handle is "
    )
    assert complaint(tfhub_module="empty").startswith("'empty' is no module: there is no saved_model.pb")
    assert complaint(handles=["builtin:", "gone"]).startswith("'gone' does not exist; ")


@pytest.mark.parametrize(
    ("handle", "settings", "flag"),
    [
        ("builtin:", {"module_kind": "image_classification"}, "--module_kind=image_classification"),
        ("builtin:", {"feature_output": "last"}, "--feature_output=last"),
        ("builtin:", {"module_input_range": (-1.0, 1.0)}, "--module_input_range=-1.0,1.0"),
        ("keras:VGG16", {"module_input_std": (0.5, 0.5, 0.5)}, "--module_input_std=0.5,0.5,0.5"),
        ("model.keras", {"module_kind": "image_classification"}, "--module_kind=image_classification"),
    ],
)
def test_a_setting_that_has_no_effect_on_the_module(handle, settings, flag):
    assert complaint(tfhub_module=handle, **settings) == (
        f"{flag} has no effect on this module, whose source does not read it: leave it out."
    )


def test_of_several_modules_one_that_reads_a_setting_will_do():
    given = {"module_input_range": (-1.0, 1.0)}
    assert complaint(handles=["module", "builtin:"], varied={"tfhub_module"}, **given) is None
    assert complaint(handles=["keras:VGG16", "builtin:"], varied={"tfhub_module"}, **given) is not None


def test_what_a_warm_start_brings_may_read_anything():
    assert complaint(warm_start_from="run", module_input_range=(-1.0, 1.0), fine_tune=True) is None


def test_a_module_with_nothing_to_train():
    sentence = (
        "--fine_tune trains the variables of a module, and 'builtin:' has none that can be trained: leave "
        "it out, or use another module."
    )
    assert complaint(fine_tune=True) == sentence
    assert complaint(fine_tune=True, tfhub_module="model.keras") is None
    assert complaint("sweep", ["model.keras", "builtin:"], fine_tune=True) == sentence
    # Where it varies, only the trials that do so fail.
    assert complaint("sweep", varied={"fine_tune"}, fine_tune=True) is None
