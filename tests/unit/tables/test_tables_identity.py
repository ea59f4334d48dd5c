"""The key and the hashes made with it."""

from pathlib import Path

import pytest

from hi_fhir.core.errors import ConfigError
from hi_fhir.tables.identity import IdentityKey, load_key, rotate_key


def test_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "identity.key"
    assert load_key(path) == load_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_key(tmp_path / "k")
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_key(tmp_path / "k")


@pytest.mark.parametrize("content", ["not hex", "abcd"])
def test_file_that_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "k").write_text(content)
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(ConfigError, match="Restore it"):
        load_key(tmp_path / "k")


def test_rotating_makes_other_ids_and_keeps_the_old_key(tmp_path: Path) -> None:
    old = load_key(tmp_path / "k")
    new = rotate_key(tmp_path / "k")
    assert new.patient_id("elm", "1") != old.patient_id("elm", "1")
    assert load_key(tmp_path / f"k.{old.key_id}") == old


def test_two_sources_patients_of_one_id_are_two() -> None:
    key = IdentityKey(b"k" * 32)
    assert key.patient_id("elm", "1") != key.patient_id("oak", "1")
    assert key.patient_id("elm", "1") == IdentityKey(b"k" * 32).patient_id("elm", "1")
    assert len(key.patient_id("elm", "1")) == 32


def test_key_does_not_show_itself() -> None:
    assert "kkkk" not in repr(IdentityKey(b"k" * 32))
