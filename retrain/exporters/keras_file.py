"""A classifier as a `.keras` file, whose model gives the probabilities of each task, by key.

It is made of a `retrain.keras.ModuleLayer` for each task: retrain has to be installed, and `retrain.keras`
imported, where it is loaded. Familiarity would take one more, and is left out.
"""

import pathlib
import tempfile

import keras
import numpy as np

from retrain.exporters import AS_USUAL, Answers, ExportOptions, reusable_saved_model
from retrain.exporters.documents import write_documents
from retrain.familiarity import FAMILIARITY
from retrain.files import new_directory
from retrain.keras import ModuleLayer
from retrain.model import ImageClassifier
from retrain.modules.signatures import SERVING_SIGNATURE

MODEL_FILE = "model.keras"


def write(classifier: ImageClassifier, directory: str, options: ExportOptions = AS_USUAL) -> None:
    """Writes a new directory; InputError when it exists, or when there is no room for it."""
    keys = [key for key in classifier.signatures[SERVING_SIGNATURE].outputs if key != FAMILIARITY]
    with new_directory(directory) as partial, tempfile.TemporaryDirectory() as beside:
        module = str(pathlib.Path(beside, "saved_model"))
        reusable_saved_model.write(classifier, module)
        images = keras.Input([*classifier.image_size, 3], name="images")
        layers = {key: ModuleLayer(module, signature=SERVING_SIGNATURE, output_key=key) for key in keys}
        model = keras.Model(images, {key: layer(images) for key, layer in layers.items()})
        model.save(pathlib.Path(partial, MODEL_FILE))
        signatures = dict.fromkeys([*classifier.heads, *keys], "")
        write_documents(classifier, signatures, partial, of_run=options.of_run)


def read(directory: str) -> Answers:
    """What Keras makes of images with the export in this directory."""
    model = keras.saving.load_model(pathlib.Path(directory, MODEL_FILE), compile=False)

    def answers(images: np.ndarray) -> dict[str, np.ndarray]:
        return {key: values.numpy() for key, values in model(images).items()}

    return answers
