"""A classifier as an OpenVINO model in float32: images [B, H, W, 3] in [0, 1] -> probabilities, familiarity.

OpenVINO computes in bfloat16 where a CPU has that, and moves probabilities by 0.1 and more: who wants those
of the classifier compiles it with INFERENCE_PRECISION_HINT f32, as `read` does.
"""

import pathlib
from collections.abc import Mapping

import numpy as np
import openvino

from retrain.export import AS_USUAL, Answers, ExportOptions
from retrain.export.documents import write_description
from retrain.export.served_function import served_function
from retrain.files import new_directory
from retrain.model import ImageClassifier
from retrain.quiet import native_stderr_held

MODEL_FILE = "model.xml"
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """Writes a new directory; InputError when it exists, or when there is no room for it."""
    served = served_function(classifier)
    with native_stderr_held():
        model = openvino.convert_model(served.function)
    _name_outputs(model, dict(zip((of.name for of in served.function.outputs), served.keys, strict=True)))
    with new_directory(directory) as partial:
        openvino.save_model(model, pathlib.Path(partial, MODEL_FILE), compress_to_fp16=False)
        write_description(classifier, served.no_signatures(classifier), partial)


def _name_outputs(model: openvino.Model, names: Mapping[str, str]) -> None:
    """Calls each output, known by the name of its tensor, by its key; what nothing takes is no output."""
    for output in model.outputs:
        keys = {key for tensor, key in names.items() if tensor in output.get_names()}
        if keys:
            output.tensor.set_names(keys)
        else:
            model.remove_result(output.node)


def read(directory: str) -> Answers:
    """What OpenVINO makes of images with the export in this directory."""
    model = openvino.Core().compile_model(pathlib.Path(directory, MODEL_FILE), "CPU", EXACT)

    def answers(images: np.ndarray) -> dict[str, np.ndarray]:
        return {output.get_any_name(): values for output, values in model(images).items()}

    return answers
