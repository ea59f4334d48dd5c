"""Whether a word holds of a person: true, false or None, as in SQL and CQL. Here are the words that join words."""

from functools import singledispatch

from hi_fhir.measures.examples import Person
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import base


@singledispatch
def holds(word: base.Word, person: Person, setting: Setting) -> bool | None:
    raise NotImplementedError(type(word).__name__)


@holds.register
def _(word: base.And, person: Person, setting: Setting) -> bool | None:
    answers = [holds(part, person, setting) for part in word.parts]
    if False in answers:
        return False
    return None if None in answers else True


@holds.register
def _(word: base.Or, person: Person, setting: Setting) -> bool | None:
    answers = [holds(part, person, setting) for part in word.parts]
    if True in answers:
        return True
    return None if None in answers else False


@holds.register
def _(word: base.AtLeastOf, person: Person, setting: Setting) -> bool | None:
    answers = [holds(part, person, setting) for part in word.parts]
    if answers.count(True) >= word.count:
        return True
    return None if len(answers) - answers.count(False) >= word.count else False


@holds.register
def _(word: base.Not, person: Person, setting: Setting) -> bool | None:
    answer = holds(word.part, person, setting)
    return None if answer is None else not answer
