import subprocess
import sys

import pytest

from retrain.errors import InputError
from retrain.modules.sources.foreign_files import CHECKPOINT
from retrain.modules.sources.path_sources import SavedModel
from retrain.modules.sources.source import forms, source_of
from retrain.settings.module import ModuleSettings
from tests.modules.sources.sentences import FORMS, sentence
from tests.tiny_worlds import averaging_module, keras_file


def test_a_handle_has_one_source(tmp_path):
    handle = averaging_module(tmp_path / "module")
    assert source_of(handle) == SavedModel(handle, handle)
    assert source_of(handle).fetched() == source_of(handle)
    assert source_of(handle).files == handle


def test_a_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "module").mkdir()
    assert source_of("~/module") == SavedModel("~/module", str(tmp_path / "module"))


@pytest.mark.parametrize("handle", ["", "/no/such/module", "no_such.keras", "no_such.tgz", "builtin"])
def test_nothing_there(handle):
    assert sentence(handle) == f"{handle!r} does not exist; a module handle is {FORMS}."


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "graph.xyz").write_bytes(b"")
    handle = str(tmp_path / "graph.xyz")
    with pytest.raises(InputError) as info:
        source_of(handle)
    assert str(info.value) == f"{handle!r} is a file of an unknown kind; a module handle is {FORMS}."


def test_every_form_is_told_once():
    assert forms() == FORMS


def test_what_files_do_not_say_is_read_off_the_module(tmp_path):
    handle = keras_file(tmp_path)
    spec = source_of(handle).read_spec()
    assert (spec.handle, spec.get_tags()) == (handle, [set(), {"train"}])
    assert spec.get_signature_names() == ["image_feature_vector"]


def test_the_settings_reach_the_module(tmp_path):
    handle = averaging_module(tmp_path / "module", size=(None, None))
    settings = ModuleSettings(image_size=6, module_kind="image_classification")
    module = source_of(handle).load(settings, bfloat16=True)
    assert (module.image_size, list(module.signatures)) == ((6, 6), ["image_classification"])


def test_a_check_imports_nothing_heavy():
    code = (
        "import sys; from retrain.modules.sources.source import check_handle; "
        "check_handle('keras:MobileNet'); check_handle('builtin:'); check_handle('https://no.such/module'); "
        "assert not {'tensorflow', 'numpy', 'pandas', 'tensorflow_hub', 'platformdirs'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_checkpoint_as_tensorflow_names_it(tmp_path):
    (tmp_path / "model.ckpt.index").write_bytes(b"")
    handle = str(tmp_path / "model.ckpt")
    assert sentence(handle) == f"{handle!r} {CHECKPOINT}."
