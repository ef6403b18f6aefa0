//! Where a Region's service answers: the endpoint rules of the service, and the older endpoint table beside them.
//!
//! A request goes to the URL of the rules. The older table fills `client.meta.endpoint_url` and `meta.partition`, knows
//! no dual-stack names in four partitions, and can differ from the rules; botocore consults both, so both are here.

const SERVICE: &str = "greengrass";
const DATA_PLANE_PORT: u16 = 8443;

/// A part of AWS with DNS names of its own.
struct Partition {
    name: &'static str,
    /// Regions are named `<prefix>-<word>-<digits>`.
    prefixes: &'static [&'static str],
    /// A Region that only the rules know.
    global: Option<&'static str>,
    suffix: &'static str,
    dualstack_suffix: &'static str,
    legacy: LegacyDualstack,
    /// The endpoints that the older table lists for the service, in its order.
    listed: &'static [&'static str],
}

/// What the older table does with a dual-stack request in a partition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LegacyDualstack {
    Known,
    /// It looks in the other partitions, and ends in `aws`.
    PassedOver,
    /// It has no name and refuses.
    Unknown,
}

/// In the order of the older table. The first is the one for names that no pattern knows.
static PARTITIONS: [Partition; 8] = [
    Partition {
        name: "aws",
        prefixes: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
        global: Some("aws-global"),
        suffix: "amazonaws.com",
        dualstack_suffix: "api.aws",
        legacy: LegacyDualstack::Known,
        listed: &[
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-south-1",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-5",
            "ca-central-1",
            "eu-central-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "fips-ca-central-1",
            "fips-us-east-1",
            "fips-us-east-2",
            "fips-us-west-2",
            "us-east-1",
            "us-east-2",
            "us-west-2",
        ],
    },
    Partition {
        name: "aws-cn",
        prefixes: &["cn"],
        global: Some("aws-cn-global"),
        suffix: "amazonaws.com.cn",
        dualstack_suffix: "api.amazonwebservices.com.cn",
        legacy: LegacyDualstack::Known,
        listed: &["cn-north-1"],
    },
    Partition {
        name: "aws-us-gov",
        prefixes: &["us-gov"],
        global: Some("aws-us-gov-global"),
        suffix: "amazonaws.com",
        dualstack_suffix: "api.aws",
        legacy: LegacyDualstack::Known,
        listed: &[
            "dataplane-us-gov-east-1",
            "dataplane-us-gov-west-1",
            "fips-us-gov-east-1",
            "fips-us-gov-west-1",
            "us-gov-east-1",
            "us-gov-west-1",
        ],
    },
    Partition {
        name: "aws-iso",
        prefixes: &["us-iso"],
        global: Some("aws-iso-global"),
        suffix: "c2s.ic.gov",
        dualstack_suffix: "api.aws.ic.gov",
        legacy: LegacyDualstack::PassedOver,
        listed: &[],
    },
    Partition {
        name: "aws-iso-b",
        prefixes: &["us-isob"],
        global: Some("aws-iso-b-global"),
        suffix: "sc2s.sgov.gov",
        dualstack_suffix: "api.aws.scloud",
        legacy: LegacyDualstack::PassedOver,
        listed: &[],
    },
    Partition {
        name: "aws-iso-e",
        prefixes: &["eu-isoe"],
        global: Some("aws-iso-e-global"),
        suffix: "cloud.adc-e.uk",
        dualstack_suffix: "api.cloud-aws.adc-e.uk",
        legacy: LegacyDualstack::Unknown,
        listed: &[],
    },
    Partition {
        name: "aws-iso-f",
        prefixes: &["us-isof"],
        global: Some("aws-iso-f-global"),
        suffix: "csp.hci.ic.gov",
        dualstack_suffix: "api.aws.hci.ic.gov",
        legacy: LegacyDualstack::Unknown,
        listed: &[],
    },
    Partition {
        name: "aws-eusc",
        prefixes: &["eusc-de"],
        global: None,
        suffix: "amazonaws.eu",
        dualstack_suffix: "api.amazonwebservices.eu",
        legacy: LegacyDualstack::Known,
        listed: &[],
    },
];

/// `GovCloud`'s plain names are FIPS names too.
const FIPS_WITHOUT_SUFFIX: [&str; 2] = ["us-gov-east-1", "us-gov-west-1"];

impl Partition {
    /// Whether `region` has the form of this partition's Regions.
    fn matches(&self, region: &str) -> bool {
        self.prefixes.iter().any(|prefix| {
            let Some((word, digits)) =
                region.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.split_once('-'))
            else {
                return false;
            };
            let is = |text: &str, kind: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| kind(&byte));
            is(word, u8::is_ascii_alphanumeric) && is(digits, u8::is_ascii_digit)
        })
    }

    fn host(&self, region: &str, fips: bool, dualstack: bool) -> String {
        let fips = if fips && (dualstack || !FIPS_WITHOUT_SUFFIX.contains(&region)) { "-fips" } else { "" };
        let suffix = if dualstack { self.dualstack_suffix } else { self.suffix };
        format!("https://{SERVICE}{fips}.{region}.{suffix}")
    }
}

/// Where and how to reach a Region.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where requests go.
    pub url: String,
    /// What the older table says, or none where it has no dual-stack name: botocore then refuses to make a client.
    pub legacy_url: Option<String>,
    /// The partition of the older table.
    pub partition: &'static str,
    pub signing_region: String,
    /// Where devices call with their certificate: the address that needs no account's prefix, by the partition of the
    /// rules. It has no FIPS and no dual-stack name.
    pub data_plane_url: Option<String>,
}

/// The endpoint of a Region. Any name resolves; an unknown one in the partition `aws`.
#[must_use]
pub fn resolve(region: &str, fips: bool, dualstack: bool) -> Endpoint {
    let [aws, ..] = &PARTITIONS;
    let by_rules = PARTITIONS.iter().find(|p| p.global == Some(region) || p.matches(region)).unwrap_or(aws);
    let by_table = PARTITIONS
        .iter()
        .find(|p| (p.listed.contains(&region) || p.matches(region)) && !(dualstack && p.legacy == LegacyDualstack::PassedOver))
        .unwrap_or(aws);
    let data_plane = region.strip_prefix("dataplane-").filter(|_| by_table.listed.contains(&region));
    let data_plane_url =
        || data_plane.filter(|_| !fips && !dualstack).map(|r| format!("https://{SERVICE}-ats.iot.{r}.amazonaws.com"));
    let named = !(dualstack && by_table.legacy == LegacyDualstack::Unknown);
    Endpoint {
        url: data_plane_url().unwrap_or_else(|| by_rules.host(region, fips, dualstack)),
        legacy_url: named.then(|| data_plane_url().unwrap_or_else(|| by_table.host(region, fips, dualstack))),
        partition: by_table.name,
        signing_region: data_plane.unwrap_or(region).into(),
        data_plane_url: (!fips && !dualstack).then(|| {
            let region = data_plane.unwrap_or(region);
            format!("https://{SERVICE}-ats.iot.{region}.{}:{DATA_PLANE_PORT}", by_rules.suffix)
        }),
    }
}

/// The partition whose Regions are named as `region` is.
#[must_use]
pub fn partition_of(region: &str) -> Option<&'static str> {
    PARTITIONS.iter().find(|p| p.matches(region)).map(|p| p.name)
}

/// All partitions, in the order of the older table.
pub fn partitions() -> impl Iterator<Item = &'static str> {
    PARTITIONS.iter().map(|p| p.name)
}

/// The endpoint names that the older table lists for the service in `partition`: Regions, and on request others too.
pub fn listed(partition: &str, non_regional: bool) -> impl Iterator<Item = &'static str> {
    let partition = PARTITIONS.iter().find(|p| p.name == partition);
    partition.into_iter().flat_map(move |p| p.listed.iter().copied().filter(move |name| non_regional || p.matches(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_table_may_disagree() {
        let endpoint = resolve("us-iso-east-1", false, true);
        assert_eq!(endpoint.url, "https://greengrass.us-iso-east-1.api.aws.ic.gov");
        assert_eq!(endpoint.legacy_url.as_deref(), Some("https://greengrass.us-iso-east-1.api.aws"));
        assert_eq!(endpoint.partition, "aws");
        assert_eq!(resolve("eu-isoe-west-1", true, true).legacy_url, None);
    }

    #[test]
    fn the_data_plane_signs_for_its_region() {
        let endpoint = resolve("dataplane-us-gov-west-1", false, false);
        assert_eq!(endpoint.url, "https://greengrass-ats.iot.us-gov-west-1.amazonaws.com");
        assert_eq!(endpoint.signing_region, "us-gov-west-1");
    }

    #[test]
    fn devices_have_an_address_of_their_own() {
        let url = |region, fips| resolve(region, fips, false).data_plane_url;
        assert_eq!(url("eu-west-1", false).as_deref(), Some("https://greengrass-ats.iot.eu-west-1.amazonaws.com:8443"));
        assert_eq!(url("cn-north-1", false).as_deref(), Some("https://greengrass-ats.iot.cn-north-1.amazonaws.com.cn:8443"));
        assert_eq!(url("us-east-1", true), None);
    }

    #[test]
    fn unknown_names_resolve_in_aws() {
        assert_eq!(resolve("mars-1", true, false).url, "https://greengrass-fips.mars-1.amazonaws.com");
        assert_eq!(partition_of("mars-1"), None);
    }
}
