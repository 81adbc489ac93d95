import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from retrain.data.images import content_hash, decode_image, load_facts, load_image, load_image_and_facts

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (5, 7, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS)
ALPHA = Image.fromarray(RNG.integers(0, 256, (5, 7), np.uint8))
GREY = np.repeat(PIXELS[..., :1], 3, axis=2)
PALETTE = PICTURE.quantize(16)
OTHER = PICTURE.transpose(Image.Transpose.ROTATE_180)


def encoded(picture: Image.Image, image_format: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def with_alpha() -> Image.Image:
    picture = PICTURE.copy()
    picture.putalpha(ALPHA)
    return picture


def as_rgb(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"))


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "a maker of cameras"
    exif[0x0112] = orientation
    return exif


def big_picture(height: int = 24, width: int = 40) -> Image.Image:
    """Smooth, so that JPEG keeps it well, and different in all eight orientations."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([6 * x, 10 * y, 3 * x + 5 * y], axis=-1).astype(np.uint8))


LOSSLESS = {
    "PNG": (encoded(PICTURE, "PNG"), PIXELS),
    "PNG grey": (encoded(Image.fromarray(PIXELS[..., 0]), "PNG"), GREY),
    "PNG grey and alpha": (encoded(Image.merge("LA", (Image.fromarray(PIXELS[..., 0]), ALPHA)), "PNG"), GREY),
    "PNG alpha": (encoded(with_alpha(), "PNG"), PIXELS),
    "PNG palette": (encoded(PALETTE, "PNG"), as_rgb(PALETTE)),
    "PNG one bit": (encoded(PICTURE.convert("1"), "PNG"), as_rgb(PICTURE.convert("1"))),
    "PNG 16 bit": (encoded(Image.fromarray(PIXELS[..., 0] * np.uint16(256) + np.uint16(77)), "PNG"), GREY),
    "PNG interlaced frames": (encoded(PICTURE, "PNG", save_all=True, append_images=[OTHER]), PIXELS),
    "GIF": (encoded(PALETTE, "GIF"), as_rgb(PALETTE)),
    "GIF first frame": (
        encoded(PALETTE, "GIF", save_all=True, append_images=[OTHER.quantize(16)]),
        as_rgb(PALETTE),
    ),
    "BMP": (encoded(PICTURE, "BMP"), PIXELS),
    "BMP grey": (encoded(Image.fromarray(PIXELS[..., 0]), "BMP"), GREY),
    "BMP alpha": (encoded(with_alpha(), "BMP"), PIXELS),
    "BMP palette": (encoded(PALETTE, "BMP"), as_rgb(PALETTE)),
    "BMP one bit": (encoded(PICTURE.convert("1"), "BMP"), as_rgb(PICTURE.convert("1"))),
    "WebP": (encoded(PICTURE, "WEBP", lossless=True), PIXELS),
    "WebP alpha": (encoded(with_alpha(), "WEBP", lossless=True, exact=True), PIXELS),
    "WebP first frame": (
        encoded(PICTURE, "WEBP", lossless=True, save_all=True, append_images=[OTHER]),
        PIXELS,
    ),
}
LOSSY = {
    "JPEG": encoded(big_picture(), "JPEG", quality=95),
    "JPEG progressive": encoded(big_picture(), "JPEG", quality=95, progressive=True),
    "JPEG grey": encoded(big_picture().convert("L"), "JPEG", quality=95),
    "JPEG CMYK": encoded(big_picture().convert("CMYK"), "JPEG", quality=95),
    "WebP lossy": encoded(big_picture(), "WEBP", quality=95),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_their_pixels(name):
    contents, pixels = LOSSLESS[name]
    image = decode_image(tf.constant(contents))
    assert image.dtype == tf.uint8
    np.testing.assert_array_equal(image, pixels)


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_formats_give_pillows_pixels(name):
    expected = as_rgb(Image.open(io.BytesIO(LOSSY[name]))).astype(int)
    assert np.abs(decode_image(tf.constant(LOSSY[name])).numpy() - expected).max() <= 8


FORMATS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
}


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_upright(orientation, image_format, tmp_path):
    contents = encoded(big_picture(), image_format, exif=oriented(orientation), **FORMATS[image_format])
    with Image.open(io.BytesIO(contents)) as stored:
        assert stored.getexif()[0x0112] == orientation
        expected = as_rgb(ImageOps.exif_transpose(stored)).astype(int)
    image = decode_image(tf.constant(contents))
    assert np.abs(image.numpy() - expected).max() <= (8 if image_format == "JPEG" else 0)
    # Resizing before turning gives the same picture as resizing what has been turned.
    (tmp_path / "picture").write_bytes(contents)
    resized = load_image(str(tmp_path / "picture"), (9, 14))
    np.testing.assert_allclose(resized, tf.image.resize(image, (9, 14)) / 255.0, atol=1e-6)


@pytest.mark.parametrize(("orientation", "suffix"), [(1, "PNG"), (6, "PNG"), (8, "JPEG")])
def test_the_facts_of_an_image_are_upright(orientation, suffix, tmp_path):
    file = tmp_path / "image"
    file.write_bytes(encoded(big_picture(64, 40), suffix, exif=oriented(orientation), **FORMATS[suffix]))
    facts = load_facts(str(file))
    assert facts["magic"] == {"PNG": b"\x89PNG", "JPEG": b"\xff\xd8\xff\xe0"}[suffix]
    assert facts["size"].dtype == tf.int32
    assert facts["size"].numpy().tolist() == ([64, 40] if orientation == 1 else [40, 64])
    upright = tf.image.resize(decode_image(tf.constant(file.read_bytes())), (32, 32), "area")
    assert facts["thumbnail"].dtype == tf.uint8
    assert np.abs(facts["thumbnail"] - np.round(upright)).max() <= 1
    image, also = load_image_and_facts(str(file), (9, 14))
    np.testing.assert_array_equal(image, load_image(str(file), (9, 14)))
    assert all(np.array_equal(also[name], facts[name]) for name in facts)


def test_a_file_is_known_by_its_content_as_ever():
    assert content_hash(tf.constant([b"", b"a", b"retrain"])).numpy().tolist() == [
        *(1936946117179621456, 3694432073954588132, 6825053422190105668)
    ]


def test_exif_is_found_behind_other_segments():
    profile = bytes(200_000)
    contents = encoded(big_picture(), "JPEG", exif=oriented(6), icc_profile=profile, comment="a comment")
    assert decode_image(tf.constant(contents)).shape == (40, 24, 3)
    # Photoshop's segment comes before the EXIF segment in files of some programs.
    segment = b"\xff\xed\x40\x02" + b"Photoshop 3.0\0".ljust(0x4000, b"\0")
    contents = contents[:2] + segment + contents[2:]
    assert decode_image(tf.constant(contents)).shape == (40, 24, 3)


def test_exif_without_a_sensible_orientation_is_upright():
    for exif in (
        oriented(0),
        oriented(9),
        b"Exif\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0nonsense",
    ):
        contents = encoded(big_picture(), "JPEG", exif=exif)
        assert decode_image(tf.constant(contents)).shape == (24, 40, 3)


def test_a_webp_with_alpha_is_turned_too():
    picture = big_picture()
    picture.putalpha(100)
    contents = encoded(picture, "WEBP", lossless=True, exact=True, exif=oriented(6))
    expected = as_rgb(big_picture().transpose(Image.Transpose.ROTATE_270))
    np.testing.assert_array_equal(decode_image(tf.constant(contents)), expected)


def test_big_endian_exif():
    block = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0"
    assert decode_image(tf.constant(encoded(big_picture(), "JPEG", exif=block))).shape == (40, 24, 3)


def test_graphs_and_datasets_do_the_same():
    contents = [encoded(big_picture(), "JPEG", exif=oriented(o)) for o in (1, 6)] + [LOSSY["JPEG"]]
    eager = [decode_image(tf.constant(content)).numpy() for content in contents]
    function = tf.function(decode_image, input_signature=[tf.TensorSpec([], tf.string)])
    assert function.get_concrete_function().output_shapes.as_list() == [None, None, 3]
    dataset = tf.data.Dataset.from_tensor_slices(contents).map(decode_image, num_parallel_calls=2)
    for image, content, from_dataset in zip(eager, contents, dataset, strict=True):
        np.testing.assert_array_equal(function(content), image)
        np.testing.assert_array_equal(from_dataset, image)


def test_loading_resizes_and_scales(tmp_path):
    path = str(tmp_path / "grey.png")
    Image.new("RGB", (5, 3), (255, 51, 0)).save(path)
    image = load_image(path, (4, 6))
    assert image.dtype == tf.float32
    np.testing.assert_allclose(image, np.broadcast_to([1.0, 0.2, 0.0], (4, 6, 3)), atol=1e-6)


def test_an_image_of_the_right_size_keeps_its_pixels(tmp_path):
    PICTURE.save(tmp_path / "same.png")
    image = load_image(str(tmp_path / "same.png"), (5, 7))
    np.testing.assert_array_equal(image, PIXELS / np.float32(255))


BROKEN = {
    "empty": b"",
    "one byte": b"G",
    "text": b"no image at all, but longer than any header that is looked at",
    "cut JPEG": LOSSY["JPEG"][:-200],
    "cut PNG": LOSSLESS["PNG"][0][:60],
    "cut WebP": LOSSLESS["WebP"][0][:40],
    "cut BMP": LOSSLESS["BMP palette"][0][:70],
    "cut animated WebP": LOSSLESS["WebP first frame"][0][:60],
    "TIFF": encoded(PICTURE, "TIFF"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_decoded_raises(name):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_image(tf.constant(BROKEN[name]))


def test_bytes_of_zero_at_the_end_are_kept():
    black = encoded(Image.new("RGB", (3, 2)), "BMP")
    dataset = tf.data.Dataset.from_tensors(black).map(decode_image)
    np.testing.assert_array_equal(next(iter(dataset)), np.zeros((2, 3, 3)))
