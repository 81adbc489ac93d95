import warnings

from retrain.report.svg import INK, PAPER, STYLE, plot


@plot
def drawn(figure, name: str) -> None:
    axes = figure.subplots()
    axes.text(0.1, 0.2, name)
    axes.plot([0, 1], [1, 0], color=PAPER, gid="trial-7")


def test_colours_are_those_of_the_page():
    text = drawn("a")
    assert "currentColor" in text
    assert "var(--paper)" in text
    assert INK not in text
    assert PAPER not in text


def test_a_group_keeps_the_name_that_it_was_given_and_no_other():
    text = drawn("a")
    assert text.startswith("<svg")
    assert text.count('<g id="') == 1
    assert '<g id="trial-7">' in text


def test_text_stays_text_in_any_script():
    with warnings.catch_warnings(action="error"):  # of a letter that the font lacks
        text = drawn("猫 $x_1$ شجرة <i>")
    assert "猫 $x_1$ شجرة &lt;i&gt;" in text


def test_the_same_plot_is_the_same_text():
    assert drawn("a") == drawn("a")
    assert STYLE["svg.hashsalt"]
