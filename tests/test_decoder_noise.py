import ctypes
import io
import pathlib
import subprocess
import sys
import warnings

import pytest
from PIL import Image

from retrain.decoder_noise import SHOWN, decoders_held
from retrain.errors import InputError
from retrain.plain_log import logged_plainly
from tests import tiny_worlds

LIBC = ctypes.CDLL(None)


def write(text: bytes) -> None:
    """Into the stream stderr of C."""
    stream = ctypes.c_void_p.in_dll(LIBC, "stderr")
    LIBC.fputs(text, stream)


def test_what_libraries_in_c_write_is_not_shown_and_python_is_heard(capfd):
    with decoders_held():
        write(b"Input file read error\n")
        print("a line of ours", file=sys.stderr)
    write(b"after\n")
    assert capfd.readouterr().err == "a line of ours\nafter\n"


def test_nor_what_pillow_warns_of():
    with decoders_held():
        warnings.warn_explicit("Corrupt EXIF data", UserWarning, "x.py", 1, module="PIL.TiffImagePlugin")
    with pytest.raises(UserWarning):
        warnings.warn_explicit("Corrupt EXIF data", UserWarning, "x.py", 1, module="PIL.TiffImagePlugin")


def test_the_last_of_it_is_shown_where_the_body_fails(capfd):
    with pytest.raises(ZeroDivisionError), decoders_held():
        write(b"much\n" * SHOWN)
        write(b"the cause\n")
        raise ZeroDivisionError
    shown = capfd.readouterr().err
    assert shown.endswith("much\nthe cause\n")
    assert len(shown) == SHOWN


def test_a_sentence_stands_alone_and_the_next_time_begins_empty(capfd):
    with pytest.raises(InputError), decoders_held():
        write(b"Bogus marker length\n")
        raise InputError
    with pytest.raises(ZeroDivisionError), decoders_held():
        raise ZeroDivisionError
    assert capfd.readouterr().err == ""


def test_all_is_shown_at_verbosity_debug(capfd):
    with logged_plainly("debug"), decoders_held():
        write(b"Bogus marker length\n")
    assert capfd.readouterr().err == "Bogus marker length\n"


def test_an_abort_says_where():
    code = (
        "import os\nfrom retrain.decoder_noise import decoders_held\n"
        "def decoding(): os.abort()\n"
        "with decoders_held(): decoding()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.startswith("Fatal Python error: Aborted")
    assert "in decoding" in done.stderr


@pytest.fixture
def photos(tmp_path) -> pathlib.Path:
    """Good ones, and what libjpeg, libtiff and Pillow each have words for."""
    tiny_worlds.colour_folder(tmp_path / "photos", 8)
    file = io.BytesIO()
    Image.effect_noise((60, 60), 90).convert("RGB").save(file, "JPEG")
    content = file.getvalue()
    cyan = tmp_path / "photos" / "cyan"
    (cyan / "cut.jpg").write_bytes(content[:100])
    (cyan / "kept.jpg").write_bytes(content[:-2] + bytes(9) + content[-2:])
    file = io.BytesIO()
    Image.effect_noise((60, 60), 90).save(file, "TIFF", compression="tiff_lzw")
    content = file.getvalue()
    (cyan / "lzw.tif").write_bytes(content[:500] + 200 * b"\xff" + content[700:])
    return tmp_path / "photos"


def test_a_run_says_nothing_raw(photos, averaging_module, tmp_path, command):
    flags = ["--feature_cache=none", f"--model_dir={tmp_path}/run", "--export_formats=saved_model"]
    done = command(f"--image_dir={photos}", f"--tfhub_module={averaging_module}", *flags)
    assert done.status == 0
    assert "Left out: 2 images" in done.err
    for words in ("Input file read error", "Corrupt JPEG data", "code not yet in table", "PIL"):
        assert words not in done.err
