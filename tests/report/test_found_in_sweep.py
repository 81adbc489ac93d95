from retrain.report.found_in_sweep import found_in_sweep
from tests.report.test_sweep_page import ROWS, Reader, read


def test_what_was_found_may_stand_in_another_page(tmp_path):
    assert found_in_sweep(tmp_path) == ""
    read(tmp_path, ROWS)
    found = found_in_sweep(tmp_path)
    reader = Reader()
    reader.feed(found)
    assert reader.open == []
    assert [number for tag, number, _ in reader.trials if tag == "tr"] == [2, 0, 1, 3]
    assert "2 trials are tied with the best" in reader.text
    assert "Sweep of 4 trials" not in reader.text
