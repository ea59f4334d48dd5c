"""A report in words: the numbers as they are given, masked and withheld ones as such."""

from dataclasses import replace

from hi_fhir.measures import registered
from hi_fhir.tables.standing import Standing, TypeState
from tests.support.reporting import a_measure, count_of, extensions, groups_of, parts, released_reports


def whole_and_text(**made):
    report = released_reports("icb", **made).reports["U99001"]
    return next(group for _, _, group in groups_of(report)), report["text"]["div"]


def test_the_numbers_stand_in_a_sentence_and_a_table():
    whole, text = whole_and_text()
    denominator, numerator = count_of(whole, "denominator"), count_of(whole, "numerator")

    assert f"<p>In the denominator: {denominator}. Of these in the numerator: {numerator}; a share of " in text
    assert f"{whole['measureScore']['value']:.1%} of those who are neither excluded nor excepted (95 % int" in text
    [interval] = map(parts, extensions(whole, "score-interval"))
    assert f"interval {interval['lower']:.1%} to {interval['upper']:.1%}, with rounding)." in text
    for name in ("initial-population", "denominator", "denominator-exception", "numerator"):
        assert f"<tr><td>{name.replace('-', ' ')}</td><td>{count_of(whole, name)}</td></tr>" in text
    assert text.count("<tr>") == 5


def test_a_masked_number_is_masked_in_words_too():
    whole, text = whole_and_text(people=4)

    assert count_of(whole, "numerator") == "masked"
    assert "<td>numerator</td><td>masked</td>" in text
    assert "no share is given (masked-part)" in text


def test_words_do_not_tell_of_a_suppressed_group_that_it_is_small():
    _, text = whole_and_text(people=3)

    assert "<td>initial population</td><td>suppressed</td>" in text
    assert "small-group" not in text


def test_a_withheld_number_tells_its_reason_and_for_how_many_practices():
    _, text = whole_and_text(wanting=[Standing("main", "Observation", TypeState.NOT_UNDERSTOOD)])

    assert "<td>numerator</td><td>withheld (none-understood)</td>" in text
    assert "<p>main: no Observation that was received could be understood.</p>" in text
    assert "Withheld for 2 of the practices, and for all that these are part of, because of Observation of main" in text


def test_code_lists_that_are_missing_are_told_in_the_table():
    _, text = whole_and_text(state="missing", measure=a_measure())

    assert "<td>numerator</td><td>withheld (code-lists-missing)</td>" in text


def test_who_is_taken_out_of_the_numerator_is_told_and_no_part_of_the_share():
    measure = replace(a_measure(), denominator=registered(), numerator_exclusion=registered())
    whole, text = whole_and_text(measure=measure, people=500)
    counts = {name: count_of(whole, name) for name in ("denominator", "denominator-exception", "numerator")}
    taken_out = count_of(whole, "numerator-exclusion")

    assert count_of(whole, "initial-population") > counts["denominator"]
    assert f"in the numerator: {counts['numerator']}, but for those taken out of it: {taken_out}; a share" in text
    of_whom = counts["denominator"] - counts["denominator-exception"]
    assert whole["measureScore"]["value"] == (counts["numerator"] - taken_out) / of_whom
