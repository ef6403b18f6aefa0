//! Where component versions come from.
//!
//! A [`Catalogue`] lists the versions of a component in the one order that devices and the cloud look at them, the
//! highest first, whatever the order they were put in. A list is shared, not copied, each time it is asked for.

use std::collections::HashMap;
use std::sync::Arc;

use super::platform::Platform;
use super::recipe::Recipe;
use super::version::Version;

/// A version of a component.
#[derive(Clone, Debug)]
pub struct Entry {
    pub version: Version,
    /// `None` where a device cannot read it.
    pub recipe: Option<Arc<Recipe>>,
}

/// What a device asks the cloud for.
#[derive(Debug)]
pub struct Question<'q> {
    pub component: &'q str,
    /// Who requires what of it, in the texts that the device sends.
    pub requirements: Vec<(String, String)>,
    /// The version that the device has and that would do.
    pub candidate: Option<Version>,
    pub platform: &'q Platform,
}

/// Why the cloud tells no version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// None meets the requirements.
    NoVersion,
    /// None of those that do claims the platform.
    Platform,
    /// The device may not ask.
    Permission,
    /// Anything else, in words.
    Other(String),
}

/// Who answers a device. A [`Catalogue`] has the recipes of the versions that it answers with.
pub trait Cloud {
    fn answer(&self, question: &Question) -> Result<Version, Unanswered>;
}

/// The component versions that the cloud has.
pub trait Catalogue {
    /// All versions of `component`, [sorted]; none where it is unknown.
    fn versions(&self, component: &str) -> Arc<[Entry]>;

    /// The cloud itself, where it can be asked. Elsewhere its answers are found among [`versions`](Self::versions).
    fn cloud(&self) -> Option<&dyn Cloud> {
        None
    }

    /// The recipe of a version; `None` where there is no such version, or a device cannot read it.
    fn recipe(&self, component: &str, version: &Version) -> Option<Arc<Recipe>> {
        self.versions(component).iter().find(|entry| entry.version == *version)?.recipe.clone()
    }
}

/// A catalogue that holds all it lists.
#[derive(Clone, Debug, Default)]
pub struct MemoryCatalogue {
    versions: HashMap<String, Arc<[Entry]>>,
}

impl MemoryCatalogue {
    /// Every component and its versions, in no order.
    pub fn components(&self) -> impl Iterator<Item = (&str, &Arc<[Entry]>)> {
        self.versions.iter().map(|(name, versions)| (&**name, versions))
    }

    /// All versions of both; of one that both have, the other's.
    #[must_use]
    pub fn overlaid(&self, other: &Self) -> Self {
        let mut versions = self.versions.clone();
        for (name, over) in &other.versions {
            let under = versions.entry(name.clone()).or_default();
            let is_hidden = |entry: &&Entry| over.iter().any(|above| above.version.is_same(&entry.version));
            let left = under.iter().filter(|entry| !is_hidden(entry));
            *under = sorted(left.chain(over.iter()).cloned().collect());
        }
        Self { versions }
    }
}

impl Catalogue for MemoryCatalogue {
    fn versions(&self, component: &str) -> Arc<[Entry]> {
        self.versions.get(component).cloned().unwrap_or_default()
    }
}

impl FromIterator<(String, Entry)> for MemoryCatalogue {
    fn from_iter<I: IntoIterator<Item = (String, Entry)>>(entries: I) -> Self {
        let mut versions: HashMap<String, Vec<Entry>> = HashMap::new();
        for (component, entry) in entries {
            versions.entry(component).or_default().push(entry);
        }
        Self { versions: versions.into_iter().map(|(component, entries)| (component, sorted(entries))).collect() }
    }
}

impl FromIterator<Recipe> for MemoryCatalogue {
    fn from_iter<I: IntoIterator<Item = Recipe>>(recipes: I) -> Self {
        recipes.into_iter().map(|recipe| (recipe.name.clone(), recipe.into())).collect()
    }
}

impl From<Recipe> for Entry {
    fn from(recipe: Recipe) -> Self {
        Self { version: recipe.version.clone(), recipe: Some(Arc::new(recipe)) }
    }
}

/// The entries, the highest version first.
///
/// The device's order of versions may go in circles (`-2` is below `-10`, that below `-1a`, and that below `-2`), which
/// no sort of the library may be given. So each entry is put before the first that is not above it.
#[must_use]
pub fn sorted(mut entries: Vec<Entry>) -> Arc<[Entry]> {
    // by text first: the result must not hang on the order of what was given
    entries.sort_by(|a, b| b.version.as_str().cmp(a.version.as_str()));
    let mut sorted: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = sorted.partition_point(|other| other.version.compare(&entry.version).is_ge());
        sorted.insert(at, entry);
    }
    sorted.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(texts: &[&str]) -> Vec<String> {
        let entry = |text: &&str| ("A".into(), Entry { version: Version::parse(text).unwrap(), recipe: None });
        let catalogue: MemoryCatalogue = texts.iter().map(entry).collect();
        catalogue.versions("A").iter().map(|entry| entry.version.to_string()).collect()
    }

    #[test]
    fn the_highest_comes_first_whatever_the_order_given() {
        let highest_first = ["2.0.0", "1.10.0", "1.9.0", "1.0.0", "1.0.0-rc.2", "1.0.0-RC.1", "1.0.0-beta"];
        assert_eq!(versions(&highest_first), highest_first);
        let mut turned = highest_first;
        for _ in 0..turned.len() {
            turned.rotate_left(1);
            assert_eq!(versions(&turned), highest_first);
        }
        assert!(MemoryCatalogue::default().versions("A").is_empty());
    }

    #[test]
    fn an_order_that_goes_in_circles_is_kept_to_all_the_same() {
        let circle: Vec<String> =
            (0..50).flat_map(|n| [format!("1.0.0-{n}"), format!("1.0.0-{n}a"), format!("1.0.0-0{n}")]).collect();
        let mut given: Vec<&str> = circle.iter().map(String::as_str).collect();
        let once = versions(&given);
        given.reverse();
        assert_eq!((once.len(), &once), (circle.len(), &versions(&given)));
    }
}
