use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use authz::introspection::Claims;
use authz::time::Timestamp;
use prometheus::Opts;
use tokio::sync::Semaphore;

use super::*;

#[derive(Debug, Default)]
struct Manual(AtomicU64);

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000 + self.0.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// Answers when the gate opens, and counts.
#[derive(Debug)]
struct Scripted {
    answer: Result<Introspection, Fault>,
    asked: AtomicUsize,
    gate: Semaphore,
}

#[async_trait]
impl TokenIntrospector for Scripted {
    async fn introspect(&self, _: &BackendToken) -> Result<Introspection, Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _ = self.gate.acquire().await;
        self.answer.clone()
    }
}

fn active(expires_in: u64) -> Introspection {
    Introspection::Active(Claims {
        client_id: Some("ours".to_owned()),
        scope: Vec::new(),
        audience: Vec::new(),
        expires_at: Some(Timestamp::from_unix_seconds(1_800_000_000 + expires_in)),
        subject: None,
        names_a_person: true,
    })
}

struct Bench {
    cache: Arc<IntrospectionCache>,
    inner: Arc<Scripted>,
    clock: Arc<Manual>,
}

fn bench(answer: Result<Introspection, Fault>) -> Bench {
    let inner =
        Arc::new(Scripted { answer, asked: AtomicUsize::new(0), gate: Semaphore::new(1000) });
    let clock = Arc::new(Manual::default());
    let counter = IntCounterVec::new(Opts::new("asked", "asked"), &["answer"]).unwrap();
    let cache = IntrospectionCache::new(
        Arc::clone(&inner) as Arc<dyn TokenIntrospector>,
        Duration::from_secs(60),
        Arc::clone(&clock) as Arc<dyn Clock>,
        counter,
    );
    Bench { cache: Arc::new(cache), inner, clock }
}

impl Bench {
    async fn ask(&self) -> Result<Introspection, Fault> {
        self.cache.introspect([1; 32], &BackendToken::new("token")).await
    }

    fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }

    fn advance_to(&self, seconds: u64) {
        self.clock.0.store(seconds, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_burst_with_one_token_is_one_question() {
    let bench = bench(Ok(active(3600)));
    let burst = (0..500).map(|_| bench.ask());
    assert!(futures::future::join_all(burst).await.iter().all(Result::is_ok));
    assert_eq!(bench.asked(), 1);
}

#[tokio::test]
async fn an_answer_is_believed_for_54_to_60_seconds() {
    let bench = bench(Ok(active(3600)));
    bench.ask().await.unwrap();
    bench.advance_to(53);
    bench.ask().await.unwrap();
    assert_eq!(bench.asked(), 1);
    bench.advance_to(60);
    bench.ask().await.unwrap();
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn a_burst_after_the_end_is_one_question_again() {
    let bench = bench(Ok(active(3600)));
    bench.ask().await.unwrap();
    bench.advance_to(61);
    futures::future::join_all((0..100).map(|_| bench.ask())).await;
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn an_answer_never_outlives_its_token() {
    let bench = bench(Ok(active(5)));
    bench.ask().await.unwrap();
    bench.advance_to(5);
    bench.ask().await.unwrap();
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn inactive_is_believed_for_ten_seconds() {
    let bench = bench(Ok(Introspection::Inactive));
    for (second, asked) in [(0, 1), (9, 1), (10, 2)] {
        bench.advance_to(second);
        assert_eq!(bench.ask().await.unwrap(), Introspection::Inactive);
        assert_eq!(bench.asked(), asked);
    }
}

#[tokio::test]
async fn a_fault_is_never_remembered() {
    let bench = bench(Err(Fault::BackendLate));
    assert!(bench.ask().await.is_err());
    assert!(bench.ask().await.is_err());
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn what_is_distrusted_is_asked_again_after_ten_seconds() {
    let bench = bench(Ok(active(3600)));
    bench.ask().await.unwrap();
    bench.cache.distrust([1; 32]).await;
    bench.advance_to(9);
    bench.ask().await.unwrap();
    bench.cache.distrust([1; 32]).await;
    assert_eq!(bench.asked(), 1);
    bench.advance_to(10);
    bench.ask().await.unwrap();
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn what_is_forgotten_is_asked_again() {
    let bench = bench(Ok(active(3600)));
    bench.ask().await.unwrap();
    bench.cache.forget(&[1; 32]).await;
    bench.ask().await.unwrap();
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_take_the_question_with_it() {
    let bench = bench(Ok(active(3600)));
    bench.inner.gate.forget_permits(1000);
    let leader = {
        let cache = Arc::clone(&bench.cache);
        tokio::spawn(async move { cache.introspect([1; 32], &BackendToken::new("token")).await })
    };
    while bench.asked() == 0 {
        tokio::task::yield_now().await;
    }
    leader.abort();
    bench.inner.gate.add_permits(1000);
    assert!(bench.ask().await.is_ok());
    assert_eq!(bench.asked(), 1);
}
