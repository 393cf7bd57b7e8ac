#!/usr/bin/env bash
# What each feature of the facade costs: crates, CPU seconds of a release build, and bytes of the
# library's objects. From nothing, in a folder of its own; prints the rows of benches/RESULTS.md.
#
#   benches/features.sh [FOLDER]
#
# The features are built one after the other over the same folder, so that each row tells what it
# adds to the rows above it. `CPU s` counts rustc, build scripts and C compilers, also for crates that are
# built again since a feature of theirs is turned on: a row on its own is an upper bound.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-$(mktemp -d)}
export CARGO_TARGET_DIR=$folder
crates() { cargo tree -p gori -e normal --prefix none --no-default-features --features "$1" | sed 's/ (\*)$//' | sort -u | wc -l; }
megabytes() { find "$folder/release/deps" -name '*.rlib' -printf '%s\n' | awk '{s += $1} END {printf "%.1f", s / 1e6}'; }

echo "| feature | crates with it | crates it adds | CPU s it adds | MB of compiled libraries it adds |"
echo "|---|---|---|---|---|"
before=0 size=0
for feature in "" splitters vectorstores loaders models code pdf-extract tokenizer-json planner local-llm structured sql sqlite pgvector qdrant fast-tokens bluechi loaders-full; do
  case $feature in
    "") all="" name="none: core and chains" ;;
    models | loaders | splitters | vectorstores) all="${all:+$all,}$feature" name=$feature ;;
    *) all="models,loaders,splitters,vectorstores,$feature" name="default and $feature" ;;
  esac
  count=$(crates "$all")
  seconds=$({ TIMEFORMAT='%U %S'; time cargo build -p gori --quiet --release --lib --no-default-features --features "$all"; } 2>&1 | tail -1 | awk '{printf "%.0f", $1 + $2}')
  now=$(megabytes)
  [ "$name" = models ] && default=$count
  base=${default:-$before}
  echo "| $name | $count | $((count - base)) | $seconds | $(awk "BEGIN {printf \"%.1f\", $now - $size}") |"
  before=$count size=$now
done
