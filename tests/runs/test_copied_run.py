import errno
import os
import pathlib
import shutil
import time

import pytest
import tensorflow as tf

from retrain import gfile
from retrain.errors import InputError
from retrain.gfile import files_below, opened
from retrain.runs import copied_run
from retrain.runs.copied_run import CopiedRun, made_here
from tests.at_address import emptied, write

HERE = "ram://runs/photos"


@pytest.fixture(autouse=True)
def nothing_there():
    tf.io.gfile.makedirs(HERE)
    yield
    emptied(HERE)


@pytest.fixture
def run(tmp_path) -> CopiedRun:
    return CopiedRun(HERE, tmp_path)


def put(run: CopiedRun, name: str, text: str) -> None:
    path = run.directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def there() -> dict[str, str]:
    return {name: opened(f"{HERE}/{name}").read().decode() for name in files_below(HERE)}


def test_files_are_copied_when_they_are_finished(run, monkeypatch):
    put(run, "run.flags", "flags")
    put(run, "export/saved_model/saved_model.pb", "graph")
    put(run, ".metrics.json.1234.partial", "half")
    put(run, "export/.tflite.1234.partial/model.tflite", "half")
    run.copy()
    assert there() == {"run.flags": "flags", "export/saved_model/saved_model.pb": "graph"}
    monkeypatch.setattr(gfile, "copy", lambda source, target: pytest.fail("nothing has changed"))
    run.copy()


def test_what_changed_or_went_does_so_there(run):
    for name in ("run.flags", "ckpt-1/variables.index", "metrics.json"):
        put(run, name, "1")
    run.copy()
    put(run, "metrics.json", "longer")
    os.remove(run.directory / "ckpt-1" / "variables.index")
    write(f"{HERE}/ckpt-1/of_another", b"")
    run.copy()
    assert there() == {"run.flags": "1", "metrics.json": "longer", "ckpt-1/of_another": ""}


def test_what_tells_that_a_run_has_ended_is_copied_last(run, monkeypatch):
    names = ["run.flags", "z.html", "b/a.pb", "metrics.json", "exports.json"]
    for number, name in enumerate(names):
        put(run, name, "")
        os.utime(run.directory / name, ns=(number, number))
    copied = []
    monkeypatch.setattr(gfile, "copy", lambda source, target: copied.append(target))
    run.copy()
    assert copied == [f"{HERE}/{name}" for name in names]


def test_a_run_that_is_there_goes_on_on_another_machine(run, tmp_path):
    put(run, "run.flags", "flags")
    put(run, "ckpt-1/variables.index", "index")
    run.copy()
    other = CopiedRun(f"{HERE}/", tmp_path / "other")
    other.fetch()
    assert (other.directory / "ckpt-1" / "variables.index").read_text() == "index"
    put(other, "metrics.json", "{}")
    other.copy()
    again = CopiedRun(HERE, tmp_path)
    again.fetch()
    assert (again.directory / "metrics.json").read_text() == "{}"
    assert there()["metrics.json"] == "{}"


def test_what_could_not_be_copied_is_when_it_goes_on(run, tmp_path):
    put(run, "run.flags", "flags")
    run.copy()
    put(run, "metrics.json", "{}")
    again = CopiedRun(HERE, tmp_path)
    again.fetch()
    again.copy()
    assert there() == {"run.flags": "flags", "metrics.json": "{}"}


def test_two_machines_that_both_went_on_are_a_sentence(run, tmp_path):
    put(run, "run.flags", "flags")
    run.copy()
    put(run, "ckpt-2", "here")
    write(f"{HERE}/ckpt-3", b"there")
    with pytest.raises(InputError) as info:
        CopiedRun(HERE, tmp_path).fetch()
    assert str(info.value) == (
        f"--model_dir={HERE!r} was changed by another machine, and its copy on this one, "
        f"{str(run.directory)!r}, by this one, since they were the same: remove one of them."
    )
    assert (run.directory / "ckpt-2").read_text() == "here"


def test_a_run_that_was_removed_there_begins_anew(run, tmp_path):
    put(run, "run.flags", "flags")
    put(run, "metrics.json", "{}")
    run.copy()
    emptied(HERE)
    again = CopiedRun(HERE, tmp_path)
    again.fetch()
    assert not again.directory.exists()


def test_a_cache_that_was_emptied_takes_nothing_away(run):
    put(run, "run.flags", "flags")
    run.copy()
    shutil.rmtree(run.directory)
    run.copy()
    assert there() == {"run.flags": "flags"}


def test_files_of_no_run_are_left_alone(run):
    write(f"{HERE}/data_report.json", b"{}")
    run.fetch()
    write(f"{HERE}/thesis.tex", b"")
    with pytest.raises(InputError) as info:
        run.fetch()
    assert str(info.value) == (
        f"--model_dir={HERE!r} holds files of no run, such as 'thesis.tex', and nothing is put among them: "
        "name a new directory."
    )


def test_it_is_copied_from_time_to_time_and_at_the_end(run, monkeypatch):
    monkeypatch.setattr(copied_run, "SECONDS", 0.01)
    with made_here(run) as directory:
        assert directory == run.directory
        put(run, "run.flags", "flags")
        deadline = time.monotonic() + 20
        while not tf.io.gfile.exists(f"{HERE}/run.flags") and time.monotonic() < deadline:
            time.sleep(0.01)
        assert there() == {"run.flags": "flags"}
        monkeypatch.setattr(copied_run, "SECONDS", 1000)
        put(run, "metrics.json", "{}")
    assert there() == {"run.flags": "flags", "metrics.json": "{}"}


def test_what_breaks_off_is_copied_and_stays_what_it_is(run, monkeypatch):
    with pytest.raises(KeyboardInterrupt), made_here(run):
        put(run, "run.flags", "flags")
        raise KeyboardInterrupt
    assert there() == {"run.flags": "flags"}

    def fail(source, target):
        raise OSError(errno.EIO, "no answer", target)

    monkeypatch.setattr(gfile, "copy", fail)
    with pytest.raises(KeyboardInterrupt), made_here(run):
        put(run, "metrics.json", "{}")
        raise KeyboardInterrupt
    with pytest.raises(OSError, match="no answer"), made_here(run):
        pass
    assert pathlib.Path(run.directory, "metrics.json").exists()
