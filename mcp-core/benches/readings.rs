//! What it costs to read a backend's bundle, and the Open mHealth bodies in it, as it grows.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use fhir_mcp_core::fhir::bundle::Searchset;
use fhir_mcp_core::fhir::observation::Observation;
use fhir_mcp_core::omh::{attachment, measure};
use fhir_mcp_core::tools::rows::{Row, Verbosity};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const OBSERVATIONS: [usize; 5] = [10, 100, 1000, 10_000, 45_000];
const CODE: &str = "omh:blood-glucose:4.0";

fn main() {
    divan::main();
}

fn encoded(number: usize) -> String {
    let minute = number % 60;
    let hour = number / 60 % 24;
    let point = json!({
        "header": {"uuid": format!("00000000-0000-4000-8000-{number:012}"),
                   "schema_id": {"namespace": "omh", "name": "blood-glucose", "version": "4.0"},
                   "source_creation_date_time": "2026-11-01T00:00:00Z", "modality": "sensed"},
        "body": {"blood_glucose": {"unit": "mg/dL", "value": 70 + number % 120},
                 "effective_time_frame": {"date_time": format!("2026-11-01T{hour:02}:{minute:02}:00Z")}},
    });
    STANDARD.encode(point.to_string())
}

fn resource(number: usize) -> Value {
    json!({
        "resourceType": "Observation",
        "id": number.to_string(),
        "status": "final",
        "subject": {"reference": "Patient/40001"},
        "code": {"coding": [{"system": "https://w3id.org/openmhealth", "code": CODE}]},
        "valueAttachment": {"contentType": "application/json", "data": encoded(number)},
    })
}

fn bundle(count: usize) -> String {
    let entries: Vec<Value> =
        (0..count).map(|n| json!({"resource": resource(n), "search": {"mode": "match"}})).collect();
    json!({"resourceType": "Bundle", "type": "searchset", "total": count, "entry": entries})
        .to_string()
}

#[divan::bench(args = OBSERVATIONS)]
fn from_the_wire_to_rows(bencher: Bencher<'_, '_>, count: usize) {
    let wire = bundle(count);
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let body: Value = serde_json::from_str(black_box(&wire)).unwrap();
        let found = Searchset::read(body, "Observation").unwrap();
        let rows = found.matches.iter().filter_map(Observation::read);
        rows.map(|point| Row::of(point, Verbosity::Slim)).collect::<Vec<_>>().len()
    });
}

#[divan::bench(args = OBSERVATIONS)]
fn open_mhealth_bodies(bencher: Bencher<'_, '_>, count: usize) {
    let bodies: Vec<String> = (0..count).map(encoded).collect();
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let decoded = black_box(&bodies).iter().map(|body| attachment::decode(body).unwrap());
        decoded.filter(|point| !measure::read(CODE, &point.body).measures.is_empty()).count()
    });
}
