import os

from retrain.commands.predict.unfinished import SortedNote, kept_beside


def test_what_is_kept_lies_beside_the_table(tmp_path):
    assert kept_beside(str(tmp_path / "a.csv")) == tmp_path / ".a.csv.partial"


def test_a_note_is_of_one_folder_under_any_name_and_of_one_command(tmp_path):
    first, other = tmp_path / "first", tmp_path / "other"
    first.mkdir()
    other.mkdir()
    note = SortedNote(str(tmp_path / "a.csv"), "predict photos")
    assert not note.is_of(str(first))
    note.write(str(first))
    os.rename(first, tmp_path / "sorted")
    assert note.is_of(str(tmp_path / "sorted"))
    assert not note.is_of(str(other))
    assert not note.is_of(str(first))
    assert not note._replace(command="predict others").is_of(str(tmp_path / "sorted"))
