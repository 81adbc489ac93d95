"""Reads a page as a browser would, and fails on markup that is not closed."""

import html.parser
import pathlib

VOID = ("meta", "br", "img", "path", "use", "link")
ADDRESSES = ("src", "href", "xlink:href")


class PageReader(html.parser.HTMLParser):
    """What a page shows: its text, the addresses of what it would fetch, links, what images are called."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.links: list[str] = []
        self.names: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        found = self.links if tag == "a" else self.addresses
        found += [values[name] for name in ADDRESSES if name in values]
        self.ids += [values["id"]] if "id" in values else []
        self.names += [values.get("alt", "")] if tag == "img" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        values = dict(attributes)
        self.addresses += [values[name] for name in ADDRESSES if name in values]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data.strip())
        if "style" not in self.open:
            self.text += data + " "

    @property
    def words(self) -> str:
        """The text with one blank for any space."""
        return " ".join(self.text.split())


def read_page(path: pathlib.Path) -> PageReader:
    """Of a whole file."""
    reader = PageReader()
    reader.feed(path.read_text("utf-8"))
    assert reader.open == []
    return reader
