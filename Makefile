# make demo     a first look; needs Go alone
# make build    the program, ./hinge
# make test     every check (fetches what they need, once)
#
# Everything builds without a C compiler, but for robot/ and the viewer's window.
export CGO_ENABLED := 0

.PHONY: demo build deps native peers test lint bench soak clean

demo:
	go run ./cmd/hinge demo

build:
	go build -trimpath -o hinge ./cmd/hinge

# Debian packages for tests and comparisons; root only if one is missing.
deps:
	scripts/deps.sh

# HiGHS and a Python with numpy, into .native/, pinned by hash.
native: deps
	scripts/native.sh

# What benchmarks compare with: CBC from Debian, the others into .native/.
peers: native
	scripts/deps.sh peers
	bench/peers.sh

test: native
	scripts/test.sh

lint:
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "not formatted (gofmt -w):" $$files; exit 1; fi
	go vet ./...
	go tool staticcheck ./...

bench: build
	scripts/bench.sh

# Long random tests, the race detector where there is a C compiler, fuzz targets.
soak: native
	scripts/soak.sh

# Removes what the targets above made; runs/ holds results and stays.
clean:
	rm -rf hinge demo .native
