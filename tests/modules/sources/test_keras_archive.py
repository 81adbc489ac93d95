import zipfile

import pytest

from retrain.errors import InputError
from retrain.modules.sources.keras_archive import check_archive, check_is_packed, check_name, is_of_keras_2


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


def test_a_file_with_the_name_of_the_other_format(tmp_path):
    (tmp_path / "a.keras").write_bytes(b"\x89HDF\r\n\x1a\n...")
    (tmp_path / "b.h5").write_bytes(b"PK\x03\x04...")
    with pytest.raises(InputError) as info:
        check_name("a", str(tmp_path / "a.keras"))
    assert str(info.value) == (
        f"'a' is an HDF5 file, and no zip archive as .keras files are: call it {tmp_path}/a.h5."
    )
    with pytest.raises(InputError) as info:
        check_name("b", str(tmp_path / "b.h5"))
    assert str(info.value) == (
        f"'b' is a zip archive, as .keras files are, and no HDF5: call it {tmp_path}/b.keras."
    )


def test_a_file_that_was_unzipped(tmp_path):
    check_is_packed("m", str(tmp_path))
    (tmp_path / "metadata.json").write_text('{"keras_version": "3.15.1", "keras_hub_version": "0.32.0"}')
    check_is_packed("m", str(tmp_path))
    (tmp_path / "metadata.json").write_text('{"keras_version": "3.15.1", "date_saved": "2026-12-01"}')
    with pytest.raises(InputError) as info:
        check_is_packed("m", str(tmp_path))
    assert str(info.value) == (
        f"'m' is a .keras file that was unzipped: give that file, or zip it again, (cd {tmp_path} && zip -r "
        f"../model.keras .)."
    )


def test_whose_a_file_is(tmp_path):
    for name, version in (("old.keras", "2.21.0"), ("new.keras", "3.15.1")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("metadata.json", f'{{"keras_version": "{version}"}}')
    assert is_of_keras_2(str(tmp_path / "old.keras"))
    assert not is_of_keras_2(str(tmp_path / "new.keras"))
    assert not is_of_keras_2(packed(tmp_path / "no.keras", config_json=1))
