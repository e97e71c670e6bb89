from sampling.clustering.keywords import keywords, words


def test_words_leave_out_code_and_ordinary_words() -> None:
    found = words(
        "Why C# and node.js?", "I use the query.\n\n```py\nsecret_name = 1\n```\n\n    indented_code\n\nMore prose"
    )
    assert found.count("c#") == 2
    assert "node.js" in found
    assert "query" in found
    assert "prose" in found
    assert not {"the", "secret_name", "indented_code", "why"} & set(found)


def test_each_cluster_is_named_by_what_sets_it_apart() -> None:
    texts = ["index query common", "index query slow common", "css grid common", "css grid layout common"]
    named = keywords([text.split() for text in texts], [0, 0, 1, 1], 2, count=2)
    assert sorted(named[0]) == ["index", "query"]
    assert sorted(named[1]) == ["css", "grid"]


def test_chinese_is_named_by_its_words() -> None:
    texts = [
        words("数据库索引为什么慢", ""),
        words("数据库索引失效", ""),
        words("网页布局", ""),
        words("网页布局错位", ""),
    ]
    named = keywords(texts, [0, 0, 1, 1], 2, count=2)
    assert set(named[0]) == {"数据库", "索引"}
    assert set(named[1]) == {"网页", "布局"}


def test_chinese_small_talk_names_nothing() -> None:
    assert words("请问你们觉得可以怎么实现？", "说说有哪些区别") == []


def test_a_word_of_one_document_does_not_name_a_large_cluster() -> None:
    texts = [["shared", f"odd{number}"] for number in range(5)] + [["other"]]
    assert keywords(texts, [0] * 5 + [1], 2)[0] == ["shared"]


def test_a_cluster_without_words_has_no_keywords() -> None:
    assert keywords([[], ["a"]], [0, 1], 2) == [[], ["a"]]
