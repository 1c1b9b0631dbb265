//! TLS to core and to the backend: whoever is not who the configuration says is asked nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use fhir_mcp_core::config::{BackendLimits, Config};
use fhir_mcp_core::tls::CertificateFiles;
use fhir_mcp_core::{Core, Ending};
use serde_json::json;
use testbed::bed::random_key;
use testbed::certificates::Authority;
use testbed::exchange::Endpoint;
use testbed::login::Login;
use testbed::mcp::{Answer, Era, Mcp};
use testbed::tls_front::TlsFront;
use testbed::{Inside, Setup, TestBed};
use tokio::net::TcpStream;

use super::probe::{BOTH, client, visit};
use super::site::folder;
use crate::attacks::minted;

fn written(folder: &Path, name: &str, authority: &Authority) -> Result<PathBuf> {
    let file = folder.join(name);
    std::fs::write(&file, authority.pem())?;
    Ok(file)
}

/// A call that needs core and the backend.
async fn call(bed: &TestBed) -> Result<Answer> {
    let token = minted(bed, "manager_mary")?;
    Mcp::of(bed, Era::Modern).call(&token, "get_study_count", json!({})).await
}

#[tokio::test]
async fn core_is_who_the_configuration_says_or_gets_nothing() -> Result<()> {
    let (folder, authority) = (folder("core")?, Authority::new("inside")?);
    let trusted = written(&folder, "inside.crt", &authority)?;
    let others = written(&folder, "others.crt", &Authority::new("inside")?)?;
    let by_name = authority.issue(&["core.test"])?.write(&folder, "core")?;
    let by_address = authority.issue(&["127.0.0.1"])?.write(&folder, "address")?;
    let expired = authority.issue_between(&["core.test"], [2019, 2020])?.write(&folder, "old")?;
    let trusting =
        |file: &Path, more: &str| Some(format!("{{authority: {}{more}}}", file.display()));
    for (what, core, core_tls, status) in [
        ("its name", Some(&by_name), trusting(&trusted, ", name: core.test"), 200),
        ("its address", Some(&by_address), trusting(&trusted, ""), 200),
        ("another name", Some(&by_name), trusting(&trusted, ", name: other.test"), 503),
        ("no name given", Some(&by_name), trusting(&trusted, ""), 503),
        ("another authority", Some(&by_name), trusting(&others, ", name: core.test"), 503),
        ("the system's authorities", Some(&by_name), Some("{name: core.test}".to_owned()), 503),
        ("an old one", Some(&expired), trusting(&trusted, ", name: core.test"), 503),
        ("no TLS", None, trusting(&trusted, ""), 503),
    ] {
        let inside = Inside { core: core.cloned(), core_tls, ..Inside::default() };
        let bed = TestBed::start_with(Setup { inside, ..Setup::default() }).await?;
        let answer = call(&bed).await?;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        if status == 503 {
            assert_eq!(answer.body["title"], "core_untrusted", "{what}");
            let log = bed.exchange.log();
            assert_eq!(log.count(Endpoint::Rest) + log.count(Endpoint::Fhir), 0, "{what}");
        }
    }
    Ok(())
}

/// Without TLS configured, a core that speaks it is not reached either: nothing is guessed.
#[tokio::test]
async fn a_core_with_tls_does_not_answer_in_plain() -> Result<()> {
    let (folder, authority) = (folder("core-plain")?, Authority::new("inside")?);
    let core = Some(authority.issue(&["core.test"])?.write(&folder, "core")?);
    let inside = Inside { core, ..Inside::default() };
    let bed = TestBed::start_with(Setup { inside, ..Setup::default() }).await?;
    assert!(matches!(call(&bed).await?.status, 502 | 503));
    Ok(())
}

#[tokio::test]
async fn a_login_and_a_call_reach_a_backend_with_a_private_authority() -> Result<()> {
    let (folder, authority) = (folder("backend")?, Authority::new("backend")?);
    let file = Some(written(&folder, "backend.crt", &authority)?);
    let front = TlsFront::start(&authority.issue(&["localhost"])?)?;
    let inside = Inside {
        backend: Some(front.at("localhost")),
        gateway_authority: file.clone(),
        core_authority: file,
        ..Inside::default()
    };
    let setup = Setup { inside, public_localhost: true, ..Setup::default() };
    let bed = TestBed::start_with(setup).await?;
    front.lead_to(bed.exchange.address());
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let answer = mcp.call(&held.access, "get_study_count", json!({})).await?;
    assert_eq!(answer.content()?["count"], 3);
    Ok(())
}

#[tokio::test]
async fn a_backend_whose_certificate_is_not_trusted_is_asked_nothing() -> Result<()> {
    let (folder, authority) = (folder("untrusted")?, Authority::new("backend")?);
    let file = Some(written(&folder, "backend.crt", &authority)?);
    let others = Some(written(&folder, "others.crt", &Authority::new("backend")?)?);
    let front = TlsFront::start(&authority.issue(&["localhost"])?)?;
    let named = front.at("localhost");
    for (what, backend, gateway, core, status) in [
        ("both trust it", &named, &file, &file, 200),
        ("another authority", &named, &others, &others, 503),
        ("the system's authorities", &named, &None, &None, 503),
        ("another name", &front.at("127.0.0.1"), &file, &file, 503),
        ("core does not trust it", &named, &file, &others, 200),
        ("core trusts the system's", &named, &file, &None, 200),
    ] {
        let inside = Inside {
            backend: Some(backend.clone()),
            gateway_authority: gateway.clone(),
            core_authority: core.clone(),
            ..Inside::default()
        };
        let bed = TestBed::start_with(Setup { inside, ..Setup::default() }).await?;
        front.lead_to(bed.exchange.address());
        let answer = call(&bed).await?;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        let log = bed.exchange.log();
        if what == "both trust it" {
            assert_eq!(answer.content()?["count"], 3);
            continue;
        }
        assert_eq!(log.count(Endpoint::Rest) + log.count(Endpoint::Fhir), 0, "{what}");
        if status == 503 {
            assert_eq!(answer.body["title"], "backend_unreachable", "{what}");
            assert_eq!(log.count(Endpoint::Introspect), 0, "{what}: no token, no secret");
        } else {
            assert!(answer.tool_error().is_some(), "{what}: {}", answer.body);
        }
    }
    Ok(())
}

#[tokio::test]
async fn core_shows_a_renewed_certificate_and_keeps_the_old_one_when_the_new_is_bad() -> Result<()>
{
    let (folder, authority) = (folder("core-renewed")?, Authority::new("inside")?);
    let old = authority.issue(&["core.test"])?;
    let [certificate, key] = old.write(&folder, "core")?;
    let listener = fhir_mcp_core::http::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    let core = Core::new(Config {
        listen: address,
        listen_tls: Some(CertificateFiles { certificate, key: key.clone() }),
        admin: address,
        hop_key: authz::keyring::SecretKey::from_base64(&random_key())?,
        profiles: None,
        backend: BackendLimits::default(),
        close_delay: std::time::Duration::ZERO,
        authority: None,
    })?;
    let shown = Arc::clone(core.certificate().unwrap());
    let ending = Ending::default();
    let serving = tokio::spawn(core.serve(listener, None, ending.clone()));
    let probe = Arc::new(client(&BOTH, None)?);
    // Whoever does not go on with a handshake keeps nobody else waiting.
    let _silent = TcpStream::connect(address).await?;
    let leaf = async || anyhow::Ok(visit(address, "core.test", &probe).await?.leaf);
    assert_eq!(leaf().await?, old.certificate);
    assert!(!shown.refresh()?, "nothing is new");
    std::fs::write(&key, b"half a k")?;
    assert!(shown.refresh().unwrap_err().to_string().starts_with("listen_tls.key: "));
    assert!(!shown.refresh()?, "told once");
    assert_eq!(leaf().await?, old.certificate);
    let new = authority.issue(&["core.test"])?;
    new.write(&folder, "core")?;
    assert!(shown.refresh()?);
    assert_eq!(leaf().await?, new.certificate);
    ending.close();
    serving.await?
}
