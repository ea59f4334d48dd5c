"""Patients of several sources as people: those with the same valid NHS number are one."""

import ibis


def link(patient: ibis.Table) -> ibis.Table:
    """person_id for each patient: the least patient_id of those that share its keyed NHS number, else its own.

    Grain: one row a patient; columns patient_id and person_id.
    """
    numbered = patient.filter(patient.nhs_key.notnull()).select("patient_id", "nhs_key")
    groups = numbered.group_by("nhs_key").agg(n=numbered.count(), person_id=numbered.patient_id.min())
    several = groups.filter(groups.n > 1)
    linked = numbered.join(several, "nhs_key").select("patient_id", "person_id")
    all_ = patient.select("patient_id").left_join(linked, "patient_id")
    return all_.select("patient_id", person_id=ibis.coalesce(all_.person_id, all_.patient_id))
