//! Which certificate is shown: by the name that is asked for.

use std::sync::Arc;

use anyhow::Result;
use rustls::SignatureScheme;
use testbed::certificates::Authority;

use super::probe::{BOTH, client, verifying, visit};
use super::site::{Site, Wish, folder, pair};

#[tokio::test]
async fn a_client_is_shown_the_certificate_of_the_name_it_asks_for() -> Result<()> {
    let (folder, authority) = (folder("names")?, Authority::new("names")?);
    let first = authority.issue(&["localhost"])?;
    let exact = authority.issue(&["One.example.org", "two.example.org"])?;
    let wild = authority.issue(&["*.example.org"])?;
    let files = [
        first.write(&folder, "first")?,
        exact.write(&folder, "exact")?,
        wild.write(&folder, "wild")?,
    ];
    let tls = format!("{{certificates: [{}]}}", files.map(|one| pair(&one)).join(", "));
    let site = Site::start_with(folder, authority, &Wish { tls: Some(tls), ..Wish::default() })?;
    let config = Arc::new(client(&BOTH, None)?);
    for (name, expected) in [
        ("localhost", &first),
        ("one.example.org", &exact),
        ("TWO.example.org", &exact),
        ("three.example.org", &wild),
        // `*` stands for one label.
        ("a.three.example.org", &first),
        ("example.org", &first),
        ("elsewhere.example.com", &first),
        // No name at all.
        ("127.0.0.1", &first),
    ] {
        let seen = visit(site.address, name, &config).await?;
        assert_eq!(seen.leaf, expected.certificate, "{name}");
        assert!(seen.answer.starts_with("HTTP/1.1 200 "), "{name}: {}", seen.answer);
    }
    Ok(())
}

#[tokio::test]
async fn of_two_certificates_for_one_name_a_client_is_shown_the_one_it_can_verify() -> Result<()> {
    let (folder, authority) = (folder("kinds")?, Authority::new("kinds")?);
    let ecdsa = authority.issue(&["localhost"])?;
    let ed25519 = authority.issue_with(&["localhost"], &rcgen::PKCS_ED25519)?;
    let files = [ecdsa.write(&folder, "ecdsa")?, ed25519.write(&folder, "ed25519")?];
    let tls = format!("{{certificates: [{}]}}", files.map(|one| pair(&one)).join(", "));
    let site = Site::start_with(folder, authority, &Wish { tls: Some(tls), ..Wish::default() })?;
    for (scheme, expected) in
        [(SignatureScheme::ECDSA_NISTP256_SHA256, &ecdsa), (SignatureScheme::ED25519, &ed25519)]
    {
        let config = Arc::new(verifying(&BOTH, None, &[scheme])?);
        // By its name, and by none.
        for name in ["localhost", "127.0.0.1"] {
            let seen = visit(site.address, name, &config).await?;
            assert_eq!(seen.leaf, expected.certificate, "{scheme:?} {name}");
        }
    }
    Ok(())
}
