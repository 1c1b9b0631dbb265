//! The stand-in Exchange answers as a real one was seen to answer.
//!
//! The table is what was seen, in our words: who asks for what, the status, and the facts that the
//! answer states. `recorded` compares with whole recordings where a folder of them is at hand.

use serde_json::Value;
use testbed::exchange::{FakeExchange, Options};

mod recorded;

/// `who | path | status | facts`; a fact is a JSON pointer and its value, facts are parted by `;`.
/// `nobody` sends no token, `garbage` one that was never issued; `#` counts the members.
const SEEN: &str = r#"
mary | /api/v1/studies | 200 | /count=3 ; /results/0/id=30006 ; /results/1/id=30002 ; /results/2/id=30001 ; /next=null
megan | /api/v1/studies | 200 | /count=2
victor | /api/v1/studies | 200 | /count=2
tom | /api/v1/studies | 200 | /count=4 ; /results/0/id=30005
mark | /api/v1/studies | 200 | /count=2 ; /results/0/id=30003
admin | /api/v1/studies | 200 | /count=0 ; /results=[]
peter | /api/v1/studies | 404 | /detail="No Practitioner matches the given query."
mary | /api/v1/studies?page_size=1 | 200 | /count=3 ; /results#=1 ; /next="{base}/api/v1/studies?page=2&page_size=1"
mary | /api/v1/studies?page_size=1&page=2 | 200 | /previous="{base}/api/v1/studies?page_size=1" ; /results/0/id=30002
mary | /api/v1/studies?page_size=1&page=last | 200 | /next=null ; /results/0/id=30001
mary | /api/v1/studies?page_size=1&page=99 | 404 | /detail="Invalid page."
mary | /api/v1/studies?page=abc | 404 | /detail="Invalid page."
mary | /api/v1/studies?page_size=0 | 200 | /results#=3
mary | /api/v1/studies/30001 | 200 | /name="Lifespan Study on BP & HR" ; /organization/id=20003 ; /iconUrl=null
mary | /api/v1/studies/30005 | 403 | /detail="Current User does not have authorization to access this Study."
mary | /api/v1/studies/99999999 | 403 | /detail="Current User does not have authorization to access this Study."
mary | /api/v1/studies/abc | 500 |
mary | /api/v1/studies/30001/ | 404 |
nobody | /api/v1/studies | 401 | /detail="Authentication credentials were not provided."
garbage | /api/v1/studies | 401 | /detail="Authentication credentials were not provided."
mary | /api/v1/studies/30001/patients | 200 | /count=2 ; /results/0/id=40001 ; /results/0/jheUserId=10006 ; /results/1/identifiers=[]
mary | /api/v1/studies/30006/patients?page_size=7&page=2 | 200 | /count=20 ; /results#=7 ; /results/0/id=40013
mary | /api/v1/studies/30006/patients?page_size=20&page=2 | 404 | /detail="Invalid page."
mary | /api/v1/studies/30005/patients | 200 | /count=0 ; /results=[]
peter | /api/v1/studies/30001/patients | 200 | /count=0
mary | /api/v1/users/profile | 200 | /id=10002 ; /userType="practitioner" ; /patient=null ; /isSuperuser=false
peter | /api/v1/users/profile | 200 | /id=10006 ; /userType="patient"
mary | /api/v1/users/organizations | 200 | #=3 ; /0/id=20001 ; /0/currentUserRole=null
mary | /api/v1/patients/40001/consents | 200 | /patient/id=40001 ; /consolidatedConsentedScopes#=3 ; /studies/0/id=30001 ; /studiesPendingConsent/0/pendingScopeConsents/0/consented=null
mary | /api/v1/patients/40004/consents | 403 | /detail="This Practitioner not authorized to access this Patient"
mary | /FHIR/R5/Patient | 200 | /total=22 ; /entry#=20 ; /entry/0/resource/id="40014" ; /link/1/url="{base}/FHIR/R5/Patient?_page=2"
mary | /FHIR/R5/Patient?_count=5&_page=2 | 200 | /entry/0/resource/id="40015" ; /link/1/relation="previous" ; /link/1/url="{base}/FHIR/R5/Patient?_count=5"
mary | /FHIR/R5/Patient?name=l | 200 | /total=6 ; /entry/0/resource/id="40014"
mary | /FHIR/R5/Patient?name=l&name=a | 200 | /total=2
mary | /FHIR/R5/Patient?family=smith,nguyen | 200 | /total=2
mary | /FHIR/R5/Patient?name=%25 | 200 | /total=0
mary | /FHIR/R5/Patient?birthdate=ge1970-01-01&birthdate=lt1980-01-01 | 200 | /total=4
mary | /FHIR/R5/Patient?birthdate=1984-99-99 | 422 | /issue/0/diagnostics="month must be in 1..12"
mary | /FHIR/R5/Patient?identifier=%7CE1234 | 200 | /total=1 ; /entry/0/resource/id="40001"
mary | /FHIR/R5/Patient?identifier=E1234 | 200 | /total=22
mary | /FHIR/R5/Patient/40004 | 404 | /issue/0/diagnostics="Patient/40004 not found."
mary | /FHIR/R5/Patient/abc | 422 | /issue/0/diagnostics="Field 'id' expected a number but got 'abc'."
peter | /FHIR/R5/Patient | 200 | /total=1 ; /entry/0/resource/id="40001"
admin | /FHIR/R5/Patient | 200 | /total=0
mary | /FHIR/R5/Observation?_summary=count | 200 | /total=45305 ; /entry=[] ; /link#=1
tom | /FHIR/R5/Observation?_summary=count | 200 | /total=9
mark | /FHIR/R5/Observation?_summary=count | 200 | /total=3
victor | /FHIR/R5/Observation?_summary=count | 200 | /total=5
mary | /FHIR/R5/Observation | 200 | /entry/0/resource/id="105309"
mary | /FHIR/R5/Observation?patient=40001 | 200 | /total=2 ; /entry/0/resource/id="60005" ; /entry/1/resource/id="60003"
mary | /FHIR/R5/Observation?patient=40006&_count=3&_sort=-date | 200 | /total=1937 ; /entry/0/resource/id="61354"
mary | /FHIR/R5/Observation?patient=40006&_count=3&_sort=date | 200 | /entry/0/resource/id="61357" ; /entry/2/resource/id="61359"
mary | /FHIR/R5/Observation?patient=40006&date=ge0001-01-01&_summary=count | 200 | /total=1937
mary | /FHIR/R5/Observation?patient=40007&_count=3&_sort=-date | 200 | /total=2001 ; /entry/0/resource/id="61947" ; /entry/0/resource/effectiveDateTime=null
mary | /FHIR/R5/Observation?patient=40007&date=ge0001-01-01&_summary=count | 200 | /total=0
mary | /FHIR/R5/Observation?patient=40006&date=ge2026-11-10&date=le2026-11-12&_summary=count | 200 | /total=312
mary | /FHIR/R5/Observation?patient=40006&date=ge2026-11-10T12:00:00Z&_summary=count | 200 | /total=1102
mary | /FHIR/R5/Observation?patient=40006&date=2026-11-10&_summary=count | 200 | /total=104
mary | /FHIR/R5/Observation?date=ge2026 | 400 | /issue/0/diagnostics="[ErrorDetail(string=\"Invalid date value: 'ge2026'.\", code='invalid')]"
mary | /FHIR/R5/Observation?patient=40006&code=https%3A%2F%2Fw3id.org%2Fopenmhealth%7Comh%3Aheart-rate%3A2.0 | 200 | /total=74
mary | /FHIR/R5/Observation?patient=40006&code=omh%3Aheart-rate%3A2.0 | 200 | /total=0
mary | /FHIR/R5/Observation?patient._has%3AGroup%3Amember%3A_id=30001&_summary=count | 200 | /total=5
mary | /FHIR/R5/Observation?patient._has%3A_group%3Amember%3A_id=30001&_summary=count | 200 | /total=5
mary | /FHIR/R5/Observation?patient._has%3AGroup%3Amember%3A_id=30005 | 403 | /issue/0/diagnostics="Current user is not authorized to access Group/30005."
mary | /FHIR/R5/Observation?patient=99999999 | 403 | /issue/0/diagnostics="Current user is not authorized to access Patient/99999999."
mary | /FHIR/R5/Observation?patient=Patient/40001 | 422 | /issue/0/code="processing"
mary | /FHIR/R5/Observation?patient=40001&patient=40002&_summary=count | 200 | /total=3
mary | /FHIR/R5/Observation?patient=&_summary=count | 200 | /total=45305
mary | /FHIR/R5/Observation?subject=Patient/40001&_summary=count | 200 | /total=45305
mary | /FHIR/R5/Observation?patient=40006&_count=100000 | 200 | /entry#=1000
mary | /FHIR/R5/Observation?patient=40001&_page=0 | 404 | /issue/0/diagnostics="Invalid page."
peter | /FHIR/R5/Observation?patient=40002&_summary=count | 200 | /total=2
mary | /FHIR/R5/Observation/60007 | 404 | /issue/0/diagnostics="Observation/60007 not found."
nobody | /FHIR/R5/Observation | 401 | /issue/0/diagnostics="Authentication credentials were not provided."
mary | /FHIR/R5/Group | 200 | /total=3 ; /entry/0/resource/id="30006" ; /entry/0/resource/membership="enumerated"
peter | /FHIR/R5/Group | 200 | /total=2
mary | /FHIR/R5/Device | 200 | /total=4 ; /entry/2/resource/id="70004"
mary | /FHIR/R5/Practitioner | 200 | /total=4 ; /entry/0/resource/id="80005"
mary | /FHIR/R5/QuestionnaireResponse | 200 | /total=7 ; /entry/0/resource/extension/0/valueInteger=40002
mary | /FHIR/R5/QuestionnaireResponse?_source%3Abelow=https%3A%2F%2Fjupyterhealth.org%2Ffhir-source | 200 | /total=0
mary | /FHIR/R5/Account | 404 | /issue/0/diagnostics="Unsupported FHIR resource type: Account."
mary | /FHIR/R5/ | 405 | /detail="Method \"GET\" not allowed."
mary | /fhir/r5/Patient | 404 |
nobody | /FHIR/R5/metadata | 200 | /rest/0/resource#=26 ; /fhirVersion="5.0.0"
nobody | /health | 200 | /status="ok" ; /version="v0.0.13"
nobody | /.well-known/oauth-authorization-server | 404 |
nobody | /o/.well-known/openid-configuration | 200 | /issuer="{base}/o"
mary | /o/userinfo/ | 200 | /sub="10002" ; /email="manager_mary@example.com"
garbage | /o/userinfo/ | 401 | /error="invalid_token"
"#;

fn login_of(who: &str) -> Option<&'static str> {
    Some(match who {
        "mary" => "manager_mary",
        "megan" => "member_megan",
        "victor" => "viewer_victor",
        "tom" => "three_org_tom",
        "mark" => "manager_mark",
        "peter" => "ll_patient_peter",
        "admin" => "admin",
        _ => return None,
    })
}

/// The value at a pointer, or the number of its members after `#`; what is absent is null.
fn fact(body: &Value, pointer: &str) -> Value {
    match pointer.strip_suffix('#') {
        Some(list) => body.pointer(list).and_then(Value::as_array).map_or(0, Vec::len).into(),
        None => body.pointer(pointer).cloned().unwrap_or(Value::Null),
    }
}

async fn check(exchange: &FakeExchange, line: &str) {
    let mut columns = line.splitn(4, '|').map(str::trim);
    let mut column = || columns.next().unwrap();
    let (who, path, status, facts) = (column(), column(), column(), column());
    let mut request = reqwest::Client::new().get(format!("{}{path}", exchange.base_url()));
    if let Some(login) = login_of(who) {
        request = request.bearer_auth(exchange.issue_token(login).unwrap());
    } else if who == "garbage" {
        request = request.bearer_auth("garbage");
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16().to_string(), status, "{line}");
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default();
    for stated in facts.split(" ; ").filter(|stated| !stated.is_empty()) {
        let (pointer, value) = stated.split_once('=').unwrap();
        let value = value.replace("{base}", &exchange.base_url());
        let expected: Value = serde_json::from_str(&value).unwrap();
        assert_eq!(fact(&body, pointer.trim()), expected, "{pointer} of {line}");
    }
}

#[tokio::test]
async fn the_stand_in_answers_as_the_real_exchange_was_seen_to() {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let exchange = FakeExchange::start(Options::default()).await.unwrap();
    for line in SEEN.lines().filter(|line| !line.is_empty()) {
        check(&exchange, line).await;
    }
}
