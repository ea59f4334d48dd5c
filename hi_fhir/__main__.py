"""`python -m hi_fhir`: the command line where the script is not on the path."""

from hi_fhir.cli.main import main

main()
