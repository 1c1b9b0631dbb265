//! What figures over readings are of, told by records that a story wrote itself.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::Told;
use testbed::mcp::Era;

use crate::tools::Caller;

const PATIENT: u32 = 40001;
const RATE: &str = "omh:heart-rate:2.0";

/// A record of a span, or of none; its time stands in its body alone unless it is dated.
fn told(
    code: &str,
    span: Option<[&str; 2]>,
    mut body: Value,
    source: &str,
    dated: bool,
) -> Result<Told> {
    let (mut start, mut end) = (0, None);
    if let Some([from, until]) = span {
        let frame = json!({"time_interval": {"start_date_time": from, "end_date_time": until}});
        let members = body.as_object_mut().context("a body")?;
        members.insert("effective_time_frame".to_owned(), frame);
        let micros = |text: &str| text.parse().map(jiff::Timestamp::as_microsecond);
        (start, end) = (micros(from)?, Some(micros(until)?));
    }
    let header = json!({"acquisition_provenance": {"source_name": source}});
    let data_point = json!({"header": header, "body": body}).to_string();
    Ok(Told { patient: PATIENT, code: code.to_owned(), start, end, dated, data_point })
}

async fn mary(records: &[Told]) -> Result<(TestBed, Caller)> {
    let bed = TestBed::start().await?;
    bed.exchange.tell(records)?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    Ok((bed, mary))
}

fn october() -> Value {
    json!({"patient_id": PATIENT, "start": "2026-10-01", "end": "2026-10-31"})
}

#[tokio::test]
async fn figures_of_summaries_alone_are_partial_and_only_nothing_at_all_is_unknown() -> Result<()> {
    let night = Some(["2026-10-09T22:00:00Z", "2026-10-10T06:00:00Z"]);
    let rate = json!({"heart_rate": {"value": 51, "unit": "beats/min"}});
    let average = json!({"heart_rate": {"value": 52, "unit": "beats/min"}, "descriptive_statistic": "average"});
    let weight = json!({"body_weight": {"value": 80, "unit": "kg"}});
    let records = [
        told(RATE, night, average, "watch", true)?,
        told(RATE, None, rate, "watch", false)?,
        told("omh:body-weight:3.0", None, weight, "scales", false)?,
    ];
    let (_bed, mary) = mary(&records).await?;
    let report = mary.content("heart_rate_report", october()).await?;
    assert_eq!(report["report"]["summary_records"][0]["mean"], 52, "{report}");
    assert_eq!((&report["status"], &report["records"]["untimed"]), (&json!("partial"), &json!(1)));
    let mut asked = october();
    asked["data_type"] = "body-weight".into();
    let trend = mary.content("observation_trend", asked).await?;
    assert_eq!((&trend["status"], &trend["report"]), (&json!("unknown"), &Value::Null), "{trend}");
    let of = |kinds: Value| json!({"patient_ids": [PATIENT], "data_types": kinds, "start": "2026-10-01", "end": "2026-10-31"});
    let both = mary.content("observation_stats", of(json!(["heart-rate", "body-weight"]))).await?;
    assert_eq!(both["status"], "partial", "the rate is known: {both}");
    let one = mary.content("observation_stats", of(json!(["body-weight"]))).await?;
    assert_eq!(one["status"], "unknown", "{one}");
    Ok(())
}

#[tokio::test]
async fn what_an_activity_comes_from_is_named_beside_what_steps_come_from() -> Result<()> {
    let hour = Some(["2026-10-09T08:00:00Z", "2026-10-09T09:00:00Z"]);
    let run = json!({"activity_name": "run", "kcal_burned": {"value": 300, "unit": "kcal"}});
    let records = [
        told("omh:step-count:3.0", hour, json!({"step_count": 900}), "phone", true)?,
        told("omh:physical-activity:1.2", hour, run, "watch", true)?,
    ];
    let (_bed, mary) = mary(&records).await?;
    let report = mary.content("activity_report", october()).await?;
    let expected = json!([{"source": "phone", "n": 1}, {"source": "watch", "n": 1}]);
    assert_eq!(report["recorded_by"], expected, "{report}");
    Ok(())
}

#[tokio::test]
async fn a_span_from_the_local_eve_counts_and_an_earlier_one_does_not_with_and_without_dates()
-> Result<()> {
    for dated in [true, false] {
        let steps = |from, count: u32| {
            let span = Some([from, "2026-10-10T06:00:00Z"]);
            told("omh:step-count:3.0", span, json!({ "step_count": count }), "phone", dated)
        };
        // In Auckland the eve of the tenth began on the eighth at 11:00 UTC.
        let records = [steps("2026-10-08T10:59:59Z", 100)?, steps("2026-10-08T11:00:00Z", 7)?];
        let (_bed, mary) = mary(&records).await?;
        let asked = json!({"patient_ids": [PATIENT], "data_types": ["step-count"], "start": "2026-10-10",
                           "end": "2026-10-10", "timezone": "Pacific/Auckland"});
        let stats = mary.content("observation_stats", asked).await?;
        let figures = &stats["results"][0]["figures"];
        assert_eq!(
            (&figures[0]["n"], &figures[0]["max"]),
            (&json!(1), &json!(7)),
            "{dated}: {stats}"
        );
    }
    Ok(())
}
