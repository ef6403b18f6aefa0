//! A URL that carries its own signature.

use crate::client::attempt::header_text;
use crate::client::call::Client;
use crate::client::options::SignatureVersion;
use crate::client::sign::{Signable, Signer, Stamp, is_signed, sha256, signed_headers};
use crate::client::steps::{Message, parts};
use crate::error::{Error, Result};
use crate::protocol::uri;

impl Client {
    /// The URL of `message`, signed by `signer` for `expires` seconds (copied as it is).
    ///
    /// `query` holds the query's pairs with the body's members, percent-encoded, each pair with an ampersand behind it.
    pub fn presign(
        &self,
        message: &Message,
        query: &str,
        expires: &str,
        version: &SignatureVersion,
        signer: &Signer,
    ) -> Result<String> {
        let unknown = match version {
            SignatureVersion::Bearer => Some("bearer"),
            SignatureVersion::Unknown(version) => Some(version.as_str()),
            SignatureVersion::V4 | SignatureVersion::S3V4 | SignatureVersion::Unsigned => None,
        };
        if let Some(version) = unknown {
            let versions = format!("{version}-query");
            return Err(Error::botocore("UnsupportedSignatureVersionError", [("signature_version", versions)]));
        }
        let Some(credentials) = self.identity(version)? else { return Ok(message.url.clone()) };
        let (endpoint, target) = parts(&message.url)?;
        let stamp = Stamp::at(self.now());
        let mut headers = vec![("host".to_owned(), endpoint.host_header)];
        for (name, value) in message.headers.iter().filter(|(name, _)| is_signed(&name.to_ascii_lowercase())) {
            headers.push((name.to_ascii_lowercase(), header_text(value)?.to_owned()));
        }
        headers.sort_unstable();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();

        let path = target.split('?').next().unwrap_or_default();
        let mut target = format!("{path}?{query}");
        push_pair(&mut target, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
        push_pair(&mut target, "X-Amz-Credential", &format!("{}/{}", credentials.access_key, signer.scope(&stamp)));
        push_pair(&mut target, "X-Amz-Date", &stamp.text);
        push_pair(&mut target, "X-Amz-Expires", expires);
        push_pair(&mut target, "X-Amz-SignedHeaders", &signed_headers(&headers));
        if let Some(token) = &credentials.token {
            push_pair(&mut target, "X-Amz-Security-Token", token);
        }
        let method = message.method.to_ascii_uppercase();
        let request = Signable { method: &method, target: &target, headers: &headers, payload_hash: &sha256(b"") };
        let signature = signer.signature(request, &credentials, &stamp);
        Ok(format!("{}{target}&X-Amz-Signature={signature}", endpoint.prefix))
    }
}

fn push_pair(target: &mut String, name: &str, value: &str) {
    if !target.ends_with(['?', '&']) {
        target.push('&');
    }
    uri::encode(target, name.as_bytes());
    target.push('=');
    uri::encode(target, value.as_bytes());
}
