"""The frozen pass: each image through the module once, its features remembered, and what could not be decoded named.

How the pass is computed is the secret of `feature_engine`, how features are kept that of `feature_cache`.
"""

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.data.images import DECODING
from retrain.data.pipeline import image_batches, undecodable
from retrain.errors import InputError
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.progress import progress
from retrain.training.feature_cache import FeatureCache, FileKey
from retrain.training.feature_engine import (
    BATCH_SIZE,
    LITERT,
    TENSORFLOW,
    WORKERS,
    Engine,
    NotConvertible,
    choose_engine,
    make_engine,
)

Batch = tuple[np.ndarray, np.ndarray]  # rows int64 [b], and images or features of these rows


class FrozenFeatures(NamedTuple):
    """What a pass over files gave.

    Attributes:
      features: float32 [N, F], in the order of the files, zeros for those that were skipped.
      skipped: the position of each file that gave no image -> why.
      computed: how many images went through the module now; the others had been remembered.
      engine: what computed them.
    """

    features: np.ndarray
    skipped: Mapping[int, str]
    computed: int
    engine: str


def frozen_features(
    module: ImageModule,
    files: Sequence[FileKey],
    cache_directory: str | os.PathLike[str] | None,
    engine: str = "auto",
    signature: str = IMAGE_FEATURE_VECTOR,
) -> FrozenFeatures:
    """The signature's output for all files; without `cache_directory` nothing is kept.

    `engine` is "auto", "tensorflow" or "litert".
    """
    caches = _caches(module, signature, cache_directory) if cache_directory else {}
    name = _cheapest_engine(engine, files, caches)
    missing = _missing(files, caches.get(name))
    if not missing:
        return FrozenFeatures(caches[name].read(files), {}, 0, name)
    try:
        run = make_engine(name, module, signature)
    except NotConvertible as error:
        if engine == LITERT:
            raise InputError(
                f"{module.handle!r} cannot be run by LiteRT: {error}; leave out --feature_engine."
            ) from error
        logging.info("LiteRT cannot run this module (%s); TensorFlow computes its features.", error)
        return frozen_features(module, files, cache_directory, TENSORFLOW, signature)
    features, seen = _fill(
        files, missing, caches.get(name), run, module.image_size, module.num_outputs(signature)
    )
    skipped = {row: undecodable(files[row].path) for row in missing if row not in seen}
    return FrozenFeatures(features, skipped, len(seen), name)


def _caches(
    module: ImageModule, signature: str, directory: str | os.PathLike[str]
) -> dict[str, FeatureCache]:
    key = {
        "module": module.fingerprint,
        "signature": signature,
        "output": module.feature_output,
        "image_size": module.image_size,
        "decoding": DECODING,
    }
    length = module.num_outputs(signature)
    return {name: FeatureCache(directory, {**key, "engine": name}, length) for name in (TENSORFLOW, LITERT)}


def _cheapest_engine(wanted: str, files: Sequence[FileKey], caches: Mapping[str, FeatureCache]) -> str:
    """The wanted engine, or for "auto" the one that has the fewest images left to compute."""
    if wanted != "auto" or not caches:
        return choose_engine(wanted, len(files))
    left = {name: len(_missing(files, cache)) for name, cache in caches.items()}
    fewest = min(left.values())
    chosen = choose_engine(wanted, fewest)
    # Without images left, an engine need not even be installed.
    return chosen if left[chosen] == fewest else next(name for name in left if left[name] == fewest)


def _missing(files: Sequence[FileKey], cache: FeatureCache | None) -> list[int]:
    return [row for row, key in enumerate(files) if cache is None or not cache.has(key)]


def _fill(
    files: Sequence[FileKey],
    missing: Sequence[int],
    cache: FeatureCache | None,
    engine: Engine,
    image_size: tuple[int, int],
    length: int,
) -> tuple[np.ndarray, set[int]]:
    """Features of all files, those of `missing` computed now, and which of these gave an image."""
    features = np.zeros([len(files), length], np.float32)
    if cache is not None:
        remembered = sorted(set(range(len(files))).difference(missing))
        features[remembered] = cache.read([files[row] for row in remembered])
    images = image_batches([files[row].path for row in missing], image_size, BATCH_SIZE)
    batches = _run(engine, images.as_numpy_iterator())
    seen: set[int] = set()
    with cache.writer() if cache is not None else contextlib.nullcontext() as writer:
        for positions, values in progress(
            batches, len(missing), "features", "images", lambda batch: len(batch[0])
        ):
            rows = [missing[position] for position in positions]
            features[rows] = values
            seen.update(rows)
            if writer is not None:
                writer.append([files[row] for row in rows], values)
    return features, seen


def _run(engine: Engine, batches: Iterable[Batch]) -> Iterator[Batch]:
    """(rows, images) -> (rows, features) in the same order, WORKERS batches at a time; few are in memory at once."""
    with ThreadPoolExecutor(WORKERS) as workers:
        running: deque[tuple[np.ndarray, Future[np.ndarray]]] = deque()
        for rows, images in batches:
            running.append((rows, workers.submit(engine, images)))
            if len(running) > WORKERS:
                rows, features = running.popleft()
                yield rows, features.result()
        for rows, features in running:
            yield rows, features.result()
