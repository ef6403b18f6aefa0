//! A URL that carries its own signature.

use crate::client::attempt::invalid_header;
use crate::client::call::{Client, Prepared};
use crate::client::options::SignatureVersion;
use crate::client::sign::{Signable, Stamp, sha256, signed_headers};
use crate::error::{Error, Result};
use crate::protocol::uri;

impl Client {
    /// The URL of `call`, signed for `expires` seconds (copied as it is) and for `method`.
    ///
    /// `query` holds the query's pairs with the body's members, percent-encoded, each pair with an ampersand behind it.
    pub fn presign(&self, call: &Prepared<'_>, query: &str, expires: &str, method: &str) -> Result<String> {
        if let SignatureVersion::Unknown(version) = &self.options.signature_version {
            let versions = format!("{version}-query");
            return Err(Error::botocore("UnsupportedSignatureVersionError", [("signature_version", versions)]));
        }
        let Some(credentials) = self.identity()? else {
            return Ok(format!("{}{}", self.endpoint.prefix, call.target));
        };
        let stamp = Stamp::at(self.now());
        let mut headers = vec![("host".to_owned(), self.endpoint.host_header.clone())];
        if call.body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        for (name, value) in &call.headers {
            let value = std::str::from_utf8(value).map_err(|_| invalid_header(value))?;
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        headers.sort_unstable();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();

        let path = call.target.split('?').next().unwrap_or_default();
        let mut target = format!("{path}?{query}");
        push_pair(&mut target, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
        push_pair(&mut target, "X-Amz-Credential", &format!("{}/{}", credentials.access_key, self.signer.scope(&stamp)));
        push_pair(&mut target, "X-Amz-Date", &stamp.text);
        push_pair(&mut target, "X-Amz-Expires", expires);
        push_pair(&mut target, "X-Amz-SignedHeaders", &signed_headers(&headers));
        if let Some(token) = &credentials.token {
            push_pair(&mut target, "X-Amz-Security-Token", token);
        }
        let request =
            Signable { method: &method.to_ascii_uppercase(), target: &target, headers: &headers, payload_hash: &sha256(b"") };
        let signature = self.signer.signature(request, &credentials, &stamp);
        Ok(format!("{}{target}&X-Amz-Signature={signature}", self.endpoint.prefix))
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
