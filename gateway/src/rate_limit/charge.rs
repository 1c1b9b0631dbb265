//! What is charged to whom: the limits by name, and the charges that one request brings about.

use std::net::{IpAddr, Ipv6Addr};

use authz::ids::{ClientRef, Subject};

use super::quota::Quota;
use crate::config::Limits;

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// A limit, by the word for headers, metrics and logs. Whoever takes several takes them in
        /// this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Limit {
            $($(#[$doc])* $name),*
        }

        impl Limit {
            /// Every limit.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// The word.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }
    };
}

limits! {
    /// Units of one subject.
    Subject = "subject";
    /// Calls through one client.
    Client = "client";
    /// Calls of one subject at the same time.
    Concurrency = "concurrency";
    /// Requests of one address to `/register`.
    Register = "register";
    /// Requests of one address to `/authorize`.
    Authorize = "authorize";
    /// Requests of one address to `/token`, `/revoke` and the callback.
    Token = "token";
    /// Registrations of everybody.
    Registrations = "registrations";
    /// Records of the strangers at one address.
    Records = "records";
    /// Records of all strangers.
    AllRecords = "all_records";
}

/// What an address is limited in before anybody is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anonymous {
    /// Registering a client.
    Register,
    /// Beginning a login.
    Authorize,
    /// Ending one, refreshing, revoking.
    Token,
}

/// Units to be charged to one name under one limit.
#[derive(Clone, Debug)]
pub(super) struct Charge<'c> {
    pub(super) limit: Limit,
    pub(super) name: Name<'c>,
    pub(super) quota: Quota,
    pub(super) cost: u32,
}

/// To whom.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name<'c> {
    /// An identifier.
    Text(&'c str),
    /// The bytes of a network.
    Network([u8; 16]),
    /// All together.
    Everybody,
}

impl Name<'_> {
    pub(super) const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Network(octets) => octets,
            Self::Everybody => &[],
        }
    }
}

/// The charges of one step: all of them fit, or none is made. They stand in the order of
/// [`Limit`], each limit at most once.
#[derive(Clone, Debug)]
pub(super) struct Charges<'c>(Vec<Charge<'c>>);

impl<'c> Charges<'c> {
    /// A call arrives.
    pub(super) fn of_call(limits: &Limits, subject: &'c Subject, client: &'c ClientRef) -> Self {
        let by_client = Quota::new(limits.client_calls_per_minute, limits.client_burst);
        Self(vec![
            Charge {
                limit: Limit::Subject,
                name: Name::Text(subject.as_str()),
                quota: by_subject(limits),
                cost: 1,
            },
            Charge {
                limit: Limit::Client,
                name: Name::Text(client.as_str()),
                quota: by_client,
                cost: 1,
            },
        ])
    }

    /// The call turns out to be for a tool of this weight: what it takes beyond the unit that its
    /// arrival took. Never so much that nobody could ever have it.
    pub(super) fn of_weight(limits: &Limits, subject: &'c Subject, weight: u32) -> Option<Self> {
        let cost = weight.min(limits.burst).saturating_sub(1);
        let charge = Charge {
            limit: Limit::Subject,
            name: Name::Text(subject.as_str()),
            quota: by_subject(limits),
            cost,
        };
        (cost > 0).then(|| Self(vec![charge]))
    }

    /// A stranger asks.
    pub(super) fn of_stranger(limits: &Limits, for_what: Anonymous, address: IpAddr) -> Self {
        let (limit, per_minute) = match for_what {
            Anonymous::Register => (Limit::Register, limits.per_address.register),
            Anonymous::Authorize => (Limit::Authorize, limits.per_address.authorize),
            Anonymous::Token => (Limit::Token, limits.per_address.token),
        };
        let name = Name::Network(octets(network(address)));
        let mut charges =
            vec![Charge { limit, name, quota: Quota::new(per_minute, per_minute), cost: 1 }];
        if for_what == Anonymous::Register {
            let all = limits.registrations_per_minute;
            charges.push(Charge {
                limit: Limit::Registrations,
                name: Name::Everybody,
                quota: Quota::new(all, all),
                cost: 1,
            });
        }
        Self(charges)
    }

    /// Something is to be written down about a stranger. Where there is no address, nobody has one.
    pub(super) fn of_record(limits: &Limits, address: Option<IpAddr>) -> Self {
        let name = address.map_or(Name::Everybody, |at| Name::Network(octets(network(at))));
        let charge = |limit, name, per_minute| Charge {
            limit,
            name,
            quota: Quota::new(per_minute, per_minute),
            cost: 1,
        };
        Self(vec![
            charge(Limit::Records, name, limits.per_address.records),
            charge(Limit::AllRecords, Name::Everybody, limits.records_per_minute),
        ])
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Charge<'c>> {
        self.0.iter()
    }

    /// The same charges against one replica's share.
    pub(super) fn divided(&self, replicas: u32) -> Self {
        let share = |charge: &Charge<'c>| Charge {
            quota: charge.quota.divided(replicas),
            ..charge.clone()
        };
        Self(self.0.iter().map(share).collect())
    }
}

fn by_subject(limits: &Limits) -> Quota {
    Quota::new(limits.calls_per_minute, limits.burst)
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// What counts as one address: an IPv6 customer holds a whole /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}
