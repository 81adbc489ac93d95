import json

import pytest
import yaml

from retrain.exporters.documents import write_documents
from retrain.exporters.model_card import OfRun, Result, asked, recorded_run, write_card
from retrain.familiarity import FAMILIARITY
from retrain.heads.figure_splits import CROSS_VALIDATION
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from tests import tiny_worlds

HOSTILE = ["a|b", "<b>", "`x`", "猫🐈", "شجرة", "new\nline"]
SERVING = {"images": "serving_default"}
OF_RUN = OfRun(
    data='pets "2"',
    fingerprint="0f" * 32,
    splits={"train": 80, "validation": 10, "test": 12},
    results=[Result("label", "test", 0.75, (0.5, 0.875), 12, 0.625)],
)


@pytest.fixture
def directory(loaded_module, tmp_path) -> str:
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(HOSTILE)})
    write_documents(model, {"label": "image_classification"}, str(tmp_path), SERVING)
    return str(tmp_path)


def card(directory: str) -> tuple[dict, str]:
    """Its metadata and its text."""
    with open(f"{directory}/README.md", encoding="utf-8") as file:
        _, metadata, text = file.read().split("---\n", 2)
    return yaml.safe_load(metadata), text


def test_without_a_run_it_says_what_the_classifier_is(directory):
    metadata, text = card(directory)
    assert metadata == {
        "library_name": "tensorflow",
        "pipeline_tag": "image-classification",
        "license": "unknown",
        "tags": ["image-classification", "tensorflow", "retrain"],
    }
    assert "Data and figures" not in text
    assert "Input `images`: float32 [batch, 8, 8, 3], RGB values in [0, 1]." in text
    assert "| `image_classification` | logits of label [batch, 6], for softmax |" in text
    assert "| `image_feature_vector` | features [batch, 3] |" in text
    assert "| `serving_default` | probabilities [batch, 6] |" in text


def test_names_are_shown_as_they_are(directory):
    _, text = card(directory)
    assert r"| label | softmax | 6: a\|b, &lt;b&gt;, \`x\`, 猫🐈, شجرة, new line |" in text


def test_of_a_run_it_has_data_and_figures(directory):
    write_card(directory, OF_RUN)
    metadata, text = card(directory)
    assert metadata["metrics"] == ["accuracy"]
    [model] = metadata["model-index"]
    assert model["results"] == [
        {
            "task": {"type": "image-classification", "name": "label"},
            "dataset": {
                "name": 'pets "2"',
                "type": "imagefolder",
                "split": "test",
                "revision": OF_RUN.fingerprint,
            },
            "metrics": [
                {
                    "type": "accuracy",
                    "value": 0.75,
                    "name": "accuracy, 95 % interval 0.500 to 0.875, 12 images",
                },
                {"type": "f1", "value": 0.625, "name": "F1, mean of classes"},
            ],
        }
    ]
    assert "| test | label | 75.0 % | 50.0 to 87.5 % | 12 |" in text
    assert "80 images of train, 10 images of validation, 12 images of test" in text
    assert OF_RUN.fingerprint in text
    assert "Cross-validation" not in text


def test_cross_validation_is_a_word_in_the_text_and_a_key_in_the_metadata(directory):
    results = [OF_RUN.results[0]._replace(split=CROSS_VALIDATION)]
    write_card(directory, OF_RUN._replace(results=results))
    metadata, text = card(directory)
    assert metadata["model-index"][0]["results"][0]["dataset"]["split"] == "cross_validation"
    assert "| cross-validation | label | 75.0 % | 50.0 to 87.5 % | 12 |" in text
    assert "Cross-validation is over all images, each judged by a head on the frozen module" in text


def test_what_a_run_knows_is_found_again(directory):
    assert recorded_run(directory) is None
    write_card(directory, OF_RUN)
    assert recorded_run(directory) == OF_RUN


@pytest.mark.parametrize("text", ["", "[]", '{"results": 3}', '{"results": [], "later": 1}'])
def test_what_another_version_recorded_is_not_taken(directory, text):
    with open(f"{directory}/assets.extra/run.json", "w") as file:
        file.write(text)
    assert recorded_run(directory) is None


def test_a_run_without_figures_says_so(directory):
    write_card(directory, OF_RUN._replace(results=[]))
    metadata, text = card(directory)
    assert "model-index" not in metadata
    assert "No images were kept for validation or test: there are no figures." in text


def test_the_hub_reads_its_metadata(directory):
    hub = pytest.importorskip("huggingface_hub")
    write_card(directory, OF_RUN)
    read = hub.ModelCard.load(f"{directory}/README.md").data
    assert [(of.metric_type, of.metric_value, of.dataset_name) for of in read.eval_results] == [
        ("accuracy", 0.75, 'pets "2"'),
        ("f1", 0.625, 'pets "2"'),
    ]
    assert read.pipeline_tag == "image-classification"


def test_several_tasks_and_familiarity(loaded_module, tmp_path):
    heads = {"kind": SoftmaxHead(["a", "b"], temperature=0.5), "tags": SigmoidHead(["x", "y", "z"])}
    signatures = {"kind": "image_classification", "tags": "image_classification:tags", FAMILIARITY: "all"}
    model = tiny_worlds.with_familiarity(ImageClassifier(loaded_module, heads))
    write_documents(model, signatures, str(tmp_path), {**SERVING, "image_bytes": "serving_bytes"})
    write_card(str(tmp_path), OF_RUN)
    _, text = card(str(tmp_path))
    assert "# Classifier of kind and tags\n" in text
    assert "\nAccuracy of tags: An image is right when all of its labels are.\n" in text
    divided = (
        "| `image_classification` | logits of kind [batch, 2], for softmax when they are divided by 0.5 |"
    )
    assert divided in text
    assert "| `image_classification:tags` | logits of tags [batch, 3], for sigmoid |" in text
    assert "| `all` | logits of all tasks [batch, 5]; and `familiarity` [batch], in [0, 1] |" in text
    assert "none; probabilities by task: kind, tags; and `familiarity`" in text
    of_files = (
        "`classes/kind`, `classes/tags`, the most probable first, and `scores/kind`, `scores/tags`; and"
    )
    assert f"| none; of files in `image_bytes` (JPEG, PNG, GIF, BMP, WebP) {of_files} `familiarity`" in text
    assert "on line i, from 0, of `assets.extra/labels.txt`, `assets.extra/labels.tags.txt`." in text
    assert "5 % have a `familiarity` below 0.05" in text


@pytest.mark.parametrize("module", ["builtin:efficientnet_lite1", "builtin:gradients"])
def test_the_licence_is_that_of_an_embedded_module(module, directory):
    file = f"{directory}/assets.extra/retrain.json"
    with open(file) as written:
        described = json.load(written)
    with open(file, "w") as changed:
        json.dump({**described, "module": module}, changed)
    write_card(directory)
    assert card(directory)[0]["license"] == "apache-2.0"


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({"label": ["cat"]}, "cat"),
        ({"label": ["cat", "dog", "owl"]}, "cat, dog and owl"),
        ({"label": list("abcdef")}, "6 classes, a to f"),
        ({"kind": list("abcdef"), "tags": ["x"]}, "kind and tags"),
    ],
)
def test_what_is_asked(classes, words):
    assert asked(classes) == words
