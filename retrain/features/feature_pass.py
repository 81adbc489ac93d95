"""The frozen pass: each image through the module once, its features remembered, what is no image named.

How the pass is computed is the secret of `engines`, how features are kept that of `cache`.
"""

import contextlib
import dataclasses
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.data.images import DECODING
from retrain.data.no_image import why_no_image
from retrain.data.pipeline import batches_with_facts, image_batches
from retrain.errors import InputError
from retrain.features.cache import FeatureCache, FileKey, feature_cache_directory
from retrain.features.engines import (
    BATCH_SIZE,
    LITERT,
    TENSORFLOW,
    Batch,
    NotConvertibleError,
    choose_engine,
    make_engine,
    of_whole_batches,
    run_engine,
)
from retrain.features.image_facts_store import ImageFactsStore
from retrain.features.shared_pass import shared_pass
from retrain.features.stored import Features, aligned, viewed
from retrain.modules.image_module import ImageModule
from retrain.progress import progress
from retrain.settings.data import AS_USUAL, Decoding
from retrain.settings.module import ModuleSettings
from retrain.workers.workers import ALONE, Workers

ENGINES = (TENSORFLOW, LITERT)
IN_MEMORY = 2**28  # bytes of features; more are read from the cache when they are asked for
VIEWED = 2**26  # bytes of features in memory; of more, no split and no fold is a copy


class PassOptions(NamedTuple):
    """What of a pass is remembered, where and by what engine it is computed.

    Attributes:
      settings: whose feature_cache and feature_engine are read.
      facts: notes facts of the images that are decoded.
      decoding: how files become images.
      in_memory: bytes of features, IN_MEMORY where nothing is said.
      workers: those that share the images out among them.
    """

    settings: ModuleSettings = ModuleSettings(feature_cache="none")
    facts: ImageFactsStore | None = None
    decoding: Decoding = AS_USUAL
    in_memory: int | None = None
    workers: Workers = ALONE


NOTHING_KEPT = PassOptions()


class FeaturePass(NamedTuple):
    """What a pass over files gave.

    Attributes:
      features: float32 [N, F], in the order of the files, zeros for those that were skipped; where they are
        too many, they stay in the files of the cache.
      skipped: the position of each file that gave no image -> why.
      computed: how many images went through the module now, here or in another worker; the others had been
        remembered.
      engine: what computed them.
      seconds: how long it took.
    """

    features: Features
    skipped: Mapping[int, str]
    computed: int
    engine: str
    seconds: float = 0.0


def feature_pass(
    module: ImageModule, signature: str, files: Sequence[FileKey], options: PassOptions = NOTHING_KEPT
) -> FeaturePass:
    """The signature's output for all files."""
    began = time.monotonic()
    try:
        done = _pass(module, signature, files, options)
    except NotConvertibleError as error:
        _check_may_fall_back(options.settings.feature_engine, module.handle, error)
        settings = dataclasses.replace(options.settings, feature_engine=TENSORFLOW)
        done = _pass(module, signature, files, options._replace(settings=settings))
    return done._replace(seconds=time.monotonic() - began)


def _pass(module: ImageModule, signature: str, files: Sequence[FileKey], options: PassOptions) -> FeaturePass:
    """Raises NotConvertibleError where the engine cannot run the module."""
    caches = _caches(module, signature, files, options)
    name = _cheapest_engine(options.settings.feature_engine, module, files, caches)
    name = ENGINES[options.workers.chiefs_number(ENGINES.index(name))]
    cache, length = caches.get(name), module.num_outputs(signature)
    shared = shared_pass(options.workers, files, _missing(files, cache))
    mine = shared.mine(BATCH_SIZE)
    in_memory = IN_MEMORY if options.in_memory is None else options.in_memory
    fit = cache is None or 4 * len(files) * length <= in_memory
    features = _remembered(files, cache, length) if fit else None
    batches = _decoded(files, mine, module.image_size, options)
    first, computed = next(batches, None), set()
    if first is not None:  # an engine may take seconds to make, and is not needed for what is no image
        engine = make_engine(name, module, signature)
        engine = engine if cache is None and options.workers.count == 1 else of_whole_batches(engine)
        computed = _keep(features, files, mine, run_engine(engine, itertools.chain([first], batches)), cache)
    computed = shared.taken(features, cache, computed)
    if features is None:
        cache.refresh()
        features = cache.stored(files)
    elif features.nbytes > VIEWED:
        features = viewed(features)
    skipped = {
        row: why_no_image(*files[row], options.decoding)
        for row in shared.missing.tolist()
        if row not in computed
    }
    return FeaturePass(features, skipped, len(computed), name)


def log_pass(done: FeaturePass) -> None:
    """One line."""
    remembered = len(done.features) - done.computed - len(done.skipped)
    logging.info(
        "%s",
        f"Features: {done.computed} images computed ({done.engine}) in {done.seconds:.1f} s, "
        f"{remembered} remembered, {len(done.skipped)} skipped.",
    )


def _caches(
    module: ImageModule, signature: str, files: Sequence[FileKey], options: PassOptions
) -> dict[str, FeatureCache]:
    """By engine; none where nothing is kept."""
    directory = feature_cache_directory(options.settings)
    if directory is None:
        return {}
    key = {
        "module": module.fingerprint,
        "signature": signature,
        "output": module.feature_output,
        "image_size": module.image_size,
        "decoding": DECODING,
        **options.decoding.key,
    }
    length = module.num_outputs(signature)
    return {name: FeatureCache(directory, {**key, "engine": name}, length, asked=files) for name in ENGINES}


def _cheapest_engine(
    wanted: str, module: ImageModule, files: Sequence[FileKey], caches: Mapping[str, FeatureCache]
) -> str:
    """The wanted engine, or for "auto" the one that has the fewest images left to compute."""
    if wanted != "auto" or not caches:
        return choose_engine(wanted, module, len(files))
    left = {name: len(_missing(files, cache)) for name, cache in caches.items()}
    fewest = min(left.values())
    chosen = choose_engine(wanted, module, fewest)
    # Without images left, an engine need not even be installed.
    return chosen if left[chosen] == fewest else next(name for name in left if left[name] == fewest)


def _missing(files: Sequence[FileKey], cache: FeatureCache | None) -> list[int]:
    return [row for row, key in enumerate(files) if cache is None or not cache.has(key)]


def _remembered(files: Sequence[FileKey], cache: FeatureCache | None, length: int) -> np.ndarray:
    """Features of all files, zeros for those that are missing."""
    return aligned((len(files), length)) if cache is None else cache.read(files)


def _decoded(
    files: Sequence[FileKey],
    missing: Sequence[int],
    image_size: tuple[int, int],
    options: PassOptions,
) -> Iterator[Batch]:
    """Positions in `missing`, and images."""
    paths, facts = [files[row].path for row in missing], options.facts
    batching = (paths, image_size, BATCH_SIZE, options.decoding)
    if not paths:
        return
    if facts is None or facts.has([files[row] for row in missing]):
        yield from image_batches(*batching).as_numpy_iterator()
        return
    for positions, (images, noted) in batches_with_facts(*batching).as_numpy_iterator():
        facts.add([files[missing[position]] for position in positions], noted)
        yield positions, images


def _check_may_fall_back(wanted: str, handle: str, error: NotConvertibleError) -> None:
    if wanted == LITERT:
        sentence = f"{handle!r} cannot be run by LiteRT: {error}; leave out --feature_engine."
        raise InputError(sentence) from error
    logging.info("LiteRT cannot run this module (%s); TensorFlow computes its features.", error)


def _keep(
    features: np.ndarray | None,
    files: Sequence[FileKey],
    missing: Sequence[int],
    results: Iterable[Batch],
    cache: FeatureCache | None,
) -> set[int]:
    """Writes results, whose rows are positions in `missing`, to `features` and cache, where there are such.

    Returns the files they are of.
    """
    seen: set[int] = set()
    with cache.writer() if cache is not None else contextlib.nullcontext() as writer:
        for positions, values in progress(results, len(missing), "features", "images", _size):
            rows = [missing[position] for position in positions]
            if features is not None:
                features[rows] = values
            seen.update(rows)
            if writer is not None:
                writer.append([files[row] for row in rows], values)
    return seen


def _size(batch: Batch) -> int:
    return len(batch[0])
