import orjson
from click.testing import CliRunner

from hi_fhir.cli.main import cli


def _run(monkeypatch, key_file, *arguments):
    monkeypatch.setenv("HI_FHIR_KEY_FILE", str(key_file))
    done = CliRunner().invoke(cli, ["key", *arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return orjson.loads(done.stdout)


def test_a_rotated_key_is_another_one_and_the_old_one_stays_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "identity.key"
    before = _run(monkeypatch, path, "show")

    rotated = _run(monkeypatch, path, "rotate")

    assert rotated["old_key_id"] == before["key_id"]
    assert rotated["key_id"] != before["key_id"]
    assert _run(monkeypatch, path, "show")["key_id"] == rotated["key_id"]
    assert (tmp_path / f"identity.key.{before['key_id']}").exists()


def test_no_command_prints_the_key_itself(tmp_path, monkeypatch):
    path = tmp_path / "identity.key"
    shown = _run(monkeypatch, path, "show")

    assert path.read_text().strip() not in orjson.dumps(shown).decode()
