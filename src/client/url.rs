//! The URL of an endpoint, taken apart once for all requests.

use std::net::Ipv6Addr;

use crate::client::transport::Origin;
use crate::protocol::uri;

/// The parts of an endpoint's URL.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub origin: Origin,
    /// As it stands before the path in messages and presigned URLs: user and host as the caller wrote them.
    pub prefix: String,
    /// The `Host` header: in lower case, and without a port that the scheme implies.
    pub host_header: String,
    /// Without the slash at its end.
    path: String,
    query: Option<String>,
}

impl Endpoint {
    /// Takes `url` apart; `None` if its scheme is neither http nor https, or it has no host, or an IPv6 address or port that is none.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        // What stands before a URL is no part of it.
        let scheme = scheme.trim_start_matches(|c| c <= ' ').to_ascii_lowercase();
        let tls = match scheme.as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
        let (host, port) = match server.rfind(':') {
            Some(colon) if !server[colon..].contains(']') => (&server[..colon], Some(&server[colon + 1..])),
            _ => (server, None),
        };
        let implied = if tls { 443 } else { 80 };
        let port = match port {
            None | Some("") => implied,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
        };
        if host.is_empty() {
            return None;
        }
        let host = host.to_ascii_lowercase();
        let bare = match host.strip_prefix('[') {
            Some(rest) => {
                let address = rest.strip_suffix(']')?;
                let zone = address.find('%').unwrap_or(address.len());
                address[..zone].parse::<Ipv6Addr>().ok()?;
                address.to_owned()
            }
            None => host.clone(),
        };
        let mut encoded_path = String::new();
        uri::encode_url(&mut encoded_path, path.strip_suffix('/').unwrap_or(path).as_bytes());
        let query = query.filter(|query| !query.is_empty()).map(|query| {
            let mut encoded = String::new();
            uri::encode_url(&mut encoded, query.as_bytes());
            encoded
        });
        Some(Self {
            origin: Origin { tls, host: bare, port },
            prefix: format!("{scheme}://{authority}"),
            host_header: if port == implied { host } else { format!("{host}:{port}") },
            path: encoded_path,
            query,
        })
    }

    /// Takes the URL of a whole request apart: its server, and its path and query as on the wire.
    #[must_use]
    pub fn split(url: &str) -> Option<(Self, String)> {
        let authority = url.find("://")? + 3;
        let path = url[authority..].find(['/', '?', '#']).map_or(url.len(), |at| authority + at);
        let (server, target) = url.split_at(path);
        let mut encoded = String::new();
        if !target.starts_with('/') {
            encoded.push('/');
        }
        uri::encode_url(&mut encoded, target.split('#').next().unwrap_or_default().as_bytes());
        Some((Self::parse(server)?, encoded))
    }

    /// The path and query of a request: this endpoint's own before the operation's.
    #[must_use]
    pub fn target(&self, path: &str, query: Option<&str>) -> String {
        let mut target = format!("{}{path}", self.path);
        let query: Vec<&str> = self.query.as_deref().into_iter().chain(query).collect();
        let query = query.join("&");
        if !query.is_empty() {
            target.push('?');
            target.push_str(&query);
        }
        target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_keeps_its_path_and_query_before_the_operations() {
        let endpoint = Endpoint::parse("http://user@h:81/base/p/?x=1").unwrap();
        assert_eq!(endpoint.target("/greengrass", Some("a=2")), "/base/p/greengrass?x=1&a=2");
        assert_eq!((endpoint.host_header.as_str(), endpoint.origin.port), ("h:81", 81));
    }

    #[test]
    fn a_requests_url_is_split_where_its_path_begins() {
        let split = |url| Endpoint::split(url).map(|(endpoint, target)| (endpoint.host_header, target));
        assert_eq!(split("http://h:81/a%3Ab/?x=1#f"), Some(("h:81".into(), "/a%3Ab/?x=1".into())));
        assert_eq!(split("https://h?x=1"), Some(("h".into(), "/?x=1".into())));
        assert_eq!(split("no url"), None);
    }

    #[test]
    fn an_ipv6_address_loses_its_brackets_on_the_way_to_the_socket_only() {
        let endpoint = Endpoint::parse("https://[::1]").unwrap();
        assert_eq!((endpoint.host_header.as_str(), endpoint.origin.host.as_str(), endpoint.origin.port), ("[::1]", "::1", 443));
    }
}
