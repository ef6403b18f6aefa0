//! The door for devices: a port that speaks TLS and asks for a device certificate.
//!
//! The emulator is its own certificate authority, made anew at each start, which signs the certificate of the port and
//! those of devices. Behind this door only the operations of the data plane are served, and no signature is looked at:
//! the handshake has shown who asks.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::arn::Names;
use super::error::{Result, ServiceError};
use crate::client::sign::sha256;
use crate::model::Operation;

/// Who signs the certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

/// A device's certificate, its key, and the authority that both sides trust, as PEM.
#[derive(Clone)]
pub struct DeviceCertificate {
    pub certificate: String,
    pub private_key: String,
    pub authority: String,
}

impl fmt::Debug for DeviceCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.certificate)
    }
}

impl Authority {
    pub fn new() -> Result<Self, rcgen::Error> {
        let mut params = named("fleetgrass local cloud", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// The certificate of one device; a device may have several.
    pub fn device(&self, thing: &str) -> Result<DeviceCertificate, rcgen::Error> {
        let mut params = named(thing, &[])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?.pem();
        Ok(DeviceCertificate { certificate, private_key: key.serialize_pem(), authority: self.0.pem() })
    }

    /// What makes TLS of a connection to this machine, and lets in whom this authority has certified.
    pub fn acceptor(&self) -> Result<TlsAcceptor, String> {
        let mut params = named("localhost", &["localhost", "127.0.0.1"]).map_err(text)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(text)?;
        let certificate = params.signed_by(&key, &self.0).map_err(text)?;
        let mut trusted = RootCertStore::empty();
        trusted.add(self.0.der().clone()).map_err(text)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), Arc::clone(&provider)).build().map_err(text)?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(text)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .map_err(text)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

fn named(name: &str, hosts: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// The caller behind a certificate. AWS IoT calls it by its digest too.
pub fn caller(names: &Names, certificate: &CertificateDer) -> String {
    names.certificate(&sha256(certificate))
}

/// Whether `caller` is a device.
pub fn is_device(caller: &str) -> bool {
    caller.contains(":cert/")
}

/// Whether a device may ask for `operation` of `service`.
pub fn admit(caller: &str, service: &str, operation: &Operation) -> Result<()> {
    if operation.data_plane.is_some() {
        return Ok(());
    }
    let message = format!(
        "User: {caller} is not authorized to perform: {service}:{} because it is no operation of the data plane",
        operation.name
    );
    Err(ServiceError::access_denied(message))
}
