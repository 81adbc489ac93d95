import io
import os
import pathlib

import pytest
from PIL import Image

from retrain.data import no_image
from retrain.data.no_image import NoImageError, RefusedImageError, check, read, why_no_image
from retrain.settings.data import AS_USUAL, Decoding
from tests.hostile_images import png_of


def why(path: pathlib.Path) -> str:
    found = os.stat(path)
    return why_no_image(str(path), found.st_size, found.st_mtime_ns, AS_USUAL)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"hello", "not a file of an image"),
        (b"\xff\xd8\xff", "damaged or incomplete JPEG"),
        (b"II*\0", "damaged or unusual TIFF"),
        (b"\0\0\0\x18ftypheic", "damaged or incomplete HEIF"),
        (png_of(30000, 30000), "more than 100 megapixels"),
    ],
)
def test_by_how_a_file_begins(tmp_path, content, reason):
    (tmp_path / "x.jpg").write_bytes(content)
    assert why(tmp_path / "x.jpg") == reason


def test_a_format_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(no_image, "READS_HEIF", False)
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert why(tmp_path / "x.heic") == "HEIF: pip install 'retrain[heif]'"


def test_what_is_no_file_that_can_be_read(tmp_path):
    assert why(tmp_path) == "not a file"
    gone = (str(tmp_path / "gone.jpg"), 0, 0)
    assert why_no_image(*gone, AS_USUAL) == "cannot be read (No such file or directory)"
    with pytest.raises(NoImageError, match=r"^cannot be read \(No such file or directory\)$"):
        read(gone[0])


def test_a_file_that_is_another_now(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "x.png")
    found = os.stat(tmp_path / "x.png")
    for size, time in ((found.st_size + 1, found.st_mtime_ns), (found.st_size, found.st_mtime_ns + 1)):
        assert why_no_image(str(tmp_path / "x.png"), size, time, AS_USUAL) == "changed while it was read"


def test_what_may_be_an_image_passes():
    file = io.BytesIO()
    Image.new("RGB", (40, 30)).save(file, "PNG")
    check(file.getvalue(), AS_USUAL)
    check(b"hello", AS_USUAL)
    with pytest.raises(RefusedImageError, match=r"more than 0\.001 megapixels"):
        check(file.getvalue(), Decoding("white", 0.001))
