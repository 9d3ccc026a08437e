#!/usr/bin/env bash
# Installs the Debian packages that tests and comparisons need, and only those that
# are missing. The program itself needs Go alone.
#
#	python3       unpacks the HiGHS wheel; runs the judges of our file formats
#	python3-pip   fetches wheels by version and hash
#	python3-venv  makes the environment of the benchmarks' peers
#	libstdc++6    HiGHS is written in C++ ..
#	zlib1g        .. and reads compressed models
#	coinor-cbc    a solver that plans can be asked of, and a peer of benchmarks; optional
#	              but for the argument peers: without it its tests are skipped, and counted
#
# A Python from elsewhere serves as well: what counts is what it can do.
set -euo pipefail

python=${PYTHON:-python3}
missing=()

# need PACKAGE COMMAND..: the package is missing if the command fails.
need() {
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}

# has_library NAME: the system's loader knows it. Not grep -q, whose early end
# makes ldconfig fail.
has_library() { /sbin/ldconfig -p | grep "$1"; }

need python3 "$python" -c 'import venv, zipfile'
need python3-pip "$python" -m pip --version
need python3-venv "$python" -c 'import ensurepip'
if [[ $(uname -s) == Linux ]]; then
	need libstdc++6 has_library 'libstdc++\.so\.6'
	need zlib1g has_library 'libz\.so\.1'
fi
[[ ${1:-} != peers ]] || need coinor-cbc command -v cbc

can_install() { command -v apt-get >/dev/null && ((EUID == 0)); }

# install PACKAGE..
install() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q && apt-get install -y -q --no-install-recommends "$@"
}

if ((${#missing[@]} == 0)); then
	echo "deps: everything is there"
elif can_install; then
	install "${missing[@]}"
elif command -v apt-get >/dev/null; then
	echo "deps: missing: ${missing[*]}; run: sudo make deps" >&2
	exit 1
else
	echo "deps: missing here (names of the Debian packages): ${missing[*]}; install them and try again" >&2
	exit 1
fi

if ! command -v cbc >/dev/null && ! { can_install && install coinor-cbc; }; then
	echo "deps: there is no cbc (Debian package coinor-cbc): its tests will be skipped"
fi
