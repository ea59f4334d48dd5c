"""hi_fhir: health inequality measures for primary care networks, over FHIR."""

__version__ = "0.1.0"
