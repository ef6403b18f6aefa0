//! The names of things: what the emulator's account and Region make of a component, a deployment, a device.

/// The account and Region that one emulator stands for.
#[derive(Clone, Debug)]
pub struct Names {
    pub partition: &'static str,
    pub region: String,
    pub account: String,
}

/// Whose component it is: the account field of its ARN.
pub const PUBLIC: &str = "aws";

/// What a deployment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    Thing(&'a str),
    ThingGroup(&'a str),
}

/// A resource of the service, as its ARN names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// `namespace` is an account id or [`PUBLIC`].
    Component {
        namespace: &'a str,
        name: &'a str,
        version: Option<&'a str>,
    },
    Deployment(&'a str),
    CoreDevice(&'a str),
}

impl Names {
    pub fn new(region: impl Into<String>, account: impl Into<String>) -> Self {
        let region = region.into();
        let partition = match region.as_str() {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Self { partition, region, account: account.into() }
    }

    pub fn component(&self, namespace: &str, name: &str) -> String {
        format!("arn:{}:greengrass:{}:{namespace}:components:{name}", self.partition, self.region)
    }

    pub fn component_version(&self, namespace: &str, name: &str, version: &str) -> String {
        format!("{}:versions:{version}", self.component(namespace, name))
    }

    pub fn deployment(&self, id: &str) -> String {
        format!("arn:{}:greengrass:{}:{}:deployments:{id}", self.partition, self.region, self.account)
    }

    pub fn core_device(&self, thing: &str) -> String {
        format!("arn:{}:greengrass:{}:{}:coreDevices:{thing}", self.partition, self.region, self.account)
    }

    pub fn target(&self, target: Target) -> String {
        match target {
            Target::Thing(name) => self.iot("thing", name),
            Target::ThingGroup(name) => self.iot("thinggroup", name),
        }
    }

    pub fn job(&self, id: &str) -> String {
        self.iot("job", id)
    }

    /// What only policies name so.
    pub fn connectivity(&self, thing: &str) -> String {
        format!("arn:{}:greengrass:{}:{}:/greengrass/things/{thing}/connectivityInfo", self.partition, self.region, self.account)
    }

    fn iot(&self, kind: &str, name: &str) -> String {
        format!("arn:{}:iot:{}:{}:{kind}/{name}", self.partition, self.region, self.account)
    }

    pub fn user(&self, account: &str, name: &str) -> String {
        format!("arn:{}:iam::{account}:user/{name}", self.partition)
    }

    /// Who holds the device certificate of this id.
    pub fn certificate(&self, id: &str) -> String {
        self.iot("cert", id)
    }

    /// What `arn` names; None where that can be nothing of this Region and account.
    pub fn resource<'a>(&self, arn: &'a str) -> Option<Resource<'a>> {
        let mut fields = arn.splitn(7, ':');
        let mut field = || fields.next();
        let place = [field()?, field()?, field()?, field()?];
        if place != ["arn", self.partition, "greengrass", &self.region] {
            return None;
        }
        let (namespace, kind, id) = (field()?, field()?, field()?);
        match kind {
            "components" if namespace == PUBLIC || namespace == self.account => {
                let (name, version) = match id.split_once(":versions:") {
                    Some((name, version)) => (name, Some(version)),
                    None => (id, None),
                };
                Some(Resource::Component { namespace, name, version })
            }
            "deployments" if namespace == self.account => Some(Resource::Deployment(id)),
            "coreDevices" if namespace == self.account => Some(Resource::CoreDevice(id)),
            _ => None,
        }
    }
}

/// The most characters of a name in the registry.
const NAME_LIMIT: usize = 128;

/// What is wrong with `name` as that of a `what`, if anything: it has letters, digits and `marks`, and not above `limit`.
pub fn name_problem(what: &str, name: &str, marks: &[char], limit: usize) -> Option<String> {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(&c));
    if is_name && (1..=limit).contains(&name.len()) {
        return None;
    }
    let marks: Vec<String> = marks.iter().map(ToString::to_string).collect();
    Some(format!("{name:?} is not a {what} name: use 1 to {limit} of the characters a-z A-Z 0-9 {}", marks.join(" ")))
}

impl<'a> Target<'a> {
    /// What is wrong with its name, if anything. The registry takes a `:` in that of a group, Greengrass does not.
    pub fn problem(self) -> Option<String> {
        match self {
            Self::Thing(name) => name_problem("thing", name, &[':', '_', '-'], NAME_LIMIT),
            Self::ThingGroup(name) => name_problem("thing group", name, &['_', '-'], NAME_LIMIT),
        }
    }

    /// The target of an ARN that has the model's pattern.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let (kind, name) = arn.splitn(6, ':').last()?.split_once('/')?;
        match kind {
            "thing" => Some(Self::Thing(name)),
            "thinggroup" => Some(Self::ThingGroup(name)),
            _ => None,
        }
    }

    /// As devices name the target in version constraints: `thinggroup/line-4`.
    pub fn key(self) -> String {
        match self {
            Self::Thing(name) => format!("thing/{name}"),
            Self::ThingGroup(name) => format!("thinggroup/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_tells_the_partition() {
        let partition = |region: &str| Names::new(region, "123456789012").partition;
        assert_eq!(
            [partition("eu-west-1"), partition("cn-north-1"), partition("us-gov-west-1")],
            ["aws", "aws-cn", "aws-us-gov"]
        );
    }

    #[test]
    fn what_names_make_they_read() {
        let names = Names::new("eu-west-1", "123456789012");
        let version = names.component_version(PUBLIC, "a.b", "1.0.0");
        let component = Resource::Component { namespace: PUBLIC, name: "a.b", version: Some("1.0.0") };
        assert_eq!(names.resource(&version), Some(component));
        assert_eq!(names.resource(&names.core_device("a:b")), Some(Resource::CoreDevice("a:b")));
        assert_eq!(names.resource(&names.deployment("d").replace("eu-", "us-")), None);
        let group = names.target(Target::ThingGroup("g"));
        assert_eq!(Target::parse(&group), Some(Target::ThingGroup("g")));
        assert_eq!(Target::parse(&names.job("g")), None);
    }
}
