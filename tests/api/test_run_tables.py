from retrain.api.run_tables import read_run_table


def test_classes_are_text_whatever_they_are_called(tmp_path):
    (tmp_path / "t.csv").write_text(
        "path,label,probability,probability/a,rank\n1.jpg,NA,0.5,1,3\n2.jpg,,0.25,0,x\n"
    )
    table = read_run_table(tmp_path / "t.csv", ("probability",))
    assert table.to_dict("list") == {
        "path": ["1.jpg", "2.jpg"],
        "label": ["NA", ""],
        "probability": [0.5, 0.25],
        "probability/a": [1, 0],
        "rank": ["3", "x"],
    }
