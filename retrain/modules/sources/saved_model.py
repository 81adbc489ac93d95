"""TF2 SavedModels as image modules: reusable ones, which may be trained, and those with signatures only.

What stands for which signature: a method, else a signature, of that name; the unnamed one (`__call__`, else
`serving_default`, else `default`) is a classification when output keys or the labels beside the model say so,
and is the image feature vector when nothing is named, unless it is class scores (see saved_model_head).
`module_kind` decides over both. Beside a classification that is named, its further tasks are offered, and
what it serves. A method traced with a `training` argument is called with it; whatever else is asked to train
runs as in inference.

`variables`, `trainable_variables` and `regularization_losses` are the object's own; a plain tf.Module loses
the first two when it is saved, and then they are the variables that its functions use.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import tensorflow as tf

from retrain.errors import InputError
from retrain.label_files import LABELS
from retrain.modules.graphs.one_replica import one_replica_here
from retrain.modules.image_module import (
    ImageModule,
    check_has_signature,
    directory_fingerprint,
    expected_image_size,
)
from retrain.modules.runnable import takes_size
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    IMAGES,
    SERVING_IMAGES,
    SERVING_SIGNATURE,
    image_signature,
)
from retrain.modules.sources.class_scores import BEFORE_HEAD, SCORE_WORDS, words_of
from retrain.modules.sources.damage import GRAPH_CUT_SHORT, variables_cut_short
from retrain.modules.sources.inference_check import check_repeats
from retrain.modules.sources.saved_model_head import BeforeHead, before_head
from retrain.modules.sources.saved_model_methods import Method, by_key, read_method, traces
from retrain.settings.module import ModuleSettings

LABELS_FILE = pathlib.Path("assets.extra", LABELS)


class SavedModel(ImageModule):
    """A loaded SavedModel, tracked whole, so that checkpoints and exports hold all that its functions use."""

    def __init__(
        self,
        handle: str,
        fingerprint: str,
        loaded: Any,
        methods: Mapping[str, Method],
        image_size: tuple[int, int],
        feature_output: str,
        feature_pooling: str,
        doubt: str = "",
    ):
        signatures = {name: image_signature(image_size, method.outputs) for name, method in methods.items()}
        super().__init__(
            handle,
            fingerprint,
            signatures,
            image_size,
            feature_output=feature_output,
            feature_pooling=feature_pooling,
            doubt=doubt,
        )
        self._loaded = loaded
        self._methods = MappingProxyType(dict(methods))

    @property
    def variables(self) -> tuple[tf.Variable, ...]:
        if hasattr(self._loaded, "variables"):
            return tuple(self._loaded.variables)
        used = [trace.variables for method in self._methods.values() for trace in traces(method.function)]
        return tuple({id(variable): variable for variables in used for variable in variables}.values())

    @property
    def trainable_variables(self) -> tuple[tf.Variable, ...]:
        if hasattr(self._loaded, "trainable_variables"):
            return tuple(self._loaded.trainable_variables)
        return super().trainable_variables

    @property
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        return tuple(getattr(self._loaded, "regularization_losses", ()))

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        check_has_signature(self.handle, self.signatures, signature)
        return self._methods[signature](images, training)


def load(location: str, handle: str, settings: ModuleSettings) -> SavedModel:
    """Loads the SavedModel in the directory `location`."""
    loaded = _loaded(location, handle)
    kind = settings.module_kind
    functions = functions_by_signature(loaded, location, kind)
    if not functions:
        check_has_signature(handle, dict.fromkeys(loaded.signatures), kind or IMAGE_FEATURE_VECTOR)
    methods = {name: read_method(function, handle) for name, function in functions.items()}
    main = methods.get(IMAGE_FEATURE_VECTOR) or methods[IMAGE_CLASSIFICATION]
    taken = [tuple(spec.shape[1:3].as_list()) for spec in main.images]
    image_size = expected_image_size(handle, taken, settings.image_size)
    if tf.executing_eagerly():
        if any(None in size for size in taken):
            _check_size(main, image_size, handle)
        check_repeats(main, image_size, handle)
    before = BeforeHead()
    if (
        kind != IMAGE_FEATURE_VECTOR
        and tf.executing_eagerly()
        and _is_unnamed_vector(loaded, functions, main)
    ):
        before = before_head(main, image_size, handle, IMAGE_CLASSIFICATION in functions)
    if before.method is not None:
        methods = {IMAGE_FEATURE_VECTOR: before.method, IMAGE_CLASSIFICATION: main}
        # Those of the output itself may be remembered.
        settings = dataclasses.replace(settings, module_kind=BEFORE_HEAD)
    return SavedModel(
        handle,
        directory_fingerprint(location, settings),
        loaded=loaded,
        methods=methods,
        image_size=image_size,
        feature_output=settings.feature_output or DEFAULT_OUTPUT,
        feature_pooling=settings.feature_pooling,
        doubt=before.doubt,
    )


def _check_size(method: Method, image_size: tuple[int, int], handle: str) -> None:
    """InputError where the method, which takes images of any size, cannot be built for those of this."""
    spec = tf.TensorSpec([None, *image_size, 3], tf.float32)
    with one_replica_here(), takes_size(handle, image_size):
        tf.function(lambda images: method(images, False), autograph=False).get_concrete_function(spec)


def _is_unnamed_vector(loaded: Any, functions: Mapping[str, Any], main: Method) -> bool:
    """Whether the only output is a vector, and no name of a signature says what it is."""
    ranks = [spec.shape.rank for spec in main.outputs.values()]
    names = list(functions)
    return len(names) == 1 and _named(loaded, names[0]) is None and ranks == [2]


def functions_by_signature(loaded: Any, location: str, kind: str | None) -> dict[str, Any]:
    """The functions of the loaded object to use, by the name of the signature that they stand for."""
    named = {name: _named(loaded, name) for name in (IMAGE_FEATURE_VECTOR, *_classifications(loaded))}
    functions = {name: function for name, function in named.items() if function is not None}
    unnamed = _unnamed(loaded)
    if unnamed is None:
        return functions
    if kind is not None:
        return functions | {kind: unnamed}
    if _gives_scores(unnamed, loaded.signatures, location):
        return {IMAGE_CLASSIFICATION: unnamed} | functions
    return functions or {IMAGE_FEATURE_VECTOR: unnamed}


def _classifications(loaded: Any) -> list[str]:
    """The signatures of a classification, if one is named: its tasks, and what it serves for images."""
    if _named(loaded, IMAGE_CLASSIFICATION) is None:
        return []
    served = _named(loaded, SERVING_SIGNATURE)
    of_images = served is not None and list(served.structured_input_signature[1]) == [IMAGES]
    tasks = [name for name in loaded.signatures if name.startswith(f"{IMAGE_CLASSIFICATION}/")]
    return [IMAGE_CLASSIFICATION, *tasks, *([SERVING_SIGNATURE] if of_images else [])]


def _named(loaded: Any, name: str) -> Any:
    """The method of that name, which may be trained, else the signature, else None."""
    method = getattr(loaded, name, None)
    if name == SERVING_SIGNATURE and SERVING_IMAGES in loaded.signatures:
        name = SERVING_IMAGES
    return method if traces(method) else loaded.signatures.get(name)


def _unnamed(loaded: Any) -> Any:
    # Only an object that was saved with a __call__ is callable.
    if callable(loaded) and traces(loaded.__call__):
        return loaded.__call__
    return loaded.signatures.get(SERVING_SIGNATURE) or loaded.signatures.get(DEFAULT_SIGNATURE)


def _gives_scores(unnamed: Any, signatures: Mapping[str, Any], location: str) -> bool:
    """Whether output keys, or as many labels as there are outputs, say that these are class scores."""
    outputs = traces(unnamed)[0].structured_outputs
    serving = signatures.get(SERVING_SIGNATURE)
    keys = list(outputs if isinstance(outputs, Mapping) else serving.structured_outputs if serving else ())
    if keys and all(SCORE_WORDS & words_of(key) for key in keys):
        return True
    labels = pathlib.Path(location, LABELS_FILE)
    default = by_key(outputs).get(DEFAULT_OUTPUT)
    if not labels.is_file() or default is None:
        return False
    return len(labels.read_text("utf-8", "replace").splitlines()) == default.shape.as_list()[-1]


def _loaded(location: str, handle: str) -> Any:
    try:
        return tf.saved_model.load(location)
    except Exception as error:  # TensorFlow's readers raise what they happen to meet in a damaged file
        raise InputError(f"{handle!r} cannot be loaded: {_damage(location, error)}.") from error


def _damage(location: str, error: Exception) -> str:
    words = str(error)
    if "Cannot parse file" in words or "there are 0 MetaGraphs" in words:
        return GRAPH_CUT_SHORT
    if "`tags=` argument" in words:
        return (
            "it holds several graphs, and is no TF2 SavedModel; save the one for serving by itself, or use "
            "the TF1 Hub module that it was exported beside"
        )
    variables = str(pathlib.Path(location, "variables"))
    first = next(iter(words.splitlines()), type(error).__name__)
    # A data file that is too short shows only as an IndexError, an index that is none as no "sstable".
    if isinstance(error, IndexError) or variables in words or "sstable" in words:
        return variables_cut_short(location)
    return f"TensorFlow {tf.__version__} reads no TF2 SavedModel there ({first.rstrip('.')})"
