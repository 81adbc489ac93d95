"""Files of torch.save's old format, written here as torch 1.5 wrote them; a real one is read by the network's
tests."""

import io
import os
import pickle
import struct
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest

from retrain.modules.sources.torch_file import MAGIC, PROTOCOL, read_tensors

SYSTEM = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"long": 4}}


class Stored:
    """A tensor whose values are some of a storage's, which several may share."""

    def __init__(self, key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]):
        self.key, self.offset, self.shape, self.strides = key, offset, shape, strides

    def __reduce__(self):
        layout = (self.offset, self.shape, self.strides, False, OrderedDict())
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (self.key, *layout)


@pytest.fixture
def saved(monkeypatch):
    """What torch.save writes of tensors on storages: key -> (type, values)."""
    torch, inner = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for module, name in ((torch, "FloatStorage"), (torch, "LongStorage"), (inner, "_rebuild_tensor_v2")):
        setattr(module, name, type(name, (), {"__module__": module.__name__}))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", inner)

    def content(tensors, storages, magic=MAGIC, counts=()) -> bytes:
        class Pickler(pickle.Pickler):
            def persistent_id(self, value):
                if type(value) is not str or value not in storages:
                    return None
                kind, values = storages[value]
                return ("storage", getattr(torch, kind), f"at {value}", "cpu", len(values), None)

        file = io.BytesIO()
        for value in (magic, PROTOCOL, SYSTEM):
            pickle.dump(value, file, protocol=2)
        Pickler(file, protocol=2).dump(tensors)
        pickle.dump([f"at {key}" for key in storages], file, protocol=2)
        for key, (_, values) in storages.items():
            file.write(struct.pack("<q", dict(counts).get(key, len(values))) + values.tobytes())
        return file.getvalue()

    return content


FLOATS = {"s": ("FloatStorage", np.arange(6, dtype=np.float32))}


def test_tensors_are_views_of_storages(saved):
    tensors = OrderedDict(
        rows=Stored("s", 0, (2, 3), (3, 1)),
        columns=Stored("s", 0, (3, 2), (1, 3)),
        last=Stored("s", 4, (2,), (1,)),
        count=Stored("n", 0, (), ()),
    )
    read = read_tensors(saved(tensors, FLOATS | {"n": ("LongStorage", np.asarray([7]))}))
    assert list(read) == ["rows", "columns", "last", "count"]
    np.testing.assert_array_equal(read["rows"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(read["columns"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(read["last"], [4, 5])
    assert (read["count"], read["count"].dtype, read["rows"].dtype) == (7, np.int64, np.float32)


@pytest.mark.parametrize(("value", "named"), [(print, "__builtin__.print"), (os.system, "posix.system")])
def test_nothing_else_is_called(saved, value, named):
    with pytest.raises(pickle.UnpicklingError, match=f"^{named} is not among what may be read$"):
        read_tensors(saved(OrderedDict(bad=value), FLOATS))


def test_a_file_of_another_format(saved):
    with pytest.raises(pickle.UnpicklingError, match=r"^this is no file of torch.save's old format$"):
        read_tensors(saved(OrderedDict(), {}, magic=1))


def test_a_tensor_that_reaches_beyond_its_storage(saved):
    with pytest.raises(ValueError, match="incompatible with shape of requested array and size of buffer"):
        read_tensors(saved(OrderedDict(big=Stored("s", 4, (3,), (1,))), FLOATS))


def test_a_storage_of_another_size(saved):
    tensors = OrderedDict(last=Stored("s", 4, (2,), (1,)))
    with pytest.raises(
        pickle.UnpicklingError, match=r"^the storage at s has not the 6 elements of its tensors$"
    ):
        read_tensors(saved(tensors, FLOATS, counts={"s": 7}.items()))
