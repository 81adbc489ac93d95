from PIL import Image

from retrain.report.learning_rate_plot import write_learning_rate_plot
from retrain.training.learning_rate_finder import RangeTest


def test_a_picture_of_the_curve(tmp_path):
    test = RangeTest()
    assert not any(test.explodes(2.0 / (1 + step)) for step in range(99))
    write_learning_rate_plot(str(tmp_path / "plot.png"), test.curve())
    with Image.open(tmp_path / "plot.png") as plot:
        assert plot.size == (840, 504)
        colours = {colour for _, colour in plot.convert("RGB").getcolors(100000)}
    assert {(0x15, 0x65, 0xC0), (0x2E, 0x7D, 0x32)} <= colours
