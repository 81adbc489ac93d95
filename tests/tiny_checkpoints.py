"""A checkpoint of DINOv2 with random weights, as transformers writes it, and what such a network gives.

Written by numpy and safetensors alone. The network's source: modeling_dinov2.py of transformers.
"""

import json
import pathlib

import numpy as np
from scipy.special import erf, softmax

SIDE, PATCH, WIDTH, HEADS = 16, 8, 8, 2
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CONFIG = {
    "model_type": "dinov2",
    "architectures": ["Dinov2Model"],
    "hidden_size": WIDTH,
    "num_hidden_layers": 1,
    "num_attention_heads": HEADS,
    "mlp_ratio": 2,
    "image_size": SIDE,
    "patch_size": PATCH,
    "layerscale_value": 1.0,
    "use_swiglu_ffn": False,
    "hidden_dropout_prob": 0.0,
    "drop_path_rate": 0.0,
}
PREPROCESSOR = {"image_mean": MEAN, "image_std": STD, "size": {"height": SIDE, "width": SIDE}}
LINEAR = {
    **{f"attention.attention.{name}": (WIDTH, WIDTH) for name in ("query", "key", "value")},
    "attention.output.dense": (WIDTH, WIDTH),
    "mlp.fc1": (2 * WIDTH, WIDTH),
    "mlp.fc2": (WIDTH, 2 * WIDTH),
}


def dinov2(directory: pathlib.Path) -> str:
    """A transformer of one layer for images of 16 x 16 pixels: four patches of 8 x 8 and a class token."""
    from safetensors.numpy import save_file

    directory.mkdir(parents=True)
    save_file(weights(), directory / "model.safetensors")
    (directory / "config.json").write_text(json.dumps(CONFIG))
    (directory / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    return str(directory)


def weights() -> dict[str, np.ndarray]:
    vectors = [f"layer_scale{number}.lambda1" for number in (1, 2)]
    vectors += [f"norm{number}.{kind}" for number in (1, 2) for kind in ("weight", "bias")]
    shapes = {
        "embeddings.cls_token": (1, 1, WIDTH),
        "embeddings.mask_token": (1, WIDTH),
        "embeddings.position_embeddings": (1, 1 + (SIDE // PATCH) ** 2, WIDTH),
        "embeddings.patch_embeddings.projection.weight": (WIDTH, 3, PATCH, PATCH),
        "embeddings.patch_embeddings.projection.bias": (WIDTH,),
        **{f"encoder.layer.0.{name}": (WIDTH,) for name in vectors},
        **{f"encoder.layer.0.{name}.weight": shape for name, shape in LINEAR.items()},
        **{f"encoder.layer.0.{name}.bias": shape[:1] for name, shape in LINEAR.items()},
        "layernorm.weight": (WIDTH,),
        "layernorm.bias": (WIDTH,),
    }
    rng = np.random.default_rng(0)
    return {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def features(images: np.ndarray) -> np.ndarray:
    """Of images [B, 16, 16, 3] in [0, 1]: the class token [B, 8] behind the last normalization."""
    w = weights()
    tokens = _embedded((images - np.float32(MEAN)) / np.float32(STD), w)
    layer = {name.removeprefix("encoder.layer.0."): value for name, value in w.items()}
    attended = _attended(_normalized(tokens, layer, "norm1"), layer)
    tokens = tokens + attended * layer["layer_scale1.lambda1"]
    hidden = _linear(_normalized(tokens, layer, "norm2"), layer, "mlp.fc1")
    gelu = hidden * (1 + erf(hidden / np.sqrt(2))) / 2
    tokens = tokens + _linear(gelu, layer, "mlp.fc2") * layer["layer_scale2.lambda1"]
    return _normalized(tokens, w, "layernorm")[:, 0]


def _embedded(pixels: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    count, along = len(pixels), SIDE // PATCH
    patches = pixels.reshape(count, along, PATCH, along, PATCH, 3).transpose(0, 1, 3, 5, 2, 4)
    patches = patches.reshape(count, along**2, 3, PATCH, PATCH)
    projection = w["embeddings.patch_embeddings.projection.weight"]
    embedded = np.einsum("bnchw,dchw->bnd", patches, projection)
    embedded += w["embeddings.patch_embeddings.projection.bias"]
    first = np.broadcast_to(w["embeddings.cls_token"], (count, 1, WIDTH))
    return np.concatenate([first, embedded], 1) + w["embeddings.position_embeddings"]


def _attended(tokens: np.ndarray, layer: dict[str, np.ndarray]) -> np.ndarray:
    query, key, value = (
        _linear(tokens, layer, f"attention.attention.{name}").reshape(*tokens.shape[:2], HEADS, -1)
        for name in ("query", "key", "value")
    )
    scores = np.einsum("bqhd,bkhd->bhqk", query, key) / np.sqrt(WIDTH // HEADS)
    mixed = np.einsum("bhqk,bkhd->bqhd", softmax(scores, -1), value)
    return _linear(mixed.reshape(tokens.shape), layer, "attention.output.dense")


def _linear(values: np.ndarray, w: dict[str, np.ndarray], name: str) -> np.ndarray:
    return values @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def _normalized(values: np.ndarray, w: dict[str, np.ndarray], name: str) -> np.ndarray:
    centred = values - values.mean(-1, keepdims=True)
    return centred / np.sqrt(values.var(-1, keepdims=True) + 1e-6) * w[f"{name}.weight"] + w[f"{name}.bias"]
