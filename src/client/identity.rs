//! Who signs: the credentials of a client, and what gives them where they may change.

use std::fmt;

use serde::Deserialize;

use crate::error::Result;

/// Gives credentials that may change: expire, be renewed, be set by hand. Its `Debug` shows no secret.
///
/// It answers on the thread that asks, from any thread, perhaps several at a time; an error ends the call.
pub trait CredentialProvider: fmt::Debug + Send + Sync {
    /// Those of this moment; `None` if there are none.
    ///
    /// # Errors
    /// They could not be had.
    fn credentials(&self) -> Result<Option<Given>>;
}

/// What a provider gave.
#[derive(Debug)]
pub struct Given {
    pub credentials: Credentials,
    /// Without it they may change at any moment.
    pub term: Option<Term>,
}

/// Until when credentials may be used again without asking for them, in seconds of Unix time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// There are no others until then.
    pub fresh_until: f64,
    /// Others should be had, but these will do until then, while somebody asks.
    pub good_until: f64,
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

impl Credentials {
    /// The token, for a header; an empty one is none.
    pub(super) fn token_to_sign(&self) -> Option<&str> {
        self.token.as_deref().filter(|token| !token.is_empty())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, …)", self.access_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let hidden = || Some("hidden".to_owned());
        let held = Credentials { access_key: "AKID".into(), secret_key: hidden(), token: hidden(), account_id: None };
        assert!(!format!("{held:?}").contains("hidden"));
    }
}
