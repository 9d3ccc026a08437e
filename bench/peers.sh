#!/usr/bin/env bash
# Puts the peers that benchmarks run in Python into .native/peers: numpy, pymunk,
# SCIP and Gurobi, pinned by version and SHA-256 in bench/peers.txt. CBC is a
# Debian package (scripts/deps.sh peers), HiGHS comes with `make native`. Benchmarks
# that do not find one of them say "not installed".
set -euo pipefail
cd "$(dirname "$0")/.."
peers=.native/peers
python=${PYTHON:-python3}

mkdir -p .native
exec 9>.native/lock # two runs at once: the second waits
flock 9
[[ -x $peers/bin/python ]] || "$python" -m venv --without-pip "$peers"
"$python" -m pip --python "$peers/bin/python" install --quiet --disable-pip-version-check \
	--no-deps --only-binary=:all: --require-hashes -r bench/peers.txt
for solver in scip gurobi cbc; do
	echo "peers: $solver $("$peers/bin/python" bench/peers/mip.py "$solver" --version || echo "not installed")"
done
"$peers/bin/python" -c 'import numpy, pymunk; print("peers: numpy", numpy.__version__, "pymunk", pymunk.version)'
