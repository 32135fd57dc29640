#!/bin/sh
# docs/rules.md is what tools/build-rules makes of rules/.
set -eu
cd "$1"
new=$(mktemp)
trap 'rm -f "$new"' EXIT
tools/build-rules --doc "$new" rules/*.yaml
diff -u docs/rules.md "$new" || {
    echo "out of date: tools/build-rules --doc docs/rules.md rules/*.yaml"
    exit 1
}
