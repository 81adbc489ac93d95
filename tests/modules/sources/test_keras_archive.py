import zipfile

import pytest

from retrain.modules.sources.keras_archive import check_archive


def packed(path, **members: int) -> str:
    """An archive of files of so many million zeros each."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, millions in members.items():
            with archive.open(name.replace("_", "."), "w") as file:
                for _ in range(millions):
                    file.write(bytes(10**6))
    return str(path)


def test_what_keras_writes_passes(tmp_path):
    check_archive(packed(tmp_path / "a.keras", config_json=1, model_weights_h5=2))


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_file_that_unpacks_to_what_no_model_does(tmp_path, name):
    path = packed(tmp_path / "a.keras", **{name.replace(".", "_"): 65})
    with pytest.raises(ValueError, match=f"its '{name}' unpacks to 65 MB from 0 MB, which no model does"):
        check_archive(path)


def test_what_is_no_archive(tmp_path):
    (tmp_path / "a.keras").write_text("no")
    with pytest.raises(ValueError, match=r"it is no zip archive, as a whole .keras file is"):
        check_archive(str(tmp_path / "a.keras"))
