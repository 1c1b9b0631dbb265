//! Whether two programs are worn out: what they count, what they take, what they leave open.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::Verdict;
use super::calls::Tally;
use super::program::{Program, Vitals};
use super::soak::Times;
use super::vitals::{LOAD, PROGRAMS, Series};

/// What may be left open at the end, beyond the beginning.
const LEFT_OPEN: usize = 5;
/// What memory may grow by between the second tenth and the last, in KiB.
const DRIFT: u64 = 10 * 1024;
/// Processor time for a request in the last tenth, of that in the second, in hundredths, each by what the load
/// itself takes then: a machine that others slow down slows all of them.
const COSTLIER: u64 = 120;
/// The slowest hundredth of the last tenth, of that of the first, in hundredths: told, and judged only
/// beyond this, as it is the machine's neighbours' too.
const SLOWER: u32 = 200;
/// How long connections may take to end once nobody wants them.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the programs count what the clients counted, and nothing that broke.
pub(super) async fn counted(
    verdict: &mut Verdict,
    tally: &Tally,
    programs: &[Program; 2],
) -> Result<()> {
    let [gateway, core] = programs;
    let calls: u64 = ["new connections", "HTTP/2", "HTTP/1.1"]
        .iter()
        .map(|over| tally.count(&format!("calls over {over}")))
        .sum();
    let calls = calls + tally.count("calls that ask the backend");
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
    let expected = [calls as f64, tally.count("refused strangers") as f64];
    let mut seen = [0.0; 2];
    for (count, outcome) in seen.iter_mut().zip(["permitted", "refused"]) {
        let line = format!("gateway_requests_total{{outcome=\"{outcome}\",route=\"mcp\"}}");
        *count = gateway.metric(&line).await?;
    }
    let [permitted, refused] = seen;
    verdict.say(format!("the gateway counts {permitted} permitted and {refused} refused"));
    let is_same = seen.iter().zip(expected).all(|(seen, sent)| (seen - sent).abs() < 0.5);
    verdict.must(is_same, &format!("the gateway counts otherwise than its clients: {expected:?}"));
    for (program, name) in [
        (gateway, "gateway_faults_total"),
        (gateway, "gateway_panics_total"),
        (gateway, "gateway_audit_failures_total"),
        (core, "mcp_panics_total"),
    ] {
        for (series, count) in program.series(name).await? {
            verdict.must(count < 0.5, &format!("{series} is {count}"));
        }
    }
    Ok(())
}

/// Whether a program takes more and more.
pub(super) fn drift(verdict: &mut Verdict, series: &Series, requests: u64) {
    let load = |tenth| series.cost(LOAD, tenth, requests);
    let (Some(usual), Some(later)) = (load(1), load(9)) else {
        return verdict.must(false, "too few samples: more requests are needed");
    };
    verdict.say(format!("load: {usual} µs of processor for each request, then {later} µs"));
    for (program, name) in PROGRAMS.iter().enumerate() {
        let memory = |tenth| series.memory(program, tenth, requests);
        let cost = |tenth| series.cost(program, tenth, requests);
        let (Some(before), Some(after)) = (memory(1), memory(9)) else {
            return verdict.must(false, "too few samples: more requests are needed");
        };
        let (Some(dear), Some(dearer)) = (cost(1), cost(9)) else {
            return verdict.must(false, "too few samples: more requests are needed");
        };
        verdict.say(format!(
            "{name}: {:.1} MiB in the second tenth, {:.1} MiB in the last; {dear} µs of processor for \
             each request, then {dearer} µs",
            mebibytes(before),
            mebibytes(after)
        ));
        verdict.must(after <= before + DRIFT, &format!("{name}: memory drifts"));
        verdict.must(
            dearer * usual * 100 <= dear * later * COSTLIER,
            &format!("{name}: requests cost more"),
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

/// Whether calls take longer and longer.
pub(super) fn slower(verdict: &mut Verdict, mut times: Times) {
    let mut slowest = times.iter_mut().map(|tenth| {
        tenth.sort_unstable();
        tenth.get(tenth.len() * 99 / 100).copied().unwrap_or_default()
    });
    let (first, last) = (slowest.next().unwrap_or_default(), slowest.last().unwrap_or_default());
    let hundredths = last.saturating_mul(100) / first.max(1);
    verdict.say(format!(
        "the slowest hundredth of plain calls: {first} µs in the first tenth, {last} µs in the last: \
         {hundredths} % (110 % is the aim)"
    ));
    verdict.must(hundredths <= SLOWER, "calls take longer and longer");
}

/// Whether all is closed again that was opened.
pub(super) async fn settled(
    verdict: &mut Verdict,
    idle: [Vitals; 2],
    programs: &[Program; 2],
) -> Result<()> {
    let [gateway, _] = programs;
    let began = Instant::now();
    for gauge in ["gateway_connections ", "gateway_requests_in_flight", "gateway_requests_at_work"]
    {
        while gateway.metric(gauge).await? > 0.5 {
            ensure!(began.elapsed() < PATIENCE, "{gauge} does not come to rest");
            sleep(Duration::from_millis(100)).await;
        }
    }
    for ((program, name), before) in programs.iter().zip(PROGRAMS).zip(idle) {
        let mut now = program.vitals()?;
        // Connections between the programs end by their own deadline.
        while began.elapsed() < PATIENCE && !is_at_rest(&before, &now) {
            sleep(Duration::from_millis(500)).await;
            now = program.vitals()?;
        }
        let told =
            |count: Option<usize>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        verdict.say(format!(
            "{name}: {} descriptors and {} threads before, {} and {} after; {:.1} MiB when started, {:.1} MiB \
             at the end",
            told(before.descriptors),
            before.threads,
            told(now.descriptors),
            now.threads,
            mebibytes(before.memory),
            mebibytes(now.memory)
        ));
        verdict.must(is_at_rest(&before, &now), &format!("{name}: something stays open"));
        if now.descriptors.is_none() {
            verdict.say(format!("{name}: descriptors are not judged: only root may count them"));
        }
    }
    Ok(())
}

fn is_at_rest(before: &Vitals, now: &Vitals) -> bool {
    let most = before.descriptors.map(|count| count + LEFT_OPEN);
    let threads = before.threads + u64::try_from(LEFT_OPEN).unwrap_or_default();
    most.zip(now.descriptors).is_none_or(|(most, open)| open <= most) && now.threads <= threads
}
