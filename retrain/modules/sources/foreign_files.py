"""What holds a model, or stands for one, but is no module: what it is and what to do, without TensorFlow."""

import pathlib
import re

from retrain.errors import InputError

# Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
POINTER = b"version https://git-lfs.github.com/spec/"
CHECKPOINT = (
    "is part of a checkpoint, which holds values of variables without the network that they are of: give the "
    "SavedModel, or the .keras file, that was exported from it"
)
PACKED = "is an archive of another kind than .tar.gz: unpack it, and give the directory in it"
PYTORCH = (
    "holds weights of PyTorch, and does not say of what network: give the directory of a checkpoint of timm "
    "or transformers, in which config.json says it, or turn the network into a SavedModel, by "
    "torch.onnx.export and onnx2tf"
)
# How a GraphDef begins: with a node, which begins with its name. A SavedModel begins with its version.
GRAPH_DEF = re.compile(rb"\n[\x80-\xff]{0,4}[\x00-\x7f]\n")
# The ends of names -> what such a file is and what to do.
FOREIGN = {
    "saved_model.pb": "is the graph of a module, whose variables lie beside it: give its directory",
    ".pb": (
        "is a frozen graph of TensorFlow 1, which does not say what its input and its features are: write it "
        "as a SavedModel once, as docs/modules.md shows under Frozen graphs"
    ),
    "model.json": (
        "is a TensorFlow.js model, which is made for browsers: export it as a SavedModel or a Keras file, as "
        "Teachable Machine does under Tensorflow"
    ),
    ".tflite": (
        "is a TensorFlow Lite model, which is made for inference on devices: give the SavedModel, or the "
        ".keras file, that it was converted from"
    ),
    ".onnx": (
        "is an ONNX model: turn it into a SavedModel, pip install onnx2tf and onnx2tf -i FILE -o DIRECTORY, "
        "and give that directory"
    ),
    **dict.fromkeys((".pt", ".pth", ".bin", ".safetensors"), PYTORCH),
    **dict.fromkeys((".ckpt", ".index", ".meta", ".data-00000-of-00001"), CHECKPOINT),
    **dict.fromkeys((".zip", ".tar", ".tar.bz2", ".tar.xz", ".7z"), PACKED),
}


def check_is_known(handle: str, location: str) -> None:
    """Raises InputError for a file of a known kind that is no module."""
    what = what_is(location)
    if what is not None:
        raise InputError(f"{handle!r} {what}.")


def what_is(name: str) -> str | None:
    """What a file of this name is and what to do, or None where nothing is known of such."""
    return next((what for end, what in FOREIGN.items() if name.endswith(end)), None)


def check_no_graph_def(handle: str, path: pathlib.Path) -> None:
    """Raises InputError where a file in the place of a SavedModel's is a frozen graph under its name."""
    with path.open("rb") as file:
        if GRAPH_DEF.match(file.read(6)):
            raise InputError(f"The {path.name} in {handle!r} {FOREIGN['.pb']}.")


def check_no_pointers(handle: str, location: str) -> None:
    """Raises InputError where the file, or one in the directory, is a pointer of Git LFS to the real one."""
    place = pathlib.Path(location)
    paths = [*place.glob("*"), *place.glob("variables/*")] if place.is_dir() else [place]
    for path in filter(pathlib.Path.is_file, paths):
        with path.open("rb") as file:
            if file.read(len(POINTER)) == POINTER:
                raise InputError(
                    f"{handle!r} is not all there: {path.name} is a pointer of Git LFS, a few lines in the "
                    f"place of the file; fetch that with git lfs pull."
                )
