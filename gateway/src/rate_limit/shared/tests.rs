use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rand::{RngExt as _, SeedableRng as _};
use redis::aio::MultiplexedConnection;

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
