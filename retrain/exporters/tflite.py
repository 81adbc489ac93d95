"""A classifier as a TFLite file, for telephones, small computers, and all that runs LiteRT or MediaPipe.

Input `images`: float32 [1, H, W, 3] in [0, 1]. Outputs: the probabilities of each task, and familiarity where
it is told. Of `tflite` all is float32, and equal to the classifier to rounding; of `tflite_float16` the
weights are kept in 16 bits; of `tflite_int8_weights` those of large layers in 8 bits, with a scale for each
channel, and nothing is calibrated; of `tflite_int8` weights and activations are 8 bits, activations with
ranges that images of training have. Familiarity is too fine for these, and left out there.
"""

import pathlib
import re
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from retrain.causes import cause_of
from retrain.data.pipeline import image_batches
from retrain.errors import InputError
from retrain.exporters import AS_USUAL, ExportOptions
from retrain.exporters.documents import WRITER, write_documents
from retrain.exporters.litert import MODEL_FILE
from retrain.exporters.served_function import served_function
from retrain.exporters.tflite_metadata import with_metadata
from retrain.files import new_directory, write_bytes
from retrain.label_files import labels_file
from retrain.model import ImageClassifier
from retrain.modules.signatures import DEFAULT_OUTPUT
from retrain.quiet import native_stderr_held

Prepare = Callable[[tf.lite.TFLiteConverter], None]
# In the converter's words, of which the rest is where in a program a node was made.
REASON = re.compile(r"'\w+\.\w+' op .*")


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """Writes a new directory with the model in float32; InputError when it exists, or has no room."""
    _write(classifier, directory, lambda converter: None, options, tells_familiarity=True)


def write_float16(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """The same with weights of 16 bits: half the size."""

    def prepare(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]

    _write(classifier, directory, prepare, options)


def write_int8_weights(
    classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL
) -> None:
    """The same with weights of 8 bits: nearly a quarter of the size, without images to see ranges by."""

    def prepare(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]

    _write(classifier, directory, prepare, options)


def write_int8(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """The same in 8 bits: a quarter of the size; InputError without images to see ranges by."""
    if not options.calibration:
        raise InputError(
            "tflite_int8 needs images of training to see how large values become: there are none."
        )

    def images() -> Iterator[list[np.ndarray]]:
        batches = image_batches(options.calibration, classifier.image_size, 1, classifier.decoding)
        for _, batch in batches.as_numpy_iterator():
            yield [batch]

    def prepare(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = images

    _write(classifier, directory, prepare, options)


def _write(
    classifier: ImageClassifier,
    directory: str,
    prepare: Prepare,
    options: ExportOptions,
    tells_familiarity: bool = False,
) -> None:
    with new_directory(directory) as partial:
        served = served_function(classifier, 1, tells_familiarity)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([served.function], classifier)
        # By way of a SavedModel it takes three times as long; the names it would give the metadata give.
        converter.experimental_lower_to_saved_model = False
        prepare(converter)
        model = _converted(converter)
        one = len(classifier.heads) == 1
        labels = {
            DEFAULT_OUTPUT if one else task: (labels_file(classifier.heads, task), head.class_names)
            for task, head in classifier.heads.items()
        }
        described = with_metadata(model, served.keys, labels, f"Written by {WRITER}.")
        write_bytes(pathlib.Path(partial, MODEL_FILE), described)
        write_documents(classifier, served.no_signatures(classifier), partial, of_run=options.of_run)


def _converted(converter: tf.lite.TFLiteConverter) -> bytes:
    """InputError, without the pages that the converter says to stderr, where it does not know the graph."""
    with native_stderr_held(), warnings.catch_warnings():
        # Of statistics for inputs that are quantized: these are not.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return converter.convert()
        except Exception as error:  # it has no class of its own for a graph that it does not know
            failure = error  # raised further down, or what was held would be shown
    found = REASON.search(str(failure))
    raise InputError(
        f"TensorFlow's converter does not take its graph ({found[0] if found else cause_of(failure)}), as it "
        f"does that of a network that computes in float32."
    ) from failure
