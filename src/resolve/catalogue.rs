//! Where component versions come from.

use std::sync::Arc;

use super::recipe::Recipe;
use super::version::Version;

/// The component versions that the cloud has.
pub trait Catalogue {
    /// All versions of `component`, in any order; none where it is unknown.
    fn versions(&self, component: &str) -> Vec<Version>;

    /// The recipe of a version that [`versions`](Self::versions) told; `None` where a device cannot read it.
    fn recipe(&self, component: &str, version: &Version) -> Option<Arc<Recipe>>;
}
