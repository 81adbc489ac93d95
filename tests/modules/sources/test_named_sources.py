from retrain.modules.sources.named_sources import Builtin
from retrain.modules.sources.source import source_of
from tests.modules.sources.sentences import sentence


def test_the_embedded_module():
    source = source_of("builtin:")
    assert source == Builtin("builtin:", "builtin:")
    assert (source.fetched(), source.files) == (source, None)


def test_there_is_one_embedded_module():
    assert sentence("builtin:flowers") == (
        "'builtin:flowers' names an embedded module that there is not; the only one is 'builtin:'."
    )
