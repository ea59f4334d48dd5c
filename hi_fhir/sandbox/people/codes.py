"""The codes that the sandbox's records carry, each with what it means; a test holds them to the shipped value sets.

Where the public has no code list the sandbox has codes of its own, in its own system: no SNOMED CT code is guessed.
Labels are our own words.
"""

from hi_fhir.sandbox.people.model import Code

SNOMED = "http://snomed.info/sct"
READ_V2 = "http://read.info/readv2"
CTV3 = "http://read.info/ctv3"
LOINC = "http://loinc.org"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
OWN = "urn:hi-fhir:sandbox"

_UKCORE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategory"
ENGLAND, WALES, SCOTLAND, RETIRED = f"{_UKCORE}England", f"{_UKCORE}Wales", f"{_UKCORE}Scotland", _UKCORE


def _snomed(code: str, text: str, means: str | None = None) -> Code:
    return Code(((SNOMED, code),), text, means)


def _own(code: str, text: str, means: str | None = None) -> Code:
    return Code(((OWN, code),), text, means)


def _old(system: str, code: str, text: str, means: str | None = None) -> Code:
    return Code(((system, code),), text, means)


def _text(text: str) -> Code:
    """A concept without a coding: nobody can tell what it means."""
    return Code((), text)


HYPERTENSION = (
    _snomed("38341003", "High blood pressure", "hypertension"),
    _snomed("59621000", "High blood pressure, essential", "hypertension"),
    Code(((SNOMED, "38341003"), (READ_V2, "G20..")), "High blood pressure, coded twice", "hypertension"),
)
HYPERTENSION_OLD = (
    _old(READ_V2, "G20..", "High blood pressure, old code", "hypertension"),
    _old(CTV3, "XE0Ub", "High blood pressure, old code", "hypertension"),
)
HYPERTENSION_UNREADABLE = (
    _text("Hypertension"),
    _old(READ_V2, "G2z..", "High blood pressure, old code that no map has"),
)
HYPERTENSION_RESOLVED = _snomed("162659009", "High blood pressure resolved", "hypertension-resolved")
MAXIMAL_THERAPY = _snomed("407567007", "On all the treatment that is tolerated", "hypertension-maximal-therapy")
UNSUITABLE = _snomed("716821000000100", "Unsuitable for blood pressure care", "hypertension-unsuitable")
HYPERTENSION_DECLINED = _snomed("716771000000106", "Blood pressure care declined", "hypertension-declined")
PRESSURE_DECLINED = _snomed("413123006", "Blood pressure measurement declined", "blood-pressure-declined")
INVITATION = (
    _snomed("185719002", "Invitation, first", "hypertension-invitation"),
    _snomed("185720008", "Invitation, second", "hypertension-invitation"),
)

PANEL = (
    _snomed("75367002", "Blood pressure", "blood-pressure-panel"),
    Code(((LOINC, "85354-9"), (SNOMED, "75367002")), "Blood pressure", "blood-pressure-panel"),
)
SYSTOLIC = (
    _snomed("271649006", "Systolic", "systolic-blood-pressure"),
    _snomed("72313002", "Systolic, arterial", "systolic-blood-pressure"),
)
DIASTOLIC = (
    _snomed("271650006", "Diastolic", "diastolic-blood-pressure"),
    _snomed("1091811000000102", "Diastolic, arterial", "diastolic-blood-pressure"),
)
SYSTOLIC_HOME = _snomed("413606001", "Systolic, average at home", "systolic-blood-pressure-home")
DIASTOLIC_HOME = _snomed("413605002", "Diastolic, average at home", "diastolic-blood-pressure-home")
AMBULATORY = (
    _snomed("198081000000101", "Systolic, over the day"),
    _snomed("198091000000104", "Diastolic, over the day"),
)

SMOKING = (
    _snomed("77176002", "Smoker", "smoking-status"),
    _snomed("8517006", "Used to smoke", "smoking-status"),
    _snomed("266919005", "Never smoked", "smoking-status"),
    _old(READ_V2, "137R.", "Smoker, old code", "smoking-status"),
    _old(CTV3, "Ub1na", "Used to smoke, old code", "smoking-status"),
)
SMOKING_UNREADABLE = (_text("Non-smoker"), _old(READ_V2, "137z.", "Smoking, old code that no map has"))

SEVERE_MENTAL_ILLNESS = (
    _snomed("58214004", "Schizophrenia", "severe-mental-illness"),
    _snomed("13746004", "Bipolar disorder", "severe-mental-illness"),
    _snomed("69322001", "Psychosis", "severe-mental-illness"),
)
REMISSION = (
    _snomed("12969000", "Severe mental illness in remission", "severe-mental-illness-remission"),
    _snomed("723905008", "Severe mental illness in remission, other", "severe-mental-illness-remission"),
)
OPT_OUT = _snomed("827241000000103", "Objects to data leaving the practice", "type-1-opt-out")
OPT_OUT_WITHDRAWN = _snomed("827261000000102", "Objection withdrawn", "type-1-opt-out-withdrawn")
BMI = _snomed("60621009", "Body mass index", "bmi")
ALCOHOL = (
    _snomed("1082641000000106", "Alcohol units a week", "alcohol"),
    _snomed("105542008", "Does not drink", "alcohol"),
    _own("alcohol-questionnaire", "Alcohol questionnaire score", "alcohol"),
)
LIPIDS = (
    _snomed("1005671000000105", "Total cholesterol", "lipids"),
    _own("non-hdl-cholesterol", "Non-HDL cholesterol", "lipids"),
)
GLUCOSE = (
    _snomed("999791000000106", "HbA1c", "hba1c-or-glucose"),
    _snomed("1003671000000109", "HbA1c, other units", "hba1c-or-glucose"),
)

LEARNING_DISABILITY = (
    _snomed("110359009", "Learning disability", "learning-disability"),
    _snomed("984661000000105", "Learning disability, recorded by the practice", "learning-disability"),
    _snomed("31216003", "Learning disability, profound", "learning-disability"),
)
HEALTH_CHECK = _own("ld-health-check", "Annual health check", "learning-disability-health-check")
HEALTH_CHECK_DECLINED = _own(
    "ld-health-check-declined", "Annual health check declined", "learning-disability-health-check-declined"
)
ACTION_PLAN = _own("health-action-plan", "Health action plan", "health-action-plan")
ACTION_PLAN_DECLINED = _own("health-action-plan-declined", "Health action plan declined", "health-action-plan-declined")

REASONS = (
    _snomed("386661006", "Fever"),
    _snomed("49727002", "Cough"),
    _snomed("25064002", "Headache"),
    _snomed("161891005", "Back pain"),
    _own("medication-review", "Review of medicines"),
    Code(((SNOMED, "22253000"), (OWN, "pain")), "Pain, coded twice"),
)
REASON_UNCODED = _text("Feels unwell")

ENCOUNTER_TYPES = (
    _snomed("185347001", "Seen for a problem"),
    _snomed("185349003", "Seen for a check"),
    _snomed("390906007", "Seen again"),
)
ENCOUNTER_TYPE_OWN = _own("consultation", "Consultation")
ENCOUNTER_TYPE_TWICE = Code(((OWN, "consultation"), (SNOMED, "185347001")), "Consultation, coded twice")
ENCOUNTER_TYPE_UNCODED = _text("Consultation")


def _class(code: str, text: str) -> Code:
    return Code(((ACT_CODE, code),), text, "encounter-class")


ENCOUNTER_CLASSES = (
    _class("AMB", "Seen without being admitted"),
    _class("VR", "From afar"),
    _class("HH", "At home"),
    _class("ACUTE", "Admitted for acute care"),
)
ENCOUNTER_CLASS_UNLISTED = Code(((ACT_CODE, "OUTPATIENT"),), "A code that its system does not have")
ENCOUNTER_CLASS_OTHER = Code((("http://terminology.hl7.org/CodeSystem/v2-0004", "O"),), "Outpatient, of HL7 v2")
ENCOUNTER_CLASS_WITHOUT_SYSTEM = Code((("", "AMB"),), "A code of no system")
ENCOUNTER_CLASS_UNCODED = _text("Surgery")

OTHER_CONDITIONS = (
    _snomed("195967001", "Asthma"),
    _snomed("44054006", "Diabetes, type 2"),
    _snomed("396275006", "Osteoarthritis"),
    _snomed("35489007", "Depression"),
    _text("Bad knee since the fall"),
)
OTHER_OBSERVATIONS = (
    (_snomed("27113001", "Body weight"), "kg", 45.0, 120.0),
    (_snomed("50373000", "Height"), "cm", 145.0, 200.0),
    (_snomed("364075005", "Heart rate"), "/min", 50.0, 110.0),
    (_own("haemoglobin", "Haemoglobin"), "g/L", 100.0, 170.0),
    (_own("kidney-function", "Kidney function"), "mL/min", 30.0, 90.0),
)
"""Code, unit, lowest and highest value."""
QUESTIONNAIRE = _own("questionnaire", "Questionnaire about one's life")
ETHNICITY_ASKED = _own("ethnicity-asked", "Ethnicity, asked")
OTHER_PROCEDURES = (_own("wound-dressing", "Dressing of a wound"), _own("ear-irrigation", "Irrigation of an ear"))
VACCINES = (
    _own("influenza-vaccine", "Influenza vaccine"),
    _own("covid-19-vaccine", "COVID-19 vaccine"),
    _own("pneumococcal-vaccine", "Pneumococcal vaccine"),
)
MEDICINES = (
    _own("amlodipine-5mg-tablets", "Amlodipine 5 mg tablets"),
    _own("atorvastatin-20mg-tablets", "Atorvastatin 20 mg tablets"),
    _own("metformin-500mg-tablets", "Metformin 500 mg tablets"),
    _own("sertraline-50mg-tablets", "Sertraline 50 mg tablets"),
    _own("salbutamol-inhaler", "Salbutamol inhaler"),
)


def _ethnic(system: str, says_of_code: str) -> dict[str, Code]:
    """Codes of a system by code; written as `code=what it says`, one letter alone saying itself."""
    found = {}
    for word in says_of_code.split():
        code, _, says = word.partition("=")
        found[code] = Code(((system, code),), "Ethnicity", "ethnicity", says or code)
    return found


LETTERS = tuple("ABCDEFGHJKLMNPRS")
CATEGORY_ENGLAND = _ethnic(ENGLAND, f"{' '.join(LETTERS)} Z=not-stated")
CATEGORY_WALES = _ethnic(WALES, "A B=C D E F G H J K L M N P R S T=S Z=not-stated")
CATEGORY_SCOTLAND = _ethnic(
    SCOTLAND, "1A=A 1B=A 1C=B 1K=C 1L=C 2A=G 3F=J 3G=H 3H=K 3J=R 3Z=L 4D=N 5C=M 5D=P 6A=S 6Z=S 98=refused"
)
CATEGORY_RETIRED = _ethnic(RETIRED, "CA=A CC=A C2=A C3=C CL=C CP=C GA=G LA=G LC=L PA=N PB=G PD=P SA=L SC=L SE=S H J R")
CATEGORY_SNOMED = _ethnic(
    SNOMED,
    "92391000000108=A 92401000000106=B 92411000000108=C 92421000000102=D 92431000000100=E 92441000000109=F "
    "92451000000107=G 110751000000108=H 92461000000105=J 92471000000103=K 92481000000101=L 976911000000101=M "
    "92491000000104=N 92501000000105=P 92511000000107=R 92521000000101=S",
)
FINER = frozenset({(WALES, "B"), (WALES, "T"), (SCOTLAND, "1K"), (SCOTLAND, "6A"), (RETIRED, "CL")})
"""Codes of Gypsies, Travellers and Arabs, whom the letters of 2001 have among any other of a kind."""
ETHNICITY_NOT_KNOWN = Code(((ENGLAND, "99"),), "Ethnicity not known")
ETHNICITY_UNMAPPED = Code(((f"{OWN}:ethnicity", "W1"),), "Ethnicity in a code that no map has")
ETHNICITY_TWICE = {
    letter: Code(((ENGLAND, letter), (SNOMED, code.codings[0][1])), "Ethnicity", "ethnicity", letter)
    for code in CATEGORY_SNOMED.values()
    if (letter := code.says)
}
NOT_STATED = Code(((SNOMED, "92531000000104"),), "Ethnicity not stated", "ethnicity", "not-stated")
REFUSED = Code(((SNOMED, "763726001"),), "Ethnicity refused", "ethnicity", "refused")
ETHNICITY_OLD = Code(((READ_V2, "9i00."),), "Ethnicity, old code", "ethnicity", "A")
ETHNICITY_UNREADABLE = (_text("Asian"), Code(((READ_V2, "9i1zz"),), "Ethnicity, old code that no map has"))

DEMONSTRATED = {
    "learning-disability-health-check": (HEALTH_CHECK,),
    "learning-disability-health-check-declined": (HEALTH_CHECK_DECLINED,),
    "health-action-plan": (ACTION_PLAN,),
    "health-action-plan-declined": (ACTION_PLAN_DECLINED,),
    "alcohol": ALCOHOL,
    "lipids": LIPIDS,
}
"""Value sets that the sandbox brings because the public list is missing or partial."""
