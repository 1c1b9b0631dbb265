//! C01, C02, C08: one request is never read as two, nor two as one.

use anyhow::Result;
use futures::future::join_all;
use testbed::raw;

use super::corpus::{Case, Due, Ids, cases};
use super::{CANARY, Site};

const fn ids(case: usize) -> Ids {
    Ids { own: 1000 + 2 * case, smuggled: 1001 + 2 * case }
}

/// What is wrong with what came of a case.
async fn fault(site: &Site, at: usize, case: &Case) -> Option<String> {
    let heard = match raw::exchange(site.address, &case.bytes).await {
        Ok(heard) => heard,
        Err(error) => return Some(format!("{}: {error}", case.name)),
    };
    let Ids { own, smuggled } = ids(at);
    let (first, second) = (site.reached_core(own), site.reached_core(smuggled));
    let right = match (case.due, &heard.answers[..]) {
        (Due::Refused, [answer]) => (400..500).contains(&answer.status) && first + second == 0,
        (Due::One, [answer]) => {
            let paired = answer.body.contains(&format!("\"id\":{own},"));
            answer.status == 200 && paired && (first, second) == (1, 0)
        }
        _ => false,
    };
    let echoes = heard.text.contains(CANARY) || heard.text.contains(&site.token);
    let ours = heard.answers.iter().all(|answer| !answer.head.contains("server:"));
    (!right || echoes || !ours).then(|| {
        format!(
            "{}: due {:?}, core saw {first} and {second}: {:?}",
            case.name, case.due, heard.text
        )
    })
}

#[tokio::test]
async fn no_request_is_read_as_two() -> Result<()> {
    let site = Site::start().await?;
    let cases = cases(&site, ids);
    assert!(cases.len() >= 120, "{} cases", cases.len());
    let mut faults = Vec::new();
    for (chunk, many) in cases.chunks(32).enumerate() {
        let tried = many.iter().enumerate().map(|(at, case)| fault(&site, chunk * 32 + at, case));
        faults.extend(join_all(tried).await.into_iter().flatten());
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_recorded_like_any_refusal() -> Result<()> {
    let site = Site::start().await?;
    let before = site.bed.audit().await?.len();
    let bytes = format!("POST /mcp HTTP/1.1\r\n{}Host: other\r\n\r\n", site.fields());
    let heard = raw::exchange(site.address, bytes.as_bytes()).await?;
    assert_eq!(heard.statuses(), [400]);
    let answer = &heard.answers[0];
    assert!(answer.head.contains("connection: close") && answer.head.contains("nosniff"));
    assert!(answer.body.contains("malformed_request"), "{}", answer.body);
    let events = site.bed.audit().await?.split_off(before);
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0]["outcome"], &events[0]["reason"]),
        (&"refused".into(), &"malformed_request".into())
    );
    assert!(
        !site.bed.records.text().contains(CANARY) && !site.bed.records.text().contains(&site.token)
    );
    Ok(())
}
