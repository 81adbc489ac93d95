import pytest

from retrain.errors import InputError
from retrain.modules.sources.foreign_files import FOREIGN, POINTER
from retrain.modules.sources.source import check_handle


def sentence(handle) -> str:
    with pytest.raises(InputError) as info:
        check_handle(str(handle))
    return str(info.value)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        *(("net" + end, end) for end in FOREIGN),
        ("saved_model.pb", "saved_model.pb"),
        ("retrained_graph.pb", ".pb"),
        ("model.ckpt-100.data-00000-of-00001", ".data-00000-of-00001"),
    ],
)
def test_a_file_that_is_no_module_is_told_by_its_name(tmp_path, name, end):
    (tmp_path / name).write_bytes(b"content")
    assert sentence(tmp_path / name) == f"{str(tmp_path / name)!r} {FOREIGN[end]}."


def test_a_file_of_no_known_kind(tmp_path):
    (tmp_path / "net.caffemodel").write_bytes(b"content")
    assert " is a file of an unknown kind; a module handle is " in sentence(tmp_path / "net.caffemodel")


@pytest.mark.parametrize(
    "name", ["net.keras", "net.h5", "net.tar.gz", "net.onnx", "saved_model.pb", "variables/variables.index"]
)
def test_a_pointer_of_git_lfs(tmp_path, name):
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / name).write_bytes(POINTER + b"v1\noid sha256:4d7a\nsize 12345\n")
    handle = str(tmp_path / name if name.startswith("net") else tmp_path)
    assert sentence(handle) == (
        f"{handle!r} is not all there: {name.rpartition('/')[2]} is a pointer of Git LFS, a few lines in the "
        f"place of the file; fetch that with git lfs pull."
    )
