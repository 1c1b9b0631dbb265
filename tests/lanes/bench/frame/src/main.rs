//! The frame alone: pingora that forwards to the stub, with no rule of ours. What the gateway costs beyond it is
//! ours to make less.
//!
//! `bench_frame PLAIN TLS STUB CERTIFICATE KEY`: addresses on loopback, and two PEM files.

use std::net::SocketAddr;

use async_trait::async_trait;
use pingora::listeners::tls::TlsSettings;
use pingora::proxy::{ProxyHttp, Session, http_proxy_service};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;

/// As the gateway has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

struct Frame(SocketAddr);

#[async_trait]
impl ProxyHttp for Frame {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.0, false, String::new())))
    }
}

fn main() -> anyhow::Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let [plain, tls, stub, certificate, key] = &asked[..] else {
        anyhow::bail!("PLAIN TLS STUB CERTIFICATE KEY");
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    // On one processor, as the gateway.
    let conf = ServerConf { threads: 1, work_stealing: false, ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let mut service = http_proxy_service(&server.configuration, Frame(stub.parse()?));
    service.add_tcp(plain);
    let mut settings = TlsSettings::intermediate(certificate, key)?;
    settings.enable_h2();
    service.add_tls_with_settings(tls, None, settings);
    server.add_service(service);
    server.run_forever()
}
