"""The settings of the image module and of the features it gives."""

import dataclasses

from retrain.settings.field import ALL_VERBS, DATA_VERBS, MODULE_VERBS, setting
from retrain.settings.needs import ENGINE, LABEL_MAP, MODULE_KIND, MODULE_SOURCE, OWN_MODULE
from retrain.settings.values import per_channel, per_channel_above_0, pixel_range


@dataclasses.dataclass(frozen=True)
class ModuleSettings:
    """The image module, its features, and what heads on them begin with."""

    title = "Image module and its features"

    tfhub_module: str = setting(
        "builtin:",
        "Pretrained image module: a directory (also at gs://), a .tar.gz, a TF Hub or Kaggle URL, "
        "keras:MobileNetV3Large, a .keras file, or builtin: (embedded, nothing to download). An exported "
        "classifier is one, too.",
        verbs=(*ALL_VERBS, "serve"),
        sweep=True,
        path=True,
        remote=True,
        needs=OWN_MODULE,
        required=dict.fromkeys(("evaluate", "predict", "serve"), "the export/saved_model of a training run"),
    )
    image_size: int | None = setting(
        None,
        "Height and width in pixels, for a module that takes any size; larger is slower and often more "
        "accurate. Default: the size the module expects.",
        verbs=ALL_VERBS,
        sweep=True,
        needs=MODULE_SOURCE,
        low=1,
        high=4096,
    )
    module_kind: str | None = setting(
        None,
        "What calling the module gives, where the module itself does not say it right. Of an "
        "image_classification, features are what its last layer reads.",
        verbs=ALL_VERBS,
        choices=("image_feature_vector", "image_classification"),
        needs=MODULE_KIND,
    )
    module_input_range: tuple[float, float] = setting(
        (0.0, 1.0),
        "The range of pixel values that the network in the module was trained on, where that is not 0,1: "
        "such as 0,255 or -1,1.",
        verbs=MODULE_VERBS,
        parse=pixel_range,
        needs=MODULE_SOURCE,
    )
    module_input_mean: tuple[float, float, float] | None = setting(
        None,
        "What is subtracted from red, green and blue before the network sees them, in its own range: "
        "0.485,0.456,0.406 for many that were trained in PyTorch.",
        verbs=MODULE_VERBS,
        parse=per_channel,
        needs=MODULE_SOURCE,
    )
    module_input_std: tuple[float, float, float] | None = setting(
        None,
        "What the differences from the mean are divided by: 0.229,0.224,0.225 goes with the mean above.",
        verbs=MODULE_VERBS,
        parse=per_channel_above_0,
        needs=MODULE_SOURCE,
    )
    label_map: str | None = setting(
        None,
        "Text file of the classes that the module was published with, one a line: to evaluate or predict "
        "with a module that is no export of retrain, or for --warm_start_head. Class folders have their "
        "names.",
        verbs=(*DATA_VERBS, "predict"),
        path=True,
        needs=LABEL_MAP,
    )
    feature_output: str | None = setting(
        None,
        "For a .keras file: the layer whose output is the features. Default: the output, unless that is "
        "class scores; then what the last layer reads.",
        verbs=MODULE_VERBS,
        needs=MODULE_SOURCE,
    )
    feature_pooling: str = setting(
        "auto",
        "How an output with a vector for each place or token of an image becomes one: auto takes the first "
        "token where one stands for the whole image, as in ViT and DINOv2, else the mean.",
        choices=("auto", "first_token", "mean", "max"),
        sweep=True,
        needs=MODULE_SOURCE,
    )
    feature_cache: str | None = setting(
        None,
        "Directory that keeps computed features for later runs; none keeps nothing. Default: the user's "
        "cache directory.",
        path=True,
    )
    feature_engine: str = setting(
        "auto",
        "What computes the features: auto takes litert when there are enough images to pay for the "
        "conversion.",
        choices=("auto", "tensorflow", "litert"),
        decides=False,
    )
    allow_unsafe_module_ops: bool = setting(
        False,
        "Use a module whose graphs have operations that do something else than compute, such as read or "
        "write files: they do it with your rights.",
        verbs=ALL_VERBS,
        needs=MODULE_SOURCE,
        decides=False,
    )
    max_archive_gb: float = setting(
        8.0,
        "GiB that a .tar.gz, a URL or a bucket may hold of a module, unpacked; more is refused.",
        verbs=ALL_VERBS,
        needs=MODULE_SOURCE,
        decides=False,
        above=0.0,
    )
    engine: str = setting(
        "auto",
        "What computes predictions: auto takes litert, which begins in a second, where the export tflite "
        "lies beside the module.",
        verbs=("predict", "serve"),
        choices=("auto", "tensorflow", "litert"),
        needs=ENGINE,
    )
    warm_start_head: bool = setting(
        False,
        "Begin with the weights that the module's publisher gave to classes of the same names, found in "
        "--label_map; for few images.",
    )
    warm_start_from: str | None = setting(
        None,
        "Begin with the base and the head of an earlier run, a checkpoint of it, or an export: with other "
        "images, or more classes. Rows of the head go over by the name of the class; others begin at 0.",
        path=True,
        remote=True,
    )
