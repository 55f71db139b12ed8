#!/usr/bin/env bash
# Trains the networks and detectors by which the shipped ones are judged, each without one laboratory
# or one type, and exports them to bundles/. Run it again to go on where it was stopped; what is finished stays.
#
#   scripts/withheld.sh [PROTOCOL...]     by default all of them, two at once, in a night
set -euo pipefail
cd "$(dirname "$0")/.."
runs="${HEMAVISION_RUNS:-runs}"
# A network a core: two threads of one network wait for each other.
export TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3

if [ $# -eq 0 ]; then
    set -- lab-out:{bccd,jtsc,pbc,bcisc,lisc} type-out:{basophil,erythroblast} \
        field-out:{bcisc,draaslan} unseen-cells-detected
fi

make_one() {
    local name="${1/:/-}" recipe=eight-types
    case "$1" in
        field-out:*) name+=-detector recipe=detector ;;
        unseen-cells-detected) name=unseen-cells-detector recipe=detector ;;
    esac
    nice .venv/bin/hemavision train --protocol "$1" --recipe "$recipe" --skip-bad \
        --out "$2/$name" 2>&1 | sed "s/^/$name: /"
    .venv/bin/hemavision export "$2/$name" --out "bundles/$name.onnx" 2>&1 | sed "s/^/$name: /"
}
export -f make_one
printf '%s\n' "$@" | xargs -P 2 -I PROTOCOL bash -c 'set -euo pipefail; make_one PROTOCOL "$0"' "$runs"
