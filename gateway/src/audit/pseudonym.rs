//! Patients in the audit trail: the same one always under the same name, and a name that says
//! nothing to whoever lacks the key.

use authz::ids::BackendName;
use authz::target::TargetPatient;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::chain::hex;

/// 128 bits: two patients never share one.
const BYTES: usize = 16;

/// What stands for one patient: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Pseudonym(pub(super) String);

impl Pseudonym {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes pseudonyms under one key.
#[derive(Clone)]
pub(crate) struct Pseudonyms(Hmac<Sha256>);

impl Pseudonyms {
    /// Under `key`. Whoever has it can find a patient again by making the pseudonym of each id.
    pub(crate) fn under(key: &Zeroizing<[u8; 32]>) -> Self {
        let mut block = Zeroizing::new([0_u8; 64]);
        for (place, byte) in block.iter_mut().zip(key.iter()) {
            *place = *byte;
        }
        Self(Hmac::<Sha256>::new(&(*block).into()))
    }

    /// The pseudonym of this patient of this backend: ids of two backends are two people.
    pub(crate) fn of(&self, backend: &BackendName, patient: &TargetPatient) -> Pseudonym {
        let text = [backend.as_str(), "\0", patient.expose()].concat();
        let digest = self.0.clone().chain_update(text.as_bytes()).finalize().into_bytes();
        Pseudonym(hex(digest.get(..BYTES).unwrap_or_default()))
    }
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonyms").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use authz::mcp_call::McpCall;

    use super::*;

    fn patient(id: &str) -> TargetPatient {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":
                {{"name":"get_patient_demographics","arguments":{{"patient_id":"{id}"}}}}}}"#
        );
        TargetPatient::of(&McpCall::parse(body.as_bytes()).unwrap(), body.as_bytes()).remove(0)
    }

    #[test]
    fn one_patient_has_one_pseudonym_under_one_key_and_nobody_shares_it() {
        let backend = |name: &str| BackendName::parse(name).unwrap();
        let (one, two) = (
            Pseudonyms::under(&Zeroizing::new([1; 32])),
            Pseudonyms::under(&Zeroizing::new([2; 32])),
        );
        let ada = one.of(&backend("jhe"), &patient("40001"));
        assert_eq!(ada, one.of(&backend("jhe"), &patient("40001")));
        assert_ne!(ada, one.of(&backend("jhe"), &patient("40002")));
        assert_ne!(ada, one.of(&backend("other"), &patient("40001")));
        assert_ne!(ada, two.of(&backend("jhe"), &patient("40001")));
        assert!(ada.as_str().len() == 32 && !ada.as_str().contains("40001"));
    }
}
