//! Certificates are replaced while connections are open; what is bad replaces nothing.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use authz::time::Timestamp;
use fhir_mcp_gateway::Reloaded;
use fhir_mcp_gateway::tls::{Loaded, TlsError};
use reqwest::Version;

use super::probe::{BOTH, client, visit};
use super::site::{Site, pair};

fn load(site: &Site, files: &[PathBuf; 2]) -> Result<Loaded, TlsError> {
    site.load(&pair(files))
}

#[tokio::test]
async fn a_swap_costs_no_connection_and_the_next_handshake_sees_the_new() -> Result<()> {
    let site = Site::start("swap")?;
    // One connection each, and no second one.
    let kept = [
        (site.client()?.http1_only().pool_max_idle_per_host(1), Version::HTTP_11),
        (site.client()?, Version::HTTP_2),
    ];
    let kept: Vec<_> = kept
        .into_iter()
        .map(|(client, version)| Ok((client.build()?, version)))
        .collect::<Result<_>>()?;
    for (client, version) in &kept {
        assert_eq!(client.get(site.at("/health")).send().await?.version(), *version);
    }
    let opened = site.running.metrics().connections.get();
    let renewed = site.authority.issue(&["localhost"])?;
    let files = site.renew(&renewed)?;
    assert!(site.certificates()?.swap(load(&site, &files)?));
    for _ in 0..20 {
        for (client, _) in &kept {
            let answer = client.get(site.at("/health")).send().await?;
            assert!(answer.status().is_success());
        }
    }
    assert_eq!(site.running.metrics().connections.get(), opened, "the same connections");
    let seen = visit(site.address, "localhost", &Arc::new(client(&BOTH, None)?)).await?;
    assert_eq!(seen.leaf, renewed.certificate);
    Ok(())
}

/// The same by a reload of the whole configuration, as the program does it when a file changes.
#[tokio::test]
async fn a_reload_shows_renewed_files_and_keeps_the_old_while_they_are_bad() -> Result<()> {
    let site = Site::start("reloaded")?;
    let config = Arc::new(client(&BOTH, None)?);
    let files = ["crt", "key"].map(|end| site.folder.join(format!("localhost.{end}")));
    let reload = async || site.running.reload(Ok(site.config(&pair(&files)))).await;
    assert_eq!(reload().await?, Reloaded::Unchanged);
    let before = visit(site.address, "localhost", &config).await?.leaf;
    let renewed = site.authority.issue(&["localhost"])?;
    let [_, other_key] = renewed.write(&site.folder, "renewed")?;
    fs::copy(other_key, &files[1])?;
    let told = reload().await.unwrap_err().to_string();
    assert!(told.contains("server.listeners[0].tls.key: does not belong"), "{told}");
    assert_eq!(visit(site.address, "localhost", &config).await?.leaf, before);
    site.renew(&renewed)?;
    assert!(matches!(reload().await?, Reloaded::Applied(_)));
    assert_eq!(visit(site.address, "localhost", &config).await?.leaf, renewed.certificate);
    let status = reqwest::get(format!("http://{}/status", site.running.admin)).await?;
    let status: serde_json::Value = status.json().await?;
    assert_eq!(status["certificates"][0]["names"], serde_json::json!(["localhost"]));
    assert!(status["certificates"][0]["seconds_left"].as_i64().is_some_and(|left| left > 0));
    Ok(())
}

#[tokio::test]
async fn a_bad_pair_is_told_by_its_field_and_replaces_nothing() -> Result<()> {
    let site = Site::start("bad")?;
    let config = Arc::new(client(&BOTH, None)?);
    let before = visit(site.address, "localhost", &config).await?.leaf;
    let files = ["crt", "key"].map(|end| site.folder.join(format!("localhost.{end}")));
    let good = files.clone().map(|file| fs::read(file).unwrap());
    let (other, own) = (site.authority.issue(&["localhost"])?, "server.listeners[0].tls");
    let [_, other_key] = other.write(&site.folder, "other")?;
    let other_key = fs::read(other_key)?;
    for (broken, certificate, key, field) in [
        ("another's key", &good[0][..], &other_key[..], "key"),
        ("half a certificate", &good[0][..good[0].len() / 2], &good[1][..], "certificate"),
        ("half a key", &good[0], &good[1][..good[1].len() / 2], "key"),
        ("nothing", b"", &good[1], "certificate"),
        (
            "garbage",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &good[1],
            "certificate",
        ),
        ("the two the wrong way round", &good[1], &good[0], "certificate"),
        (
            "a key with a password",
            &good[0],
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n",
            "key",
        ),
    ] {
        fs::write(&files[0], certificate)?;
        fs::write(&files[1], key)?;
        let error = load(&site, &files).unwrap_err();
        let told = &error.mistakes()[0];
        assert_eq!(told.field, format!("{own}.{field}"), "{broken}: {error}");
    }
    fs::remove_file(&files[1])?;
    let error = load(&site, &files).unwrap_err().to_string();
    assert!(
        error.contains("server.listeners[0].tls.key: ") && error.contains("localhost.key"),
        "{error}"
    );
    assert_eq!(visit(site.address, "localhost", &config).await?.leaf, before);
    Ok(())
}

#[tokio::test]
async fn every_mistake_of_several_pairs_is_told_at_once() -> Result<()> {
    let site = Site::start("several")?;
    let tls = "{certificates: [{certificate: /nowhere/a, key: /nowhere/b}, {certificate: /nowhere/c, \
               key: /nowhere/d}], client_certificates: {authority: /nowhere/e, revocations: /nowhere/f}}";
    let error = site.load(tls).unwrap_err();
    let fields: Vec<&str> = error
        .mistakes()
        .iter()
        .map(|mistake| mistake.field.trim_start_matches("server.listeners[0].tls."))
        .collect();
    assert_eq!(
        fields,
        [
            "certificates[0].certificate",
            "certificates[0].key",
            "certificates[1].certificate",
            "certificates[1].key",
            "client_certificates.authority",
            "client_certificates.revocations",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_does_not_hold_replaces_none_that_does() -> Result<()> {
    let site = Site::start("expired")?;
    let now = Timestamp::from_unix_seconds(jiff::Timestamp::now().as_second().try_into()?);
    for (years, text) in [([2019, 2020], "has expired"), ([2090, 2091], "does not hold yet")] {
        let files =
            site.authority.issue_between(&["localhost"], years)?.write(&site.folder, "unfit")?;
        let loaded = load(&site, &files)?;
        let error = site.certificates()?.accept(&loaded, now).unwrap_err();
        assert_eq!(error.mistakes()[0].field, "server.listeners[0].tls.certificate");
        assert!(error.to_string().contains(text), "{error}");
    }
    let good = site.renew(&site.authority.issue(&["localhost"])?)?;
    site.certificates()?.accept(&load(&site, &good)?, now)?;
    Ok(())
}

#[tokio::test]
async fn the_metric_counts_down_to_the_end_of_what_is_shown() -> Result<()> {
    let site = Site::start("metric")?;
    let seconds = || -> Result<i64> {
        let text = site.running.metrics().render()?;
        let line = "gateway_certificate_expiry_seconds{certificate=\"0\",listener=\"0\"} ";
        let value = text.lines().find_map(|one| one.strip_prefix(line)).unwrap();
        Ok(value.parse()?)
    };
    assert!(seconds()? > 0);
    let old = site.authority.issue_between(&["localhost"], [2019, 2020])?;
    site.certificates()?.swap(load(&site, &site.renew(&old)?)?);
    let since = jiff::Timestamp::now().as_second()
        - "2020-01-01T00:00:00Z".parse::<jiff::Timestamp>()?.as_second();
    let left = seconds()?;
    assert!((-since - 60..=-since + 60).contains(&left), "{left}, not {}", -since);
    Ok(())
}
