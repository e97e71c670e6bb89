"""The file of an index: what is loaded is what was saved, and anything else is refused in one line."""

from pathlib import Path

import pytest

from decontamination import leaks
from decontamination.leaks import CorruptIndex, Index, Prompt

PROMPTS = [
    Prompt("mbpp", "1", "Write a function that returns the longest common prefix of all strings in a given list"),
    Prompt("ncb", "zh/1", "编写一个函数，返回列表中所有字符串的最长公共前缀。"),
    Prompt("mbpp", "2", "Sort a list of tuples"),
    Prompt("mbpp", "3", "Sort them all"),
]
INDEX = Index.build(PROMPTS)


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "indexes"
    folder.mkdir()
    path = folder / "index"
    path.write_text("what stood there before")
    INDEX.save(path)
    assert [each.name for each in folder.iterdir()] == ["index"]
    loaded = Index.load(path, check=True)
    assert (loaded.n, loaded.shortest, loaded.digest, len(loaded)) == (10, 5, INDEX.digest, len(INDEX))
    assert loaded.ignored == INDEX.ignored
    text = " and ".join(prompt.text for prompt in PROMPTS)
    assert loaded.matches(text) == INDEX.matches(text) != []
    loaded.save(folder / "again")
    assert (folder / "again").read_bytes() == path.read_bytes()


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "index", tmp_path / "cut"
    INDEX.save(whole)
    content = whole.read_bytes()
    for size in [*range(0, 2000, 7), len(content) - 1]:
        cut.write_bytes(content[:size])
        with pytest.raises(CorruptIndex) as caught:
            Index.load(cut)
        assert str(cut) in str(caught.value)
        assert "\n" not in str(caught.value)
    cut.write_bytes(content + b"x")
    with pytest.raises(CorruptIndex, match="bytes where its header says"):
        Index.load(cut)


def test_foreign_and_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "index"
    for content in (b"", b"\x80\x04 a pickle", b"PK\x03\x04", b"quorum n-gram index 9\n" + bytes(99)):
        path.write_bytes(content)
        with pytest.raises(CorruptIndex, match="not an n-gram index of this version"):
            Index.load(path)
    INDEX.save(path)
    damaged = bytearray(path.read_bytes())
    damaged[50] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CorruptIndex, match="header is damaged"):
        Index.load(path)
    damaged[50] ^= 1
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CorruptIndex, match="content is damaged"):
        Index.load(path, check=True)
    with pytest.raises(FileNotFoundError):
        Index.load(tmp_path / "none")


def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "index"
    INDEX.save(path)
    whole, text = path.read_bytes(), " and ".join(prompt.text for prompt in PROMPTS)
    said = list[str]()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        try:
            assert Index.load(path, check=True).matches(text) == INDEX.matches(text)  # between two arrays
        except CorruptIndex as error:
            said.append(str(error))
    assert len(said) > 0.7 * len(whole)
    assert not any("\n" in line for line in said)


def test_another_definition_of_a_word_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    INDEX.save(tmp_path / "index")
    monkeypatch.setitem(leaks.DEFINITION, "Unicode", "99.0")
    with pytest.raises(CorruptIndex, match=r"made with Unicode .*, this is 99\.0: build it again"):
        Index.load(tmp_path / "index")
