//! TLS: which servers are trusted, and who we are.
//!
//! The system's certificates are read when the first TLS connection is made, once a process; where the system has none,
//! the bundled ones serve. What a handshake may lock, the cache of sessions among it, every process has for itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use once_cell::race::OnceBox;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

use super::trust::{TrustAnybody, TrustNamed};
use crate::client::process::PerProcess;

/// Whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verify {
    /// The system's certificates, else the bundled ones.
    System,
    /// The certificates of a PEM file.
    File(PathBuf),
    /// Anybody.
    Off,
}

/// A client certificate: PEM files of its chain and of its key, which may be one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The TLS side of a transport, set up when first needed.
pub(super) struct Tls {
    verify: Verify,
    identity: Option<Identity>,
    config: PerProcess<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({:?})", self.verify)
    }
}

impl Tls {
    pub(super) fn new(verify: Verify, identity: Option<Identity>) -> Self {
        Self { verify, identity, config: PerProcess::new(OnceLock::new()) }
    }

    pub(super) fn connector(&self) -> Result<TlsConnector, String> {
        let config = self.config.get(own_sessions).get_or_init(|| configure(&self.verify, self.identity.as_ref()).map(Arc::new));
        config.clone().map(TlsConnector::from)
    }
}

/// What a child begins with: its parent's config, if that is there, without the parent's sessions.
fn own_sessions(parents: &OnceLock<Result<Arc<ClientConfig>, String>>) -> OnceLock<Result<Arc<ClientConfig>, String>> {
    let Some(Ok(config)) = parents.get() else { return OnceLock::new() };
    let mut config = ClientConfig::clone(config);
    config.resumption = Resumption::default();
    Ok(Arc::new(config)).into()
}

pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(host.to_owned()).map_err(|error| format!("{host}: {error}"))
}

fn configure(verify: &Verify, identity: Option<&Identity>) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match verify {
        Verify::System => builder.with_root_certificates(system_roots()),
        Verify::File(path) => {
            let trusted = TrustNamed::new(certificates_of(path)?, roots_of(path)?, provider)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(trusted))
        }
        Verify::Off => builder.dangerous().with_custom_certificate_verifier(Arc::new(TrustAnybody(provider))),
    };
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(Identity { certificate, key }) => {
            let chain = certificates_of(certificate)?;
            builder.with_client_auth_cert(chain, key_of(key)?).map_err(|error| {
                let Error::InconsistentKeys(_) = error else { return format!("{}: {error}", key.display()) };
                format!("{}: its key is not that of {}", certificate.display(), key.display())
            })
        }
    }
}

fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceBox<PerProcess<OnceLock<Arc<RootCertStore>>>> = OnceBox::new();
    let roots = ROOTS.get_or_init(|| Box::new(PerProcess::new(OnceLock::new())));
    let roots =
        roots.get(OnceLock::clone).get_or_init(|| Arc::new(roots_of_system(rustls_native_certs::load_native_certs().certs)));
    Arc::clone(roots)
}

/// The system's own, or the bundled ones where it has none that can be used.
fn roots_of_system(own: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(own);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// The certificates of a bundle. One that cannot be used is left out; a bundle of which nothing is left is an error.
fn roots_of(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(certificates_of(path)?);
    match (usable, unusable) {
        (0, 0) => Err(format!("{}: there is no certificate in it (PEM)", path.display())),
        (0, _) => Err(format!("{}: none of its certificates can be used", path.display())),
        _ => Ok(roots),
    }
}

/// What is in a file, without the byte order mark that Windows' editors begin it with.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = std::fs::read(path)?;
    let mark = "\u{feff}".as_bytes();
    if text.starts_with(mark) {
        text.drain(..mark.len());
    }
    Ok(text)
}

fn certificates_of(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |reason: &dyn fmt::Display| format!("{}: {reason}", path.display());
    let text = read(path).map_err(|error| fault(&error))?;
    CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|error| fault(&error))
}

fn key_of(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let fault = |reason: &dyn fmt::Display| format!("{}: {reason}", path.display());
    let text = read(path).map_err(|error| fault(&error))?;
    // Both ways of writing it say so: in the label of the block, or in a header of it.
    if memchr::memmem::find(&text, b"ENCRYPTED").is_some() {
        return Err(fault(&"the private key is encrypted; store it without a password: openssl pkey -in KEY -out NEW_KEY"));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => fault(&"there is no private key in it (PEM)"),
        error => fault(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_certificates_has_the_bundled_ones() {
        assert_eq!(roots_of_system(Vec::new()).len(), webpki_roots::TLS_SERVER_ROOTS.len());
        let own = CertificateDer::from_pem_slice(include_bytes!("../../../tests/tls/localhost.pem")).unwrap();
        assert_eq!(roots_of_system(vec![own, CertificateDer::from(vec![0])]).len(), 1);
    }
}
