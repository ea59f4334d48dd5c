"""Which resource types are read, into which tables; and the names of all others, which are known but not asked for."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from hi_fhir.tables.views import (
    condition,
    encounter,
    episode_of_care,
    immunization,
    medication_request,
    observation,
    organization,
    patient,
    procedure,
)
from hi_fhir.tables.views.elements import Context, VersionState


class View(NamedTuple):
    """How one resource type becomes rows."""

    struct: type[msgspec.Struct]
    emitter: Callable[[Context], Callable[[Any, int], VersionState]]
    tables: tuple[str, ...]
    also: str  # elements of the type that are not read here, but in another type
    subject: str = "$.subject.reference"


VIEWS = {
    "Condition": View(condition.Condition, condition.emitter, ("condition",), "identifier"),
    "Encounter": View(encounter.Encounter, encounter.emitter, ("encounter",), "identifier partOf"),
    "EpisodeOfCare": View(
        episode_of_care.EpisodeOfCare, episode_of_care.emitter, ("registration",), "identifier", "$.patient.reference"
    ),
    "Immunization": View(
        immunization.Immunization,
        immunization.emitter,
        ("immunization",),
        "identifier reasonCode",
        "$.patient.reference",
    ),
    "MedicationRequest": View(
        medication_request.MedicationRequest,
        medication_request.emitter,
        ("medication_request",),
        "identifier reasonCode",
    ),
    "Observation": View(observation.Observation, observation.emitter, ("observation",), "identifier partOf"),
    "Organization": View(organization.Organization, organization.emitter, ("organization",), "active address"),
    "Patient": View(
        patient.PatientResource,
        patient.emitter,
        ("patient", "ethnic_category", "other_home", "patient_identifier", "patient_link", "registration"),
        "name",
    ),
    "Procedure": View(procedure.Procedure, procedure.emitter, ("procedure",), "identifier partOf reasonCode"),
}


def is_mislabelled(line: bytes, type_: str, chunk_type: str) -> bool:
    """Whether a line of a chunk of another type carries elements of that type which its own does not have.

    A resource whose `resourceType` was overwritten would else become a person, or a diagnosis, that nobody has.
    """
    if type_ not in VIEWS or chunk_type not in VIEWS:
        return False
    own, other = VIEWS[type_], VIEWS[chunk_type]
    allowed = {"contained", "extension", *own.struct.__struct_encode_fields__, *own.also.split()}
    present = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    return any(name in present for name in other.struct.__struct_encode_fields__ if name not in allowed)


_NAMES = """
    Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent
    Basic Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam
    CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem
    Communication CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract
    Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition
    DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference
    EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare
    EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag
    Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
    ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library
    Linkage List Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense
    MedicationKnowledge MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization
    MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient
    MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
    MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
    MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition
    OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice
    PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure Provenance
    Questionnaire QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition
    ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule
    SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap
    Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
    SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest
    Task TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
"""
RESOURCE_TYPES = frozenset(_NAMES.split())
"""Every resource type of FHIR R4. Source: FHIR 4.0.1, resourcelist."""
