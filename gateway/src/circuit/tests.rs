use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use authz::time::Timestamp;

use super::*;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn opened(now: Duration) -> Circuit {
    let mut circuit = Circuit::default();
    (0..FAULTS).for_each(|_| circuit.failed(now));
    circuit
}

#[test]
fn the_fifth_fault_in_a_row_opens_it_and_an_answer_in_between_begins_anew() {
    let mut circuit = Circuit::default();
    for round in 0..3 {
        (0..4).for_each(|_| circuit.failed(seconds(round)));
        assert!(circuit.may_ask(seconds(round)) && !circuit.is_open());
        circuit.answered();
    }
    assert!(opened(seconds(7)).is_open());
    assert!(!opened(seconds(7)).may_ask(seconds(7)));
}

#[test]
fn an_open_one_lets_one_question_a_second_through() {
    let mut circuit = opened(seconds(0));
    let tenths = (0..50).map(|tenth| Duration::from_millis(100 * tenth));
    let asked = tenths.filter(|now| circuit.may_ask(*now)).collect::<Vec<_>>();
    assert_eq!(asked, [1, 2, 3, 4].map(seconds));
}

#[test]
fn a_probe_that_fails_leaves_it_open_and_one_that_is_answered_closes_it() {
    let mut circuit = opened(seconds(0));
    assert!(circuit.may_ask(seconds(1)));
    circuit.failed(seconds(1));
    assert!(circuit.is_open() && !circuit.may_ask(seconds(1)));
    assert!(circuit.may_ask(seconds(2)));
    circuit.answered();
    assert_eq!(circuit, Circuit::default());
}

#[test]
fn late_faults_of_questions_from_before_do_not_put_the_next_probe_off() {
    let mut circuit = opened(seconds(0));
    (0..60).for_each(|late| circuit.failed(Duration::from_millis(late * 10)));
    assert!(circuit.may_ask(seconds(1)));
}

#[derive(Debug, Default)]
struct Manual(AtomicU64);

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Duration {
        seconds(self.0.load(Ordering::SeqCst))
    }
}

/// Answers as it is told, and counts.
#[derive(Debug)]
struct Scripted {
    answer: Mutex<Result<Introspection, Fault>>,
    asked: AtomicUsize,
}

#[async_trait]
impl TokenIntrospector for Scripted {
    async fn introspect(&self, _: &BackendToken) -> Result<Introspection, Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answer.lock().unwrap().clone()
    }
}

struct Bench {
    sparing: SparingIntrospector,
    inner: Arc<Scripted>,
    clock: Arc<Manual>,
}

impl Bench {
    fn new(answer: Result<Introspection, Fault>) -> Self {
        let inner = Arc::new(Scripted { answer: Mutex::new(answer), asked: AtomicUsize::new(0) });
        let clock = Arc::new(Manual::default());
        let gauge = IntGauge::new("open", "open").unwrap();
        let sparing = SparingIntrospector::new(
            Arc::clone(&inner) as Arc<dyn TokenIntrospector>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            gauge,
        );
        Self { sparing, inner, clock }
    }

    fn answer(&self, answer: Result<Introspection, Fault>) {
        *self.inner.answer.lock().unwrap() = answer;
    }

    async fn ask(&self) -> &'static str {
        match self.sparing.introspect(&BackendToken::new("token")).await {
            Ok(_) => "answer",
            Err(fault) => fault.kind(),
        }
    }

    fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn after_five_faults_nobody_asks_but_one_a_second_until_one_is_answered() {
    let bench = Bench::new(Err(Fault::BackendLate));
    for _ in 0..5 {
        assert_eq!(bench.ask().await, "backend_late");
    }
    for second in 1..=3 {
        for _ in 0..10 {
            assert_eq!(bench.ask().await, "backend_spared");
        }
        assert_eq!(bench.sparing.is_open.get(), 1);
        bench.clock.0.store(second, Ordering::SeqCst);
        assert_eq!(bench.ask().await, "backend_late");
    }
    assert_eq!(bench.asked(), 5 + 3);
    bench.answer(Ok(Introspection::Inactive));
    bench.clock.0.store(4, Ordering::SeqCst);
    for _ in 0..10 {
        assert_eq!(bench.ask().await, "answer");
    }
    assert_eq!(bench.sparing.is_open.get(), 0);
}

#[tokio::test]
async fn not_active_is_an_answer_and_a_full_queue_is_nobodys_fault() {
    let bench = Bench::new(Ok(Introspection::Inactive));
    for _ in 0..10 {
        assert_eq!(bench.ask().await, "answer");
    }
    bench.answer(Err(Fault::BackendBusy));
    for _ in 0..10 {
        assert_eq!(bench.ask().await, "backend_busy");
    }
    assert_eq!(bench.asked(), 20);
}
