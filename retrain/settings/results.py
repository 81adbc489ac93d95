"""The settings of what a run leaves behind."""

import dataclasses

from retrain.settings.field import DATA_VERBS, TRAINING_VERBS, setting
from retrain.settings.needs import (
    EXPORTED,
    FROZEN_GRAPH,
    NO_CLASSES,
    PREDICTIONS,
    SAVED_MODEL,
    SOME_CLASSES,
    SORTED,
    TEST_IMAGES,
    VERSIONS,
)
from retrain.settings.values import names


@dataclasses.dataclass(frozen=True)
class ResultSettings:
    """What is written, and where."""

    title = "Results"

    model_dir: str | None = setting(
        None,
        "Directory for all that the run writes; for export, that of a run that has ended. For train, "
        "evaluate and export it may be at gs://. Default: a new one, runs/FOLDER-TIME.",
        verbs=(*DATA_VERBS, "compare", "export"),
        required={"export": "the directory of a run that has ended"},
        path=True,
        gfile=("train", "evaluate", "export"),
        recorded=False,
    )
    export_formats: tuple[str, ...] = setting(
        ("saved_model", "hub_module", "tflite"),
        "Formats in which the classifier is exported, with commas between.",
        verbs=(*TRAINING_VERBS, "export"),
        required={"export": "the formats to write, such as tflite_int8,onnx"},
        parse=names,
        table=("retrain.exporters:EXPORTERS", "export format"),
        decides=False,
    )
    saved_model_dir: str | None = setting(
        None,
        "New directory for a copy of the export in the format saved_model.",
        verbs=("train",),
        path=True,
        needs=SAVED_MODEL,
        recorded=False,
    )
    version_directory: bool = setting(
        False,
        "--saved_model_dir is a directory of versions, as TensorFlow Serving reads it: the copy is put into "
        "its subdirectory 1, or the number after the highest that is there.",
        verbs=("train",),
        needs=VERSIONS,
        recorded=False,
    )
    default_signature: str = setting(
        "images",
        "What serving_default of the export saved_model takes, which servers call where no signature is "
        "named: images, as float32 pixels in [0, 1], or bytes, the content of their files, as serving_bytes "
        "does always.",
        choices=("images", "bytes"),
        verbs=(*TRAINING_VERBS, "export"),
        needs=SAVED_MODEL,
        decides=False,
    )
    tflite_output_file: str | None = setting(
        None,
        "New file for a copy of the export tflite, which is written then.",
        verbs=("train",),
        path=True,
        recorded=False,
    )
    output_graph: str | None = setting(
        None,
        "New file for a frozen GraphDef of TensorFlow 1, the export frozen_graph: input Placeholder, output "
        "as --final_tensor_name says.",
        verbs=("train",),
        path=True,
        recorded=False,
    )
    final_tensor_name: str = setting(
        "final_result",
        "What the output of a frozen GraphDef is called: the probabilities of the first task.",
        verbs=(*TRAINING_VERBS, "export"),
        needs=FROZEN_GRAPH,
        recorded=False,
        decides=False,
    )
    labels_output_file: str | None = setting(
        None,
        "New file for a copy of labels.txt: the classes, one a line.",
        verbs=("train",),
        path=True,
        recorded=False,
    )
    print_misclassified_test_images: bool = setting(
        False,
        "Name the test images that are predicted wrong, each with what was predicted, at the end.",
        verbs=("train",),
        needs=TEST_IMAGES,
        recorded=False,
    )
    assert_accuracy_at_least: float | None = setting(
        None,
        "End with status 1, and a sentence, when the accuracy of the test images is lower; everything is "
        "written all the same.",
        verbs=("train",),
        needs=TEST_IMAGES,
        recorded=False,
        low=0.0,
        high=1.0,
    )
    tracker: str | None = setting(
        None,
        "Where else flags, figures, curves, the report and exports are recorded, as variables of its own say "
        "(MLFLOW_TRACKING_URI, WANDB_PROJECT).",
        table=("retrain.trackers:TRACKERS", "tracker"),
        verbs=TRAINING_VERBS,
        decides=False,
        recorded=False,
    )
    explain: bool = setting(
        False,
        "Show in report.html where on an image the evidence for its prediction lies, which takes fifty more "
        "passes through the module for each image shown.",
        verbs=DATA_VERBS,
        decides=False,
    )
    output: str | None = setting(
        None,
        "File for the predictions: .csv, .tsv, .jsonl or .parquet, as its name ends. A command that was "
        "killed goes on when it is given again. Default: -, the terminal, with tabs between columns.",
        verbs=("predict",),
        path=True,
    )
    top_k: int | None = setting(
        None,
        "So many of the most probable classes of each image are written, too, each with its probability.",
        verbs=("predict",),
        needs=SOME_CLASSES,
        low=1,
    )
    all_classes: bool = setting(
        False,
        "The probability of every class is written, too.",
        verbs=("predict",),
        needs=PREDICTIONS,
    )
    reject_unfamiliar: bool = setting(
        False,
        "The class of an image that is like none of those the classifier was trained on is written as ?: one "
        "whose familiarity is below the threshold of the export, as that of 5 % of known images is.",
        verbs=("predict",),
        needs=EXPORTED,
    )
    features: bool = setting(
        False,
        "Feature vectors are written instead of predictions; any module gives them, not only a classifier.",
        verbs=("predict",),
        needs=NO_CLASSES,
    )
    sort_into: str | None = setting(
        None,
        "New directory for the images themselves, in a folder for each predicted class; of several tasks the "
        "first one counts.",
        verbs=("predict",),
        path=True,
        needs=PREDICTIONS,
    )
    sort_by: str = setting(
        "copy",
        "How images get there: as copies, or as links to where they are.",
        verbs=("predict",),
        choices=("copy", "link"),
        needs=SORTED,
    )
    json: bool = setting(False, "Print JSON, for programs.", verbs=("inspect",))
