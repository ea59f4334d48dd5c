"""The tables between flatten and report: their columns, types and grain. Change one only with an ADR."""

import pyarrow as pa

SCHEMA_VERSION = 9
BUCKETS = "0123456789abcdef"
"""Bucket of a row: the first hex digit of its patient_id (of its person_id after resolve)."""

REFERENCE = "urn:hi-fhir:reference:"
"""With a resource type, the system of a row whose code is the id of a record of that type."""

INSTANT = pa.timestamp("us", tz="UTC")

CLINICAL = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        # keyed hash, 32 hex digits; with an "i" at the end that of an identifier, where that is all the record names
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field("resource_id", pa.string(), nullable=False),
        pa.field("component", pa.string(), nullable=False),  # of which part of the resource
        pa.field("system", pa.string()),
        pa.field("code", pa.string()),  # null: the resource or component carries no code
        pa.field("start_date", pa.date32()),  # first day of a partial date, London; null: undated
        pa.field("end_date", pa.date32()),  # last day of a partial date
        pa.field("value", pa.float64()),
        pa.field("unit", pa.string()),  # as received
        pa.field("status", pa.string()),
        pa.field("at", INSTANT),  # the instant, where the record gives a time
        pa.field("dated_by", pa.string()),  # effective, issued (the fall-back) or impossible; null: undated
        pa.field("comparator", pa.string()),  # as received: the value is a bound (<, <=, >=, >, ad)
        pa.field("negation", pa.string()),  # denied, none or absent; null: nothing says that it is not so
    ]
)
"""Grain: one row per coding of a resource or of a component; an uncoded one is one row with null code.

component: "" for the resource's own code (for Encounter: its reason), "value" for a coding of valueCodeableConcept,
"reference" for a reason that is another record (system: REFERENCE and its type, code: its id; null: it cannot be
found), "type" for Encounter.type, "class" for Encounter.class (code null: it cannot be read; no row: there is none),
"1", "2", ... for Observation.component in order, "1.value" for a component's coded value.
status: as received, but for Condition: `refuted` where verificationStatus says so, else the clinicalStatus code; for
MedicationRequest the intent where it is proposal, plan or option.
dated_by: `impossible`: undated, since the only date that it gives is one that cannot be (year 1, 9999).
negation: of the code of that row. `denied`: it is not so, or not to be done; `none`: there is none of it; `absent`:
nothing is known of it. A coded answer's own row ("value") has none.
"""

PATIENT = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field("nhs_key", pa.string()),  # keyed hash of a valid NHS number; the number itself is not kept
        pa.field("nhs_number", pa.string(), nullable=False),  # verified, present, placeholder, invalid or absent
        pa.field("birth_date", pa.date32()),  # first day of a partial date
        pa.field("birth_date_last", pa.date32()),  # last day of a partial date
        pa.field("sex", pa.string(), nullable=False),  # female, male, other or unknown (Patient.gender)
        pa.field("active", pa.bool_(), nullable=False),
        pa.field("dead", pa.bool_(), nullable=False),
        pa.field("death_date", pa.date32()),  # null with dead: an undated death
        pa.field("postcode", pa.string()),  # of the home that ends last, upper case, no space
        pa.field("lsoa11", pa.string()),  # on the home address, else on the patient
        pa.field("lsoa21", pa.string()),
        pa.field("home_from", pa.date32()),  # first day of that home; null: it has no start
        pa.field("home_until", pa.date32()),  # its last day; null: it has no end
        pa.field("restricted", pa.bool_(), nullable=False),  # meta.security R or V
        pa.field("language_recorded", pa.bool_(), nullable=False),  # a language is named, by a code or in words
        pa.field("interpreter", pa.string()),  # needed or not-needed; null: not recorded
    ]
)
"""Grain: one row per Patient resource."""

PATIENT_LINK = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("patient_id", pa.string(), nullable=False),  # of the patient that states it
        pa.field("kind", pa.string(), nullable=False),  # replaced-by or replaces
        pa.field("other_id", pa.string()),  # patient_id of the other, who may not be there; null: cannot be read
    ]
)
"""Grain: one row per Patient.link by which two patients are one person."""

PATIENT_IDENTIFIER = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field(
            "named_id", pa.string(), nullable=False
        ),  # as the patient_id of a record that has the identifier alone
    ]
)
"""Grain: one row per identifier of a Patient by which records may name it, but for the NHS number behind nhs_key."""

OTHER_HOME = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field("place", pa.int16(), nullable=False),  # the lowest goes before the others
        pa.field("postcode", pa.string()),
        pa.field("lsoa11", pa.string()),  # on the address
        pa.field("lsoa21", pa.string()),
        pa.field("home_from", pa.date32()),
        pa.field("home_until", pa.date32()),
    ]
)
"""Grain: one row per home address of a Patient beside the one in `patient`, for days on which that one is none."""

REGISTRATION = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("patient_id", pa.string(), nullable=False),
        # episode (of a type that is a registration), untyped-episode, other-episode (of a type that is none),
        # registration-details, general-practitioner or managing-organization
        pa.field("kind", pa.string(), nullable=False),
        pa.field("organization_id", pa.string()),  # id of the source's Organization, where referred to
        pa.field("ods_code", pa.string()),  # where the reference carries it as an identifier
        pa.field("start_date", pa.date32()),
        pa.field("end_date", pa.date32()),  # the last day registered, inclusive
        pa.field("regular", pa.bool_()),  # false: temporary; null: the source does not say
        pa.field("ended_on_unknown_date", pa.bool_(), nullable=False),  # finished or inactive, with no day that can be
        pa.field("organization_kind", pa.string()),  # as ORGANIZATION's kind, of an organisation within the record
        pa.field("resource_id", pa.string()),  # of the EpisodeOfCare; null: the Patient states it
    ]
)
"""Grain: one row per registration that a Patient or EpisodeOfCare states, or an episode of care that may be one."""

ORGANIZATION = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("organization_id", pa.string(), nullable=False),
        pa.field("ods_code", pa.string()),
        pa.field("code_from", pa.date32()),  # first day of the code; null: it has no start
        pa.field("code_until", pa.date32()),  # its last day; null: it has no end
        # practice, branch, pcn, sub-icb, icb or other, as the source says; null: it does not
        pa.field("kind", pa.string()),
        pa.field("name", pa.string()),
        pa.field("part_of_id", pa.string()),
    ]
)
"""Grain: one row per ODS code of an Organization resource, and one with no code for one that has none. Not bucketed:
one file, `organization/all.parquet`."""

IDENTITY = pa.schema(
    [pa.field("patient_id", pa.string(), nullable=False), pa.field("source_patient_id", pa.string(), nullable=False)]
)
"""Grain: one row per Patient. Kept apart from the tables, in `identity/<source>.parquet`, for its owner only."""

KEY = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # of the resource; of a Patient its patient_id
        pa.field("updated", INSTANT),  # meta.lastUpdated, of a deletion its time; null: none that can be
        pa.field("version", pa.string()),  # meta.versionId as received
        pa.field("state", pa.int8(), nullable=False),  # 0: it has rows, 1: entered in error, 3: deleted at the source
        pa.field("misdated", pa.bool_(), nullable=False),  # one of its versions is stamped after it was received
    ]
)
"""Grain: one row per resource in the scope, with the version that stands. Not bucketed: one file a resource type,
`keys/<Type>.parquet`, in order of id; no file for a type of which nothing came. Tables are not made from it: with it a
snapshot can be the parent of the next."""

PERSON = pa.schema(
    [
        pa.field("person_id", pa.string(), nullable=False),  # the least patient_id of the linked ones
        pa.field("practice_id", pa.string()),  # ODS code; null where not registered
        pa.field("registered", pa.bool_(), nullable=False),  # on the reference date
        pa.field("registered_on", pa.date32()),
        pa.field("birth_date", pa.date32()),
        pa.field("birth_date_exact", pa.bool_()),  # whether it is known to the day; null: there is none
        pa.field("age", pa.int16()),  # completed years at the period's end
        pa.field("sex", pa.string(), nullable=False),
        pa.field("sex_agrees", pa.bool_()),  # whether the patient records say one sex; null: fewer than two say any
        pa.field("nhs_number", pa.string(), nullable=False),
        pa.field("restricted", pa.bool_(), nullable=False),
        pa.field("language_recorded", pa.bool_(), nullable=False),  # a language is named, by a code or in words
        pa.field("interpreter", pa.string()),  # needed or not-needed; null: not recorded
        pa.field("ethnicity", pa.string(), nullable=False),  # stated, not-stated, refused, not-recorded or not-known
        pa.field("ethnicity_source", pa.string()),  # extension or observation
        pa.field("ethnicity_agrees", pa.bool_()),  # whether its sources state one category; null: fewer than two do
        pa.field("ethnic_category_2001", pa.string()),  # A to S of the 16; null unless stated
        pa.field("ethnic_group_2001", pa.string()),  # white, mixed, asian, black, other (Chinese: other)
        pa.field("ethnic_group_2021", pa.string()),  # the same five, of 2021 (Chinese: asian)
        pa.field("ethnic_category_2021", pa.string()),  # the 19 of 2021, where the code allows
        # linked, no-postcode, unknown-postcode, outside-england or restricted
        pa.field("deprivation", pa.string(), nullable=False),
        pa.field("imd_2019_rank", pa.int32()),
        pa.field("imd_2019_decile", pa.int8()),
        pa.field("imd_2025_rank", pa.int32()),
        pa.field("imd_2025_decile", pa.int8()),
    ]
)
"""Grain: one row per person (linked patients are one), without those whom the opt-out policy leaves out."""

LINK = pa.schema([pa.field("patient_id", pa.string(), nullable=False), pa.field("person_id", pa.string())])
"""Grain: one row per patient_id in a snapshot whose records are not those of the person of the same id: of another one
(linked patients, and identifiers by which records name a person), or of nobody who is kept (null: left out by the
opt-out policy, or not there). In order of patient_id. Not bucketed: one file, `link.parquet`."""

LEAF = pa.schema(
    [
        pa.field("person_id", pa.string(), nullable=False),
        pa.field("leaf_id", pa.int32(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),  # records; of readings and encounters, their rows
        pa.field("first_date", pa.date32()),
        pa.field("last_date", pa.date32()),
        pa.field("low", pa.float64()),  # the value is not below this ...
        pa.field("high", pa.float64()),  # ... nor above this; equal where it is known
    ]
)
"""Grain: one row per person and leaf that has records. low and high are null where the leaf has no value."""

COUNTS = pa.schema(
    [
        pa.field("measure_id", pa.string(), nullable=False),
        pa.field("practice_id", pa.string(), nullable=False),  # ODS code
        pa.field("stratifier", pa.string(), nullable=False),  # id; "all": the whole; a crossing joins ids by "*"
        pa.field("stratum", pa.string(), nullable=False),  # "all": the whole
        pa.field("population", pa.string(), nullable=False),  # initial_population, denominator, ..., undetermined
        pa.field("count", pa.int64(), nullable=False),
    ]
)
"""Grain: one row per measure, practice, stratifier, stratum and population; zeros present."""
