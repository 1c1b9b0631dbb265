//! One patient's observations, in order of time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::{Limit, Page, window};
use super::data_type::{Asked, resolve};
use super::envelope::{Envelope, TotalSource};
use super::error::ToolError;
use super::imported::Imported;
use super::mix::{Grain, Mix};
use super::page::{Paged, fit, note_missing};
use super::records::{Census, Dating, Records, count, count_unless, page};
use super::rows::{Row, Verbosity};
use super::served::{Family, Need};
use super::timeline::{self, read_dated, read_undated};
use super::who::may_see;
use super::{Tool, imported};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::fhir::observation::Observation;
use crate::fhir::search::Sort;

const FREE_TEXT: &[&str] = &[
    "observations[].type",
    "observations[].activity",
    "observations[].unit",
    "observations[].measures[].unit",
    "observations[].statistic",
    "observations[].statistic_over",
    "observations[].source",
    "observations[].datasheets",
    "observations[].effective_original",
    "observations[].omh_body",
    "observations[].omh_header",
];

/// More observations than anybody reads one by one.
const MANY: u64 = 1_000;

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
}

impl From<Order> for Sort {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::Newest,
            Order::Oldest => Self::Oldest,
        }
    }
}

/// `get_patient_observations`
#[derive(Debug)]
pub struct PatientObservations;

/// Which observations, and how they are shown.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientObservationsInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
    /// Only this kind of data, as `heart-rate` or `omh:heart-rate:2.0`.
    #[serde(default)]
    data_type: Option<String>,
    /// The first day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    start: Option<String>,
    /// The last day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    end: Option<String>,
    /// `slim` gives the readings, `full` the whole Open mHealth body and header.
    #[serde(default)]
    verbosity: Verbosity,
    /// `newest` or `oldest` first.
    #[serde(default)]
    order: Order,
    /// How many observations a page has.
    #[serde(default)]
    limit: Limit,
    /// Which page, from 1.
    #[serde(default)]
    page: Page,
}

/// A page of observations.
#[derive(Serialize, JsonSchema)]
pub struct PatientObservationsAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    paged: Paged,
    #[serde(flatten)]
    asked: Asked,
    #[serde(flatten)]
    dating: Dating,
    /// What the observations on this page are.
    readings: Mix,
    /// How many of the total are imported; the backend keeps those apart from its own.
    #[serde(skip_serializing_if = "imported::is_zero")]
    imported: u64,
    /// The observations.
    observations: Vec<Row>,
}

/// Rows in order, with the total they are a page of.
struct Found {
    rows: Vec<Observation>,
    total: u64,
    source: TotalSource,
    is_merged: bool,
}

impl Tool for PatientObservations {
    const NAME: &'static str = "get_patient_observations";
    const TITLE: &'static str = "Read a patient's observations";
    const FAMILY: Family = Family::Observations;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "One patient's observations, newest first unless asked otherwise, by kind and by days. Ask \
         for counts or for the date range first; page with limit and page while has_more is true. \
         Blood pressure has two measures: report both.";
    type Input = PatientObservationsInput;
    type Output = PatientObservationsAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: PatientObservationsInput,
    ) -> Result<PatientObservationsAnswer, ToolError> {
        let window = window(input.start.as_deref(), input.end.as_deref())?;
        may_see(inquiry, &input.patient_id).await?;
        let kind = resolve(inquiry, input.data_type.as_deref()).await?;
        let records = Records::of_patient(input.patient_id.clone(), kind.as_ref(), window);
        let about = ToolError::about("patient");
        let is_open = records.window.is_open();
        let (server, dated, everything, asked) = tokio::join!(
            by_server(inquiry, &records, &input),
            count(inquiry, records.dated()),
            count_unless(inquiry, is_open, records.everything()),
            imported::ask(inquiry, &records),
        );
        let server = server.map_err(&about)?;
        let total = everything.map_err(&about)?.unwrap_or(server.total);
        let census = Census::of(total, dated).map_err(&about)?;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let codes = Asked::note(kind.as_ref(), &mut envelope);
        let dating = Dating::new(inquiry, &records.window, census, &mut envelope);
        let known = imported::noted(asked, &mut envelope)?;
        let imported = imported::read(inquiry, &records, known, &mut envelope).await?;
        let shown = imported.count();
        let is_mixed = shown > 0 || census.is_some_and(|census| census.undated() > 0);
        let found = if is_mixed {
            merged(inquiry, &records, &input, (census, server, imported), &mut envelope).await?
        } else {
            server
        };
        let slice = (input.page, input.limit);
        note_missing(found.total, slice, found.rows.len(), &mut envelope);
        if found.total > MANY {
            envelope.hint(many(found.total));
        }
        let grains: Vec<Grain> = found.rows.iter().map(Grain::of).collect();
        let rows: Vec<Row> =
            found.rows.into_iter().map(|point| Row::of(point, input.verbosity)).collect();
        let observations = fit(rows, inquiry.means.answer_bytes, &mut envelope);
        let paged = Paged::new(found.total, found.source, slice, observations.len());
        let readings = Mix::count(grains.into_iter().take(observations.len()));
        readings.warn("This page", &mut envelope);
        let imported = if found.is_merged { shown } else { 0 };
        Ok(PatientObservationsAnswer {
            envelope,
            paged,
            asked: codes,
            dating,
            readings,
            imported,
            observations,
        })
    }
}

/// The page as the backend orders it. A page past the end is an empty one.
async fn by_server(
    inquiry: &Inquiry,
    records: &Records,
    input: &PatientObservationsInput,
) -> Result<Found, Fault> {
    let source = TotalSource::Server;
    let (limit, number) = (input.limit.number(), input.page.number());
    match inquiry.search(page(records.inside(), limit, number, input.order.into())).await {
        Ok(bundle) => {
            let mut rows = records.read(bundle.resources())?;
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(Found { rows, total: bundle.total(), source, is_merged: false })
        }
        Err(Fault::InvalidPage) => {
            let total = count(inquiry, records.inside()).await?;
            Ok(Found { rows: Vec::new(), total, source, is_merged: false })
        }
        Err(fault) => Err(fault),
    }
}

/// The page with the undated and the imported records in their places, if they can all be read;
/// otherwise the backend's page, which says what it misses.
async fn merged(
    inquiry: &Inquiry,
    records: &Records,
    input: &PatientObservationsInput,
    (census, server, imported): (Option<Census>, Found, Imported),
    envelope: &mut Envelope,
) -> Result<Found, ToolError> {
    let is_open = records.window.is_open();
    // Without a census it is not known which of them the backend can date: all come as it orders them.
    let census = census.unwrap_or(Census { total: server.total, dated: server.total });
    let dated = if is_open { census.dated } else { server.total };
    let reach = u64::from(input.page.number()) * u64::from(input.limit.number());
    let sort = || Sort::from(input.order);
    let (undated, before) = tokio::join!(
        read_undated(inquiry, records, census),
        read_dated(inquiry, records, sort(), dated.min(reach)),
    );
    let (undated, before) = (undated?, before?);
    if let Some(by) = undated.stopped_by.or(before.stopped_by).or(imported.stopped_by) {
        envelope.truncate(by, unmerged(census, &imported, is_open));
        return Ok(server);
    }
    let (timed, untimed): (Vec<_>, Vec<_>) =
        undated.rows.into_iter().partition(|row| row.instant().is_some());
    let zone = inquiry.zone();
    let inside = |row: &Observation| {
        row.instant().is_some_and(|instant| records.window.contains(instant, &zone))
    };
    let mut rows: Vec<Observation> =
        timed.into_iter().filter(|row| is_open || inside(row)).collect();
    if is_open {
        rows.extend(untimed);
    } else if !untimed.is_empty() {
        envelope.leave_out(format!(
            "{} records have no time at all, so whether they fall into the window is not known.",
            untimed.len()
        ));
    }
    if census.undated() > 0 {
        envelope.hint(format!(
            "{} records have no effective time at the backend; the time in their Open mHealth body \
             was used.",
            census.undated()
        ));
    }
    rows.extend(imported.rows);
    let total = dated + u64::try_from(rows.len()).unwrap_or(u64::MAX);
    rows.extend(before.rows);
    timeline::order(&mut rows, &sort());
    let skipped = usize::try_from(reach - u64::from(input.limit.number())).unwrap_or(usize::MAX);
    let wanted = usize::try_from(input.limit.number()).unwrap_or(usize::MAX);
    let rows = rows.into_iter().skip(skipped).take(wanted).collect();
    Ok(Found { rows, total, source: TotalSource::Counted, is_merged: true })
}

fn many(total: u64) -> String {
    format!(
        "There are {total}: do not page through them. summarize_patient_observations shows all kinds with \
         their counts and times; then read one data_type or a few days."
    )
}

fn unmerged(census: Census, imported: &Imported, is_open: bool) -> String {
    let (undated, imported) = (census.undated(), imported.count());
    let missed = if is_open {
        "they come last, whenever they were measured"
    } else {
        "those of them that fall into the window are missing"
    };
    format!(
        "{undated} records have no effective time at the backend, and could not all be read: {missed}. \
         {imported} imported records are missing here; fhir_search finds them by _source."
    )
}
