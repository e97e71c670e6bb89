"""Templates stay readable, and they and the style sheet speak of the same classes."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from pygments.token import STANDARD_TYPES

LONGEST = 130
ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "config" / "static" / "quorum"
APPS = ["annotation", "benchmark", "campaigns", "config", "decontamination", "review", "sampling"]
TEMPLATES = sorted(path for app in APPS for path in (ROOT / app / "templates").rglob("*.html"))

# What a template writes into a class: the states of a stage, the levels of a message, the colours of the map.
WRITTEN = {
    "{{ stage.state }}": {"done", "next"},
    "{{ message.level_tag }}": {"success", "error", "warning"},
    "c-{{ entry.colour }}": {f"c-{name}" for name in (*range(7), "none")},
}
# Django names the lists of a form's errors; Pygments, the words of highlighted code.
MADE_ELSEWHERE = {"errorlist"} | set(STANDARD_TYPES.values())

TAG = re.compile(r"\{%.*?%\}")
CLASS = re.compile(r'\bclass="((?:\{%.*?%\}|\{\{.*?\}\}|[^"])*)"')


def classes_of_templates() -> set[str]:
    found: set[str] = set()
    for path in TEMPLATES:
        for value in CLASS.findall(path.read_text()):
            for written, names in WRITTEN.items():
                if written in value:
                    value, found = value.replace(written, " "), found | names
            found.update(TAG.sub(" ", value).split())
    return found


def classes_of_widgets() -> set[str]:
    forms = "".join((ROOT / app / "forms.py").read_text() for app in APPS if (ROOT / app / "forms.py").exists())
    return {name for value in re.findall(r'"class": "([^"]*)"', forms) for name in value.split()}


def classes_of_scripts() -> set[str]:
    """Those that a script looks for, and those that it sets."""
    text = "".join(path.read_text() for path in STATIC.glob("*.js"))
    calls = re.findall(r"(?:querySelector(?:All)?|closest|matches)\(\s*[\"'`]([^\"'`]*)", text)
    found = {name for selector in calls for name in re.findall(r"\.([a-z][\w-]*)", selector)}
    found.update(re.findall(r"classList\.\w+\(\s*\"([^\"]*)\"", text))
    return found.union(*(value.split() for value in re.findall(r'class="([^"]*)"', text)))


def classes_of_the_style_sheet() -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", (STATIC / "quorum.css").read_text(), flags=re.DOTALL)
    return {
        name for selector in re.findall(r"([^{};]+)\{", text) for name in re.findall(r"\.([a-zA-Z][\w-]*)", selector)
    }


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_line_is_too_long_to_read(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if len(line) > LONGEST] == []


def test_every_class_used_is_defined_or_looked_for() -> None:
    used = classes_of_templates() | classes_of_widgets()
    assert used - classes_of_the_style_sheet() - classes_of_scripts() == set()


def test_every_class_defined_is_used() -> None:
    used = classes_of_templates() | classes_of_widgets() | classes_of_scripts()
    assert classes_of_the_style_sheet() - used - MADE_ELSEWHERE == set()
