"""A classifier as a `.keras` file, whose model gives the probabilities of each task, by key.

Where the base is a Keras model, it is of Keras' own layers (see functional_model), and loads where retrain is
not installed; but for a base of KerasHub, whose layers `import keras_hub` brings. Else it is made of a
`retrain.keras.ModuleLayer` for each task: retrain has to be installed, and `retrain.keras` imported, where it
is loaded. Familiarity is left out.
"""

import importlib
import pathlib
import tempfile
from collections.abc import Sequence

import keras
import numpy as np

from retrain.exporters import AS_USUAL, Answers, ExportOptions, reusable_saved_model
from retrain.exporters.consumers import KERAS_MODEL, needed_by_keras_file
from retrain.exporters.documents import write_documents
from retrain.exporters.functional_model import functional_model
from retrain.familiarity import FAMILIARITY
from retrain.files import new_directory
from retrain.keras import ModuleLayer
from retrain.model import ImageClassifier
from retrain.modules.signatures import IMAGES, SERVING_SIGNATURE


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> str:
    """Writes a new directory, and says what loads the file; InputError when it exists, or has no room."""
    keys = [key for key in classifier.signatures[SERVING_SIGNATURE].outputs if key != FAMILIARITY]
    with new_directory(directory) as partial, tempfile.TemporaryDirectory() as beside:
        model = functional_model(classifier) or _of_module_layers(classifier, keys, beside)
        model.save(pathlib.Path(partial, KERAS_MODEL))
        signatures = dict.fromkeys([*classifier.heads, *keys], "")
        write_documents(classifier, signatures, partial, of_run=options.of_run)
        needs = needed_by_keras_file(partial)
    loads = f"it loads where {needs} is imported" if needs else "it loads without retrain"
    return loads if classifier.familiarity is None else f"{loads}, and does not tell familiarity"


def _of_module_layers(classifier: ImageClassifier, keys: Sequence[str], beside: str) -> keras.Model:
    module = str(pathlib.Path(beside, "saved_model"))
    reusable_saved_model.write(classifier, module)
    images = keras.Input([*classifier.image_size, 3], name=IMAGES)
    layers = {key: ModuleLayer(module, signature=SERVING_SIGNATURE, output_key=key) for key in keys}
    return keras.Model(images, {key: layer(images) for key, layer in layers.items()})


def read(directory: str) -> Answers:
    """What Keras makes of images with the export in this directory."""
    if needed := needed_by_keras_file(directory):
        importlib.import_module(needed)
    model = keras.saving.load_model(pathlib.Path(directory, KERAS_MODEL), compile=False)

    def answers(images: np.ndarray) -> dict[str, np.ndarray]:
        return {key: values.numpy() for key, values in model(images).items()}

    return answers
