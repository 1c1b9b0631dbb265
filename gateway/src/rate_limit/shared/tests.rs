use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rand::{RngExt as _, SeedableRng as _};
use redis::aio::MultiplexedConnection;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::quota::Quota;
use super::*;

const SCRIPT: &str = include_str!("charge.lua");

/// A real store, ended when dropped.
struct Real(Child);

impl Drop for Real {
    fn drop(&mut self) {
        let _ended = (self.0.kill(), self.0.wait());
    }
}

async fn real() -> (Real, MultiplexedConnection) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server; `make test-limits` installs it");
    let real = Real(program);
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    for _ in 0..200 {
        if let Ok(connection) = client.get_multiplexed_async_connection().await {
            return (real, connection);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("redis-server does not answer");
}

/// The script with a clock of ours in place of the store's, by whose time nothing ends here.
fn at_our_time() -> String {
    let (clock, life) = ("redis.call('TIME')", ", 'PX', string.format('%.0f', life)");
    assert!(SCRIPT.contains(clock) && SCRIPT.contains(life));
    SCRIPT.replace(clock, "{ARGV[#ARGV - 1], ARGV[#ARGV]}").replace(life, "")
}

#[tokio::test]
#[ignore = "needs a redis-server: make test-limits"]
async fn the_script_computes_what_we_compute() {
    let (_real, mut store) = real().await;
    let script = at_our_time();
    let mut dice = rand::rngs::StdRng::seed_from_u64(7);
    let quotas =
        [Quota::new(60, 3), Quota::new(7, 100), Quota::new(60_000, 1), Quota::new(300, 60)];
    let (mut now, mut due): (Micros, Micros) = (1_800_000_000_000_000, 0);
    for step in 0..3_000 {
        // Time passes, and goes back at times; now and then the limits change.
        now += dice.random_range(0..3_000_000);
        now -= if step % 97 == 0 { 2_000_000 } else { 0 };
        let quota = quotas[step / 50 % quotas.len()];
        let cost = dice.random_range(1..8);
        let answer: Vec<u64> = redis::cmd("EVAL")
            .arg(&script)
            .arg(1)
            .arg("key")
            .arg(&[quota.tolerance(), quota.price(cost), now / 1_000_000, now % 1_000_000])
            .query_async(&mut store)
            .await
            .unwrap();
        let believed = quota.believed(due, now);
        let (wait, remaining) = match quota.charge(believed, now, cost) {
            Outcome::Fits { due: next, remaining } => {
                due = next;
                (0, remaining)
            }
            Outcome::Exceeds { wait, remaining } => {
                due = due.min(believed);
                (wait, remaining)
            }
        };
        let [said, room, strange] = answer[..] else { panic!("{answer:?}") };
        assert_eq!((said, quota.units(room), strange), (wait, remaining, 0), "step {step}");
    }
}

/// What the other side does, or a failure where it does not.
async fn soon<T>(what: impl Future<Output = std::io::Result<T>>) -> T {
    timeout(Duration::from_secs(30), what).await.expect("in time").unwrap()
}

/// Answers the next command, which comes alone.
async fn answer(stream: &mut TcpStream, verb: &str, answer: &str) {
    let mut command = vec![0; 65_536];
    let bytes = soon(stream.read(&mut command)).await;
    let command = String::from_utf8_lossy(&command[..bytes]);
    assert!(command.contains(verb), "{verb} in {command}");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// What the store says of a script that it keeps, and of one that ran.
const LOADED: &str = "$3\r\nabc\r\n";
const CHARGED: &str = "*3\r\n:0\r\n:1000000\r\n:0\r\n";

#[tokio::test]
async fn a_store_that_goes_while_nobody_calls_is_missed_and_found_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let yaml = format!(
        "limits: {{shared: {{url: 'redis://127.0.0.1:{port}', key: {{env: RING}}, replicas: 3}}}}"
    );
    let url = "http://127.0.0.1:1";
    let settings = crate::bench::config(url, url, &yaml).limits.shared.unwrap();
    let degraded = crate::metrics::Metrics::new().unwrap().limits.degraded;
    let times = [Duration::from_millis(500), Duration::from_millis(10)];
    let address = Address::new(&settings).unwrap();
    let link = Arc::new(Link::new(address, Request::of(probe("p")), times, degraded.clone()));
    let keeper = tokio::spawn(link.keep());
    // It hangs up, then it hangs; a new connection is made only where the one before was given up.
    let (mut stream, _) = soon(listener.accept()).await;
    for hangs in [false, true] {
        answer(&mut stream, "SCRIPT", LOADED).await;
        answer(&mut stream, "EVALSHA", CHARGED).await;
        answer(&mut stream, "EVALSHA", CHARGED).await;
        assert_eq!(degraded.get(), 0, "it is there, and asked though no request came");
        let _hung = hangs.then_some(stream);
        (stream, _) = soon(listener.accept()).await;
        assert_eq!(degraded.get(), 1, "it was missed though no request came");
    }
    keeper.abort();
}
