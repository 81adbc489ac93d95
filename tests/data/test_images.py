import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from retrain.data.image_facts import NARROW, TRANSPARENT
from retrain.data.images import content_hash, decode_image, facts, image_and_facts, load_image, read_file
from retrain.settings.data import Decoding
from tests.tiny_parquet import parquet_file
from tests.tiny_records import record_file

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


def composed(pixels: np.ndarray, background: int = 255) -> np.ndarray:
    alpha = np.asarray(ALPHA)[..., None] / np.float32(255)
    return np.rint(alpha * pixels + (1 - alpha) * background).astype(np.uint8)


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


def in_8_bits(values: np.ndarray, whole: int) -> np.ndarray:
    return np.repeat(np.rint(np.float32(values) * 255 / whole)[..., None], 3, axis=2)


def without_adobe(jpeg: bytes) -> bytes:
    start = jpeg.index(b"\xff\xee\0\x0eAdobe")
    return jpeg[:start] + jpeg[start + 16 :]


WIDE = PIXELS[..., 0] * np.uint16(256) + np.uint16(77)
DEEP_COLOURS = tf.io.encode_png(PIXELS * np.uint16(16)).numpy()
FIRST = np.asarray(PALETTE)[..., None] == 0
WITHOUT_FIRST = np.where(FIRST, 255, as_rgb(PALETTE))
LOSSLESS = {
    "PNG": (encoded(PICTURE, "PNG"), PIXELS),
    "PNG grey": (encoded(Image.fromarray(PIXELS[..., 0]), "PNG"), GREY),
    "PNG grey and alpha": (
        encoded(Image.merge("LA", (Image.fromarray(PIXELS[..., 0]), ALPHA)), "PNG"),
        composed(GREY),
    ),
    "PNG alpha": (encoded(with_alpha(), "PNG"), composed(PIXELS)),
    "PNG palette": (encoded(PALETTE, "PNG"), as_rgb(PALETTE)),
    "PNG one bit": (encoded(PICTURE.convert("1"), "PNG"), as_rgb(PICTURE.convert("1"))),
    "PNG 16 bit": (encoded(Image.fromarray(WIDE), "PNG"), in_8_bits(WIDE, 65535)),
    "PNG 12 bit in 16": (encoded(Image.fromarray(WIDE >> 4), "PNG"), in_8_bits(WIDE >> 4, 4095)),
    "PNG 8 bit in 16": (encoded(Image.fromarray(WIDE >> 8), "PNG"), GREY),
    "PNG black in 16": (encoded(Image.fromarray(WIDE * 0), "PNG"), GREY * 0),
    "PNG 12 bit colours in 16": (DEEP_COLOURS, np.rint(np.float32(PIXELS) * 16 * 255 / 4095)),
    "PNG transparent colour": (encoded(PALETTE, "PNG", transparency=0), WITHOUT_FIRST),
    "PNG interlaced frames": (encoded(PICTURE, "PNG", save_all=True, append_images=[OTHER]), PIXELS),
    "GIF": (encoded(PALETTE, "GIF"), as_rgb(PALETTE)),
    "GIF transparent colour": (encoded(PALETTE, "GIF", transparency=0), WITHOUT_FIRST),
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
    "WebP alpha": (encoded(with_alpha(), "WEBP", lossless=True, exact=True), composed(PIXELS)),
    "WebP first frame": (
        encoded(PICTURE, "WEBP", lossless=True, save_all=True, append_images=[OTHER]),
        PIXELS,
    ),
    "TIFF": (encoded(PICTURE, "TIFF"), PIXELS),
    "TIFF first page": (encoded(PICTURE, "TIFF", save_all=True, append_images=[OTHER]), PIXELS),
    "TIFF packed": (encoded(PICTURE, "TIFF", compression="tiff_lzw"), PIXELS),
    "TIFF alpha": (encoded(with_alpha(), "TIFF"), composed(PIXELS)),
    "TIFF 16 bit": (encoded(Image.fromarray(WIDE), "TIFF"), in_8_bits(WIDE, 65535)),
    "TIFF 12 bit in 16": (encoded(Image.fromarray(WIDE >> 4), "TIFF"), in_8_bits(WIDE >> 4, 4095)),
    "TIFF shares": (encoded(Image.fromarray(PIXELS[..., 0] / np.float32(255)), "TIFF"), GREY),
    "PNM": (encoded(PICTURE, "PPM"), PIXELS),
}
LOSSY = {
    "JPEG": encoded(big_picture(), "JPEG", quality=95),
    "JPEG progressive": encoded(big_picture(), "JPEG", quality=95, progressive=True),
    "JPEG grey": encoded(big_picture().convert("L"), "JPEG", quality=95),
    "JPEG CMYK": encoded(big_picture().convert("CMYK"), "JPEG", quality=95),
    "JPEG CMYK without Adobe's marker": without_adobe(
        encoded(big_picture().convert("CMYK"), "JPEG", quality=95)
    ),
    "WebP lossy": encoded(big_picture(), "WEBP", quality=95),
    "AVIF": encoded(big_picture(), "AVIF", quality=95),
    "HEIF": encoded(big_picture(), "HEIF", quality=95),
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
    found = facts().read(str(file))
    assert found["magic"] == file.read_bytes()[:12]
    assert found["traits"] == 0
    assert found["size"].dtype == tf.int32
    assert found["size"].numpy().tolist() == ([64, 40] if orientation == 1 else [40, 64])
    upright = tf.image.resize(decode_image(tf.constant(file.read_bytes())), (32, 32), "area")
    assert found["thumbnail"].dtype == tf.uint8
    assert np.abs(found["thumbnail"] - np.round(upright)).max() <= 1
    image, also = image_and_facts((9, 14)).read(str(file))
    np.testing.assert_array_equal(image, load_image(str(file), (9, 14)))
    assert all(np.array_equal(also[name], found[name]) for name in found)


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
    # The tables may come before it.
    plain, block = encoded(big_picture(), "JPEG"), oriented(6).tobytes()
    frame = plain.index(b"\xff\xc0")
    contents = plain[:frame] + b"\xff\xe1" + (len(block) + 2).to_bytes(2) + block + plain[frame:]
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
    alpha = np.float32(100) / 255
    opaque = np.rint(alpha * as_rgb(big_picture()) + (1 - alpha) * 255).astype(np.uint8)
    expected = as_rgb(Image.fromarray(opaque).transpose(Image.Transpose.ROTATE_270))
    np.testing.assert_array_equal(decode_image(tf.constant(contents)), expected)


@pytest.mark.parametrize("background", ["black", "#ff8000"])
@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_pixels_that_are_not_opaque_are_put_on_a_background(background, image_format, tmp_path):
    options = {"lossless": True, "exact": True} if image_format == "WEBP" else {}
    (tmp_path / "image").write_bytes(contents := encoded(with_alpha(), image_format, **options))
    expected = composed(PIXELS, np.array({"black": (0, 0, 0), "#ff8000": (255, 128, 0)}[background]))
    np.testing.assert_array_equal(decode_image(tf.constant(contents), Decoding(background)), expected)
    decoding = Decoding(background)
    image, noted = image_and_facts((5, 7), decoding).read(str(tmp_path / "image"))
    np.testing.assert_array_equal(image, expected / np.float32(255))
    np.testing.assert_array_equal(image, load_image(str(tmp_path / "image"), (5, 7), decoding))
    assert noted["traits"] == facts(decoding).read(str(tmp_path / "image"))["traits"] == TRANSPARENT


def test_traits_are_of_pixels_and_not_of_formats(tmp_path):
    opaque = PICTURE.copy()
    opaque.putalpha(255)
    wide = Image.fromarray(WIDE)
    traits = {"opaque": (opaque, 0), "wide": (wide, 0), "narrow": (Image.fromarray(WIDE >> 4), NARROW)}
    for name, (picture, expected) in traits.items():
        picture.save(tmp_path / f"{name}.png")
        assert facts().read(str(tmp_path / f"{name}.png"))["traits"] == expected, name


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
    "cut TIFF": encoded(PICTURE, "TIFF")[:80],
    "cut HEIF": encoded(big_picture(), "HEIF")[:200],
    "cut GIF": LOSSLESS["GIF"][0][:20],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_decoded_raises(name):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_image(tf.constant(BROKEN[name]))


def test_bytes_of_zero_at_the_end_are_kept():
    black = encoded(Image.new("RGB", (3, 2)), "BMP")
    dataset = tf.data.Dataset.from_tensors(black).map(decode_image)
    np.testing.assert_array_equal(next(iter(dataset)), np.zeros((2, 3, 3)))


@pytest.mark.parametrize(
    "name", ["x.tfrecord", "X.TFREC", "ü-train.tfrecord-00000-of-00002", "val-00000-of-00128"]
)
def test_images_of_records_are_read_where_they_lie(name, tmp_path):
    png = encoded(PICTURE, "PNG")
    record_file(tmp_path / name, [{"image": png, "label": 1}])
    (tmp_path / f"{name}.png").write_bytes(png)
    for path in (f"{tmp_path}/{name}/000000.png", f"{tmp_path}/{name}.png"):
        assert read_file(tf.constant(path)).numpy() == png


def test_images_of_parquet_are_read_where_they_lie(tmp_path):
    png = encoded(PICTURE, "PNG")
    path = parquet_file(tmp_path / "x.parquet", {"image": [png], "label": [1]})
    assert read_file(tf.constant(f"{path}/000000.png")).numpy() == png


@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_with_antialias_an_image_is_made_small_as_by_pillow(tmp_path, orientation):
    picture = Image.fromarray(RNG.integers(0, 256, (90, 120, 3), np.uint8))
    picture.save(tmp_path / "image", "PNG", exif=oriented(orientation))
    expected = ImageOps.exif_transpose(Image.open(tmp_path / "image")).resize((11, 13), Image.BILINEAR)
    averaged = load_image(str(tmp_path / "image"), (13, 11), Decoding(antialias=True))
    np.testing.assert_allclose(255 * averaged, np.asarray(expected), atol=1.0)
    _, noted = image_and_facts((13, 11), Decoding(antialias=True)).read(str(tmp_path / "image"))
    np.testing.assert_array_equal(noted["thumbnail"], facts().read(str(tmp_path / "image"))["thumbnail"])
