#!/usr/bin/env bash
# Puts the native libraries and the Python judge into .native/, for tests and
# comparisons; the program itself runs without them.
#
#	.native/highs/lib/libhighs.so   the generic solver (milp/highs opens it)
#	.native/venv/bin/python         numpy, to judge the files we write
#
# Everything is pinned by version and SHA-256 in scripts/*.txt. A part appears
# under its name only when it is complete, and is not fetched a second time.
set -euo pipefail
cd "$(dirname "$0")/.."
native=$PWD/.native
python=${PYTHON:-python3}

say() { echo "native: $*"; }

# checksum FILE: what identifies a pinned part; a changed pin is a new part.
checksum() { sha256sum "$1" | cut -c1-12; }

# install_highs: the wheel is a zip file; only the library and its licence are kept.
install_highs() {
	local part=highs-$(checksum scripts/highs.txt)
	if [[ -e $native/$part ]]; then
		say "HiGHS is there"
	else
		local tmp
		tmp=$(mktemp -d "$native/tmp.XXXXXX")
		"$python" -m pip download --quiet --disable-pip-version-check --no-deps \
			--only-binary=:all: --require-hashes -r scripts/highs.txt -d "$tmp/wheel"
		"$python" -m zipfile -e "$tmp"/wheel/*.whl "$tmp/unpacked"
		mkdir -p "$tmp/part/lib"
		cp "$tmp"/unpacked/*.data/purelib/highsbox/highs_dist/lib/*.so "$tmp/part/lib/"
		cp "$tmp"/unpacked/*.data/purelib/highsbox/highs_dist/share/doc/HIGHS/LICENSE.txt "$tmp/part/"
		mv "$tmp/part" "$native/$part"
		rm -rf "$tmp"
		say "HiGHS is installed"
	fi
	# The name is switched by one rename, so that no reader finds half a library.
	ln -sfn "$part" "$native/tmp.link"
	mv -T "$native/tmp.link" "$native/highs"
}

# install_judge: a virtual environment cannot be moved, so it is built in place
# and its stamp, written last, says that it is complete.
install_judge() {
	local version stamp venv=$native/venv
	version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
	case $version in
	3.11 | 3.12 | 3.13 | 3.14) ;;
	*)
		say "Python $version has no numpy pinned in scripts/judge.txt (3.11 to 3.14 have); the checks that numpy judges will be skipped"
		return
		;;
	esac
	stamp="$version $(checksum scripts/judge.txt)"
	if [[ -x $venv/bin/python && -e $venv/stamp && $(<"$venv/stamp") == "$stamp" ]]; then
		say "the Python judge is there"
		return
	fi
	rm -rf "$venv"
	# Without pip of its own: ours installs into it, which needs no python3-venv.
	"$python" -m venv --without-pip "$venv"
	"$python" -m pip --python "$venv/bin/python" install --quiet --disable-pip-version-check \
		--no-deps --only-binary=:all: --require-hashes -r scripts/judge.txt
	"$venv/bin/python" -c 'import numpy'
	echo "$stamp" >"$venv/stamp"
	say "the Python judge is installed (numpy for Python $version)"
}

if [[ $(uname -s) != Linux || ! $(uname -m) =~ ^(x86_64|aarch64)$ ]]; then
	say "wheels are pinned for Linux on x86-64 and arm64 only; here, install HiGHS 1.13.1 yourself and set HINGE_HIGHS to its library"
	exit 0
fi
mkdir -p "$native"
exec 9>"$native/lock" # two runs at once: the second waits, then finds everything there
flock 9
rm -rf "$native"/tmp.*
install_highs
install_judge
