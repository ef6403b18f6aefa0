//! Authentication: who asks, and whether a signature shows it.
//!
//! The checks come in the order of the service, each with its text: the signature has all its parts, its time is now,
//! its scope is ours, its key is known, it fits the request, its session token is valid. Then the account of the key is
//! looked at: one emulator is one account, and keys of another may sign but are allowed nothing. What others are allowed
//! their [`Permissions`] tell.
//!
//! Time is this machine's, always: what a test does with the clock of the cloud changes no signature.
//! The canonical request and the keys of each day are those of the client's [`Signer`].

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::request::Parts as Head;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::arn::Names;
use super::error::{Result, ServiceError};
use super::permissions::Permissions;
use super::routes::Route;
use super::signature::Signature;
use crate::client::identity::Credentials;
use crate::client::sign::{Signer, Stamp, sha256};

/// How far the clock of a caller may be from ours.
const SKEW: Duration = Duration::from_mins(5);
/// The longest life of a presigned URL.
const LONGEST: Duration = Duration::from_hours(7 * 24);
/// The services whose operations are served.
const SERVICES: [&str; 2] = ["greengrass", "iot"];
const TERMINATOR: &str = "aws4_request";

/// A key pair that may sign, and whose it is.
#[derive(Clone, Deserialize)]
pub struct AccessKey {
    pub access_key: String,
    pub secret_key: String,
    pub user_name: String,
    /// None: the account of the emulator.
    pub account_id: Option<String>,
    /// Temporary keys have one, and sign with it only.
    pub session_token: Option<String>,
    /// The end of the session token, in seconds since 1970.
    pub expires: Option<f64>,
    /// The IAM actions that the user may perform; None: all.
    pub actions: Option<Vec<String>>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessKey({} of {}, …)", self.access_key, self.user_name)
    }
}

impl AccessKey {
    /// What an emulator knows that was told of no other.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            access_key: "local".into(),
            secret_key: "local".into(),
            user_name: "dev".into(),
            account_id: None,
            session_token: None,
            expires: None,
            actions: None,
        }
    }

    /// What is wrong with it, if anything.
    fn problem(&self) -> Option<String> {
        if self.access_key.is_empty() || self.access_key.contains(['/', ',', ' ']) {
            return Some(format!("access_key {:?} is not one: give letters and digits", self.access_key));
        }
        if self.secret_key.is_empty() || self.user_name.is_empty() {
            return Some(format!("access_key {:?}: secret_key and user_name must not be empty", self.access_key));
        }
        let account = self.account_id.as_deref()?;
        (!is_account(account)).then(|| format!("account_id {account:?} of {:?} is not one: give twelve digits", self.access_key))
    }
}

pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The keys of one emulator.
#[derive(Debug)]
pub struct Auth {
    keys: HashMap<String, Key>,
    names: Names,
    /// The access key of whose requests are all those that are not checked.
    anybody: Option<String>,
}

#[derive(Debug)]
pub struct Key {
    credentials: Credentials,
    account: String,
    /// ARN.
    pub caller: String,
    expires: Option<SystemTime>,
    permissions: Permissions,
    /// One a service.
    signers: [Signer; SERVICES.len()],
}

impl Auth {
    /// `check`: whether signatures are looked at; else any will do, and the caller is the user of the first key.
    pub fn new(keys: &[AccessKey], check: bool, names: &Names) -> Result<Self, String> {
        let mut known = HashMap::new();
        for key in keys {
            if let Some(problem) = key.problem() {
                return Err(problem);
            }
            if known.insert(key.access_key.clone(), Key::new(key, names)?).is_some() {
                return Err(format!("access_key {:?} is given twice", key.access_key));
            }
        }
        let first = keys.first().ok_or("credentials are empty: give at least one key")?;
        let anybody = (!check).then(|| first.access_key.clone());
        Ok(Self { keys: known, names: names.clone(), anybody })
    }

    /// The ARN of who signed this request for `route`, and may ask for it.
    pub fn caller(&self, head: &Head, body: &[u8], route: &Route) -> Result<&str> {
        let service = &*route.model.metadata.signing_name;
        let key = self.signer(head, body, service)?;
        if key.account != self.names.account {
            return Err(self.foreign(key, service, &route.operation.name));
        }
        key.permissions.admit(&key.caller, &self.names, route)?;
        Ok(&key.caller)
    }

    /// The key whose signature the request has.
    pub fn signer(&self, head: &Head, body: &[u8], service: &str) -> Result<&Key> {
        if !Signature::is_there(head) {
            return Err(ServiceError::missing_token());
        }
        if let Some(anybody) = &self.anybody {
            return self.key(anybody);
        }
        let signature = Signature::read(head)?;
        timely(&signature, SystemTime::now())?;
        self.scoped(&signature, service)?;
        let key = self.key(&signature.access_key)?;
        key.verify(&signature, head, body, service)?;
        key.session(&signature, SystemTime::now())?;
        Ok(key)
    }

    fn key(&self, access_key: &str) -> Result<&Key> {
        self.keys.get(access_key).ok_or_else(ServiceError::unrecognized_client)
    }

    fn scoped(&self, signature: &Signature, service: &str) -> Result<()> {
        let [date, region, scope_service, terminator] = &signature.scope;
        let stamp = &signature.stamp;
        let mut problems = Vec::new();
        if *region != self.names.region {
            problems.push(format!("Credential should be scoped to a valid region, not '{region}'. "));
        }
        if scope_service != service {
            problems.push(format!("Credential should be scoped to correct service: '{service}'. "));
        }
        if terminator != TERMINATOR {
            problems.push(format!("Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'. "));
        }
        if *date != stamp.date() {
            problems.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{date}' != '{}', from '{}'. ",
                stamp.date(),
                stamp.text
            ));
        }
        if problems.is_empty() { Ok(()) } else { Err(ServiceError::invalid_signature(problems.concat())) }
    }

    fn foreign(&self, key: &Key, service: &str, action: &str) -> ServiceError {
        ServiceError::access_denied(format!(
            "User: {} is not authorized to perform: {service}:{action} because this local cloud is of account {}",
            key.caller, self.names.account
        ))
    }
}

impl Key {
    fn new(key: &AccessKey, names: &Names) -> Result<Self, String> {
        let permissions = Permissions::new(key.actions.as_deref())
            .map_err(|problem| format!("actions of access_key {:?}: {problem}", key.access_key))?;
        let account = key.account_id.as_ref().unwrap_or(&names.account);
        let credentials = Credentials {
            access_key: key.access_key.clone(),
            secret_key: Some(key.secret_key.clone()),
            token: key.session_token.clone(),
            account_id: None,
        };
        Ok(Self {
            credentials,
            account: account.clone(),
            caller: names.user(account, &key.user_name),
            expires: key.expires.map(|seconds| UNIX_EPOCH + Duration::try_from_secs_f64(seconds).unwrap_or_default()),
            permissions,
            signers: SERVICES.map(|service| Signer::new(names.region.clone(), service.into(), false)),
        })
    }

    fn verify(&self, signature: &Signature, head: &Head, body: &[u8], service: &str) -> Result<()> {
        if let Some(name) = signature.unsigned(head) {
            let message = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
            return Err(ServiceError::invalid_signature(message));
        }
        let at = SERVICES.iter().position(|known| *known == service);
        let signer = at.map(|at| &self.signers[at]).ok_or_else(|| ServiceError::internal(&format!("no keys for {service}")))?;
        let expected =
            signature.over(head, &sha256(body), |request| signer.signature(request, &self.credentials, &signature.stamp));
        if bool::from(expected.as_bytes().ct_eq(signature.text.as_bytes())) {
            return Ok(());
        }
        Err(ServiceError::invalid_signature(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
             Key and signing method. Consult the service documentation for details.",
        ))
    }

    fn session(&self, signature: &Signature, now: SystemTime) -> Result<()> {
        if signature.token != self.credentials.token {
            return Err(ServiceError::unrecognized_client());
        }
        if self.expires.is_some_and(|end| end <= now) {
            return Err(ServiceError::expired_token());
        }
        Ok(())
    }
}

/// A signature holds for five minutes, or as long as a presigned URL says; its time may be five minutes ahead of ours.
fn timely(signature: &Signature, now: SystemTime) -> Result<()> {
    let Stamp { time, text } = &signature.stamp;
    let told = |time| Stamp::at(time).text;
    if signature.expires.is_some_and(|expires| expires > LONGEST) {
        let message = format!("X-Amz-Expires must be at most {} seconds.", LONGEST.as_secs());
        return Err(ServiceError::incomplete_signature(message));
    }
    if *time > now + SKEW {
        let message =
            format!("Signature not yet current: {text} is still later than {} ({} + 5 min.)", told(now + SKEW), told(now));
        return Err(ServiceError::invalid_signature(message));
    }
    let life = signature.expires.unwrap_or(SKEW);
    // signatures tell whole seconds, so the last of them is theirs to its end
    if *time + life + Duration::from_secs(1) <= now {
        let span = if life == SKEW { "5 min.".into() } else { format!("{} sec.", life.as_secs()) };
        let message = format!("Signature expired: {text} is now earlier than {} ({} - {span})", told(now - life), told(now));
        return Err(ServiceError::invalid_signature(message));
    }
    Ok(())
}
