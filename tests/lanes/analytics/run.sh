#!/usr/bin/env bash
# Every figure of the tools over readings, computed once more with numpy from the Exchange's own rows, and
# compared to the printed digit. Prints a line for each question and `N passed, M failed`; fails if any failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../clients/install.sh"

packages=(numpy==2.4.6 scipy==1.17.1 tzdata==2026.6)
install "$cache/analytics" "${packages[*]}" "python3 -m venv . && bin/pip install --quiet ${packages[*]}"

cd "$here/../../.."
cargo build --locked --quiet --profile lane --package testbed --bin analytics_site
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
PYTHONDONTWRITEBYTECODE=1 "$cache/analytics/bin/python" "$here/lane.py" "$target/lane/analytics_site"
