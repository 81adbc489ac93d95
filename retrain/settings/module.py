"""The settings of the image module and of the features it gives."""

import dataclasses

from retrain.settings.field import ALL_VERBS, DATA_VERBS, MODULE_VERBS, setting


@dataclasses.dataclass(frozen=True)
class ModuleSettings:
    """The image module and its features."""

    tfhub_module: str = setting(
        "builtin:",
        "module",
        "Pretrained image module: a directory, a .tar.gz, a TF Hub or Kaggle URL, keras:MobileNetV3Large, "
        "a .keras file, or builtin: (nothing to download, but less accurate). An exported classifier is "
        "one, too.",
        verbs=ALL_VERBS,
        sweep=True,
        path=True,
        required=dict.fromkeys(("evaluate", "predict"), "the export/saved_model of a training run"),
    )
    image_size: int | None = setting(
        None,
        "module",
        "Height and width in pixels, for a module that takes any size; larger is slower and often more "
        "accurate. Default: the size the module expects.",
        verbs=ALL_VERBS,
        sweep=True,
        low=1,
        high=4096,
    )
    module_kind: str | None = setting(
        None,
        "module",
        "What calling the module gives, where the module itself does not say it right.",
        verbs=(*DATA_VERBS, "inspect"),
        choices=("image_feature_vector", "image_classification"),
    )
    module_input_range: tuple[float, float] = setting(
        (0.0, 1.0),
        "module",
        "For a .keras file: the range of pixel values it was trained on, such as -1,1 or 0,255.",
        verbs=MODULE_VERBS,
    )
    label_map: str | None = setting(
        None,
        "module",
        "Text file of the classes that the module was published with, one a line: to evaluate a module that "
        "is no export of retrain, or for --warm_start_head. Class folders have their names.",
        verbs=DATA_VERBS,
        path=True,
    )
    feature_output: str | None = setting(
        None,
        "module",
        "For a .keras file: the layer whose output is the features. Default: the output, unless that is a "
        "softmax; then the layer before it.",
        verbs=MODULE_VERBS,
    )
    feature_cache: str | None = setting(
        None,
        "module",
        "Directory that keeps computed features for later runs; none keeps nothing. Default: the user's "
        "cache directory.",
        path=True,
    )
    feature_engine: str = setting(
        "auto",
        "module",
        "What computes the features: auto takes litert (pip install 'retrain[litert]') when there are "
        "enough images to pay for the conversion.",
        choices=("auto", "tensorflow", "litert"),
    )
