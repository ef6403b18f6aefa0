//! A core device's own configuration, as its nucleus writes it (`effectiveConfig.yaml`): who the device is, and where and
//! how it reaches the cloud.
//!
//! Both nuclei are read, the classic one and the lite one. What is not about reaching the cloud is passed over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the file says, `None` or empty where it says nothing.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct CoreDevice {
    pub thing_name: Option<String>,
    pub certificate_path: Option<String>,
    pub key_path: Option<String>,
    pub root_ca_path: Option<String>,
    pub region: Option<String>,
    /// The account's own host of AWS IoT.
    pub iot_data_endpoint: Option<String>,
    /// `iotdata`: the data plane is called at that host.
    pub data_plane_endpoint: Option<String>,
    pub data_plane_port: Option<String>,
    pub proxy_url: Option<String>,
    pub proxy_user: Option<String>,
    pub proxy_password: Option<String>,
    /// Hosts that are reached without the proxy, with commas between.
    pub no_proxy: Option<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    system: System,
    #[serde(default)]
    services: BTreeMap<String, Service>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct System {
    thing_name: Option<Scalar>,
    certificate_file_path: Option<Scalar>,
    private_key_path: Option<Scalar>,
    root_ca_path: Option<Scalar>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Service {
    component_type: Option<Scalar>,
    configuration: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Nucleus {
    aws_region: Option<Scalar>,
    iot_data_endpoint: Option<Scalar>,
    greengrass_data_plane_endpoint: Option<Scalar>,
    greengrass_data_plane_port: Option<Scalar>,
    network_proxy: NetworkProxy,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NetworkProxy {
    no_proxy_addresses: Option<Scalar>,
    proxy: ProxyOfNucleus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProxyOfNucleus {
    url: Option<Scalar>,
    username: Option<Scalar>,
    password: Option<Scalar>,
}

/// A port is a number or a text, as it was put in.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Switch(bool),
    Number(serde_json::Number),
    Text(String),
}

impl Scalar {
    fn text(scalar: Option<Self>) -> Option<String> {
        let text = match scalar? {
            Self::Switch(switch) => switch.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

impl CoreDevice {
    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// Why it is no such configuration, with the line where YAML knows it.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
        let File { system, services } = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let nucleus = match services.into_iter().find(|(name, service)| service.is_nucleus(name)) {
            Some((name, Service { configuration: Some(configuration), .. })) => {
                serde_json::from_value(configuration).map_err(|error| format!("services.{name}.configuration: {error}"))?
            }
            _ => Nucleus::default(),
        };
        let NetworkProxy { no_proxy_addresses, proxy } = nucleus.network_proxy;
        Ok(Self {
            thing_name: Scalar::text(system.thing_name),
            certificate_path: Scalar::text(system.certificate_file_path),
            key_path: Scalar::text(system.private_key_path),
            root_ca_path: Scalar::text(system.root_ca_path),
            region: Scalar::text(nucleus.aws_region),
            iot_data_endpoint: Scalar::text(nucleus.iot_data_endpoint),
            data_plane_endpoint: Scalar::text(nucleus.greengrass_data_plane_endpoint),
            data_plane_port: Scalar::text(nucleus.greengrass_data_plane_port),
            proxy_url: Scalar::text(proxy.url),
            proxy_user: Scalar::text(proxy.username),
            proxy_password: Scalar::text(proxy.password),
            no_proxy: Scalar::text(no_proxy_addresses),
        })
    }
}

impl Service {
    fn is_nucleus(&self, name: &str) -> bool {
        matches!(&self.component_type, Some(Scalar::Text(kind)) if kind.eq_ignore_ascii_case("nucleus"))
            || name.to_ascii_lowercase().starts_with("aws.greengrass.nucleus")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_or_a_text_and_an_empty_text_is_nothing() {
        let read = |port| {
            let nucleus = format!("configuration: {{greengrassDataPlanePort: {port}, greengrassDataPlaneEndpoint: ''}}");
            CoreDevice::read(format!("services: {{main: {{}}, aws.greengrass.NucleusLite: {{{nucleus}}}}}").as_bytes()).unwrap()
        };
        assert_eq!(read("8443"), CoreDevice { data_plane_port: Some("8443".into()), ..CoreDevice::default() });
        assert_eq!(read("'443'").data_plane_port.as_deref(), Some("443"));
    }

    #[test]
    fn what_is_no_configuration_is_told_with_its_line() {
        assert!(CoreDevice::read(b"system:\n  thingName: [").unwrap_err().contains("line"));
    }
}
