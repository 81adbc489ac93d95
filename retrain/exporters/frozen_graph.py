"""A classifier as a frozen GraphDef of TensorFlow 1, as retrain.py wrote it, for programs that read one.

Input `Placeholder`: float32 [batch, H, W, 3] in [0, 1]; other values are refused. Output `final_result`,
or what --final_tensor_name says: the probabilities of the first task.
"""

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

# No public way makes constants of the variables of a function.
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from retrain.exporters import AS_USUAL, Answers, ExportOptions
from retrain.exporters.assets import described_tasks
from retrain.exporters.consumers import GRAPH_INPUT, OUTPUT_NAME_FILE, graph_output
from retrain.exporters.documents import write_documents
from retrain.exporters.served_function import served_function
from retrain.files import new_directory, write_bytes, write_text
from retrain.model import ImageClassifier
from retrain.modules.graphs.pixel_range import in_range
from retrain.modules.signatures import DEFAULT_OUTPUT

MODEL_FILE = "model.pb"


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """Writes a new directory; InputError when it exists, or when there is no room for it."""
    with new_directory(directory) as partial:
        served = served_function(classifier, tells_familiarity=False)
        frozen = convert_variables_to_constants_v2(served.function)
        height, width = classifier.image_size
        with tf.Graph().as_default() as graph:
            images = tf.compat.v1.placeholder(tf.float32, [None, height, width, 3], GRAPH_INPUT)
            [taken], first = frozen.inputs, frozen.outputs[0]
            [probabilities] = tf.graph_util.import_graph_def(
                frozen.graph.as_graph_def(), {taken.name: in_range(images)}, [first.name], name="classifier"
            )
            tf.identity(probabilities, options.final_tensor_name)
        kept = tf.compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), [options.final_tensor_name])
        write_bytes(pathlib.Path(partial, MODEL_FILE), kept.SerializeToString())
        write_text(pathlib.Path(partial, OUTPUT_NAME_FILE), options.final_tensor_name)
        write_documents(classifier, served.no_signatures(classifier), partial, of_run=options.of_run)


def read(directory: str) -> Answers:
    """What TensorFlow makes of images with the graph in this directory: probabilities of the first task."""
    definition = tf.compat.v1.GraphDef.FromString(pathlib.Path(directory, MODEL_FILE).read_bytes())
    first, *others = described_tasks(directory)
    function = tf.compat.v1.wrap_function(lambda: _imported(definition), [])
    pruned = function.prune(f"{GRAPH_INPUT}:0", f"{graph_output(directory)}:0")

    def answers(images: np.ndarray) -> dict[str, np.ndarray]:
        return {first if others else DEFAULT_OUTPUT: pruned(tf.constant(images)).numpy()}

    return answers


def _imported(definition: Any) -> None:
    tf.graph_util.import_graph_def(definition, name="")
