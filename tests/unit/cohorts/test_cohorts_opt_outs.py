from datetime import date

import pytest

from hi_fhir.cohorts.opt_outs import OptOuts, read_opt_outs
from hi_fhir.core.errors import ConfigError, TerminologyError
from hi_fhir.tables.identity import load_key
from hi_fhir.terminology.systems import READ_V2
from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder, nhs_key

OPTED, WITHDRAWN = "827241000000103", "827261000000102"
EARLY, LATE = date(2015, 1, 1), date(2020, 1, 1)


def _people() -> tuple[SnapshotBuilder, dict[str, str]]:
    main = SnapshotBuilder()
    names = ("none", "opted", "undated", "withdrawn", "again", "same day", "old code", "opted twice")
    ids = {name: main.patient(name, nhs_key=nhs_key(name)) for name in names}
    main.observation("opted", OPTED, LATE)
    main.observation("undated", OPTED)
    for name, opted, withdrawn in (("withdrawn", EARLY, LATE), ("again", LATE, EARLY), ("same day", LATE, LATE)):
        main.observation(name, OPTED, opted)
        main.observation(name, WITHDRAWN, withdrawn)
    main.observation("opted twice", OPTED, date(2010, 1, 1))
    main.observation("opted twice", WITHDRAWN, EARLY)
    main.observation("opted twice", OPTED, LATE)
    main.condition("old code", "9Nu0.", EARLY, system=READ_V2)
    main.observation("none", OPTED, LATE, component="value")
    return main, ids


def test_type_1_by_code_leaves_out_whoever_has_no_later_withdrawal(tmp_path):
    main, ids = _people()

    resolved = resolve_snapshots(tmp_path, main, opt_out=OptOuts("type-1-by-code"))

    assert set(resolved.links) == {ids["none"], ids["withdrawn"]}
    assert (resolved.found.opted_out, resolved.found.persons, resolved.found.registered) == (6, 2, 2)


def test_codes_leave_nobody_out_under_another_policy(tmp_path):
    main, ids = _people()

    resolved = resolve_snapshots(tmp_path, main, opt_out=OptOuts("applied-upstream"))

    assert set(resolved.links) == set(ids.values())
    assert (resolved.found.opted_out, resolved.found.opt_outs_unmatched) == (0, 0)


def test_an_imported_list_leaves_out_every_record_of_the_person(tmp_path):
    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    main.patient("ann", nhs_key=nhs_key("ann"))
    other.patient("ann", nhs_key=nhs_key("ann"))
    bob = main.patient("bob", nhs_key=nhs_key("bob"))

    resolved = resolve_snapshots(
        tmp_path, main, other, opt_out=OptOuts("imported-list", frozenset({nhs_key("ann"), nhs_key("absent")}))
    )

    assert set(resolved.links) == {bob}
    assert (resolved.found.opted_out, resolved.found.opt_outs_unmatched) == (1, 1)


def test_a_list_is_kept_as_keyed_hashes_alone(tmp_path):
    key = load_key(tmp_path / "key")
    (tmp_path / "list.csv").write_text("name,nhs_number\nx,999 000 0018\ny,9990000026\n", encoding="utf-8")

    opt_outs = read_opt_outs("imported-list", tmp_path / "list.csv", key)

    assert opt_outs.nhs_keys == {key.nhs_key("9990000018"), key.nhs_key("9990000026")}
    assert "999" not in repr(opt_outs)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("9990000018\n12345\n", 2),
        ("nhs_number\nabc\n", 2),
        ("9990000018\n\n9990000027\n", 3),
        ("9990000027\n9990000018\n", 1),
        ("name,nhs_number\nx\n", 2),
    ],
)
def test_a_line_without_a_valid_number_is_refused_without_being_repeated(tmp_path, text, line):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")

    with pytest.raises(TerminologyError, match=f"line {line}: no NHS number") as refused:
        read_opt_outs("imported-list", tmp_path / "list.csv", load_key(tmp_path / "key"))

    assert not any(said in str(refused.value) for said in ("12345", "abc", "9990000027"))


@pytest.mark.parametrize("heading", ["nhs_number", "NHS_Number", " nhs_number "])
def test_the_column_named_nhs_number_has_the_numbers_however_the_heading_is_written(tmp_path, heading):
    key = load_key(tmp_path / "key")
    (tmp_path / "list.csv").write_text(f"carer,{heading}\n9990000026,9990000018\n", encoding="utf-8")

    assert read_opt_outs("imported-list", tmp_path / "list.csv", key).nhs_keys == {key.nhs_key("9990000018")}


@pytest.mark.parametrize("content", [b"\xff\xfe\n", None])
def test_a_list_that_cannot_be_read_says_which_setting_to_mend(tmp_path, content):
    if content is not None:
        (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(ConfigError, match="Fix the setting opt_out_list"):
        read_opt_outs("imported-list", tmp_path / "list.csv", load_key(tmp_path / "key"))


@pytest.mark.parametrize("text", ["number\n9990000018\n", "9990000018\n", "\n9990000018\n"])
def test_a_first_line_without_digits_is_a_heading_and_any_other_counts(tmp_path, text):
    key = load_key(tmp_path / "key")
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")

    assert read_opt_outs("imported-list", tmp_path / "list.csv", key).nhs_keys == {key.nhs_key("9990000018")}


def test_a_list_policy_without_a_list_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="Set opt_out_list"):
        read_opt_outs("imported-list", None, load_key(tmp_path / "key"))
