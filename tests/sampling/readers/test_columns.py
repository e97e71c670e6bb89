import pytest

from sampling.readers import columns
from sampling.readers.columns import BadField, BadMapping


def test_columns_are_guessed_from_names_and_content() -> None:
    dump = [{"Orig_Index": "0", "Id": "80", "CreationDate": "2008-08-01T13:57:07Z", "Title": "T", "Body": "<p>b</p>"}]
    assert columns.guess(dump) == {"id": "Id", "title": "Title", "body": "Body", "created": "CreationDate"}
    nested = [{"questionId": "1", "question": "How?\nSo.", "questionMetadata": {"tag": "rust"}, "answer": "Thus."}]
    found = {"id": "questionId", "body": "question", "answer": "answer", "tags": "questionMetadata.tag"}
    assert columns.guess(nested) == found


def test_an_empty_column_does_not_take_the_place_of_a_filled_one() -> None:
    assert columns.guess([{"body": "", "question": "What is a monad?"}]) == {"body": "question"}


def test_an_elapsed_time_is_not_a_date() -> None:
    assert "created" not in columns.guess([{"prompt": "Sort a list", "timestamp": "0.0"}])


def test_without_a_known_name_the_longest_text_is_the_body() -> None:
    assert columns.guess([{"a": "short", "wording": "long " * 40}])["body"] == "wording"


def test_chosen_columns_must_exist() -> None:
    assert columns.chosen(["title=Heading", "tags="], ["Heading"]) == {"title": "Heading", "tags": ""}
    with pytest.raises(BadMapping, match="no column 'Nope'"):
        columns.chosen(["body=Nope"], ["Heading"])
    with pytest.raises(BadMapping, match="field=column"):
        columns.chosen(["colour=Heading"], ["Heading"])


@pytest.mark.parametrize(
    "value",
    [
        "Reverse a list",
        [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Reverse a list"}],
        "[{'content': 'Reverse a list', 'role': 'user'}, {'content': 'and now?', 'role': 'user'}]",
        '[{"from": "human", "value": "Reverse a list"}]',
        [{"role": "user", "content": [{"type": "text", "text": "Reverse a list"}]}],
    ],
)
def test_of_a_conversation_the_first_user_message_counts(value: object) -> None:
    assert columns.message(value) == "Reverse a list"


def test_a_list_that_is_code_stays_as_it_is() -> None:
    assert columns.message("[{x} for x in y] fails, why?") == "[{x} for x in y] fails, why?"
    assert columns.message("[{'a': __import__('os')}]") == "[{'a': __import__('os')}]"


def test_a_conversation_without_its_user_is_rejected() -> None:
    with pytest.raises(BadField, match="user"):
        columns.message([{"role": "assistant", "content": "Hello"}])


@pytest.mark.parametrize("value", [["C#", "linq"], "<C#><linq>", "c#|linq", "c#, linq", "['C#', 'linq']", "c# linq"])
def test_tags_in_every_spelling(value: object) -> None:
    assert columns.tags(value) == ["c#", "linq"]


def test_the_first_line_becomes_the_title_only_where_it_reads_as_one() -> None:
    assert columns.split_title("How to sort?\nI have a list.") == ("How to sort?", "I have a list.")
    for body in (
        "One line only",
        "Fix this code:\n```\nx\n```",
        "and so the sentence\ngoes on here",
        "```\ncode\n```\nWhy?",
    ):
        assert columns.split_title(body) == ("", body)


def test_parts_take_the_key_from_id_or_url_or_the_record_itself() -> None:
    meaning = {"id": "id", "url": "url", "title": "t", "body": "b"}
    assert columns.parts({"id": 7, "t": "T", "b": "B"}, meaning).key == "7"
    assert columns.parts({"url": "https://x.example/1", "t": "T"}, meaning).key == "https://x.example/1"
    bare = columns.parts({"t": "T", "b": "B"}, meaning)
    assert bare.key == bare.raw_digest
    assert len(columns.parts({"id": "x" * 500, "t": "T"}, meaning).key) == 64


def test_only_web_addresses_are_kept() -> None:
    parts = columns.parts({"url": "javascript:alert(1)", "b": "text"}, {"url": "url", "body": "b"})
    assert parts.url == ""


def test_a_record_without_words_is_rejected_by_field() -> None:
    with pytest.raises(BadField) as caught:
        columns.parts({"id": 1, "b": " "}, {"id": "id", "body": "b"})
    assert caught.value.field == "b"


def test_the_raw_digest_does_not_depend_on_the_order_of_columns() -> None:
    meaning = {"body": "b"}
    assert (
        columns.parts({"a": 1, "b": "x"}, meaning).raw_digest == columns.parts({"b": "x", "a": 1}, meaning).raw_digest
    )
