//! The synthetic people and the organizations they belong to.

/// The one password of everybody here; it protects nothing.
pub const PASSWORD: &str = "demo-password";

/// What somebody is to the Exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sees what their organizations share.
    Practitioner,
    /// Sees only their own records.
    Patient,
    /// May administer; without memberships, sees no records.
    Superuser,
}

/// Somebody who can log in.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The name before `@example.com`.
    pub login: &'static str,
    /// The user id: `sub` of the id token.
    pub user_id: u32,
    /// What they are.
    pub kind: Kind,
    /// Given name.
    pub given: &'static str,
    /// Family name.
    pub family: &'static str,
    /// Id of the Patient or Practitioner resource.
    pub resource_id: u32,
    /// The organizations they are a direct member of.
    pub organizations: &'static [u32],
    /// Day of birth; empty for those who are not patients.
    pub birth_date: &'static str,
}

impl Person {
    /// The address they log in with.
    pub fn email(&self) -> String {
        format!("{}@example.com", self.login)
    }

    pub(super) fn is_patient(&self) -> bool {
        self.kind == Kind::Patient
    }

    /// Whether the two share an organization.
    pub(super) fn shares_organization(&self, other: &Self) -> bool {
        self.organizations.iter().any(|id| other.organizations.contains(id))
    }

    /// A telephone number of the range that is kept free for fiction.
    pub(super) fn phone(&self) -> String {
        format!("202-555-{:04}", 100 + self.resource_id % 100)
    }

    /// Identifiers of a patient: row id, system, value.
    pub(super) fn identifiers(&self) -> Vec<(u32, &'static str, String)> {
        match self.resource_id {
            40001 => vec![
                (1, "https://wearables.example/ns/patient-id", "wearer-1".to_owned()),
                (2, "urn:oid:1.2.3.4", "E1234".to_owned()),
            ],
            id @ FIRST_DEMO_PATIENT.. if self.is_patient() => {
                vec![(id - 40003, "demo", self.email())]
            }
            _ => Vec::new(),
        }
    }
}

/// From this id on, a patient's records were generated.
pub(super) const FIRST_DEMO_PATIENT: u32 = 40006;

/// An organization, and the one it is part of (0: none).
#[derive(Clone, Copy, Debug)]
pub(super) struct Organization {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) part_of: u32,
}

const fn organization(
    id: u32,
    name: &'static str,
    kind: &'static str,
    part_of: u32,
) -> Organization {
    Organization { id, name, kind, part_of }
}

pub(super) const ORGANIZATIONS: [Organization; 6] = [
    organization(20001, "Planetary Research Institute", "edu", 0),
    organization(20002, "Saturn School of Data Science", "team", 20001),
    organization(20003, "Lifespan Lab", "laboratory", 20002),
    organization(20006, "Cardiology Division", "dept", 0),
    organization(20007, "Neptunian Pulse Lab", "laboratory", 0),
    organization(20008, "Cosmic Cardio Lab", "laboratory", 20006),
];

/// The organization with this id.
pub(super) fn organization_by_id(id: u32) -> Option<&'static Organization> {
    ORGANIZATIONS.iter().find(|organization| organization.id == id)
}

const fn practitioner(
    login: &'static str,
    user_id: u32,
    names: (&'static str, &'static str),
    resource_id: u32,
    organizations: &'static [u32],
) -> Person {
    let (given, family) = names;
    let kind = if user_id == 10001 { Kind::Superuser } else { Kind::Practitioner };
    Person { login, user_id, kind, given, family, resource_id, organizations, birth_date: "" }
}

const fn patient(
    resource_id: u32,
    login: &'static str,
    names: (&'static str, &'static str),
    birth_date: &'static str,
    organizations: &'static [u32],
) -> Person {
    let user_id = match resource_id {
        40001 | 40002 => resource_id - 40001 + 10006,
        _ => resource_id - 40003 + 10009,
    };
    let (given, family) = names;
    let kind = Kind::Patient;
    Person { login, user_id, kind, given, family, resource_id, organizations, birth_date }
}

const INSTITUTE: &[u32] = &[20001];

/// How many people come before the patients.
const PRACTITIONERS: usize = 6;

/// Everybody: practitioners, then patients by id.
pub(super) const PEOPLE: [Person; 31] = [
    practitioner("admin", 10001, ("Ada", "Admin"), 80001, &[]),
    practitioner("manager_mary", 10002, ("ManagerMary", "Moreno"), 80002, &[20001, 20002, 20003]),
    practitioner("member_megan", 10003, ("MemberMegan", "Hernandez"), 80003, &[20003]),
    practitioner("viewer_victor", 10004, ("ViewerVictor", "Vance"), 80004, &[20003]),
    practitioner("three_org_tom", 10005, ("ThreeOrgTom", "Cantu"), 80005, &[20003, 20007, 20008]),
    practitioner("manager_mark", 10008, ("ManagerMark", "Olsen"), 80006, &[20006, 20007]),
    patient(40001, "ll_patient_peter", ("LlPatientPeter", "Daugherty"), "1995-10-04", &[20003]),
    patient(40002, "ll_patient_pamela", ("LlPatientPamela", "Simon"), "1995-08-09", &[20003]),
    patient(40003, "np_patient_nora", ("NpPatientNora", "Birch"), "1967-02-18", &[20007]),
    patient(40004, "cc_patient_cora", ("CcPatientCora", "Stone"), "1972-09-30", &[20008]),
    patient(40005, "cd_patient_dino", ("CdPatientDino", "Rivers"), "1959-12-01", &[20006, 20008]),
    patient(40006, "may.nguyen", ("May", "Nguyen"), "1984-07-11", INSTITUTE),
    patient(40007, "olivia.smith", ("Olivia", "Smith"), "1976-03-23", INSTITUTE),
    patient(40008, "liang.chen", ("Liang", "Chen"), "1948-11-30", INSTITUTE),
    patient(40009, "kwame.mensah", ("Kwame", "Mensah"), "1971-01-15", INSTITUTE),
    patient(40010, "carlos.garcia", ("Carlos", "Garcia"), "1955-05-04", INSTITUTE),
    patient(40011, "ingrid.johansson", ("Ingrid", "Johansson"), "1991-06-27", INSTITUTE),
    patient(40012, "priya.patel", ("Priya", "Patel"), "1983-02-09", INSTITUTE),
    patient(40013, "hiroshi.tanaka", ("Hiroshi", "Tanaka"), "1958-10-01", INSTITUTE),
    patient(40014, "layla.abdullah", ("Layla", "Abdullah"), "1973-12-25", INSTITUTE),
    patient(40015, "emile.dubois", ("Emile", "Dubois"), "1981-06-03", INSTITUTE),
    patient(40016, "omar.rahman", ("Omar", "Rahman"), "1962-08-20", INSTITUTE),
    patient(40017, "sofia.rossi", ("Sofia", "Rossi"), "1979-04-12", INSTITUTE),
    patient(40018, "tomasz.kowalski", ("Tomasz", "Kowalski"), "1945-03-08", INSTITUTE),
    patient(40019, "amara.okafor", ("Amara", "Okafor"), "1994-11-19", INSTITUTE),
    patient(40020, "noah.williams", ("Noah", "Williams"), "1968-07-02", INSTITUTE),
    patient(40021, "mei.zhang", ("Mei", "Zhang"), "1987-12-14", INSTITUTE),
    patient(40022, "luis.hernandez", ("Luis", "Hernandez"), "1952-03-14", INSTITUTE),
    patient(40023, "diego.silva", ("Diego", "Silva"), "1990-05-22", INSTITUTE),
    patient(40024, "lars.andersson", ("Lars", "Andersson"), "1988-10-10", INSTITUTE),
    patient(40025, "zara.ali", ("Zara", "Ali"), "1947-06-06", INSTITUTE),
];

/// Whoever has this login, with or without `@example.com`.
pub(super) fn by_login(login: &str) -> Option<&'static Person> {
    let name = login.strip_suffix("@example.com").unwrap_or(login);
    PEOPLE.iter().find(|person| person.login == name)
}

/// The patient with this id.
pub(super) fn patient_by_id(id: u32) -> Option<&'static Person> {
    // Patients follow the practitioners, in the order of their ids.
    let place = usize::try_from(id.checked_sub(40001)?).ok()?;
    PEOPLE.iter().skip(PRACTITIONERS).nth(place)
}

/// The patients whose records `caller` may read, by id.
pub(super) fn patients_visible_to(caller: &Person) -> impl Iterator<Item = &'static Person> {
    PEOPLE.iter().filter(move |person| {
        person.is_patient()
            && if caller.is_patient() {
                person.user_id == caller.user_id
            } else {
                caller.shares_organization(person)
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_people_in_order() {
        let peter = by_login("ll_patient_peter@example.com").unwrap();
        assert_eq!((peter.user_id, peter.resource_id), (10006, 40001));
        assert_eq!(by_login("ll_patient_pamela").unwrap().user_id, 10007);
        assert_eq!(patient_by_id(40003).unwrap().user_id, 10009);
        assert!(patient_by_id(40000).is_none() && patient_by_id(40026).is_none());
        assert_eq!(patient_by_id(40025).unwrap().user_id, 10031);
    }

    #[test]
    fn a_practitioner_sees_the_patients_of_their_own_organizations_only() {
        let seen = |login| patients_visible_to(by_login(login).unwrap()).count();
        assert_eq!(seen("manager_mary"), 22);
        assert_eq!(seen("member_megan"), 2);
        assert_eq!(seen("three_org_tom"), 5);
        assert_eq!(seen("manager_mark"), 2);
        assert_eq!(seen("ll_patient_peter"), 1);
        assert_eq!(seen("admin"), 0);
    }
}
