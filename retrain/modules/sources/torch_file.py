"""Reads the tensors of a file that torch.save wrote before version 1.6, without torch.

Format (torch/serialization.py, _legacy_load): five pickles, which are a magic number, a protocol version,
facts of the system, the object, and the keys of its storages; then of each storage, in the order of the keys,
the number of elements as int64 and the elements. In the object a storage is a persistent id.

A pickle may name any function to be called; here it may name ordered dictionaries, and tensors on storages of
float32 and int64. That the file is the one that was meant is left to the caller.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_tensors(content: bytes) -> dict[str, np.ndarray]:
    """The tensors of a dictionary of tensors by name; UnpicklingError for anything else."""
    file = io.BytesIO(content)
    if [_Unpickler(file).load() for _ in range(2)] != [MAGIC, PROTOCOL]:
        raise pickle.UnpicklingError("this is no file of torch.save's old format")
    _Unpickler(file).load()
    unpickler = _Unpickler(file)
    tensors = unpickler.load()
    for key in _Unpickler(file).load():
        storage = unpickler.storages[key]
        if int.from_bytes(file.read(8), "little") != len(storage):
            raise pickle.UnpicklingError(
                f"the storage {key} has not the {len(storage)} elements of its tensors"
            )
        storage[:] = np.frombuffer(file.read(storage.nbytes), storage.dtype)
    return dict(tensors)


class _Unpickler(pickle.Unpickler):
    """Tensors are views of storages, which are filled afterwards."""

    def __init__(self, file: io.BytesIO):
        super().__init__(file)
        self.storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not among what may be read")

    def persistent_load(self, pid: tuple[Any, ...]) -> np.ndarray:
        _, dtype, key, _, count, _ = pid
        return self.storages.setdefault(key, np.zeros(count, dtype))


def _tensor(
    storage: np.ndarray, offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any
) -> np.ndarray:
    """A view of the storage; offset and strides count elements. ValueError when it reaches beyond."""
    size = storage.itemsize
    in_bytes = [stride * size for stride in strides]
    return np.ndarray(shape, storage.dtype, buffer=storage, offset=offset * size, strides=in_bytes)
