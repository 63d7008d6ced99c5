#!/usr/bin/env bash
# /init does not depend on where it is built: a copy of the sources, in another folder with a longer
# name, built with optimisation instead of sanitizers around it, gives the same bytes.
#
# usage: reproducible_test.sh SOURCE_DIR PATH_OF_INIT C_COMPILER CXX_COMPILER
set -euo pipefail
source_dir=$1 init=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

copy=$work/another/and-a-much-longer/folder
mkdir -p "$copy"
cp -r "$source_dir"/{CMakeLists.txt,core,harness} "$copy"
cmake -G Ninja -S "$copy" -B "$copy/out" -DCMAKE_BUILD_TYPE=Release -DMINIT_ONLY_INIT=ON \
  -DCMAKE_C_COMPILER="$3" -DCMAKE_CXX_COMPILER="$4" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$copy/out" --target init >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmp "$init" "$copy/out/bin/init" || { echo "the two builds differ"; exit 1; }
if grep -qF "$work" "$init" || grep -qF "$source_dir" "$init"; then
  echo "/init names the folder in which it was built"
  exit 1
fi
echo "the same $(stat -c %s "$init") bytes"
