import pytest

from retrain.printable import printable, say, worded


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\rb\x0bc\x7f\x9b", r"a\rb\x0bc\x7f\x9b"),
        ("one\ttwo\n玫瑰 ورد é", "one\ttwo\n玫瑰 ورد é"),
        ("photo\u202egnp.exe", r"photo\u202egnp.exe"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_is_shown(capsys, text, shown):
    assert printable(text) == shown
    say(text)
    assert capsys.readouterr().out == f"{shown}\n"


def test_words_are_those_of_the_innermost(capsys):
    with worded(str.upper):
        with worded(str.capitalize):
            say("a b c")
        say("a b c")
    say("a b c")
    assert capsys.readouterr().out == "A b c\nA B C\na b c\n"
