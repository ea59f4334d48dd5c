"""Which resource types have clinical tables: known without the engine that holds their columns."""

CLINICAL_TABLES = {
    "Condition": "condition",
    "Encounter": "encounter",
    "Immunization": "immunization",
    "MedicationRequest": "medication_request",
    "Observation": "observation",
    "Procedure": "procedure",
}
"""Resource type to table, for the tables of CLINICAL's columns. `ethnic_category` has them too: the codings of the
UK Core extension of Patient, with resource_id = patient_id."""
