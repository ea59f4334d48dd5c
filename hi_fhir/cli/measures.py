"""`hi-fhir measures`: which measures there are, what each says, and whether definitions and data files are sound."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.errors import NotFoundError

if TYPE_CHECKING:
    from hi_fhir.measures.explain import Answer


@click.group("measures")
def measures_command() -> None:
    """List the measures, show or explain what one says, or check definitions and data files.

    \b
    Examples:
      hi-fhir measures list
      hi-fhir measures show smoking-status-recorded
      hi-fhir measures explain smoking-status-recorded --example undated
      hi-fhir measures check --overlay our-code-lists
    """


@measures_command.command("list")
@options.overlay_option
@options.json_option
def list_command(overlays: tuple[Path, ...], as_json: bool) -> None:
    """List every measure with its version, the rule set that it follows, the state of its code lists and its origin.

    Then what every measure is broken down by, and where that comes from.

    \b
    Example:
      hi-fhir measures list --json
    """
    from hi_fhir.measures import evaluation, registry
    from hi_fhir.terminology.catalogue import load

    config = options.read_config(overlays=overlays)
    terminology = load(config.overlays)
    there = registry.defined(config.overlays)
    found = [evaluation.measure_reference(one.measure, terminology) for one in there.values()]
    columns = {"id": "measure", "version": "version", "rule_set": "follows", "state": "code lists", "title": "title"}
    rows = [{name: getattr(one, name) for name in columns} | {"from": there[one.id].told} for one in found]
    common = registry.breakdowns(config.overlays)
    if as_json:
        origins = {one.stratifier.id: one.origin for one in common}
        by = {
            id_: {one.id: origins.get(one.id, there[id_].origin) for one in there[id_].measure.stratifiers}
            for id_ in there
        }
        print_json([row | {"broken_down_by": by[row["id"]]} for row in rows])
        return
    print_table("Measures", [*columns.values(), "from"], [list(row.values()) for row in rows])
    say("")
    told = [[one.stratifier.id, one.stratifier.version, one.stratifier.title, one.origin] for one in common]
    print_table("Broken down by", ["breakdown", "version", "title", "from"], told)


@measures_command.command("show")
@click.argument("measure_id", metavar="ID")
@options.overlay_option
@options.json_option
def show_command(measure_id: str, overlays: tuple[Path, ...], as_json: bool) -> None:
    """Show who is counted where, in sentences, from which code lists and by whose rules.

    \b
    Example:
      hi-fhir measures show hypertension-treated-to-target-under-80
    """
    from hi_fhir.measures import registry
    from hi_fhir.measures.render.description import describe
    from hi_fhir.terminology.catalogue import load

    config = options.read_config(overlays=overlays)
    [measure] = registry.load([measure_id], config.overlays)
    description = describe(measure, load(config.overlays))
    print_json(description) if as_json else _print_description(description)


def _print_description(found: dict[str, Any]) -> None:
    say(f"{found['title']} ({found['id']}, version {found['version']})\n{found['description']}\n")
    print_table(
        "Populations", ["population", "who"], [[_plain(name), who] for name, who in found["populations"].items()]
    )
    say("")
    if found["value_sets"]:
        rows = [
            [one["id"], one["version"], one["state"], one["codes"], "yes" if one["verified"] else "no", one["reason"]]
            for one in found["value_sets"]
        ]
        print_table("Value sets", ["value set", "version", "state", "codes", "seen in a source", "why"], rows)
        say("")
    for id_, strata in found["strata"].items():
        print_table(f"Broken down by {id_}", ["stratum", "who"], [list(one) for one in strata.items()])
        say("")
    about = {
        "rule set": found["rule_set"],
        "source": found["source"],
        "reviewed by": found["reviewed_by"],
        "next review": found["next_review"],
        "scoring": found["scoring"],
        "better": found["improvement"] or "neither",
        "departs or not seen": "; ".join(found["caveats"]) or "nothing",
        "broken down by": ", ".join(found["stratifiers"]),
        "worked examples": len(found["examples"]),
    }
    print_table("", ["about", "what"], [[name, str(value)] for name, value in about.items()])


def _plain(name: str) -> str:
    return name.replace("_", " ")


@measures_command.command("explain")
@click.argument("measure_id", metavar="ID")
@click.option("--example", "name", metavar="NAME", help="The worked example to explain; without it they are listed.")
@options.overlay_option
@options.json_option
def explain_command(measure_id: str, name: str | None, overlays: tuple[Path, ...], as_json: bool) -> None:
    """Explain where a measure puts the person of a worked example, word by word.

    \b
    Examples:
      hi-fhir measures explain smoking-status-recorded
      hi-fhir measures explain smoking-status-recorded --example undated
    """
    from hi_fhir.measures import explain, registry
    from hi_fhir.measures.plain.outcome import outcome
    from hi_fhir.measures.plain.setting import Setting
    from hi_fhir.measures.second_opinion import converter
    from hi_fhir.terminology.catalogue import load

    config = options.read_config(overlays=overlays)
    [measure] = registry.load([measure_id], config.overlays)
    if name is None:
        rows = [[example.name, example.outcome] for example in measure.examples]
        print_json(dict(rows)) if as_json else print_table("Worked examples", ["example", "outcome"], rows)
        return
    example = next((one for one in measure.examples if one.name == name), None)
    if example is None:
        raise NotFoundError(f"{measure_id} has no example {name!r}. hi-fhir measures explain {measure_id} lists them.")
    terminology = load(config.overlays)
    setting = Setting(example.period, example.as_of, converter(terminology))
    populations = explain.explained(measure, example.person, setting, terminology.own_titles())
    found = outcome(measure, example.person, setting)
    if as_json:
        print_json({"example": name, "outcome": found, "populations": {n: asdict(a) for n, a in populations.items()}})
        return
    for population, answer in populations.items():
        say(f"{_plain(population)}:")
        _print_answer(answer, 1)
    say(f"so: {_plain(found)}")


def _print_answer(found: "Answer", depth: int) -> None:
    say(f"{'  ' * depth}{found.answer}: {found.sentence}")
    for part in found.parts:
        _print_answer(part, depth + 1)


@measures_command.command("check")
@options.overlay_option
@options.json_option
@click.pass_context
def check_command(context: click.Context, overlays: tuple[Path, ...], as_json: bool) -> None:
    """Check definitions, run every worked example on the engine, ask a second reading, and read every data file.

    The second reading is of the same words, one person at a time in plain Python: it is asked about the people of the
    examples, and about others who are a day, a unit or a record away from them.

    \b
    Example:
      hi-fhir measures check
    """
    from hi_fhir.engine.connect import connect
    from hi_fhir.measures import checks, facts, registry, released, second_opinion, worked
    from hi_fhir.measures.overlays import unread
    from hi_fhir.terminology.catalogue import load, overlaid_files
    from hi_fhir.terminology.ranks import LSOA_OF

    config = options.read_config(overlays=overlays)
    terminology = load(config.overlays)
    terminology.ethnicity()
    terminology.units()
    for year in LSOA_OF:
        terminology.ranks(year)
    measures = registry.load(overlays=config.overlays)
    stratifiers = facts.single_stratifiers(measures)
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(Path(folder) / "spill")
        second = second_opinion.opinions(engine, Path(folder), measures, stratifiers, terminology)
        faults = [
            *unread(config.overlays),
            *checks.faults(measures, terminology),
            *checks.stratifier_faults(stratifiers),
            *worked.failures(engine, Path(folder), measures, terminology),
            *worked.stratum_failures(engine, Path(folder), stratifiers, terminology),
            *second.faults,
            *released.faults(released.versioned(measures, terminology), released.read_table()),
        ]
        engine.close()
    read = overlaid_files(config.overlays) | registry.overlaid_files(config.overlays)
    counted = {
        "measures": len(measures),
        "examples": sum(len(measure.examples) for measure in measures),
        "people_read_twice": second.people,
        "value_sets": len(terminology.value_sets),
        "mappings": len(terminology.mapping_files),
    }
    if as_json:
        print_json({**counted, "overlays": read, "faults": faults})
    else:
        for fault in faults:
            say(fault, err=True)
        for path, what in read.items():
            say(f"{path}: {what}")
        say(", ".join(f"{number} {_plain(name)}" for name, number in counted.items()) + f": {len(faults)} faults")
    if faults:
        context.exit(2)
