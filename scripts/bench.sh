#!/usr/bin/env bash
# Runs Go's benchmarks, then each benchmark of `hinge bench`, in one go on one
# machine. Peers that are not installed are named as such (see `make peers`).
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0
go test -run='^$' -bench=. ./...
names=$(./hinge list benches --json | grep -o '"name": *"[^"]*"' | cut -d'"' -f4)
for name in $names; do
	echo "== hinge bench $name"
	./hinge bench "$name"
done
