import json
import subprocess
import sys

import pytest
from django.conf import settings

from sampling.text import cleaning, snippets
from sampling.text.natural import natural_language
from sampling.text.programming import ProgrammingLanguages

PROGRAMMING = ProgrammingLanguages(json.loads((settings.FIXTURES_DIR / "languages.json").read_text(encoding="utf-8")))


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
    assert natural_language(text) == language


@pytest.mark.parametrize(
    ("title", "text", "tags", "found"),
    [
        ("", "", ["c#", "asp.net"], ["C#"]),
        ("", "", ["python-3.x", "django", "json"], ["Python", "JSON"]),
        ("", "", ["bash/shell"], ["Bash"]),
        ("", "```rs\nfn main() {}\n```", [], ["Rust"]),
        ("", "```cpp\nint a;\n```\n\n```csharp\nint a;\n```", [], ["C++", "C#"]),
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


RUBY = """class Stack
  attr_reader :items

  def initialize
    @items = []
  end

  def push(item)
    @items << item
    self
  end

  def each(&block)
    @items.reverse.each { |item| block.call(item) }
  end
end"""


def test_code_that_no_cue_knows_is_classified() -> None:
    assert not any(cue.search(RUBY) for _name, cue in snippets._CUES)
    assert PROGRAMMING.find("", f"Why?\n\n```\n{RUBY}\n```") == ["Ruby"]


@pytest.mark.parametrize(
    "code",
    [
        "<settings>\n  <property name='a'>1</property>\n</settings>\n" * 5,  # a format is not what a question is about
        "Error 17 at line 5: the table is full, the next one is empty and nobody knows why.\n" * 5,
    ],
)
def test_what_is_no_program_has_no_language(code: str) -> None:
    assert PROGRAMMING.find("", f"Why?\n\n```\n{code}```") == []


def test_the_classifier_is_not_loaded_for_what_names_its_language() -> None:
    script = (
        "import json, sys; from sampling.text.programming import ProgrammingLanguages\n"
        f"known = ProgrammingLanguages(json.load(open({str(settings.FIXTURES_DIR / 'languages.json')!r})))\n"
        f"code = '```\\n' + {RUBY!r} + '\\n```'\n"
        "fenced = code.replace('```', '```ruby', 1)\n"
        "found = [known.find('', code, ['ruby']), known.find('In Ruby', code), known.find('', fenced)]\n"
        "assert found == [['Ruby']] * 3, found\n"
        "assert 'magika' not in sys.modules and 'onnxruntime' not in sys.modules\n"
        "again = {tuple(known.find('', code)) for _ in range(20)}\n"
        "assert again == {('Ruby',)}, again\n"
        "assert 'magika' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=settings.BASE_DIR, check=True, timeout=300)


def test_detection_agrees_with_the_labels_of_the_demo_corpus() -> None:
    natural = right = claimed = true = 0
    lines = (settings.FIXTURES_DIR / "demo" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        record = json.loads(line)
        text, title = cleaning.clean(record["body"]), cleaning.clean_title(record["title"])
        natural += natural_language(f"{title}\n{text}") == record["truth"]["natural_language"]
        found = set(PROGRAMMING.find(title, text, record["tags"])) - {"general"}
        labelled = set(record["truth"]["programming_languages"]) - {"general"}
        right, claimed, true = right + len(found & labelled), claimed + len(found), true + len(labelled)
    assert natural / len(lines) > 0.99
    assert right / claimed > 0.9
    assert right / true > 0.85
