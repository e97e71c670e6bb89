"""Each comparison runs on a few texts, so that it cannot rot. No time is asserted."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from decontamination import words
from perf import (
    chinese,
    clustering,
    contamination,
    drawing,
    embedding,
    growth,
    importing,
    languages,
    near,
    peers,
    texts,
)
from perf.report import Scale

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Texts from the demo corpus, here and in processes started from here."""
    monkeypatch.setenv("QUORUM_DATA", str(tmp_path))
    monkeypatch.setattr(texts, "DATA", tmp_path)
    texts._questions.cache_clear()
    texts.published.cache_clear()
    yield
    texts._questions.cache_clear()
    texts.published.cache_clear()


def tiny(folder: Path) -> Scale:
    return Scale(
        documents=400,
        prompts=200,
        repeats=1,
        texts=8,
        labelled=2,
        imported=(60,),
        growth=(50,),
        prompt_growth=(40,),
        titles=80,
        near=24,
        vectors=(60, 160),
        candidates=(2000,),
        results=folder,
    )


def rows(page: str, start: str) -> list[list[str]]:
    """The cells of the table rows that start with a text."""
    return [line[2:-2].split(" | ") for line in page.splitlines() if line.startswith(f"| {start}")]


@pytest.mark.usefixtures("demo")
def test_quorum_finds_every_planted_leak_and_flags_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contamination.compare(tiny(tmp_path))
    page = (tmp_path / "contamination.md").read_text(encoding="utf-8")
    assert page in capsys.readouterr().out
    speeds, found = rows(page, "**Quorum**")
    assert speeds[5] == "0"
    assert speeds[6].startswith("0 of ")
    shares = found[1:-1]
    assert len(shares) >= 7
    assert set(shares) == {"1.00"}
    assert [len(rows(page, peer.name)) for peer in peers.PEERS if not rows(page, f"{peer.name} was")]
    assert len(rows(page, "plain set of tuples")) == 2
    assert rows(page, "2 |")


@pytest.mark.usefixtures("demo")
def test_peers_that_are_not_installed_are_skipped_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(prompts: object, n: int) -> peers.Judge:
        raise peers.NotInstalled("No module named 'there'")

    monkeypatch.setattr(contamination, "PEERS", [peers.Peer("a peer", "", missing, 1), peers.PEERS[-1]])
    contamination.compare(tiny(tmp_path))
    page = capsys.readouterr().out
    assert "\na peer was skipped: No module named 'there'\n" in page
    assert not rows(page, "a peer")


@pytest.mark.usefixtures("demo")
def test_growth(tmp_path: Path) -> None:
    growth.compare(tiny(tmp_path))
    page = (tmp_path / "growth.md").read_text(encoding="utf-8")
    assert [row[0] for row in rows(page, "") if row[0].isdigit()] == ["50", "40"]


@pytest.mark.usefixtures("demo")
def test_importing_beside_the_plainest_way(tmp_path: Path) -> None:
    importing.compare(tiny(tmp_path))
    page = (tmp_path / "importing.md").read_text(encoding="utf-8")
    assert [row[1:3] for row in (*rows(page, "**Quorum**"), *rows(page, "pandas"))] == [["60", "60"]] * 2


@pytest.mark.usefixtures("demo")
def test_embedding_agrees_with_the_plain_way(tmp_path: Path) -> None:
    embedding.compare(tiny(tmp_path))
    page = (tmp_path / "embedding.md").read_text(encoding="utf-8")
    exact, *_others, again = rows(page, "**Quorum**")
    assert exact[0] == "**Quorum**, exact float32"
    assert exact[4] == exact[5] == again[4] == "1.000000"
    assert rows(page, "**Quorum**, static")[0][4] == ""  # of other dimensions


@pytest.mark.usefixtures("demo")
def test_models_and_languages(tmp_path: Path) -> None:
    languages.compare(tiny(tmp_path))
    page = (tmp_path / "languages.md").read_text(encoding="utf-8")
    found = rows(page, "demo corpus")
    assert {row[1] for row in found} == set(languages._MODELS)
    assert all(0 < float(row[4]) <= 1 for row in found if len(row) == 6)  # purities
    assert all(0 <= float(row[3]) <= 1 for row in found if len(row) == 5)  # near-copies found


@pytest.mark.usefixtures("demo")
def test_clustering_beside_the_others(tmp_path: Path) -> None:
    clustering.compare(tiny(tmp_path))
    page = (tmp_path / "clustering.md").read_text(encoding="utf-8")
    assert "60 vectors (real)" in page
    assert "160 vectors (a mixture" in page
    for name in clustering.WAYS:
        if f"{name} was skipped" not in page:
            assert len(rows(page, name)) == 2
    for row in rows(page, "**Quorum**"):
        assert (int(row[3]) > 10, row[5]) == (True, "0.0%")
        assert 0 < float(row[4]) < 1
        assert 0 < float(row[7]) <= 1


@pytest.mark.usefixtures("demo")
def test_near_duplicates_beside_minhash(tmp_path: Path) -> None:
    near.compare(tiny(tmp_path))
    page = (tmp_path / "near.md").read_text(encoding="utf-8")
    found = rows(page, "**Quorum**")
    assert [float(row[2]) >= 0.5 for row in found] == [True, True]
    assert len(rows(page, "datasketch")) in (0, 4)


@pytest.mark.usefixtures("demo")
def test_planted_copies_differ_from_their_originals() -> None:
    asked = texts.questions(40)
    planted_rows, planted = near.plant(asked)
    assert planted_rows[: len(asked)] == asked
    assert {each.kind for each in planted} == set(near._EDITS)
    assert all(planted_rows[each.copy] != planted_rows[each.original] for each in planted)
    assert near._shares({(each.original, each.copy) for each in planted}, planted, [], len(planted_rows)) == [
        "1.00",
        "0",
    ]
    assert near._shares({(0, 1)}, planted, [], len(planted_rows)) == ["0.00", "1"]


def test_drawing_beside_pandas(tmp_path: Path) -> None:
    drawing.compare(tiny(tmp_path))
    page = (tmp_path / "drawing.md").read_text(encoding="utf-8")
    (ours,) = rows(page, "**Quorum**")
    assert int(ours[5].removesuffix(" of 1,000")) > 990  # some categories have less than is wanted
    assert int(ours[6]) <= 1
    assert len(rows(page, "pandas")) == 2


def test_chinese_copies_are_found(tmp_path: Path, shared_data: Path) -> None:
    chinese.compare(tiny(tmp_path))
    page = (tmp_path / "chinese.md").read_text(encoding="utf-8")
    alarms, recall = rows(page, "10 words, three ideographs count as two")
    assert int(alarms[1]) <= int(rows(page, "runs of 10 words, an ideograph is one")[0][1])
    assert recall[1:3] == ["1.000", "1.000"]


@pytest.mark.parametrize("peer", peers.PEERS, ids=lambda peer: peer.name)
def test_peers_tell_a_copy_from_another_text(peer: peers.Peer) -> None:
    prompt = "write a function that returns the longest common prefix of all strings in a given list"
    filler = "these words are only here because one of the engines ignores what is short " * 4
    try:
        judge = peer.make([prompt], 10)
    except peers.NotInstalled as error:
        pytest.skip(f"needs the engine to compare with: {error}")
    assert judge(f"{filler}\n{prompt}\n{filler}")
    assert not judge(filler)


@pytest.mark.usefixtures("demo")
def test_documents_and_prompts_are_the_same_in_every_run() -> None:
    documents = list(texts.documents(50))
    assert documents == list(texts.documents(50))
    assert len(set(documents)) == 50
    assert texts.prompts(300) == texts.prompts(300)
    assert [*texts.prompts(300)[:20]] == list(texts.published()[:20])


@pytest.mark.usefixtures("demo")
def test_what_is_planted_has_the_words_of_its_prompt() -> None:
    hosts = list(texts.documents(200))
    prompts = [" ".join(words.tokens(prompt.text)) for prompt in texts.published()]
    for leak in texts.planted(hosts, 5):
        text = " ".join(words.tokens(leak.text))
        length = int(number[0]) if (number := re.search(r"\d+", leak.kind)) else None
        assert any(
            " ".join(run) in text
            for prompt in prompts
            for run in (
                [prompt.split()] if length is None else [prompt.split()[(len(prompt.split()) - length) // 2 :][:length]]
            )
        ), leak.kind


def test_peers_never_touch_a_version_that_quorum_pins() -> None:
    names = [
        {line.partition("==")[0].partition("[")[0].lower().replace("_", "-") for line in file.read_text().splitlines()}
        - {""}
        for file in (ROOT / "perf" / "requirements.txt", ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
    ]
    pinned = {name for name in names[1] | names[2] if not name.startswith("#")}
    assert not {name for name in names[0] if not name.startswith("#")} & pinned
