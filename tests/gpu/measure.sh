#!/usr/bin/env bash
# Runs the tests and the benchmarks of training on a GPU: measure.sh FOLDER [PYTHON].
#
# It writes what it finds to FOLDER. Nothing needs to be installed but the dependencies:
# the packages are found by their path. SUBJECTS names the models to measure.
set -uo pipefail
mkdir -p "$1"
folder=$(realpath "$1")
python=${2:-python3}
cd "$(dirname "$0")/../.."
export PYTHONPATH="runtime:scaffold:templates${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONUNBUFFERED=1
"$python" -m pytest -q -m gpu tests/gpu -n 8 -p no:benchmark --show-capture=no --tb short \
  2>&1 | tee "$folder/tests.txt" | tail -n 15
failed=${PIPESTATUS[0]}
"$python" tests/gpu/against_hand.py ${SUBJECTS:+--subjects $SUBJECTS} \
  --json "$folder/against_hand.json" | tee "$folder/against_hand.txt" || failed=1
"$python" tests/benchmarks/training.py --device cuda --rounds 2 --loops hf \
  --subjects mlp --json "$folder/trainers.json" | tee "$folder/trainers.txt" || failed=1
exit "$failed"
