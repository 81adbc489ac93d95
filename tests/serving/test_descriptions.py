from retrain.serving.descriptions import metadata
from retrain.serving.served_model import ServedModel


def shapes(tensors) -> dict[str, list[int]]:
    return {name: [int(dim["size"]) for dim in of["tensor_shape"]["dim"]] for name, of in tensors.items()}


def test_shapes_of_several_tasks(served_exports):
    exports = served_exports["two"]
    model = ServedModel(str(exports / "saved_model"), str(exports / "tflite"))
    signatures = metadata("m", model)["metadata"]["signature_def"]["signature_def"]
    assert shapes(signatures["serving_default"]["inputs"]) == {"images": [-1, 8, 8, 3]}
    assert shapes(signatures["serving_default"]["outputs"]) == {"kind": [-1, 2], "tags": [-1, 2]}
    assert shapes(signatures["serving_bytes"]["outputs"]) == {
        "classes/kind": [-1, 2],
        "scores/kind": [-1, 2],
        "classes/tags": [-1, 2],
        "scores/tags": [-1, 2],
    }
