#!/usr/bin/env bash
# Puts the peers that benchmarks run in Python into .native/peers: numpy and
# pymunk. Benchmarks that do not find them say "not installed".
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
mkdir -p .native
"$python" -m venv .native/peers
.native/peers/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pymunk==6.9.0
.native/peers/bin/python -c 'import numpy, pymunk; print("numpy", numpy.__version__, "pymunk", pymunk.version)'
