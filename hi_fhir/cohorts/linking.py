"""Patients of several sources as people: those with the same valid NHS number are one."""

import ibis


def link(patient: ibis.Table) -> ibis.Table:
    """Patients with their person_id: the least patient_id of those that share a keyed NHS number, else their own."""
    numbered = patient.filter(patient.nhs_key.notnull())
    groups = numbered.group_by("nhs_key").agg(n=numbered.count(), least=numbered.patient_id.min())
    several = groups.filter(groups.n > 1).select(shared_key="nhs_key", least="least")
    linked = patient.left_join(several, patient.nhs_key == several.shared_key)
    return linked.select(*patient.columns, person_id=ibis.coalesce(linked.least, linked.patient_id))
