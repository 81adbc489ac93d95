import pytest

from retrain.commands.module_check import (
    check_modules,
    label_map_of,
    local_classifier,
    local_directory,
    log_embedded,
    named_in_full,
)
from retrain.errors import InputError
from retrain.modules.sources.embedded_sources import IMAGENET_LABELS
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


@pytest.mark.parametrize("handle", ["builtin:gradients", "module", "model.keras"])
def test_modules_there_are(handle):
    assert complaint(tfhub_module=handle) is None


def test_a_run_brings_its_export_and_says_so(tmp_path, caplog):
    (tmp_path / "run/export").mkdir(parents=True)
    (tmp_path / "module").rename(tmp_path / "run/export/saved_model")
    with caplog.at_level("INFO", "absl"):
        assert complaint(tfhub_module="run") is None
        assert complaint("predict", tfhub_module="run") is None  # which tells it with what computes
    assert caplog.messages == ["'run' is a run: what it exported is taken, 'run/export/saved_model'."]
    assert [local_directory(handle) for handle in ("run", "builtin:gradients", "model.keras")] == [
        "run/export/saved_model",
        None,
        None,
    ]


def test_handles_that_name_no_module():
    assert complaint(tfhub_module="gone").startswith("'gone' does not exist; a module handle is ")
    assert complaint(tfhub_module="model.onnx").startswith(
        "'model.onnx' is an ONNX model: turn it into a SavedModel, "
    )
    assert complaint(tfhub_module="empty").startswith("'empty' is no module: there is no saved_model.pb")
    assert complaint(handles=["builtin:gradients", "gone"]).startswith("'gone' does not exist; ")


@pytest.mark.parametrize(
    ("handle", "settings", "flag"),
    [
        ("builtin:gradients", {"module_kind": "image_classification"}, "--module_kind=image_classification"),
        ("builtin:gradients", {"feature_output": "last"}, "--feature_output=last"),
        ("builtin:gradients", {"module_input_range": (-1.0, 1.0)}, "--module_input_range=-1.0,1.0"),
        ("keras:MobileNetV2", {"module_kind": "image_classification"}, "--module_kind=image_classification"),
    ],
)
def test_a_setting_that_has_no_effect_on_the_module(handle, settings, flag):
    assert complaint(tfhub_module=handle, **settings) == (
        f"{flag} has no effect on this module, whose source does not read it: leave it out."
    )


def test_of_several_modules_one_that_reads_a_setting_will_do():
    given = {"module_input_range": (-1.0, 1.0)}
    assert complaint(handles=["module", "builtin:gradients"], varied={"tfhub_module"}, **given) is None
    assert (
        complaint(handles=["keras:VGG16", "builtin:gradients"], varied={"tfhub_module"}, **given) is not None
    )


def test_what_a_warm_start_brings_may_read_anything():
    assert complaint(warm_start_from="run", module_input_range=(-1.0, 1.0), fine_tune=True) is None


def test_a_module_with_nothing_to_train():
    sentence = (
        "--fine_tune trains the variables of a module, and 'builtin:gradients' has none that can be trained: "
        "leave it out, or use another module."
    )
    assert complaint(fine_tune=True, tfhub_module="builtin:gradients") == sentence
    assert complaint(fine_tune=True, tfhub_module="model.keras") is None
    assert complaint("sweep", ["model.keras", "builtin:gradients"], fine_tune=True) == sentence
    # Where it varies, only the trials that do so fail.
    assert complaint("sweep", ["builtin:gradients"], {"fine_tune"}, fine_tune=True) is None


@pytest.fixture
def installed(monkeypatch):
    """Says what the best embedded module is."""

    def install(best: str) -> None:
        monkeypatch.setattr("retrain.commands.module_check.best", lambda: best)
        monkeypatch.setattr("retrain.commands.module_check.why_not", lambda handle: f"{handle} is not here.")

    install("builtin:efficientnet_lite1")
    return install


@pytest.mark.parametrize(
    ("best", "told"),
    [
        (
            "builtin:efficientnet_lite1",
            "builtin: is builtin:efficientnet_lite1, the best embedded module that is installed.",
        ),
        ("builtin:gradients", "builtin: is builtin:gradients. builtin:efficientnet_lite1 is not here."),
    ],
)
def test_builtin_is_written_in_full_and_told(installed, best, told, caplog):
    installed(best)
    full = Config.of(tfhub_module=best)
    assert named_in_full(Config()) == named_in_full(full) == full
    with caplog.at_level("INFO", "absl"):
        log_embedded()
    assert caplog.messages == [told]


def test_builtin_among_the_modules_of_a_sweep(installed):
    space = ("tfhub_module=builtin:,m/builtin:;builtin:gradients,builtin:", "dropout_rate=0,0.5")
    found = named_in_full(Config.of(sweep=space))
    assert found.sweep.sweep == (
        "tfhub_module=builtin:efficientnet_lite1,m/builtin:;builtin:gradients,builtin:efficientnet_lite1",
        space[1],
    )
    # The flag is not given beside: it would fix what varies.
    assert found.module == Config().module


def test_a_module_that_comes_from_elsewhere_is_not_named(installed):
    for config in (Config.of(warm_start_from="run"), Config.of(sweep=("tfhub_module=module,model.keras",))):
        assert named_in_full(config) == config


def test_the_classes_of_a_publisher():
    assert label_map_of(Config.of(tfhub_module="module").module) is None
    assert label_map_of(Config.of(tfhub_module="module", label_map="labels.txt").module) == "labels.txt"
    assert label_map_of(Config.of(tfhub_module="builtin:efficientnet_lite0").module) == IMAGENET_LABELS
    assert complaint(tfhub_module="builtin:efficientnet_lite1", warm_start_head=True) is None
    assert complaint(tfhub_module="module", warm_start_head=True) == (
        "--warm_start_head needs --label_map: a text file of the module's own classes, one a line."
    )


@pytest.mark.parametrize("handle", ["builtin:gradients", "keras:MobileNetV2", "model.keras", "."])
def test_what_holds_no_classifier_is_known_at_once(tmp_path, monkeypatch, handle):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.keras").touch()
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(InputError, match=f"^'{handle}' is no classifier exported by retrain: "):
        local_classifier(handle)


def test_what_is_packed_or_elsewhere_is_known_when_it_is_fetched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "export.tar.gz").touch()
    assert local_classifier("export.tar.gz") is local_classifier("https://tfhub.dev/a/b/1") is None


def test_the_export_of_a_run_is_one(trained_run):
    assert local_classifier(str(trained_run)) == str(trained_run / "export" / "saved_model")
