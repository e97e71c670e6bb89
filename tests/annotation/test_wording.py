import hashlib

import pytest

from annotation.wording import FIELDS, LONGEST, Wording
from decontamination.overlaps import Piece, excerpt, pieces
from tests.team import wording

KNOWN = {
    "difficulties": ["easy", "medium", "hard"],
    "natural_languages": ["en", "zh"],
    "languages": ["Python", "C++", "Go", *"abcdefgh", "general"],
    "categories": ["data-structures", "security"],
}


@pytest.mark.parametrize(
    "same",
    [
        {"query": "  caf\u00e9 line one\r\nline two\n"},
        {"query": "cafe\u0301 line one\nline two"},
        {"query": "caf\u00e9 line one\rline two\x00"},
        {"programming_languages": ["Go", "C++", "Go"], "query": "caf\u00e9 line one\nline two"},
    ],
)
def test_what_a_reviewer_cannot_tell_apart_has_one_digest(same: dict[str, object]) -> None:
    plain = {"query": "caf\u00e9 line one\nline two", "programming_languages": ["C++", "Go"]}
    assert Wording.of(wording(**plain | same)).digest() == Wording.of(wording(**plain)).digest()


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_that_is_judged_changes_the_digest(field: str) -> None:
    other = ["Go"] if field == "programming_languages" else "other"
    assert Wording.of(wording(**{field: other})).digest() != Wording.of(wording()).digest()


def test_text_moved_from_one_field_to_another_changes_the_digest() -> None:
    one = Wording.of(wording(original="ab", knowledge="c"))
    other = Wording.of(wording(original="a", knowledge="bc"))
    assert one.digest() != other.digest()


def test_the_digest_is_that_of_the_canonical_json() -> None:
    """Spelled out, because digests in frozen releases must stay checkable."""
    fields = wording(
        query="Größe?", original="o", knowledge="k", difficulty="medium", programming_languages=["Go", "C++"]
    )
    canonical = (
        '{"category":"data-structures","difficulty":"medium","knowledge":"k","natural_language":"en",'
        '"original":"o","programming_languages":["C++","Go"],"query":"Größe?"}'
    )
    assert Wording.of(fields).digest() == hashlib.sha256(canonical.encode()).hexdigest()


def test_inner_space_and_case_count() -> None:
    digests = {Wording.of(wording(query=query)).digest() for query in ("a b", "a  b", "A b", "a\nb")}
    assert len(digests) == 4


def test_a_complete_wording_has_no_problems() -> None:
    assert Wording.of(wording()).problems(**KNOWN) == {}


def test_an_empty_form_lacks_every_field() -> None:
    assert Wording.of({}).problems(**KNOWN) == dict.fromkeys(FIELDS, "missing")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("query", " \r\n\t ", "missing"),
        ("query", "x" * (LONGEST["query"] + 1), "too_long"),
        ("original", "x" * (LONGEST["original"] + 1), "too_long"),
        ("knowledge", "x" * (LONGEST["knowledge"] + 1), "too_long"),
        ("difficulty", "impossible", "unknown"),
        ("natural_language", "tlh", "unknown"),
        ("category", "gardening", "unknown"),
        ("programming_languages", [], "missing"),
        ("programming_languages", ["Python", "Klingon"], "unknown"),
        ("programming_languages", ["Python", "general"], "general_not_alone"),
        ("programming_languages", ["Python", *"abcdefgh"], "too_many"),
    ],
)
def test_what_keeps_a_wording_from_being_handed_in(field: str, value: object, problem: str) -> None:
    assert Wording.of(wording(**{field: value})).problems(**KNOWN) == {field: problem}


def test_general_alone_and_text_of_the_longest_length_pass() -> None:
    fields = wording(programming_languages=["general"], query="x" * LONGEST["query"])
    assert Wording.of(fields).problems(**KNOWN) == {}


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        ("one two three", [(4, 7), (0, 5)], [("one two", True), (" three", False)]),
        ("abcdef", [(0, 1), (3, 4)], [("a", True), ("bc", False), ("d", True), ("ef", False)]),
        ("abc", [(1, 3)], [("a", False), ("bc", True)]),
        ("abc", [(0, 2), (0, 2), (1, 2)], [("ab", True), ("c", False)]),
        ("abc", [], [("abc", False)]),
        ("", [], []),
    ],
)
def test_pieces_cover_the_text_once(text: str, spans: list[tuple[int, int]], expected: list[tuple[str, bool]]) -> None:
    found = pieces(text, spans)
    assert found == [Piece(*piece) for piece in expected]
    assert "".join(piece.text for piece in found) == text


def test_an_excerpt_keeps_what_is_shared_whole() -> None:
    parts = pieces("a" * 50 + "SHARED" * 20 + "b" * 50, [(50, 170)])
    assert excerpt(parts, 5) == [("… aaaaa", False), ("SHARED" * 20, True), ("bbbbb …", False)]
