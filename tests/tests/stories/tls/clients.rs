//! Client certificates: required, optional, revoked, and from the wrong authority.

use std::sync::Arc;

use anyhow::Result;
use rustls::HandshakeKind;
use testbed::certificates::{Authority, Issued};

use super::probe::{BOTH, client, visit};
use super::site::{Site, Wish, folder};

/// A site that asks for certificates of `clients`; `more` are further lines of that section.
fn asking(name: &str, clients: &Authority, more: &str) -> Result<Site> {
    let (folder, authority) = (folder(name)?, Authority::new(name)?);
    let [certificate, key] = authority.issue(&["localhost"])?.write(&folder, "own")?;
    let trusted = folder.join("clients.crt");
    std::fs::write(&trusted, clients.pem())?;
    let tls = format!(
        "{{certificate: {}, key: {}, client_certificates: {{authority: {}{more}}}}}",
        certificate.display(),
        key.display(),
        trusted.display(),
    );
    Site::start_with(folder, authority, &Wish { tls: Some(tls), ..Wish::default() })
}

async fn enters(site: &Site, certificate: Option<&Issued>) -> Result<bool> {
    let mut entered = 0;
    for version in BOTH {
        let config = Arc::new(client(&[version], certificate)?);
        let seen = visit(site.address, "localhost", &config).await;
        entered += usize::from(seen.is_ok_and(|seen| seen.answer.starts_with("HTTP/1.1 200 ")));
    }
    assert!(entered == 0 || entered == BOTH.len(), "alike in both versions");
    Ok(entered > 0)
}

#[tokio::test]
async fn where_a_client_certificate_is_required_nobody_enters_without_a_good_one() -> Result<()> {
    let (clients, others) = (Authority::new("clients")?, Authority::new("clients")?);
    let site = asking("required", &clients, "")?;
    assert!(enters(&site, Some(&clients.issue(&["notebook"])?)).await?);
    assert!(!enters(&site, None).await?);
    assert!(!enters(&site, Some(&others.issue(&["notebook"])?)).await?, "of the same name");
    assert!(!enters(&site, Some(&clients.issue_between(&["old"], [2019, 2020])?)).await?);
    let closed = &site.running.metrics().connections_closed;
    // Two of TLS 1.2 and 1.3 for each of the three.
    assert_eq!(closed.with_label_values(&["handshake"]).get(), 6);
    Ok(())
}

#[tokio::test]
async fn where_a_client_certificate_is_optional_a_bad_one_is_still_refused() -> Result<()> {
    let clients = Authority::new("clients")?;
    let site = asking("optional", &clients, ", required: false")?;
    assert!(enters(&site, None).await?);
    assert!(enters(&site, Some(&clients.issue(&["notebook"])?)).await?);
    assert!(!enters(&site, Some(&Authority::new("others")?.issue(&["notebook"])?)).await?);
    Ok(())
}

#[tokio::test]
async fn a_revoked_client_certificate_is_refused_and_so_is_all_by_a_list_out_of_date() -> Result<()>
{
    let clients = Authority::new("clients")?;
    let (good, bad) = (clients.issue(&["good"])?, clients.issue(&["bad"])?);
    for (name, until, good_enters) in [("current", 2100, true), ("outdated", 2021, false)] {
        let list = folder("lists")?.join(format!("{name}.crl"));
        std::fs::write(&list, clients.revoke(&[&bad], until)?)?;
        let site = asking(name, &clients, &format!(", revocations: {}", list.display()))?;
        assert_eq!(enters(&site, Some(&good)).await?, good_enters, "{name}");
        assert!(!enters(&site, Some(&bad)).await?, "{name}");
    }
    Ok(())
}

/// Else a certificate that was revoked meanwhile would go on working.
#[tokio::test]
async fn a_client_certificate_is_looked_at_on_every_connection() -> Result<()> {
    let clients = Authority::new("clients")?;
    let site = asking("every", &clients, "")?;
    let notebook = clients.issue(&["notebook"])?;
    for version in BOTH {
        let config = Arc::new(client(&[version], Some(&notebook))?);
        for _ in 0..2 {
            let seen = visit(site.address, "localhost", &config).await?;
            assert_eq!(seen.kind, HandshakeKind::Full);
        }
    }
    Ok(())
}
