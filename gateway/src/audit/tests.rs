use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use authz::ids::RequestId;

use super::*;
use crate::clock::SystemClock;

pub(super) fn event(subject: &str) -> AuditEvent {
    AuditEvent {
        time: "2026-11-21T00:00:00Z".to_owned(),
        request_id: RequestId::from_random([1; 16]),
        trace: None,
        route: "mcp",
        subject: Some(subject.to_owned()),
        client: None,
        method: Some("tools/call"),
        tool: Some("list_studies".to_owned()),
        patients: Vec::new(),
        patients_more: 0,
        report: None,
        outcome: "permitted",
        reason: None,
        status: 200,
        address: None,
    }
}

/// A disk that is full while it is told to be; it takes the first few bytes all the same.
#[derive(Clone, Default)]
struct Disk {
    text: Arc<Mutex<Vec<u8>>>,
    full: Arc<AtomicBool>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.text.lock().unwrap();
        if !self.full.load(Ordering::SeqCst) {
            text.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        if text.last() == Some(&b'\n') {
            text.extend_from_slice(&bytes[..7]);
            return Ok(7);
        }
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk {
    fn report(&self) -> Report {
        let path = std::env::temp_dir().join(format!("audit-{:p}", Arc::as_ptr(&self.text)));
        std::fs::write(&path, &*self.text.lock().unwrap()).unwrap();
        let report = verify(std::slice::from_ref(&path), &Digests::plain(), WrittenTo::Files);
        std::fs::remove_file(&path).unwrap();
        report.unwrap()
    }
}

#[tokio::test]
async fn what_strangers_did_and_was_not_written_is_one_chained_number() {
    let disk = Disk::default();
    let (trail, metrics) = trail(&disk, WhenUnwritable::Refuse);
    for has_event in [true, true, false] {
        trail.suppress(has_event);
    }
    trail.tell_suppressed();
    trail.tell_suppressed();
    trail.settle().await;
    let told = |text: &str| text.matches("\"event\":\"suppressed\"").count();
    assert_eq!(told(&String::from_utf8_lossy(&disk.text.lock().unwrap())), 1);
    let counted = |record| metrics.records_suppressed.with_label_values(&[record]).get();
    assert_eq!((counted("audit"), counted("access")), (2, 3));
    trail.suppress(true);
    drop(trail);
    until(|| String::from_utf8_lossy(&disk.text.lock().unwrap()).contains("\"closed\"")).await;
    let report = disk.report();
    assert_eq!((report.lines, report.suppressed, report.broken.as_ref()), (4, 3, None));
    assert!(!report.has_losses(), "they were counted on purpose");
}

/// A file of its own in the folder for temporary things, gone afterwards.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        let scratch = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&scratch.0).unwrap();
        scratch
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn trail_in(folder: &Scratch) -> AuditTrail {
    let mut config = Audit::default();
    config.file = Some(folder.0.join("audit.jsonl"));
    let opened = Opened::new(&config, "https://gateway.example.org").unwrap();
    AuditTrail::start(opened, &Metrics::new().unwrap(), Arc::new(SystemClock::start()))
}

#[tokio::test]
async fn a_renamed_file_is_left_alone_once_reopened_and_the_chain_goes_on_in_the_new_one() {
    let folder = Scratch::new("reopened");
    let [first, second] = ["audit.jsonl.1", "audit.jsonl"].map(|name| folder.0.join(name));
    let trail = trail_in(&folder);
    trail.record(event("1")).await;
    trail.settle().await;
    std::fs::rename(&second, &first).unwrap();
    trail.reopen().await;
    trail.record(event("2")).await;
    trail.settle().await;
    drop(trail);
    let closed = || std::fs::read_to_string(&second).unwrap().contains("\"closed\"");
    until(closed).await;
    let trail = trail_in(&folder);
    trail.settle().await;
    let files = [first, second];
    let read =
        |files: &[std::path::PathBuf]| verify(files, &Digests::plain(), WrittenTo::Files).unwrap();
    let report = read(&files);
    assert_eq!((report.broken.as_ref(), report.has_losses()), (None, false), "{report:?}");
    assert_eq!(report.lines, 2 + 3 + 1);
    assert!(read(&files[1..]).has_losses(), "without the first file it begins in the middle");
}

#[tokio::test]
async fn a_copy_for_fhir_that_nobody_reads_holds_up_nobody() {
    let folder = Scratch::new("pipe");
    let pipe = folder.0.join("audit.ndjson");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .unwrap();
    let metrics = Metrics::new().unwrap();
    let mut config = Audit::default();
    config.fhir = Some(pipe);
    let disk = Disk::default();
    let opened = Opened::new(&config, "https://gateway.example.org").unwrap();
    let opened = opened.to(Box::new(disk.clone()));
    let trail = AuditTrail::start(opened, &metrics, Arc::new(SystemClock::start()));
    for _ in 0..3 * QUEUE {
        trail.record(event("1")).await;
    }
    let (done, settled) = oneshot::channel();
    assert!(trail.orders.send(Order::Settle(done)).await.is_ok());
    settled.await.unwrap();
    assert!(trail.permits_calls());
    let report = disk.report();
    assert_eq!((report.lines, report.has_losses()), (3 * 1024 + 1, false));
    assert_eq!(metrics.audit_failures.trail.get(), 0);
    let lost = metrics.audit_failures.fhir.get();
    assert!(lost >= 3 * 1024 - 1024 - 1, "{lost}");
}

fn trail(disk: &Disk, when_unwritable: WhenUnwritable) -> (AuditTrail, Metrics) {
    let metrics = Metrics::new().unwrap();
    let mut config = Audit::default();
    config.when_unwritable = when_unwritable;
    config.patience = Duration::from_millis(20);
    let opened = Opened::new(&config, "https://gateway.example.org").unwrap();
    let opened = opened.to(Box::new(disk.clone()));
    (AuditTrail::start(opened, &metrics, Arc::new(SystemClock::start())), metrics)
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn on_a_full_disk_calls_are_refused_until_it_has_room_and_no_line_is_torn() {
    let disk = Disk::default();
    let (trail, metrics) = trail(&disk, WhenUnwritable::Refuse);
    trail.record(event("1")).await;
    trail.settle().await;
    assert!(trail.permits_calls());
    disk.full.store(true, Ordering::SeqCst);
    trail.record(event("2")).await;
    until(|| !trail.permits_calls()).await;
    assert_eq!(metrics.audit_writable.get(), 0);
    disk.full.store(false, Ordering::SeqCst);
    trail.settle().await;
    assert!(trail.permits_calls());
    let report = disk.report();
    assert_eq!((report.lines, &report.broken, report.has_losses()), (3, &None, false));
}

#[tokio::test]
async fn where_the_operator_says_so_calls_go_on_and_what_is_lost_is_counted_and_shows() {
    let disk = Disk::default();
    let (trail, metrics) = trail(&disk, WhenUnwritable::Continue);
    disk.full.store(true, Ordering::SeqCst);
    trail.record(event("1")).await;
    until(|| metrics.audit_writable.get() == 0).await;
    for _ in 0..QUEUE + 200 {
        trail.record(event("2")).await;
    }
    assert!(trail.permits_calls());
    let lost = metrics.audit_failures.trail.get();
    assert!((200 - 64..=201).contains(&lost), "{lost}");
    disk.full.store(false, Ordering::SeqCst);
    trail.settle().await;
    trail.record(event("3")).await;
    trail.settle().await;
    let report = disk.report();
    assert_eq!(report.broken, None);
    let is_the_gap = |(_, finding): &(Place, Finding)| *finding == Finding::Gap(lost);
    assert!(report.findings.iter().any(is_the_gap), "{:?}", report.findings);
}

#[tokio::test]
async fn a_run_says_when_it_began_and_when_it_ended() {
    let disk = Disk::default();
    let (trail, _) = trail(&disk, WhenUnwritable::Refuse);
    trail.record(event("1")).await;
    trail.settle().await;
    drop(trail);
    until(|| String::from_utf8_lossy(&disk.text.lock().unwrap()).contains("\"closed\"")).await;
    let report = disk.report();
    assert_eq!((report.lines, report.broken), (3, None));
}
