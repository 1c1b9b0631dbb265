#!/usr/bin/env bash
# A backend that is out for a minute and then comes and goes twenty times, under load. Fails if anybody was
# served unchecked, logged out, or answered otherwise than 503. OUTAGE_SECONDS is how long the first outage lasts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
exec cargo test --locked --quiet --package testbed --test stories -- --ignored --nocapture flapping
