//! Whether somebody is there: name, port, certificate, each with a finding of its own.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Url;

use super::finding::{Check, Finding};
use super::wire::{Answer, NoAnswer, Untrusted, Wire};

/// Which address a name has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// These.
    Found(Vec<SocketAddr>),
    /// None.
    Nothing,
    /// The resolver did not answer in time.
    Late,
}

/// Asks the resolver about `host` (or takes the address that it is).
pub(super) async fn look_up(host: &str, deadline: Duration) -> Lookup {
    match timeout(deadline, lookup_host(host)).await {
        Err(_) => Lookup::Late,
        Ok(Err(_)) => Lookup::Nothing,
        Ok(Ok(found)) => match found.collect::<Vec<_>>() {
            none if none.is_empty() => Lookup::Nothing,
            found => Lookup::Found(found),
        },
    }
}

/// How a connection came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dial {
    /// Made.
    Connected,
    /// Nobody listens there.
    Refused,
    /// No answer at all.
    Late,
    /// Anything else.
    Failed,
}

/// Tries the addresses one after the other, all within the deadline.
pub(super) async fn dial(addresses: &[SocketAddr], deadline: Duration) -> Dial {
    match timeout(deadline, TcpStream::connect(addresses)).await {
        Err(_) => Dial::Late,
        Ok(Ok(_)) => Dial::Connected,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Dial::Refused,
        Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Dial::Late,
        Ok(Err(_)) => Dial::Failed,
    }
}

/// The way to the backend; nothing that needs it is asked when one of these fails.
pub(super) async fn backend(wire: &Wire, base: &Url, deadline: Duration) -> Vec<Finding> {
    let host = base.host_str().unwrap_or_default();
    let port = base.port_or_known_default().unwrap_or_default();
    let looked_up = look_up(&format!("{host}:{port}"), deadline).await;
    let mut findings = vec![judge_lookup(host, &looked_up)];
    if let Lookup::Found(addresses) = looked_up {
        let dialled = dial(&addresses, deadline).await;
        let connected = judge_dial(Check::BackendConnect, &format!("{host}:{port}"), dialled);
        findings.push(connected);
        if dialled == Dial::Connected {
            findings.push(tls(wire, base, deadline).await);
        }
    }
    findings
}

/// What the resolver's answer means.
fn judge_lookup(host: &str, looked_up: &Lookup) -> Finding {
    let advice = "Correct backend.base_url, or the DNS that this machine (or pod) uses. A Kubernetes \
                  service is <service>.<namespace>.svc.";
    match looked_up {
        Lookup::Found(addresses) => {
            let count = addresses.len();
            let plural = if count == 1 { "address" } else { "addresses" };
            Finding::ok(Check::BackendDns, format!("{host} has {count} {plural}"))
        }
        Lookup::Nothing => {
            Finding::fail(Check::BackendDns, format!("{host} has no address"), advice)
        }
        Lookup::Late => {
            let seen = format!("the resolver said nothing about {host} in time");
            Finding::fail(Check::BackendDns, seen, advice)
        }
    }
}

/// What a connection's outcome means.
pub(super) fn judge_dial(check: Check, place: &str, dialled: Dial) -> Finding {
    match dialled {
        Dial::Connected => Finding::ok(check, format!("{place} takes connections")),
        Dial::Refused => Finding::fail(
            check,
            format!("nobody listens at {place}"),
            "Start it, or correct the port in the configuration.",
        ),
        Dial::Late => Finding::fail(
            check,
            format!("no answer from {place} within the deadline"),
            "A firewall or a network policy drops the packets: allow this machine (or pod) to \
             connect there.",
        ),
        Dial::Failed => Finding::fail(
            check,
            format!("{place} cannot be connected to"),
            "Is there a route from this machine (or pod)?",
        ),
    }
}

async fn tls(wire: &Wire, base: &Url, deadline: Duration) -> Finding {
    if base.scheme() == "http" {
        return plain(base);
    }
    judge_tls(&wire.get(base.clone(), deadline).await)
}

/// The configuration allows plain HTTP on loopback, and elsewhere by a word of its own.
fn plain(base: &Url) -> Finding {
    if crate::config::is_loopback(base) {
        return Finding::ok(Check::BackendTls, "plain HTTP, on loopback");
    }
    Finding::warn(
        Check::BackendTls,
        "plain HTTP: whoever reads this network reads the client secret and tokens",
        "Give the backend a certificate and write https in backend.base_url.",
    )
}

fn judge_tls(answer: &Answer) -> Finding {
    let check = Check::BackendTls;
    let fail = |seen: &str, advice: &str| Finding::fail(check, seen, advice);
    match answer {
        Answer::Got(_) | Answer::None(NoAnswer::TooLong) => {
            Finding::ok(check, "its certificate is believed")
        }
        Answer::None(NoAnswer::Late) => {
            fail("no TLS handshake and answer within the deadline", "Is the port one for https?")
        }
        Answer::None(NoAnswer::Broken) => {
            fail("the connection breaks off", "Is the port one for https?")
        }
        Answer::None(NoAnswer::Untrusted(Untrusted::Issuer)) => fail(
            "nobody that is trusted here signed its certificate",
            "Install the CA certificates (ca-certificates), or name a private CA in the \
             configuration. If the chain lacks its intermediate certificate, mend that at the \
             backend.",
        ),
        Answer::None(NoAnswer::Untrusted(Untrusted::Name)) => fail(
            "its certificate is for another name",
            "Write a name that is in the certificate in backend.base_url, or have the certificate \
             issued for this one.",
        ),
        Answer::None(NoAnswer::Untrusted(Untrusted::Time)) => fail(
            "its certificate has expired, or is not valid yet",
            "Renew it at the backend; and compare the clock of this machine.",
        ),
        Answer::None(NoAnswer::Untrusted(Untrusted::Other)) => fail(
            "no TLS connection comes about",
            "Is the port one for https, with TLS 1.2 or 1.3 and a certificate of X.509 version 3?",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    #[test]
    fn each_way_of_not_being_there_has_its_own_finding() {
        let found = Lookup::Found(vec!["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(judge_lookup("jhe", &found).outcome, Outcome::Ok);
        assert_eq!(judge_lookup("jhe", &Lookup::Nothing).seen, "jhe has no address");
        let advice = |dialled| judge_dial(Check::BackendConnect, "jhe:1", dialled).advice.unwrap();
        assert!(advice(Dial::Refused).contains("port"));
        assert!(advice(Dial::Late).contains("firewall"));
        assert!(advice(Dial::Failed).contains("route"));
    }

    #[test]
    fn each_fault_of_a_certificate_has_its_own_advice() {
        let advice = |why| judge_tls(&Answer::None(NoAnswer::Untrusted(why))).advice.unwrap();
        assert!(advice(Untrusted::Issuer).contains("private CA"));
        assert!(advice(Untrusted::Name).contains("base_url"));
        assert!(advice(Untrusted::Time).contains("Renew"));
        assert!(advice(Untrusted::Other).contains("https"));
    }

    #[test]
    fn plain_http_is_well_on_loopback_alone() {
        assert_eq!(plain(&"http://127.0.0.1:1".parse().unwrap()).outcome, Outcome::Ok);
        assert_eq!(plain(&"http://jhe.svc".parse().unwrap()).outcome, Outcome::Warn);
    }
}
