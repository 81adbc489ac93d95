import pytest
from retrain.sweep.about import about_sweep

from retrain.data.listing import read_listing
from retrain.settings.config import Config
from retrain.sweep.objective import find_objective
from retrain.sweep.space import parse_space

SPACE = parse_space(["dropout_rate=0,0.5"])
OBJECTIVE = find_objective(None, {"label": "softmax"})


@pytest.fixture
def photos(tmp_path):
    for name in ("a/1.jpg", "a/2.jpg", "b/3.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).touch()
    return tmp_path / "photos"


def about(photos, space=SPACE, **settings):
    return about_sweep(
        space, OBJECTIVE, Config.of(image_dir=str(photos), **settings), read_listing(str(photos))
    )


def differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [key for key in one if one[key] != other.get(key)]


def test_where_things_lie_and_what_is_exported_makes_no_other_sweep(photos):
    moved = photos.rename(photos.parent / "elsewhere")
    settings = {
        "model_dir": "x",
        "storage": "sqlite://",
        "feature_cache": "none",
        "export_formats": ("tflite",),
    }
    before = about_sweep(SPACE, OBJECTIVE, Config.of(image_dir="photos"), read_listing(str(moved)))
    assert differing(about(moved, trials=128, sampler="tpe", **settings), before) == []


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"max_steps": 5}, "--max_steps"),
        ({"tfhub_module": "keras:MobileNetV3Small"}, "--tfhub_module"),
        ({"folds": 5}, "folds"),
        ({"seed": 1}, "--seed"),
        ({"space": parse_space(["dropout_rate=0,0.2"])}, "--sweep dropout_rate"),
        ({"space": parse_space(["dropout_rate=0,0.5", "batch_size=1..9"])}, "swept flags"),
    ],
)
def test_what_changes_a_trial_makes_another(photos, settings, key):
    assert differing(about(photos), about(photos, **settings))[:1] == [key]


def test_other_images_make_another(photos):
    before = about(photos)
    (photos / "b" / "4.jpg").touch()
    assert differing(before, about(photos)) == ["images"]
    assert before["images"].startswith("3 (")


def test_everything_is_text(photos):
    assert {type(value) for value in about(photos).values()} == {str}
