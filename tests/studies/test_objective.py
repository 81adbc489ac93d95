import pytest

from retrain.data.layout import read_listing
from retrain.errors import InputError
from retrain.metric import LOSS, Metric
from retrain.settings.config import Config
from retrain.studies.objective import about_sweep, find_objective, name_of
from retrain.studies.space import parse_space

SPACE = parse_space(["dropout_rate=0,0.5"])
TWO_TASKS = {"kind": "softmax", "tags": "sigmoid"}


def test_the_default_is_the_accuracy_of_the_first_task():
    found = find_objective(None, {"label": "softmax"})
    assert found == Metric("accuracy", "label", "accuracy", higher_is_better=True)
    assert (name_of(found), found.suffix) == ("validation/accuracy", "")
    found = find_objective(None, TWO_TASKS)
    assert found == Metric("accuracy", "kind", "accuracy/kind", higher_is_better=True)
    assert (name_of(found), found.suffix) == ("validation/accuracy/kind", "/kind")


def test_a_loss_is_to_be_small():
    found = find_objective("validation/average_loss/tags", TWO_TASKS)
    assert found == Metric("average_loss", "tags", "average_loss/tags", higher_is_better=False)
    assert (name_of(found), found.suffix) == ("validation/average_loss/tags", "/tags")
    assert find_objective("validation/loss", TWO_TASKS) == LOSS


def test_the_direction_is_not_read_from_the_name_of_a_task():
    found = find_objective("validation/micro_f1_at_0.5/gloss", {"kind": "softmax", "gloss": "sigmoid"})
    assert found == Metric("micro_f1_at_0.5", "gloss", "micro_f1_at_0.5/gloss", higher_is_better=True)


def test_what_does_not_exist():
    with pytest.raises(InputError) as raised:
        find_objective("validation/acuracy", {"label": "softmax"})
    assert str(raised.value) == (
        "'validation/acuracy' is no figure to rank trials by: choose from validation/accuracy, "
        "validation/average_loss, validation/expected_calibration_error, validation/macro_f1, "
        "validation/balanced_accuracy, validation/weighted_f1, validation/top_5_accuracy, "
        "validation/loss; did you mean 'validation/accuracy'?"
    )
    with pytest.raises(InputError) as raised:
        find_objective("test/accuracy", {"label": "softmax"})
    assert str(raised.value) == (
        "--objective=test/accuracy would choose by the test images, and their figures would no longer tell "
        "how good the winner is: use validation/accuracy."
    )


@pytest.fixture
def photos(tmp_path):
    for name in ("a/1.jpg", "a/2.jpg", "b/3.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).touch()
    return tmp_path / "photos"


def about(photos, space=SPACE, **settings):
    return about_sweep(
        space,
        "validation/accuracy",
        Config.of(image_dir=str(photos), **settings),
        [read_listing(str(photos))],
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
    before = about_sweep(
        SPACE, "validation/accuracy", Config.of(image_dir="photos"), [read_listing(str(moved))]
    )
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
