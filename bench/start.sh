#!/usr/bin/env bash
# Measures the start of `beret predict`: from nothing to the first answer, process, runtime and loading included, the files in the system's cache.
#
#   bench/start.sh MODEL [RESULTS.jsonl]    MODEL is a folder that `beret train` wrote
#
# The program is published as the README says (ReadyToRun) into artifacts/bench/start. RUNS changes how often it is started; the median is what counts.
set -euo pipefail
model=$(realpath "${1:?a model folder is wanted}")
results=${2:+$(realpath -m "$2")}
cd "$(dirname "$0")/.."
runs=${RUNS:-21}
folder=artifacts/bench/start
platform=linux-$([ "$(uname -m)" = aarch64 ] && echo arm64 || echo x64)

dotnet publish src/Beret.Cli -c Release -r "$platform" -o "$folder" -v quiet --nologo >&2

# A published program asks DOTNET_ROOT where the runtime is, if it is not in the usual place.
export DOTNET_ROOT=${DOTNET_ROOT:-$(dirname "$(realpath "$(command -v dotnet)")")}
times=()
for ((run = 0; run <= runs; run++)); do
    start=${EPOCHREALTIME/[.,]/}
    answer=$(echo "this is such an amazing movie!" | "$folder/beret" predict "$model")
    times+=($((${EPOCHREALTIME/[.,]/} - start)))
done

echo "$answer" >&2

# The first run fills the cache and is not counted.
mapfile -t sorted < <(printf '%s\n' "${times[@]:1}" | sort -n)
median=${sorted[runs / 2]}
printf 'start    %-72s %10.3f ms (best %d, worst %d)\n' "$(basename "$model")" "${median}e-3" "$((sorted[0] / 1000))" "$((sorted[runs - 1] / 1000))"
if [ -n "$results" ]; then
    printf '{"kind":"start","by":"Beret","name":"%s, first prediction","seconds":%d.%06d,"flops":0,"bytes":0,"texts":1}\n' \
        "$(basename "$model")" "$((median / 1000000))" "$((median % 1000000))" >> "$results"
fi
