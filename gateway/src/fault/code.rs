//! The code words of faults: whose fault, the word, the HTTP status, in one table.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $peer:literal, $word:literal, $status:literal;)*) => {
        /// A kind of fault. Each has its row in `docs/operations.md`, and its counter from the start.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FaultCode {
            $($(#[$doc])* $name),*
        }

        impl FaultCode {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Whose fault: the label `peer`.
            pub const fn peer(self) -> &'static str {
                match self { $(Self::$name => $peer),* }
            }

            /// The code word: metric label, log field, problem type.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The HTTP status: 502 answered badly, 503 cannot know, 504 late.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }
        }
    };
}

codes! {
    /// No connection to the backend.
    BackendUnreachable = "backend", "backend_unreachable", 503;
    /// No answer of the backend's in time.
    BackendLate = "backend", "backend_late", 503;
    /// An answer of the backend's that proves nothing.
    BackendAnswer = "backend", "backend_answer", 503;
    /// The backend's no to our own client.
    BackendRefusedUs = "backend", "backend_refused_us", 503;
    /// Too many questions to the backend at once.
    BackendBusy = "backend", "backend_busy", 503;
    /// A backend that is not asked for a while.
    BackendSpared = "backend", "backend_spared", 503;
    /// No address of core's.
    CoreUnresolved = "core", "core_unresolved", 503;
    /// No connection to core.
    CoreUnreachable = "core", "core_unreachable", 503;
    /// Not the core that is configured.
    CoreUntrusted = "core", "core_untrusted", 503;
    /// No answer of core's in time.
    CoreLate = "core", "core_late", 504;
    /// An answer of core's that no client may see.
    CoreAnswer = "core", "core_answer", 502;
    /// An answer of core's that broke off.
    CoreBroken = "core", "core_broken", 502;
    /// A hop that core did not open.
    CoreRefusedHop = "core", "core_refused_hop", 502;
    /// An audit trail that cannot be written.
    AuditUnwritable = "gateway", "audit_unwritable", 503;
    /// Our own mistake.
    Internal = "gateway", "internal", 500;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FaultCode;

    #[test]
    fn no_two_faults_share_a_word() {
        let words: BTreeSet<_> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), FaultCode::ALL.len());
    }
}
