//! Who signs: the credentials of a client, and where they come from.
//!
//! A client asks its [`CredentialProvider`] before each signature and keeps nothing of the answer, so that credentials
//! which expire are renewed between two attempts of one call. Credentials that stay are a provider themselves, and
//! lend what they have. A provider answers on the thread that calls, from any thread; its error ends the call.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::error::Result;

/// A source of credentials. Its `Debug` shows no secret.
pub trait CredentialProvider: fmt::Debug + Send + Sync {
    /// Those of this moment; `None` if there are none.
    ///
    /// # Errors
    /// They could not be had.
    fn credentials(&self) -> Result<Option<Cow<'_, Credentials>>>;
}

#[derive(Clone, Deserialize)]
pub struct Credentials {
    pub access_key: String,
    /// botocore signs with the word `None` where it is missing.
    pub secret_key: Option<String>,
    pub token: Option<String>,
    /// Whose they are, where they tell it.
    #[serde(default)]
    pub account_id: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, …)", self.access_key)
    }
}

/// Those that stay; `None` where nobody found any.
impl CredentialProvider for Option<Credentials> {
    fn credentials(&self) -> Result<Option<Cow<'_, Credentials>>> {
        Ok(self.as_ref().map(Cow::Borrowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_lent_and_not_copied() {
        let held = Some(Credentials {
            access_key: "AKID".into(),
            secret_key: Some("hidden".into()),
            token: Some("hidden".into()),
            account_id: None,
        });
        assert!(matches!(held.credentials(), Ok(Some(Cow::Borrowed(lent))) if std::ptr::eq(lent, held.as_ref().unwrap())));
        assert!(matches!(None::<Credentials>.credentials(), Ok(None)));
        assert!(!format!("{held:?}").contains("hidden"));
    }
}
