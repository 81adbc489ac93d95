"""A classifier as an OpenVINO model in float32: images [B, H, W, 3] in [0, 1] -> probabilities, familiarity.

OpenVINO computes in bfloat16 where a CPU has that, and moves probabilities by 0.1 and more: who wants those
of the classifier compiles it with INFERENCE_PRECISION_HINT f32, as `read` does.
"""

import pathlib
import tempfile
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

# No public way makes constants of the variables of a function.
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from retrain.exporters import AS_USUAL, Answers, ExportOptions
from retrain.exporters.documents import write_documents
from retrain.exporters.served_function import served_function
from retrain.files import new_directory, write_bytes
from retrain.model import ImageClassifier
from retrain.modules.signatures import IMAGES
from retrain.quiet import absent, native_stderr_held

# Without that package OpenVINO sends Intel nothing of what is imported and converted, which it does unasked.
with absent("openvino_telemetry"):
    import openvino

MODEL_FILE = "model.xml"
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """Writes a new directory; InputError when it exists, or when there is no room for it."""
    with new_directory(directory) as partial:
        served = served_function(classifier)
        frozen = convert_variables_to_constants_v2(
            served.function, lower_control_flow=False, aggressive_inlining=True
        )
        model = _read(frozen.graph.as_graph_def())
        model.input().tensor.set_names({IMAGES})
        _name_outputs(model, dict(zip((of.name for of in frozen.outputs), served.keys, strict=True)))
        openvino.save_model(model, pathlib.Path(partial, MODEL_FILE), compress_to_fp16=False)
        write_documents(classifier, served.no_signatures(classifier), partial, of_run=options.of_run)


def _read(graph: tf.compat.v1.GraphDef) -> openvino.Model:
    """By way of a file, which OpenVINO's own code reads.

    A graph in this process is read by its Python, which does not find all functions that are called, such as
    those of grouped convolutions, and fails on Python 3.13 (`exec("del tensorflow")`, version 2026.4.1,
    frontend/tensorflow/utils.py).
    """
    with tempfile.TemporaryDirectory() as beside, native_stderr_held():
        path = pathlib.Path(beside, "frozen.pb")
        write_bytes(path, graph.SerializeToString())
        return openvino.convert_model(path, share_weights=False)


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
