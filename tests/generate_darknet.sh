#!/bin/sh
# generate-darknet GENERATE-DARKNET: no option, known or not, becomes the name of a file.
set -eu
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$program" --help | grep -q '^usage: '
for option in -h --days --unheard - --seasonal; do
    code=0
    "$program" "$option" 2>said || code=$?
    [ "$code" = 2 ] && grep -q '^usage: ' said
done
code=0
"$program" --days 1 -x 2>said || code=$?
[ "$code" = 2 ]
rm said
[ -z "$(ls -A)" ]
"$program" dark.pcap 10 | grep -q '"packets": 10'
[ -s dark.pcap ]
