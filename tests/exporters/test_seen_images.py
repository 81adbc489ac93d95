import types

import numpy as np
import pytest

from retrain.errors import InputError
from retrain.exporters import seen_images as seen_images_module
from retrain.exporters.assets import FOLDER
from retrain.exporters.seen_images import FILE, NOTHING_SEEN, SeenImages, read_seen, seen_images, write_seen
from tests.examples.worlds import made_up

CONTENTS = [f"{number:016x}" for number in (0, 7, 2**63 - 1)]
EXAMPLES = (
    made_up(["1.png", "2.png", "3.png"], kind=["a", "b", "a"])
    .with_contents(CONTENTS)
    .with_splits(["train", "validation", "test"])
)


def test_a_copy_of_the_directory_says_what_was_seen(tmp_path):
    seen = SeenImages({CONTENTS[0], CONTENTS[2]}, {CONTENTS[1]}, frozenset())
    write_seen(seen, str(tmp_path / "export"))
    (tmp_path / "export").rename(tmp_path / "copy")
    assert read_seen(str(tmp_path / "copy")) == seen
    many = SeenImages([f"{number:016x}" for number in range(10_000)])
    write_seen(many, str(tmp_path / "copy"))
    assert (tmp_path / "copy" / FOLDER / FILE).stat().st_size < 81_000


def test_a_module_of_others_says_nothing(tmp_path):
    assert read_seen(None) == read_seen(str(tmp_path)) == NOTHING_SEEN


def test_a_file_that_holds_something_else(tmp_path):
    (tmp_path / FOLDER).mkdir()
    path = tmp_path / FOLDER / FILE
    for write in (lambda: path.write_text("text"), lambda: np.savez(path, other=np.zeros(3))):
        write()
        with pytest.raises(InputError, match="was expected to hold hashes of the images"):
            read_seen(str(tmp_path))


@pytest.mark.parametrize("fine_tuned", [False, True])
def test_what_a_base_was_trained_on_stays_seen(fine_tuned, tmp_path, monkeypatch):
    """An earlier classifier saw two images, its base one of them: that one counts."""
    write_seen(SeenImages({"0" * 15 + "a", "0" * 15 + "b"}, frozenset(), {"0" * 15 + "b"}), str(tmp_path))
    fetched = types.SimpleNamespace(fetched=lambda: types.SimpleNamespace(files=str(tmp_path)))
    monkeypatch.setattr(seen_images_module, "source_of", lambda handle: fetched)
    model = types.SimpleNamespace(train_base=fine_tuned, base=types.SimpleNamespace(handle="earlier"))
    old, own = "0" * 15 + "b", CONTENTS[0]
    assert seen_images(model, EXAMPLES) == SeenImages(
        {old, own}, {CONTENTS[1]}, {old, own} if fine_tuned else {old}
    )
