import json

import pytest
from django.conf import settings

from sampling import cleaning, languages

PROGRAMMING = languages.Programming(json.loads((settings.FIXTURES_DIR / "languages.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I sort a list of dicts?", "en"),
        ("LinkedHashMap 实现 LRU 缓存，为什么淘汰的总是刚访问过的元素？", "zh"),
        ("What does the error 数据 mean in my log file from the server?", "en"),
        ("リストを並べ替える方法を教えてください", "ja"),
        ("리스트를 정렬하는 방법을 알려주세요", "ko"),
        ("Как отсортировать список словарей в Python?", "ru"),
        ("¿Cómo puedo ordenar una lista de diccionarios en Python?", "es"),
        ("como funciona el recolector de basura, que no libera la memoria", "es"),
        ("怎么运行？\n\n```python\nprint('hello world and many more english words in this block')\n```", "zh"),
    ],
)
def test_natural_languages(text: str, language: str) -> None:
    assert languages.natural(text) == language


@pytest.mark.parametrize(
    ("title", "text", "tags", "found"),
    [
        ("", "", ["c#", "asp.net"], ["C#"]),
        ("", "", ["python-3.x", "django", "json"], ["Python", "JSON"]),
        ("", "", ["bash/shell"], ["Bash"]),
        ("", "```rs\nfn main() {}\n```", [], ["Rust"]),
        ("", "", ["language-agnostic", "go"], ["Go"]),
        ("How to do it in C?", "", [], ["C"]),
        ("Let it go and react to it", "I dart around with the scheme", [], []),
        ("Sorting in Python", "", [], ["Python"]),
        ("", "```\n#include <iostream>\nint main() { std::cout << 1; }\n```", [], ["C++"]),
        ("", "```\nSELECT a FROM b WHERE c = 1\n```", [], ["SQL"]),
    ],
)
def test_programming_languages(title: str, text: str, tags: list[str], found: list[str]) -> None:
    assert PROGRAMMING.find(title, text, tags) == found


def test_detection_agrees_with_the_labels_of_the_demo_corpus() -> None:
    natural = right = claimed = true = 0
    lines = (settings.FIXTURES_DIR / "demo" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        record = json.loads(line)
        text, title = cleaning.clean(record["body"]), cleaning.clean_title(record["title"])
        natural += languages.natural(f"{title}\n{text}") == record["truth"]["natural_language"]
        found = set(PROGRAMMING.find(title, text, record["tags"])) - {"general"}
        labelled = set(record["truth"]["programming_languages"]) - {"general"}
        right, claimed, true = right + len(found & labelled), claimed + len(found), true + len(labelled)
    assert natural / len(lines) > 0.99
    assert right / claimed > 0.9
    assert right / true > 0.85
