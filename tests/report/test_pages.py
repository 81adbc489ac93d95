import pytest

from retrain.report.pages import isolated


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("cat 97%", "cat 97%"),
        ("قطة سوداء 97%", "<bdi>قطة سوداء</bdi> 97%"),
        ("is שלום, not 猫", "is <bdi>שלום</bdi>, not 猫"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("<i>قطة", "&lt;i&gt;<bdi>قطة</bdi>"),
    ],
)
def test_words_from_right_to_left_do_not_move_what_is_beside_them(text, markup):
    assert isolated(text) == markup
