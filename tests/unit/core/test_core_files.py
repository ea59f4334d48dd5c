"""Files that are there whole or not at all, and open to their owner only."""

from pathlib import Path

import pytest

from hi_fhir.core.errors import UserError
from hi_fhir.core.files import canonical_json, commit_bytes, commit_file, commit_json, content_name, owner_folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_folder_and_every_parent_that_was_missing_are_their_owners_only(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)

    made = owner_folder(tmp_path / "there" / "a" / "b")

    assert made == tmp_path / "there" / "a" / "b"
    assert (mode(made), mode(made.parent), mode(tmp_path / "there")) == (0o700, 0o700, 0o755)
    assert owner_folder(made) == made


def test_what_is_committed_is_there_whole_and_nothing_is_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    commit_bytes(path, b"first")
    commit_bytes(path, b"second")

    assert path.read_bytes() == b"second"
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_written_aside_is_renamed_and_closed_to_others(tmp_path: Path) -> None:
    aside, path = tmp_path / ".aside", tmp_path / "final"
    aside.write_bytes(b"content")
    aside.chmod(0o644)

    commit_file(aside, path)

    assert path.read_bytes() == b"content"
    assert mode(path) == 0o600
    assert not aside.exists()


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    commit_json(path, {"a": 1})

    with pytest.raises(TypeError):
        commit_json(path, {"a": object()})
    assert path.read_bytes() == b'{\n  "a": 1\n}\n'


def test_the_same_content_has_one_spelling_and_one_name() -> None:
    assert canonical_json({"b": 1, "a": [2]}) == b'{"a":[2],"b":1}'
    assert content_name({"b": 1, "a": 2}) == content_name({"a": 2, "b": 1}) != content_name({"a": 2, "b": 2})
    assert len(content_name("x", 8)) == 8


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_the_users_to_mend(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UserError, match=f"{path} cannot be made: "):
        owner_folder(tmp_path / path)


def test_a_folder_that_cannot_be_written_to_is_the_users_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(UserError, match="cannot be written to"):
        owner_folder(tmp_path)
