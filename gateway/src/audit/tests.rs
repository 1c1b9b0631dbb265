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
        let report = verify(std::slice::from_ref(&path), &Digests::plain());
        std::fs::remove_file(&path).unwrap();
        report.unwrap()
    }
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
    let lost = metrics.audit_failures.with_label_values(&["trail"]).get();
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
