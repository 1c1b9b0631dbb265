//! The end of the service: not ready first, then no further connection, then nobody.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fhir_mcp_core::config::BackendLimits;
use fhir_mcp_core::{Core, Ending};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::settings::config;

/// The whole answer to a GET over a connection of its own.
async fn answer(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: core\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    heard
}

/// One answer over a connection that the client would keep, and whether it is told to.
async fn is_kept(stream: &mut TcpStream) -> bool {
    stream
        .write_all(b"POST /mcp HTTP/1.1\r\nHost: core\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"}") {
        heard.push(stream.read_u8().await.unwrap());
    }
    let heard = String::from_utf8(heard).unwrap().to_lowercase();
    assert!(heard.starts_with("http/1.1 401"), "{heard}");
    !heard.contains("connection: close")
}

#[tokio::test]
async fn a_core_that_ends_is_not_ready_first_then_accepts_no_more_and_then_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, probed) = (listener.local_addr().unwrap(), admin.local_addr().unwrap());
    let ending = Ending::default();
    let core = Core::new(config(BackendLimits::default())).unwrap();
    let serving = tokio::spawn(core.serve(listener, Some(admin), ending.clone()));
    let is_ready = async || answer(probed, "/ready").await.starts_with("HTTP/1.1 200");
    while !is_ready().await {
        tokio::task::yield_now().await;
    }
    let mut kept = TcpStream::connect(address).await.unwrap();
    assert!(is_kept(&mut kept).await);
    ending.retreat();
    while is_ready().await {
        tokio::task::yield_now().await;
    }
    assert!(answer(probed, "/live").await.starts_with("HTTP/1.1 200"));
    assert!(!is_kept(&mut kept).await, "who is connected is sent elsewhere");
    assert_eq!(kept.read(&mut [0]).await.unwrap(), 0, "and that was the last answer");
    let mut late = TcpStream::connect(address).await.unwrap();
    assert!(!is_kept(&mut late).await, "who has not heard yet is served");
    assert!(!serving.is_finished());
    ending.close();
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// A core without an admin listener.
async fn core(ending: &Ending) -> (SocketAddr, impl FnOnce() -> JoinHandle<anyhow::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let core = Core::new(config(BackendLimits::default())).unwrap();
    let ending = ending.clone();
    (address, move || tokio::spawn(core.serve(listener, None, ending)))
}

#[tokio::test]
async fn who_waits_to_be_let_in_when_a_core_closes_is_answered() {
    let ending = Ending::default();
    let (address, start) = core(&ending).await;
    let mut waiting = Vec::new();
    for _ in 0..20 {
        waiting.push(TcpStream::connect(address).await.unwrap());
    }
    ending.close();
    let serving = start();
    for stream in &mut waiting {
        assert!(!is_kept(stream).await, "answered, and sent elsewhere");
    }
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_is_connected_and_has_said_nothing_yet_when_a_core_closes_is_heard() {
    let ending = Ending::default();
    let (address, start) = core(&ending).await;
    let serving = start();
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert!(answer(address, "/mcp").await.starts_with("HTTP/1.1 4"), "the first one is in as well");
    ending.close();
    // Closed, and whoever were to be sent away at once would be gone.
    let mut closed = None;
    while closed.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(100)) {
        if closed.is_none() && TcpStream::connect(address).await.is_err() {
            closed = Some(Instant::now());
        }
        tokio::task::yield_now().await;
    }
    assert!(!is_kept(&mut silent).await, "answered, and sent elsewhere");
    serving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_is_connected_and_says_nothing_does_not_hold_up_the_end() {
    let ending = Ending::default();
    let (address, start) = core(&ending).await;
    let serving = start();
    let mut silent = TcpStream::connect(address).await.unwrap();
    ending.close();
    let ended = timeout(Duration::from_secs(3), serving).await;
    ended.expect("it had its moment").unwrap().unwrap();
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_core_alone_on_its_socket_takes_nobody_new_when_it_closes() {
    for is_alone in [true, false] {
        // With another holder the socket outlives the core, and so shows what became of its queue.
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        held.set_nonblocking(true).unwrap();
        let address = held.local_addr().unwrap();
        let listener = TcpListener::from_std(held.try_clone().unwrap()).unwrap();
        let mut core = Core::new(config(BackendLimits::default())).unwrap();
        if is_alone {
            core = core.alone_on_its_socket();
        }
        let ending = Ending::default();
        ending.close();
        core.serve(listener, None, ending).await.unwrap();
        let late = timeout(Duration::from_millis(50), TcpStream::connect(address)).await;
        assert_eq!(late.is_err(), is_alone);
    }
}
