import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.modules.sources.foreign_files import FOREIGN, POINTER
from retrain.modules.sources.source import check_handle

MODULES_PAGE = pathlib.Path(__file__).parents[3] / "docs" / "modules.md"


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


def test_a_frozen_graph_is_a_module_after_what_the_docs_show(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [None, 224, 224, 3], "input")
        tf.reduce_mean(images, axis=[1, 2], name="features")
        pathlib.Path("graph.pb").write_bytes(graph.as_graph_def().SerializeToString())
    programs = re.findall(r"```python\n(.*?)```", MODULES_PAGE.read_text("utf-8"), re.DOTALL)
    [program] = [text for text in programs if "GraphDef" in text]
    exec(program, {})
    features = load_module("module")(np.full([2, 224, 224, 3], 0.25, np.float32))
    np.testing.assert_array_equal(features, np.full([2, 3], 0.25))
