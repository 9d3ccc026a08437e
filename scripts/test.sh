#!/usr/bin/env bash
# Runs go vet and every test, and says at the end how many passed, failed and were
# skipped, and why. Arguments go to go test; without any, it is ./...
# TEST_TIMEOUT is how long a package may take; 30m unless set.
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0
(($# > 0)) || set -- ./...

# Named, the library must open: a broken one then fails the tests that a missing
# one would only skip.
if [[ -z ${HINGE_HIGHS:-} && -e .native/highs/lib/libhighs.so ]]; then
	export HINGE_HIGHS=$PWD/.native/highs/lib/libhighs.so
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/testsummary" ./internal/testsummary # go run would change the exit code
go vet "$@"
# -count=1: go test does not see that outside data or a library came or went, and
# would repeat an earlier run's skips.
"$tmp/testsummary" -vet=off -count=1 -timeout "${TEST_TIMEOUT:-30m}" "$@"
