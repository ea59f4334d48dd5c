"""What was recovered in lines that a reader can look up."""

from hi_fhir.attack.findings import Link, Recovered, RecoveredExample, Term


def told_example(example: RecoveredExample) -> list[str]:
    """What the count is, and a line for each relation that it follows from."""
    one = example.recovered
    is_what = f"{_measure(one)}, {one.report.reporter}, {_count(one)} is {_between(example.low, example.high)}, since"
    return [is_what, *(f"  {_told(link, one)}   ({link.why})" for link in example.chain)]


def told_recovered(one: Recovered) -> str:
    """What the count is."""
    return f"{_measure(one)}, {one.report.reporter}, {_count(one)} is {_between(one.low, one.high)}"


def _told(link: Link, of: Recovered) -> str:
    """A relation, without the parts of which there are none."""
    parts = [_short(part, of) for part in link.parts if part.high != 0]
    if link.most is None:
        parts.append("others")
    elif link.least or link.most:
        parts.append(f"({_between(link.least, link.most)})")
    return f"{_short(link.whole, of)} = {' + '.join(parts) or '0'}"


def _short(term: Term, of: Recovered) -> str:
    """A count with what is told of it; its measure and reporter where they are others than those of the example."""
    told = "masked" if term.is_masked else _between(term.low, term.high)
    measure = "" if term.report.measure == of.report.measure else f"{_measure(term)}, "
    reporter = "" if term.report.reporter == of.report.reporter else f"{term.report.reporter}, "
    return f"{measure}{reporter}{_count(term)} [{told}]"


def _measure(one: Recovered | Term) -> str:
    return one.report.measure.rpartition("/")[2]


def _count(one: Recovered | Term) -> str:
    population = one.name.population.replace("_", " ")
    return population if one.name.stratifier == "all" else f"{population} of {one.name.stratifier} {one.name.stratum}"


def _between(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return f"{low}" if low == high else f"{low} to {high}"
