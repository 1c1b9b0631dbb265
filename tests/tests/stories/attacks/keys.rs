//! A25, A26, A28, A29, B04: keys, and what was sealed under them.

use anyhow::Result;
use fhir_mcp_gateway::config::Config;
use serde_json::{Value, json};
use testbed::bed::random_key;
use testbed::fleet::RingEntry;
use testbed::login::{Login, Tokens, tokens};
use testbed::{Setup, TestBed};

use super::{PRIVATE, approve, assert_page, browser, client, fleet, fresh, mcp};

/// One blob of each kind that leaves us.
async fn blobs(bed: &TestBed, login: &Login) -> Result<Vec<(&'static str, String)>> {
    let held = login.log_in("manager_mary").await?;
    let mut one = browser()?;
    let page = one.open(&login.authorize_url(&[])?).await?;
    let form = page.form()?;
    let request = form.fields.iter().find(|(name, _)| name == "request").unwrap().1.clone();
    approve(&mut one, &login.authorize_url(&[])?).await?;
    let cookies = one.jar.header(&url::Url::parse(bed.origin())?);
    let transaction = cookies.split("; ").find(|pair| pair.starts_with("fmg-txn-")).unwrap();
    Ok(vec![
        ("client", login.client_id.clone()),
        ("consent", request),
        ("transaction", transaction.split_once('=').unwrap().1.to_owned()),
        ("code", login.code(&mut browser()?, "manager_mary", "").await?),
        ("access", held.access),
        ("refresh", held.refresh),
    ])
}

/// Whether each place takes the blob: client, consent, transaction, code, access, refresh.
async fn accepted(bed: &TestBed, login: &Login, blob: &str) -> Result<[bool; 6]> {
    let (bare, http) = (blob.rsplit('_').next().unwrap_or(blob), fresh()?);
    let mut taken = [false; 6];
    for spelling in [blob, bare, &format!("fmga1_{bare}"), &format!("fmgr1_{bare}")] {
        let start = login.authorize_url(&[("client_id", spelling)])?;
        taken[0] |= browser()?.open(&start).await?.status == 200;
        let state = "S".repeat(43);
        let cookie = format!("fmg-consent={state}; fmg-txn-SSSSSSSS={spelling}");
        let form = [("request", spelling), ("decision", "approve")];
        let consent = http.post(bed.at("/authorize")).header("origin", bed.origin());
        taken[1] |= consent.header("cookie", &cookie).form(&form).send().await?.status() == 303;
        let callback = http.get(bed.at(&format!("/oauth/callback?code=x&state={state}")));
        taken[2] |= callback.header("cookie", &cookie).send().await?.status() == 303;
        taken[3] |= login.redeem(spelling, &[]).await?.status() == 200;
        taken[4] |= mcp(bed)?.call(spelling, PRIVATE, json!({})).await?.status == 200;
        taken[5] |= login.refresh(spelling).await?.status() == 200;
    }
    Ok(taken)
}

#[tokio::test]
async fn what_was_sealed_for_one_place_is_taken_at_no_other() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    for (at, (kind, blob)) in blobs(&bed, &login).await?.into_iter().enumerate() {
        let mut expected = [false; 6];
        // Consent and transaction need their browser's cookie and state too, which nobody sends here.
        expected[at] = !["consent", "transaction"].contains(&kind);
        assert_eq!(accepted(&bed, &login, &blob).await?, expected, "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn another_deployment_with_the_same_keys_opens_nothing_of_ours() -> Result<()> {
    let bed = fleet().await?;
    let twin = Setup { replicas: 1, ..bed.setup.clone() };
    let twin = TestBed::start_with(twin).await?;
    let login = client(&bed).await?;
    let there = client(&twin).await?;
    for (kind, blob) in blobs(&bed, &login).await? {
        assert_eq!(accepted(&twin, &there, &blob).await?, [false; 6], "{kind}");
    }
    assert!(twin.exchange.log().all().is_empty(), "it asks nobody about them");
    Ok(())
}

fn entry(id: u8, state: &'static str, key: &str) -> RingEntry {
    RingEntry { id, state, key: key.to_owned() }
}

/// Logins and refreshes at one moment of a rotation: each must work, and none may be lost.
async fn traffic(bed: &TestBed, login: &Login, held: &mut Vec<Tokens>) -> Result<usize> {
    let mut done = 0;
    for tokens_held in held.iter_mut() {
        let mcp = mcp(bed)?;
        assert_eq!(mcp.call(&tokens_held.access, PRIVATE, json!({})).await?.status, 200);
        *tokens_held = tokens(login.refresh(&tokens_held.refresh).await?).await?;
        done += 1;
    }
    for _ in 0..4 {
        held.push(login.log_in("manager_mary").await?);
        done += 1;
    }
    held.drain(..held.len().saturating_sub(16));
    Ok(done)
}

/// Each ring is rolled out gateway by gateway; a login is under way across every step.
#[tokio::test]
async fn a_rotation_through_three_gateways_loses_no_login_and_no_refresh() -> Result<()> {
    let (old, new) = (random_key(), random_key());
    let rings = [
        vec![entry(1, "active", &old), entry(2, "verify", &new)],
        vec![entry(1, "verify", &old), entry(2, "active", &new)],
        vec![entry(1, "retired", &old), entry(2, "active", &new)],
    ];
    let ring = vec![entry(1, "active", &old)];
    let mut bed = TestBed::start_with(Setup { replicas: 3, ring, ..Setup::default() }).await?;
    let mut login = client(&bed).await?;
    let mut done = 0;
    let mut held = Vec::new();
    for (phase, ring) in rings.into_iter().enumerate() {
        if phase == 2 {
            // Before a key is retired, what it sealed has come to its end: clients register anew,
            // and who refreshed since holds the new key's tokens.
            login = client(&bed).await?;
            held.clear();
            held.push(login.log_in("manager_mary").await?);
        }
        for replica in 0..3 {
            let code = login.code(&mut browser()?, "manager_mary", "").await?;
            let setup = Setup { ring: ring.clone(), ..bed.setup.clone() };
            bed.replace(replica, setup).await?;
            held.push(tokens(login.redeem(&code, &[]).await?).await?);
            done += traffic(&bed, &login, &mut held).await?;
        }
    }
    for _ in 0..6 {
        done += traffic(&bed, &login, &mut held).await?;
    }
    assert!(done >= 200, "{done} logins and refreshes");
    Ok(())
}

#[tokio::test]
async fn what_a_retired_key_sealed_no_longer_opens() -> Result<()> {
    let mut bed = fleet().await?;
    let login = client(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    let code = login.code(&mut browser()?, "manager_mary", "").await?;
    let old = bed.setup.ring[0].key.clone();
    let ring = vec![entry(1, "retired", &old), entry(2, "active", &random_key())];
    for replica in 0..3 {
        let setup = Setup { ring: ring.clone(), ..bed.setup.clone() };
        bed.replace(replica, setup).await?;
    }
    assert_eq!(mcp(&bed)?.call(&held.access, PRIVATE, json!({})).await?.status, 401);
    let refused = login.refresh(&held.refresh).await?;
    assert_eq!(refused.json::<Value>().await?["error"], "invalid_client", "it registers again");
    let anew = client(&bed).await?;
    for refused in [anew.refresh(&held.refresh).await?, anew.redeem(&code, &[]).await?] {
        assert_eq!(refused.json::<Value>().await?["error"], "invalid_grant");
    }
    let page = browser()?.open(&login.authorize_url(&[])?).await?;
    assert_page(&page, 400, "nobody is redirected for it");
    Ok(())
}

const SAMPLE: &str = include_str!("../../../../config/gateway.yaml");

#[test]
fn a_bad_ring_does_not_start_and_is_told_by_id_and_not_by_key() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let good = random_key();
    let short = STANDARD.encode(&STANDARD.decode(&good).unwrap()[..31]);
    let made_up = STANDARD.encode([b'x'; 32]);
    for (what, ring, keys, told) in [
        ("short", "[{id: k7, state: active, key: {env: A}}]", [&short, &good], "31 bytes"),
        ("text", "[{id: k7, state: active, key: {env: A}}]", [&made_up, &good], "placeholder"),
        (
            "one key twice",
            "[{id: k7, state: active, key: {env: A}}, {id: k8, state: verify, key: {env: B}}]",
            [&good, &good],
            "keys 7 and 8 are the same",
        ),
        (
            "one id twice",
            "[{id: k7, state: active, key: {env: A}}, {id: k7, state: verify, key: {env: B}}]",
            [&good, &random_key()],
            "key id 7 appears twice",
        ),
        ("none active", "[{id: k7, state: verify, key: {env: A}}]", [&good, &good], "no key"),
    ] {
        let start = SAMPLE.find("  ring:").unwrap();
        let rest = SAMPLE[start..].find("  hop:").unwrap() + start;
        let yaml = format!("{}  ring: {ring}\n{}", &SAMPLE[..start], &SAMPLE[rest..]);
        let yaml = yaml.replace("{ file: /etc/fhir-mcp-gateway/keys/hop }", "{ env: HOP }");
        let [first, second] = keys.map(String::clone);
        let environment = |name: &str| match name {
            "A" => Some(first.clone()),
            "B" => Some(second.clone()),
            "HOP" => Some(random_key()),
            _ => Some("canary-client-secret".to_owned()),
        };
        let refused = Config::parse(&yaml, &environment).unwrap_err().to_string();
        assert!(refused.contains(told), "{what}: {refused}");
        for key in [&first, &second] {
            assert!(!refused.contains(key.as_str()), "{what}");
        }
    }
}
