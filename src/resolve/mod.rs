//! What a core device makes of recipes: which text is a recipe, which version meets a requirement, which manifest
//! fits a platform, and which component versions a deployment installs.
//!
//! Everything here is pure: bytes and values in, values out, no clock, no files, no network. The rules are those of
//! the classic device (the Java nucleus), quirks included, since what it does is what users get; where the cloud is
//! known to differ, the docs of the item say so.
//!
//! - [`recipe`] reads a component recipe and prints it back as the service does;
//! - [`version`] and [`requirement`] are the device's version grammar, which is not quite npm's;
//! - [`platform`] picks the manifest of a platform and the lifecycle that goes with it;
//! - [`lite`] is what the other kind of device, the lite nucleus, reads differently; [`engine`] names the two;
//! - [`catalogue`] is where component versions come from, whoever keeps them;
//! - [`simulate`] walks as a device does from the roots of its deployments to the versions that it installs; it goes by
//!   the order of [`java_order`], and ends in an [`error`] with the device's words where it refuses.
//!   [`lite_walk`] is the way of lite devices;
//! - [`explain`] searches to the end for versions that would do, over [`version_set`]s, and tells why there are none;
//!   [`dependents`] tells who depends on what;
//! - [`plan`] is what a deployment makes of a fleet, and [`plan_table`] the same as a table;
//! - [`facts`] tells a simulation in plain values;
//! - [`configuration`] is what a component is configured with after a deployment;
//! - [`lint`] finds what a recipe cannot mean.

pub mod catalogue;
pub mod configuration;
pub mod dependents;
pub mod engine;
pub mod error;
pub mod explain;
pub mod facts;
pub mod java_order;
pub mod lint;
pub mod lite;
pub mod lite_walk;
pub mod plan;
pub mod plan_table;
pub mod platform;
pub mod recipe;
pub mod requirement;
pub mod simulate;
pub mod version;
pub mod version_set;
mod walk;
