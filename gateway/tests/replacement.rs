//! One process replaces another while clients keep coming: nobody is refused, no call fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Certificate, Client, StatusCode};

const REPLACEMENTS: usize = 10;

/// A process that holds the public socket with its predecessor and its successor.
struct Served {
    child: Child,
    /// Reads what it writes, or it would wait for a reader; ends with it.
    log: Option<JoinHandle<Vec<String>>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        // After a failure; otherwise it has ended.
        let _ = self.child.kill();
    }
}

/// What every process of the site is started with.
struct Site {
    config: PathBuf,
    keys: [String; 2],
    socket: TcpListener,
    root: Certificate,
}

impl Served {
    /// Starts a gateway that is handed the socket, and waits until it listens.
    fn start(site: &Site) -> Self {
        // As a service manager does it: descriptor 3, and the identifier of the process it is for.
        let handing = "exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"";
        let program = env!("CARGO_BIN_EXE_fhir-mcp-gateway");
        let [ring, hop] = &site.keys;
        let mut child = Command::new("sh")
            .args(["-c", handing, "sh", program, "serve", "--config"])
            .arg(&site.config)
            .envs([("RING_KEY", ring), ("HOP_KEY", hop)])
            .stdin(Stdio::from(OwnedFd::from(site.socket.try_clone().unwrap())))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended instead of listening");
        }
        let log = std::thread::spawn(|| log.lines().map_while(Result::ok).collect());
        Self { child, log: Some(log) }
    }

    /// Tells it to stop, and waits until it has.
    fn stop(mut self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success());
        let lines = self.log.take().unwrap().join().unwrap();
        assert!(lines.iter().any(|line| line.contains("stopped accepting")), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("cut what outlasted")), "{lines:?}");
    }
}

impl Site {
    fn new() -> Self {
        let socket = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (chain, key) = (folder.join("replacement.crt"), folder.join("replacement.key"));
        fs::write(&chain, issued.cert.pem()).unwrap();
        fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
        let config = folder.join("replacement.yaml");
        let yaml = format!(
            "server:
  public_url: https://localhost:{}
  listeners: [{{address: \"{address}\", tls: {{certificate: {}, key: {}}}}}]
  admin: \"127.0.0.1:0\"
  deadlines: {{close_delay: 300ms}}
  caps: {{connections_per_address: 10000}}
keys: {{ring: [{{id: 1, state: active, key: {{env: RING_KEY}}}}], hop: {{env: HOP_KEY}}}}
core: {{address: \"127.0.0.1:1\"}}
backend:
  name: jhe
  profile: jhe
  base_url: https://jhe.example.org
  client_id: gateway
  audience: {{own_client: true}}
",
            address.port(),
            chain.display(),
            key.display(),
        );
        fs::write(&config, yaml).unwrap();
        let random = || STANDARD.encode(rand::random::<[u8; 32]>());
        let root = Certificate::from_pem(issued.cert.pem().as_bytes()).unwrap();
        Self { config, keys: [random(), random()], socket, root }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/health", self.socket.local_addr().unwrap().port())
    }
}

/// Asks until told to stop; how often that failed stands in the panic.
async fn keep_asking(client: Client, url: String, done: Arc<AtomicBool>, count: Arc<AtomicUsize>) {
    while !done.load(Ordering::Relaxed) {
        let answer = client.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap();
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_shares_the_socket_refuses_nobody_and_fails_no_request() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let site = Arc::new(Site::new());
    let mut current = Served::start(&site);
    let client = || Client::builder().no_proxy().tls_certs_only([site.root.clone()]);
    let (done, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients = [
        client().build().unwrap(),
        client().http1_only().build().unwrap(),
        client().http1_only().pool_max_idle_per_host(0).build().unwrap(),
        client().pool_max_idle_per_host(0).build().unwrap(),
    ];
    let asking: Vec<_> = clients
        .iter()
        .map(|one| {
            let (url, done, count) = (site.url(), Arc::clone(&done), Arc::clone(&count));
            tokio::spawn(keep_asking(one.clone(), url, done, count))
        })
        .collect();
    for _ in 0..REPLACEMENTS {
        let before = count.load(Ordering::Relaxed);
        while count.load(Ordering::Relaxed) < before + 40 {
            tokio::task::yield_now().await;
            assert!(asking.iter().all(|one| !one.is_finished()), "a request failed");
        }
        let site = Arc::clone(&site);
        current = tokio::task::spawn_blocking(move || {
            let next = Served::start(&site);
            current.stop();
            next
        })
        .await
        .unwrap();
    }
    done.store(true, Ordering::Relaxed);
    assert!(count.load(Ordering::Relaxed) >= 40 * REPLACEMENTS);
    for one in asking {
        one.await.unwrap();
    }
    tokio::task::spawn_blocking(|| current.stop()).await.unwrap();
}
