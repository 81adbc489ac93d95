"""What an HDF5 file of Keras holds, told without TensorFlow."""

import h5py

from retrain.errors import InputError

WEIGHTS = (
    "holds weights without the network that they are of: load them into it, model.load_weights(FILE), and "
    "save both, model.save('NAME.keras'); those of a model of keras.applications can be given as "
    "keras:NAME:FILE"
)


def check_has_network(handle: str, location: str) -> None:
    """Raises InputError for an HDF5 file of weights alone, and for one that is none."""
    try:
        with h5py.File(location) as file:
            is_model = "model_config" in file.attrs
    except OSError as error:
        raise InputError(f"{handle!r} is no HDF5 file ({error}): fetch or save it again.") from error
    if not is_model:
        raise InputError(f"{handle!r} {WEIGHTS}.")
