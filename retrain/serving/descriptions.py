"""What TensorFlow Serving says of a model: that it is there, and what its signatures take and give."""

from typing import Any

from retrain.serving.served_model import DEFAULT, FAMILIARITY, MOST, ServedModel

VERSION = 1


def status() -> dict[str, Any]:
    """That the model is there."""
    state = {
        "version": str(VERSION),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    return {"model_version_status": [state]}


def metadata(name: str, model: ServedModel) -> dict[str, Any]:
    """Its signatures, as SignatureDefs in JSON."""
    height, width = model.image_size
    images = {"images": _tensor("DT_FLOAT", [-1, height, width, 3])}
    served = {
        (DEFAULT if len(model.classes) == 1 else task): _tensor("DT_FLOAT", [-1, len(classes)])
        for task, classes in model.classes.items()
    }
    ranks = {}
    for task, classes in model.classes.items():
        suffix, shape = "" if len(model.classes) == 1 else f"/{task}", [-1, min(MOST, len(classes))]
        ranks |= {
            f"classes{suffix}": _tensor("DT_STRING", shape),
            f"scores{suffix}": _tensor("DT_FLOAT", shape),
        }
    told = {} if model.threshold is None else {FAMILIARITY: _tensor("DT_FLOAT", [-1])}
    of_images = _signature(images, served | told)
    of_bytes = _signature({"image_bytes": _tensor("DT_STRING", [-1])}, ranks | told)
    signatures = {"serving_default": of_images, "serving_images": of_images, "serving_bytes": of_bytes}
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(VERSION)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _signature(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}


def _tensor(dtype: str, shape: list[int]) -> dict[str, Any]:
    dims = [{"size": str(size), "name": ""} for size in shape]
    return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": ""}
