#!/bin/sh
# hi-fhir as it is called in a container: a secret that a file has is put where hi-fhir looks for it, as NAME_FILE says.
# Files are what Docker, Podman and Kubernetes give secrets in; a value in the environment would be shown by `inspect`.
set -eu

secrets='PGPASSWORD|HI_FHIR_STORE_URL|HI_FHIR_PROXY|HI_FHIR_[A-Z0-9_]*TOKEN'
for name in $(env | sed -nE "s/^($secrets)_FILE=.*/\1/p"); do
  file=$(printenv "${name}_FILE")
  if [ ! -r "$file" ]; then
    echo "hi-fhir: ${name}_FILE names $file, which user $(id -u) cannot read. Mount the secret there, readable by that user." >&2
    exit 2
  fi
  export "$name=$(cat "$file")"
  unset "${name}_FILE"
done
exec /opt/hi-fhir/bin/hi-fhir "$@"
