import keras
import pytest

from retrain.errors import InputError
from retrain.modules.sources.hdf5_file import WEIGHTS
from retrain.modules.sources.source import check_handle


def sentence(handle) -> str:
    with pytest.raises(InputError) as info:
        check_handle(str(handle))
    return str(info.value)


def test_files_of_weights_and_of_nothing(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save_weights(tmp_path / "net.weights.h5")
    handle = str(tmp_path / "net.weights.h5")
    assert sentence(handle) == f"{handle!r} {WEIGHTS}."
    (tmp_path / "net.h5").write_bytes(b"photos")
    assert sentence(tmp_path / "net.h5").startswith(f"{str(tmp_path / 'net.h5')!r} is no HDF5 file (")
